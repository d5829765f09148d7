import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { ClosedSource } from './closed-source.ts';
import { DependentSource } from './dependent-source.ts';
import { memoryRows, type PlayedRow, play } from './memory-rows.ts';
import { OpenSource } from './open-source.ts';

/** Rows with gaps and latencies of the same order, so that they overlap in all ways, ties among them. */
const trace = fc
  .array(
    fc.record({
      gapNs: fc.integer({ min: 0, max: 12 }),
      latencyNs: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 8, nil: undefined }),
      replayedNs: fc.integer({ min: 0, max: 60 }),
      pid: fc.integer({ min: -1, max: 3 }),
      op: fc.constantFrom(OP_READ, OP_WRITE, OP_WRITE, OP_FLUSH, OP_DISCARD),
      disk: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 60 },
  )
  .map((rows) => {
    let timeNs = 0;
    return rows.map(({ gapNs, latencyNs, ...row }) => {
      timeNs += gapNs;
      return { ...row, timeNs, ...(latencyNs === undefined ? {} : { latencyNs }) };
    });
  });

const blockRows = fc.integer({ min: 1, max: 9 });
const batchRows = fc.integer({ min: 1, max: 9 });
const timings = fc.record({
  speed: fc.constantFrom(0.5, 1, 1, 3),
  startNs: fc.integer({ min: 0, max: 50 }),
  durationNs: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
});

test('an open source hands out each row before the end once, in order, at its own time', () => {
  fc.assert(
    fc.property(trace, timings, blockRows, batchRows, (rows, timing, block, batch) => {
      const source = new OpenSource(memoryRows(rows, block), 2, timing);
      const played = play(source, (row) => rows[row]!.replayedNs, batch);
      const expected = rows
        .map((row, i) => ({ row: i, arrivalNs: timing.startNs + Math.floor(row.timeNs / timing.speed) }))
        .filter(({ arrivalNs }) => arrivalNs < (timing.durationNs ?? Number.POSITIVE_INFINITY));
      expect(played.map(({ row, arrivalNs }) => ({ row, arrivalNs }))).toEqual(expected);
    }),
  );
});

test('a closed source hands out each row once, in order, and keeps the depth', () => {
  fc.assert(
    fc.property(
      trace,
      fc.integer({ min: 1, max: 8 }),
      blockRows,
      batchRows,
      (rows, iodepth, block, batch) => {
        const timing = { speed: 1, startNs: 0, durationNs: undefined };
        const source = new ClosedSource(memoryRows(rows, block), 2, iodepth, timing);
        // Latencies above 0, so that depth at an instant is well defined.
        const played = play(source, (row) => rows[row]!.replayedNs + 1, batch);
        expect(played.map((row) => row.row)).toEqual(rows.map((_, i) => i));
        for (const [i, { arrivalNs }] of played.entries()) {
          const outstanding = played.slice(0, i).filter((other) => other.completedNs > arrivalNs).length;
          expect(outstanding).toBeLessThan(iodepth);
          if (arrivalNs > 0) expect(played.some((other) => other.completedNs === arrivalNs)).toBe(true);
        }
      },
    ),
  );
});

interface Row {
  readonly timeNs: number;
  readonly latencyNs?: number;
  readonly pid: number;
  readonly op: number;
  readonly disk: number;
}

/** The arrival of row i by the definition of dependent replay, from the arrivals and completions that were seen. */
function arrivalByDefinition(
  rows: readonly Row[],
  byRow: ReadonlyMap<number, PlayedRow>,
  i: number,
  speed: number,
  startNs: number,
  driftNs: number,
): number {
  const row = rows[i]!;
  const recordedNs = (j: number) => rows[j]!.timeNs + (rows[j]!.latencyNs ?? Number.POSITIVE_INFINITY);
  const before = [...rows.keys()].slice(0, i).filter((j) => recordedNs(j) <= row.timeNs);
  const predecessors = before.filter((j) => rows[j]!.pid === row.pid);
  const covered =
    row.op === OP_FLUSH ? before.filter((j) => rows[j]!.op === OP_WRITE && rows[j]!.disk === row.disk) : [];
  const thoughtNs =
    predecessors.length === 0
      ? startNs + Math.floor(row.timeNs / speed)
      : Math.max(...predecessors.map((j) => byRow.get(j)!.completedNs)) +
        Math.floor((row.timeNs - Math.max(...predecessors.map(recordedNs))) / speed);
  const drifting = before.filter((j) => recordedNs(j) <= row.timeNs - driftNs);
  const own = [...rows.keys()].slice(0, i).filter((j) => rows[j]!.pid === row.pid);
  return Math.max(
    thoughtNs,
    ...own.map((j) => byRow.get(j)!.arrivalNs),
    ...covered.map((j) => byRow.get(j)!.completedNs),
    ...drifting.map((j) => byRow.get(j)!.completedNs),
  );
}

