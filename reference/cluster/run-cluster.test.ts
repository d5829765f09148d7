import { describe, expect, it } from 'vitest';
import type { ModeName } from '../fvp/mode.ts';
import { MODE_NAMES } from '../fvp/mode.ts';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../kernel/io.ts';
import { ClusterRun } from './run-cluster.ts';
import {
  FLASH_FLUSH_NS,
  FLASH_NS,
  ListSource,
  type PlainIo,
  type PlainScenario,
  plainScenario,
  SAN_FLUSH_NS,
  SAN_NS,
} from './testing/plain-scenario.ts';

const LATENCY_NS = 15_000;
const HEADER_BYTES = 64;
const ACK_BYTES = 64;

/** Serialisation at 1 GB/s: one byte a nanosecond. */
const wireNs = (bytes: number) => bytes;

function run(mode: ModeName, ios: readonly PlainIo[], plain: PlainScenario = {}) {
  const scenario = plainScenario(plain);
  const sources = scenario.vms.map(() => new ListSource(ios));
  const cluster = new ClusterRun(
    scenario,
    sources.map((source) => ({ source })),
    { mode, seed: 1 },
  );
  while (cluster.advance(1000));
  const latencies = sources.map((source) => ios.map((io, i) => source.completedNs[i]! - io.atNs));
  return { cluster, result: cluster.result(), latencies: latencies[0]!, sources };
}

/** Far enough apart that every device is idle, the destager included. */
const apart = (n: number) => n * 50_000_000;

describe('with idle devices of fixed latency', () => {
  const writeNs: Record<ModeName, (bytes: number) => number> = {
    none: () => SAN_NS,
    'write-through': () => SAN_NS,
    'write-back': () => FLASH_NS,
    'write-back+1': (bytes) => Math.max(FLASH_NS, replicaNs(1, bytes)),
    'write-back+2': (bytes) => Math.max(FLASH_NS, replicaNs(1, bytes), replicaNs(2, bytes)),
  };
  const replicaNs = (i: number, bytes: number) =>
    i * wireNs(bytes + HEADER_BYTES) + LATENCY_NS + FLASH_NS + wireNs(ACK_BYTES) + LATENCY_NS;

  it.each(MODE_NAMES)('a write takes what the formula of %s says, to the nanosecond', (mode) => {
    const sizes = [512, 4096, 8192, 65536, 12288];
    const ios = sizes.map((bytes, i) => ({ atNs: apart(i), op: OP_WRITE, offset: i * 2 ** 20, bytes }));
    const { latencies } = run(mode, ios);
    expect(latencies).toEqual(sizes.map((bytes) => writeNs[mode](bytes)));
  });

  it.each(MODE_NAMES)('a read takes the SAN’s time at the first touch and flash’s at the second, in %s', (mode) => {
    const hitNs = mode === 'none' ? SAN_NS : FLASH_NS;
    const ios = [
      { atNs: apart(0), op: OP_READ, offset: 0, bytes: 8192 },
      { atNs: apart(1), op: OP_READ, offset: 0, bytes: 8192 },
      { atNs: apart(2), op: OP_WRITE, offset: 2 ** 20, bytes: 8192 },
      { atNs: apart(3), op: OP_READ, offset: 2 ** 20, bytes: 8192 },
      { atNs: apart(4), op: OP_READ, offset: 2 ** 20 + 4096, bytes: 8192 },
    ];
    const { latencies } = run(mode, ios);
    expect([latencies[0], latencies[1], latencies[3], latencies[4]]).toEqual([SAN_NS, hitNs, hitNs, SAN_NS]);
  });

  it.each(MODE_NAMES)('a flush takes one flush of the SAN, or of local flash while writes go to the log, in %s', (mode) => {
    const { latencies } = run(mode, [
      { atNs: 0, op: OP_WRITE, offset: 0, bytes: 4096 },
      { atNs: apart(1), op: OP_FLUSH },
    ]);
    expect(latencies[1]).toBe(mode.startsWith('write-back') ? FLASH_FLUSH_NS : SAN_FLUSH_NS);
  });
});

describe('a run', () => {
  it.each(MODE_NAMES)('completes every I/O exactly once and leaves nothing behind, in %s', (mode) => {
    const ios: PlainIo[] = [];
    for (let i = 0; i < 5000; i++) {
      const op = i % 3 === 0 ? OP_READ : i % 17 === 0 ? OP_FLUSH : OP_WRITE;
      const bytes = op === OP_FLUSH ? 0 : 512 * (1 + ((i * 7) % 64));
      ios.push({ atNs: i * 20_000, op, offset: op === OP_FLUSH ? 0 : ((i * 7919) % 4096) * 512, bytes });
    }
    const { cluster, result, sources } = run(mode, ios, { vms: [0, 1, 2] });
    expect(sources.map((source) => source.completions)).toEqual([5000, 5000, 5000]);
    expect(result.failed).toBe(0);
    for (const { state } of cluster.runtime.fvpHosts) {
      expect(state.dirtyBytes).toBe(0);
      expect(state.reservedBuckets).toBe(0);
      expect(state.buckets.pinnedBuckets).toBe(0);
    }
  });
});
