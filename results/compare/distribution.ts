/** How far apart two whole distributions are. */
import { highestOfIndex, lowestOfIndex, type SparseHistogram } from '../../reference/kernel/histogram.ts';

export interface Crossing {
  /** Share of I/Os below the crossing, in percent. */
  readonly percentile: number;
  readonly ns: number;
  /** Which is faster beyond it, towards the slow end. */
  readonly fasterBeyond: 'base' | 'other';
}

export interface DistributionDifference {
  /**
   * Area between the two percentile curves: by how much an I/O moved, on average over all ranks, in nanoseconds.
   * @source the Wasserstein distance of order 1: the integral of |F - G|
   */
  readonly areaNs: number;
  /** The same with its sign, which is the difference of the means: above 0 the other is slower. */
  readonly shiftNs: number;
  /**
   * Largest difference of the shares of I/Os that a latency is enough for, -1 to 1; above 0 it is enough for more of the
   * other's. @source Kolmogorov and Smirnov
   */
  readonly largestShare: number;
  /** The latency where that is. */
  readonly largestShareNs: number;
  readonly crossings: readonly Crossing[];
}

/** Between two crossings lies at least this share of the area; less is the grain of the buckets. Assumed. */
const CROSSING_SHARE = 0.02;

interface Stretch {
  /** Above 0: the other is faster here. */
  sign: number;
  area: number;
  /** Where it begins. */
  readonly share: number;
  readonly ns: number;
}

function middleOf(index: number): number {
  const low = lowestOfIndex(index);
  return low + Math.floor((highestOfIndex(index) + 1 - low) / 2);
}

/** Neighbouring stretches of one sign, once those too small to count have gone to the one before. */
function joined(stretches: readonly Stretch[], least: number): Stretch[] {
  const kept: Stretch[] = [];
  for (const stretch of stretches) {
    const last = kept[kept.length - 1];
    if (last !== undefined && (last.sign === stretch.sign || stretch.area < least)) last.area += stretch.area;
    else if (stretch.area >= least) kept.push({ ...stretch });
  }
  return kept;
}

function rounded(value: number, one: number): number {
  return Math.floor(value * one + 0.5) / one;
}

/** Both must hold at least one value; a value counts as the middle of its bucket. */
export function distributionDifference(
  base: SparseHistogram,
  other: SparseHistogram,
): DistributionDifference {
  let i = 0;
  let j = 0;
  let below = 0;
  let otherBelow = 0;
  let previousNs = 0;
  let gap = 0;
  let area = 0;
  let shift = 0;
  let largest = 0;
  let largestNs = 0;
  const stretches: Stretch[] = [];
  while (i < base.index.length || j < other.index.length) {
    const a = i < base.index.length ? base.index[i]! : 0x1_0000;
    const b = j < other.index.length ? other.index[j]! : 0x1_0000;
    const ns = middleOf(Math.min(a, b));
    const width = ns - previousNs;
    area += Math.abs(gap) * width;
    shift -= gap * width;
    if (stretches.length > 0) stretches[stretches.length - 1]!.area += Math.abs(gap) * width;
    if (a <= b) below += base.counts[i++]!;
    if (b <= a) otherBelow += other.counts[j++]!;
    gap = otherBelow / other.count - below / base.count;
    if (Math.abs(gap) > Math.abs(largest)) {
      largest = gap;
      largestNs = ns;
    }
    const sign = gap > 0 ? 1 : gap < 0 ? -1 : 0;
    if (sign !== 0 && stretches[stretches.length - 1]?.sign !== sign)
      stretches.push({ sign, area: 0, share: below / base.count, ns });
    previousNs = ns;
  }
  const kept = joined(stretches, area * CROSSING_SHARE);
  return {
    areaNs: rounded(area, 1000),
    shiftNs: rounded(shift, 1000),
    largestShare: rounded(largest, 1e6),
    largestShareNs: largestNs,
    crossings: kept.slice(1).map(({ sign, share, ns }) => ({
      percentile: rounded(share * 100, 1e4),
      ns,
      fasterBeyond: sign > 0 ? 'other' : 'base',
    })),
  };
}
