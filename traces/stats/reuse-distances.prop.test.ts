import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { exactSizeFrom } from './distance-counts.ts';
import { missRatios } from './miss-ratio-curve.ts';
import { ReuseDistances } from './reuse-distances.ts';
import { SampledReuse } from './sampled-reuse.ts';
import { StackPositions } from './stack-positions.ts';

interface Access {
  readonly disk: number;
  readonly op: number;
  readonly block: number;
  readonly blocks: number;
}

const access = (span: number): fc.Arbitrary<Access> =>
  fc.record({
    disk: fc.nat({ max: 1 }),
    op: fc.constantFrom(OP_READ, OP_WRITE),
    block: fc.oneof(fc.nat({ max: span }), fc.constantFrom(0, 15, 16, 2 ** 40)),
    blocks: fc.integer({ min: 1, max: 40 }),
  });

/** Misses of an LRU cache, by a list: reads, then all. */
function lruMisses(accesses: readonly Access[], size: number): [reads: number, all: number] {
  const cache: string[] = [];
  let reads = 0;
  let all = 0;
  for (const { disk, op, block, blocks } of accesses) {
    for (let b = block; b < block + blocks; b++) {
      const key = `${disk} ${b}`;
      const at = cache.indexOf(key);
      if (at >= 0) cache.splice(at, 1);
      else {
        all++;
        if (op === OP_READ) reads++;
        if (cache.length === size) cache.shift();
      }
      cache.push(key);
    }
  }
  return [reads, all];
}

function run(accesses: readonly Access[], pagesMax?: number): ReuseDistances {
  const reuse = new ReuseDistances(pagesMax);
  for (const { disk, op, block, blocks } of accesses) reuse.touch(disk, op, block * 4096, blocks * 4096);
  return reuse;
}

describe('exact miss ratios', () => {
  it('are those of an LRU cache of that size, simulated with a list', () => {
    const size = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(fc.array(access(120), { minLength: 1, maxLength: 60 }), size, (accesses, asked) => {
        const reuse = run(accesses);
        const blocks = exactSizeFrom(asked);
        const [reads, all] = lruMisses(accesses, blocks);
        expect(reuse.all.missRatios([blocks])[0]).toBeCloseTo(all / reuse.all.total, 12);
        if (reuse.blocksRead > 0)
          expect(reuse.reads.missRatios([blocks])[0]).toBeCloseTo(reads / reuse.blocksRead, 12);
      }),
      { numRuns: 150 },
    );
  });

  it('never rise with the size, and end at the share of first touches', () => {
    fc.assert(
      fc.property(fc.array(access(4000), { minLength: 1, maxLength: 200 }), (accesses) => {
        const reuse = run(accesses);
        const sampled = new SampledReuse();
        const { exact } = missRatios(reuse.blocks, reuse, sampled);
        const { all } = exact!;
        for (const [i, ratio] of all.entries()) if (i > 0) expect(ratio).toBeLessThanOrEqual(all[i - 1]!);
        expect(all[all.length - 1]).toBeCloseTo(reuse.blocks / reuse.all.total, 12);
      }),
    );
  });

  it('stay right through renumbering of a stack that is many times as high as its start', () => {
    const random = new RandomStream(7, 'accesses');
    const accesses = Array.from({ length: 30_000 }, () => ({
      disk: 0,
      op: OP_READ,
      block: random.nextBelow(30_000),
      blocks: 1,
    }));
    const last = new Map<number, number>();
    let cold = 0;
    for (const { block } of accesses) {
      if (!last.has(block)) cold++;
      last.set(block, 1);
    }
    const reuse = run([...accesses, ...accesses]);
    expect(reuse.blocks).toBe(cold);
    // Uniform draws over N blocks are the independent reference model: a cache of c of them hits c / N of the time.
    const [half] = reuse.all.missRatios([exactSizeFrom(cold / 2)]);
    const warm = (60_000 * half! - cold) / (60_000 - cold);
    expect(warm).toBeGreaterThan(0.4);
    expect(warm).toBeLessThan(0.6);
  });

  it('are given up beyond the pages that may be followed', () => {
    const lone = (n: number): Access => ({ disk: 0, op: OP_READ, block: n * 16, blocks: 1 });
    expect(run([0, 1, 2].map(lone), 3).followed).toBe(true);
    expect(run([0, 1, 2, 3, 0].map(lone), 3).followed).toBe(false);
  });
});

