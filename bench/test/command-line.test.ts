import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

const COMMANDS = [
  'bench run',
  'bench micro',
  'cluster list',
  'cluster show',
  'trace info',
  'trace fit',
  'trace synth',
  'trace record',
];

describe('fvp alone', () => {
  test('prints three things to try and exits 0', async () => {
    const { exitCode, stdout, stderr } = await runFvp([]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.match(/^ {2}fvp /gm)).toHaveLength(3);
  });
  test('names only commands that exist', async () => {
    const { stdout } = await runFvp([]);
    const named = [...stdout.matchAll(/^ {2}fvp ([a-z]+ [a-z]+)/gm)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(0);
    for (const command of named) expect(COMMANDS).toContain(command);
  });
});

describe('help', () => {
  test('of fvp names the topics', async () => {
    const { exitCode, stdout } = await runFvp(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ {2}bench +Replay workloads/m);
    expect(stdout).toMatch(/^ {2}cluster +Scenarios/m);
  });
  test.each(COMMANDS)('of %s shows how it is used, with examples', async (command) => {
    const { exitCode, stdout, stderr } = await runFvp([...command.split(' '), '--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`$ fvp ${command}`);
    expect(stdout).toContain('EXAMPLES');
    expect(stdout).toContain('--json');
  });
  test('is asked for with -h as well', async () => {
    const [long, short] = await Promise.all([
      runFvp(['bench', 'run', '--help']),
      runFvp(['bench', 'run', '-h']),
    ]);
    expect(short).toEqual(long);
  });
  test('of bench run has every flag of the contract', async () => {
    const { stdout } = await runFvp(['bench', 'run', '--help'], { env: { COLUMNS: '200' } });
    const flags =
      'scenario mode replay speed iodepth warmup preload duration seed format event out dry-run json';
    for (const flag of flags.split(' ')) expect(stdout).toMatch(new RegExp(`^ +--${flag}[ =]`, 'm'));
    expect(stdout).toContain('[WORKLOAD...]');
  });
  test('of a topic names its commands', async () => {
    const { exitCode, stdout } = await runFvp(['bench']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/bench run +Replay workloads/);
  });
});

test('--version prints name and version', async () => {
  const { exitCode, stdout } = await runFvp(['--version']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^fvp-bench\/\d+\.\d+\.\d+ /);
});

describe('wrong usage exits 64 and names the nearest', () => {
  const cases: [string, string[], string][] = [
    ['a misspelt topic', ['bnech', 'run'], 'unknown command "bnech"\n  did you mean "bench run"?'],
    ['a misspelt command', ['bench', 'rnu'], 'unknown command "bench rnu"\n  did you mean "bench run"?'],
    [
      'a misspelt command with flags',
      ['bench', 'rnu', '--speed', '2x'],
      'unknown command "bench rnu"\n  did you mean "bench run"?',
    ],
    ['a misspelt command that asks for help', ['bnech', '--help'], 'unknown command "bnech"\n  did you mean'],
    ['a command far from any', ['xyzzy'], 'unknown command "xyzzy"\n  fvp --help lists the commands'],
    ['a misspelt flag', ['bench', 'run', '--sped', '2x'], 'unknown flag --sped\n  did you mean "--speed"?'],
    [
      'a misspelt flag with =',
      ['bench', 'run', '--sceanrio=null'],
      'unknown flag --sceanrio=null\n  did you mean "--scenario"?',
    ],
    [
      'a misspelt mode',
      ['bench', 'run', '--mode', 'none,write-bak'],
      '--mode: unknown value "write-bak"; expected one of none, write-through, write-back, write-back+1, write-back+2\n  did you mean "write-back"?',
    ],
    [
      'a misspelt way of replay',
      ['bench', 'run', '--replay', 'opne'],
      '--replay: unknown value "opne"; expected one of open, dependent, closed\n  did you mean "open"?',
    ],
    [
      'an event that is none',
      ['bench', 'run', '--event', 'C'],
      '--event: unknown value "C"; expected one of Q, D',
    ],
    ['a flag without its value', ['bench', 'run', '--speed'], 'flag --speed expects a value'],
    [
      'a flag given twice',
      ['bench', 'run', '--seed', '1', '--seed', '2'],
      'flag --seed can only be specified once',
    ],
    ['a missing argument', ['cluster', 'show'], 'missing 1 required arg'],
    ['an argument too many', ['cluster', 'list', 'all'], 'unexpected argument: "all"'],
    ['an empty argument', ['bench', 'run', ''], 'an argument is empty'],
    [
      'a speed that is none',
      ['bench', 'run', '--speed', '2y'],
      '--speed: not a speed: "2y"\n  write 2x for twice as fast',
    ],
    [
      'a speed out of bounds',
      ['bench', 'run', '--speed', '0.00001x'],
      '--speed: 0.00001x is out of bounds\n  the bounds are 0.001x to 1000000x',
    ],
    [
      'an iodepth out of bounds',
      ['bench', 'run', '--replay', 'closed', '--iodepth', '0'],
      '--iodepth: 0 is out of bounds',
    ],
    [
      'an iodepth without closed replay',
      ['bench', 'run', '--iodepth', '4'],
      '--iodepth needs --replay closed',
    ],
    [
      'a speed with closed replay',
      ['bench', 'run', '--replay', 'closed', '--speed', '2x'],
      '--speed has no meaning with --replay closed',
    ],
    ['a warm-up without a unit', ['bench', 'run', '--warmup', '30'], '--warmup: not a duration: "30"'],
    ['a duration of nothing', ['bench', 'run', '--duration', '0'], '--duration: 0 is out of bounds'],
    ['a duration beyond 104 days', ['bench', 'run', '--duration', '200d'], '--duration: '],
    ['a preload over 100 %', ['bench', 'run', '--preload', '101%'], '--preload: 101% is out of bounds'],
    [
      'a preload that is a number',
      ['bench', 'run', '--preload', '0.5'],
      '--preload: not a share of the trace: "0.5"',
    ],
    ['a seed with a sign', ['bench', 'run', '--seed', '-1'], '--seed: not a whole number: "-1"'],
    ['a flag without a command', ['--jso'], 'no command before --jso'],
    [
      'a seed past 2^53',
      ['bench', 'run', '--seed', '9007199254740993'],
      '--seed: 9007199254740993 is out of bounds',
    ],
    ['standard input twice', ['bench', 'run', '-', '-'], 'standard input (-) can be replayed only once'],
    [
      'a time for micro that is too short',
      ['bench', 'micro', '--time', '1ms'],
      '--time: 1ms is out of bounds',
    ],
  ];
  test.each(cases)('%s', async (_, argv, expected) => {
    const { exitCode, stdout, stderr } = await runFvp(argv);
    expect(stderr).toContain(`fvp: ${expected}`);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(64);
  });
});

describe('with --json an error', () => {
  test('is one document on standard output, and a message on standard error', async () => {
    const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', '--json', '--speed', '2y']);
    expect(exitCode).toBe(64);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'E_USAGE',
        exitCode: 64,
        message: '--speed: not a speed: "2y"',
        hint: 'write 2x for twice as fast, 0.5x for half',
      },
    });
    expect(stderr).toContain('--speed: not a speed');
  });
  test('of an unknown command is one too', async () => {
    const { exitCode, stdout } = await runFvp(['bnech', '--json']);
    expect(exitCode).toBe(64);
    expect(JSON.parse(stdout).error.code).toBe('E_USAGE');
  });
});

describe('standard output', () => {
  test('may be closed by its reader without an error', () => {
    const fvp = fileURLToPath(new URL('bench/bin/fvp.js', packageRoot()));
    const command = `set -o pipefail; "${process.execPath}" "${fvp}" bench run --help | true`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
  test.skipIf(process.platform !== 'linux')('on a full disk is an error', async () => {
    const { exitCode, stderr } = await runFvp(['bench', 'run', '--help'], {
      stdout: openSync('/dev/full', 'w'),
    });
    expect(stderr).toContain('fvp: cannot write standard output');
    expect(exitCode).toBe(74);
  });
});

test('shell completion knows the commands, the flags and the modes', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'fvp-completion-'));
  try {
    const { exitCode } = await runFvp(['autocomplete', 'bash'], { env: { XDG_CACHE_HOME: cache } });
    expect(exitCode).toBe(0);
    const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const script = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
    expect(script).toMatch(/bench:run .*--scenario.*--dry-run/);
    expect(script).toMatch(/cluster:show/);
    expect(script).toContain('write-back+1');
  } finally {
    rmSync(cache, { recursive: true });
  }
});
