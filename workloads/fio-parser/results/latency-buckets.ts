/**
 * fio's latency buckets: an HDR-like log-linear layout with 64 buckets a group, so that a bucket is at most 1/64 of its
 * values wide. Bucket i below 128 holds the value i alone; above, with e = (i >> 6) - 1, it holds
 * [(64 + (i & 63)) * 2^e, that + 2^e).
 *
 * @source fio stat.h: FIO_IO_U_PLAT_BITS 6, FIO_IO_U_PLAT_GROUP_NR 29 (fio 2.99 and later, in ns) or 19 (before, in µs)
 */

/** How a histogram's bucket numbers map to nanoseconds. */
export interface BucketLayout {
  /** Unit of the values: 1 ns, or 1,000 ns before fio 2.99. */
  readonly unitNs: 1 | 1000;
  /** Groups of 64 buckets. */
  readonly groups: number;
  /** 2^coarseness neighbours are joined into one bucket (`log_hist_coarseness`, 0 to 6). */
  readonly coarseness: number;
}

const BITS = 6;
const GROUP_BUCKETS = 1 << BITS;
export const COARSENESS_MAX = BITS;

/** fio 2.99 and later: 1,856 buckets of nanoseconds, up to 2^34 ns (17.18 s). */
export const LAYOUT_NS: BucketLayout = { unitNs: 1, groups: 29, coarseness: 0 };
/** Before fio 2.99: 1,216 buckets of microseconds, up to 2^24 µs (16.78 s). */
export const LAYOUT_US: BucketLayout = { unitNs: 1000, groups: 19, coarseness: 0 };

/** A bucket's bounds: values v with lowNs <= v < endNs. */
export interface Bucket {
  readonly lowNs: number;
  /** The first value above the bucket. */
  readonly endNs: number;
  /** What fio gives for a value of this bucket: the middle, rounded down to the layout's unit. */
  readonly midNs: number;
}

/** Number of buckets of a layout. */
export function bucketCount(layout: BucketLayout): number {
  return (layout.groups * GROUP_BUCKETS) >> layout.coarseness;
}

/** The first value (in ns) that no bucket holds; fio counts it, and all above, in the last bucket. */
export function layoutEndNs(layout: BucketLayout): number {
  return 2 ** (layout.groups + BITS - 1) * layout.unitNs;
}

/** Smallest value of a fine bucket, in the layout's unit. */
function lowOf(fineIndex: number): number {
  if (fineIndex < 2 * GROUP_BUCKETS) return fineIndex;
  return (GROUP_BUCKETS + (fineIndex & (GROUP_BUCKETS - 1))) * 2 ** ((fineIndex >> BITS) - 1);
}

/** @param index 0 to bucketCount(layout) - 1. */
export function bucketAt(layout: BucketLayout, index: number): Bucket {
  const low = lowOf(index * 2 ** layout.coarseness);
  const end = lowOf((index + 1) * 2 ** layout.coarseness);
  const { unitNs } = layout;
  return { lowNs: low * unitNs, endNs: end * unitNs, midNs: midNsOf(layout, index) };
}

/** `bucketAt(layout, index).midNs`, without the rest. */
export function midNsOf({ coarseness, unitNs }: BucketLayout, index: number): number {
  const low = lowOf(index * 2 ** coarseness);
  return Math.floor((low + lowOf((index + 1) * 2 ** coarseness)) / 2) * unitNs;
}

const middles = new Map<BucketLayout, ReadonlyMap<number, number>>();

/** Bucket numbers by the middle of each, in the layout's unit: what JSON+ names its bins by. @param layout one of the constants */
export function bucketsByMiddle(layout: BucketLayout): ReadonlyMap<number, number> {
  let byMiddle = middles.get(layout);
  if (byMiddle === undefined) {
    const found = new Map<number, number>();
    for (let index = bucketCount(layout) - 1; index >= 0; index--)
      found.set(midNsOf(layout, index) / layout.unitNs, index);
    byMiddle = found;
    middles.set(layout, byMiddle);
  }
  return byMiddle;
}

/** @returns the bucket that fio counts a value in. @param valueNs an integer from 0. */
export function bucketIndex(layout: BucketLayout, valueNs: number): number {
  const value = Math.floor(valueNs / layout.unitNs);
  let index: number;
  if (value >= 2 ** (layout.groups + BITS - 1)) {
    index = layout.groups * GROUP_BUCKETS - 1;
  } else {
    const high = Math.floor(value / 2 ** 32);
    const bits = high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
    const shift = Math.max(0, bits - BITS - 1);
    index = shift * GROUP_BUCKETS + Math.floor(value / 2 ** shift);
  }
  return index >> layout.coarseness;
}
