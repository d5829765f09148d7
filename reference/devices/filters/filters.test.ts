/** Each filter before a device of fixed latency: equations, to the nanosecond. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUSY,
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_SEND,
  DEVICE_WRITE,
  type Device,
  defineDevice,
  FAULT_CORRUPT,
  FAULT_ERROR,
  FAULT_TORN,
  QUEUED,
  REQUEST_RESERVED,
} from '../api.ts';
import { DeviceDriver } from '../conformance/device-driver.ts';
import { builtInFilters, loadDevice, loadFilter, resolveParameters } from '../registry.ts';
import type { FilterSetup } from '../stack.ts';

type Written = Readonly<Record<string, unknown>> & { readonly filter: string };

async function setups(filters: readonly Written[]): Promise<FilterSetup[]> {
  return Promise.all(
    filters.map(async ({ filter, ...overrides }) => {
      const loaded = await loadFilter(filter, '.');
      return { model: loaded.model, parameters: resolveParameters(loaded, { overrides }).parameters };
    }),
  );
}

/** A device of 100 us behind filters, the first of which is submitted to. */
async function drive(filters: readonly Written[], model = 'fixed', seed = 1): Promise<DeviceDriver> {
  const loaded = await loadDevice(model, '.');
  const { parameters } = resolveParameters(loaded, { overrides: {} });
  return new DeviceDriver(loaded.model, parameters, seed, 'device', await setups(filters));
}

const ends = (driver: DeviceDriver) => driver.requests.map((request) => request.completedNs);
const figures = (driver: DeviceDriver, at = 0) => driver.stack.filters[at]!.filter.statistics();

function write(driver: DeviceDriver, atNs: readonly number[], bytes = 4096): void {
  for (const [at, timeNs] of atNs.entries())
    driver.at(timeNs, () => driver.submit({ operation: DEVICE_WRITE, address: at * bytes, bytes }));
}

const US = 1000;

describe('delay', () => {
  it('adds its time to each operation', async () => {
    const times = { read: '1us', write: '2us', flush: '3us', discard: '4us', send: '5us' };
    for (const [model, baseNs] of [
      ['fixed', 100 * US],
      ['null', 0],
    ] as const) {
      const driver = await drive([{ filter: 'delay', ...times }], model);
      for (const operation of [DEVICE_READ, DEVICE_WRITE, DEVICE_FLUSH, DEVICE_DISCARD])
        driver.submit({ operation });
      driver.run();
      expect(ends(driver)).toEqual([1, 2, 3, 4].map((us) => baseNs + us * US));
      expect(figures(driver)).toEqual({ delayed: 4, delayedNs: 10 * US });
    }
  });

  it('draws the same times for the same I/O, whatever else there is', async () => {
    const wide = { filter: 'delay', write: { distribution: 'exponential', mean: '1ms' } };
    const one = await drive([wide]);
    write(one, [0, 10, 20]);
    one.run();
    const two = await drive([wide, { filter: 'log' }]);
    write(two, [0, 10, 20]);
    two.run();
    expect(ends(two)).toEqual(ends(one));
    expect(new Set(ends(one)).size).toBe(3);
  });
});

describe('jitter', () => {
  it('lets completions overtake each other, or keeps their order', async () => {
    const atNs = Array.from({ length: 50 }, (_, at) => at);
    const inOrder = (times: readonly number[]) => times.every((end, at) => at === 0 || end >= times[at - 1]!);
    for (const order of ['free', 'kept']) {
      const driver = await drive([{ filter: 'jitter', order }]);
      write(driver, atNs);
      driver.run();
      expect(inOrder(ends(driver))).toBe(order === 'kept');
      for (const end of ends(driver)) {
        expect(end).toBeGreaterThanOrEqual(100 * US);
        expect(end).toBeLessThanOrEqual(200 * US + 50);
      }
    }
  });
});

