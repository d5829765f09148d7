import { describe, expect, it } from 'vitest';
import { hash2 } from '../../kernel/random.ts';
import {
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  REQUEST_FUA,
  REQUEST_RESERVED,
} from '../api.ts';
import { DeviceDriver, type RequestOptions } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { meanLatencyNs, poissonArrivals, relativeError } from '../testing/measures.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Round numbers: a cached request takes 100 + 50 + 10 us, a spindle 5 ms and no transfer. */
const ROUND = {
  path: '50us',
  ports: 4,
  portBandwidth: 'unlimited',
  frontEnd: '100us',
  frontEndServers: 256,
  lunQueueDepth: 0,
  dram: '10us',
  readCache: '16MiB',
  writeCache: '16MiB',
  cacheLine: '8KiB',
  prefetch: 0,
  initialDirty: 0,
  spindles: 10,
  spindleRead: '5ms',
  spindleWrite: '5ms',
  spindleBandwidth: 'unlimited',
};
const CACHED_NS = 160_000;
const MISS_NS = CACHED_NS + 5e6;

async function drive(overrides: Record<string, unknown> = {}, seed = 1): Promise<DeviceDriver> {
  const loaded = await loadDevice('array', '.');
  const { parameters } = resolveParameters(loaded, { overrides: { ...ROUND, ...overrides } });
  return new DeviceDriver(loaded.model, parameters, seed, 'array');
}

/** Keeps `depth` requests under way until `untilNs`; answers completions per second after `fromNs`. */
function closedLoop(
  driver: DeviceDriver,
  depth: number,
  fromNs: number,
  untilNs: number,
  next: (i: number) => RequestOptions,
): number {
  let issued = 0;
  let counted = 0;
  const issue = () => driver.submit(next(issued++));
  driver.onComplete = () => {
    if (driver.nowNs >= fromNs && driver.nowNs < untilNs) counted++;
    if (driver.nowNs < untilNs) issue();
  };
  driver.at(0, () => {
    for (let i = 0; i < depth; i++) issue();
  });
  driver.run();
  return (counted * 1e9) / (untilNs - fromNs);
}

const randomAddress = (i: number, spanBytes: number, bytes: number) =>
  (hash2(i, 99) % Math.floor(spanBytes / bytes)) * bytes;

