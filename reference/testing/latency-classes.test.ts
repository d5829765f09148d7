import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../cluster/faults/cluster-event.ts';
import { FLASH_NS, ListSource, type PlainIo, plainScenario, SAN_NS } from '../cluster/plain-scenario.ts';
import { ClusterRun } from '../cluster/run-cluster.ts';
import type { ModeName } from '../fvp/mode.ts';
import { OP_READ, OP_WRITE } from '../kernel/io.ts';

const SECOND = 1e9;
const BLOCK_BYTES = 4096;
const BLOCKS = 512;

/** 200 reads and writes a second, two reads to a write, over blocks that fit in flash. */
function load(seconds: number): PlainIo[] {
  return Array.from({ length: seconds * 200 }, (_, i) => ({
    atNs: 1e6 + i * 5e6,
    op: i % 3 === 0 ? OP_WRITE : OP_READ,
    offset: ((i * 37) % BLOCKS) * BLOCK_BYTES,
    bytes: BLOCK_BYTES,
  }));
}

function runWith(mode: ModeName, seconds: number, ...events: readonly ClusterEvent[]) {
  const ios = load(seconds);
  const source = new ListSource(ios);
  const run = new ClusterRun(plainScenario({ hosts: 4 }), [{ source }], {
    mode,
    seed: 1,
    expectedNs: seconds * SECOND,
    faults: { events },
  });
  while (run.advance(10_000));
  const medianNs = (op: number, fromS: number, untilS: number) => {
    const waits = ios
      .map((io, i) => ({ ...io, ns: source.completedNs[i]! - io.atNs }))
      .filter((io) => io.op === op && io.atNs >= fromS * SECOND && io.atNs < untilS * SECOND)
      .map(({ ns }) => ns)
      .sort((a, b) => a - b);
    return waits[waits.length >> 1]!;
  };
  const degraded = run.historySoFar.filter(({ event }) => event === 'degraded');
  return { run, medianNs, degraded: [...new Set(degraded.map(({ host, detail }) => `${host}: ${detail}`))] };
}

const slow = (host: number, factor: number, atS: number, forS: number): ClusterEvent => ({
  atNs: atS * SECOND,
  kind: 'slow',
  device: { flashOf: host },
  factor,
  forNs: forS * SECOND,
});

describe('degraded service by latency class', () => {
  it.each(['write-through', 'write-back+1'] as const)(
    'a flash that has become slow is left alone until it is well, in %s',
    (mode) => {
      const { medianNs, degraded } = runWith(mode, 60, slow(0, 500, 10, 15));
      expect(medianNs(OP_READ, 5, 10)).toBe(FLASH_NS);
      expect(medianNs(OP_READ, 11, 25)).toBe(SAN_NS);
      expect(medianNs(OP_WRITE, 11, 25)).toBe(SAN_NS);
      expect(medianNs(OP_READ, 50, 60)).toBe(FLASH_NS);
      expect(medianNs(OP_WRITE, 50, 60)).toBe(medianNs(OP_WRITE, 5, 10));
      expect(degraded).toEqual(['esx1: local reads', 'esx1: VM writes', 'esx1: populates']);
    },
  );

  it('a slow former host costs remote reads and nothing else', () => {
    const { medianNs, degraded } = runWith(
      'write-back+1',
      20,
      { atNs: 10 * SECOND, kind: 'migrate', vm: 0, to: 3 },
      slow(0, 1000, 10, 10),
    );
    expect(degraded).toEqual(['esx4: remote reads']);
    expect(medianNs(OP_WRITE, 12, 20)).toBe(medianNs(OP_WRITE, 5, 10));
  });

  it('a flash that is slow, but not slower than the datastore, is used on', () => {
    const { degraded } = runWith('write-through', 10, slow(0, 20, 2, 8));
    expect(degraded).toEqual([]);
  });

  it('a holder that is slow, but answers, is replaced', () => {
    const { run, medianNs } = runWith('write-back+1', 20, slow(1, 3000, 10, 10));
    expect(medianNs(OP_WRITE, 12, 20)).toBe(medianNs(OP_WRITE, 5, 10));
    expect(run.historySoFar.map(({ state }) => state)).toContain('WB_RESYNC');
  });
});
