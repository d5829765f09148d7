import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { MODE_NAMES } from '../../fvp/mode.ts';
import { UsageError } from '../../kernel/errors.ts';
import { loadScenario, parseScenario } from './load-scenario.ts';
import { listPresets, presetNames } from './presets.ts';
import type { Scenario } from './scenario.ts';
import { writtenBytes, writtenNs } from './written.ts';

const MIB = 2 ** 20;

function scenario(
  capacity: string,
  fvp = '{}',
  hosts = '{ esx1: {}, esx2: {}, esx3: {} }',
): Promise<Scenario> {
  const text = `
datastore: { device: fixed }
hostDefaults:
  flash: { device: fixed, capacity: ${capacity} }
  link: { device: link }
hosts: ${hosts}
fvp: ${fvp}
vms:
  vm1: { host: esx1 }
  vm2: { host: esx2, start: 1500ms }
`;
  return parseScenario(text, 'my.yaml', '/nowhere');
}

describe('percentages', () => {
  test('capacity is a share of the footprint, in whole buckets', async () => {
    const resolved = (await scenario('20%')).resolve({ footprintBytes: 103 * MIB });
    expect(resolved.hosts[0]!.flash!.capacityBytes).toBe(20.5 * MIB);
    expect(resolved.written).toMatchObject({ hosts: { esx1: { flash: { capacity: '20992KiB' } } } });
  });

  test('the dirty limit is a share of the footprint, in whole buckets and at least two', async () => {
    const share = async (footprintBytes: number) =>
      (await scenario('1GiB', '{ dirtyLimit: 5% }')).resolve({ footprintBytes }).fvp.dirtyLimitBytes;
    expect(await share(1000 * MIB)).toBe(50 * MIB);
    expect(await share(1001 * MIB)).toBe(50.5 * MIB);
    expect(await share(MIB)).toBe(MIB);
  });
});

describe('room on flash', () => {
  const modes = ['write-back+2'] as const;

  test('without a dirty limit, logs take at most half of the smallest flash', async () => {
    const resolved = (await scenario('100MiB')).resolve({ footprintBytes: 0, modes: [...modes] });
    // Two disks with two replicas each: esx3 holds two logs, as do the others; (50 MiB / 2 - a bucket) each.
    expect(resolved.fvp.dirtyLimitBytes).toBe(24.5 * MIB);
    const alone = (await scenario('100MiB')).resolve({ footprintBytes: 0, modes: ['write-back'] });
    expect(alone.fvp.dirtyLimitBytes).toBe(49.5 * MIB);
    const disks = (await scenario('100MiB')).resolve({
      footprintBytes: 0,
      modes: ['write-back'],
      disks: [1, 5],
    });
    expect(disks.fvp.dirtyLimitBytes).toBe(9.5 * MIB);
  });

  test('ample flash leaves the default of 4 GiB', async () => {
    const resolved = (await scenario('400GB')).resolve({ footprintBytes: 0, modes: [...modes] });
    expect(resolved.fvp.dirtyLimitBytes).toBe(4 * 2 ** 30);
  });

  test('too little flash is an error that says the least, and the least is enough', async () => {
    const fvp = '{ dirtyLimit: 10MiB }';
    const small = await scenario('15MiB', fvp);
    expect(() => small.resolve({ footprintBytes: 0, modes: [...modes] })).toThrow(UsageError);
    // Two logs of 10 MiB and a bucket each, and a bucket of cache.
    expect(() => small.resolve({ footprintBytes: 0, modes: [...modes] })).toThrow(
      'flash of esx1 is too small: 15 MiB, and at least 22016KiB are needed for 2 write logs of up to 10 MiB and a bucket of cache',
    );
    const least = await scenario('22016KiB', fvp);
    expect(least.resolve({ footprintBytes: 0, modes: [...modes] }).fvp.dirtyLimitBytes).toBe(10 * MIB);
    const less = await scenario('22015KiB', fvp);
    expect(() => less.resolve({ footprintBytes: 0, modes: [...modes] })).toThrow('too small');
  });

  test('modes without logs need one bucket only', async () => {
    const tiny = await scenario('512KiB', '{ dirtyLimit: 10MiB }');
    expect(() => tiny.resolve({ footprintBytes: 0, modes: ['none', 'write-through'] })).not.toThrow();
    const none = await scenario('511KiB');
    expect(() => none.resolve({ footprintBytes: 0 })).toThrow('for one bucket of cache');
  });
});

