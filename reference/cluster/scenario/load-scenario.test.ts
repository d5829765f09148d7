import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import { type AppError, DataError, NoInputError, UsageError } from '../../kernel/errors.ts';
import { loadScenario, parseScenario } from './load-scenario.ts';

const PLAIN = `
datastore: { device: fixed }
hostDefaults:
  flash: { device: fixed, capacity: 1GiB }
  link: { device: link }
hosts: { esx1: {}, esx2: {}, esx3: {} }
vms:
  vm1: { host: esx1 }
`;

const parse = (text: string) => parseScenario(text, 'my.yaml', '/nowhere');

/** The message and hint of the error that a scenario gives. */
async function complaint(text: string): Promise<string> {
  try {
    await parse(text);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return error.hint === undefined ? error.message : `${error.message} | ${error.hint}`;
  }
  throw new Error('the scenario was accepted');
}

test('a plain scenario gets every default', async () => {
  const resolved = (await parse(PLAIN)).resolve({ footprintBytes: 0 });
  expect(resolved.name).toBe('my');
  expect(resolved.fvp).toEqual(DEFAULT_FVP_OPTIONS);
  expect(resolved.hosts.map((host) => host.name)).toEqual(['esx1', 'esx2', 'esx3']);
  expect(resolved.hosts[2]!.flash!.capacityBytes).toBe(2 ** 30);
  expect(resolved.datastore.model.name).toBe('fixed');
  expect(resolved.vms).toEqual([{ name: 'vm1', host: 0, workload: 'input', startNs: 0, mode: undefined }]);
});

test('quantities are read with their units', async () => {
  const text = `${PLAIN}  vm2: { host: esx2, start: 7s, mode: write-back+1, workload: email }
fvp:
  bucketSize: 1MiB
  populate: false
  dirtyLimit: 8MiB
  lowWater: 40%
  highWater: 0.8
  drainBound: 2m
  checkpointInterval: 50ms
  recordHeaderSize: 128B
  messageSize: 96
  destage: { batchRecords: 16, batchSize: 1MiB, joinSize: 64KiB, bufferSize: 0 }
  lease: { renew: 1s, duration: 5s, drift: 0.2% }
  remoteReads: 1m
  replication:
    resend: 50ms
    timeout: 2s
    replacementWait: 3s
    outside: 1
    resyncRecords: 8
    compression: adaptive
    compressedSize: 40%
    compressionRate: 1GB/s
  degrade: { above: 20ms, factor: 3 }
  retry: { first: 4s, most: 1m }
`;
  const resolved = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(resolved.fvp).toEqual({
    bucketBytes: 2 ** 20,
    populate: false,
    dirtyLimitBytes: 8 * 2 ** 20,
    lowWater: 0.4,
    highWater: 0.8,
    drainBoundNs: 120e9,
    checkpointIntervalNs: 50e6,
    recordHeaderBytes: 128,
    messageBytes: 96,
    destage: { batchRecords: 16, batchBytes: 2 ** 20, joinBytes: 65_536, bufferBytes: 0 },
    lease: { renewNs: 1e9, durationNs: 5e9, drift: 0.002 },
    remoteReadsNs: 60e9,
    replication: {
      resendNs: 50e6,
      timeoutNs: 2e9,
      replacementNs: 3e9,
      outside: 1,
      resyncRecords: 8,
      compression: { share: 0.4, bytesPerSecond: 1e9 },
    },
    degrade: { aboveNs: 20e6, factor: 3 },
    retry: { firstNs: 4e9, mostNs: 60e9 },
  });
  expect(resolved.vms[1]).toEqual({
    name: 'vm2',
    host: 1,
    workload: 'email',
    startNs: 7e9,
    mode: 'write-back+1',
  });
});

test('a host takes hostDefaults and changes what it says', async () => {
  const text = PLAIN.replace(
    'hosts: { esx1: {}, esx2: {}, esx3: {} }',
    `hosts:
  esx1:
  esx2: { flash: { capacity: 2GiB, read: 5us } }
  esx3: { flash: null, link: { latency: 99us } }`,
  ).replace('device: fixed, capacity: 1GiB', 'device: fixed, read: 7us, write: 9us, capacity: 1GiB');
  const { hosts } = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(hosts[0]!.flash!.written).toMatchObject({ device: 'fixed', read: '7us', write: '9us' });
  expect(hosts[1]!.flash!.written).toMatchObject({ read: '5us', write: '9us' });
  expect(hosts[1]!.flash!.capacityBytes).toBe(2 * 2 ** 30);
  expect(hosts[2]!.flash).toBeNull();
  expect(hosts[2]!.link.written.latency).toBe('99us');
});

