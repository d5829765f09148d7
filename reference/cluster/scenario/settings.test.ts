import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../kernel/errors.ts';
import { GIB } from '../../kernel/units.ts';
import { loadScenario } from './load-scenario.ts';

async function resolved(...settings: string[]) {
  const scenario = await loadScenario('datacentre-2014', { fromFolder: '.', settings });
  return scenario.resolve({ footprintBytes: GIB, disks: scenario.vms.map(() => 1) });
}

async function errorOf(...settings: string[]): Promise<Error & { hint?: string }> {
  return resolved(...settings).then(
    () => new Error('nothing was wrong'),
    (error: Error) => error,
  );
}

describe('a setting', () => {
  it('stands for what the file could say', async () => {
    const { hosts, datastore, fvp } = await resolved(
      'flash.capacity=64GiB',
      'datastore.spindles=24',
      'fvp.dirtyLimit=1GiB',
    );
    expect(hosts.map(({ flash }) => flash?.capacityBytes)).toEqual([64 * GIB, 64 * GIB, 64 * GIB]);
    expect(datastore.written.spindles).toBe(24);
    expect(fvp.dirtyLimitBytes).toBe(GIB);
  });
  it('that names a preset starts the device afresh, whatever the order of settings', async () => {
    const { hosts } = await resolved('flash.channels=7', 'flash.preset=nvme-tlc');
    expect(hosts[0]?.flash?.written).toMatchObject({
      preset: 'nvme-tlc',
      channels: 7,
      read: { median: '57us' },
    });
  });
  it('hosts.count adds hosts with VMs like those there are, each with a start of its own', async () => {
    const { hosts, vms } = await resolved('hosts.count=5', 'vms.perHost=2');
    expect(hosts.map(({ name }) => name)).toEqual(['esx1', 'esx2', 'esx3', 'esx4', 'esx5']);
    expect(vms.map(({ host }) => host).sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(new Set(vms.map(({ startNs }) => startNs)).size).toBe(10);
  });
  it('hosts.count takes hosts away with their VMs', async () => {
    const { hosts, vms } = await resolved('hosts.count=1');
    expect([hosts.length, vms.length]).toEqual([1, 1]);
  });
  it('events= lets happen what happens in a shipped scenario', async () => {
    const { events } = await resolved('events=peer-lost');
    expect(events.map(({ kind }) => kind)).toEqual(['crash', 'restart']);
  });
});

describe('a setting that does not fit', () => {
  it.each([
    ['flahs.capacity=8G', UsageError, /unknown parameter "flahs.capacity"/, /did you mean "flash"/],
    [
      'flash.capcity=8G',
      DataError,
      /^flash.capcity=8G: device flash has no parameter/,
      /did you mean "capacity"/,
    ],
    ['flash.capacity=8X', DataError, /^flash.capacity=8X: .*not a size/, undefined],
    ['hosts.count=0', UsageError, /a whole number from 1 to 64/, undefined],
    ['host.count=4', UsageError, /unknown parameter/, /"hosts.count"/],
    ['events=owner-crsh', UsageError, /unknown scenario/, /"owner-crash"/],
    ['events=datacentre-today', UsageError, /nothing happens in datacentre-today/, undefined],
    ['vms.vmx.start=1s', UsageError, /there is no vm "vmx"/, /"vm1"/],
    ['__proto__.x=1', UsageError, /unknown parameter/, undefined],
    ['flash.capacity', UsageError, /not PATH=VALUE/, undefined],
  ])('is refused by its own words: %s', async (text, kind, message, hint) => {
    const error = await errorOf(text);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toMatch(hint);
  });
  it('is refused when it is given twice', async () => {
    expect((await errorOf('flash.capacity=8G', 'flash.capacity=9G')).message).toMatch(/set twice/);
  });
});
