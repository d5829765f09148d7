/** null, fixed and link: equations, to the nanosecond. */
import { describe, expect, it } from 'vitest';
import { BugError } from '../../kernel/errors.ts';
import { DEVICE_DISCARD, DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE } from '../api.ts';
import { DeviceDriver } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { meanLatencyNs, poissonArrivals, relativeError } from '../testing/measures.ts';

async function drive(name: string, overrides: Record<string, unknown> = {}, seed = 1): Promise<DeviceDriver> {
  const loaded = await loadDevice(name, '.');
  return new DeviceDriver(loaded.model, resolveParameters(loaded, { overrides }).parameters, seed, name);
}

describe('null', () => {
  it('answers everything at once, without an event', async () => {
    const driver = await drive('null');
    for (const operation of [DEVICE_READ, DEVICE_WRITE, DEVICE_FLUSH, DEVICE_DISCARD, DEVICE_SEND]) {
      driver.submit({ operation, bytes: 4096 });
    }
    driver.run();
    expect(driver.requests.map((request) => request.completedNs)).toEqual([0, 0, 0, 0, 0]);
    expect(driver.events).toBe(0);
    expect(driver.device.statistics()).toMatchObject({
      requests: 5,
      readBytes: 4096,
      writtenBytes: 4096,
      busyNs: 0,
    });
  });
});

describe('fixed', () => {
  it('takes its latency whatever else is under way', async () => {
    const driver = await drive('fixed', {
      read: '90us',
      write: '30us',
      flush: '1ms',
      discard: '7us',
      send: '13us',
    });
    const operations = [DEVICE_READ, DEVICE_WRITE, DEVICE_FLUSH, DEVICE_DISCARD, DEVICE_SEND];
    driver.at(1000, () => {
      for (const operation of [...operations, ...operations]) driver.submit({ operation, bytes: 1 << 20 });
    });
    driver.run();
    const once = [91_000, 31_000, 1_001_000, 8_000, 14_000];
    expect(driver.requests.map((request) => request.completedNs)).toEqual([...once, ...once]);
    expect(driver.events).toBe(10);
  });

  it('counts as busy the time in which something is under way', async () => {
    const driver = await drive('fixed', { read: '100us' });
    for (const atNs of [0, 50_000, 400_000])
      driver.at(atNs, () => driver.submit({ operation: DEVICE_READ, bytes: 512 }));
    driver.run();
    expect(driver.device.statistics().busyNs).toBe(250_000);
  });
});

describe('link', () => {
  it('delivers after egress, serialisation and latency, all streams on one egress', async () => {
    const driver = await drive('link', { latency: '20us', bandwidth: '10Gbit/s', overhead: 78 });
    // (4096 + 78) bytes at 1.25 B/ns = 3339.2, rounded up.
    const serialisation = 3340;
    driver.at(500, () => {
      for (const unit of [1, 2, 1]) driver.submit({ operation: DEVICE_SEND, unit, bytes: 4096 });
    });
    driver.at(500 + 3 * serialisation + 1000, () =>
      driver.submit({ operation: DEVICE_SEND, unit: 2, bytes: 172 }),
    );
    driver.run();
    expect(driver.requests.map((request) => request.completedNs)).toEqual([
      500 + serialisation + 20_000,
      500 + 2 * serialisation + 20_000,
      500 + 3 * serialisation + 20_000,
      500 + 3 * serialisation + 1000 + 200 + 20_000,
    ]);
    expect(driver.events).toBe(4);
    expect(driver.device.statistics()).toMatchObject({
      busyNs: 3 * serialisation + 200,
      servers: 1,
      sentBytes: 3 * 4096 + 172,
      wireBytes: 3 * 4174 + 250,
    });
  });

  it('carries no more than its bandwidth', async () => {
    const driver = await drive('link', { latency: 0, bandwidth: '1Gbit/s', overhead: 0 });
    for (let i = 0; i < 1000; i++) driver.submit({ operation: DEVICE_SEND, bytes: 1447 });
    driver.run();
    expect((1000 * 1447 * 1e9) / driver.nowNs).toBeLessThanOrEqual(125e6);
    expect((1000 * 1447 * 1e9) / driver.nowNs).toBeGreaterThan(0.999 * 125e6);
  });

  it.each([0.5, 0.8])('waits as M/D/1 at utilisation %f', async (utilisation) => {
    const driver = await drive('link', { latency: 0, bandwidth: '1GB/s', overhead: 0 });
    const serviceNs = 10_000;
    const arrivals = poissonArrivals(200_000, (utilisation * 1e9) / serviceNs, 3);
    for (const atNs of arrivals)
      driver.at(atNs, () => driver.submit({ operation: DEVICE_SEND, bytes: serviceNs }));
    driver.run();
    // Pollaczek-Khinchine with constant service.
    const wanted = serviceNs + (utilisation * serviceNs) / (2 * (1 - utilisation));
    expect(relativeError(meanLatencyNs(driver.requests), wanted)).toBeLessThan(0.03);
  });

  it('takes messages only', async () => {
    const driver = await drive('link');
    expect(() => driver.submit({ operation: DEVICE_WRITE, bytes: 512 })).toThrow(BugError);
  });
});
