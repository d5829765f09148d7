/** What disturbs an array, or does not: destaging, failed spindles, rebuilding, others. */
import { describe, expect, it } from 'vitest';
import { hash2 } from '../../kernel/random.ts';
import { DEVICE_READ, DEVICE_WRITE } from '../api.ts';
import type { DeviceDriver } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { parseServiceTime } from '../service-time.ts';
import { closedLoopRate, driveDevice, latencies } from '../testing/drive.ts';
import { meanLatencyNs, poissonArrivals, relativeError } from '../testing/measures.ts';
import { meanResponse } from '../theory/batch-means.ts';
import { runOpenLoop } from '../theory/device-loop.ts';
import { mg1 } from '../theory/queueing.ts';

const KIB = 1024;
const GIB = 2 ** 30;
/** A miss takes 5 ms of a spindle and nothing else. */
const BARE = {
  path: 0,
  portBandwidth: 'unlimited',
  frontEnd: 0,
  frontEndServers: 4096,
  lunQueueDepth: 0,
  dram: 0,
  readCache: 0,
  writeCache: '64MiB',
  cacheLine: '8KiB',
  prefetch: 0,
  initialDirty: 0,
  spindles: 10,
  spindleRead: '5ms',
  spindleWrite: '5ms',
  spindleBandwidth: 'unlimited',
};
const place = (i: number) => (hash2(i, 99) % ((500 * GIB) / (8 * KIB))) * 8 * KIB;

/** Latencies of reads that miss, with writes that ask `share` of what the spindles can do. */
async function missesBeside(overrides: Record<string, unknown>): Promise<number[]> {
  const positioning = { distribution: 'uniform', min: '2ms', max: '8ms' };
  const driver = await driveDevice('array', {
    ...BARE,
    spindleRead: positioning,
    spindleWrite: positioning,
    lowWater: 0,
    highWater: '50%',
    ...overrides,
  });
  const reading = poissonArrivals(6000, 150, 1);
  // 10 spindles x 200 operations / penalty 4 are 500 writes per second; 80 % of that.
  const writing = poissonArrivals(16_000, 400, 2);
  for (const [i, atNs] of reading.entries())
    driver.at(atNs, () =>
      driver.submit({ operation: DEVICE_READ, address: place(i), bytes: 8 * KIB, key: i }),
    );
  for (const [i, atNs] of writing.entries())
    driver.at(atNs, () =>
      driver.submit({
        operation: DEVICE_WRITE,
        unit: 1,
        address: place(i + 1e6),
        bytes: 8 * KIB,
        key: i + 1e6,
      }),
    );
  driver.run();
  return driver.requests
    .filter((each) => each.operation === DEVICE_READ)
    .map((each) => each.completedNs - each.submittedNs);
}

const percentile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * p)]!;

describe('destaging at 80 % of what the array can do', () => {
  it('raises the p99 of misses, and destageShare 0 removes exactly that, read by read', async () => {
    // Nothing is destaged below a mark that is never reached.
    const without = await missesBeside({ lowWater: '100%', highWater: '100%', writeCache: '4GiB' });
    const shared = await missesBeside({ destageShare: '50%' });
    const yielding = await missesBeside({ destageShare: 0 });
    expect(percentile(shared, 0.99)).toBeGreaterThan(percentile(without, 0.99) + 3e6);
    expect(yielding).toEqual(without);
  });

  it('is put aside and not lost: with share 0 all comes to the spindles in the end', async () => {
    const driver = await driveDevice('array', { ...BARE, lowWater: 0, destageShare: 0 });
    for (let i = 0; i < 200; i++) {
      driver.at(i * 1e6, () =>
        driver.submit({ operation: DEVICE_WRITE, unit: 1, address: place(i), bytes: 8 * KIB }),
      );
      driver.at(i * 2e6, () =>
        driver.submit({ operation: DEVICE_READ, address: place(i + 1000), bytes: 8 * KIB }),
      );
    }
    driver.run();
    const { dirtyBytes, spindleOperations, busyNs } = driver.device.statistics();
    expect(dirtyBytes).toBe(0);
    expect(spindleOperations).toBe(200 + 4 * 200);
    expect(busyNs).toBe(5e6 * (200 + 4 * 200));
  });
});

/** Random reads per second of a full array. */
async function readRate(
  overrides: Record<string, unknown>,
  address = place,
  depth = 400,
): Promise<[number, DeviceDriver]> {
  const driver = await driveDevice('array', { ...BARE, ...overrides });
  const rate = closedLoopRate(driver, depth, 2e9, 12e9, (i) => ({
    operation: DEVICE_READ,
    address: address(i),
    bytes: 8 * KIB,
  }));
  return [rate, driver];
}

