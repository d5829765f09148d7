import { describe, expect, it } from 'vitest';
import { hash2 } from '../kernel/random.ts';
import { DEVICE_READ, DEVICE_SEND, DEVICE_WRITE } from './api.ts';
import { DeviceDriver } from './conformance/device-driver.ts';
import { listPresets, loadPreset } from './presets.ts';
import { loadDevice, resolveParameters } from './registry.ts';
import { meanLatencyNs, relativeError } from './testing/measures.ts';

const KIB = 1024;

async function drivePreset(name: string, seed = 1): Promise<DeviceDriver> {
  const loaded = await loadDevice(loadPreset(name).device, '.');
  const { parameters } = resolveParameters(loaded, { preset: name, overrides: {} });
  return new DeviceDriver(loaded.model, parameters, seed, name);
}

/** Keeps `depth` requests under way and returns completions per second. */
async function rate(
  name: string,
  operation: number,
  bytes: number,
  depth: number,
  count: number,
): Promise<number> {
  const driver = await drivePreset(name);
  let issued = 0;
  const issue = () => {
    if (issued < count) driver.submit({ operation, bytes, address: issued++ * bytes });
  };
  driver.onComplete = issue;
  for (let i = 0; i < depth; i++) issue();
  driver.run();
  return (count * 1e9) / driver.nowNs;
}

async function meanLatencyUs(name: string, operation: number, bytes: number): Promise<number> {
  return 1e6 / (await rate(name, operation, bytes, 1, 4000));
}