test('a host that names a device of its own starts afresh, but keeps the capacity', async () => {
  const text = PLAIN.replace('device: fixed, capacity', 'device: fixed, read: 7us, capacity').replace(
    'esx2: {}',
    'esx2: { flash: { device: flash } }',
  );
  const { hosts } = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(hosts[1]!.flash!.model.name).toBe('flash');
  expect(hosts[1]!.flash!.written.read).not.toBe('7us');
  expect(hosts[1]!.flash!.capacityBytes).toBe(2 ** 30);
});

test('a preset names its device', async () => {
  const text = PLAIN.replace('datastore: { device: fixed }', 'datastore: { preset: fc-array-15k }');
  const { datastore } = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(datastore.model.name).toBe('array');
  expect(datastore.written).toMatchObject({ device: 'array', preset: 'fc-array-15k' });
});

test('filters stand before a device, the first outermost, each with its parameters', async () => {
  const text = PLAIN.replace(
    '{ device: fixed }',
    '{ device: fixed, filters: [statistics, { filter: delay, write: 1ms }] }',
  );
  const { datastore, hosts } = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(datastore.filters!.map(({ model }) => model.name)).toEqual(['statistics', 'delay']);
  expect(datastore.filters![1]!.parameters).toMatchObject({ write: { fixedNs: 1e6 }, read: { fixedNs: 0 } });
  expect(datastore.written.filters).toMatchObject([
    { filter: 'statistics' },
    { filter: 'delay', read: '0', write: '1ms' },
  ]);
  expect(hosts[0]!.link.filters).toEqual([]);
});

test('a host takes the filters of hostDefaults, or says its own', async () => {
  const text = PLAIN.replace('device: fixed, capacity', 'device: fixed, filters: [log], capacity').replace(
    'esx2: {}, esx3: {}',
    'esx2: { flash: { filters: [] } }, esx3: { flash: { read: 5us } }',
  );
  const { hosts } = (await parse(text)).resolve({ footprintBytes: 0 });
  expect(hosts.map(({ flash }) => flash!.filters!.length)).toEqual([1, 0, 1]);
});

test('the null device needs no quotes', async () => {
  const { datastore } = (await parse(PLAIN.replace('{ device: fixed }', '{ device: null }'))).resolve({
    footprintBytes: 0,
  });
  expect(datastore.model.name).toBe('null');
});

