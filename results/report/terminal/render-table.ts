/** One workload's comparison as a table for a terminal. */
import { formatCount, formatNs, formatPercent, formatSignificant } from '../../../reference/kernel/units.ts';
import {
  LATENCY_KINDS,
  type LatencyKind,
  type ModeResult,
  type RunDocument,
} from '../../schema/run-document.ts';
import {
  type ComparisonRow,
  compareKind,
  formatGain,
  type Gain,
  isJob,
  resultsOf,
  workloadOf,
} from '../comparison.ts';
import { asciiText, plainText } from '../plain-text.ts';

export interface TableStyle {
  /** Columns of the terminal; the table takes at most 100. */
  readonly width: number;
  /** Escape codes for bold and colour. */
  readonly colour: boolean;
  /** Characters outside ASCII. */
  readonly unicode: boolean;
}

const WIDTH_MAX = 100;
const WIDTH_MIN = 40;

/** SGR codes. */
const BOLD = '1';
const DIM = '2';
const RED = '31';
const GREEN = '32';
const YELLOW = '33';

interface Cell {
  readonly text: string;
  readonly code?: string | undefined;
}

interface Column {
  readonly title: string;
  /** Columns with a lower rank are left out first where the terminal is narrow; 9 always stays. */
  readonly rank: number;
  readonly cell: (row: ComparisonRow) => Cell;
}

function nsCell(ns: number | undefined): Cell {
  return { text: ns === undefined ? '-' : formatNs(ns) };
}

function gainCell(gain: Gain): Cell {
  if (gain === null) return { text: '' };
  if (gain === 'none saturates') return { text: gain, code: YELLOW };
  return { text: formatGain(gain), code: gain > 1.1 ? GREEN : gain < 1 / 1.1 ? RED : undefined };
}

function columnsOf(rows: readonly ComparisonRow[], kind: LatencyKind): Column[] {
  const columns: Column[] = [
    { title: kind, rank: 9, cell: ({ mode }) => ({ text: plainText(mode, 20) }) },
    { title: 'mean', rank: 4, cell: ({ latencies }) => nsCell(latencies.response?.meanNs) },
    { title: 'p50', rank: 9, cell: ({ latencies }) => nsCell(latencies.response?.p50Ns) },
    { title: 'p99', rank: 9, cell: ({ latencies }) => nsCell(latencies.response?.p99Ns) },
    { title: 'p99.9', rank: 3, cell: ({ latencies }) => nsCell(latencies.response?.['p99.9Ns']) },
    { title: 'max', rank: 5, cell: ({ latencies }) => nsCell(latencies.response?.maxNs) },
  ];
  if (rows.some(({ gainP50 }) => gainP50 === 'none saturates')) {
    columns.push({ title: 'gain', rank: 9, cell: ({ gainP50 }) => gainCell(gainP50) });
  } else if (rows.some(({ gainP50 }) => gainP50 !== null)) {
    columns.push({ title: 'p50 gain', rank: 9, cell: ({ gainP50 }) => gainCell(gainP50) });
    columns.push({ title: 'p99 gain', rank: 6, cell: ({ gainP99 }) => gainCell(gainP99) });
  }
  columns.push({ title: 'worst VM p99', rank: 1, cell: ({ worstVm }) => nsCell(worstVm?.p99Ns) });
  if (rows.some(({ hitRatio }) => hitRatio !== null)) {
    columns.push({
      title: 'hit',
      rank: 2,
      cell: ({ hitRatio }) => ({ text: hitRatio === null ? '-' : formatPercent(hitRatio) }),
    });
  }
  return columns;
}

/** Lays out lines of at most `width` columns; all characters used in tables are one column wide. */
class Sheet {
  readonly lines: string[] = [];
  private readonly style: TableStyle;
  private readonly width: number;

