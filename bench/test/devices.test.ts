/** `fvp device`, and plug-ins in a run, as a person meets them. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFvp } from './run-fvp.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-devices-'));
  const device = (submit: string) => `
    import { defineDevice, QUEUED } from 'fvp-bench/device';
    export default defineDevice({
      name: 'tape', summary: 'A tape.', roles: ['datastore'], parameters: {},
      fresh: () => 'it is rewound',
      create: (parameters, context) => {
        let requests = 0;
        return {
          submit(operation, unit, address, bytes, flags, token) { requests++; ${submit} return QUEUED; },
          fire() {},
          statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: 1000 * requests }),
        };
      },
    });`;
  writeFileSync(join(folder, 'tape.mjs'), device('context.completeAt(context.nowNs + 1000, token);'));
  writeFileSync(
    join(folder, 'torn-tape.mjs'),
    device(
      'if (requests === 9) throw new Error("the tape is torn"); context.completeAt(context.nowNs + 1000, token);',
    ),
  );
  writeFileSync(join(folder, 'tape.ts'), 'export default 1;');
  for (const tape of ['tape', 'torn-tape']) {
    writeFileSync(
      join(folder, `${tape}.yaml`),
      `datastore: { device: ./${tape}.mjs, filters: [statistics, { filter: log, lines: 2 }] }
hostDefaults: { link: { device: link } }
hosts: { esx1: }
vms: { vm1: { host: esx1 } }
`,
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fvp = (...argv: string[]) => runFvp(argv, { cwd: folder });
const run = (scenario: string, ...more: string[]) =>
  fvp(
    'bench',
    'run',
    'email',
    '--scenario',
    scenario,
    '--mode',
    'none',
    '--duration',
    '1s',
    '--out',
    join(folder, 'run'),
    ...more,
  );

describe('a run with a plug-in', () => {
  test('names it with its hash, says that it is fresh, and has what its filters measured', async () => {
    const { exitCode, stdout, stderr } = await run('tape.yaml');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('datastore starts fresh: it is rewound.');
    const { scenario, results } = JSON.parse(readFileSync(join(folder, 'run/run.json'), 'utf8'));
    expect(scenario.datastore.provenance).toEqual({
      from: 'path',
      specifier: './tape.mjs',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const [datastore] = results[0].devices;
    expect(datastore).toMatchObject({ name: 'datastore', fresh: 'it is rewound' });
    const [statistics, log] = datastore.filters;
    expect(statistics.statistics).toMatchObject({
      faults: 0,
      writeLatencyNsMin: 1000,
      writeLatencyNsMax: 1000,
    });
    expect(log.log).toHaveLength(2);
    expect(log.log[0]).toMatch(/^[0-9]+ (read|write|flush) 0 [0-9]+ [0-9]+ 1000 ok$/);
  });

  test('that throws ends with 64, its name and the call, and no stack trace', async () => {
    const { exitCode, stdout, stderr } = await run('torn-tape.yaml', '--json');
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(
      /^fvp: device \.\/torn-tape\.mjs \(datastore\): submit\(\w+, unit 0, address \d+, \d+ bytes, token \d+\) threw Error: the tape is torn\n$/,
    );
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'E_USAGE', exitCode: 64 });
  });
});

describe('a preset that fvp device calibrate wrote', () => {
  test('is shown, and runs in a scenario that names the file, with the hash of its content', async () => {
    const fixture = fileURLToPath(
      new URL('../../workloads/fio-parser/fixtures/gen.jsonplus.json', import.meta.url),
    );
    const calibrated = await fvp('device', 'calibrate', fixture, '-o', 'my-disk.yaml');
    expect([calibrated.exitCode, calibrated.stderr]).toEqual([0, '']);
    expect(calibrated.stdout).toContain('In a scenario: flash: { preset: ./my-disk.yaml }');
    const shown = await fvp('device', 'show', './my-disk.yaml');
    expect([shown.exitCode, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain('{ preset: ./my-disk.yaml }');
    writeFileSync(
      join(folder, 'mine.yaml'),
      `datastore: { preset: ./my-disk.yaml }
hostDefaults: { flash: { preset: ./my-disk.yaml }, link: { device: link } }
hosts: { esx1: }
vms: { vm1: { host: esx1 } }
`,
    );
    const { exitCode, stderr } = await run('mine.yaml');
    expect([exitCode, stderr]).toEqual([0, '']);
    const { scenario } = JSON.parse(readFileSync(join(folder, 'run/run.json'), 'utf8'));
    for (const section of [scenario.datastore, scenario.hosts.esx1.flash])
      expect(section).toMatchObject({
        device: 'empirical',
        preset: './my-disk.yaml',
        presetProvenance: {
          sha256: createHash('sha256')
            .update(readFileSync(join(folder, 'my-disk.yaml')))
            .digest('hex'),
        },
      });
  });
});

describe('fvp device', () => {
  test('list has devices, filters and presets', async () => {
    const { stdout } = await fvp('device', 'list', '--json');
    const { schema, devices, filters, presets } = JSON.parse(stdout);
    expect(schema).toBe('fvp.devices/1');
    for (const [list, name] of [
      [devices, 'array'],
      [filters, 'torn'],
      [presets, '10gbe'],
    ] as const)
      expect(list.map((each: { name: string }) => each.name)).toContain(name);
  });

  test.each(['list', 'show array', 'show rate', 'show fc-array-15k', 'show ./tape.mjs'])(
    '%s fits in 100 columns',
    async (command) => {
      const { stdout, exitCode } = await fvp('device', ...command.split(' '));
      expect(exitCode).toBe(0);
      expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    },
  );

  test('show gives every parameter with unit, default, bounds and source', async () => {
    const { parameters } = JSON.parse((await fvp('device', 'show', 'flash', '--json')).stdout);
    expect(parameters.length).toBeGreaterThan(8);
    for (const { name, unit, expected, source, ...rest } of parameters) {
      expect([name, unit, expected, source].every((text) => typeof text === 'string' && text !== '')).toBe(
        true,
      );
      expect(rest).toHaveProperty('default');
    }
  });

  test.each([
    ['show flsh', 64, 'unknown device, filter or preset "flsh"\n  did you mean "flash"?'],
    [
      'show ./tape.ts',
      64,
      'device ./tape.ts is TypeScript\n  compile it, and name the JavaScript file, such as ./tape.js',
    ],
    ['validate ./none.js', 64, 'device ./none.js does not exist'],
    ['validate null --set size=3', 64, 'device null has no parameter "size"'],
    ['validate fixed --set size', 64, '--set: "size" is no setting'],
    ['validate fixed --seed x', 64, '--seed: "x" is no seed'],
  ])('%s says what is wrong', async (command, code, message) => {
    const { exitCode, stderr } = await fvp('device', ...command.split(' '));
    expect(stderr).toContain(`fvp: ${message}`);
    expect(exitCode).toBe(code);
  });

  test('validate finds a file without ./ in front, and its --json is the report', async () => {
    const { exitCode, stdout } = await fvp('device', 'validate', 'torn-tape.mjs', '--json');
    const { schema, kind, passed, checks } = JSON.parse(stdout);
    expect([exitCode, schema, kind, passed]).toEqual([64, 'fvp.conformance/1', 'device', false]);
    expect(checks.find(({ check }: { check: string }) => check === 'calls').evidence).toContain(
      'the tape is torn',
    );
  });
});
