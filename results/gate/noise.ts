/** Deciding between noise and change, for figures that are not the same twice: repeated runs, exact rank tests. */
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { percentilesOf } from '../hdr/summary.ts';

/** Chance of an alarm when nothing changed, over all checks of a gate together. */
export const ALPHA = 0.01;

/** Most runs a side that are used; the rank distribution of more takes too long, and finds no more. */
export const RUNS_MAX = 40;

/**
 * How often each value of U arises among all orders of n and m values: `counts[u]`, with their sum.
 * @source Mann and Whitney (1947), the recurrence of section 3
 */
function orders(n: number, m: number): Orders {
  const key = n * (RUNS_MAX + 1) + m;
  let found = known.get(key);
  if (found === undefined) {
    found = countOrders(n, m);
    known.set(key, found);
  }
  return found;
}

interface Orders {
  readonly counts: Float64Array;
  readonly total: number;
}
const known = new Map<number, Orders>();

function countOrders(n: number, m: number): Orders {
  // counts over (i, j): the largest value is of the one side or the other.
  let row: Float64Array[] = Array.from({ length: m + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= n; i++) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let j = 1; j <= m; j++) {
      const counts = new Float64Array(i * j + 1);
      const withLargest = row[j]!;
      for (let u = 0; u < withLargest.length; u++) counts[u + j]! += withLargest[u]!;
      const without = next[j - 1]!;
      for (let u = 0; u < without.length; u++) counts[u]! += without[u]!;
      next.push(counts);
    }
    row = next;
  }
  const counts = row[m]!;
  let total = 0;
  for (const count of counts) total += count;
  return { counts, total };
}

/** Chance that U is at least `u` by luck alone. */
function chanceOfAtLeast(u: number, n: number, m: number): number {
  const { counts, total } = orders(n, m);
  let sum = 0;
  for (let i = counts.length - 1; i >= Math.max(0, u); i--) sum += counts[i]!;
  return sum / total;
}

/** Smallest chance that a rank test of this many runs can give. */
export function leastChance(n: number, m: number): number {
  return n === 0 || m === 0 ? 1 : chanceOfAtLeast(n * m, n, m);
}

/** One-sided Mann-Whitney test that `other` tends to be above `base`; ties count for `base`. */
export function chanceOfRise(base: readonly number[], other: readonly number[]): number {
  let u = 0;
  for (const b of other) for (const a of base) if (b > a) u++;
  return chanceOfAtLeast(u, other.length, base.length);
}

export interface RatioInterval {
  /** Median of all ratios other / base. @source Hodges and Lehmann (1963) */
  readonly estimate: number;
  /** The true ratio lies within these but for `2 * alpha`; 0 and Infinity where there are too few runs. */
  readonly low: number;
  readonly high: number;
}

export function ratioInterval(
  base: readonly number[],
  other: readonly number[],
  alpha: number,
): RatioInterval {
  const ratios = other.flatMap((b) => base.map((a) => b / Math.max(a, 1))).sort((a, b) => a - b);
  const middle = Math.floor(ratios.length / 2);
  const estimate = ratios.length % 2 === 1 ? ratios[middle]! : (ratios[middle - 1]! + ratios[middle]!) / 2;
  const { counts, total } = orders(other.length, base.length);
  let below = 0;
  let cut = 0;
  while (cut < counts.length && (below + counts[cut]!) / total <= alpha) below += counts[cut++]!;
  if (cut === 0) return { estimate, low: 0, high: Number.POSITIVE_INFINITY };
  return { estimate, low: ratios[cut - 1]!, high: ratios[ratios.length - cut]! };
}

/** Normal quantile of 99.5 %: a two-sided interval of 99 %. */
const Z = 2.5758;
/** Ranks on either side that a percentile needs, so that it is not merely the largest of all. Assumed. */
const RANKS_LEAST = 5;