/** Far below and far above the length of the traces. */
const drifts = fc.constantFrom(1, 10, 50, 1e9);

test('a dependent source hands out each row once, at the time its definition says', () => {
  fc.assert(
    fc.property(
      trace,
      timings,
      blockRows,
      batchRows,
      drifts,
      (rows, { speed, startNs }, block, batch, driftNs) => {
        const timing = { speed, startNs, durationNs: undefined };
        const source = new DependentSource(memoryRows(rows, block), 2, timing, { driftNs });
        const played = play(source, (row) => rows[row]!.replayedNs, batch);
        expect(played.length).toBe(rows.length);
        expect(source.heldRows).toBe(0);
        const byRow = new Map(played.map((row) => [row.row, row]));
        expect(byRow.size).toBe(rows.length);
        for (let i = 1; i < played.length; i++) {
          expect(played[i]!.arrivalNs).toBeGreaterThanOrEqual(played[i - 1]!.arrivalNs);
        }
        for (const i of rows.keys()) {
          expect(byRow.get(i)!.arrivalNs, `row ${i}`).toBe(
            arrivalByDefinition(rows, byRow, i, speed, startNs, driftNs),
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a small window loses and repeats nothing and makes rows late, never early', () => {
  fc.assert(
    fc.property(
      trace,
      fc.integer({ min: 1, max: 5 }),
      batchRows,
      drifts,
      (rows, windowRows, batch, driftNs) => {
        const timing = { speed: 1, startNs: 0, durationNs: undefined };
        const source = new DependentSource(memoryRows(rows), 2, timing, { windowRows, driftNs });
        const played = play(source, (row) => rows[row]!.replayedNs, batch);
        expect(played.length).toBe(rows.length);
        const byRow = new Map(played.map((row) => [row.row, row]));
        let late = 0;
        for (const i of rows.keys()) {
          const expected = arrivalByDefinition(rows, byRow, i, 1, 0, driftNs);
          expect(byRow.get(i)!.arrivalNs).toBeGreaterThanOrEqual(expected);
          if (byRow.get(i)!.arrivalNs > expected) late++;
        }
        expect(source.heldRows).toBeGreaterThanOrEqual(late);
      },
    ),
    { numRuns: 500 },
  );
});

test('devices with the recorded latencies give the recorded times', () => {
  fc.assert(
    fc.property(trace, batchRows, (rows, batch) => {
      const known = rows.map((row) => ({ ...row, latencyNs: row.latencyNs ?? 3 }));
      const timing = { speed: 1, startNs: 17, durationNs: undefined };
      const played = play(
        new DependentSource(memoryRows(known), 2, timing),
        (row) => known[row]!.latencyNs,
        batch,
      );
      expect(played.every((row) => row.arrivalNs === known[row.row]!.timeNs + 17)).toBe(true);
    }),
  );
});

test('a dependent load that ends early is the beginning of the whole load', () => {
  fc.assert(
    fc.property(trace, fc.integer({ min: 1, max: 300 }), (rows, durationNs) => {
      const run = (limitNs: number | undefined) =>
        play(
          new DependentSource(memoryRows(rows), 2, { speed: 1, startNs: 0, durationNs: limitNs }),
          (row) => rows[row]!.replayedNs,
        );
      expect(run(durationNs)).toEqual(run(undefined).filter((row) => row.arrivalNs < durationNs));
    }),
  );
});
