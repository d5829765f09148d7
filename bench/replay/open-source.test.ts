import { expect, test } from 'vitest';
import { IoBatch, OP_FLUSH, OP_READ, SOURCE_END, SOURCE_READY } from '../../reference/kernel/io.ts';
import { memoryRows, play } from './memory-rows.ts';
import { OpenSource } from './open-source.ts';

const plain = { speed: 1, startNs: 0, durationNs: undefined };

test('every row arrives at its recorded time, whatever the devices do', () => {
  const rows = [{ timeNs: 0 }, { timeNs: 10 }, { timeNs: 10 }, { timeNs: 25 }, { timeNs: 1000 }];
  for (const latency of [0, 7, 1_000_000]) {
    const played = play(new OpenSource(memoryRows(rows), 1, plain), () => latency);
    expect(played.map((row) => row.arrivalNs)).toEqual([0, 10, 10, 25, 1000]);
    expect(played.map((row) => row.row)).toEqual([0, 1, 2, 3, 4]);
  }
});

test('arrival is start + floor(recorded time / speed)', () => {
  const rows = [{ timeNs: 0 }, { timeNs: 10 }, { timeNs: 13 }];
  const twice = play(new OpenSource(memoryRows(rows), 1, { ...plain, speed: 2, startNs: 100 }), () => 0);
  expect(twice.map((row) => row.arrivalNs)).toEqual([100, 105, 106]);
  const half = play(new OpenSource(memoryRows(rows), 1, { ...plain, speed: 0.5 }), () => 0);
  expect(half.map((row) => row.arrivalNs)).toEqual([0, 20, 26]);
});

test('the load ends at the duration, counted in virtual time', () => {
  const rows = [{ timeNs: 0 }, { timeNs: 10 }, { timeNs: 20 }, { timeNs: 30 }];
  const cursor = memoryRows(rows);
  const played = play(new OpenSource(cursor, 1, { speed: 1, startNs: 5, durationNs: 25 }), () => 0);
  expect(played.map((row) => row.arrivalNs)).toEqual([5, 15]);
  expect(cursor.closed).toBe(true);
});

test('every column is handed over', () => {
  const rows = [
    { timeNs: 1, op: OP_READ, disk: 0 },
    { timeNs: 2, op: OP_FLUSH, disk: 1 },
  ];
  const source = new OpenSource(memoryRows(rows), 2, plain);
  const batch = new IoBatch(8);
  expect(source.next(0, batch)).toBe(SOURCE_READY);
  expect(batch.length).toBe(2);
  expect([...batch.op.subarray(0, 2)]).toEqual([OP_READ, OP_FLUSH]);
  expect([...batch.disk.subarray(0, 2)]).toEqual([0, 1]);
  expect([...batch.offset.subarray(0, 2)]).toEqual([0, 4096]);
  expect([...batch.lengthBytes.subarray(0, 2)]).toEqual([4096, 4096]);
  expect([...batch.tag.subarray(0, 2)]).toEqual([0, 1]);
  expect(source.disks).toBe(2);
  expect(source.next(0, batch)).toBe(SOURCE_END);
  expect(batch.length).toBe(0);
});

test('the cursor is closed at its end, and the end stays the end', () => {
  const cursor = memoryRows([{ timeNs: 0 }]);
  const source = new OpenSource(cursor, 1, plain);
  const batch = new IoBatch(1);
  expect(source.next(0, batch)).toBe(SOURCE_READY);
  expect(source.next(0, batch)).toBe(SOURCE_END);
  expect(cursor.closed).toBe(true);
  expect(source.next(5, batch)).toBe(SOURCE_END);
});
