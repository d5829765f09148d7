/** compare, gate, export and report through the built program. */
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
import process from 'node:process';
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

  test('confirms an alarm by running again: what does not come back is no failure', async () => {
    const slow = join(folder, 'slow.json');
    const document = JSON.parse(readFileSync(FIO, 'utf8')) as { jobs: { read: FioSide }[] };
    for (const { read } of document.jobs) {
      const { clat_ns: clat, lat_ns: lat } = read;
      for (const times of [clat, lat])
        if (times.bins !== undefined)
          times.bins = Object.fromEntries(
            Object.entries(times.bins).map(([ns, count]) => [String(2 * Number(ns)), count]),
          );
    }
    writeFileSync(slow, JSON.stringify(document));
    const gate = (rerun: string) =>
      fvp(
        ...['bench', 'gate', ...new Array<string>(8).fill(slow)],
        ...new Array<string>(8).fill(FIO).flatMap((path) => ['--baseline', path]),
        ...['--threshold', 'reads.p50<=+10%', '--rerun', rerun],
      );
    const [gone, back, broken] = await Promise.all([
      gate(`cat '${FIO}'`),
      gate(`cat '${slow}'`),
      gate('false'),
    ]);
    expect(gone!.stdout).toMatch(/rerun\s+did\s+not\s+confirm\s+it/);
    expect(gone!.exitCode).toBe(98);
    expect(back!.stdout).toMatch(/confirmed\s+by\s+a\s+rerun/);
    expect(back!.exitCode).toBe(99);
    expect(broken!.exitCode).toBeGreaterThan(63);
    expect(broken!.exitCode).toBeLessThan(75);
    expect(broken!.stderr).toMatch(/false/);
  });
});

interface FioSide {
  readonly clat_ns: { bins?: Record<string, number> };
  readonly lat_ns: { bins?: Record<string, number> };
}

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

const chromium = existsSync('/usr/bin/chromium');
test.skipIf(!chromium)(
  `fvp bench report --png saves every chart as a picture${chromium ? '' : ' (not run: needs chromium: apt-get install chromium)'}`,
  async () => {
    const [out, charts] = [join(folder, 'one.html'), join(folder, 'charts')];
    const { exitCode, stdout, stderr } = await fvp('bench', 'report', a, '--out', out, '--png', charts);
    expect([exitCode, stderr]).toEqual([0, '']);
    const names = readdirSync(charts).sort();
    expect(stdout).toContain(`Pictures: ${names.length} in ${charts}`);
    const figures = JSON.parse(/id="figures">([^<]*)</.exec(readFileSync(out, 'utf8'))![1]!) as unknown[];
    expect(names).toHaveLength(figures.length);
    expect(names[0]).toBe('01-read-latency-by-percentile.png');
    for (const name of names) {
      const picture = readFileSync(join(charts, name));
      expect(picture.subarray(1, 4).toString(), name).toBe('PNG');
      expect(picture.readUInt32BE(16), name).toBeGreaterThan(200);
      expect(picture.readUInt32BE(20), name).toBeGreaterThan(100);
    }
  },
);

test("fvp bench report --open hands the report's path to the desktop's opener", async () => {
  const [out, bin, seen] = [join(folder, 'open me.html'), join(folder, 'bin'), join(folder, 'opened')];
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'xdg-open'),
    `#!/bin/sh\nprintf '%s' "$1" > '${seen}.part' && mv '${seen}.part' '${seen}'\n`,
    {
      mode: 0o755,
    },
  );
  const { exitCode } = await runFvp(['bench', 'report', a, '--out', out, '--open'], {
    env: { PATH: `${bin}:${process.env.PATH}` },
  });
  expect(exitCode).toBe(0);
  await expect.poll(() => existsSync(seen), { timeout: 20_000 }).toBe(true);
  expect(readFileSync(seen, 'utf8')).toBe(out);
});