describe('reads of an array', () => {
  it('take the front end and DRAM when they are in the cache, and a spindle when they are not', async () => {
    const driver = await drive();
    for (let i = 0; i < 4; i++)
      driver.at(i * 1e9, () => driver.submit({ operation: DEVICE_READ, address: 8 * KIB, bytes: 8 * KIB }));
    driver.run();
    expect(driver.requests.map((each) => each.completedNs - each.submittedNs)).toEqual([
      MISS_NS,
      CACHED_NS,
      CACHED_NS,
      CACHED_NS,
    ]);
    expect(driver.device.statistics()).toMatchObject({
      reads: 4,
      readHits: 3,
      spindleOperations: 1,
      busyNs: 5e6,
      servers: 10,
    });
  });

  it('find what has been written, be it destaged or not', async () => {
    const driver = await drive({ lowWater: 0 });
    driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 8 * KIB });
    for (const atNs of [1e6, 1e9])
      driver.at(atNs, () => driver.submit({ operation: DEVICE_READ, address: 4 * KIB, bytes: 4 * KIB }));
    driver.run();
    expect(driver.requests.map((each) => each.completedNs - each.submittedNs)).toEqual([
      CACHED_NS,
      CACHED_NS,
      CACHED_NS,
    ]);
    expect(driver.device.statistics()).toMatchObject({ dirtyBytes: 0, destages: 1, readHits: 2 });
  });

  it('stay in the cache while the working set fits, and leave it when it does not', async () => {
    for (const [spanBytes, hits] of [
      [8 * MIB, 1024],
      [64 * MIB, 0],
    ] as const) {
      const driver = await drive({ writeCache: 0 });
      const count = spanBytes / (8 * KIB);
      for (let i = 0; i < 2 * count; i++) {
        driver.at(i * 1e6, () =>
          driver.submit({ operation: DEVICE_READ, address: (i % count) * 8 * KIB, bytes: 8 * KIB }),
        );
      }
      driver.run();
      expect(driver.device.statistics().readHits).toBe(hits);
    }
  });

  it('wait for every stripe they touch', async () => {
    const driver = await drive({ stripe: '8KiB', spindles: 2 });
    driver.submit({ operation: DEVICE_READ, address: 4 * KIB, bytes: 20 * KIB });
    driver.run();
    // Stripe 2 follows on stripe 0 on the same spindle; stripe 1 is on the other.
    expect(driver.nowNs).toBe(MISS_NS);
    expect(driver.device.statistics().spindleOperations).toBe(3);
  });

  it('fetch only the pages that are missing', async () => {
    const driver = await drive({ spindleRead: 0, spindleBandwidth: '1MB/s' });
    driver.submit({ operation: DEVICE_READ, address: 8 * KIB, bytes: 4 * KIB });
    driver.at(1e9, () => driver.submit({ operation: DEVICE_READ, address: 4 * KIB, bytes: 8 * KIB }));
    driver.run();
    expect(driver.device.statistics().busyNs).toBe(2 * 4096e3);
  });

  it('run ahead of a sequential stream, which then moves at the speed of many spindles', async () => {
    const speeds = [];
    for (const prefetch of [0, '1MiB']) {
      const driver = await drive({ prefetch, readCache: '64MiB', spindleBandwidth: '160MB/s' });
      speeds.push(
        64 *
          KIB *
          closedLoop(driver, 1, 0, 2e9, (i) => ({
            operation: DEVICE_READ,
            address: i * 64 * KIB,
            bytes: 64 * KIB,
          })),
      );
    }
    // Without reading ahead each read meets a resting head of its spindle only: 160 us + 64 KiB / 160 MB/s.
    expect(relativeError(speeds[0]!, 65536 / 569.6e-6)).toBeLessThan(0.05);
    // With it, cached reads follow each other.
    expect(relativeError(speeds[1]!, 65536 / 160e-6)).toBeLessThan(0.05);
  });

  it('wait for a piece that is being read ahead, and do not fetch it twice', async () => {
    const driver = await drive({ prefetch: '256KiB', spindleBandwidth: '64MB/s' });
    for (let i = 0; i < 8; i++)
      driver.at(i * 20e6, () =>
        driver.submit({ operation: DEVICE_READ, address: i * 64 * KIB, bytes: 64 * KIB }),
      );
    driver.at(20e6 * 6 + 1, () =>
      driver.submit({ operation: DEVICE_READ, address: 10 * 64 * KIB, bytes: 8 * KIB }),
    );
    driver.run();
    const { prefetchedBytes, spindleOperations } = driver.device.statistics();
    const last = driver.requests.find((each) => each.bytes === 8 * KIB)!;
    expect(last.completedNs - last.submittedNs).toBeGreaterThan(CACHED_NS);
    // Three reads on demand, each stripe read ahead once.
    expect(spindleOperations! - 3).toBe(prefetchedBytes! / (64 * KIB));
  });
});

