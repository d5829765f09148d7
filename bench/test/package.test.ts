/** What `npm pack` puts into the package, and that it runs without the checkout. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../program/package-root.ts';

/** Two samples of at most 3 MB each, and the program. */
const PACKED_BYTES_MAX = 10e6;

const root = fileURLToPath(packageRoot());
let folder: string;
let files: string[];
let packedBytes: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-package-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout, stderr, status } = spawnSync('npm', pack, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  // npm 10 prints a list, later versions an object by name.
  const [packed] = Object.values(JSON.parse(stdout)) as {
    filename: string;
    size: number;
    files: { path: string }[];
  }[];
  if (packed === undefined) throw new Error(stdout);
  files = packed.files.map(({ path }) => path);
  packedBytes = packed.size;
  spawnSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'package/node_modules'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the package', () => {
  test('holds the program, its manifest, licence and documents', () => {
    const wanted =
      'bench/bin/fvp.js dist/bench/program/main.js oclif.manifest.json LICENSE README.md CHANGELOG.md';
    expect(files).toEqual(expect.arrayContaining(wanted.split(' ')));
  });
  test('holds every preset and every sample', () => {
    for (const presets of ['reference/cluster/scenario/presets', 'reference/devices/presets']) {
      const names = readdirSync(join(root, presets)).filter((name) => name.endsWith('.yaml'));
      expect(names).not.toEqual([]);
      expect(files).toEqual(expect.arrayContaining(names.map((name) => `dist/${presets}/${name}`)));
    }
    const samples = readdirSync(join(root, 'traces/samples')).filter((name) => /\.(zst|gz)$/.test(name));
    expect(samples).not.toEqual([]);
    expect(files).toEqual(expect.arrayContaining(samples.map((name) => `traces/samples/${name}`)));
  });
  test('holds no sources, no tests, nothing of a run, and is small', () => {
    const odd = files.filter((path) =>
      /\.test\.|\/(results|traces|devices|fvp|cluster)\/testing\/|results\/runs|node_modules|\.hlog$/.test(
        path,
      ),
    );
    expect(odd).toEqual([]);
    expect(files.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([]);
    expect(packedBytes).toBeLessThan(PACKED_BYTES_MAX);
  });
  test.each([
    [[], 'Three things to try'],
    [['cluster', 'list'], 'datacentre-2014'],
    [['bench', 'run', '--dry-run'], 'email'],
    [['bench', 'run', 'email', '--mode', 'none', '--duration', '30s'], 'Report: '],
  ])('runs by itself: fvp %j', (argv, expected) => {
    const fvp = join(folder, 'package/bench/bin/fvp.js');
    const { stdout, stderr, status } = spawnSync(process.execPath, [fvp, ...argv], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain(expected);
  });
});
