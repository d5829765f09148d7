import { describe, expect, it } from 'vitest';
import { hash2 } from '../../kernel/random.ts';
import { DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, REQUEST_FUA } from '../api.ts';
import { closedLoopRate, driveDevice, latencies } from '../testing/drive.ts';
import { meanLatencyNs, relativeError } from '../testing/measures.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** 100 revolutions per second, one zone of 100 MB/s: a track holds 1 MB and a revolution takes 10 ms. */
const ROUND = {
  size: '100GB',
  rpm: 6000,
  trackSeek: '1ms',
  meanSeek: '8ms',
  fullSeek: '16ms',
  writeSettle: 0,
  outerBandwidth: '100MB/s',
  innerBandwidth: '100MB/s',
  zones: 1,
  queueDepth: 0,
  scheduler: 'fifo',
  readAhead: 0,
  overhead: 0,
  bandwidth: 'unlimited',
};
const randomPlace = (i: number, bytes: number, span = 100e9) =>
  Math.floor((hash2(i, 7) / 2 ** 32) * (span / bytes)) * bytes;

describe('a hard disk', () => {
  it('waits for the sector to come by, then transfers', async () => {
    const driver = await driveDevice('hdd', ROUND);
    // A quarter of a track on; then, a millisecond later, the same again: all but a revolution on.
    driver.submit({ operation: DEVICE_READ, address: 250_000, bytes: 100_000 });
    driver.at(4.5e6, () => driver.submit({ operation: DEVICE_READ, address: 250_000, bytes: 100_000 }));
    driver.run();
    expect(driver.requests.map((each) => each.completedNs)).toEqual([3.5e6, 13.5e6]);
  });

  it('seeks by distance: track to track, and the full stroke', async () => {
    const driver = await driveDevice('hdd', ROUND);
    driver.submit({ operation: DEVICE_READ, address: 1_000_000, bytes: 0 });
    driver.at(1e9, () => driver.submit({ operation: DEVICE_READ, address: 100e9 - 1e6, bytes: 0 }));
    driver.run();
    // 1 ms and all but 10 ms; 16 ms, and the next whole revolution.
    expect(latencies(driver)).toEqual([10e6, 20e6]);
    expect(driver.device.statistics().seekNs).toBeCloseTo(17e6, -5);
  });

  it('reads at random in the mean seek, half a revolution and the transfer', async () => {
    const driver = await driveDevice('hdd', ROUND);
    closedLoopRate(driver, 1, 0, 400e9, (i) => ({
      operation: DEVICE_READ,
      address: randomPlace(i, 8192),
      bytes: 8192,
    }));
    expect(relativeError(meanLatencyNs(driver.requests), 8e6 + 5e6 + 81_920)).toBeLessThan(0.01);
  });

  it('of the default make reads and writes at random as often as its manual lets one expect', async () => {
    for (const [operation, milliseconds] of [
      [DEVICE_READ, 3.4 + 2.0 + 0.15],
      [DEVICE_WRITE, 3.9 + 2.0 + 0.15],
    ] as const) {
      const driver = await driveDevice('hdd', { scheduler: 'fifo' });
      closedLoopRate(driver, 1, 0, 100e9, (i) => ({
        operation,
        address: randomPlace(i, 8192, 600e9),
        bytes: 8192,
      }));
      expect(relativeError(meanLatencyNs(driver.requests), milliseconds * 1e6)).toBeLessThan(0.02);
    }
  });

  it('does more with a queue that it may reorder, most with the shortest positioning first', async () => {
    const rates = [];
    for (const scheduler of ['fifo', 'elevator', 'soonest']) {
      const driver = await driveDevice('hdd', { ...ROUND, scheduler });
      rates.push(
        closedLoopRate(driver, 32, 1e9, 60e9, (i) => ({
          operation: DEVICE_READ,
          address: randomPlace(i, 8192),
          bytes: 8192,
        })),
      );
    }
    expect(rates[1]! / rates[0]!).toBeGreaterThan(1.4);
    expect(rates[2]! / rates[1]!).toBeGreaterThan(1.2);
  });

  it('is faster outside than inside, as its zones say', async () => {
    const rate = async (address: number) => {
      const driver = await driveDevice('hdd', { readAhead: '4MiB' });
      const perSecond = closedLoopRate(driver, 4, 0, 5e9, (i) => ({
        operation: DEVICE_READ,
        address: address + i * MIB,
        bytes: MIB,
      }));
      return perSecond * MIB;
    };
    expect(relativeError(await rate(0), 204e6)).toBeLessThan(0.02);
    expect(relativeError(await rate(590e9), 122e6)).toBeLessThan(0.02);
  });

  it('reads on, so that one reader at a time goes at the speed of the medium too', async () => {
    const speeds = [];
    for (const readAhead of [0, '1MiB']) {
      const driver = await driveDevice('hdd', { ...ROUND, readAhead, overhead: '100us' });
      const perSecond = closedLoopRate(driver, 1, 0, 10e9, (i) => ({
        operation: DEVICE_READ,
        address: i * 64 * KIB,
        bytes: 64 * KIB,
      }));
      speeds.push(perSecond * 64 * KIB);
    }
    // Without it the next sector has just gone by: a revolution each.
    expect(relativeError(speeds[0]!, 65_536 / 10.755e-3)).toBeLessThan(0.1);
    expect(relativeError(speeds[1]!, 100e6)).toBeLessThan(0.01);
  });

  it('answers a write from its cache until that is full, and reads before it destages', async () => {
    const driver = await driveDevice('hdd', { ...ROUND, writeCache: '64KiB', overhead: '100us' });
    for (let i = 0; i < 10; i++)
      driver.submit({ operation: DEVICE_WRITE, address: randomPlace(i, 8192), bytes: 8192 });
    driver.run();
    const all = latencies(driver);
    expect(all.slice(0, 8)).toEqual(new Array(8).fill(100_000));
    expect(Math.min(...all.slice(8))).toBeGreaterThan(1e6);
    expect(driver.device.statistics()).toMatchObject({ cachedWrites: 10, cachedBytes: 0, roomWaits: 2 });
  });

  it('waits in a flush for what its volatile cache holds, and passes it with FUA', async () => {
    const driver = await driveDevice('hdd', { ...ROUND, writeCache: '1MiB' });
    for (let i = 0; i < 5; i++)
      driver.submit({ operation: DEVICE_WRITE, address: randomPlace(i, 8192), bytes: 8192 });
    driver.submit({ operation: DEVICE_FLUSH });
    driver.at(1e9, () =>
      driver.submit({ operation: DEVICE_WRITE, address: 5e9, bytes: 8192, flags: REQUEST_FUA }),
    );
    driver.at(2e9, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.run();
    const all = latencies(driver);
    const { busyNs } = driver.device.statistics();
    expect(all.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(all[5]! + all[6]!).toBe(busyNs);
    expect(all[7]).toBe(0);
  });

  it('takes no more commands than its queue holds', async () => {
    const driver = await driveDevice('hdd', { ...ROUND, queueDepth: 3 });
    for (let i = 0; i < 10; i++)
      driver.submit({ operation: DEVICE_READ, address: randomPlace(i, 8192), bytes: 8192 });
    driver.run();
    const ends = driver.requests.map((each) => each.completedNs);
    expect(driver.requests.map((each) => each.acceptedNs)).toEqual([0, 0, 0, ...ends.slice(0, 7)]);
  });

  it('takes no messages, and no seek times that contradict each other', async () => {
    const driver = await driveDevice('hdd');
    expect(() => driver.submit({ operation: DEVICE_SEND })).toThrow('takes no operation');
    await expect(driveDevice('hdd', { meanSeek: '9ms' })).rejects.toThrow('must not be above fullSeek');
  });
});