describe('writes of an array', () => {
  it('are cached until the write cache is full, and then wait for a destage', async () => {
    const driver = await drive({ writeCache: '800KiB', lowWater: 0, writePenalty: 1 });
    for (let i = 0; i < 120; i++)
      driver.submit({ operation: DEVICE_WRITE, address: i * MIB, bytes: 8 * KIB, key: i });
    driver.run();
    const latencies = driver.requests.map((each) => each.completedNs);
    expect(latencies.slice(0, 100)).toEqual(new Array(100).fill(CACHED_NS));
    expect(Math.min(...latencies.slice(100))).toBeGreaterThanOrEqual(5e6);
    expect(driver.device.statistics()).toMatchObject({
      writeWaits: 20,
      dirtyBytesMax: 800 * KIB,
      dirtyBytes: 0,
      destages: 120,
    });
  });

  it('that overwrite dirty data need no new room', async () => {
    const driver = await drive({ writeCache: '80KiB', lowWater: '100%', highWater: '100%' });
    for (let i = 0; i < 1000; i++)
      driver.submit({ operation: DEVICE_WRITE, address: (i % 10) * MIB, bytes: 8 * KIB });
    driver.run();
    expect(driver.device.statistics()).toMatchObject({
      writeWaits: 0,
      spindleOperations: 0,
      dirtyBytes: 80 * KIB,
    });
  });

  it.each([1, 2, 4, 6])('at random settle at spindles x IOPS / penalty %i', async (writePenalty) => {
    const driver = await drive({
      writePenalty,
      spindles: 20,
      writeCache: '32MiB',
      initialDirty: '60%',
      spindleRead: { distribution: 'uniform', min: '1500us', max: '9400us' },
      spindleWrite: { distribution: 'uniform', min: '1500us', max: '9400us' },
      spindleBandwidth: '160MB/s',
    });
    const rate = closedLoop(driver, 64, 30e9, 60e9, (i) => ({
      operation: DEVICE_WRITE,
      address: randomAddress(i, 500 * GIB, 8 * KIB),
      bytes: 8 * KIB,
    }));
    const spindleIops = 1e9 / (5.45e6 + 8192 / 0.16);
    expect(relativeError(rate, (20 * spindleIops) / writePenalty)).toBeLessThan(0.05);
  });

  it('of full stripes in sequence are at least five times as fast as at random', async () => {
    const speeds = [];
    for (const address of [
      (i: number) => i * 64 * KIB,
      (i: number) => randomAddress(i, 500 * GIB, 8 * KIB),
    ]) {
      const driver = await drive({
        writeCache: '8MiB',
        writePenalty: 4,
        stripeWidth: 4,
        spindleBandwidth: '160MB/s',
      });
      const bytes = address(1) === 64 * KIB ? 64 * KIB : 8 * KIB;
      speeds.push(
        bytes *
          closedLoop(driver, 16, 5e9, 20e9, (i) => ({ operation: DEVICE_WRITE, address: address(i), bytes })),
      );
      expect(driver.device.statistics().fullStripes! > 0).toBe(bytes === 64 * KIB);
    }
    expect(speeds[0]! / speeds[1]!).toBeGreaterThan(5);
  });

  it('go at spindle latency when the cache is off', async () => {
    // Data and parity (or mirror) go at once: one write, or a read and a write.
    for (const [writePenalty, operations] of [
      [1, 1],
      [2, 1],
      [4, 2],
      [6, 2],
    ] as const) {
      const driver = await drive({ writeCache: 0, writePenalty });
      driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 8 * KIB });
      driver.at(1e9, () => driver.submit({ operation: DEVICE_READ, address: 0, bytes: 8 * KIB }));
      driver.run();
      const latencies = driver.requests.map((each) => each.completedNs - each.submittedNs);
      expect(latencies).toEqual([CACHED_NS + operations * 5e6, CACHED_NS]);
      expect(driver.device.statistics().spindleOperations).toBe(writePenalty);
    }
  });

  it('start at the long-run level of the cache unless the array is fresh', async () => {
    const aged = await drive({ initialDirty: '50%', writeCache: '16MiB' });
    const { dirtyBytes, startedFresh } = aged.device.statistics();
    expect(relativeError(dirtyBytes!, 8 * MIB)).toBeLessThan(0.02);
    expect(startedFresh).toBe(0);
    expect((await drive()).device.statistics()).toMatchObject({ dirtyBytes: 0, startedFresh: 1 });
  });

  it.each([
    [
      { readCache: '1GiB', writeCache: '16MiB', initialDirty: '60%', lowWater: '60%' },
      'its read cache is empty',
    ],
    [{ readCache: 0, writeCache: '16MiB', initialDirty: '60%', lowWater: '60%' }, undefined],
    [
      { readCache: 0, writeCache: '16MiB', initialDirty: 0, lowWater: '60%' },
      'its write cache is cleaner than its low mark',
    ],
    [{ readCache: 0, writeCache: 0, initialDirty: 0, lowWater: '60%' }, undefined],
  ])('with %j say how they start fresh: %s', async (overrides, words) => {
    const { model } = await loadDevice('array', '.');
    const { parameters } = resolveParameters(
      { model, provenance: { from: 'built-in', specifier: 'array' } },
      { overrides },
    );
    expect(model.fresh!(parameters)).toBe(words);
  });

  it('rest dirty at the low water mark', async () => {
    const driver = await drive({ writeCache: '1600KiB', lowWater: '50%' });
    for (let i = 0; i < 150; i++)
      driver.submit({ operation: DEVICE_WRITE, address: i * MIB, bytes: 8 * KIB });
    driver.run();
    expect(driver.device.statistics().dirtyBytes).toBe(800 * KIB);
  });
});

