/** The figures of a latency histogram that stand in documents and tables. */
import { highestOfIndex, LatencyHistogram, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import type { LatencySummary } from '../schema/run-document.ts';

/** Three decimals of a nanosecond, half up: one place in every language that rounds after multiplying by 1,000. */
function roundThousandths(value: number): number {
  return Math.floor(value * 1000 + 0.5) / 1000;
}

/**
 * The summary of a histogram in nanoseconds, or null while it is empty. Minimum and maximum are exact; a percentile is
 * the highest value equivalent to the one at its rank, within [min, max]; the mean comes from the exact sum; the
 * deviation (of the population) from the buckets' middle values. Mean and deviation are rounded half up to 3 decimals.
 */
export function summarise(histogram: LatencyHistogram): LatencySummary | null {
  if (histogram.count === 0) return null;
  return {
    minNs: histogram.min,
    meanNs: roundThousandths(histogram.mean),
    stddevNs: roundThousandths(histogram.stddev),
    p50Ns: histogram.percentile(50),
    p90Ns: histogram.percentile(90),
    p95Ns: histogram.percentile(95),
    p99Ns: histogram.percentile(99),
    'p99.9Ns': histogram.percentile(99.9),
    'p99.99Ns': histogram.percentile(99.99),
    maxNs: histogram.max,
  };
}

/**
 * Percentiles of a sparse histogram in one pass, by the rule of `LatencyHistogram.percentile`.
 * @param percentiles 0 to 100, ascending
 * @returns nanoseconds, one for each percentile; zeros while the histogram is empty
 */
export function percentilesOf(histogram: SparseHistogram, percentiles: readonly number[]): number[] {
  const values: number[] = [];
  let seen = 0;
  let at = -1;
  for (const percentile of percentiles) {
    const rank = Math.max(1, Math.floor((percentile / 100) * histogram.count + 0.5));
    while (seen < rank && at < histogram.index.length - 1) seen += histogram.counts[++at]!;
    values.push(at < 0 ? 0 : Math.min(histogram.max, highestOfIndex(histogram.index[at]!)));
  }
  return values;
}

/** All of them as one. */
export function mergeAll(histograms: readonly SparseHistogram[]): SparseHistogram {
  const merged = new LatencyHistogram();
  for (const histogram of histograms) merged.addSparse(histogram);
  return merged.toSparse();
}
