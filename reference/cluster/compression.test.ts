/** Adaptive compression of the replication stream: what it costs, what it saves, and when it is used. */
import { expect, test } from 'vitest';
import link from '../devices/models/link.ts';
import { DEFAULT_FVP_OPTIONS } from '../fvp/options.ts';
import { OP_WRITE } from '../kernel/io.ts';
import { deviceOf, ListSource, plainScenario } from './plain-scenario.ts';
import { type ClusterResult, ClusterRun } from './run-cluster.ts';

const BYTES = 32768;
const WRITES = 4000;
const RATE = 400e6;
const HEADER_BYTES = DEFAULT_FVP_OPTIONS.recordHeaderBytes;

/** Writes of different blocks, 2 ms apart, each alone, with one replica over a link of this bandwidth. */
function writesOver(bandwidth: string, compressed: boolean, gapNs = 2e6) {
  const ios = Array.from({ length: WRITES }, (_, i) => ({
    atNs: i * gapNs,
    op: OP_WRITE,
    offset: i * BYTES,
    bytes: BYTES,
  }));
  const source = new ListSource(ios);
  const compression = compressed ? { share: 0.5, bytesPerSecond: RATE } : null;
  const scenario = plainScenario({
    link: deviceOf(link, { latency: '15us', bandwidth, overhead: '0' }),
    fvp: {
      degrade: { aboveNs: 10e9, factor: 2 },
      replication: { ...DEFAULT_FVP_OPTIONS.replication, compression },
    },
  });
  const cluster = new ClusterRun(scenario, [{ source }], { mode: 'write-back+1', seed: 1 });
  while (cluster.advance(1e6));
  const latenciesNs = Array.from(source.completedNs, (ns, i) => ns - i * gapNs);
  return { result: cluster.result(), latenciesNs };
}

const shareOf = ({ counters }: ClusterResult) => counters.fvp.compressedRecords / WRITES;
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

test('over a slow link nearly every record is compressed, and a write takes C + Tc instead of T', () => {
  const plain = writesOver('100MB/s', false);
  const { result, latenciesNs } = writesOver('100MB/s', true);
  expect(plain.result.counters.fvp.compressedRecords).toBe(0);
  expect(shareOf(result)).toBeGreaterThan(0.9);
  const transferNs = (bytes: number) => Math.ceil((bytes * 1e9) / 100e6);
  const compressingNs = (BYTES * 1e9) / RATE;
  const savedNs = transferNs(HEADER_BYTES + BYTES) - transferNs(HEADER_BYTES + BYTES / 2) - compressingNs;
  expect(median(plain.latenciesNs) - median(latenciesNs)).toBe(savedNs);
  expect(result.counters.fvp.compressingNs).toBe(result.counters.fvp.compressedRecords * compressingNs);
  expect(result.counters.network.bytes).toBeLessThan(0.6 * plain.result.counters.network.bytes);
});

test('over a fast link it is tried now and then, and not used', () => {
  const plain = writesOver('10GB/s', false);
  const { result, latenciesNs } = writesOver('10GB/s', true);
  expect(shareOf(result)).toBeGreaterThan(0.01);
  expect(shareOf(result)).toBeLessThan(0.1);
  expect(median(latenciesNs)).toBe(median(plain.latenciesNs));
});

test('a saturated link carries nearly twice as many writes', () => {
  const gapNs = 1000;
  const lastNs = (compressed: boolean) => Math.max(...writesOver('100MB/s', compressed, gapNs).latenciesNs);
  const gain = lastNs(false) / lastNs(true);
  expect(gain).toBeGreaterThan(1.5);
  expect(gain).toBeLessThan(2);
});