describe('rate', () => {
  it('passes one operation each 1/iops, in order', async () => {
    const driver = await drive([{ filter: 'rate', iops: 1000, burst: '0' }]);
    write(driver, [0, 0, 0, 5e6]);
    driver.run();
    expect(ends(driver)).toEqual([0, 1e6, 2e6, 5e6].map((at) => at + 100 * US));
    expect(figures(driver)).toEqual({ heldRequests: 2, heldMax: 2 });
  });

  it('passes bytes at its bandwidth', async () => {
    const driver = await drive([{ filter: 'rate', bandwidth: '1MB/s', burst: '0' }]);
    write(driver, [0, 0, 0], 1000);
    driver.run();
    expect(ends(driver)).toEqual([0, 1e6, 2e6].map((at) => at + 100 * US));
  });

  it('lets a burst through after a pause', async () => {
    const driver = await drive([{ filter: 'rate', iops: 1000, burst: '3ms' }]);
    write(driver, [10e6, 10e6, 10e6, 10e6, 10e6, 10e6]);
    driver.run();
    const waits = ends(driver).map((end) => end - 10e6 - 100 * US);
    expect(waits).toEqual([0, 0, 0, 0, 1e6, 2e6]);
  });

  it('is none without a limit', async () => {
    await expect(setups([{ filter: 'rate' }])).rejects.toThrow('parameter "iops" of filter rate is 0');
  });
});

describe('queue-depth', () => {
  it.each(['wait', 'busy'])('of 2 lets two requests in at a time (%s)', async (full) => {
    const driver = await drive([{ filter: 'queue-depth', depth: 2, full }]);
    write(driver, [0, 0, 0, 0, 0]);
    driver.run();
    expect(ends(driver)).toEqual([1, 1, 2, 2, 3].map((n) => n * 100 * US));
    expect(figures(driver).underWayMax).toBe(2);
  });

  it('limits throughput to depth / latency', async () => {
    const driver = await drive([{ filter: 'queue-depth', depth: 32 }]);
    write(driver, new Array(3200).fill(0));
    driver.run();
    expect(driver.nowNs).toBe(100 * 100 * US);
  });

  it('does not hold a reserved request', async () => {
    const driver = await drive([{ filter: 'queue-depth', depth: 1 }]);
    write(driver, [0, 0]);
    driver.at(1, () => driver.submit({ operation: DEVICE_WRITE, flags: REQUEST_RESERVED }));
    driver.run();
    expect(ends(driver)).toEqual([100 * US, 200 * US, 100 * US + 1]);
  });
});

describe('stall', () => {
  it('holds what comes in it, and what would end in it, to its end', async () => {
    const driver = await drive([{ filter: 'stall', first: '1ms', duration: '2ms', every: '10ms' }]);
    write(driver, [0, 950 * US, 2e6, 3e6, 11e6 - 1, 12e6]);
    driver.run();
    expect(ends(driver)).toEqual([100 * US, 3e6, 3.1e6, 3.1e6, 13e6, 13.1e6]);
    expect(figures(driver)).toEqual({ heldRequests: 3, heldCompletions: 2 });
  });
});

describe('reorder', () => {
  it('passes all on, in another order, none later than it may', async () => {
    const seen: number[] = [];
    const model = defineDevice<unknown>({
      name: 'noting',
      summary: 'Notes what comes.',
      roles: ['flash'],
      parameters: {},
      create: (_, context): Device => {
        let requests = 0;
        return {
          submit: (_operation, _unit, address, _bytes, _flags, token) => {
            seen.push(address / 4096);
            requests++;
            context.completeAt(context.nowNs, token);
            return QUEUED;
          },
          fire: () => {},
          statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: 0 }),
        };
      },
    });
    const driver = new DeviceDriver(
      model,
      {},
      1,
      'device',
      await setups([{ filter: 'reorder', depth: 8, wait: '50us' }]),
    );
    write(driver, new Array(8 * 5 + 3).fill(0));
    driver.run();
    for (let at = 0; at < 40; at += 8) {
      expect([...seen.slice(at, at + 8)].sort((a, b) => a - b)).toEqual(
        [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n + at),
      );
    }
    expect(seen).not.toEqual([...seen].sort((a, b) => a - b));
    expect(ends(driver).slice(0, 40)).toEqual(new Array(40).fill(0));
    expect(ends(driver).slice(40)).toEqual([50 * US, 50 * US, 50 * US]);
  });
});

/** Faults among many requests: what share of them, and of which kind. */
function faultsOf(driver: DeviceDriver) {
  const faults = driver.requests.filter((request) => request.fault !== undefined);
  return { share: faults.length / driver.requests.length, faults };
}

