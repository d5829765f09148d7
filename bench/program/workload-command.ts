/** What `fvp workload list` and `fvp workload show` do. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatNs } from '../../reference/kernel/units.ts';
import { parseThresholds } from '../../results/gate/expression.ts';
import { asciiText } from '../../results/report/plain-text.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import {
  CATALOGUE_GROUPS,
  JOB_CATALOGUE,
  THRESHOLD_PRESETS,
  type ThresholdPreset,
} from '../../workloads/catalogue.ts';
import {
  describeJobs,
  type JobDescription,
  type WorkloadDescription,
} from '../../workloads/fio-job/describe-jobs.ts';
import { planJobs } from '../../workloads/fio-job/job-plan.ts';
import { definitionList } from '../render/definition-list.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { visibleText } from '../render/visible-text.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import { loadJobFile } from '../replay/job-workload.ts';
import { SHIPPED_NAMES, shippedFile } from '../replay/shipped-workloads.ts';
import { checkWorkloadNames } from './workload-names.ts';

type Print = (line: string) => void;

export interface WorkloadList {
  readonly schema: 'fvp.workloads/1';
  readonly workloads: readonly {
    readonly name: string;
    readonly kind: 'trace' | 'job';
    readonly group: string;
    readonly question: string;
  }[];
  /** Files of thresholds for `fvp bench gate`. */
  readonly thresholds: readonly { readonly name: string; readonly question: string; readonly file: string }[];
}

export function listWorkloads(print: Print): WorkloadList {
  const traces = SAMPLES.map(({ name, title }) => ({
    name,
    kind: 'trace' as const,
    group: 'recorded',
    question: `What would it do for a recorded server? ${title}.`,
  }));
  const jobs = JOB_CATALOGUE.map(({ name, group, question }) => ({
    name,
    kind: 'job' as const,
    group,
    question,
  }));
  const workloads = [...traces, ...jobs];
  const { width } = terminalStyle(process.stdout, process.env);
  const pad = Math.max(...workloads.map(({ name }) => name.length));
  for (const group of ['recorded', ...CATALOGUE_GROUPS]) {
    print(group === 'recorded' ? 'Recorded traces' : `Jobs: ${group}`);
    const own = workloads.filter((workload) => workload.group === group);
    const rows = own.map(({ name, question }) => ({ name: `  ${name.padEnd(pad)}`, description: question }));
    for (const line of definitionList(rows, width)) print(line);
    print('');
  }
  print('Limits, for fvp bench gate --thresholds');
  const presets = THRESHOLD_PRESETS.map(({ name, question }) => ({
    name: `  ${name.padEnd(pad)}`,
    description: question,
  }));
  for (const line of definitionList(presets, width)) print(line);
  print('');
  print('Run one: fvp bench run NAME. What is in a job, or what limits say: fvp workload show NAME.');
  return { schema: 'fvp.workloads/1', workloads, thresholds: THRESHOLD_PRESETS };
}

/** Limits that come with fvp, as they are shown. */
export interface LimitsDescription {
  readonly schema: 'fvp.limits/1';
  readonly name: string;
  readonly question: string;
  /** As `fvp bench gate --threshold` takes them. */
  readonly thresholds: readonly string[];
}

function showLimits({ name, question, file }: ThresholdPreset, print: Print): LimitsDescription {
  const text = readFileSync(file, 'utf8');
  for (const line of text.trimEnd().split('\n')) {
    const wrapped = line.startsWith('# ') ? wrapText(line.slice(2), COLUMNS_MAX) : [line === '#' ? '' : line];
    for (const part of wrapped) print(part);
  }
  const thresholds = parseThresholds(text, name).map((threshold) => threshold.text);
  return { schema: 'fvp.limits/1', name, question, thresholds };
}