test('a replica goes to the next host in order', async () => {
  const small = (host: string): Promise<Scenario> =>
    parseScenario(
      `
datastore: { device: fixed }
hostDefaults: { flash: { device: fixed, capacity: 1GiB }, link: { device: link } }
hosts:
  esx1:
  esx2:
  esx3:
  esx4:
  ${host}: { flash: { capacity: 1MiB } }
fvp: { dirtyLimit: 10MiB }
vms: { vm1: { host: esx2 } }
`.replace(`  ${host}:\n`, ''),
      'my.yaml',
      '/nowhere',
    );
  const request = { footprintBytes: 0, modes: ['write-back+1'] as const };
  expect((await small('esx1')).resolve(request).hosts).toHaveLength(4);
  // Without esx3 in its place the order is esx1, esx2, esx4, esx3.
  const reordered = await small('esx3');
  expect(reordered.hostNames).toEqual(['esx1', 'esx2', 'esx4', 'esx3']);
  expect(reordered.resolve(request).hosts).toHaveLength(4);
  expect(() => reordered.resolve({ ...request, modes: ['write-back+2'] })).toThrow(
    'flash of esx3 is too small',
  );
});

describe('modes that cannot run', () => {
  test('a mode needs as many peers as replicas', async () => {
    const two = await scenario('1GiB', '{}', '{ esx1: {}, esx2: {} }');
    expect(MODE_NAMES.map((mode) => two.obstacle(mode))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'write-back+2 needs 2 peers with flash; esx1 has 1',
    ]);
  });

  test('acceleration needs flash on the host of each VM', async () => {
    const bare = await scenario('1GiB', '{}', '{ esx1: {}, esx2: { flash: null }, esx3: {} }');
    expect(bare.obstacle('none')).toBeUndefined();
    expect(bare.obstacle('write-through')).toBe('write-through needs flash on esx2, where vm2 runs');
  });
});

test('what is written out is a scenario that resolves to the same', async () => {
  for (const name of presetNames()) {
    const request = { footprintBytes: 2 ** 30, modes: MODE_NAMES };
    const first = (await loadScenario(name, { fromFolder: '.' })).resolve(request);
    const text = stringify(first.written);
    const again = (await parseScenario(text, 'again.yaml', '/nowhere')).resolve(request);
    expect(again.written).toEqual(first.written);
    expect(again.fvp).toEqual(first.fvp);
    expect(again.hosts).toEqual(first.hosts);
    expect(again.datastore.parameters).toEqual(first.datastore.parameters);
    expect(again.vms).toEqual(first.vms);
    expect(again.events).toEqual(first.events);
  }
});

test('every preset runs in every mode and says what it is', async () => {
  const dataCentres = presetNames().slice(0, 4);
  expect(dataCentres).toEqual(['datacentre-2014', 'datacentre-today', 'null', 'speed']);
  for (const { name, description } of listPresets()) {
    expect(description).toMatch(/^[A-Z].*\.$/);
    const preset = await loadScenario(name, { fromFolder: '.' });
    expect(preset.name).toBe(name);
    for (const mode of MODE_NAMES) expect(preset.obstacle(mode)).toBeUndefined();
    const { events } = preset.resolve({ footprintBytes: 2 ** 30, modes: MODE_NAMES });
    expect(events.length > 0, name).toBe(!dataCentres.includes(name));
  }
});

test('quantities are written exactly and read again as the same', () => {
  expect([0, 1, 511, 512 * 1024, 400e9, 2 ** 30, 2 ** 40, 3e12, 20_992 * 1024].map(writtenBytes)).toEqual([
    '0B',
    '1B',
    '511B',
    '512KiB',
    '400GB',
    '1GiB',
    '1TiB',
    '3TB',
    '20992KiB',
  ]);
  expect([0, 999, 1500, 1_500_000, 7e9, 90e9].map(writtenNs)).toEqual([
    '0ns',
    '999ns',
    '1500ns',
    '1500us',
    '7s',
    '90s',
  ]);
});
