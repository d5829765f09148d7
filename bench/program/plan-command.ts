/** What all `fvp plan` commands do once their flags are parsed: open everything, ask the question, write and tell. */

import { UsageError } from '../../reference/kernel/errors.ts';
import { asciiText } from '../../results/report/plain-text.ts';
import { type OutputFile, openOutputFile } from '../../results/run-dir/output-file.ts';
import type { PlanDocument } from '../../results/schema/plan-document.ts';
import { readPriceList } from '../plan/cost.ts';
import { checkObjectiveNames, parseObjectives } from '../plan/objectives.ts';
import { defaultCacheFolder, PointCache } from '../plan/point-cache.ts';
import { PointRunner } from '../plan/point-runner.ts';
import { type Question, withWorkloads } from '../plan/question.ts';
import { type PointExecutor, ThreadExecutor } from '../plan/thread-executor.ts';
import { planPage } from '../render/plan-page.ts';
import { planArrow, planCsv, planRows } from '../render/plan-rows.ts';
import { planLines } from '../render/plan-table.ts';
import { ProgressLine } from '../render/progress.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { visibleText } from '../render/visible-text.ts';
import { scenarioOf } from '../replay/run-bench.ts';
import { SHIPPED_NAMES } from '../replay/shipped-workloads.ts';
import { takeName } from '../replay/workload-plan.ts';
import { benchRequestOf } from './bench-request.ts';
import { flagQuantity, parseWhole, workersOf } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';
import type { PlanFlags } from './plan-flags.ts';
import { checkWorkloadNames } from './workload-names.ts';

export interface PlanCommand {
  readonly workloads: readonly string[];
  readonly flags: PlanFlags;
  readonly print: (text: string) => void;
}

const FORMATS = ['csv', 'arrow', 'html', 'json'] as const;
type Format = (typeof FORMATS)[number];

interface Output {
  readonly format: Format;
  readonly file: OutputFile;
}

const INTERRUPTED = 'interrupted; the finished points are kept, and the same command goes on from there';

/** @returns the document for `--json` */
export async function runPlanCommand(
  { workloads, flags, print }: PlanCommand,
  ask: (question: Question) => Promise<PlanDocument>,
): Promise<PlanDocument> {
  checkWorkloadNames(workloads, SHIPPED_NAMES);
  const request = benchRequestOf(workloads, {
    ...flags,
    scenario: flags.scenario ?? 'datacentre-2014',
    warmup: flags.warmup ?? '0',
    preload: flags.preload ?? 'none',
    seed: flags.seed ?? '1',
  });
  const seeds = flagQuantity('seeds', flags.seeds ?? '1', parseWhole, {
    least: 1,
    most: 100,
    words: '1 to 100',
  });
  const objectives = parseObjectives(flags.threshold ?? []);
  const prices = flags.prices === undefined ? undefined : await readPriceList(flags.prices);
  const base = withWorkloads(request, await scenarioOf(request));
  const cache = await PointCache.open(flags.cache ?? defaultCacheFolder());
  const outputs = await openOutputs(flags.output ?? []);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const document = await interruptible(async (signal) => {
      const executor = await executorOf(flags);
      const runner = new PointRunner({
        executor,
        cache,
        signal,
        onProgress: (phase) => progress.show(phase),
      });
      try {
        const question: Question = { base, seeds, objectives, prices, runner };
        if (objectives.some(({ workload }) => workload !== null))
          checkObjectiveNames(objectives, await workloadNames(question));
        const answered = await ask(question);
        const { replayed, cached } = runner.counts;
        const counts = `${replayed} ${replayed === 1 ? 'replay' : 'replays'}, ${cached} known from before.`;
        progress.clear();
        process.stderr.write(`${counts}\n`);
        return answered;
      } finally {
        await runner.close();
      }
    }, INTERRUPTED);
    for (const { format, file } of outputs) await file.write(await written(format, document));
    const style = terminalStyle(process.stdout, process.env);
    for (const line of planLines(document)) {
      const visible = visibleText(line);
      print(style.unicode ? visible : asciiText(visible));
    }
    for (const { file } of outputs) print(`Written: ${visibleText(file.path)}`);
    return document;
  } finally {
    progress.clear();
    for (const { file } of outputs) await file.discard();
  }
}

/** What the workloads are called in results; those that cannot be opened are told of later. */
async function workloadNames({ base, runner }: Question): Promise<string[]> {
  const asked = base.workloads.length === 0 ? [[]] : base.workloads.map((workload) => [workload]);
  const names = new Set<string>();
  for (const workloads of asked) {
    const outcome = await runner.prospect({ ...base, workloads, modes: ['none'] });
    if (outcome.kind === 'prospect') takeName(outcome.prospect.workload, names);
  }
  return [...names];
}

async function executorOf({ workers, queue }: PlanFlags): Promise<PointExecutor> {
  if (queue === undefined) return new ThreadExecutor(workersOf(workers));
  if (workers !== undefined)
    throw new UsageError('--workers has no meaning with --queue', {
      hint: 'the points are replayed by fvp plan worker, which has a flag of that name',
    });
  const { QueueExecutor } = await import('../plan/queue-executor.ts');
  return QueueExecutor.open(queue, () => {
    process.stderr.write('No worker is there yet: start fvp plan worker with the same --queue.\n');
  });
}

async function openOutputs(paths: readonly string[]): Promise<Output[]> {
  const outputs: Output[] = [];
  const formats = paths.map((path) => {
    const format = FORMATS.find((each) => path.toLowerCase().endsWith(`.${each}`));
    if (format === undefined)
      throw new UsageError(`-o ${path}: what is to be written there?`, {
        hint: `the name's end says it: ${FORMATS.map((each) => `.${each}`).join(', ')}`,
      });
    return format;
  });
  for (const [index, path] of paths.entries())
    outputs.push({ format: formats[index]!, file: await openOutputFile(path) });
  return outputs;
}

async function written(format: Format, document: PlanDocument): Promise<string | Uint8Array> {
  switch (format) {
    case 'csv':
      return planCsv(planRows(document));
    case 'arrow':
      return planArrow(planRows(document));
    case 'html':
      return planPage(document);
    case 'json':
      return `${JSON.stringify(document, null, 2)}\n`;
  }
}