describe('error', () => {
  it('fails its share of an operation, after its time, and nothing else', async () => {
    const driver = await drive([{ filter: 'error', write: '25%', after: '7us' }]);
    write(driver, new Array(20_000).fill(0));
    driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    driver.run();
    const { share, faults } = faultsOf(driver);
    // Five standard deviations of a binomial distribution.
    expect(Math.abs(share - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 20_000));
    expect(faults.every((request) => request.completedNs === 7 * US)).toBe(true);
    expect(faults[0]!.fault).toEqual({ kind: FAULT_ERROR, sector: 0 });
    expect(driver.requests.at(-1)!.fault).toBeUndefined();
    expect(figures(driver)).toEqual({ requests: 20_001, errors: faults.length });
  });

  it('acts only within its window', async () => {
    const driver = await drive([{ filter: 'error', write: '100%', from: '1ms', until: '2ms' }]);
    write(driver, [1e6 - 1, 1e6, 2e6 - 1, 2e6]);
    driver.run();
    expect(driver.requests.map((request) => request.fault !== undefined)).toEqual([false, true, true, false]);
  });
});

describe('torn', () => {
  it('leaves each number of sectors alike, and never tears what is atomic', async () => {
    const driver = await drive([{ filter: 'torn', write: '100%', atomic: '1KiB' }]);
    write(driver, new Array(8000).fill(0), 4096);
    write(driver, new Array(100).fill(0), 1024);
    driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    driver.run();
    const { faults } = faultsOf(driver);
    expect(faults).toHaveLength(8000);
    expect(faults.every(({ fault }) => fault!.kind === FAULT_TORN)).toBe(true);
    for (const sectors of [0, 2, 4, 6]) {
      const count = faults.filter(({ fault }) => fault!.sector === sectors).length;
      expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(8000 * 0.25 * 0.75));
    }
  });

  it('can tell the caller', async () => {
    const driver = await drive([{ filter: 'torn', write: '100%', report: 'error' }]);
    write(driver, [0]);
    driver.run();
    expect(driver.requests[0]!.fault!.kind).toBe(FAULT_ERROR);
    expect(ends(driver)).toEqual([100 * US]);
  });
});

describe('corrupt', () => {
  it('damages one sector of a request, anywhere in it', async () => {
    const driver = await drive([{ filter: 'corrupt', read: '50%' }], 'null');
    for (let i = 0; i < 4000; i++) driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    write(driver, [0]);
    driver.run();
    const { share, faults } = faultsOf(driver);
    expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 4000));
    expect(faults.every(({ fault }) => fault!.kind === FAULT_CORRUPT)).toBe(true);
    expect(new Set(faults.map(({ fault }) => fault!.sector))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });

  it('loses messages', async () => {
    const driver = await drive([{ filter: 'corrupt', send: '100%' }], 'link');
    driver.submit({ operation: DEVICE_SEND, bytes: 64 });
    driver.run();
    expect(driver.requests[0]!.fault).toEqual({ kind: FAULT_CORRUPT, sector: 0 });
  });
});

describe('log', () => {
  it('writes down what passes and how it ended', async () => {
    const driver = await drive([
      { filter: 'log', lines: 3 },
      { filter: 'error', flush: '100%' },
    ]);
    write(driver, [500]);
    driver.at(600, () => driver.submit({ operation: DEVICE_FLUSH }));
    driver.at(700, () => driver.submit({ operation: DEVICE_READ, unit: 2, bytes: 512, flags: 3 }));
    driver.at(800, () => driver.submit({ operation: DEVICE_READ }));
    driver.run();
    expect(driver.stack.filters[0]!.filter.log!()).toEqual([
      '500 write 0 0 4096 100000 ok',
      '600 flush 0 0 0 0 error 0',
      '700 read 2 0 512 fua reserved 100000 ok',
    ]);
    expect(figures(driver)).toEqual({ requests: 4, lines: 3 });
  });
});

describe('statistics', () => {
  it('measures by operation', async () => {
    const driver = await drive([{ filter: 'statistics' }, { filter: 'delay', read: '50us' }]);
    write(driver, [0, 0, 0]);
    driver.submit({ operation: DEVICE_READ, bytes: 512 });
    driver.run();
    expect(figures(driver)).toMatchObject({
      faults: 0,
      writeRequests: 3,
      writeBytes: 3 * 4096,
      writeLatencyNsMean: 100 * US,
      readRequests: 1,
      readLatencyNsMin: 150 * US,
      readLatencyNsMax: 150 * US,
    });
    expect(figures(driver)).not.toHaveProperty('flushRequests');
  });
});

