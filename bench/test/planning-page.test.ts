/** docs/planning.md shows what its commands print; `npm run docs:planning` writes it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { examplesOf, filesOf, withPrinted } from '../peer/planning-page.ts';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

const page = readFileSync(new URL('docs/planning.md', packageRoot()), 'utf8');
const examples = examplesOf(page);
const folder = mkdtempSync(join(tmpdir(), 'fvp-planning-'));
for (const [name, text] of filesOf(page)) writeFileSync(join(folder, name), text);
afterAll(() => rmSync(folder, { recursive: true }));

test('has an example of every question, on the database and on the e-mail server', () => {
  for (const question of ['size', 'load', 'flash', 'failure', 'san'])
    for (const workload of ['database', 'email'])
      expect(examples.map(({ argv }) => argv.slice(0, 3).join(' '))).toContain(
        `plan ${question} ${workload}`,
      );
  expect(examples.map(({ argv }) => argv.slice(0, 2).join(' '))).toContain('plan sweep');
  expect(
    withPrinted(
      page,
      examples,
      examples.map(({ printed }) => printed),
    ),
  ).toBe(page);
});

// The quickest; npm run docs:planning has them all.
test.each(
  examples
    .filter(({ argv }) => argv[2] === 'email')
    .map((example) => [example.argv.join(' '), example] as const),
)('shows what is printed by fvp %s', async (_, { argv, printed }) => {
  const { stdout, exitCode } = await runFvp(argv, {
    cwd: folder,
    env: { XDG_CACHE_HOME: join(folder, 'cache') },
  });
  expect([0, 99]).toContain(exitCode);
  expect(stdout).toBe(printed);
});
