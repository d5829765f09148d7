import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OP_FLUSH } from '../../reference/kernel/io.ts';
import { JoinedCompletions } from './joined-completions.ts';
import {
  createPlacedBlock,
  EVENT_COMPLETED,
  EVENT_REQUEUED,
  type PlacedBlock,
  type RowStage,
} from './placed-block.ts';

interface Event {
  readonly kind: 'issue' | 'complete' | 'requeue';
  readonly op: number;
  readonly place: number;
  readonly disk: number;
}

const CODE = { issue: 0, complete: EVENT_COMPLETED, requeue: EVENT_REQUEUED };

function feed(events: readonly Event[]): { latencies: string[]; unmatched: number; unfinished: number } {
  const latencies: string[] = [];
  const collector: RowStage = {
    accept: (block) => {
      for (let i = 0; i < block.length; i++) latencies.push(`${block.timeNs[i]} ${block.latencyNs[i]}`);
    },
    end: () => {},
  };
  const joined = new JoinedCompletions(collector);
  let block: PlacedBlock = createPlacedBlock();
  for (const [n, { kind, op, place, disk }] of events.entries()) {
    const i = block.length++;
    block.timeNs[i] = n;
    block.op[i] = CODE[kind] + op;
    block.offset[i] = op === OP_FLUSH ? 0 : place * 512;
    block.disk[i] = disk;
    block.latencyNs[i] = Number.NaN;
    if (block.length === 4096) {
      joined.accept(block);
      block = createPlacedBlock();
    }
  }
  joined.accept(block);
  joined.end();
  return { latencies, unmatched: joined.unmatched, unfinished: joined.unfinished };
}

/** The same by lists and maps, with no bound on what waits. */
function byHand(events: readonly Event[]): ReturnType<typeof feed> {
  const rows: { timeNs: number; latencyNs: number }[] = [];
  const waiting = new Map<string, { row: { timeNs: number; latencyNs: number }; givenBack: boolean }[]>();
  let unmatched = 0;
  for (const [n, { kind, op, place, disk }] of events.entries()) {
    const key = `${disk} ${op} ${op === OP_FLUSH ? 0 : place}`;
    const queue = waiting.get(key) ?? [];
    waiting.set(key, queue);
    if (kind === 'issue') {
      if (queue[0]?.givenBack === true) {
        queue[0].givenBack = false;
      } else {
        const row = { timeNs: n, latencyNs: Number.NaN };
        rows.push(row);
        queue.push({ row, givenBack: false });
      }
    } else if (kind === 'requeue') {
      if (queue[0] !== undefined) queue[0].givenBack = true;
    } else {
      const first = queue.shift();
      if (first === undefined) unmatched++;
      else first.row.latencyNs = n - first.row.timeNs;
    }
  }
  const unfinished = rows.filter((row) => Number.isNaN(row.latencyNs)).length;
  return { latencies: rows.map((row) => `${row.timeNs} ${row.latencyNs}`), unmatched, unfinished };
}

it('joins as lists and maps do', () => {
  const event = fc.record({
    kind: fc.constantFrom(
      'issue' as const,
      'issue' as const,
      'complete' as const,
      'complete' as const,
      'requeue' as const,
    ),
    op: fc.nat({ max: 3 }),
    place: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 2 ** 30 })),
    disk: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 100, maxLength: 400 }), (events) => {
      expect(feed(events)).toEqual(byHand(events));
    }),
    { numRuns: 200 },
  );
});

it('keeps its table whole through many keys that come and go', () => {
  let word = 1;
  const next = (bound: number): number => (word = (word * 48271) % 2147483647) % bound;
  const events: Event[] = Array.from({ length: 60_000 }, () => ({
    kind: next(2) === 0 ? 'issue' : 'complete',
    op: 1,
    place: next(3000),
    disk: 0,
  }));
  expect(feed(events)).toEqual(byHand(events));
});

it('lets go of I/Os that never complete, and counts them', () => {
  const events: Event[] = Array.from({ length: 200_000 }, (_, place) => ({
    kind: 'issue',
    op: 1,
    place,
    disk: 0,
  }));
  const { latencies, unfinished } = feed(events);
  expect(latencies.length).toBe(200_000);
  expect(unfinished).toBe(200_000);
});
