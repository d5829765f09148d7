import { describe, expect, it } from 'vitest';
import { BugError } from '../../kernel/errors.ts';
import { DEVICE_DISCARD, DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, REQUEST_FUA } from '../api.ts';
import { DeviceDriver } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { meanLatencyNs, poissonArrivals, relativeError } from '../testing/measures.ts';

/** No wire, no transfer, no hold: only what a test adds. */
const BARE = {
  channels: 1,
  overhead: 0,
  hold: 0,
  channelBandwidth: 'unlimited',
  readBandwidth: 'unlimited',
  writeBandwidth: 'unlimited',
  stripe: '64MiB',
};

async function drive(overrides: Record<string, unknown>, seed = 1, name = 'flash'): Promise<DeviceDriver> {
  const loaded = await loadDevice('flash', '.');
  const { parameters } = resolveParameters(loaded, { overrides: { ...BARE, ...overrides } });
  return new DeviceDriver(loaded.model, parameters, seed, name);
}

function completions(driver: DeviceDriver): number[] {
  return driver.requests.map((request) => request.completedNs);
}

describe('flash', () => {
  it('serves on the channel that is free first, first come first served', async () => {
    const driver = await drive({ channels: 2, read: '100us', write: '30us' });
    const submit = (atUs: number, operation: number) =>
      driver.at(atUs * 1000, () => driver.submit({ operation, bytes: 4096 }));
    submit(0, DEVICE_READ); // channel a: 0 to 100
    submit(10, DEVICE_WRITE); // channel b: 10 to 40
    submit(20, DEVICE_READ); // b: 40 to 140
    submit(20, DEVICE_WRITE); // a: 100 to 130, behind the read
    submit(135, DEVICE_WRITE); // a: 135 to 165
    submit(136, DEVICE_READ); // b: 140 to 240
    driver.run();
    expect(completions(driver)).toEqual([100, 40, 140, 130, 165, 240].map((us) => us * 1000));
    expect(driver.device.statistics()).toMatchObject({ busyNs: 390_000, servers: 2, reads: 3, writes: 3 });
    expect(driver.events).toBe(6);
  });

  it('adds overhead, wire and transfer to the service time', async () => {
    const driver = await drive({
      overhead: '5us',
      read: '50us',
      write: '20us',
      readBandwidth: '1GB/s',
      writeBandwidth: '500MB/s',
      channelBandwidth: '250MB/s',
    });
    driver.submit({ operation: DEVICE_READ, bytes: 4000 });
    driver.at(1e6, () => driver.submit({ operation: DEVICE_WRITE, bytes: 4000 }));
    driver.run();
    expect(completions(driver)).toEqual([5000 + 4000 + 50_000 + 16_000, 1e6 + 5000 + 8000 + 20_000 + 16_000]);
  });

  it('carries one request at a time over its interface', async () => {
    const driver = await drive({ channels: 8, read: 0, readBandwidth: '1GB/s' });
    for (let i = 0; i < 3; i++) driver.submit({ operation: DEVICE_READ, bytes: 4000 });
    driver.run();
    expect(completions(driver)).toEqual([4000, 8000, 12000]);
  });

  it('keeps the channel busy after a write has been acknowledged', async () => {
    const driver = await drive({ read: '10us', write: '20us', hold: '70us' });
    driver.submit({ operation: DEVICE_WRITE, bytes: 4096 });
    driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    driver.run();
    expect(completions(driver)).toEqual([20_000, 100_000]);
    expect(driver.device.statistics().busyNs).toBe(100_000);
  });

  it('spreads a long request over channels, in pieces of a stripe', async () => {
    const driver = await drive({ channels: 2, read: '10us', stripe: '16KiB' });
    driver.submit({ operation: DEVICE_READ, bytes: 40 * 1024 });
    driver.run();
    expect(completions(driver)).toEqual([20_000]);
    expect(driver.device.statistics().busyNs).toBe(30_000);
  });

  it('flushes at a constant cost when the cache is safe, and waits for programs when it is volatile', async () => {
    for (const [volatileCache, flushed] of [
      [false, 15_000],
      [true, 95_000],
    ] as const) {
      const driver = await drive({ write: '20us', hold: '70us', flush: '5us', volatileCache });
      driver.submit({ operation: DEVICE_WRITE, bytes: 4096 });
      driver.at(10_000, () => driver.submit({ operation: DEVICE_FLUSH }));
      driver.run();
      expect(completions(driver)).toEqual([20_000, flushed]);
    }
  });

  it('acknowledges a FUA write after its program when the cache is volatile', async () => {
    const driver = await drive({ write: '20us', hold: '70us', volatileCache: true });
    driver.submit({ operation: DEVICE_WRITE, bytes: 4096, flags: REQUEST_FUA });
    driver.submit({ operation: DEVICE_DISCARD, bytes: 4096 });
    driver.run();
    expect(completions(driver)).toEqual([90_000, 50_000]);
  });

  it('says whether its cache is volatile', async () => {
    const { model } = await loadDevice('flash', '.');
    expect(model.volatileCache!({ volatileCache: true })).toBe(true);
    expect(model.volatileCache!({ volatileCache: false })).toBe(false);
  });

  it('takes no messages', async () => {
    const driver = await drive({});
    expect(() => driver.submit({ operation: DEVICE_SEND, bytes: 1 })).toThrow(BugError);
  });

  it.each([
    [1, 0.5],
    [1, 0.8],
    [4, 0.8],
  ])('with %i channels waits as M/M/k at utilisation %f', async (channels, utilisation) => {
    const meanNs = 100_000;
    const driver = await drive({ channels, read: { distribution: 'exponential', mean: '100us' } });
    const arrivals = poissonArrivals(300_000, (channels * utilisation * 1e9) / meanNs, 5);
    for (const atNs of arrivals) driver.at(atNs, () => driver.submit({ operation: DEVICE_READ, bytes: 512 }));
    driver.run();
    // Erlang C.
    const load = channels * utilisation;
    let term = 1;
    let sum = 1;
    for (let k = 1; k < channels; k++) sum += term *= load / k;
    const last = (term * load) / channels / (1 - utilisation);
    const waitNs = ((last / (sum + last)) * meanNs) / (channels * (1 - utilisation));
    expect(relativeError(meanLatencyNs(driver.requests), meanNs + waitNs)).toBeLessThan(0.03);
  });

  it('waits as Pollaczek and Khinchine say with lognormal service', async () => {
    const loaded = await loadDevice('flash', '.');
    const overrides = { ...BARE, read: { distribution: 'lognormal', median: '80us', p99: '300us' } };
    const { parameters } = resolveParameters(loaded, { overrides });
    const { read } = parameters as {
      readonly read: { readonly meanNs: number; readonly secondMomentNs2: number };
    };
    const driver = new DeviceDriver(loaded.model, parameters);
    const perNs = 0.7 / read.meanNs;
    for (const atNs of poissonArrivals(300_000, perNs * 1e9, 11)) {
      driver.at(atNs, () => driver.submit({ operation: DEVICE_READ, bytes: 512 }));
    }
    driver.run();
    const wanted = read.meanNs + (perNs * read.secondMomentNs2) / (2 * (1 - 0.7));
    expect(relativeError(meanLatencyNs(driver.requests), wanted)).toBeLessThan(0.03);
  });

  it('draws the same times for the same I/O, whatever else the device does', async () => {
    const read = { distribution: 'exponential', mean: '100us' };
    const alone = await drive({ channels: 64, read });
    const accompanied = await drive({ channels: 64, read, write: read });
    for (let key = 0; key < 20; key++) {
      alone.submit({ operation: DEVICE_READ, bytes: 512, key });
      accompanied.submit({ operation: DEVICE_WRITE, bytes: 512, key: key + 1000 });
      accompanied.submit({ operation: DEVICE_READ, bytes: 512, key });
    }
    alone.run();
    accompanied.run();
    expect(completions(accompanied).filter((_, i) => i % 2 === 1)).toEqual(completions(alone));
  });

  it('draws other times with another seed or under another name', async () => {
    const read = { distribution: 'exponential', mean: '100us' };
    const runs = await Promise.all([
      drive({ read }),
      drive({ read }),
      drive({ read }, 2),
      drive({ read }, 1, 'other'),
    ]);
    const ends = runs.map((driver) => {
      for (let i = 0; i < 10; i++) driver.submit({ operation: DEVICE_READ, bytes: 512 });
      driver.run();
      return driver.nowNs;
    });
    expect(ends[1]).toBe(ends[0]);
    expect(ends[2]).not.toBe(ends[0]);
    expect(ends[3]).not.toBe(ends[0]);
  });
});
