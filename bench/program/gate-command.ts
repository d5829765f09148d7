/** What `fvp bench gate` does once its flags are parsed: make or load the results, decide, and tell everybody. */
import { spawn } from 'node:child_process';
import { appendFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { loadFioText, loadMeasured } from '../../results/compare/load-measured.ts';
import type { Measured } from '../../results/compare/measured.ts';
import { bencherMetrics } from '../../results/exports/bencher.ts';
import { githubAnnotations } from '../../results/exports/github.ts';
import { githubActionBenchmark } from '../../results/exports/github-action-benchmark.ts';
import { junitXml } from '../../results/exports/junit.ts';
import { gateMarkdown } from '../../results/exports/markdown.ts';
import { prometheusText } from '../../results/exports/prometheus.ts';
import {
  BASELINE_SCHEMA,
  type Baseline,
  type BaselineRequest,
  formatBaseline,
  type GateRun,
  gateRun,
  isBaselineFile,
  measuredOf,
  readBaseline,
} from '../../results/gate/baseline.ts';
import { parseThreshold, parseThresholds, type Threshold } from '../../results/gate/expression.ts';
import {
  confirmed,
  EXIT_FAIL,
  EXIT_INCONCLUSIVE,
  type GateDocument,
  gateExact,
  gateMeasured,
} from '../../results/gate/gate.ts';
import { gateLines } from '../../results/gate/gate-text.ts';
import { asciiText } from '../../results/report/plain-text.ts';
import { type OutputFile, openOutputFile } from '../../results/run-dir/output-file.ts';
import { readRun } from '../../results/run-dir/read-run.ts';
import { THRESHOLD_PRESETS } from '../../workloads/catalogue.ts';
import { ProgressLine } from '../render/progress.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import { prepareBench } from '../replay/run-bench.ts';
import { benchRequestOf } from './bench-request.ts';
import { interruptible } from './interrupt.ts';

export const EXPORT_FORMATS = [
  'junit',
  'markdown',
  'json',
  'bencher',
  'github-action-benchmark',
  'prometheus',
] as const;
type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface GateCommandOptions {
  readonly baselines: readonly string[];
  readonly thresholds: readonly string[];
  /** File of thresholds, or the name of limits that come with fvp. */
  readonly thresholdsFile: string | undefined;
  readonly modes: readonly string[] | undefined;
  readonly scenario: string | undefined;
  readonly seed: string | undefined;
  readonly floorNs: number;
  /** Command that prints a fresh result of fio. */
  readonly rerun: string | undefined;
  readonly update: boolean;
  readonly reason: string | undefined;
  /** `FORMAT=FILE`. */
  readonly outputs: readonly string[];
  readonly github: boolean;
  readonly print: (text: string) => void;
}

export interface GateOutcome {
  readonly document: GateDocument;
  readonly exitCode: number;
}

interface Output {
  readonly format: ExportFormat;
  readonly file: OutputFile;
}

async function openOutputs(texts: readonly string[]): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const text of texts) {
    const at = text.indexOf('=');
    const format = EXPORT_FORMATS.find((each) => each === text.slice(0, at));
    if (format === undefined || at + 1 === text.length) {
      throw new UsageError(`--output ${JSON.stringify(text)}: not FORMAT=FILE`, {
        hint: `the formats are ${EXPORT_FORMATS.join(', ')}`,
      });
    }
    outputs.push({ format, file: await openOutputFile(text.slice(at + 1)) });
  }
  return outputs;
}

function exported(format: ExportFormat, document: GateDocument, measured: Measured): string {
  switch (format) {
    case 'junit':
      return junitXml(document);
    case 'markdown':
      return gateMarkdown(document);
    case 'json':
      return `${JSON.stringify(document, null, 2)}\n`;
    case 'bencher':
      return bencherMetrics(measured);
    case 'github-action-benchmark':
      return githubActionBenchmark(measured);
    case 'prometheus':
      return prometheusText(measured);
  }
}

interface ExactInput {
  readonly name: string;
  readonly run: GateRun;
  readonly measured: Measured;
  /** Set where the gate made the run. */
  readonly request: BaselineRequest | null;
}

async function isRun(path: string): Promise<boolean> {
  return (await stat(join(path, 'run.json')).catch(() => undefined)) !== undefined;
}

async function loadRunInput(path: string): Promise<ExactInput> {
  const [measured] = await loadMeasured(path);
  const saved = await readRun(path);
  return { name: path, run: gateRun(saved.document, saved.latencies), measured: measured!, request: null };
}

/** Baselines, whatever they are; the first decides what the results must be. */
async function loadBaselines(
  paths: readonly string[],
): Promise<{ exact?: ExactInput & { readonly file?: Baseline }; measured: Measured[] }> {
  const measured: Measured[] = [];
  let exact: (ExactInput & { readonly file?: Baseline }) | undefined;
  for (const path of paths) {
    if (await isRun(path)) exact = await loadRunInput(path);
    else if (await isBaselineFile(path)) {
      const file = await readBaseline(path);
      const run: GateRun = { document: file.run, spans: file.spans };
      exact = { name: path, run, measured: measuredOf(path, run, 'baseline'), request: file.request, file };
    } else measured.push(...(await loadMeasured(path)));
  }
  if (exact !== undefined && paths.length > 1)
    throw new UsageError('a run in virtual time is exact: one baseline is enough', {
      hint: 'give several only for measured results, such as those of fio',
    });
  return exact === undefined ? { measured } : { exact, measured };
}

