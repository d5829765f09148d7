import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, DataError, UsageError } from '../kernel/errors.ts';
import { builtInModels, listDevices, loadDevice, resolveParameters } from './registry.ts';

const GOOD_MODULE = `
export default {
  name: 'tape', summary: 'A tape.', roles: ['datastore'], parameters: {},
  create: () => ({ submit: () => 0, fire() {}, statistics: () => ({ busyNs: 0, servers: 1 }) }),
};
`;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-devices-'));
  writeFileSync(join(folder, 'tape.js'), GOOD_MODULE);
  writeFileSync(join(folder, 'tape.mjs'), GOOD_MODULE);
  writeFileSync(join(folder, 'throws.mjs'), 'throw new Error("no such wheel")');
  writeFileSync(join(folder, 'empty.mjs'), 'export const tape = 1;');
  writeFileSync(join(folder, 'roles.mjs'), GOOD_MODULE.replace("['datastore']", "['printer']"));
  writeFileSync(
    join(folder, 'parameters.mjs'),
    GOOD_MODULE.replace('parameters: {}', 'parameters: { reel: {} }'),
  );
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const installed = join(folder, 'node_modules', 'fvp-device-tape');
  mkdirSync(installed, { recursive: true });
  writeFileSync(
    join(installed, 'package.json'),
    '{ "name": "fvp-device-tape", "version": "1.2.3", "exports": "./main.mjs" }',
  );
  writeFileSync(join(installed, 'main.mjs'), GOOD_MODULE);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function failure(action: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.name}: ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`;
  }
  return 'no error';
}

describe('loadDevice', () => {
  it('finds the built-in models, which carry no hash', async () => {
    for (const name of ['null', 'fixed', 'flash', 'link', 'array']) {
      const { model, provenance } = await loadDevice(name, folder);
      expect(model.name).toBe(name);
      expect(provenance).toEqual({ from: 'built-in', specifier: name });
    }
  });

  it('loads a path relative to the folder, with the hash of its file', async () => {
    const { model, provenance } = await loadDevice('./tape.js', folder);
    expect(model.name).toBe('tape');
    expect(provenance).toEqual({
      from: 'path',
      specifier: './tape.js',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('keeps an absolute path out of the provenance', async () => {
    const { provenance } = await loadDevice(join(folder, 'tape.mjs'), '/');
    expect(JSON.stringify(provenance)).not.toContain(folder);
    expect(provenance.specifier).toBe('tape.mjs');
  });

  it('loads a package from the folder, with its version', async () => {
    const { provenance } = await loadDevice('fvp-device-tape', folder);
    expect(provenance).toMatchObject({ from: 'package', specifier: 'fvp-device-tape', version: '1.2.3' });
  });

  it('looks for a package beside fvp when the folder has none', async () => {
    expect(await failure(loadDevice('yaml', folder))).toContain('device yaml is no device model');
  });

  it.each([
    [
      './tape.ts',
      'UsageError: device ./tape.ts is TypeScript | compile it, and name the JavaScript file, such as ./tape.js',
    ],
    [
      './reel.js',
      'UsageError: device ./reel.js does not exist | a path is relative to the folder of the scenario file',
    ],
    ['./throws.mjs', 'UsageError: device ./throws.mjs failed while it was loaded: no such wheel'],
    [
      './empty.mjs',
      'UsageError: device ./empty.mjs is no device model: it has no default export | a device module says: export default defineDevice({ name, summary, roles, parameters, create })',
    ],
    [
      'flahs',
      `UsageError: unknown device "flahs" | did you mean "flash"? there are ${builtInModels()
        .map((model) => model.name)
        .join(', ')}; a path begins with ./, and a package must be installed`,
    ],
    [
      'nvme-tlc',
      'UsageError: "nvme-tlc" is a preset, not a device | write device: flash and preset: nvme-tlc',
    ],
  ])('says what is wrong with %s', async (specifier, message) => {
    expect(await failure(loadDevice(specifier, folder))).toBe(message);
  });

  it('names the part of a model that is missing', async () => {
    expect(await failure(loadDevice('./roles.mjs', folder))).toContain(
      'its roles are not among flash, datastore, link',
    );
    expect(await failure(loadDevice('./parameters.mjs', folder))).toContain(
      'its parameter "reel" has no schema',
    );
  });

  it.each(['', ' ', '.', '../', 'file:///etc', 'node:fs', 'a b', '@', '%00'])(
    'throws nothing but UsageError for %j',
    async (specifier) => {
      await expect(loadDevice(specifier, folder)).rejects.toThrow(UsageError);
    },
  );
});

describe('listDevices', () => {
  it('lists every model with its presets', () => {
    const devices = listDevices();
    expect(devices.map((device) => device.name)).toEqual(builtInModels().map((model) => model.name));
    const link = devices.find((device) => device.name === 'link')!;
    expect(link.presets).toEqual(['100gbe', '10gbe', '25gbe', 'speed-link']);
  });
});

describe('resolveParameters', () => {
  it('takes defaults, then the preset, then the overrides, in the order of declaration', async () => {
    const link = await loadDevice('link', folder);
    expect(resolveParameters(link, { overrides: {} }).parameters).toMatchObject({
      latency: 20e3,
      bandwidth: 1.25e9,
      overhead: 78,
    });
    const { parameters, written } = resolveParameters(link, {
      preset: '25gbe',
      overrides: { latency: '7us' },
    });
    expect(parameters).toMatchObject({ latency: 7e3, bandwidth: 24.7e9 / 8, overhead: 78 });
    expect(Object.keys(written)).toEqual(Object.keys(link.model.parameters));
    expect(Object.entries(written).slice(0, 3)).toEqual([
      ['latency', '7us'],
      ['bandwidth', '24.7Gbit/s'],
      ['overhead', 78],
    ]);
  });

  it.each([
    [
      'link',
      { latencey: '1us' },
      'device link has no parameter "latencey" | did you mean "latency"? it has latency, bandwidth, overhead, jitter, loss, retransmission, packet',
    ],
    ['null', { latency: '1us' }, 'device null has no parameter "latency" | it has none'],
    [
      'link',
      { latency: '11s' },
      'parameter "latency" of device link is out of bounds; found "11s"; expected a time from 0 to 10s, such as 90us',
    ],
    [
      'link',
      { latency: 'soon' },
      'parameter "latency" of device link is not a time; found "soon"; expected a time from 0 to 10s, such as 90us',
    ],
    [
      'link',
      { latency: 20 },
      'parameter "latency" of device link is not a time; found "20"; expected a time from 0 to 10s, such as 90us',
    ],
    [
      'link',
      { bandwidth: '10Gbit' },
      'parameter "bandwidth" of device link is not a bandwidth; found "10Gbit"; expected a bandwidth from 1kB/s to 100TB/s, such as 10Gbit/s, or unlimited',
    ],
    [
      'flash',
      { channels: 0 },
      'parameter "channels" of device flash is out of bounds; found "0"; expected a whole number from 1 to 4096',
    ],
    [
      'flash',
      { channels: 1.5 },
      'parameter "channels" of device flash is not a whole number; found "1.5"; expected a whole number from 1 to 4096',
    ],
    [
      'flash',
      { stripe: '100' },
      'parameter "stripe" of device flash is out of bounds; found "100"; expected a size from 512 to 64MiB, such as 64KiB',
    ],
    [
      'flash',
      { volatileCache: 'yes' },
      'parameter "volatileCache" of device flash is neither true nor false; found "yes"; expected true or false',
    ],
    [
      'flash',
      { read: { distribution: 'lognormal', median: '1us' } },
      'parameter "read" of device flash is not a service time: distribution lognormal lacks "p99" (it needs median and p99); found "{\\"distribution\\":\\"lognormal\\",\\"median\\":\\"1us\\"}"; expected a service time up to 4s, such as 90us or { distribution: lognormal, median: 90us, p99: 300us }',
    ],
    [
      'array',
      { flush: 'drian' },
      'parameter "flush" of device array is not a choice: did you mean "drain"?; found "drian"; expected one of roundtrip, drain',
    ],
    [
      'array',
      { writePenalty: 3 },
      'parameter "writePenalty" of device array is not a choice; found "3"; expected one of 1, 2, 4, 6',
    ],
    [
      'array',
      { lowWater: '120%' },
      'parameter "lowWater" of device array is out of bounds; found "120%"; expected a fraction from 0 to 1, such as 20% or 0.2',
    ],
    ['array', { lowWater: '90%' }, 'parameter "lowWater" of device array must not be above highWater'],
    [
      'array',
      { stripe: '20KiB' },
      'parameter "stripe" of device array must be a multiple of cacheLine, 16KiB',
    ],
  ])('says what is wrong with %s %j', async (device, overrides, message) => {
    const loaded = await loadDevice(device, folder);
    expect(await failure(() => resolveParameters(loaded, { overrides }))).toBe(`UsageError: ${message}`);
  });

  it('names the place in the scenario when there is one', async () => {
    const loaded = await loadDevice('link', folder);
    const place = (key: string | undefined) => ({
      file: 'cluster.yaml',
      line: key === 'latency' ? 7 : 1,
      column: 5,
    });
    const bad = () => resolveParameters(loaded, { overrides: { latency: '1hour' }, place });
    expect(bad).toThrow(DataError);
    expect(await failure(bad)).toContain(
      'cluster.yaml:7:5: parameter "latency" of device link is not a time',
    );
  });

  it('refuses a preset of another device and names its own', async () => {
    const loaded = await loadDevice('link', folder);
    expect(await failure(() => resolveParameters(loaded, { preset: '1gbe', overrides: {} }))).toBe(
      'UsageError: device link has no preset "1gbe" | did you mean "10gbe"? presets: 100gbe, 10gbe, 25gbe, speed-link',
    );
    const none = await loadDevice('null', folder);
    expect(await failure(() => resolveParameters(none, { preset: '10gbe', overrides: {} }))).toBe(
      'UsageError: device null has no preset "10gbe" | device null has no presets',
    );
  });
});
