/** Any sequence of requests to any device: the driver asserts conservation, monotone time and Little's law. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUSY, DEVICE_SEND, DEVICE_WRITE, type Device, defineDevice, QUEUED } from './api.ts';
import { DeviceDriver } from './conformance/device-driver.ts';
import { loadDevice, resolveParameters } from './registry.ts';

interface Step {
  readonly afterNs: number;
  readonly operation: number;
  readonly unit: number;
  readonly sectors: number;
  readonly address: number;
  readonly flags: number;
}

const step = (operations: readonly number[]): fc.Arbitrary<Step> =>
  fc.record({
    afterNs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000_000 })),
    operation: fc.constantFrom(...operations),
    unit: fc.integer({ min: 0, max: 20 }),
    sectors: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(0, 1, 8, 16, 128) },
      fc.integer({ min: 0, max: 4096 }),
    ),
    address: fc.oneof(
      fc.integer({ min: 0, max: 64 }).map((n) => n * 16),
      fc.integer({ min: 0, max: 2 ** 31 }),
    ),
    flags: fc.constantFrom(0, 0, 0, 1, 2, 3),
  });

const time = fc.constantFrom(
  0,
  '1us',
  '90us',
  { distribution: 'exponential', mean: '200us' },
  { distribution: 'uniform', min: '1ms', max: '9ms' },
);

const FLASH = fc.record({
  channels: fc.integer({ min: 1, max: 9 }),
  overhead: fc.constantFrom(0, '3us'),
  read: time,
  write: time,
  hold: time,
  flush: time,
  channelBandwidth: fc.constantFrom('unlimited', '100MB/s'),
  readBandwidth: fc.constantFrom('unlimited', '333MB/s'),
  stripe: fc.constantFrom('512', '32KiB'),
  volatileCache: fc.boolean(),
});

const ARRAY = fc.record({
  ports: fc.integer({ min: 1, max: 3 }),
  portBandwidth: fc.constantFrom('unlimited', '333MB/s'),
  frontEnd: time,
  frontEndServers: fc.integer({ min: 1, max: 3 }),
  lunQueueDepth: fc.constantFrom(0, 1, 2, 32),
  readCache: fc.constantFrom(0, '64KiB', '1MiB', '64MiB'),
  writeCache: fc.constantFrom(0, '32KiB', '512KiB', '4MiB'),
  cacheLine: fc.constantFrom('4KiB', '16KiB', '64KiB'),
  prefetch: fc.constantFrom(0, '64KiB', '1MiB'),
  initialDirty: fc.constantFrom(0, '60%', '100%'),
  lowWater: fc.constantFrom(0, '50%', '100%'),
  highWater: fc.constant('100%'),
  destageShare: fc.constantFrom(0, '50%', '90%'),
  spindles: fc.integer({ min: 1, max: 7 }),
  spindleRead: time,
  spindleWrite: time,
  spindleBandwidth: fc.constantFrom('unlimited', '160MB/s'),
  stripe: fc.constantFrom('64KiB', '128KiB'),
  stripeWidth: fc.integer({ min: 1, max: 5 }),
  writePenalty: fc.constantFrom(1, 2, 4, 6),
  flush: fc.constantFrom('roundtrip', 'drain'),
});

/** An array with a failed spindle, a rebuild and other users. */
const TROUBLED = ARRAY.map((array) => ({
  ...array,
  failedSpindles: array.writePenalty > 1 && array.spindles > array.stripeWidth ? 1 : 0,
  destageShare: array.ports === 1 ? 0 : array.destageShare,
  tenantIops: 5,
}));

const HDD = fc.record({
  size: fc.constantFrom('1GB', '600GB'),
  scheduler: fc.constantFrom('fifo', 'elevator', 'soonest'),
  zones: fc.integer({ min: 1, max: 4 }),
  queueDepth: fc.constantFrom(0, 1, 5),
  readAhead: fc.constantFrom(0, '64KiB', '1MiB'),
  writeCache: fc.constantFrom(0, '64KiB', '16MiB'),
  volatileCache: fc.boolean(),
});

const SSD = fc.record({
  channels: fc.integer({ min: 1, max: 3 }),
  diesPerChannel: fc.integer({ min: 1, max: 3 }),
  cell: fc.constantFrom('slc', 'mlc', 'tlc', 'qlc'),
  program: time,
  page: fc.constantFrom('4KiB', '16KiB'),
  planes: fc.integer({ min: 1, max: 2 }),
  pagesPerBlock: fc.constantFrom(4, 8),
  blocksPerDie: fc.constantFrom(16, 24),
  overProvisioning: fc.constantFrom('50%', 1),
  preconditioned: fc.boolean(),
  writeBuffer: fc.constantFrom('64KiB', '1MiB'),
  queueDepth: fc.constantFrom(0, 1, 4),
  volatileCache: fc.boolean(),
});