/** Replays workloads, as `fvp bench run` does, without writing a run. */
async function replay(
  request: BaselineRequest,
  modes: readonly string[] | undefined,
  progress: ProgressLine,
): Promise<ExactInput> {
  const bench = benchRequestOf(request.workloads, {
    scenario: request.scenario,
    mode: modes,
    warmup: '0',
    preload: 'none',
    seed: String(request.seed),
    event: 'D',
  });
  return interruptible(async (signal) => {
    const prepared = await prepareBench(bench, {
      signal,
      onPhase: (phase) => progress.show(phase),
      workers: availableParallelism(),
    });
    try {
      const { recording } = await prepared.run();
      const run = gateRun(recording.document, recording.latencies);
      const name = request.workloads.length === 0 ? 'the shipped workloads' : request.workloads.join(', ');
      return { name, run, measured: measuredOf(name, run, 'run'), request };
    } finally {
      await prepared.close();
    }
  });
}

/** What the positional arguments are: one run or workloads to replay, or measured results. */
async function loadResults(
  paths: readonly string[],
  baseline: ExactInput | undefined,
  options: GateCommandOptions,
  progress: ProgressLine,
): Promise<ExactInput | Measured[]> {
  const kinds = await Promise.all(
    paths.map(async (path) =>
      (await isRun(path)) ? 'run' : /\.(json|hlog)$/i.test(path) ? 'measured' : 'workload',
    ),
  );
  const kind = kinds[0] ?? 'workload';
  if (kinds.some((each) => each !== kind))
    throw new UsageError('runs, workloads and measured results cannot be mixed', {
      hint: 'gate each kind alone',
    });
  if (kind === 'measured') return (await Promise.all(paths.map(loadMeasured))).flat();
  if (kind === 'run') {
    if (paths.length > 1)
      throw new UsageError('one run at a time: a run in virtual time would be the same again', {
        hint: 'gate each alone',
      });
    return loadRunInput(paths[0]!);
  }
  const before = baseline?.request ?? null;
  const request: BaselineRequest = {
    workloads: paths.length > 0 ? paths : (before?.workloads ?? []),
    scenario: options.scenario ?? before?.scenario ?? 'datacentre-2014',
    seed: options.seed === undefined ? (before?.seed ?? 1) : Number(options.seed),
  };
  const modes =
    options.modes ??
    (baseline === undefined
      ? undefined
      : [...new Set(baseline.run.document.results.map(({ mode }) => mode))]);
  return replay(request, modes, progress);
}

/** Runs a command of the person's in a shell. @returns its standard output */
function outputOf(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (cause) => reject(new NoInputError(`--rerun: cannot run ${command}`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else
        reject(
          new NoInputError(`--rerun: ${command} ended with ${code}`, {
            hint: 'it must print a result of fio (--output-format=json+) on standard output',
          }),
        );
    });
  });
}

async function measuredGate(
  baseline: readonly Measured[],
  results: readonly Measured[],
  thresholds: readonly Threshold[],
  options: GateCommandOptions,
  progress: ProgressLine,
): Promise<GateDocument> {
  const gate = { baseline, results, thresholds, modes: options.modes, floorNs: options.floorNs };
  const first = gateMeasured(gate);
  if (options.rerun === undefined || first.verdict !== 'fail') return first;
  const fresh: Measured[] = [];
  for (let i = 0; i < results.length; i++) {
    progress.show({ text: 'running again to confirm', done: i, total: results.length });
    fresh.push(...loadFioText(`rerun ${i + 1}`, await outputOf(options.rerun)));
  }
  return confirmed(first, gateMeasured({ ...gate, results: fresh }));
}

async function update(
  input: ExactInput,
  baseline: (ExactInput & { readonly file?: Baseline }) | undefined,
  document: GateDocument | undefined,
  options: GateCommandOptions,
): Promise<void> {
  const [path] = options.baselines;
  const file = await openOutputFile(path!);
  try {
    const before = baseline?.file;
    const changedFigures = (document?.changes ?? []).reduce((sum, { figures }) => sum + figures.length, 0);
    const missing = (before?.run.results ?? []).filter(
      ({ workload, mode }) =>
        !input.run.document.results.some((each) => each.workload === workload && each.mode === mode),
    );
    if (missing.length > 0)
      throw new UsageError(
        `the new results have no ${missing.map(({ workload, mode }) => `${workload} ${mode}`).join(', ')}`,
        {
          hint: 'a baseline is updated with all its workloads and modes; write another file for others',
        },
      );
    await file.write(
      formatBaseline({
        schema: BASELINE_SCHEMA,
        reasons: [...(before?.reasons ?? []), { reason: options.reason!, changedFigures }],
        request: input.request ?? before?.request ?? null,
        run: input.run.document,
        spans: input.run.spans,
      }),
    );
  } finally {
    await file.discard();
  }
}

