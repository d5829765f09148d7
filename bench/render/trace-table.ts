/** What `fvp trace info` prints: a trace on one screen. */
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
} from '../../reference/kernel/units.ts';
import type { LatencyFigures, TraceInfo } from '../../traces/stats/describe-trace.ts';
import { COLUMNS_MAX, wrapText } from './wrap-text.ts';

const NAME_COLUMNS = 24;
const VALUE_COLUMNS = 14;
/** Sizes and disks listed. */
const LISTED_MAX = 5;
const KINDS = ['reads', 'writes', 'flushes', 'discards'] as const;

/** Lines of at most 100 columns. */
export function traceTable(info: TraceInfo): string[] {
  const kinds = KINDS.filter((kind) => info[kind] > 0);
  const share = (part: number, whole: number): string => (whole === 0 ? '–' : formatPercent(part / whole));
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(NAME_COLUMNS)}${cells.map((cell) => cell.padStart(VALUE_COLUMNS)).join('')}`.trimEnd();
  const disks = `${formatCount(info.disks)} ${info.disks === 1 ? 'disk' : 'disks'}`;
  const lines = [
    `${info.name}: ${formatCount(info.ios)} I/Os in ${formatNs(info.durationNs)}, ${disks} (${info.format})`,
    '',
    row('', kinds),
    row(
      'I/Os',
      kinds.map((kind) => formatCount(info[kind])),
    ),
    row(
      '  share',
      kinds.map((kind) => share(info[kind], info.ios)),
    ),
    row(
      'Bytes',
      kinds.map((kind) => bytesOf(info, kind)),
    ),
  ];
  const sizes = (percentile: number): string[] => kinds.map((kind) => sizePercentile(info, kind, percentile));
  lines.push(row('Size, median', sizes(0.5)), row('Size, 99 %', sizes(0.99)));
  const runs = kinds.map((kind) =>
    kind === 'reads' || kind === 'writes' ? info.sequential[kind] : undefined,
  );
  lines.push(
    row(
      'Sequential',
      runs.map((run) => (run?.share == null ? '–' : formatPercent(run.share))),
    ),
  );
  lines.push(
    row(
      '  mean run',
      runs.map((run) => (run?.meanBytes == null ? '–' : formatBytes(run.meanBytes))),
    ),
  );
  if (info.recorded.latencies > 0) {
    const latency = (name: string, value: (figures: LatencyFigures) => number): string =>
      row(
        name,
        kinds.map((kind) => {
          const figures = info.latency[kind];
          return figures === null ? '–' : formatNs(value(figures));
        }),
      );
    lines.push(
      latency('Recorded latency, median', ({ p50Ns }) => p50Ns),
      latency('  99 %', ({ p99Ns }) => p99Ns),
      latency('  99.9 %', (figures) => figures['p99.9Ns']),
      latency('  most', ({ maxNs }) => maxNs),
    );
  }
  lines.push('', ...facts(info).flatMap(([name, text]) => wrapped(name, text)));
  if (info.disks > 1) lines.push('', ...diskLines(info, row));
  const notes = info.warnings.map((warning) => `Note: ${warning}`);
  if (notes.length > 0) lines.push('', ...notes.flatMap((note) => wrapText(note, COLUMNS_MAX)));
  return lines;
}

function facts(info: TraceInfo): [name: string, text: string][] {
  const { arrivals, overlap, missRatios, timeline } = info;
  const found: [string, string][] = [];
  const per = (share: number | null | undefined): string => (share == null ? '–' : formatPercent(share));
  const peak = timeline.workingSetBytes?.reduce((most, bytes) => Math.max(most, bytes), 0);
  found.push([
    'Footprint',
    `${formatBytes(info.footprintBytes)} of blocks touched, over ${formatBytes(info.spanBytes)}` +
      (peak === undefined ? '' : `; at most ${formatBytes(peak)} within ${formatNs(timeline.intervalNs)}`),
  ]);
  if (overlap !== null) {
    found.push([
      'Read and written',
      `${formatBytes(overlap.readOnlyBytes)} only read, ${formatBytes(overlap.writtenOnlyBytes)} only written, ` +
        `${formatBytes(overlap.readAndWrittenBytes)} both; ${per(overlap.readsOfWritten)} of blocks read were written last`,
    ]);
  }
  if (arrivals.meanIops !== null) {
    const { gaps, gapVariation } = arrivals;
    found.push([
      'Arrivals',
      `${formatCount(arrivals.meanIops)} a second, at most ${formatCount(arrivals.peakSecondIos)} in one second` +
        (gaps === null
          ? ''
          : `; gaps of ${formatNs(gaps.p50Ns)} at the median, ${formatNs(gaps.p99Ns)} at 99 %, variation ${gapVariation === null ? '–' : formatSignificant(gapVariation)}`),
    ]);
  }
  if (arrivals.dispersion.length > 0) {
    const shown = [0, Math.floor(arrivals.dispersion.length / 2), arrivals.dispersion.length - 1]
      .filter((at, i, all) => all.indexOf(at) === i)
      .map((at) => arrivals.dispersion[at]!)
      .map(({ windowNs, index }) => `${formatSignificant(index)} in ${formatNs(windowNs)}`);
    found.push([
      'Burstiness',
      `index of dispersion ${shown.join(', ')} (a Poisson process has 1)` +
        (arrivals.hurst === null ? '' : `; Hurst ${formatSignificant(arrivals.hurst)}`),
    ]);
  }
  const { recorded } = info;
  if (recorded.outstandingMean !== null) {
    const most = recorded.outstandingMax;
    found.push([
      'Outstanding',
      `${formatSignificant(recorded.outstandingMean)} on average, ${most === null ? 'too many to follow' : formatCount(most)} at most`,
    ]);
  }
  if (missRatios !== null) found.push(['Misses of an LRU cache', missText(info, missRatios)]);
  const [top, more] = commonSizes(info);
  found.push(['Common sizes', `${top.join(', ')}${more > 0 ? ` and ${formatCount(more)} others` : ''}`]);
  return found;
}

function missText(
  info: TraceInfo,
  { cacheBytes, exact, sampled, difference }: NonNullable<TraceInfo['missRatios']>,
): string {
  const curve = exact ?? sampled;
  const last = cacheBytes.length - 1;
  const kind = info.reads > 0 ? 'reads' : 'all';
  const points = [last - 12, last - 4, last]
    .filter((at) => at >= 0)
    .map((at) => `${formatPercent(curve[kind][at] ?? 1)} with ${formatBytes(cacheBytes[at]!)}`);
  const apart =
    difference === null
      ? 'sampled: too many blocks to follow each'
      : `the sampled curve is ${formatSignificant(difference.mean * 100)} points off on average, ${formatSignificant(difference.max * 100)} at most`;
  return `${kind === 'reads' ? 'of reads ' : ''}${points.join(', ')}; ${apart}`;
}

function commonSizes(info: TraceInfo): [string[], number] {
  const total = info.reads + info.writes;
  const ordered = [...info.sizes].sort(
    (a, b) => b.reads + b.writes - a.reads - a.writes || a.bytes - b.bytes,
  );
  const top = ordered
    .slice(0, LISTED_MAX)
    .map(({ bytes, reads, writes }) => `${formatBytes(bytes)} ${formatPercent((reads + writes) / total)}`);
  return [top.length === 0 ? ['none'] : top, Math.max(0, ordered.length - LISTED_MAX)];
}

function diskLines(info: TraceInfo, row: (name: string, cells: readonly string[]) => string): string[] {
  const ordered = [...info.byDisk].sort((a, b) => b.reads + b.writes - a.reads - a.writes);
  const lines = ordered
    .slice(0, 2 * LISTED_MAX)
    .map(({ name, reads, writes, readBytes, writeBytes, footprintBytes }) =>
      row(name.length < NAME_COLUMNS ? name : `${name.slice(0, NAME_COLUMNS - 2)}…`, [
        formatCount(reads),
        formatCount(writes),
        formatBytes(readBytes),
        formatBytes(writeBytes),
        footprintBytes === null ? '–' : formatBytes(footprintBytes),
      ]),
    );
  const left = ordered.length - lines.length;
  return [
    row('Disk', ['reads', 'writes', 'read', 'written', 'footprint']),
    ...lines,
    ...(left > 0 ? [`and ${formatCount(left)} more`] : []),
  ];
}

function bytesOf(info: TraceInfo, kind: (typeof KINDS)[number]): string {
  if (kind === 'reads') return formatBytes(info.readBytes);
  return kind === 'writes' ? formatBytes(info.writeBytes) : '–';
}

function sizePercentile(info: TraceInfo, kind: (typeof KINDS)[number], share: number): string {
  if (kind !== 'reads' && kind !== 'writes') return '–';
  let seen = 0;
  for (const size of info.sizes) {
    seen += size[kind];
    if (seen >= share * info[kind] && seen > 0) return formatBytes(size.bytes);
  }
  return '–';
}

/** A name with its text beside it. */
function wrapped(name: string, text: string): string[] {
  return wrapText(text, COLUMNS_MAX - NAME_COLUMNS).map(
    (line, i) => (i === 0 ? name : '').padEnd(NAME_COLUMNS) + line,
  );
}
