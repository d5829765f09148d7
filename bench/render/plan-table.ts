/** What `fvp plan` prints: the points as a table, and the answer in sentences. At most 100 columns. */
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
} from '../../reference/kernel/units.ts';
import type { PlanConfig, PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import type { ModeResult } from '../../results/schema/run-document.ts';
import { COLUMNS_MAX, wrapText } from './wrap-text.ts';

/** Rows that a table has; more are in --json and -o. */
const ROWS_MAX = 60;
/** Reasons told, and configurations named for each. */
const PRUNED_MAX = 12;
const NAMED_MAX = 4;

interface Column {
  readonly title: string;
  readonly cell: (point: PlanPoint, index: number) => string;
  /** Columns with a lower rank are left out first. */
  readonly rank: number;
  readonly left?: boolean;
}

/** Lines of at most 100 columns. */
export function planLines(document: PlanDocument): string[] {
  const lines: string[] = [];
  const { points, pruned, notes } = document;
  const workloads = [...new Set(points.flatMap(({ results }) => results.map(({ workload }) => workload)))];
  const tables = workloads.map((workload) => table(document, columnsOf(document, workload)));
  // What a question finds of all workloads together stands once.
  const together = tables.length > 1 && tables.every((rows) => rows.join() === tables[0]!.join());
  if (together) lines.push(`${workloads.join(', ')} (together)`, ...tables[0]!);
  else
    for (const [index, workload] of workloads.entries()) {
      if (lines.length > 0) lines.push('');
      if (workloads.length > 1) lines.push(workload);
      lines.push(...tables[index]!);
    }
  if (points.length > ROWS_MAX)
    lines.push(`… and ${formatCount(points.length - ROWS_MAX)} more; all of them: -o plan.csv, -o plan.html`);
  if (pruned.length > 0) {
    lines.push('', `Not replayed: ${formatCount(pruned.length)}`);
    const reasons = [...new Set(pruned.map(({ why }) => why))];
    for (const reason of reasons.slice(0, PRUNED_MAX)) {
      const configs = pruned
        .filter(({ why }) => why === reason)
        .map(({ config }) => shortConfig(config, document));
      const more = configs.length > NAMED_MAX ? `, and ${formatCount(configs.length - NAMED_MAX)} more` : '';
      lines.push(...wrapped(`${configs.slice(0, NAMED_MAX).join(', ')}${more}: ${reason}`, '  '));
    }
    if (reasons.length > PRUNED_MAX)
      lines.push(`  … and ${formatCount(reasons.length - PRUNED_MAX)} more reasons in --json`);
  }
  if (notes.length > 0) lines.push('');
  for (const note of notes) lines.push(...wrapped(note, ''));
  const command = document.answer?.config.command;
  // A command is one line, however long, so that it can be copied.
  if (command !== undefined) lines.push('', `Replay it: ${command}`);
  return lines;
}

function wrapped(text: string, indent: string): string[] {
  const [first = '', ...rest] = wrapText(text, COLUMNS_MAX - indent.length - 2);
  return [`${indent}${first}`, ...rest.map((line) => `${indent}  ${line}`)];
}

/** What differs between configurations; in few words. */
export function shortConfig(config: PlanConfig, document: PlanDocument): string {
  const axes = axesOf(document);
  const words = axes.map((axis) => `${axis === 'mode' ? '' : `${axis}=`}${axisValue(config, axis)}`);
  return words.length === 0 ? config.mode : words.join(' ');
}

/** What varies over points and pruned ones: settings by their path, mode, speed. */
export function axesOf({ points, pruned }: PlanDocument): string[] {
  const configs = [...points, ...pruned].map(({ config }) => config);
  const names = new Set(['mode', 'speed']);
  for (const { settings } of configs)
    for (const setting of settings) names.add(setting.slice(0, setting.indexOf('=')));
  return [...names].filter((axis) => new Set(configs.map((config) => axisValue(config, axis))).size > 1);
}

/** The value that a configuration has on an axis; empty where the scenario's own holds. */
export function axisValue(config: PlanConfig, axis: string): string {
  if (axis === 'mode') return config.mode;
  if (axis === 'speed') return `${config.speed}x`;
  const setting = config.settings.find((each) => each.startsWith(`${axis}=`));
  return setting === undefined ? '' : setting.slice(axis.length + 1);
}

/** The result that a row shows: of several seeds the one with the slowest writes, or reads where there are none. */
function shown(point: PlanPoint, workload: string): ModeResult {
  const own = point.results.filter((result) => result.workload === workload);
  const slow = (result: ModeResult): number =>
    result.writes.response?.p99Ns ?? result.reads.response?.p99Ns ?? 0;
  return own.reduce((worst, result) => (slow(result) > slow(worst) ? result : worst));
}

const FIGURE_FORMATS: readonly (readonly [suffix: string, format: (value: number) => string])[] = [
  ['Ns', formatNs],
  ['BytesPerSecond', (value) => `${formatBytes(value)}/s`],
  ['Bytes', formatBytes],
  ['BytesPerDay', (value) => `${formatBytes(value)}/day`],
  ['Share', formatPercent],
  ['Ratio', formatPercent],
];

export function figureText(name: string, value: number | null): string {
  if (value === null) return '-';
  const format = FIGURE_FORMATS.find(([suffix]) => name.endsWith(suffix))?.[1];
  return format === undefined ? formatSignificant(value) : format(value);
}

/** Figures of a question that its table shows, by their titles there. */
const TABLE_FIGURES: Readonly<Record<string, string>> = {
  hitRatio: 'hit',
  lruHitRatio: 'LRU hit',
  absorbedShare: 'absorbed',
  peakDirtyBytes: 'dirty peak',
  throttledNs: 'held back',
  dirtyFullNs: 'dirty full',
  cacheFullNs: 'cache full',
  drainNs: 'drain',
  sanIos: 'SAN I/Os',
  sanBytes: 'SAN bytes',
  peakSanIops: 'peak IOPS',
  spindles: 'spindles',
  longestWaitNs: 'longest wait',
  failedIos: 'failed',
};

function columnsOf(document: PlanDocument, workload: string): Column[] {
  const ns = (value: number | undefined): string => (value === undefined ? '-' : formatNs(value));
  const { points } = document;
  const of = (point: PlanPoint): ModeResult => shown(point, workload);
  const columns: Column[] = axesOf(document).map((axis) => ({
    title: axis,
    cell: ({ config }) => axisValue(config, axis),
    rank: 9,
    left: true,
  }));
  if (columns.length === 0)
    columns.push({ title: 'mode', cell: ({ config }) => config.mode, rank: 9, left: true });
  if (points.some(({ cost }) => cost.price !== null))
    columns.push({ title: 'price', cell: ({ cost }) => priceText(cost), rank: 8 });
  else if (new Set(points.map(({ cost }) => cost.parts.flashBytes)).size > 1)
    columns.push({
      title: 'flash in all',
      cell: ({ cost }) => (cost.parts.flashBytes === 0 ? '-' : formatBytes(cost.parts.flashBytes)),
      rank: 3,
    });
  for (const kind of ['reads', 'writes', 'flushes'] as const) {
    if (points.every((point) => of(point)[kind].count === 0)) continue;
    columns.push(
      {
        title: `${kind} p50`,
        cell: (point) => ns(of(point)[kind].response?.p50Ns),
        rank: kind === 'flushes' ? 1 : 5,
      },
      {
        title: `${kind} p99`,
        cell: (point) => ns(of(point)[kind].response?.p99Ns),
        rank: kind === 'flushes' ? 2 : 6,
      },
    );
  }
  for (const [name, title] of Object.entries(TABLE_FIGURES)) {
    if (!points.some(({ figures }) => figures[name] !== undefined)) continue;
    columns.push({ title, cell: ({ figures }) => figureText(name, figures[name] ?? null), rank: 7 });
  }
  if (document.question === 'sweep' && document.pareto.length < points.length)
    columns.push({ title: '', cell: (_, index) => (document.pareto.includes(index) ? '*' : ''), rank: 9 });
  if (points.some(({ met }) => met !== null))
    columns.push({ title: 'met', cell: (point) => metText(point, workload), rank: 9, left: true });
  else if (points.some((point) => isSaturated(of(point))))
    columns.push({
      title: '',
      cell: (point) => (isSaturated(of(point)) ? 'saturated' : ''),
      rank: 9,
      left: true,
    });
  return columns;
}

function isSaturated({ verdicts }: ModeResult): boolean {
  return verdicts.some(({ name }) => name === 'saturated');
}

export function priceText({ price, currency }: PlanPoint['cost']): string {
  return price === null ? '-' : `${formatCount(price)} ${currency ?? ''}`.trim();
}

/** By how much a limit is missed: `by 12 %`, `7.5 times the limit`. @param share above the limit, of it */
export function missedText(share: number): string {
  return share < 2 ? `by ${formatPercent(share)}` : `${formatSignificant(share + 1)} times the limit`;
}

/** `yes`, or the worst of what is missed. */
function metText(point: PlanPoint, workload: string): string {
  if (point.met === true) return 'yes';
  if (isSaturated(shown(point, workload))) return 'saturated';
  const missed = point.objectives.filter((check) => check.workload === workload && !check.met);
  if (missed.length === 0) return point.objectives.every(({ met }) => met) ? 'no' : 'yes';
  const worst = missed.reduce((a, b) => ((b.missedByShare ?? 0) > (a.missedByShare ?? 0) ? b : a));
  return missedText(worst.missedByShare ?? 0);
}

function table(document: PlanDocument, all: readonly Column[]): string[] {
  const rows = document.points.slice(0, ROWS_MAX);
  let columns = [...all];
  const widthOf = (column: Column): number =>
    Math.max(column.title.length, ...rows.map((point, index) => column.cell(point, index).length));
  const total = (): number => columns.reduce((sum, column) => sum + widthOf(column) + 2, -2);
  while (columns.length > 1 && total() > COLUMNS_MAX) {
    const least = Math.min(...columns.map(({ rank }) => rank));
    const last = columns.map(({ rank }) => rank).lastIndexOf(least);
    columns = columns.filter((_, index) => index !== last);
  }
  const line = (cell: (column: Column) => string): string =>
    columns
      .map((column) => {
        const text = cell(column);
        return column.left === true ? text.padEnd(widthOf(column)) : text.padStart(widthOf(column));
      })
      .join('  ')
      .trimEnd();
  const starred = document.question === 'sweep' && document.pareto.length < document.points.length;
  return [
    line(({ title }) => title),
    ...rows.map((point, index) => line((column) => column.cell(point, index))),
    ...(starred ? ['* no other point is as good in every figure and in cost, and better in one'] : []),
  ];
}
