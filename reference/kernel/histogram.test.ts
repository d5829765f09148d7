import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highestOfIndex, histogramIndex, LatencyHistogram, lowestOfIndex, mergeSparse } from './histogram.ts';

const latencies = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.integer({ min: 2 ** 31 - 5, max: 2 ** 33 }),
  fc.maxSafeInteger().map((value) => Math.abs(value)),
);

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a bucket', () => {
  it('holds its value, and is no wider than a thousandth of it', () => {
    fc.assert(
      fc.property(latencies, (value) => {
        const index = histogramIndex(value);
        const [low, high] = [lowestOfIndex(index), highestOfIndex(index)];
        expect(low <= value && value <= high).toBe(true);
        expect(high - low).toBeLessThanOrEqual(value / 1000);
      }),
    );
  });

  it('follows its neighbour without a gap', () => {
    for (let index = 1; index < 45_000; index++) {
      expect(lowestOfIndex(index)).toBe(highestOfIndex(index - 1) + 1);
      if (index % 997 === 0) expect(histogramIndex(lowestOfIndex(index))).toBe(index);
    }
  });
});

describe('a histogram', () => {
  it('knows count, least, most and sum exactly', () => {
    fc.assert(
      fc.property(fc.array(latencies, { minLength: 1 }), (values) => {
        const histogram = histogramOf(values);
        expect(histogram.count).toBe(values.length);
        expect(histogram.min).toBe(Math.min(...values));
        expect(histogram.max).toBe(Math.max(...values));
        expect(histogram.sum).toBe(values.reduce((sum, value) => sum + BigInt(value), 0n));
      }),
    );
  });

  it('gives a percentile within a thousandth of the value at its rank', () => {
    fc.assert(
      fc.property(
        fc.array(latencies, { minLength: 1 }),
        fc.constantFrom(0, 1, 50, 90, 99, 99.9, 100),
        (values, percentile) => {
          const sorted = [...values].sort((a, b) => a - b);
          const rank = Math.max(1, Math.floor((percentile / 100) * values.length + 0.5));
          const exact = sorted[rank - 1]!;
          const found = histogramOf(values).percentile(percentile);
          expect(found).toBeGreaterThanOrEqual(exact);
          expect(found - exact).toBeLessThanOrEqual(exact / 1000);
          expect(found).toBeLessThanOrEqual(sorted[sorted.length - 1]!);
        },
      ),
    );
  });

  it('is the same whatever the order of merging, dense or sparse', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latencies), { minLength: 1, maxLength: 5 }), (parts) => {
        const whole = histogramOf(parts.flat()).toSparse();
        const dense = new LatencyHistogram();
        for (const part of [...parts].reverse()) dense.add(histogramOf(part));
        expect(dense.toSparse()).toEqual(whole);
        const sparse = new LatencyHistogram();
        sparse.addSparse(parts.map((part) => histogramOf(part).toSparse()).reduce(mergeSparse));
        expect(sparse.toSparse()).toEqual(whole);
      }),
    );
  });

  it('is empty after it is cleared, and takes larger values than before', () => {
    const histogram = histogramOf([5, 1e9]);
    histogram.clear();
    expect(histogram.toSparse()).toEqual(new LatencyHistogram().toSparse());
    expect([histogram.percentile(50), histogram.mean, histogram.stddev]).toEqual([0, 0, 0]);
    histogram.record(1e13);
    expect(histogram.max).toBe(1e13);
    expect(histogram.count).toBe(1);
  });

  it('has the mean and deviation of its values', () => {
    const histogram = histogramOf([1000, 2000, 3000, 4000]);
    expect(histogram.mean).toBe(2500);
    expect(Math.abs(histogram.stddev - Math.sqrt(1_250_000))).toBeLessThan(2);
  });
});