describe('destaging', () => {
  async function missLatencies(overrides: Record<string, unknown>, writes: boolean): Promise<number[]> {
    const driver = await drive({
      lowWater: '10%',
      highWater: '20%',
      initialDirty: '10%',
      writeCache: '4MiB',
      readCache: 0,
      ...overrides,
    });
    const reading = poissonArrivals(4000, 200, 1);
    const writing = poissonArrivals(4000, 200, 2);
    for (let i = 0; i < 4000; i++) {
      const address = randomAddress(i, 100 * GIB, 8 * KIB);
      driver.at(reading[i]!, () => driver.submit({ operation: DEVICE_READ, address, bytes: 8 * KIB }));
      if (writes)
        driver.at(writing[i]!, () =>
          driver.submit({ operation: DEVICE_WRITE, unit: 1, address, bytes: 8 * KIB }),
        );
    }
    driver.run();
    const reads = driver.requests.filter((each) => each.operation === DEVICE_READ);
    return reads.map((each) => each.completedNs - each.submittedNs).sort((a, b) => a - b);
  }

  it('delays reads that miss, though reads go first', async () => {
    const p99 = (sorted: number[]) => sorted[Math.floor(sorted.length * 0.99)]!;
    const alone = await missLatencies({}, false);
    const disturbed = await missLatencies({}, true);
    expect(p99(disturbed)).toBeGreaterThan(p99(alone) + 2e6);
    expect(p99(disturbed)).toBeLessThan(p99(alone) + 8e6);
  });

  it('gets its share against reads above the high water mark', async () => {
    const rates = [];
    for (const destageShare of ['10%', '50%']) {
      const driver = await drive({
        destageShare,
        readCache: 0,
        writeCache: '800KiB',
        writePenalty: 1,
        spindles: 4,
      });
      let reads = 0;
      driver.onComplete = (request) => {
        if (driver.nowNs > 20e9) return;
        reads++;
        driver.submit({
          operation: request.operation,
          unit: request.unit,
          address: randomAddress(reads, 100 * GIB, 8 * KIB),
          bytes: 8 * KIB,
        });
      };
      for (let i = 0; i < 200; i++) {
        driver.submit({ operation: DEVICE_READ, address: i * GIB, bytes: 8 * KIB });
        driver.submit({ operation: DEVICE_WRITE, unit: 1, address: i * GIB, bytes: 8 * KIB });
      }
      driver.run();
      const writes = driver.requests.filter(
        (each) => each.operation === DEVICE_WRITE && each.completedNs > 5e9 && each.completedNs < 20e9,
      );
      rates.push(writes.length / 15);
    }
    expect(relativeError(rates[0]!, 4 * 200 * 0.1)).toBeLessThan(0.1);
    expect(relativeError(rates[1]!, 4 * 200 * 0.5)).toBeLessThan(0.1);
  });
});

