/** Percentile plot and timeline sparklines for a terminal. */
import { formatNs } from '../../../reference/kernel/units.ts';
import { mergeAll, percentilesOf } from '../../hdr/summary.ts';
import { LATENCY_KINDS, type LatencyKind, type LatencyRecording } from '../../schema/run-document.ts';
import type { ReportInput } from '../figure.ts';
import { asciiText, plainText } from '../plain-text.ts';
import { alignColumns } from './columns.ts';

export interface PlotStyle {
  readonly width: number;
  readonly unicode: boolean;
}

const WIDTH_MAX = 100;
const HEIGHT = 12;
/** A mark for each mode, the same in the legend. */
const MARKS = 'ox+*#@%&=~^v';
const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '.:-=+*#@';
/** The x axis in nines: as many columns for each. */
const NINES: readonly (readonly [label: string, x: number])[] = [
  ['0', 1],
  ['90', 10],
  ['99', 100],
  ['99.9', 1000],
  ['99.99', 10_000],
];

const PERCENT = ' %';

/** log2 by halving and squaring: enough for a place on a screen, and the same on every machine. */
function log2(value: number): number {
  let whole = 0;
  let rest = Math.max(1, value);
  while (rest >= 2) {
    rest /= 2;
    whole++;
  }
  let bits = 0;
  for (let bit = 0.5; bit > 0.001; bit /= 2) {
    rest *= rest;
    if (rest >= 2) {
      rest /= 2;
      bits += bit;
    }
  }
  return whole + bits;
}

/** 10^(i / steps), by repeated fractions of a table: i within [0, 4 * steps]. */
function nineAt(share: number): number {
  // Linear in x within a nine would bunch its columns; a geometric step of 1/16 nine is near enough.
  const whole = Math.floor(share);
  let x = 1;
  for (let i = 0; i < whole; i++) x *= 10;
  const sixteenth = 1.1547819846894583;
  for (let i = 0; i < Math.floor((share - whole) * 16); i++) x *= sixteenth;
  return x;
}

function ofKind(input: ReportInput, workload: string, kind: LatencyKind): LatencyRecording[] {
  return input.latencies.filter((each) => each.workload === workload && each.kind === kind);
}

function plot(
  kind: LatencyKind,
  recordings: readonly LatencyRecording[],
  { width, unicode }: PlotStyle,
): string[] {
  const label = 9;
  const columns = Math.min(WIDTH_MAX, Math.max(40, width)) - label - 1;
  const nines = NINES.length - 1;
  const histograms = recordings.map(({ response }) => mergeAll(response));
  const most = histograms.reduce((count, each) => Math.max(count, each.count), 0);
  if (most === 0) return [];
  const curves = histograms.map((histogram) =>
    Array.from({ length: columns }, (_, column) => {
      const x = nineAt((column / (columns - 1)) * nines);
      return x > histogram.count ? null : Math.max(1, percentilesOf(histogram, [100 * (1 - 1 / x)])[0]!);
    }),
  );
  const values = curves.flat().filter((value) => value !== null);
  const [low, high] = [
    log2(values.reduce((a, b) => Math.min(a, b))),
    log2(values.reduce((a, b) => Math.max(a, b))),
  ];
  const rows = Array.from({ length: HEIGHT }, () => new Array<string>(columns).fill(' '));
  for (const [i, curve] of curves.entries()) {
    for (const [column, value] of curve.entries()) {
      if (value === null) continue;
      const share = high === low ? 0 : (log2(value) - low) / (high - low);
      rows[HEIGHT - 1 - Math.floor(share * (HEIGHT - 1) + 0.5)]![column] = MARKS[i % MARKS.length]!;
    }
  }
  const [top, bottom] = [values.reduce((a, b) => Math.max(a, b)), values.reduce((a, b) => Math.min(a, b))];
  const lines = rows.map((row, i) => {
    const text = i === 0 ? formatNs(top) : i === HEIGHT - 1 ? formatNs(bottom) : '';
    return `${text.padStart(label)} ${row.join('')}`.trimEnd();
  });
  const axis = new Array<string>(columns).fill(' ');
  for (const [i, [name]] of NINES.entries()) {
    const at = Math.min(columns - name.length - PERCENT.length, Math.floor((i / nines) * (columns - 1)));
    for (let c = 0; c < name.length; c++) axis[at + c] = name[c]!;
  }
  const marks = recordings.map(({ mode }, i) => `${MARKS[i % MARKS.length]} ${plainText(mode, 20)}`);
  const all = [
    `${kind}, response time by percentile (both axes log)`,
    ...lines,
    `${' '.repeat(label + 1)}${axis.join('').slice(0, columns - PERCENT.length)}${PERCENT}`,
    ...filled(marks, columns).map((line) => ' '.repeat(label + 1) + line),
  ];
  return unicode ? all : all.map(asciiText);
}

/** Words with two blanks between them, in lines of at most `columns`. */
function filled(words: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + word.length <= columns)
      lines[lines.length - 1] = `${last}  ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A plot for each kind of I/O, modes by their marks. */
export function renderPercentiles(input: ReportInput, workload: string, style: PlotStyle): string {
  const plots = LATENCY_KINDS.map((kind) => plot(kind, ofKind(input, workload, kind), style)).filter(
    (lines) => lines.length > 0,
  );
  return [plainText(workload, 40), ...plots.map((lines) => lines.join('\n'))].join('\n\n');
}

/** `▁▁▃█▂` of values, as many as there is room for; neighbours show their largest. */
export function sparkline(values: readonly number[], room: number, unicode: boolean): string {
  const each = Math.max(1, Math.ceil(values.length / room));
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const blocks = unicode ? BLOCKS : ASCII_BLOCKS;
  let text = '';
  for (let i = 0; i < values.length; i += each) {
    const value = values.slice(i, i + each).reduce((a, b) => Math.max(a, b), 0);
    text += value === 0 ? ' ' : blocks[Math.min(7, Math.floor((value / most) * 8))];
  }
  return text;
}

/** p99 of reads and of writes over time, a line for each mode. */
export function renderTimelines(input: ReportInput, workload: string, { width, unicode }: PlotStyle): string {
  const room = Math.min(WIDTH_MAX, Math.max(40, width)) - 40;
  const rows = (['reads', 'writes'] as const).flatMap((kind) =>
    ofKind(input, workload, kind).map(({ mode, response }) => {
      const p99 = response.map((histogram) =>
        histogram.count === 0 ? 0 : percentilesOf(histogram, [99])[0]!,
      );
      const most = p99.reduce((a, b) => Math.max(a, b), 0);
      return [`${kind} p99, ${plainText(mode, 16)}`, sparkline(p99, room, unicode), `<= ${formatNs(most)}`];
    }),
  );
  const lines = alignColumns(rows.map(([name, line, most]) => [name!, line!.padEnd(room), most!]));
  return ['Over time', ...(unicode ? lines : lines.map(asciiText))].join('\n');
}