function checkUsage({ baselines, update: updates, reason }: GateCommandOptions): void {
  if (updates && baselines.length !== 1)
    throw new UsageError('--update needs one --baseline FILE', { hint: 'the file that is to be written' });
  if (updates && (reason === undefined || reason.trim() === ''))
    throw new UsageError('--update needs a --reason', {
      hint: 'why the numbers change; it is kept in the file: --reason "faster array"',
    });
  if (!updates && reason !== undefined) throw new UsageError('--reason has no meaning without --update');
}

/** @returns the document for `--json`, and the exit code: 0, 99 or 98 */
export async function runGateCommand(
  paths: readonly string[],
  options: GateCommandOptions,
): Promise<GateOutcome> {
  checkUsage(options);
  const thresholds = await allThresholds(options);
  const outputs = await openOutputs(options.outputs);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const creates =
      options.update && (await stat(options.baselines[0]!).catch(() => undefined)) === undefined;
    const { exact, measured } = await loadBaselines(creates ? [] : options.baselines);
    const results = await loadResults(paths, exact, options, progress);
    let document: GateDocument | undefined;
    let shown: Measured;
    if (Array.isArray(results)) {
      if (options.update)
        throw new UsageError('only results in virtual time have a baseline file', {
          hint: 'keep the results of fio themselves',
        });
      if (exact !== undefined)
        throw new UsageError('measured results need measured results as their baseline');
      document = await measuredGate(measured, results, thresholds, options, progress);
      shown = results[0]!;
    } else {
      if (measured.length > 0)
        throw new UsageError('results in virtual time need a run or a baseline file as their baseline');
      if (!creates)
        document = gateExact({
          ...results,
          baseline: exact,
          thresholds: options.update ? [] : thresholds,
          modes: options.modes,
        });
      shown = results.measured;
      if (options.update) await update(results, exact, document, options);
    }
    progress.clear();
    document ??= firstDocument(options.baselines[0]!, shown);
    for (const { format, file } of outputs) await file.write(exported(format, document, shown));
    await tell(document, options);
    return { document, exitCode: options.update ? 0 : exitCodeOf(document) };
  } finally {
    progress.clear();
    for (const { file } of outputs) await file.discard();
  }
}

function exitCodeOf({ verdict }: GateDocument): number {
  return verdict === 'pass' ? 0 : verdict === 'fail' ? EXIT_FAIL : EXIT_INCONCLUSIVE;
}

/** Of a baseline that is written for the first time: nothing to hold it against. */
function firstDocument(baseline: string, { name, results }: Measured): GateDocument {
  return {
    schema: 'fvp.gate/1',
    verdict: 'pass',
    kind: 'exact',
    baseline,
    results: [name],
    inputDifferences: [],
    checks: [],
    changes: [],
    neighbourhood: [],
    notes: [`The first baseline: ${results.length} results.`],
  };
}

async function allThresholds({ thresholds, thresholdsFile }: GateCommandOptions): Promise<Threshold[]> {
  const shipped = THRESHOLD_PRESETS.map(({ name }) => name);
  const given = thresholds.map((text) => {
    if (!shipped.includes(text)) return parseThreshold(text);
    throw new UsageError(`--threshold ${text}: these are several limits`, {
      hint: `write --thresholds ${text}`,
    });
  });
  if (thresholdsFile === undefined) return given;
  const { readText } = await import('../../results/run-dir/read-run.ts');
  const preset = THRESHOLD_PRESETS.find(({ name }) => name === thresholdsFile);
  const text = await readText(preset?.file ?? thresholdsFile);
  if (text === undefined)
    throw new NoInputError(`there is no ${thresholdsFile}`, {
      hint: didYouMean(thresholdsFile, shipped) ?? `name a file, or one of ${shipped.join(', ')}`,
    });
  return [...given, ...parseThresholds(text, thresholdsFile)];
}

async function tell(document: GateDocument, options: GateCommandOptions): Promise<void> {
  const style = terminalStyle(process.stdout, process.env);
  const columns = Math.min(style.width, COLUMNS_MAX);
  for (const line of gateLines(document)) {
    const text = style.unicode ? line : asciiText(line);
    if (text.length <= columns) options.print(text);
    else {
      const [first, ...rest] = wrapText(text.trim(), columns - 4);
      const indent = text.slice(0, text.length - text.trimStart().length);
      options.print(indent + first!);
      for (const part of rest) options.print(`    ${part}`);
    }
  }
  if (options.update) options.print(`Written: ${options.baselines[0]}`);
  if (!options.github) return;
  for (const line of githubAnnotations(document)) options.print(line);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary !== undefined && summary !== '') await appendFile(summary, gateMarkdown(document));
}
