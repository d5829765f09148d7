/** What `fvp bench run` does once its flags are checked: open the run directory, replay, write, and tell. */
import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join, relative } from 'node:path';
import { describeWorkload } from '../../results/report/describe.ts';
import { asciiText } from '../../results/report/plain-text.ts';
import { renderEvents } from '../../results/report/terminal/render-events.ts';
import { renderTable } from '../../results/report/terminal/render-table.ts';
import { openRunDir, writeRun } from '../../results/run-dir/write-run.ts';
import type { RunDocument, RunRecording, RunTiming } from '../../results/schema/run-document.ts';
import { ProgressLine } from '../render/progress.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { visibleText } from '../render/visible-text.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import type { BenchHooks, BenchRequest } from '../replay/bench-request.ts';
import { prepareBench } from '../replay/run-bench.ts';
import { SHIPPED_NAMES } from '../replay/shipped-workloads.ts';
import { interruptible } from './interrupt.ts';
import { nextCommand } from './next-command.ts';
import { runId } from './run-id.ts';
import { checkWorkloadNames } from './workload-names.ts';

export interface BenchCommandOptions {
  /** Run directory; a new one under results/runs without it. */
  readonly out: string | undefined;
  readonly dryRun: boolean;
  /** Of fvp, for timing.json. */
  readonly version: string;
  /** Tells what happened to the cluster as well. */
  readonly timeline?: boolean;
  /** Threads that may replay at once; one for each core without it. */
  readonly workers?: number | undefined;
  /** Prints one piece of text for people. */
  readonly print: (text: string) => void;
}

/** @returns the document for `--json`. */
export async function runBenchCommand(request: BenchRequest, options: BenchCommandOptions): Promise<unknown> {
  checkWorkloadNames(request.workloads, SHIPPED_NAMES);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    return await interruptible((signal) => {
      const hooks: BenchHooks = {
        signal,
        onPhase: (phase) => progress.show(phase),
        workers: options.workers ?? availableParallelism(),
      };
      return options.dryRun ? dryRun(request, hooks, options) : realRun(request, hooks, progress, options);
    });
  } finally {
    progress.clear();
  }
}

async function dryRun(
  request: BenchRequest,
  hooks: BenchHooks,
  options: BenchCommandOptions,
): Promise<unknown> {
  const prepared = await prepareBench(request, hooks);
  try {
    const plan = prepared.describe();
    for (const line of plan) options.print(visibleText(line));
    return { schema: 'fvp.dry-run/1', plan };
  } finally {
    await prepared.close();
  }
}

async function realRun(
  request: BenchRequest,
  hooks: BenchHooks,
  progress: ProgressLine,
  options: BenchCommandOptions,
): Promise<RunDocument & RunTiming> {
  const started = new Date();
  const id = runId(started);
  const dir = options.out ?? join('results', 'runs', id);
  const existed = existsSync(dir);
  const runDir = await openRunDir(dir);
  try {
    const prepared = await prepareBench(request, hooks);
    try {
      const { recording, notes } = await prepared.run();
      hooks.signal.throwIfAborted();
      const run = {
        dir,
        id,
        startedAt: started.toISOString(),
        fvp: options.version,
        node: process.version,
        cpu: cpus()[0]?.model ?? 'unknown',
      };
      const complete: RunRecording = { ...recording, timing: { timing: recording.timing.timing, run } };
      const { reportPath } = await writeRun(runDir, complete);
      progress.clear();
      tell(request, complete.document, notes, reportPath, options);
      return { ...complete.document, ...complete.timing };
    } finally {
      await prepared.close();
    }
  } catch (error) {
    if (!existed) await rmdir(dir).catch(() => {});
    throw error;
  }
}

function tell(
  request: BenchRequest,
  document: RunDocument,
  notes: readonly string[],
  reportPath: string,
  { print, timeline = false }: BenchCommandOptions,
): void {
  const style = terminalStyle(process.stdout, process.env);
  const columns = Math.min(style.width, COLUMNS_MAX);
  const say = (text: string) => {
    const visible = visibleText(text);
    print(wrapText(style.unicode ? visible : asciiText(visible), columns).join('\n'));
  };
  for (const { name } of document.workloads) {
    for (const run of timeline ? (document.events ?? []) : []) {
      if (run.workload !== name) continue;
      for (const line of renderEvents(run, style)) print(line);
      print('');
    }
    print(renderTable(document, name, style));
    print('');
    for (const sentence of describeWorkload(document, name)) say(sentence);
    print('');
  }
  for (const note of notes) say(note);
  if (notes.length > 0) print('');
  print(`Report: ${visibleText(relative('.', reportPath))}`);
  print(`Next:   ${visibleText(nextCommand(request))}`);
}
