/** The package @fvp-bench/fio-parser by itself: what `npm pack` makes of it, used by a stranger. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../program/package-root.ts';

const root = fileURLToPath(packageRoot());
const source = join(root, 'workloads/fio-parser');
let folder: string;
let files: string[];

function run(command: string, argv: readonly string[], cwd = folder): string {
  const { stdout, stderr, status } = spawnSync(command, argv, { cwd, encoding: 'utf8' });
  expect([status, status === 0 ? '' : `${stdout}${stderr}`]).toEqual([0, '']);
  return stdout;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fio-parser-package-'));
  const [packed] = Object.values(
    JSON.parse(run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], source)),
  ) as { filename: string; files: { path: string }[] }[];
  files = packed!.files.map(({ path }) => path);
  run('tar', ['-xzf', packed!.filename]);
  mkdirSync(join(folder, 'node_modules/@fvp-bench'), { recursive: true });
  cpSync(join(folder, 'package'), join(folder, 'node_modules/@fvp-bench/fio-parser'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  test('holds its program, its types and its README, and no tests', () => {
    expect(files).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'README.md', 'package.json']),
    );
    expect(files.filter((path) => /\.test\.|fixtures|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });
  test('works where nothing else is installed', () => {
    writeFileSync(
      join(folder, 'use.js'),
      `import { parseJobFile, resolveJobs, parseFioResults } from '@fvp-bench/fio-parser';
const { jobs } = resolveJobs(parseJobFile('[a]\\nrw=randread\\nbs=8k\\n', { file: 'a.fio' }));
console.log(jobs[0].settings.rw, jobs[0].settings.blocks[0].minBytes, typeof parseFioResults);`,
    );
    expect(run('node', ['use.js'])).toBe('randread 8192 function\n');
  });
  test('has types that a strict compiler takes', () => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { type JobDocument, parseJobFile, resolveJobs } from '@fvp-bench/fio-parser';
const document: JobDocument = resolveJobs(parseJobFile('[a]', { file: 'a.fio' }));
export const depth: number = document.jobs[0]!.settings.iodepth;`,
    );
    const options = '--ignoreConfig --noEmit --strict --target es2023 --module nodenext --types node'.split(
      ' ',
    );
    const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')];
    run(join(root, 'node_modules/.bin/tsc'), [...options, ...typeRoots, 'use.ts']);
  });
});