describe('flushes of an array', () => {
  it('are a round trip when the cache is battery-backed', async () => {
    const driver = await drive({ flush: 'roundtrip' });
    driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 8 * KIB });
    driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.at(1e6, () => driver.submit({ operation: DEVICE_DISCARD, bytes: MIB }));
    driver.run();
    expect(driver.requests.slice(1).map((each) => each.completedNs - each.submittedNs)).toEqual([
      150_000, 150_000,
    ]);
  });

  it('wait for the dirty data of their unit, and no other, when the cache is volatile', async () => {
    const driver = await drive({ flush: 'drain', writePenalty: 2, spindles: 8, stripeWidth: 4 });
    for (let i = 0; i < 4; i++)
      driver.submit({ operation: DEVICE_WRITE, unit: 3, address: i * 64 * KIB, bytes: 8 * KIB });
    driver.submit({ operation: DEVICE_WRITE, unit: 4, address: 0, bytes: 8 * KIB });
    driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH, unit: 3 }));
    driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH, unit: 5 }));
    driver.at(1e6 + 1, () =>
      driver.submit({ operation: DEVICE_WRITE, unit: 3, address: 900 * MIB, bytes: 8 * KIB }),
    );
    driver.run();
    const [flush, other] = driver.requests.filter((each) => each.operation === DEVICE_FLUSH);
    expect(other!.completedNs).toBe(1e6 + 150_000);
    // Data, then mirror.
    expect(flush!.completedNs).toBe(1e6 + 10e6 + 50_000);
  });

  it('cover a full stripe that is written again while it is destaged', async () => {
    const driver = await drive({ flush: 'drain', writePenalty: 4, lowWater: '100%', highWater: '100%' });
    const write = () => driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 256 * KIB });
    const flush = () => driver.submit({ operation: DEVICE_FLUSH });
    driver.at(0, write);
    driver.at(1e6, flush);
    driver.at(3e6, write);
    driver.at(4e6, flush);
    driver.run();
    const flushes = driver.requests.filter((each) => each.operation === DEVICE_FLUSH);
    expect(flushes.map((each) => each.completedNs)).toEqual([6e6 + 50_000, 11e6 + 50_000]);
    expect(driver.device.statistics()).toMatchObject({
      fullStripes: 2,
      spindleOperations: 10,
      dirtyBytes: 0,
    });
  });

  it('cover it whichever spindle is the last', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const spindleWrite = { distribution: 'uniform', min: '4ms', max: '9ms' };
      const driver = await drive({ flush: 'drain', lowWater: '100%', highWater: '100%', spindleWrite }, seed);
      const write = () => driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 256 * KIB });
      const flush = () => driver.submit({ operation: DEVICE_FLUSH });
      driver.at(0, write);
      driver.at(1e6, flush);
      driver.at(3e6, write);
      driver.at(4e6, flush);
      driver.run();
      expect(driver.device.statistics().dirtyBytes).toBe(0);
    }
  });

  it('do not count what was written after them', async () => {
    const driver = await drive({
      flush: 'drain',
      writePenalty: 1,
      spindles: 2,
      lowWater: '100%',
      highWater: '100%',
    });
    const write = (stripe: number) =>
      driver.submit({ operation: DEVICE_WRITE, address: stripe * 64 * KIB, bytes: 8 * KIB });
    // Stripes 0, 20 and 40 lie on one spindle, apart from each other; 1 and 21 on the other one.
    for (const stripe of [0, 20, 40]) write(stripe);
    driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.at(1e6 + 1, () => [1, 21].map(write));
    driver.run();
    const flush = driver.requests.find((each) => each.operation === DEVICE_FLUSH)!;
    expect(flush.completedNs).toBe(1e6 + 15e6 + 50_000);
  });

  it('cover a line that is written again while it is destaged', async () => {
    const driver = await drive({ flush: 'drain', writePenalty: 1 });
    const write = () => driver.submit({ operation: DEVICE_WRITE, address: 0, bytes: 8 * KIB });
    driver.at(0, write);
    driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.at(3e6, write);
    driver.at(4e6, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.run();
    const flushes = driver.requests
      .filter((each) => each.operation === DEVICE_FLUSH)
      .map((each) => each.completedNs);
    expect(flushes).toEqual([6e6 + 50_000, 11e6 + 50_000]);
    expect(driver.device.statistics().destages).toBe(2);
  });

  it('are not needed for a FUA write, which goes through a volatile cache', async () => {
    for (const [flush, latency] of [
      ['roundtrip', CACHED_NS],
      ['drain', CACHED_NS + 10e6],
    ] as const) {
      const driver = await drive({ flush });
      driver.submit({ operation: DEVICE_WRITE, bytes: 8 * KIB, flags: REQUEST_FUA });
      driver.run();
      expect(driver.nowNs).toBe(latency);
    }
  });

  it('drain declares the cache volatile', async () => {
    const { model } = await loadDevice('array', '.');
    expect([model.volatileCache!({ flush: 'drain' }), model.volatileCache!({ flush: 'roundtrip' })]).toEqual([
      true,
      false,
    ]);
  });
});