describe('a stack', () => {
  it('is passed from the first to the last', async () => {
    const limit = { filter: 'queue-depth', depth: 1 };
    const delay = { filter: 'delay', write: '10us' };
    const outside = await drive([limit, delay]);
    write(outside, [0, 0]);
    outside.run();
    // The limit sees the delay: the second begins when the first has been delayed.
    expect(ends(outside)).toEqual([110 * US, 220 * US]);
    const inside = await drive([delay, limit]);
    write(inside, [0, 0]);
    inside.run();
    expect(ends(inside)).toEqual([110 * US, 210 * US]);
  });

  it('names two filters of a kind apart, and they draw apart', async () => {
    const jitter = { filter: 'jitter' };
    const driver = await drive([jitter, jitter]);
    write(driver, [0]);
    driver.run();
    expect(driver.stack.filters.map(({ name }) => name)).toEqual(['jitter', 'jitter-2']);
    expect(figures(driver, 0).addedNs).not.toBe(figures(driver, 1).addedNs);
  });

  const model = (depth: number, latencyNs: number, done: boolean) =>
    defineDevice<unknown>({
      name: 'narrow',
      summary: 'Refuses more than `depth` requests; answers some at once.',
      roles: ['flash'],
      parameters: {},
      create: (_, context): Device => {
        let under = 0;
        let requests = 0;
        let residenceNs = 0;
        return {
          submit: (...[operation, , , , , token]) => {
            if (under === depth) return BUSY;
            requests++;
            if (done && operation === DEVICE_FLUSH) return 0;
            under++;
            residenceNs += latencyNs;
            context.completeAt(context.nowNs + latencyNs, token);
            context.fireAt(context.nowNs + latencyNs, 0);
            return QUEUED;
          },
          fire: () => {
            if (under-- === depth) context.ready();
          },
          statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs }),
        };
      },
    });

  const anyFilter: fc.Arbitrary<Written> = fc.constantFrom<Written>(
    { filter: 'delay', read: '10us', write: { distribution: 'exponential', mean: '50us' } },
    { filter: 'jitter' },
    { filter: 'jitter', order: 'kept' },
    { filter: 'rate', iops: 20_000, burst: '1ms' },
    { filter: 'rate', bandwidth: '100MB/s', burst: '0' },
    { filter: 'queue-depth', depth: 2 },
    { filter: 'queue-depth', depth: 3, full: 'busy' },
    { filter: 'stall', first: '100us', duration: '200us', every: '1ms' },
    { filter: 'reorder', depth: 3 },
    { filter: 'error', write: '30%', read: '10%', flush: '50%', after: '3us' },
    { filter: 'torn', write: '30%' },
    { filter: 'corrupt', write: '30%', read: '30%' },
    { filter: 'log', lines: 10 },
    { filter: 'statistics' },
  );

  it('of any filters completes every request once, and the same way again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFilter, { minLength: 1, maxLength: 5 }),
        fc.record({ depth: fc.integer({ min: 1, max: 5 }), done: fc.boolean() }),
        fc.array(
          fc.record({
            afterNs: fc.constantFrom(0, 0, 100, 30_000, 400_000),
            operation: fc.constantFrom(0, 1, 1, 2, 3),
            bytes: fc.constantFrom(0, 512, 4096),
            flags: fc.constantFrom(0, 0, 0, 2),
          }),
          { maxLength: 60 },
        ),
        async (filters, { depth, done }, steps) => {
          const run = async () => {
            const driver = new DeviceDriver(model(depth, 100_000, done), {}, 1, 'd', await setups(filters));
            let now = 0;
            for (const step of steps) {
              now += step.afterNs;
              driver.at(now, () => driver.submit(step));
            }
            driver.run();
            return driver.requests.map(({ completedNs, fault }) => ({ completedNs, fault }));
          };
          const first = await run();
          expect(first.every(({ completedNs }) => completedNs >= 0)).toBe(true);
          expect(await run()).toEqual(first);
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('every filter has a test here', async () => {
  const tested = new Set(
    'delay jitter rate queue-depth stall reorder error torn corrupt log statistics'.split(' '),
  );
  expect(new Set(builtInFilters().map(({ name }) => name))).toEqual(tested);
});
