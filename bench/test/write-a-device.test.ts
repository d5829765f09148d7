/**
 * docs/write-a-device.md is a test: its files are written into a folder, its commands run there, and each must print what
 * is shown. Rewrite what is shown with: FVP_WRITE_GUIDE=1 npx vitest run bench/test/write-a-device
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDE = join(ROOT, 'docs/write-a-device.md');
const guide = readFileSync(GUIDE, 'utf8');

const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-guide-'));
  for (const text of [...blocks('js'), ...blocks('yaml')]) {
    const name = /^(?:\/\/|#) (\S+)\n/.exec(text)![1]!;
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'bin'));
  const fvp = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bench/bin/fvp.js')}" "$@"\n`;
  writeFileSync(join(folder, 'bin/fvp'), fvp, { mode: 0o755 });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs one line of a console block; an exit code that is not 0 ends what is printed. */
function run(line: string): string {
  const { NODE_ENV: _, VITEST: __, NODE_OPTIONS: ___, FORCE_COLOR: ____, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync('sh', ['-c', line], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, PATH: `${join(folder, 'bin')}:${env.PATH}` },
  });
  return stdout + stderr + (status === 0 ? '' : `[exit code ${status}]\n`);
}

test('each command of the guide prints what is shown', () => {
  let rewritten = guide;
  for (const block of blocks('console')) {
    let printed = '';
    for (const line of block.split('\n').filter((each) => each.startsWith('$ '))) {
      printed += `${line}\n${run(line.slice(2))}`;
    }
    if (process.env.FVP_WRITE_GUIDE === '1') rewritten = rewritten.replace(block, () => printed);
    else expect(printed).toBe(block);
  }
  if (process.env.FVP_WRITE_GUIDE === '1') writeFileSync(GUIDE, rewritten);
  expect(blocks('console').length).toBeGreaterThan(4);
});

describe('in a project where fvp is installed', () => {
  test('the test of the guide passes', () => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/fvp-bench'));
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { stdout, status } = spawnSync(process.execPath, ['--test', 'one-arm.test.js'], {
      cwd: folder,
      encoding: 'utf8',
      env,
    });
    expect(stdout).toContain('one-arm keeps the contract');
    expect(status).toBe(0);
  });
});
