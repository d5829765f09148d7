import { describe, expect, test } from 'vitest';
import {
  bucketAt,
  bucketCount,
  bucketIndex,
  histogramBuckets,
  histogramOf,
  isSaturated,
  LAYOUT_NS,
  LAYOUT_US,
  layoutEndNs,
  mergeHistograms,
  percentileBucket,
} from '../index.ts';

function of(layout: typeof LAYOUT_NS, counts: Readonly<Record<number, number>>) {
  const dense = new Float64Array(bucketCount(layout));
  for (const [index, count] of Object.entries(counts)) dense[Number(index)] = count;
  return histogramOf(layout, dense);
}

describe('buckets', () => {
  test('are as many as fio has', () => {
    expect([bucketCount(LAYOUT_NS), bucketCount(LAYOUT_US)]).toEqual([1856, 1216]);
    expect(bucketCount({ ...LAYOUT_NS, coarseness: 2 })).toBe(464);
    expect([layoutEndNs(LAYOUT_NS), layoutEndNs(LAYOUT_US)]).toEqual([17_179_869_184, 16_777_216_000]);
  });
  test.each([LAYOUT_NS, LAYOUT_US, { ...LAYOUT_NS, coarseness: 3 }, { ...LAYOUT_US, coarseness: 6 }])(
    'join without a gap, and hold their bounds and middle: %j',
    (layout) => {
      for (let index = 0; index < bucketCount(layout); index++) {
        const { lowNs, midNs, endNs } = bucketAt(layout, index);
        expect(lowNs).toBe(index === 0 ? 0 : bucketAt(layout, index - 1).endNs);
        expect([lowNs, midNs, endNs - 1].map((value) => bucketIndex(layout, value))).toEqual([
          index,
          index,
          index,
        ]);
      }
      expect(bucketAt(layout, bucketCount(layout) - 1).endNs).toBe(layoutEndNs(layout));
    },
  );
  test('take everything above their end into the last', () => {
    expect(bucketIndex(LAYOUT_NS, 94e9)).toBe(1855);
    expect(bucketAt(LAYOUT_NS, 1855).midNs).toBe(17_112_760_320);
  });
});

describe('histograms', () => {
  test('merge bucket by bucket', () => {
    const merged = mergeHistograms([of(LAYOUT_NS, { 3: 1, 200: 2 }), of(LAYOUT_NS, { 200: 5, 201: 1 })])!;
    expect(histogramBuckets(merged).map(({ midNs, count }) => [midNs, count])).toEqual([
      [3, 1],
      [290, 7],
      [294, 1],
    ]);
    expect(merged.count).toBe(9);
    expect(mergeHistograms([])).toBeUndefined();
  });
  test('merge to the coarsest', () => {
    const coarse = { ...LAYOUT_NS, coarseness: 2 };
    const merged = mergeHistograms([of(LAYOUT_NS, { 200: 1, 203: 1, 204: 1 }), of(coarse, { 50: 4 })])!;
    expect(merged.layout).toEqual(coarse);
    expect([[...merged.index], [...merged.counts]]).toEqual([
      [50, 51],
      [6, 1],
    ]);
  });
  test('of fio 2 and fio 3 do not merge', () => {
    expect(() => mergeHistograms([of(LAYOUT_NS, { 1: 1 }), of(LAYOUT_US, { 1: 1 })])).toThrow(
      'cannot be merged',
    );
  });
  // fio's long double tells 99.9 % (a little more as a double) of 1,000 from 999.
  test.each([
    [99.9, 1000],
    [50, 500],
    [0.0001, 1],
    [100, 1000],
  ])('have percentile %d at rank %d of 1,000', (percent, rank) => {
    const histogram = of(LAYOUT_NS, { 10: rank - 1, 20: 1, 30: 1000 - rank });
    expect(percentileBucket(histogram, percent)?.midNs).toBe(20);
  });
  test('without a value have no percentile', () => {
    expect(percentileBucket(of(LAYOUT_NS, {}), 50)).toBeUndefined();
  });
  test('are saturated when the last bucket may hold more than it should', () => {
    const last = of(LAYOUT_NS, { 1855: 1 });
    expect([isSaturated(last), isSaturated(last, 17e9), isSaturated(last, 18e9)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(isSaturated(of(LAYOUT_NS, { 1854: 1 }))).toBe(false);
  });
});
