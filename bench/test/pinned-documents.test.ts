/**
 * The documents of both shipped traces in every mode: pinned by their SHA-256, so that any machine and any Node version
 * is checked against the same bytes, and held by our own gate against results/baselines/shipped.json, which says which
 * numbers changed and where to look. After a change that is meant to change figures:
 *
 *   FVP_PIN='why they change' npx vitest run bench/test/pinned-documents
 *
 * which keeps the reason in the baseline, and say in CHANGELOG.md why they changed.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import {
  BASELINE_SCHEMA,
  type Baseline,
  formatBaseline,
  type GateRun,
  gateRun,
  measuredOf,
  readBaseline,
} from '../../results/gate/baseline.ts';
import { gateExact } from '../../results/gate/gate.ts';
import { gateLines } from '../../results/gate/gate-text.ts';
import { readRun, type SavedRun } from '../../results/run-dir/read-run.ts';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

const PINS = new URL('./pinned-documents.sha256', import.meta.url);
const BASELINE = fileURLToPath(new URL('results/baselines/shipped.json', packageRoot()));
const REASON = process.env.FVP_PIN ?? '';
const PIN_ANEW = REASON !== '';
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

/** The ten runs as the one that the gate would make. */
async function wholeRun(): Promise<GateRun> {
  const runs: SavedRun[] = [];
  for (const trace of TRACES)
    for (const mode of MODE_NAMES) runs.push(await readRun(join(folder, `${trace}.${mode}`)));
  const workloads = TRACES.map((_, i) => runs[i * MODE_NAMES.length]!.document.workloads[0]!);
  const results = runs.flatMap(({ document }) => document.results);
  const { document } = runs[0]!;
  return gateRun(
    { ...document, workloads, results },
    runs.flatMap(({ latencies }) => latencies),
  );
}

test('our own gate passes: no figure of the shipped workloads has changed', async () => {
  const run = await wholeRun();
  const before = await readBaseline(BASELINE);
  const base: GateRun = { document: before.run, spans: before.spans };
  const document = gateExact({
    name: 'this version',
    run,
    measured: measuredOf('this version', run, 'run'),
    baseline: {
      name: 'results/baselines/shipped.json',
      run: base,
      measured: measuredOf('baseline', base, 'baseline'),
    },
    thresholds: [],
    modes: undefined,
  });
  if (PIN_ANEW) {
    const changedFigures = document.changes.reduce((sum, { figures }) => sum + figures.length, 0);
    const reasons = [
      ...before.reasons,
      { reason: REASON === '1' ? 'see CHANGELOG.md' : REASON, changedFigures },
    ];
    const baseline: Baseline = {
      schema: BASELINE_SCHEMA,
      reasons,
      request: before.request,
      run: run.document,
      spans: run.spans,
    };
    if (changedFigures > 0) writeFileSync(BASELINE, formatBaseline(baseline));
    process.stdout.write(`${gateLines(document).join('\n')}\n`);
  } else if (document.verdict !== 'pass') {
    expect.fail(
      `${gateLines(document).join('\n')}\n\nWhere this is meant: FVP_PIN='why' npx vitest run bench/test/pinned-documents`,
    );
  }
});
