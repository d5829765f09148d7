/** compare, gate, export and report through the built program. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

const FIO = fileURLToPath(new URL('workloads/fio-parser/fixtures/gen.jsonplus.json', packageRoot()));
const folder = mkdtempSync(join(tmpdir(), 'fvp-gate-'));
const [a, b] = [join(folder, 'a'), join(folder, 'b')];

async function fvp(...argv: string[]) {
  const { exitCode, stdout, stderr } = await runFvp(argv);
  return { exitCode, stdout, stderr };
}

beforeAll(async () => {
  const run = ['bench', 'run', 'email', '--mode', 'none,write-back', '--duration', '20s'];
  expect((await fvp(...run, '--out', a)).exitCode).toBe(0);
  expect((await fvp(...run, '--seed', '2', '--out', b)).exitCode).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('fvp bench compare', () => {
  test('says first what differs, then the figures, and where the mean moved', async () => {
    const { exitCode, stdout } = await fvp('bench', 'compare', a, b);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[1]).toBe('seed 1 -> 2');
    expect(stdout).toMatch(/^p99\s/m);
    expect(stdout).toMatch(/Of the mean's/);
  });
  test('is one versioned document with --json, and a page with --html', async () => {
    const html = join(folder, 'c.html');
    const { stdout } = await fvp('bench', 'compare', a, a, '--json', '--html', html);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'fvp.compare/1', others: [{ inputDifferences: [] }] });
    expect(readFileSync(html, 'utf8')).toContain('the same to the last figure');
  });
  test('refuses one alone, and what is not there', async () => {
    expect((await fvp('bench', 'compare', a)).exitCode).toBe(64);
    expect((await fvp('bench', 'compare', a, join(folder, 'nowhere'))).exitCode).toBe(66);
  });
});

describe('fvp bench gate', () => {
  test('passes the same run and fails another, with the numbers', async () => {
    expect((await fvp('bench', 'gate', a, '--baseline', a)).exitCode).toBe(0);
    const { exitCode, stdout } = await fvp('bench', 'gate', b, '--baseline', a);
    expect(exitCode).toBe(99);
    expect(stdout).toMatch(/^FAIL: 2 of 2 checks$/m);
    expect(stdout).toMatch(/writes\.response\.p99 /);
  });

  test('updates a baseline with its reason, and holds later runs against it', async () => {
    const file = join(folder, 'baseline.json');
    expect((await fvp('bench', 'gate', a, '--baseline', file, '--update')).exitCode).toBe(64);
    expect(
      (await fvp('bench', 'gate', a, '--baseline', file, '--update', '--reason', 'first')).exitCode,
    ).toBe(0);
    expect((await fvp('bench', 'gate', a, '--baseline', file)).exitCode).toBe(0);
    expect((await fvp('bench', 'gate', b, '--baseline', file)).exitCode).toBe(99);
    const { stdout } = await fvp(
      'bench',
      'gate',
      b,
      '--baseline',
      file,
      '--update',
      '--reason',
      'another seed',
    );
    expect(stdout).toMatch(/p99 .* -> /);
    const { reasons } = JSON.parse(readFileSync(file, 'utf8')) as { reasons: { reason: string }[] };
    expect(reasons.map(({ reason }) => reason)).toEqual(['first', 'another seed']);
    expect((await fvp('bench', 'gate', b, '--baseline', file)).exitCode).toBe(0);
  });

  test('takes limits that come with fvp by their name', async () => {
    const limits = (name: string) =>
      fvp('bench', 'gate', a, '--mode', 'none,write-back', '--thresholds', name);
    const { exitCode, stdout } = await limits('sql-server-log');
    expect([0, 99]).toContain(exitCode);
    for (const mode of ['none', 'write-back'])
      expect(stdout).toMatch(new RegExp(`${mode}.*writes\\.p99<15ms`));
    const misspelt = await limits('sql-server-logs');
    expect([misspelt.exitCode, misspelt.stderr]).toEqual([
      66,
      expect.stringContaining('did you mean "sql-server-log"?'),
    ]);
    const single = await fvp('bench', 'gate', a, '--mode', 'none', '--threshold', 'sql-server-log');
    expect([single.exitCode, single.stderr]).toEqual([
      64,
      expect.stringContaining('--thresholds sql-server-log'),
    ]);
  });

  test('tells a broken gate from a failed one', async () => {
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{"schema":"fvp.baseline/1"}');
    const codes = await Promise.all([
      fvp('bench', 'gate', a, '--baseline', broken),
      fvp('bench', 'gate', a, '--baseline', join(folder, 'nowhere.json')),
      fvp('bench', 'gate', a, '--threshold', 'writes.p99<2ms'),
      fvp('bench', 'gate', a),
    ]);
    expect(codes.map(({ exitCode }) => exitCode)).toEqual([65, 66, 64, 64]);
    expect(codes[2]!.stderr).toMatch(/which mode/);
  });

  test('finds one run of fio a side inconclusive', async () => {
    const { exitCode, stdout } = await fvp(
      'bench',
      'gate',
      FIO,
      '--baseline',
      FIO,
      '--threshold',
      'reads.p50<=+10%',
    );
    expect(exitCode).toBe(98);
    expect(stdout).toMatch(/1 against 1 runs/);
  });
});

test('fvp bench export writes a row for each direction, and .hgrm files', async () => {
  const { stdout } = await fvp('bench', 'export', a);
  expect(stdout).toMatch(/^email,write-back,writes,response,[0-9]+,/m);
  const out = join(folder, 'hgrm');
  expect((await fvp('bench', 'export', a, '--format', 'hgrm', '--out', out)).exitCode).toBe(0);
  expect(readdirSync(out)).toContain('email.write-back.writes.hgrm');
});

test('fvp bench report joins runs in one page, and draws in the terminal', async () => {
  const out = join(folder, 'both.html');
  const { exitCode, stdout } = await fvp('bench', 'report', a, b, '--out', out, '--plot');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/writes, response time by percentile/);
  const html = readFileSync(out, 'utf8');
  expect(html).toContain('email (a)');
  expect(html).toContain('email (b)');
});