describe('a failed spindle', () => {
  const onFailed = (i: number) => (hash2(i, 3) % 100_000) * 10 * 64 * KIB;

  it('is read by way of the four others of a RAID 5 group, whose slowest counts', async () => {
    const driver = await driveDevice('array', { ...BARE, failedSpindles: 1, writePenalty: 4 });
    driver.submit({ operation: DEVICE_READ, address: 0, bytes: 8 * KIB });
    driver.at(1e9, () => driver.submit({ operation: DEVICE_READ, address: 64 * KIB, bytes: 8 * KIB }));
    driver.run();
    expect(latencies(driver)).toEqual([5e6, 5e6]);
    expect(driver.device.statistics().spindleOperations).toBe(5);
  });

  it('makes reads of its data as fast as four spindles are together, instead of one each', async () => {
    const [degraded] = await readRate({ failedSpindles: 1, writePenalty: 4 }, onFailed);
    expect(relativeError(degraded, 200)).toBeLessThan(0.02);
  });

  it('of a mirror is read from the other half', async () => {
    const [rate, driver] = await readRate({ failedSpindles: 1, writePenalty: 2 }, onFailed);
    expect(relativeError(rate, 200)).toBeLessThan(0.02);
    const { spindleOperations, reads } = driver.device.statistics();
    expect(spindleOperations).toBe(reads);
  });

  it('takes its part of the array’s throughput, and more for the reads in its stead', async () => {
    const [healthy] = await readRate({});
    const [degraded] = await readRate({ failedSpindles: 1 });
    expect(relativeError(healthy, 2000)).toBeLessThan(0.05);
    // A tenth of the reads costs four operations; the group of four is the bottleneck: 1 + 1 of 10 of the load each.
    expect(degraded).toBeLessThan(0.6 * healthy);
    expect(degraded).toBeGreaterThan(0.4 * healthy);
  });

  it('does not stop destaging, nor lose anything', async () => {
    for (const writePenalty of [2, 4, 6]) {
      const driver = await driveDevice('array', { ...BARE, failedSpindles: 1, writePenalty, lowWater: 0 });
      for (let i = 0; i < 500; i++)
        driver.at(i * 1e6, () =>
          driver.submit({ operation: DEVICE_WRITE, address: i * 64 * KIB, bytes: 64 * KIB }),
        );
      driver.run();
      expect(driver.device.statistics().dirtyBytes).toBe(0);
    }
  });

  it('that is being rebuilt slows reads of its group, by what the rebuild takes of the spindles', async () => {
    // 64 KiB every 10 ms on each of four spindles, 5 ms each: half of their time.
    const rebuildRate = 65_536 * 100;
    const [idle] = await readRate({ failedSpindles: 1 }, onFailed, 40);
    const [rebuilding, driver] = await readRate({ failedSpindles: 1, rebuildRate }, onFailed, 40);
    expect(relativeError(rebuilding, idle / 2)).toBeLessThan(0.05);
    expect(driver.device.statistics().otherOperations).toBeGreaterThan(4 * 1000);
  });

  it.each([
    [
      { failedSpindles: 1, writePenalty: 1 },
      'failedSpindles" of device array must be 0 where there is no redundancy',
    ],
    [{ failedSpindles: 1, spindles: 4 }, 'must be 0 where there are no more spindles than stripeWidth'],
    [{ rebuildRate: '1MiB' }, 'rebuildRate" of device array must be 0 where no spindle has failed'],
    [{ tenantIops: 2001 }, 'tenantIops" of device array with rebuildRate is more than the spindles can do'],
  ])('is refused where it makes no sense: %j', async (overrides, why) => {
    await expect(driveDevice('array', { ...BARE, ...overrides })).rejects.toThrow(why);
  });
});

describe('other users of the array', () => {
  it('make guests wait as if all were of one Poisson stream (M/M/1 on each spindle)', async () => {
    const service = { distribution: 'exponential', mean: '5ms' };
    const loaded = await loadDevice('array', '.');
    const overrides = { ...BARE, spindleRead: service, tenantIops: 1000, tenantSize: 0 };
    const { parameters } = resolveParameters(loaded, { overrides });
    // 0.5 of each spindle for others, 0.2 for the guests.
    const interval = parseServiceTime({ distribution: 'exponential', mean: '2500us' });
    const requests = [{ operation: DEVICE_READ, bytes: 8 * KIB, spanBytes: 2 ** 44, share: 1 }];
    const { batches } = runOpenLoop(
      { model: loaded.model, parameters, seed: 4, requests, count: 200_000 },
      interval,
    );
    const wanted = mg1(0.7 / 5e6, parseServiceTime(service)).meanResponseNs;
    const { mean } = meanResponse(batches, interval.meanNs, 5e6);
    expect(relativeError(mean, wanted)).toBeLessThan(0.02);
  });

  it('are no longer there when the guests have gone, and cost no events', async () => {
    const quiet = await driveDevice('array', BARE);
    const shared = await driveDevice('array', { ...BARE, tenantIops: 1000 });
    for (const driver of [quiet, shared]) {
      for (let i = 0; i < 100; i++)
        driver.at(i * 1e8, () =>
          driver.submit({ operation: DEVICE_READ, address: place(i), bytes: 8 * KIB }),
        );
      driver.run();
    }
    expect(shared.events).toBe(quiet.events);
    expect(meanLatencyNs(shared.requests)).toBeGreaterThan(1.2 * meanLatencyNs(quiet.requests));
    // After an idle century they are what they are after an idle second.
    shared.at(1e15, () => shared.submit({ operation: DEVICE_READ, address: 0, bytes: 8 * KIB }));
    shared.run();
    expect(latencies(shared).at(-1)).toBeLessThan(100e6);
  });
});
