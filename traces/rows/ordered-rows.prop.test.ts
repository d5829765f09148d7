import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DataError } from '../../reference/kernel/errors.ts';
import { OrderedRows } from './ordered-rows.ts';
import { createPlacedBlock, type RowStage } from './placed-block.ts';

/** Puts times through; the places in the order that comes out, and how many were late. */
function ordered(times: readonly number[]): { places: number[]; late: number; lengths: number[] } {
  const places: number[] = [];
  const lengths: number[] = [];
  const collector: RowStage = {
    accept: (block) => {
      lengths.push(block.length);
      places.push(...block.place.subarray(0, block.length));
    },
    end: () => {},
  };
  const rows = new OrderedRows(collector, (line) => ({ file: 'x', line }));
  let block = createPlacedBlock();
  for (const [place, time] of times.entries()) {
    block.timeNs[block.length] = time;
    block.place[block.length++] = place;
    if (block.length === 4096) {
      block = rows.accept(block);
      block.length = 0;
    }
  }
  if (block.length > 0) rows.accept(block);
  rows.end();
  return { places, late: rows.reordered, lengths };
}

it('sorts as a stable sort does where no row is more than 4,096 rows late, in full blocks', () => {
  const trace = fc.record({
    rows: fc.integer({ min: 1, max: 13_000 }),
    disorder: fc.constantFrom(0, 3, 500, 4000),
    gap: fc.constantFrom(1, 2, 7),
    seed: fc.integer({ min: 1, max: 1e9 }),
  });
  fc.assert(
    fc.property(trace, ({ rows, disorder, gap, seed }) => {
      let word = seed;
      const next = (bound: number): number => (word = (word * 48271) % 2147483647) % bound;
      // Every row is late by less than `disorder` rows; many have equal times.
      const times = Array.from({ length: rows }, (_, i) => Math.floor((i - next(disorder + 1)) / gap));
      const { places, late, lengths } = ordered(times);
      const expected = times.map((_, place) => place).sort((a, b) => times[a]! - times[b]! || a - b);
      expect(places).toEqual(expected);
      let latest = Number.NEGATIVE_INFINITY;
      let behind = 0;
      for (const time of times) {
        if (time < latest) behind++;
        else latest = time;
      }
      expect(late).toBe(behind);
      expect(lengths.slice(0, -1).every((length) => length === 4096)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('refuses a row that is later than that, with its place', () => {
  const times = Array.from({ length: 20_000 }, (_, i) => i);
  times[15_000] = 15_000 - 8193;
  expect(() => ordered(times)).toThrow(DataError);
  expect(() => ordered(times)).toThrow('x:15000: time runs backwards');
});
