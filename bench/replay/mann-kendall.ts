/**
 * The Mann-Kendall test for a rising trend: of all pairs, how many rise and how many fall.
 * @source H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945); M. G. Kendall, "Rank Correlation
 * Methods" (1975), for the exact distribution and the variance with ties
 */

/** 18! is the last factorial below 2^53. */
const EXACT_MAX = 18;
/** The 99 % quantile of the standard normal distribution. */
const NORMAL_99 = 2.3263478740408408;

export interface Trend {
  /** Rising pairs less falling pairs. */
  readonly s: number;
  /** True when a series without trend rises this clearly in fewer than one case in 100. */
  readonly rises: boolean;
}

/**
 * Looks for a rise, at p < 0.01, one-sided. The distribution of `s` is exact for up to 18 values without ties, else
 * the normal approximation with continuity correction.
 */
export function mannKendall(values: readonly number[]): Trend {
  const n = values.length;
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) s += Math.sign(values[j]! - values[i]!);
  }
  const ties = tieSizes(values);
  if (ties.length === 0 && n <= EXACT_MAX) return { s, rises: exactTail(n, s) < 0.01 };
  const tied = ties.reduce((sum, size) => sum + size * (size - 1) * (2 * size + 5), 0);
  const variance = (n * (n - 1) * (2 * n + 5) - tied) / 18;
  return { s, rises: s > 1 && (s - 1) / Math.sqrt(variance) > NORMAL_99 };
}

/** Probability of `s` or more among all orders of n different values. */
function exactTail(n: number, s: number): number {
  // counts[k]: orders of the values so far with k falling pairs (Mahonian numbers); s = pairs - 2 x falling.
  let counts = [1];
  let total = 1;
  for (let size = 2; size <= n; size++) {
    total *= size;
    const next = new Array<number>(counts.length + size - 1).fill(0);
    for (const [falling, count] of counts.entries()) {
      for (let more = 0; more < size; more++) next[falling + more]! += count;
    }
    counts = next;
  }
  const fallingMax = (counts.length - 1 - s) / 2;
  let tail = 0;
  for (const [falling, count] of counts.entries()) if (falling <= fallingMax) tail += count;
  return tail / total;
}

/** Sizes of the groups of equal values, where larger than 1. */
function tieSizes(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const sizes: number[] = [];
  let size = 1;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[i - 1]) size++;
    else {
      if (size > 1) sizes.push(size);
      size = 1;
    }
  }
  return sizes;
}
