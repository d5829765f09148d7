import { expect, test } from 'vitest';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { DependentSource } from './dependent-source.ts';
import { type MemoryRow, memoryRows, play } from './memory-rows.ts';

const plain = { speed: 1, startNs: 0, durationNs: undefined };

function arrivals(
  rows: readonly MemoryRow[],
  latencyNs: (row: number) => number,
  timing = plain,
  disks = 1,
): number[] {
  const byRow: number[] = [];
  for (const played of play(new DependentSource(memoryRows(rows), disks, timing), latencyNs)) {
    byRow[played.row] = played.arrivalNs;
  }
  return byRow;
}

test('arrival is the replayed completion of the predecessor plus the recorded think time', () => {
  const rows = [
    { timeNs: 100, latencyNs: 50, pid: 1 },
    { timeNs: 180, latencyNs: 10, pid: 1 },
    { timeNs: 195, latencyNs: 10, pid: 1 },
  ];
  // Think times are 180 - 150 = 30 and 195 - 190 = 5.
  expect(arrivals(rows, () => 7)).toEqual([100, 100 + 7 + 30, 137 + 7 + 5]);
  expect(arrivals(rows, () => 1000)).toEqual([100, 100 + 1000 + 30, 1130 + 1000 + 5]);
});

test('devices that answer in the recorded latencies give the recorded times', () => {
  const rows = [
    { timeNs: 0, latencyNs: 100, pid: 1 },
    { timeNs: 10, latencyNs: 20, pid: 2 },
    { timeNs: 40, latencyNs: 200, pid: 2 },
    { timeNs: 90, latencyNs: 5, pid: 1 },
    { timeNs: 100, latencyNs: 5, pid: 1 },
    { timeNs: 101, latencyNs: 50, pid: 2, op: OP_FLUSH },
    { timeNs: 300, latencyNs: 1, pid: 3 },
  ];
  expect(arrivals(rows, (row) => rows[row]!.latencyNs)).toEqual(rows.map((row) => row.timeNs));
});

test('rows that were outstanding together are issued together', () => {
  const rows = [
    { timeNs: 0, latencyNs: 100, pid: 1 },
    { timeNs: 10, latencyNs: 100, pid: 1 },
    { timeNs: 20, latencyNs: 100, pid: 1 },
  ];
  expect(arrivals(rows, () => 100_000)).toEqual([0, 10, 20]);
});

test('a row waits for all that was complete before it, not only for the latest', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10, pid: 1 },
    { timeNs: 5, latencyNs: 20, pid: 1 },
    { timeNs: 30, latencyNs: 1, pid: 1 },
  ];
  // Row 0 is slow this time: 500 + think time of 30 - 25.
  expect(arrivals(rows, (row) => (row === 0 ? 500 : 20))).toEqual([0, 5, 505]);
});

test('a process never overtakes itself', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10, pid: 1 },
    { timeNs: 5, latencyNs: 100, pid: 1 },
    { timeNs: 100, latencyNs: 50, pid: 1 },
    { timeNs: 106, latencyNs: 1, pid: 1 },
  ];
  // Row 1 is fast now: row 3 could follow it at 5 + 1 + 1, but row 2 (10 + 90) was issued before it.
  expect(arrivals(rows, (row) => (row === 1 ? 1 : 10))).toEqual([0, 5, 100, 100]);
});

test('processes do not wait for each other', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10, pid: 1 },
    { timeNs: 20, latencyNs: 10, pid: 2 },
    { timeNs: 40, latencyNs: 10, pid: 1 },
    { timeNs: 60, latencyNs: 10, pid: 2 },
  ];
  expect(arrivals(rows, (row) => (row === 0 ? 100_000 : 10))).toEqual([0, 20, 100_030, 60]);
});

test('without process ids all rows are one process', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10 },
    { timeNs: 20, latencyNs: 10 },
    { timeNs: 40, latencyNs: 10 },
  ];
  expect(arrivals(rows, () => 1)).toEqual([0, 11, 22]);
});

test('a flush waits for the writes of every process that were complete when it was recorded, on its own disk', () => {
  const write = { latencyNs: 10, op: OP_WRITE };
  const rows = [
    { ...write, timeNs: 0, pid: 1, disk: 0 },
    { ...write, timeNs: 1, pid: 2, disk: 1 },
    { timeNs: 2, latencyNs: 10, pid: 3, op: OP_READ, disk: 0 },
    { timeNs: 50, latencyNs: 10, pid: 4, op: OP_FLUSH, disk: 0 },
    { timeNs: 60, latencyNs: 10, pid: 5, op: OP_FLUSH, disk: 1 },
  ];
  const latencies = [500, 900, 5000, 10, 10];
  expect(arrivals(rows, (row) => latencies[row]!, plain, 2)).toEqual([0, 1, 2, 500, 901]);
});

