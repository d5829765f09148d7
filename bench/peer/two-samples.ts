/** Whether two samples can be of one distribution. */

export interface TwoSamples {
  /** Largest distance of the two distribution functions. */
  readonly distance: number;
  /** How likely it is to see this distance or more where both are of one distribution. */
  readonly probability: number;
}

/** Kolmogorov and Smirnov's test; with ties it is on the safe side. */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): TwoSamples {
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  if (a.length === 0 || b.length === 0)
    return { distance: a.length === b.length ? 0 : 1, probability: a.length === b.length ? 1 : 0 };
  let i = 0;
  let j = 0;
  let distance = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! === value) i++;
    while (j < b.length && b[j]! === value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  const size = Math.sqrt((a.length * b.length) / (a.length + b.length));
  // Stephens' form of the limit.
  return { distance, probability: tail((size + 0.12 + 0.11 / size) * distance) };
}

/** Kolmogorov's distribution, from above. */
function tail(x: number): number {
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}