  constructor(style: TableStyle) {
    this.style = style;
    this.width = Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, style.width));
  }

  private plain(text: string): string {
    return this.style.unicode ? text : asciiText(text);
  }

  private paint(text: string, code: string | undefined): string {
    return this.style.colour && code !== undefined && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** Words, broken where the line is full; the lines after the first are indented. */
  text(words: string, code?: string): void {
    let line = '';
    // A number stays with its percent sign, and a slash with what it parts.
    for (const word of this.plain(words).split(/(?<! \/)(?<![0-9](?= %)) (?!\/ )/)) {
      if (line !== '' && line.length + 1 + word.length > this.width) {
        this.lines.push(this.paint(line, code));
        line = `  ${word}`;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    this.lines.push(this.paint(line, code));
  }

  table(given: readonly Column[], rows: readonly ComparisonRow[]): void {
    let columns = given.map((column) => {
      const cells = rows.map((row) => {
        const { text, code } = column.cell(row);
        return { text: this.plain(text), code };
      });
      const width = cells.reduce((widest, { text }) => Math.max(widest, text.length), column.title.length);
      return { column, cells, width };
    });
    const total = (gap: number): number => columns.reduce((sum, { width }) => sum + width + gap, -gap);
    while (total(1) > this.width && columns.some(({ column }) => column.rank < 9)) {
      const least = Math.min(...columns.map(({ column }) => column.rank));
      columns = columns.filter(({ column }) => column.rank !== least);
    }
    const gap = total(2) <= this.width ? '  ' : ' ';
    const pad = (text: string, width: number, first: boolean): string =>
      first ? text.padEnd(width) : text.padStart(width);
    const header = columns.map(({ column, width }, i) => pad(column.title, width, i === 0)).join(gap);
    this.lines.push(this.paint(header, BOLD));
    for (let r = 0; r < rows.length; r++) {
      const cells = columns.map(({ cells, width }, i) => {
        const { text, code } = cells[r]!;
        // Blanks stay outside the colour, so that alignment does not depend on it.
        return pad(text, width, i === 0).replace(text, () => this.paint(text, code));
      });
      this.lines.push(cells.join(gap).trimEnd());
    }
  }
}

function countsText(document: RunDocument, workload: string): string {
  const summary = workloadOf(document, workload);
  const { ios, reads, writes, flushes, discards, format } = summary;
  const parts = [
    `${formatCount(reads)} reads`,
    `${formatCount(writes)} writes`,
    `${formatCount(flushes)} flushes`,
    ...(discards > 0 ? [`${formatCount(discards)} discards`] : []),
  ];
  const how = `${isJob(summary) ? 'run' : 'replay'} ${plainText(document.replay)}`;
  return `${formatCount(ios)} I/Os (${parts.join(', ')}), ${plainText(format)}, ${how}`;
}

/** The highest share of the slowest 1 % that one VM has, over all modes. */
function slowestText(results: readonly ModeResult[]): string | undefined {
  const shares = results.flatMap(({ mode, vms }) =>
    vms.length < 2 ? [] : vms.map(({ name, slowestShare }) => ({ mode, name, slowestShare, of: vms.length })),
  );
  const first = shares[0];
  if (first === undefined) return undefined;
  const worst = shares.reduce((most, each) => (each.slowestShare > most.slowestShare ? each : most), first);
  return `Slowest 1 % of I/Os: at most ${formatPercent(worst.slowestShare)} on one of ${formatCount(worst.of)} VMs (${plainText(worst.name, 24)}, ${plainText(worst.mode, 20)}).`;
}

/** `6.87 to 7.39`, or one number where both ends are written alike. */
function rangeText(values: readonly number[], format: (value: number) => string): string {
  const [low, high] = [format(Math.min(...values)), format(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

function outstandingText(document: RunDocument, workload: string, results: readonly ModeResult[]): string {
  const summary = workloadOf(document, workload);
  const { recorded } = summary;
  const before =
    recorded.outstandingMean === null || recorded.outstandingMax === null
      ? 'not recorded'
      : `recorded ${formatSignificant(recorded.outstandingMean)} / ${formatCount(recorded.outstandingMax)}`;
  const means = results.map(({ outstanding }) => outstanding.mean);
  const most = results.map(({ outstanding }) => outstanding.max);
  const by = Math.max(...results.map(({ vms }) => vms.length));
  const vms = by > 1 ? ` on ${formatCount(by)} VMs` : '';
  const own = `${rangeText(means, formatSignificant)} / ${rangeText(most, formatCount)}`;
  // A job has no recording to hold it against.
  if (isJob(summary)) return `I/Os outstanding, mean / most: ${own}${vms}.`;
  return `I/Os outstanding, mean / most: ${before}, replayed${vms} ${own}.`;
}

/**
 * The comparison of one workload: modes within reads, writes and flushes, with mean, p50, p99, p99.9 and max of the
 * response time, the gain (how many times as long `none` takes), the worst VM's p99 and the hit ratio of reads. At most
 * 100 columns wide; on a narrower terminal the least important columns are left out. Below stand three short
 * lines: how to read it, the slowest I/Os by VM, and how many I/Os were outstanding. No newline at the end.
 * @throws BugError when the document has no such workload
 */
export function renderTable(document: RunDocument, workloadName: string, style: TableStyle): string {
  const sheet = new Sheet(style);
  const results = resultsOf(document, workloadName);
  sheet.text(plainText(workloadName), BOLD);
  sheet.text(countsText(document, workloadName), DIM);
  for (const kind of LATENCY_KINDS) {
    const rows = compareKind(document, workloadName, kind);
    if (rows.length === 0) continue;
    sheet.lines.push('');
    sheet.table(columnsOf(rows, kind), rows);
  }
  sheet.lines.push('');
  sheet.text('Response times; gain = latency of none / latency of the mode.', DIM);
  const slowest = slowestText(results);
  if (slowest !== undefined) sheet.text(slowest, DIM);
  if (results.length > 0) sheet.text(outstandingText(document, workloadName, results), DIM);
  return sheet.lines.join('\n');
}