/** @throws NoInputError, UsageError for what is no job file; never for what is in it */
export function showWorkload(workload: string, print: Print): WorkloadDescription | LimitsDescription {
  if (workload === '') throw new UsageError('an argument is empty');
  const limits = THRESHOLD_PRESETS.find(({ name }) => name === workload);
  if (limits !== undefined) return showLimits(limits, print);
  checkWorkloadNames([workload], [...SHIPPED_NAMES, ...THRESHOLD_PRESETS.map(({ name }) => name)]);
  const path = shippedFile(workload) ?? workload;
  if (SAMPLES.some(({ name }) => name === workload)) {
    throw new UsageError(`${workload} is a trace, not a job`, {
      hint: `fvp trace info ${workload} shows it`,
    });
  }
  if (workload === '-') throw new NoInputError('a job is read from a file, not from standard input');
  const document = loadJobFile(path);
  const description = describeJobs(basename(path, '.fio'), document, planJobs(document));
  tell(description, print);
  return description;
}

function tell(description: WorkloadDescription, print: Print): void {
  const style = terminalStyle(process.stdout, process.env);
  const columns = Math.min(style.width, COLUMNS_MAX);
  const say = (text: string, indent = ''): void => {
    const visible = visibleText(text);
    for (const [index, line] of wrapText(
      style.unicode ? visible : asciiText(visible),
      columns - indent.length,
    ).entries())
      print(index === 0 ? `${indent}${line}` : `${indent}  ${line}`);
  };
  const { jobs, disks, expectedNs } = description;
  const length = expectedNs === null ? 'until its jobs end' : formatNs(expectedNs);
  say(
    `${description.name}: ${count(jobs.length, 'job')} on ${count(disks.length, 'virtual disk')}${disks.length === 0 ? '' : ` (${disks.map(({ name, sizeBytes }) => `${name} ${formatBytes(sizeBytes)}`).join(', ')})`}, ${length}.`,
  );
  print('');
  for (const line of table(jobs, columns))
    print(style.unicode ? visibleText(line) : asciiText(visibleText(line)));
  print('');
  for (const { name, words } of jobs) say(`${name}: ${words}`);
  print('');
  for (const { name, options } of jobs) {
    const shown = options.map((option) =>
      option.value === null ? option.name : `${option.name}=${option.value}`,
    );
    say(`[${name}] ${shown.length === 0 ? 'no options' : shown.join('  ')}`);
  }
  if (description.ignored.length > 0) {
    print('');
    const byReason = new Map<string, string[]>();
    for (const { name, why } of description.ignored) byReason.set(why, [...(byReason.get(why) ?? []), name]);
    for (const [why, names] of byReason) say(`Without meaning here: ${names.join(', ')} (${why}).`);
  }
  if (description.unsetVariables.length > 0)
    say(`Unset variables, which stand for nothing: ${description.unsetVariables.join(', ')}.`);
  for (const warning of description.warnings) say(`Note: ${warning}`);
  if (!description.runnable) {
    print('');
    say(`It cannot be run here, for ${count(description.obstacles.length, 'reason')}:`);
    for (const { message, hint } of description.obstacles) {
      say(message, '  ');
      if (hint !== null) say(hint, '    ');
    }
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

const COLUMNS: readonly (readonly [string, (job: JobDescription) => string])[] = [
  ['job', ({ name }) => name],
  ['procs', ({ processes }) => String(processes)],
  ['load', ({ load }) => load],
  ['blocks', ({ blocks }) => blocks],
  ['depth', ({ depth }) => depth],
  ['pace', ({ pace }) => pace],
  ['size', ({ size }) => size],
  ['ends', ({ length }) => length],
];

/** Cells that are too long are wrapped within their column. */
function table(jobs: readonly JobDescription[], columns: number): string[] {
  const rows = [COLUMNS.map(([title]) => title), ...jobs.map((job) => COLUMNS.map(([, cell]) => cell(job)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const least = COLUMNS.map((_, column) =>
    Math.max(...rows.flatMap((row) => row[column]!.split(/\s+/).map((word) => word.length))),
  );
  const gaps = 2 * (COLUMNS.length - 1);
  // The widest column gives way first.
  while (widths.reduce((sum, width) => sum + width, gaps) > columns) {
    const spare = widths.map((width, column) => (width > least[column]! ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) break;
    widths[widest]!--;
  }
  return rows.flatMap((row) => {
    const cells = row.map((text, column) => wrapText(text, widths[column]!));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((lines, column) => (lines[line] ?? '').padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
  });
}
