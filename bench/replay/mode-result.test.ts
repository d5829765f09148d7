import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { slowestShares } from './mode-result.ts';

function histogram(values: readonly number[]): LatencyHistogram {
  const filled = new LatencyHistogram();
  for (const value of values) filled.record(value);
  return filled;
}

function shares(parts: readonly (readonly number[])[]): number[] {
  return slowestShares(parts.map(histogram), histogram(parts.flat()));
}

test('the slowest hundredth belongs to whom it belongs', () => {
  const fast = Array.from({ length: 150 }, (_, i) => i);
  const slow = Array.from({ length: 50 }, (_, i) => 1000 + i);
  expect(shares([fast, slow])).toEqual([0, 1]);
  expect(shares([slow, fast])).toEqual([1, 0]);
});

test('equal values count in proportion', () => {
  expect(shares([new Array(300).fill(7), new Array(100).fill(7)])).toEqual([0.75, 0.25]);
});

test('shares follow an exact count over the sorted values', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 400 });
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (parts) => {
      // Below 2,048 ns every value has a bucket of its own.
      const all = parts.flat().sort((a, b) => b - a);
      const slowest = Math.max(1, Math.floor(all.length / 100));
      const edge = all[slowest - 1];
      const above = all.filter((value) => value > edge!).length;
      const at = all.filter((value) => value === edge).length;
      const expected = parts.map(
        (part) =>
          (part.filter((value) => value > edge!).length +
            (part.filter((value) => value === edge).length * (slowest - above)) / at) /
          slowest,
      );
      const actual = shares(parts);
      for (const [i, share] of actual.entries())
        expect(share).toBeCloseTo(all.length === 0 ? 0 : expected[i]!, 9);
    }),
  );
});