/**
 * Within one run: the values between which a percentile of the population lies with 99 %, by the ranks around it.
 * @returns null where too few I/Os lie beyond it
 * @source binomial ranks in normal approximation; Hahn and Meeker, "Statistical Intervals", section 5.2
 */
export function percentileInterval(
  histogram: SparseHistogram,
  percentile: number,
): { readonly lowNs: number; readonly highNs: number } | null {
  const { count } = histogram;
  const p = percentile / 100;
  if (count * (1 - p) < RANKS_LEAST) return null;
  const spread = Z * Math.sqrt(count * p * (1 - p));
  const at = (rank: number): number => (100 * Math.min(count, Math.max(1, rank))) / count;
  const [lowNs, highNs] = percentilesOf(histogram, [at(count * p - spread), at(count * p + spread)]);
  return { lowNs: lowNs!, highNs: highNs! };
}

export type GateVerdict = 'pass' | 'fail' | 'inconclusive';

export interface NoiseRule {
  /** How much higher is allowed: 1.05 for +5 %. */
  readonly budget: number;
  /** Differences below this are nothing, whatever the ranks say. */
  readonly floorNs: number;
  /** For this one check. */
  readonly alpha: number;
}

export interface NoiseDecision {
  readonly verdict: GateVerdict;
  readonly ratio: RatioInterval;
  readonly chance: number;
  readonly why: string;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;

/** Runs a side from which the baseline is split and held against itself. */
const SELF_CHECK_RUNS = 8;

/**
 * One figure of several runs against the same figure of several runs of the baseline.
 *
 * `fail`: it is above the budget and above the floor, and a rank test against the baseline raised by the budget gives less
 * than alpha. `pass`: the estimate is within the budget, and a change of twice the budget (or the floor) would have been
 * seen. Anything else is `inconclusive`, also a baseline that differs from itself (its even runs from its odd ones).
 */
export function decide(base: readonly number[], other: readonly number[], rule: NoiseRule): NoiseDecision {
  const { budget, floorNs, alpha } = rule;
  const ratio = ratioInterval(base, other, alpha);
  const allowed = base.map((value) => Math.max(value * budget, value + floorNs));
  const chance = chanceOfRise(allowed, other);
  const [before, now] = [median(base), median(other)];
  const withinFloor = now - before <= floorNs;
  const result = (verdict: GateVerdict, why: string): NoiseDecision => ({ verdict, ratio, chance, why });
  if (base.length >= SELF_CHECK_RUNS) {
    const [even, odd] = [0, 1].map((rest) => base.filter((_, i) => i % 2 === rest)) as [number[], number[]];
    const self = 2 * Math.min(chanceOfRise(even, odd), chanceOfRise(odd, even));
    if (self < alpha)
      return result(
        'inconclusive',
        'the baseline differs from itself: its even runs from its odd ones (A/A)',
      );
  }
  if (!withinFloor && ratio.estimate > budget) {
    if (chance <= alpha) return result('fail', `${percent(ratio.estimate)}, at least ${percent(ratio.low)}`);
    if (leastChance(base.length, other.length) > alpha)
      return result(
        'inconclusive',
        `${percent(ratio.estimate)}, but ${other.length} against ${base.length} runs cannot prove it`,
      );
    return result(
      'inconclusive',
      `${percent(ratio.estimate)}, which may be noise (from ${percent(ratio.low)} to ${percent(ratio.high)})`,
    );
  }
  const unseen = Math.max(1 + 2 * (budget - 1), before === 0 ? 1 : 1 + floorNs / before);
  if (ratio.high <= unseen)
    return result('pass', `${percent(ratio.estimate)}, at most ${percent(ratio.high)}`);
  if (ratio.high === Number.POSITIVE_INFINITY)
    return result(
      'inconclusive',
      `${percent(ratio.estimate)}, but ${other.length} against ${base.length} runs say nothing of the noise`,
    );
  return result(
    'inconclusive',
    `${percent(ratio.estimate)}, but noise could hide up to ${percent(ratio.high)}`,
  );
}