describe('the queue of a unit', () => {
  it('limits throughput to its depth over the latency', async () => {
    const driver = await drive({ lunQueueDepth: 32 });
    const rate = closedLoop(driver, 100, 0, 1e9, (i) => ({
      operation: DEVICE_WRITE,
      address: (i % 50) * 8 * KIB,
      bytes: 8 * KIB,
    }));
    expect(relativeError(rate, 32 / (CACHED_NS * 1e-9))).toBeLessThan(0.01);
  });

  it('is first come first served, apart for each unit, and reserved requests pass it', async () => {
    const driver = await drive({ lunQueueDepth: 2 });
    for (let i = 0; i < 6; i++)
      driver.submit({ operation: DEVICE_WRITE, unit: 1, address: i * 8 * KIB, bytes: 8 * KIB });
    driver.submit({ operation: DEVICE_WRITE, unit: 2, address: 0, bytes: 8 * KIB });
    driver.submit({ operation: DEVICE_WRITE, unit: 1, address: 0, bytes: 512, flags: REQUEST_RESERVED });
    driver.run();
    expect(driver.requests.map((each) => each.completedNs / CACHED_NS)).toEqual([1, 1, 2, 2, 3, 3, 1, 1]);
    expect(driver.device.statistics()).toMatchObject({ lunWaits: 4, lunWaitNs: 6 * CACHED_NS });
  });

  it('is not made shorter by reserved requests', async () => {
    const driver = await drive({ lunQueueDepth: 1 });
    driver.submit({ operation: DEVICE_READ, address: 0, bytes: 512, flags: REQUEST_RESERVED });
    driver.submit({ operation: DEVICE_READ, address: MIB, bytes: 512 });
    driver.run();
    expect(driver.requests.map((each) => each.completedNs)).toEqual([MISS_NS, MISS_NS]);
  });

  it('waits for misses too', async () => {
    const driver = await drive({ lunQueueDepth: 1 });
    for (let i = 0; i < 3; i++) driver.submit({ operation: DEVICE_READ, address: i * MIB, bytes: 8 * KIB });
    driver.run();
    expect(driver.requests.map((each) => each.completedNs)).toEqual([MISS_NS, 2 * MISS_NS, 3 * MISS_NS]);
  });
});

describe('an array', () => {
  it('moves no more than its ports carry', async () => {
    const driver = await drive({ ports: 2, portBandwidth: '800MB/s' });
    const rate = closedLoop(driver, 64, 1e8, 2e9, (i) => ({
      operation: DEVICE_WRITE,
      address: (i % 8) * MIB,
      bytes: MIB,
    }));
    expect(relativeError(rate * MIB, 1.6e9)).toBeLessThan(0.02);
  });

  it('does the same again with the same seed', async () => {
    const runs = await Promise.all([drive(NOISY), drive(NOISY), drive(NOISY, 2)]);
    const ends = runs.map((driver) => {
      closedLoop(driver, 8, 0, 1e9, (i) => ({
        operation: i % 2,
        address: randomAddress(i, GIB, 8 * KIB),
        bytes: 8 * KIB,
      }));
      return [driver.nowNs, meanLatencyNs(driver.requests), driver.events];
    });
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).not.toEqual(ends[0]);
  });
});

const NOISY = {
  frontEnd: { distribution: 'lognormal', median: '100us', p99: '1ms' },
  spindleRead: { distribution: 'uniform', min: '1ms', max: '9ms' },
  spindleWrite: { distribution: 'exponential', mean: '5ms' },
  writeCache: '1MiB',
};
