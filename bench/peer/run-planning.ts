/**
 * `npm run docs:planning`: runs every worked example of docs/planning.md and writes what it prints below it. Examples on a
 * trace that is not shipped stay as they are where FVP_TRACES (default: ../shared/traces) is absent.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { examplesOf, filesOf, withPrinted } from './planning-page.ts';

const ROOT = new URL('../../../', import.meta.url);
const FVP = fileURLToPath(new URL('bench/bin/fvp.js', ROOT));
const PAGE = new URL('docs/planning.md', ROOT);
const TRACES = process.env.FVP_TRACES ?? fileURLToPath(new URL('../shared/traces', ROOT));
const MYSQL = join(TRACES, 'blkreplay-natural', 'linux-mysql.load.gz');

const folder = mkdtempSync(join(tmpdir(), 'fvp-planning-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const page = readFileSync(PAGE, 'utf8');
for (const [name, text] of filesOf(page)) writeFileSync(join(folder, name), text);
if (existsSync(MYSQL)) symlinkSync(MYSQL, join(folder, basename(MYSQL)));

const examples = examplesOf(page);
const printed = examples.map((example) => {
  const missing = !existsSync(MYSQL) && example.argv.some((word) => word === basename(MYSQL));
  process.stderr.write(`${missing ? 'not run: ' : ''}fvp ${example.argv.join(' ')}\n`);
  if (missing) return example.printed;
  const { status, stdout, stderr } = spawnSync(process.execPath, [FVP, ...example.argv], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
  });
  // 99: the objectives do not hold, which may be what the example shows.
  if (status !== 0 && status !== 99)
    throw new Error(`fvp ${example.argv.join(' ')}: exit code ${status}\n${stderr}`);
  return stdout;
});
writeFileSync(PAGE, withPrinted(page, examples, printed));
