/** `fvp bench run` as a person meets it: small traces, real files, the built program. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFvp } from './run-fvp.ts';

const MODES = ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'];
/** 64 reads, 128 writes and 8 flushes, 1 ms apart. */
const TRACE_ROWS = 200;

let folder: string;
let places = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-bench-run-'));
  writeFileSync(join(folder, 'small.log'), iolog());
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A fio iolog, version 3. */
function iolog(): string {
  const lines = ['fio version 3 iolog', '0 /dev/sdx add', '0 /dev/sdx open'];
  for (let row = 0; row < TRACE_ROWS; row++) {
    const timeMs = row;
    if (row % 25 === 24) lines.push(`${timeMs} /dev/sdx sync 0 0`);
    else
      lines.push(
        `${timeMs} /dev/sdx ${row % 3 === 0 ? 'read' : 'write'} ${((row * 7919) % 4096) * 4096} 4096`,
      );
  }
  return `${lines.join('\n')}\n${TRACE_ROWS} /dev/sdx close\n`;
}

/** 13,000 rows, and then one of the first millisecond. */
function farBackwards(): string {
  const lines = ['fio version 3 iolog', '0 /dev/sdx add', '0 /dev/sdx open'];
  for (let row = 0; row < 13_000; row++) lines.push(`${row + 1} /dev/sdx write ${row * 4096} 4096`);
  return `${lines.join('\n')}\n0 /dev/sdx write 0 4096\n13001 /dev/sdx close\n`;
}

/** A new folder to run in. */
function place(): string {
  const cwd = join(folder, `place-${places++}`);
  mkdirSync(cwd);
  return cwd;
}

function small(): string {
  return join(folder, 'small.log');
}

describe('a run', () => {
  test('with --json prints the document of the contract, and nothing else', async () => {
    const cwd = place();
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', small(), '--json', '--seed', '7'], {
      cwd,
    });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      'schema',
      'seed',
      'scenario',
      'replay',
      'workloads',
      'results',
      'timing',
      'run',
    ]);
    expect(document).toMatchObject({ schema: 'fvp.run/1', seed: 7, replay: 'open' });
    expect(document.workloads).toHaveLength(1);
    expect(document.workloads[0]).toMatchObject({ name: 'small', ios: TRACE_ROWS, flushes: 8 });
    expect(document.workloads[0].reads + document.workloads[0].writes).toBe(TRACE_ROWS - 8);
    expect(document.results.map(({ mode }: { mode: string }) => mode)).toEqual(MODES);
    for (const { all, vms } of document.results) expect(all.count).toBe(TRACE_ROWS * vms.length);
    expect(document.timing).toHaveLength(MODES.length);
    expect(document.run.dir).toMatch(/^results\/runs\/\d{8}T\d{6}Z-[0-9a-f]{6}$/);
  });

  test('leaves a run directory whose run.json is that document without timing and run', async () => {
    const cwd = place();
    const { stdout } = await runFvp(['bench', 'run', small(), '--json', '--out', 'here'], { cwd });
    const { timing, run, ...document } = JSON.parse(stdout);
    expect(JSON.parse(readFileSync(join(cwd, 'here/run.json'), 'utf8'))).toEqual(document);
    expect(JSON.parse(readFileSync(join(cwd, 'here/timing.json'), 'utf8'))).toMatchObject({ timing, run });
    const files = readdirSync(join(cwd, 'here'));
    expect(files).toContain('report.html');
    expect(files.filter((name) => name.endsWith('.hlog'))).toHaveLength(MODES.length * 3 + 1);
  });

  test('writes the same bytes again, whatever the folder, but for timing.json', async () => {
    const cwd = place();
    for (const out of ['one', 'two/deeper']) {
      const { exitCode } = await runFvp(['bench', 'run', small(), '--out', out], { cwd });
      expect(exitCode).toBe(0);
    }
    const files = readdirSync(join(cwd, 'one')).filter((name) => name !== 'timing.json');
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) {
      expect(
        readFileSync(join(cwd, 'two/deeper', name)).equals(readFileSync(join(cwd, 'one', name))),
        name,
      ).toBe(true);
    }
  });

  test('tells a person the table, what it means, the report and what to try next', async () => {
    const cwd = place();
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', small()], { cwd });
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const mode of MODES) expect(stdout).toContain(mode);
    for (const column of ['mean', 'p50', 'p99', 'p99.9', 'max']) expect(stdout).toContain(column);
    const report = /^Report: (.*)$/m.exec(stdout)?.[1] ?? '';
    expect(existsSync(join(cwd, report))).toBe(true);
    expect(stdout).toMatch(/^Next: +fvp bench run .*small\.log --scenario datacentre-today$/m);
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(100);
  });

  test('takes only the modes that are asked for, in that order', async () => {
    const argv = ['bench', 'run', small(), '--mode', 'write-back+1,none', '--mode', 'write-back', '--json'];
    const { stdout } = await runFvp(argv, { cwd: place() });
    const modes = JSON.parse(stdout).results.map(({ mode }: { mode: string }) => mode);
    expect(modes).toEqual(['write-back+1', 'none', 'write-back']);
  });

  test('sorts rows that are a little out of order, and says so', async () => {
    const cwd = place();
    writeFileSync(join(cwd, 'late.log'), iolog().replace(/^(7 .*)\n(8 .*)$/m, '$2\n$1'));
    const { exitCode, stdout } = await runFvp(['bench', 'run', 'late.log', '--mode', 'none'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout.match(/order/g)).toHaveLength(1);
    expect(stdout).toContain('late: rows out of time order, sorted into place: 1');
  });

  test('reads a trace from standard input', async () => {
    const { stdout } = await runFvp(['bench', 'run', '-', '--mode', 'none', '--json'], {
      cwd: place(),
      input: iolog(),
    });
    expect(JSON.parse(stdout).workloads[0].ios).toBe(TRACE_ROWS);
  });
});

