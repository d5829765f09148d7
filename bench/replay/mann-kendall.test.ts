import { expect, test } from 'vitest';
import { mannKendall } from './mann-kendall.ts';

/** Probabilities from scipy.stats.kendalltau (scipy 1.17.1), one-sided: exact without ties, else asymptotic. */
const CASES: readonly (readonly [readonly number[], number, number])[] = [
  [[9, 7, 17, 14, 24, 26, 31, 32, 34, 41], 41, 0.000015],
  [[798, 1149, 220, 597, 1509, 2317, 979, 779, 1456, 2016], 15, 0.108187],
  [[704, 1155, 1111, 426, 1143, 1865, 2078, 2646, 2518, 2243], 29, 0.004574],
  [[58623, 99061, 44360, 90890, 83922, 164507, 83932, 156102, 208995, 94045], 19, 0.054157],
  // The two neighbours of p = 0.01 for ten and for seven values.
  [[2, 0, 1, 7, 5, 4, 3, 6, 9, 8], 25, 0.014305],
  [[0, 5, 1, 2, 3, 4, 9, 8, 6, 7], 27, 0.008333],
  [[0, 1, 2, 4, 5, 6, 3], 15, 0.015079],
  [[0, 1, 2, 4, 3, 6, 5], 17, 0.005357],
  [[1, 1, 2, 2, 3, 3, 4, 4, 5, 5], 40, 0.00013],
  [[1, 2, 1, 2, 1, 3, 2, 3, 3, 4], 28, 0.004365],
  [[0, 0, 0, 0, 1, 1, 1, 0, 1, 1], 19, 0.0236],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 9, 0.058593],
];

test.each(CASES)('%j has S %i and p %f', (values, s, p) => {
  expect(mannKendall(values)).toEqual({ s, rises: p < 0.01 });
});

test('a fall is no rise, and a series of one value is none', () => {
  expect(mannKendall([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])).toEqual({ s: -45, rises: false });
  expect(mannKendall([3, 3, 3, 3, 3, 3, 3, 3, 3, 3])).toEqual({ s: 0, rises: false });
  expect(mannKendall([])).toEqual({ s: 0, rises: false });
  expect(mannKendall([1])).toEqual({ s: 0, rises: false });
});

test('four values are too few, five are enough only when all rise', () => {
  expect(mannKendall([1, 2, 3, 4]).rises).toBe(false);
  expect(mannKendall([1, 2, 3, 4, 5]).rises).toBe(true);
  expect(mannKendall([1, 2, 3, 5, 4]).rises).toBe(false);
});

test('series beyond the exact distribution use the normal one', () => {
  const up = Array.from({ length: 40 }, (_, i) => i + ((i * 7) % 5));
  const flat = Array.from({ length: 40 }, (_, i) => (i * 7) % 11);
  expect(mannKendall(up).rises).toBe(true);
  expect(mannKendall(flat).rises).toBe(false);
});
