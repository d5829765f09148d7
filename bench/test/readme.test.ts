/** What README.md shows of a run is what the run prints. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runFvp } from './run-fvp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the table and the words of the e-mail server in README.md are those that fvp prints', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const shown = /```text\n([\s\S]*?)```/.exec(readme)?.[1]?.trimEnd() ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'fvp-readme-'));
  const { stdout } = await runFvp(['bench', 'run', 'email', '--out', join(folder, 'run')]);
  rmSync(folder, { recursive: true, force: true });
  const printed = stdout.split('\n');
  expect(shown.split('\n').length).toBeGreaterThan(8);
  for (const line of shown.split('\n')) expect(printed).toContain(line);
});

test('every file that README.md links to exists', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!);
  expect(targets.length).toBeGreaterThan(1);
  for (const target of targets) expect([target, existsSync(join(ROOT, target))]).toEqual([target, true]);
});