describe('a dry run', () => {
  test('says what would run and writes nothing', async () => {
    const cwd = place();
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', small(), '--dry-run'], { cwd });
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain('small');
    expect(stdout).toContain('datacentre-2014');
    for (const mode of MODES) expect(stdout).toContain(mode);
    expect(readdirSync(cwd)).toEqual([]);
  });
  test('with --json prints one document', async () => {
    const { stdout } = await runFvp(['bench', 'run', small(), '--dry-run', '--json'], { cwd: place() });
    const { schema, plan } = JSON.parse(stdout);
    expect(schema).toBe('fvp.dry-run/1');
    expect(plan.join('\n')).toContain('small');
  });
});

describe('the scenarios', () => {
  test('are listed', async () => {
    const { exitCode, stdout } = await runFvp(['cluster', 'list']);
    expect(exitCode).toBe(0);
    for (const name of ['datacentre-2014', 'datacentre-today', 'null', 'speed']) {
      expect(stdout).toMatch(new RegExp(`^${name} `, 'm'));
    }
  });
  test('are shown as YAML that bench run takes back', async () => {
    const cwd = place();
    const { stdout } = await runFvp(['cluster', 'show', 'datacentre-today']);
    expect(stdout).toMatch(/^ *#/m);
    writeFileSync(join(cwd, 'mine.yaml'), stdout);
    const fromFile = await runFvp(['bench', 'run', small(), '--scenario', 'mine.yaml', '--json'], { cwd });
    const fromPreset = await runFvp(['bench', 'run', small(), '--scenario', 'datacentre-today', '--json'], {
      cwd,
    });
    expect(fromFile.stderr).toBe('');
    expect(JSON.parse(fromFile.stdout).results).toEqual(JSON.parse(fromPreset.stdout).results);
  });
  test('that are misspelt are named', async () => {
    const { exitCode, stderr } = await runFvp(['cluster', 'show', 'datacenter-2014']);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('did you mean "datacentre-2014"?');
  });
});

describe('bad input', () => {
  /** What is wrong, the file's content, the exit code, and what the message must say. */
  const files: [string, string, string | Uint8Array, number, RegExp][] = [
    ['a format nobody knows', 'a.bin', 'hello, world\nthis is no trace\n', 65, /a\.bin/],
    ['an empty file', 'empty.log', '', 65, /empty\.log.*empty/],
    ['a torn line', 'torn.log', iolog().replace(/^7 .*$/m, '7 /dev/sdx wri'), 65, /torn\.log:11/],
    [
      'an operation that does not exist',
      'op.log',
      iolog().replace(/^7 \/dev\/sdx \w+/m, '7 /dev/sdx wrote'),
      65,
      /op\.log:11.*"wrote"/,
    ],
    [
      'an offset past 2^53',
      'far.log',
      iolog().replace(/^7 (.*) \d+ 4096$/m, '7 $1 9007199254740993 4096'),
      65,
      /far\.log:11/,
    ],
    ['time backwards by more than can be sorted', 'back.log', farBackwards(), 65, /back\.log:13004/],
    [
      'a truncated gzip',
      'cut.log.gz',
      new Uint8Array([31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 203]),
      65,
      /cut\.log\.gz/,
    ],
  ];
  test.each(files)('%s', async (_, name, content, expectedCode, message) => {
    const cwd = place();
    writeFileSync(join(cwd, name), content);
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', name], { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at |bug in fvp/m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(expectedCode);
    expect(existsSync(join(cwd, 'results/runs')) ? readdirSync(join(cwd, 'results/runs')) : []).toEqual([]);
  });

  const calls: [string, string[], number, RegExp][] = [
    ['a file that is not there', ['nowhere.log'], 66, /nowhere\.log/],
    ['a misspelt shipped name', ['databse'], 66, /did you mean "database"\?/],
    ['a misspelt preset', ['--scenario', 'datacentre-2041'], 64, /did you mean "datacentre-2014"\?/],
    ['a scenario that is not there', ['--scenario', 'nowhere.yaml'], 66, /nowhere\.yaml/],
    ['a misspelt format', ['small.log', '--format', 'fio-iolgo'], 64, /did you mean "fio-iolog"\?/],
    ['an output folder below a file', ['small.log', '--out', 'small.log/x'], 74, /small\.log\/x/],
    ['an output folder with other things in it', ['small.log', '--out', '.'], 64, /not empty/],
  ];
  test.each(calls)('%s', async (_, argv, expectedCode, message) => {
    const cwd = place();
    writeFileSync(join(cwd, 'small.log'), iolog());
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', ...argv], { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at |bug in fvp/m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(expectedCode);
  });

  test('a key of the scenario that does not exist is named with its line and the nearest one', async () => {
    const cwd = place();
    const { stdout } = await runFvp(['cluster', 'show', 'datacentre-2014']);
    const text = stdout.replace(/^datastore:/m, 'datastroe:');
    writeFileSync(join(cwd, 'mine.yaml'), text);
    const line = text.split('\n').findIndex((one) => one.startsWith('datastroe:')) + 1;
    const { exitCode, stderr } = await runFvp(['bench', 'run', small(), '--scenario', 'mine.yaml'], { cwd });
    expect(stderr).toContain(`mine.yaml:${line}:1`);
    expect(stderr).toContain('did you mean "datastore"?');
    expect(exitCode).toBe(65);
  });
});

describe('Ctrl-C', () => {
  /** Sends SIGINT once the run directory is there: after the flags were checked, before the result is. */
  async function interrupted(argv: readonly string[], cwd: string) {
    const runs = join(cwd, 'results/runs');
    let polling: NodeJS.Timeout | undefined;
    const outcome = await runFvp(argv, {
      cwd,
      onStart: (kill) => {
        polling = setInterval(() => {
          if (existsSync(runs) && readdirSync(runs).length > 0) {
            clearInterval(polling);
            kill('SIGINT');
          }
        }, 5);
      },
    });
    clearInterval(polling);
    return outcome;
  }

  test('in the middle of a run says so, exits 130 and leaves nothing half-written', async () => {
    const cwd = place();
    const { exitCode, stdout, stderr } = await interrupted(['bench', 'run'], cwd);
    expect(stderr).toBe('fvp: interrupted; the run was given up and nothing of it was written\n');
    expect(stdout).toBe('');
    expect(exitCode).toBe(130);
    expect(readdirSync(join(cwd, 'results/runs'))).toEqual([]);
  });
  test('with --json leaves one document', async () => {
    const { exitCode, stdout } = await interrupted(['bench', 'run', '--json'], place());
    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout).error.code).toBe('E_INTERRUPTED');
  });
});
