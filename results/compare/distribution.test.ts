import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { distributionDifference } from './distribution.ts';

function histogram(values: readonly number[]): SparseHistogram {
  const filled = new LatencyHistogram();
  for (const value of values) filled.record(value);
  return filled.toSparse();
}

/** Below 2,048 ns every value has a bucket of its own, so that everything is exact. */
const values = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 });

describe('distributionDifference', () => {
  test('is nothing between a distribution and itself', () => {
    fc.assert(
      fc.property(values, (some) => {
        const { areaNs, shiftNs, largestShare, crossings } = distributionDifference(
          histogram(some),
          histogram([...some, ...some]),
        );
        expect([areaNs, shiftNs, largestShare, crossings]).toEqual([0, 0, 0, []]);
      }),
    );
  });

  test('has as its area the mean distance of the I/Os taken in order, as its shift that of the means', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }).chain((n) => {
          const one = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: n, maxLength: n });
          return fc.tuple(one, one);
        }),
        ([a, b]) => {
          const [x, y] = [a, b].map((some) => [...some].sort((one, two) => one - two)) as [
            number[],
            number[],
          ];
          const area = x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0) / x.length;
          const shift = y.reduce((sum, value, i) => sum + value - x[i]!, 0) / x.length;
          const found = distributionDifference(histogram(a), histogram(b));
          expect(found.areaNs).toBeCloseTo(area, 2);
          expect(found.shiftNs).toBeCloseTo(shift, 2);
        },
      ),
    );
  });

  test('turns its signs when the two change places', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const there = distributionDifference(histogram(a), histogram(b));
        const back = distributionDifference(histogram(b), histogram(a));
        expect(back.areaNs).toBe(there.areaNs);
        expect(back.shiftNs).toBeCloseTo(-there.shiftNs, 2);
        expect(Math.abs(back.largestShare)).toBeCloseTo(Math.abs(there.largestShare), 5);
      }),
    );
  });

  test('says where the curves cross and who is faster beyond', () => {
    const fastWithTail = [...new Array(90).fill(100), ...new Array(10).fill(1000)];
    const steady = new Array(100).fill(300);
    const { crossings, largestShare, largestShareNs } = distributionDifference(
      histogram(steady),
      histogram(fastWithTail),
    );
    expect(crossings).toEqual([{ percentile: 100, ns: 300, fasterBeyond: 'base' }]);
    expect([largestShare, largestShareNs]).toEqual([0.9, 100]);
  });

  test('does not take the grain of the buckets for crossings', () => {
    const base = Array.from({ length: 1000 }, (_, i) => 500 + i);
    const other = base.map((value, i) => value + 40 - (i % 200 === 0 ? 45 : 0));
    expect(distributionDifference(histogram(base), histogram(other)).crossings).toEqual([]);
  });
});