describe('presets', () => {
  it('fit their model, which accepts every value', async () => {
    for (const preset of listPresets()) {
      const loaded = await loadDevice(preset.device, '.');
      const { written } = resolveParameters(loaded, { preset: preset.name, overrides: {} });
      expect(Object.keys(written)).toEqual(Object.keys(loaded.model.parameters));
      expect(Object.keys(preset.parameters).filter((key) => !(key in loaded.model.parameters))).toEqual([]);
    }
  });

  it('state every parameter, with a source or the word assumed and why', async () => {
    for (const preset of listPresets()) {
      const { model } = await loadDevice(preset.device, '.');
      expect(Object.keys(preset.parameters), preset.name).toEqual(Object.keys(model.parameters));
      for (const [key, { source }] of Object.entries(preset.parameters)) {
        expect(source, `${preset.name} ${key}`).toMatch(/^(assumed: )?\S.{2,}/);
      }
    }
  });

  it('intel-dc-s3700 reads and writes as its product specification says', async () => {
    const name = 'intel-dc-s3700';
    expect(relativeError(await rate(name, DEVICE_READ, 4 * KIB, 32, 20000), 75_000)).toBeLessThan(0.05);
    expect(relativeError(await rate(name, DEVICE_READ, 8 * KIB, 32, 20000), 47_500)).toBeLessThan(0.05);
    expect(relativeError(await rate(name, DEVICE_WRITE, 4 * KIB, 32, 20000), 36_000)).toBeLessThan(0.05);
    expect(relativeError(await meanLatencyUs(name, DEVICE_READ, 4 * KIB), 50)).toBeLessThan(0.05);
    expect(relativeError(await meanLatencyUs(name, DEVICE_WRITE, 4 * KIB), 65)).toBeLessThan(0.05);
    expect(
      relativeError(128 * KIB * (await rate(name, DEVICE_READ, 128 * KIB, 32, 4000)), 500e6),
    ).toBeLessThan(0.1);
    expect(
      relativeError(128 * KIB * (await rate(name, DEVICE_WRITE, 128 * KIB, 32, 4000)), 460e6),
    ).toBeLessThan(0.15);
  });

  it('fusion-io-iodrive2 reads and writes as its specification says', async () => {
    const name = 'fusion-io-iodrive2';
    expect(relativeError(await meanLatencyUs(name, DEVICE_READ, 512), 68)).toBeLessThan(0.05);
    expect(relativeError(await meanLatencyUs(name, DEVICE_WRITE, 512), 15)).toBeLessThan(0.1);
    expect(relativeError(await rate(name, DEVICE_READ, 512, 32, 20000), 141_000)).toBeLessThan(0.07);
    expect(relativeError(1e6 * (await rate(name, DEVICE_READ, 1e6, 32, 2000)), 1.5e9)).toBeLessThan(0.05);
    expect(relativeError(1e6 * (await rate(name, DEVICE_WRITE, 1e6, 32, 2000)), 1.1e9)).toBeLessThan(0.05);
  });

  it('intel-p4500-2tb reads and writes as the product guide says, garbage collection included', async () => {
    const name = 'intel-p4500-2tb';
    const random = async (operation: number, depth: number, count: number) => {
      const driver = await drivePreset(name);
      let issued = 0;
      const issue = () => {
        if (issued < count)
          driver.submit({ operation, bytes: 4 * KIB, address: (hash2(issued++, 5) % 2 ** 28) * 4 * KIB });
      };
      driver.onComplete = issue;
      for (let i = 0; i < depth; i++) issue();
      driver.run();
      const meanNs = meanLatencyNs(driver.requests);
      return { meanUs: meanNs / 1000, perSecond: (depth * 1e9) / meanNs };
    };
    expect(relativeError((await random(DEVICE_READ, 1, 2000)).meanUs, 85)).toBeLessThan(0.05);
    expect(relativeError((await random(DEVICE_READ, 256, 50_000)).perSecond, 490_000)).toBeLessThan(0.07);
    // The guide has 20 us.
    expect((await random(DEVICE_WRITE, 1, 1000)).meanUs).toBeLessThan(20);
    expect(relativeError((await random(DEVICE_WRITE, 32, 100_000)).perSecond, 38_000)).toBeLessThan(0.1);
  });

  it('nvme-tlc reads and writes at the rates it is fitted to', async () => {
    const name = 'nvme-tlc';
    expect(relativeError(await meanLatencyUs(name, DEVICE_READ, 4 * KIB), 78)).toBeLessThan(0.07);
    expect(relativeError(await meanLatencyUs(name, DEVICE_WRITE, 4 * KIB), 17)).toBeLessThan(0.1);
    expect(relativeError(await rate(name, DEVICE_READ, 4 * KIB, 256, 50000), 1_000_000)).toBeLessThan(0.05);
    expect(relativeError(await rate(name, DEVICE_WRITE, 4 * KIB, 256, 50000), 260_000)).toBeLessThan(0.05);
  });

  it.each([
    ['all-flash-array', 150, 250],
    ['nvme-of-array', 20, 140],
  ])('%s answers 8 KiB reads and writes within %i to %i us', async (name, leastUs, mostUs) => {
    for (const operation of [DEVICE_READ, DEVICE_WRITE]) {
      const driver = await drivePreset(name);
      for (let i = 0; i < 4000; i++) {
        const address = ((i * 7919) % 4000) * 8192000;
        driver.at(i * 1e6, () => driver.submit({ operation, address, bytes: 8 * KIB }));
      }
      driver.run();
      const mean = meanLatencyNs(driver.requests);
      expect(mean).toBeGreaterThan(leastUs * 1000);
      expect(mean).toBeLessThan(mostUs * 1000);
    }
  });

  it('fc-array-15k caches a write in about 0.35 ms and reads at random in about 6 ms', async () => {
    const means: number[] = [];
    for (const operation of [DEVICE_WRITE, DEVICE_READ]) {
      const driver = await drivePreset('fc-array-15k');
      for (let i = 0; i < 2000; i++) {
        driver.at(i * 20e6, () =>
          driver.submit({ operation, address: ((i * 7919) % 2000) * 8192 * 1000, bytes: 8 * KIB }),
        );
      }
      driver.run();
      means.push(meanLatencyNs(driver.requests));
    }
    expect(relativeError(means[0]!, 350e3)).toBeLessThan(0.15);
    expect(relativeError(means[1]!, 6e6)).toBeLessThan(0.1);
  });

  it('10gbe carries 1.17 GB/s of payload', async () => {
    const bytes = 64 * KIB;
    expect(relativeError(bytes * (await rate('10gbe', DEVICE_SEND, bytes, 16, 2000)), 1.173e9)).toBeLessThan(
      0.02,
    );
  });
});
