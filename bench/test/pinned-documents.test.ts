/**
 * The documents of both shipped traces in every mode, pinned by their SHA-256, so that any machine and any Node version
 * is checked against the same bytes. After a change that is meant to change figures:
 *
 *   FVP_PIN=1 npx vitest run bench/test/pinned-documents
 *
 * and say in CHANGELOG.md why they changed.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { runFvp } from './run-fvp.ts';

const PINS = new URL('./pinned-documents.sha256', import.meta.url);
const PIN_ANEW = process.env.FVP_PIN === '1';
const TRACES = ['database', 'email'];

/** Lines as sha256sum writes them: hash, two spaces, name. */
const pinned = new Map(
  readFileSync(PINS, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => [line.slice(66), line.slice(0, 64)]),
);
const found = new Map<string, string>();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-pinned-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (PIN_ANEW) writeFileSync(PINS, [...found].map(([name, hash]) => `${hash}  ${name}\n`).join(''));
});

test.each(TRACES.flatMap((trace) => MODE_NAMES.map((mode) => [trace, mode])))(
  'the document of %s through %s is the pinned one',
  async (trace = '', mode = '') => {
    const name = `${trace}.${mode}`;
    const out = join(folder, name);
    const { exitCode, stderr } = await runFvp(['bench', 'run', trace, '--mode', mode, '--out', out]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const document = readFileSync(join(out, 'run.json'));
    const hash = createHash('sha256').update(document).digest('hex');
    found.set(name, hash);
    if (!PIN_ANEW) expect(hash).toBe(pinned.get(name));
  },
);