describe('what is wrong is said with its place', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an unknown key', `${PLAIN}hots: {}\n`, 'my.yaml:9:1: unknown key "hots" | did you mean "hosts"?'],
    [
      'an unknown key of FVP',
      `${PLAIN}fvp:\n  populat: true\n`,
      'my.yaml:10:3: unknown key "populat" in "fvp" | did you mean "populate"?',
    ],
    [
      'an unknown key of a VM',
      `${PLAIN}  vm2: { host: esx1, strat: 1s }\n`,
      'my.yaml:9:22: unknown key "strat" in "vms.vm2" | did you mean "start"?',
    ],
    [
      'an unknown parameter of a device',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, writ: 3us }'),
      'my.yaml:2:29: device fixed has no parameter "writ" | did you mean "write"?',
    ],
    [
      'a bad value of a device, inherited by a host',
      PLAIN.replace('capacity: 1GiB', 'read: 3 parsecs, capacity: 1GiB'),
      'my.yaml:4:33: parameter "read" of device fixed',
    ],
    [
      'an unknown device',
      PLAIN.replace('device: link', 'device: lnik'),
      'my.yaml:5:19: unknown device "lnik" | did you mean "link"?',
    ],
    [
      'an unknown filter',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [{ filter: dealy }] }'),
      'my.yaml:2:49: unknown filter "dealy" | did you mean "delay"?',
    ],
    [
      'an unknown filter without parameters',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [dealy] }'),
      'my.yaml:2:39: unknown filter "dealy" | did you mean "delay"?',
    ],
    [
      'an unknown parameter of a filter',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [log, { filter: delay, wirte: 1ms }] }'),
      'my.yaml:2:61: filter delay has no parameter "wirte" | did you mean "write"?',
    ],
    [
      'a bad value of a filter',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [{ filter: rate, iops: many }] }'),
      'my.yaml:2:61: parameter "iops" of filter rate is not a whole number; found "many"',
    ],
    [
      'parameters of a filter that do not fit together',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [rate] }'),
      'my.yaml:2:39: parameter "iops" of filter rate is 0 and bandwidth is unlimited',
    ],
    [
      'filters that are no list',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: log }'),
      'my.yaml:2:38: "datastore.filters" is not a list; found "log"; expected a list',
    ],
    [
      'a filter without a name',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [{ read: 1ms }] }'),
      'my.yaml:2:39: "datastore.filters.0" is not a filter, such as { filter: delay, read: 1ms }',
    ],
    [
      'a device where a filter belongs',
      PLAIN.replace('{ device: fixed }', '{ device: fixed, filters: [array] }'),
      'my.yaml:2:39: unknown filter "array"',
    ],
    [
      'a filter where a device belongs',
      PLAIN.replace('{ device: fixed }', '{ device: delay }'),
      'my.yaml:2:22: "delay" is a filter, not a device | write filters:',
    ],
    [
      'an unknown preset of a device',
      PLAIN.replace('device: link', 'device: link, preset: 10gbee'),
      'my.yaml:5:33: device link has no preset "10gbee" | did you mean "10gbe"?',
    ],
    [
      'a preset without a device that is none',
      PLAIN.replace('device: link', 'preset: 10gbee'),
      'my.yaml:5:19: unknown device preset "10gbee"; expected a link, such as { device: link } | did you mean "10gbe"?',
    ],
    [
      'a device in the wrong place',
      PLAIN.replace('{ device: fixed }', '{ device: link }'),
      'my.yaml:2:22: device link cannot be a datastore; expected a datastore, such as { device: array } | link can be a link',
    ],
    [
      'a wrong type',
      `${PLAIN}fvp: 5\n`,
      'my.yaml:9:6: "fvp" is not a mapping; found "5"; expected a mapping',
    ],
    [
      'a wrong quantity',
      `${PLAIN}fvp: { drainBound: 5 parsecs }\n`,
      'my.yaml:9:20: "fvp.drainBound" is not a time; found "5 parsecs"; expected a time from 10ms to 1h, such as 90us',
    ],
    [
      'a quantity out of bounds',
      `${PLAIN}fvp: { destage: { batchRecords: 0 } }\n`,
      'my.yaml:9:33: "fvp.destage.batchRecords" is out of bounds; found "0"; expected a whole number from 1 to 512',
    ],
    [
      'a start without a unit',
      `${PLAIN}  vm2: { host: esx1, start: 7 }\n`,
      'my.yaml:9:29: "vms.vm2.start" is not a time, such as 7s; found "7"; expected a time, such as 7s',
    ],
    [
      'a capacity of nothing',
      PLAIN.replace('1GiB', '0%'),
      `my.yaml:4:37: "hostDefaults.flash.capacity" is not a size, such as 400GB, or a share of the workload's footprint`,
    ],
    [
      'an unknown mode',
      `${PLAIN}  vm2: { host: esx1, mode: write-bakc }\n`,
      'my.yaml:9:28: "vms.vm2.mode" is not one of none, write-through, write-back, write-back+1, write-back+2; found "write-bakc"',
    ],
    [
      'an unknown host',
      `${PLAIN}  vm2: { host: esx9 }\n`,
      'my.yaml:9:16: there is no host "esx9"; expected one of esx1, esx2, esx3 | did you mean "esx1"?',
    ],
    [
      'a missing key',
      PLAIN.replace('vm1: { host: esx1 }', 'vm1: { start: 1s }'),
      'my.yaml:8:8: "vms.vm1.host" is missing; expected the name of a host',
    ],
    [
      'a missing section',
      PLAIN.replace(/hosts: .*\n/, ''),
      'my.yaml:2:1: "hosts" is missing; expected a mapping',
    ],
    [
      'a missing link',
      PLAIN.replace(/ {2}link: .*\n/, ''),
      'my.yaml:5:16: "hosts.esx1.link" is missing; expected a link, such as { device: link } | write it once, under hostDefaults',
    ],
    [
      'a host whose name is a number',
      PLAIN.replace('esx3: {}', '17: {}'),
      'my.yaml:6:30: "hosts.17" is not a usable name; found "17"',
    ],
    ['no VM', PLAIN.replace('\n  vm1: { host: esx1 }', ' {}'), 'my.yaml:7:6: a scenario needs a VM'],
    [
      'water marks in the wrong order',
      `${PLAIN}fvp: { lowWater: 95% }\n`,
      'my.yaml:9:18: "fvp.lowWater" leaves no room between lowWater (95 %) and highWater (90 %); found "95%"',
    ],
    [
      'a bucket size that is no power of two',
      `${PLAIN}fvp: { bucketSize: 600KiB }\n`,
      'my.yaml:9:20: "fvp.bucketSize" is not a power of two; found "600KiB"',
    ],
    [
      'a key that stands twice',
      `${PLAIN}fvp: {}\nfvp: {}\n`,
      'my.yaml:10:1: not valid YAML: Map keys must be unique',
    ],
    ['broken YAML', 'hosts: {\n', 'my.yaml:2:1: not valid YAML:'],
    ['something else than a scenario', '- 1\n', 'my.yaml:1:1: a scenario is not a mapping'],
    ['nothing at all', '', 'my.yaml:1:1: a scenario is not a mapping'],
    ['two documents', `${PLAIN}---\n${PLAIN}`, 'my.yaml:'],
    ['an alias without an anchor', `${PLAIN}fvp: *x\n`, 'my.yaml'],
    [
      'another version of the format',
      `schema: fvp.scenario/9\n${PLAIN}`,
      'my.yaml:1:9: "schema" is not one of fvp.scenario/1',
    ],
  ];
  test.each(cases)('%s', async (_, text, expected) => {
    expect((await complaint(text)).slice(0, expected.length)).toBe(expected);
  });

  test('of several faults the first in the file', async () => {
    expect(await complaint(`zzz: 1\n${PLAIN}yyy: 2\n`)).toMatch(/^my\.yaml:1:1: unknown key "zzz"/);
    expect(await complaint(`${PLAIN}fvp: { populate: 7 }\nyyy: 2\n`)).toMatch(
      /^my\.yaml:9:18: "fvp.populate"/,
    );
  });

  test('nesting beyond the stack', async () => {
    expect(await complaint('['.repeat(100_000))).toMatch(/^my\.yaml.*not valid YAML/);
  });
});

