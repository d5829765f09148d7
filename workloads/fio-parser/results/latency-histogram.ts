/** Latency histograms in fio's buckets: plain arrays, merged and read without loss. */
import { type Bucket, type BucketLayout, bucketAt, bucketCount, layoutEndNs } from './latency-buckets.ts';

/** Only buckets that hold something are listed, in ascending order. */
export interface FioHistogram {
  readonly layout: BucketLayout;
  /** Bucket numbers; `bucketAt(layout, index[i])` gives the bounds. */
  readonly index: Uint16Array;
  /** Values counted in the i-th listed bucket. */
  readonly counts: Float64Array;
  /** Sum of `counts`. */
  readonly count: number;
}

/** One row of `histogramBuckets`, ready for any HDR library's "record value with count". */
export interface CountedBucket extends Bucket {
  readonly count: number;
}

/** Makes a histogram of counts by bucket number. @param dense one count for each bucket of the layout. */
export function histogramOf(layout: BucketLayout, dense: Float64Array): FioHistogram {
  let used = 0;
  for (const count of dense) if (count > 0) used++;
  const index = new Uint16Array(used);
  const counts = new Float64Array(used);
  let total = 0;
  let at = 0;
  for (let bucket = 0; bucket < dense.length; bucket++) {
    const count = dense[bucket]!;
    if (count === 0) continue;
    index[at] = bucket;
    counts[at++] = count;
    total += count;
  }
  return { layout, index, counts, count: total };
}

/** The listed buckets with their bounds in ns. */
export function histogramBuckets(histogram: FioHistogram): CountedBucket[] {
  return Array.from(histogram.index, (index, i) => ({
    ...bucketAt(histogram.layout, index),
    count: histogram.counts[i]!,
  }));
}

/**
 * Adds histograms up. Where they differ in coarseness, the result has the coarsest.
 *
 * @returns undefined for an empty list.
 * @throws RangeError when some are of fio 2 (µs) and some of fio 3 (ns): their buckets share no bounds.
 */
export function mergeHistograms(histograms: readonly FioHistogram[]): FioHistogram | undefined {
  const [first] = histograms;
  if (first === undefined) return undefined;
  let coarseness = 0;
  for (const { layout } of histograms) {
    if (layout.unitNs !== first.layout.unitNs || layout.groups !== first.layout.groups) {
      throw new RangeError('histograms of fio 2 (microseconds) and of fio 3 (nanoseconds) cannot be merged');
    }
    coarseness = Math.max(coarseness, layout.coarseness);
  }
  const layout: BucketLayout = { ...first.layout, coarseness };
  const dense = new Float64Array(bucketCount(layout));
  for (const { index, counts, layout: own } of histograms) {
    const shift = coarseness - own.coarseness;
    for (let i = 0; i < index.length; i++) {
      const bucket = index[i]! >> shift;
      dense[bucket] = dense[bucket]! + counts[i]!;
    }
  }
  return histogramOf(layout, dense);
}

/**
 * The bucket of a percentile by fio's rule: the first at which the cumulative count reaches percent / 100 of all.
 * fio itself reports `midNs`; the highest value it may stand for is `endNs - 1`.
 *
 * @param percent above 0, at most 100.
 * @returns undefined for an empty histogram.
 */
export function percentileBucket(histogram: FioHistogram, percent: number): Bucket | undefined {
  const rank = rankOf(percent, histogram.count);
  let sum = 0;
  for (let i = 0; i < histogram.index.length; i++) {
    sum += histogram.counts[i]!;
    if (sum >= rank) return bucketAt(histogram.layout, histogram.index[i]!);
  }
  return undefined;
}

/** The least n with n >= percent / 100 * count, exactly: a product of doubles would round 99.9 % of 1,000 down. */
function rankOf(percent: number, count: number): number {
  let scaled = percent;
  let shift = 0n;
  while (scaled !== Math.floor(scaled)) {
    scaled *= 2;
    shift++;
  }
  const divisor = 100n << shift;
  return Number((BigInt(scaled) * BigInt(count) + divisor - 1n) / divisor);
}

/**
 * True when values may lie above the layout's end (17.18 s in fio 3), where fio counts them in the last bucket: then
 * percentiles there are too low, and only the maximum tells by how much.
 *
 * @param maxNs the greatest value, where known.
 */
export function isSaturated(histogram: FioHistogram, maxNs?: number): boolean {
  const last = histogram.index[histogram.index.length - 1];
  if (last !== bucketCount(histogram.layout) - 1) return false;
  return maxNs === undefined || maxNs >= layoutEndNs(histogram.layout);
}
