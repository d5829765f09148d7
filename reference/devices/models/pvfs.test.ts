import { describe, expect, it } from 'vitest';
import { DEVICE_FLUSH, DEVICE_READ, DEVICE_WRITE } from '../api.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { parseServiceTime } from '../service-time.ts';
import { driveDevice, latencies } from '../testing/drive.ts';
import { meanResponse } from '../theory/batch-means.ts';
import { runOpenLoop } from '../theory/device-loop.ts';
import { mg1 } from '../theory/queueing.ts';

const KIB = 1024;
/** Nothing but what a test adds. */
const BARE = {
  nodes: 4,
  copies: 2,
  stripe: '64KiB',
  network: '100us',
  nodeBandwidth: 'unlimited',
  processor: 0,
  memory: '20us',
  hitRate: 0,
  writeBuffer: 0,
  disks: 1,
  diskRead: '5ms',
  diskWrite: '6ms',
  diskBandwidth: 'unlimited',
};

/** Mean response of random 8 KiB requests, in ms. */
async function meanMs(
  overrides: Record<string, unknown>,
  perSecond: number,
  reads = 0.7,
  count = 60_000,
): Promise<number> {
  const loaded = await loadDevice('pvfs', '.');
  const { parameters } = resolveParameters(loaded, { overrides: { ...BARE, ...overrides } });
  const interval = parseServiceTime({
    distribution: 'exponential',
    mean: `${Math.round(1e9 / perSecond)}ns`,
  });
  const requests = [
    { operation: DEVICE_READ, bytes: 8 * KIB, spanBytes: 2 ** 34, share: reads },
    { operation: DEVICE_WRITE, bytes: 8 * KIB, spanBytes: 2 ** 34, share: 1 - reads },
  ].filter(({ share }) => share > 0);
  const result = runOpenLoop({ model: loaded.model, parameters, seed: 1, requests, count }, interval);
  return result.meanResponseNs / 1e6;
}

describe('pvfs', () => {
  it('takes memory for a hit, the disk for a miss, and the slower copy for a write that goes through', async () => {
    const hit = await driveDevice('pvfs', { ...BARE, hitRate: 1 });
    hit.submit({ operation: DEVICE_READ, bytes: 8 * KIB });
    hit.run();
    expect(latencies(hit)).toEqual([120_000]);
    const miss = await driveDevice('pvfs', BARE);
    miss.submit({ operation: DEVICE_READ, bytes: 8 * KIB });
    miss.at(1e9, () => miss.submit({ operation: DEVICE_WRITE, bytes: 8 * KIB }));
    miss.at(2e9, () => miss.submit({ operation: DEVICE_FLUSH }));
    miss.run();
    expect(latencies(miss)).toEqual([5_100_000, 6_100_000, 100_000]);
    expect(miss.device.statistics()).toMatchObject({ pieces: 3, throughWrites: 2, busyNs: 17e6, servers: 4 });
  });

  it('takes memory for a write that finds room, and the disk once the buffer is full', async () => {
    const driver = await driveDevice('pvfs', { ...BARE, writeBuffer: '32KiB' });
    for (let i = 0; i < 6; i++) driver.submit({ operation: DEVICE_WRITE, bytes: 8 * KIB });
    // One write has reached the disk and left its room.
    driver.at(6e6, () => driver.submit({ operation: DEVICE_WRITE, bytes: 8 * KIB }));
    driver.run();
    expect(latencies(driver).map((each) => each / 1e6)).toEqual([0.12, 0.12, 0.12, 0.12, 30.1, 36.1, 0.12]);
  });

  it('spreads a long request over nodes and waits for the slowest', async () => {
    const driver = await driveDevice('pvfs', { ...BARE, copies: 1 });
    driver.submit({ operation: DEVICE_READ, bytes: 5 * 64 * KIB });
    driver.run();
    // Five stripes on four nodes: one node has two.
    expect(latencies(driver)).toEqual([10_100_000]);
  });

  it('reads as M/G/1 on every node says, mirrored or not', async () => {
    const loaded = await loadDevice('pvfs', '.');
    const service = { distribution: 'exponential', mean: '5ms' };
    for (const copies of [1, 2]) {
      const overrides = { ...BARE, copies, hitRate: 0.25, diskRead: service };
      const { parameters } = resolveParameters(loaded, { overrides });
      // 0.7 of what four disks can do.
      const perSecond = (0.7 * 4 * 200) / 0.75;
      const interval = parseServiceTime({
        distribution: 'exponential',
        mean: `${Math.round(1e9 / perSecond)}ns`,
      });
      const requests = [{ operation: DEVICE_READ, bytes: 8 * KIB, spanBytes: 2 ** 34, share: 1 }];
      const { batches } = runOpenLoop(
        { model: loaded.model, parameters, seed: 5, requests, count: 4_000_000 },
        interval,
      );
      const disk = mg1(0.7 / 5e6, parseServiceTime(service)).meanResponseNs;
      const wanted = 100_000 + 0.25 * 20_000 + 0.75 * disk;
      const { mean } = meanResponse(batches, interval.meanNs, 0.75 * 5e6);
      expect(Math.abs(mean / wanted - 1)).toBeLessThan(0.01);
    }
  });

  it('answers sooner with a higher hit rate, as much as the disks are relieved', async () => {
    const means = [];
    for (const hitRate of [0, 0.2, 0.4, 0.6, 0.8]) means.push(await meanMs({ hitRate }, 300));
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(means[0]! / means[4]!).toBeGreaterThan(2);
  });

  it('answers sooner with a larger write buffer, until all writes find room', async () => {
    const means = [];
    for (const writeBuffer of [0, '16KiB', '64KiB', '256KiB', '1MiB', '64MiB'])
      means.push(await meanMs({ writeBuffer, diskWrite: { distribution: 'exponential', mean: '6ms' } }, 350));
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(means[5]! / means[0]!).toBeLessThan(0.8);
  });

  it('answers sooner with more nodes', async () => {
    const means = [];
    for (const nodes of [3, 4, 6, 8, 16]) means.push(await meanMs({ nodes }, 300));
    expect(means).toEqual([...means].sort((a, b) => b - a));
  });

  it('answers later the more arrives, without bound towards saturation', async () => {
    const means = [];
    for (const perSecond of [50, 200, 350, 450, 520]) means.push(await meanMs({}, perSecond));
    expect(means).toEqual([...means].sort((a, b) => a - b));
    expect(means[4]! / means[0]!).toBeGreaterThan(3);
  });
});