describe('files and presets', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fvp-scenario-'));
    await writeFile(
      join(folder, 'mine.yaml'),
      PLAIN.replace('{ device: fixed }', '{ device: ./slow.mjs, delay: 3 }'),
    );
    await writeFile(
      join(folder, 'slow.mjs'),
      `const schema = { safeParse: (data) => ({ success: true, data }) };
       export default { name: 'slow', summary: 'Slow.', roles: ['datastore'],
         parameters: { delay: { unit: 'count', description: '', schema, default: 1, source: 'assumed' } }, create() {} };`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a file is found from the given folder, and its devices from its own', async () => {
    const scenario = await loadScenario('mine.yaml', { fromFolder: folder });
    expect(scenario.folder).toBe(folder);
    const { datastore } = scenario.resolve({ footprintBytes: 0 });
    expect(datastore.model.name).toBe('slow');
    expect(datastore.written).toEqual({
      device: './slow.mjs',
      delay: 3,
      provenance: { from: 'path', specifier: './slow.mjs', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(JSON.stringify(scenario.resolve({ footprintBytes: 0 }).written)).not.toContain(folder);
  });

  describe('a preset from a file', () => {
    const withDatastore = (section: string) => PLAIN.replace('{ device: fixed }', section);
    const load = async (name: string, preset: string, section = `{ preset: ./${name}.yaml }`) => {
      await writeFile(join(folder, `${name}.yaml`), preset);
      const scenario = await parseScenario(withDatastore(section), 'my.yaml', folder);
      return scenario.resolve({ footprintBytes: 0 }).datastore;
    };
    const MINE = `device: fixed
description: My disk.
parameters:
  read: { value: 3ms, source: measured }
  write: { value: 4ms, assumed: like the read }
`;

    test('names its device and gives its parameters; the document names it with the hash of its content', async () => {
      const { model, parameters, written } = await load('disk', MINE, '{ preset: ./disk.yaml, write: 5ms }');
      expect(model.name).toBe('fixed');
      expect(parameters).toMatchObject({ read: 3e6, write: 5e6 });
      expect(written).toMatchObject({
        device: 'fixed',
        preset: './disk.yaml',
        read: '3ms',
        write: '5ms',
        presetProvenance: {
          from: 'path',
          specifier: './disk.yaml',
          sha256: createHash('sha256').update(MINE).digest('hex'),
        },
      });
      const absolute = await load('disk', MINE, `{ device: fixed, preset: ${join(folder, 'disk.yaml')} }`);
      expect(absolute.written).toMatchObject({ preset: 'disk.yaml' });
      expect(JSON.stringify(absolute.written)).not.toContain(folder);
    });

    test('may be one of a plug-in that lies beside it', async () => {
      const { model, written } = await load(
        'slower',
        'device: ./slow.mjs\ndescription: Slower.\nparameters: { delay: { value: 9 } }\n',
      );
      expect(model.name).toBe('slow');
      expect(written).toMatchObject({ device: './slow.mjs', delay: 9, preset: './slower.yaml' });
    });

    test.each([
      ['no mapping', '- 5\n', './bad.yaml:1:1: a preset is not a mapping'],
      ['no YAML', 'device: [\n', './bad.yaml:2:1: not valid YAML'],
      ['without a device', 'parameters: {}\n', './bad.yaml:1:1: a preset names its device'],
      [
        'with a misspelt key',
        MINE.replace('parameters', 'paramters'),
        './bad.yaml:3:1: unknown key "paramters" in a preset | did you mean "parameters"?',
      ],
      [
        'with a bare value',
        MINE.replace('{ value: 3ms, source: measured }', '3ms'),
        './bad.yaml:4:9: "parameters.read" is not a mapping; expected { value: 90us, source: "where it is from" }',
      ],
      [
        'with a bad value',
        MINE.replace('3ms', '3 furlongs'),
        './bad.yaml:4:18: parameter "read" of device fixed is not a time',
      ],
      [
        'with an unknown parameter',
        MINE.replace('read:', 'reed:'),
        './bad.yaml:4:18: device fixed has no parameter "reed" | did you mean "read"?',
      ],
      [
        'of an unknown device',
        MINE.replace('fixed', 'fixd'),
        'my.yaml:2:22: unknown device "fixd" | did you mean "fixed"?',
      ],
    ])('%s says what is wrong where it stands', async (_, preset, message) => {
      const error = await load('bad', preset).catch((caught: AppError) => caught);
      expect(error).toBeInstanceOf(DataError);
      const { message: what, hint } = error as AppError;
      expect(`${what}${hint === undefined ? '' : ` | ${hint}`}`).toContain(message);
    });

    test.each([
      ['{ preset: ./none.yaml }', 'my.yaml:2:22: no such preset file: ./none.yaml'],
      ['{ device: ./disk.yaml }', 'my.yaml:2:22: device ./disk.yaml is no module'],
      ['{ device: array, preset: ./disk.yaml }', 'my.yaml:2:22: preset ./disk.yaml is for device fixed'],
    ])('%s says what is wrong in the scenario', async (section, message) => {
      await expect(load('disk', MINE, section)).rejects.toThrow(message);
    });
  });

  test('a misspelt preset gets the nearest name', async () => {
    const loading = loadScenario('datacenter-2014', { fromFolder: folder });
    await expect(loading).rejects.toBeInstanceOf(UsageError);
    await expect(loading).rejects.toMatchObject({
      message: 'unknown scenario "datacenter-2014"',
      hint: expect.stringContaining('did you mean "datacentre-2014"?'),
    });
  });

  test('a file that is not there is no input', async () => {
    await expect(loadScenario('./none.yaml', { fromFolder: folder })).rejects.toBeInstanceOf(NoInputError);
    await expect(loadScenario('.', { fromFolder: folder })).rejects.toBeInstanceOf(NoInputError);
  });
});
