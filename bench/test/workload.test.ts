/** `fvp workload list` and `fvp workload show`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { JOB_CATALOGUE } from '../../workloads/catalogue.ts';
import { runFvp } from './run-fvp.ts';

const folder = mkdtempSync(join(tmpdir(), 'fvp-workload-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'my.fio');
  writeFileSync(path, text);
  return path;
}

async function json(...argv: string[]) {
  const { exitCode, stdout, stderr } = await runFvp(['workload', ...argv, '--json']);
  return { exitCode, stderr, document: JSON.parse(stdout) };
}

test.each(['list', 'show'])(
  'help of fvp workload %s shows how it is used, with examples',
  async (command) => {
    const { exitCode, stdout, stderr } = await runFvp(['workload', command, '--help']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`$ fvp workload ${command}`);
    expect(stdout).toContain('--json');
  },
);

describe('fvp workload list', () => {
  test('shows traces and jobs by the question they answer, within 100 columns', async () => {
    const { exitCode, stdout, stderr } = await runFvp(['workload', 'list']);
    expect([exitCode, stderr]).toEqual([0, '']);
    for (const { name } of JOB_CATALOGUE) expect(stdout).toMatch(new RegExp(`^  ${name} +\\w.*`, 'm'));
    expect(stdout).toContain('exchange-jetstress');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
  test('gives a document', async () => {
    const { document } = await json('list');
    expect(document.schema).toBe('fvp.workloads/1');
    expect(document.workloads.map(({ name }: { name: string }) => name)).toEqual([
      'database',
      'email',
      ...JOB_CATALOGUE.map(({ name }) => name),
    ]);
  });
});

describe('fvp workload show', () => {
  test('tells a job in words and as a table, with the resolved options', async () => {
    const text =
      '[global]\nbs=8k ; pages\nioengine=libaio\n[oltp]\nrw=randrw\nrwmixread=70\nsize=1g\niodepth=16\ndirect=1\nrate_iops=700,300\nrate_process=poisson\nruntime=60\ntime_based\nfsync=8\n';
    const { exitCode, stdout } = await runFvp(['workload', 'show', file(text)]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^oltp +1 +random reads and writes, 70:30 +8 KiB +16 +700\+300\/s poisson +1 GiB +for 60 s$/m,
    );
    expect(stdout.replace(/\n {2}/g, ' ')).toContain(
      'oltp: One process with random reads and writes, 70:30 of 8 KiB in 1 GiB; each block once a pass; 700+300 a second in a Poisson process; up to 16 I/Os under way; a flush behind every 8 writes; for 60 s.',
    );
    expect(stdout).toContain('[oltp] bs=8k ioengine=libaio rw=randrw');
    expect(stdout).toContain('Without meaning here: direct');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
  test('works on a file that cannot be run, and says why', async () => {
    const path = file('[a]\nsize=1m\nverify=md5\nbs=$' + '{BS}\nnonsense\n');
    const { exitCode, stdout } = await runFvp(['workload', 'show', path]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('It cannot be run here');
    expect(stdout.replace(/\n +/g, ' ')).toContain(
      `${path}:3:1: verify=md5 changes the load and is not supported`,
    );
    const { document } = await json('show', path);
    expect(document).toMatchObject({ schema: 'fvp.workload/1', runnable: false, unsetVariables: ['BS'] });
    expect(document.obstacles.length).toBeGreaterThanOrEqual(3);
    expect(document.jobs[0].options.find(({ name }: { name: string }) => name === 'verify')).toMatchObject({
      value: 'md5',
      here: 'not supported as it stands',
    });
  });
  test.each([
    ['nothing', ''],
    ['no job file', '\u0000\u0001\ufffd<html>\n[[[]]]=\n'],
    ['hostile names', '[\u001b[31mred\u202e</script>]\nsize=1m\n'],
    ['a very long line', `[a]\nsize=${'9'.repeat(20_000)}\n`],
  ])('takes %s', async (_, text) => {
    const { exitCode, stdout, stderr } = await runFvp(['workload', 'show', file(text)]);
    expect([exitCode, stderr]).toEqual([0, '']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u001b\u202e]/);
  });
  test('shows a job that comes with fvp as one that can be run', async () => {
    const { document } = await json('show', 'exchange');
    expect([document.name, document.runnable, document.obstacles]).toEqual(['exchange', true, []]);
  });
  test('shows limits: what they decide, where they are from, and each as the gate takes it', async () => {
    const { exitCode, stdout, stderr } = await runFvp(['workload', 'show', 'exchange-jetstress']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Would Jetstress pass this storage for Exchange?\n');
    expect(stdout).toMatch(/^reads\.mean<=20ms$/m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const { document } = await json('show', 'exchange-jetstress');
    expect(document).toMatchObject({ schema: 'fvp.limits/1', name: 'exchange-jetstress' });
    expect(document.thresholds).toContain('writes.max<=100ms');
  });
  test.each([
    [['show', 'exchange-jetstres'], 66, 'did you mean "exchange-jetstress"?'],
    [['show', 'oltpp'], 66, 'did you mean "oltp"?'],
    [['show', 'email'], 64, 'fvp trace info email'],
    [['show', tmpdir()], 66, 'it is a folder'],
    [['show'], 64, 'missing 1 required arg'],
  ])('%j', async (argv, code, text) => {
    const { exitCode, stdout, stderr } = await runFvp(['workload', ...argv]);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toContain(text);
  });
});

test('a job file that cannot be run ends fvp bench run with 65 and the place', async () => {
  const { exitCode, stderr } = await runFvp(['bench', 'run', file('[a]\nsize=1m\nverify=md5\n')]);
  expect(exitCode).toBe(65);
  expect(stderr).toContain('my.fio:3:1: verify=md5 changes the load and is not supported');
});