const PVFS = fc.record({
  nodes: fc.integer({ min: 2, max: 5 }),
  copies: fc.integer({ min: 1, max: 2 }),
  stripe: fc.constantFrom('4KiB', '64KiB'),
  processor: time,
  hitRate: fc.constantFrom(0, '30%', 1),
  writeBuffer: fc.constantFrom(0, '64KiB', '16MiB'),
  disks: fc.integer({ min: 1, max: 3 }),
  diskRead: time,
  diskWrite: time,
});

async function drive(
  name: string,
  overrides: Record<string, unknown>,
  steps: readonly Step[],
): Promise<DeviceDriver> {
  const loaded = await loadDevice(name, '.');
  const driver = new DeviceDriver(loaded.model, resolveParameters(loaded, { overrides }).parameters, 1, name);
  let now = 0;
  for (const each of steps) {
    now += each.afterNs;
    driver.at(now, () => {
      driver.submit({ ...each, address: each.address * 512, bytes: each.sectors * 512 });
    });
  }
  driver.run();
  return driver;
}

const trail = (driver: DeviceDriver) => driver.requests.map((request) => request.completedNs);

describe('any sequence of requests', () => {
  it('is completed once each by flash, and the same way again', async () => {
    await fc.assert(
      fc.asyncProperty(FLASH, fc.array(step([0, 1, 2, 3]), { maxLength: 60 }), async (overrides, steps) => {
        const driver = await drive('flash', overrides, steps);
        expect(driver.events).toBe(steps.length);
        expect(trail(await drive('flash', overrides, steps))).toEqual(trail(driver));
      }),
      { numRuns: 150 },
    );
  });

  it('is completed once each by the array, and the same way again', async () => {
    await fc.assert(
      fc.asyncProperty(
        ARRAY,
        fc.array(step([0, 1, 1, 2, 3]), { maxLength: 80 }),
        async (overrides, steps) => {
          const driver = await drive('array', overrides, steps);
          expect(trail(await drive('array', overrides, steps))).toEqual(trail(driver));
          const { dirtyBytes, reads, writes, flushes, discards } = driver.device.statistics();
          expect(dirtyBytes).toBeGreaterThanOrEqual(0);
          expect(reads! + writes! + flushes! + discards!).toBe(steps.length);
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each([
    ['ssd', SSD],
    ['hdd', HDD],
    ['array', TROUBLED],
    ['pvfs', PVFS],
    ['ram', fc.record({ latency: time, workers: fc.integer({ min: 1, max: 3 }) })],
  ] as const)('is completed once each by %s, and the same way again', async (name, parameters) => {
    await fc.assert(
      fc.asyncProperty(
        parameters as fc.Arbitrary<Record<string, unknown>>,
        fc.array(step([0, 1, 1, 2, 3]), { maxLength: 60 }),
        async (overrides, steps) => {
          const driver = await drive(name, overrides, steps);
          expect(trail(await drive(name, overrides, steps))).toEqual(trail(driver));
          expect(driver.requests.every((each) => each.completedNs >= 0)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is completed by an ssd whose buffer is full of less than a program for each idle die', async () => {
    const ssd = {
      channels: 1,
      diesPerChannel: 2,
      cell: 'slc',
      program: 0,
      page: '16KiB',
      planes: 1,
      pagesPerBlock: 4,
      blocksPerDie: 16,
      overProvisioning: '50%',
      preconditioned: true,
      writeBuffer: '64KiB',
      queueDepth: 0,
      volatileCache: false,
    };
    const write = { afterNs: 0, operation: 1, unit: 0, flags: 0 };
    const driver = await drive('ssd', ssd, [
      { ...write, sectors: 2158, address: 1958202227 },
      { ...write, sectors: 8, address: 352 },
      { ...write, sectors: 128, address: 0 },
    ]);
    expect(driver.requests.every((each) => each.completedNs >= 0)).toBe(true);

    const sixDies = { ...ssd, channels: 3, planes: 2, preconditioned: false };
    const another = await drive('ssd', sixDies, [
      { ...write, sectors: 128, address: 16 },
      { ...write, sectors: 128, address: 0 },
      { ...write, sectors: 8, address: 0 },
    ]);
    expect(another.requests.every((each) => each.completedNs >= 0)).toBe(true);
  });

  it('leaves nothing in the volatile buffer of an ssd that a flush covers', async () => {
    await fc.assert(
      fc.asyncProperty(SSD, fc.array(step([0, 1, 1, 3]), { maxLength: 60 }), async (overrides, steps) => {
        const last = { afterNs: 1e12, operation: 2, unit: 0, sectors: 0, address: 0, flags: 0 };
        const driver = await drive('ssd', { ...overrides, volatileCache: true }, [...steps, last]);
        expect(driver.device.statistics().bufferedBytes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves nothing dirty that a flush of a volatile cache covers', async () => {
    await fc.assert(
      fc.asyncProperty(ARRAY, fc.array(step([0, 1, 1, 3]), { maxLength: 60 }), async (overrides, steps) => {
        const last = { afterNs: 0, operation: 2, sectors: 0, address: 0, flags: 0 };
        const flushes = Array.from({ length: 21 }, (_, unit) => ({
          ...last,
          unit,
          afterNs: unit === 0 ? 1e12 : 0,
        }));
        const volatile = { ...overrides, flush: 'drain', initialDirty: 0 };
        const driver = await drive('array', volatile, [...steps, ...flushes]);
        expect(driver.device.statistics().dirtyBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('is delivered by a link in the order in which it was sent', async () => {
    const link = fc.record({
      latency: fc.constantFrom(0, '20us'),
      bandwidth: fc.constantFrom('unlimited', '1Gbit/s'),
    });
    await fc.assert(
      fc.asyncProperty(link, fc.array(step([DEVICE_SEND]), { maxLength: 60 }), async (overrides, steps) => {
        const arrivals = trail(await drive('link', overrides, steps));
        expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });

  it('is completed in order on a unit whose queue is one deep', async () => {
    await fc.assert(
      fc.asyncProperty(ARRAY, fc.array(step([0, 1, 2, 3]), { maxLength: 60 }), async (overrides, steps) => {
        const plain = steps.map((each) => ({ ...each, flags: each.flags & 1, unit: 7 }));
        const ends = trail(await drive('array', { ...overrides, lunQueueDepth: 1 }, plain));
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});

describe('the driver', () => {
  /** One request at a time, the next refused. */
  const busy = (forget: boolean) =>
    defineDevice<unknown>({
      name: 'busy',
      summary: 'Refuses a second request.',
      roles: ['datastore'],
      parameters: {},
      create: (_, context): Device => {
        let under = 0;
        let requests = 0;
        return {
          submit: (...[, , , , , token]) => {
            if (under === 1) return BUSY;
            under = 1;
            requests++;
            context.fireAt(context.nowNs + 10, token);
            return QUEUED;
          },
          fire: (token) => {
            under = 0;
            context.completeAt(context.nowNs, token);
            if (!forget) context.ready();
          },
          statistics: () => ({ busyNs: 10 * requests, servers: 1, requests, residenceNs: 10 * requests }),
        };
      },
    });

  it('offers a refused request again, in order, and loses none', () => {
    const driver = new DeviceDriver(busy(false), {});
    for (let i = 0; i < 5; i++) driver.submit({ operation: DEVICE_WRITE });
    driver.run();
    expect(trail(driver)).toEqual([10, 20, 30, 40, 50]);
  });

  it('notices a device that never says ready again', () => {
    const driver = new DeviceDriver(busy(true), {});
    for (let i = 0; i < 2; i++) driver.submit({ operation: DEVICE_WRITE });
    expect(() => driver.run()).toThrow(
      'device busy (device): submit answered BUSY, and context.ready() is never called',
    );
  });

  it.each([
    [
      'never completes',
      [],
      'submit(write, 0 bytes, token 0) at 0 ns answered QUEUED, and the request is never',
    ],
    ['completes twice', [5, 6], 'context.completeAt(6, 0): token 0 is not under way'],
    ['goes back in time', [-1], 'context.completeAt(-1, 0): time goes back, now is 0'],
    ['completes at a fraction', [0.5], 'context.completeAt(0.5, 0): 0.5 is no time'],
    [
      'miscounts its residence',
      [5],
      "residenceNs is 4, which is not the sum of completion - acceptance (Little's law)",
    ],
  ] as const)('notices a device that %s', (_, completions, message) => {
    const model = defineDevice<unknown>({
      name: 'wrong',
      summary: 'Wrong.',
      roles: ['datastore'],
      parameters: {},
      create: (_parameters, context) => ({
        submit: () => {
          for (const atNs of completions) context.completeAt(atNs, 0);
          return QUEUED;
        },
        fire: () => {},
        statistics: () => ({ busyNs: 0, servers: 1, requests: 1, residenceNs: 4 }),
      }),
    });
    const driver = new DeviceDriver(model, {});
    expect(() => {
      driver.submit({ operation: DEVICE_WRITE });
      driver.run();
    }).toThrow(message);
  });
});
