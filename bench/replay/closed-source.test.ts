import { expect, test } from 'vitest';
import { ClosedSource } from './closed-source.ts';
import { memoryRows, play } from './memory-rows.ts';

const plain = { speed: 1, startNs: 0, durationNs: undefined };
const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ timeNs: i * 1_000_000 }));

test('with depth 1 each row arrives when the one before it completes', () => {
  const played = play(new ClosedSource(memoryRows(rows(4)), 1, 1, plain), () => 10);
  expect(played.map((row) => row.arrivalNs)).toEqual([0, 10, 20, 30]);
});

test('with depth 3 a row arrives at the third-last completion', () => {
  const latencies = [10, 4, 7, 1, 1, 1];
  const played = play(new ClosedSource(memoryRows(rows(6)), 1, 3, plain), (row) => latencies[row]!);
  // Completions: row 1 at 4, row 3 at 5, row 4 at 6, rows 2 and 0 at 7 and 10.
  expect(played.map((row) => row.arrivalNs)).toEqual([0, 0, 0, 4, 5, 6]);
});

test('the start shifts the first arrivals and the duration ends the load', () => {
  const cursor = memoryRows(rows(100));
  const played = play(new ClosedSource(cursor, 1, 2, { speed: 1, startNs: 5, durationNs: 26 }), () => 10);
  expect(played.map((row) => row.arrivalNs)).toEqual([5, 5, 15, 15, 25, 25]);
  expect(cursor.closed).toBe(true);
});

test('a depth above the number of rows issues them all at once', () => {
  const played = play(new ClosedSource(memoryRows(rows(3)), 1, 64, plain), () => 10);
  expect(played.map((row) => row.arrivalNs)).toEqual([0, 0, 0]);
});