it('the working set and the kinds of blocks are those of sets', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ access: access(100), begins: fc.boolean() }), { minLength: 1, maxLength: 120 }),
      (steps) => {
        const reuse = new ReuseDistances();
        let within = new Set<string>();
        const kinds = new Map<string, number>();
        const lastWritten = new Set<string>();
        let readsOfWritten = 0;
        for (const { access: one, begins } of steps) {
          if (begins) {
            reuse.beginInterval();
            within = new Set();
          }
          const { disk, op, block, blocks } = one;
          reuse.touch(disk, op, block * 4096, blocks * 4096);
          for (let b = block; b < block + blocks; b++) {
            const key = `${disk} ${b}`;
            within.add(key);
            kinds.set(key, (kinds.get(key) ?? 0) | (op === OP_READ ? 1 : 2));
            if (op === OP_READ && lastWritten.has(key)) readsOfWritten++;
            if (op === OP_READ) lastWritten.delete(key);
            else lastWritten.add(key);
          }
          expect(reuse.workingSet).toBe(within.size);
        }
        const count = (kind: number): number => [...kinds.values()].filter((value) => value === kind).length;
        expect(reuse.kinds()).toEqual({
          readOnlyBlocks: count(1),
          writtenOnlyBlocks: count(2),
          bothBlocks: count(3),
        });
        expect(reuse.readsOfWritten).toBe(readsOfWritten);
        const ofDisk = (disk: number): number =>
          [...kinds.keys()].filter((key) => key.startsWith(`${disk} `)).length;
        expect([...reuse.blocksByDisk(2)]).toEqual([ofDisk(0), ofDisk(1)]);
      },
    ),
    { numRuns: 80 },
  );
});

describe('sampled miss ratios', () => {
  it('are the exact ones while the sample holds every block', () => {
    fc.assert(
      fc.property(fc.array(access(300), { minLength: 1, maxLength: 100 }), (accesses) => {
        const sampled = new SampledReuse();
        for (const { disk, op, block, blocks } of accesses)
          sampled.touch(disk, op, block * 4096, blocks * 4096);
        sampled.finish();
        const ratios = missRatios(300, run(accesses), sampled);
        expect(ratios.sampled.rate).toBe(1);
        expect(ratios.difference!.max).toBeLessThan(1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('are within two points of the exact ones for a skewed load of 400,000 blocks', () => {
    const random = new RandomStream(3, 'accesses');
    const reuse = new ReuseDistances();
    const sampled = new SampledReuse();
    for (let i = 0; i < 600_000; i++) {
      const skewed = random.nextFraction() * random.nextFraction() * random.nextFraction();
      const offset = Math.floor(skewed * 400_000) * 4096;
      reuse.touch(0, OP_READ, offset, 4096);
      sampled.touch(0, OP_READ, offset, 4096);
    }
    sampled.finish();
    const { difference, sampled: curve } = missRatios(reuse.blocks, reuse, sampled);
    expect(curve.rate).toBeLessThan(0.1);
    expect(difference!.mean).toBeLessThan(0.01);
    expect(difference!.max).toBeLessThan(0.02);
  });
});

it('a stack by positions has the depths of a stack by a list', () => {
  const step = fc.record({ push: fc.integer({ min: 0, max: 70 }), remove: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
      const stack = new StackPositions(1024);
      /** Positions from the bottom to the top. */
      let list: number[] = [];
      for (const { push, remove } of steps) {
        if (!stack.hasRoom(push)) {
          stack.compact((newPosition) => {
            list = list.map(newPosition);
          });
          expect(list).toEqual(list.map((_, i) => i));
        }
        const first = stack.push(push);
        for (let i = 0; i < push; i++) list.push(first + i);
        if (list.length > 0) {
          const [position] = list.splice(remove % list.length, 1);
          stack.remove(position!, 1);
        }
        expect(stack.live).toBe(list.length);
        for (const at of new Set([0, Math.floor(list.length / 2), list.length - 1])) {
          if (at < 0 || at >= list.length) continue;
          expect(stack.above(list[at]!)).toBe(list.length - 1 - at);
          expect(stack.atDepth(list.length - 1 - at)).toBe(list[at]);
        }
      }
    }),
  );
});
