/** Sanity of the whole: what anybody who knows the parts would say before running it. */
import { expect, test } from 'vitest';
import link from '../devices/models/link.ts';
import { OP_WRITE } from '../kernel/io.ts';
import { deviceOf, ListSource, type PlainScenario, plainScenario } from './plain-scenario.ts';
import { type ClusterResult, ClusterRun } from './run-cluster.ts';

const BYTES = 65536;
/** Header of a record and control messages, fvp's defaults. */
const HEADER_BYTES = 64;

/** Writes of different blocks, all at once: whatever is slowest sets the pace. */
function writeBurst(
  mode: 'write-back' | 'write-back+1' | 'write-back+2',
  writes: number,
  plain: PlainScenario,
) {
  const ios = Array.from({ length: writes }, (_, i) => ({
    atNs: 0,
    op: OP_WRITE,
    offset: i * BYTES,
    bytes: BYTES,
  }));
  const source = new ListSource(ios);
  const cluster = new ClusterRun(plainScenario(plain), [{ source }], { mode, seed: 1 });
  while (cluster.advance(1e6));
  return { result: cluster.result(), lastNs: Math.max(...source.completedNs) };
}

test('at saturation of one egress two replicas give half the throughput of one', () => {
  const writes = 4000;
  const plain = {
    link: deviceOf(link, { latency: '15us', bandwidth: '100MB/s', overhead: '0' }),
    // Write-back is not left, although the datastore would be faster than this network.
    fvp: { degrade: { aboveNs: 10e9, factor: 2 } },
  };
  const perSecond = (mode: 'write-back+1' | 'write-back+2'): number =>
    (writes * BYTES * 1e9) / writeBurst(mode, writes, plain).lastNs;
  const one = perSecond('write-back+1');
  const two = perSecond('write-back+2');
  // What the egress carries, less headers.
  const egress = (100e6 * BYTES) / (BYTES + HEADER_BYTES);
  expect(one / egress).toBeGreaterThan(0.98);
  expect(one / egress).toBeLessThanOrEqual(1);
  expect(two / one).toBeGreaterThan(0.49);
  expect(two / one).toBeLessThan(0.51);
});

test.each([0, 2 ** 20, 2 ** 40])(
  'destages read from flash what a write buffer of %i bytes cannot hold',
  (bufferBytes) => {
    const destage = { batchRecords: 64, batchBytes: 4 * 2 ** 20, joinBytes: 0, bufferBytes };
    const writes = 2000;
    const { result } = writeBurst('write-back', writes, { fvp: { destage } });
    const { destagedBytes, readBytes } = bytesOf(result);
    expect(destagedBytes).toBe(writes * BYTES);
    // The buffer's worth that is oldest when the backlog begins, and its worth that is newest when it ends.
    expect(readBytes).toBeGreaterThanOrEqual(destagedBytes - 2 * bufferBytes);
    expect(readBytes).toBeLessThanOrEqual(destagedBytes - Math.min(bufferBytes, destagedBytes));
  },
);

function bytesOf({ counters }: ClusterResult): {
  readonly destagedBytes: number;
  readonly readBytes: number;
} {
  return { destagedBytes: counters.fvp.destagedBytes, readBytes: counters.flash.readBytes };
}