test('a later flush covers what an earlier flush waits for', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10, pid: 1 },
    { timeNs: 50, latencyNs: 10, pid: 2, op: OP_FLUSH },
    { timeNs: 55, latencyNs: 10, pid: 3, op: OP_FLUSH },
  ];
  expect(arrivals(rows, (row) => (row === 0 ? 500 : 10))).toEqual([0, 500, 500]);
});

test('a flush does not wait for a write that was still outstanding when it was recorded', () => {
  const rows = [
    { timeNs: 0, latencyNs: 100, pid: 1 },
    { timeNs: 50, latencyNs: 10, pid: 2, op: OP_FLUSH },
  ];
  expect(arrivals(rows, () => 500)).toEqual([0, 50]);
});

test('a row without recorded latency holds nobody up', () => {
  const rows = [
    { timeNs: 0, pid: 1 },
    { timeNs: 50, latencyNs: 10, pid: 1 },
    { timeNs: 70, latencyNs: 10, pid: 1 },
  ];
  expect(arrivals(rows, (row) => (row === 0 ? 100_000 : 20))).toEqual([0, 50, 80]);
});

test('speed divides think times and first arrivals, and the start shifts them', () => {
  const rows = [
    { timeNs: 100, latencyNs: 50, pid: 1 },
    { timeNs: 180, latencyNs: 10, pid: 1 },
    { timeNs: 400, latencyNs: 10, pid: 2 },
  ];
  expect(arrivals(rows, () => 7, { speed: 2, startNs: 1000, durationNs: undefined })).toEqual([
    1050, 1072, 1200,
  ]);
});

test('the load ends at the duration', () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ timeNs: i * 100, latencyNs: 50, pid: 1 }));
  // Think time is 50, so with latency 150 a row arrives every 200.
  const cursor = memoryRows(rows);
  const source = new DependentSource(cursor, 1, { speed: 1, startNs: 0, durationNs: 500 });
  expect(play(source, () => 150).map((row) => row.arrivalNs)).toEqual([0, 200, 400]);
  expect(cursor.closed).toBe(true);
});

test('a full window delays rows, which is counted, and loses none', () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ timeNs: i * 10, latencyNs: 1, pid: i % 2 }));
  const source = new DependentSource(memoryRows(rows), 1, plain, { windowRows: 8 });
  // Process 0 is far slower than recorded, so that its rows fill the window and process 1 starves.
  const played = play(source, (row) => (row % 2 === 0 ? 1000 : 1));
  expect(new Set(played.map((row) => row.row)).size).toBe(200);
  expect(source.heldRows).toBeGreaterThan(50);
  const roomy = new DependentSource(memoryRows(rows), 1, plain);
  play(roomy, (row) => (row % 2 === 0 ? 1000 : 1));
  expect(roomy.heldRows).toBe(0);
});

test('a row that is read after its predecessor has completed still keeps its think time', () => {
  const rows = [
    { timeNs: 0, latencyNs: 60, pid: 1 },
    { timeNs: 50, latencyNs: 10, pid: 2 },
    { timeNs: 100, latencyNs: 10, pid: 1 },
  ];
  // With a window of one row, row 2 is read at 50, when row 0 is complete (at 30).
  const played = play(new DependentSource(memoryRows(rows), 1, plain, { windowRows: 1 }), () => 30);
  expect(played.map((row) => row.arrivalNs)).toEqual([0, 50, 30 + 40]);
});

test('processes drift apart up to the bound and no further', () => {
  const rows = [
    { timeNs: 0, latencyNs: 10, pid: 1 },
    { timeNs: 40, latencyNs: 10, pid: 2 },
    { timeNs: 60, latencyNs: 10, pid: 2 },
    { timeNs: 70, latencyNs: 10, pid: 3 },
  ];
  // Row 0 was complete at 10 and is so at 500 now: rows up to 59 do not mind, the later ones wait.
  const source = new DependentSource(memoryRows(rows), 1, plain, { driftNs: 50 });
  const played = play(source, (row) => (row === 0 ? 500 : 10));
  expect(played.map((row) => [row.row, row.arrivalNs])).toEqual([
    [0, 0],
    [1, 40],
    [2, 500],
    [3, 500],
  ]);
  expect(source.heldRows).toBe(0);
});
