/**
 * Counts of reuse distances in buckets of which 64 cover each doubling. A miss ratio is exact at every cache size that
 * is the lower bound of a bucket, and such sizes are the points of a curve.
 */

const SUB_BITS = 6;
const SUB = 1 << SUB_BITS;
const BUCKETS = 2 * SUB + (31 - SUB_BITS) * SUB;

function bucketOf(distance: number): number {
  const shift = 31 - SUB_BITS - Math.clz32(distance | SUB);
  return shift * SUB + (distance >>> shift);
}

/** Smallest distance of a bucket. */
function lowestOf(bucket: number): number {
  const shift = Math.max(0, (bucket >>> SUB_BITS) - 1);
  return (bucket - shift * SUB) * 2 ** shift;
}

/** The bound of a bucket at or above this size, in blocks: where a curve is exact. */
export function exactSizeFrom(blocks: number): number {
  let bucket = bucketOf(blocks);
  if (lowestOf(bucket) < blocks) bucket++;
  return lowestOf(bucket);
}

export class DistanceCounts {
  /** Accesses in all. */
  total = 0;
  private counts = new Float64Array(BUCKETS);

  /** @param copied its fields alone, as they come from another thread */
  static of(copied: DistanceCounts): DistanceCounts {
    const counts = new DistanceCounts();
    counts.total = copied.total;
    counts.counts = copied.counts;
    return counts;
  }

  /** @param distance distinct blocks touched since the last touch; below 0 for a first touch */
  add(distance: number, weight: number): void {
    this.total += weight;
    if (distance >= 0) this.counts[bucketOf(distance)]! += weight;
  }

  /** Share of accesses that an LRU cache of this size, starting empty, misses; null without accesses. */
  missRatios(sizes: readonly number[]): (number | null)[] {
    if (this.total === 0) return sizes.map(() => null);
    let hits = 0;
    let bucket = 0;
    return sizes.map((size) => {
      for (; bucket < BUCKETS && lowestOf(bucket) < size; bucket++) hits += this.counts[bucket]!;
      return Math.max(0, Math.min(1, 1 - hits / this.total));
    });
  }
}
