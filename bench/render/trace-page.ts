/** The page of `fvp trace info --html`: one file that needs nothing else; the same trace gives the same bytes. */
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
  KIB,
  MIB,
  NS_PER_MS,
  NS_PER_S,
} from '../../reference/kernel/units.ts';
import { timeAxis } from '../../results/report/charts/time-axis.ts';
import type { Figure } from '../../results/report/figure.ts';
import { PageFigures } from '../../results/report/page/figures.ts';
import { escapeHtml, nameHtml, shortName } from '../../results/report/page/html.ts';
import { pageHtml } from '../../results/report/page/page.ts';
import type { LatencyFigures, TraceInfo } from '../../traces/stats/describe-trace.ts';
import { log2 } from '../../traces/stats/exact-log2.ts';

/** Shades of a heat map. */
const SHADES = 8;
const CELL_WIDTH = 4;
const CELL_HEIGHT = 4;
const LISTED_DISKS = 50;
/** Colours of lines, by their place in the page's set. */
const LINE_STYLES = new Map([
  ['reads', 1],
  ['writes', 2],
  ['flushes', 3],
  ['discards', 4],
  ['touched within the interval', 5],
  ['touched since the start', 0],
  ['exact, reads', 1],
  ['exact, reads and writes', 0],
  ['SHARDS sample, reads', 6],
  ['SHARDS sample, reads and writes', 7],
  ['this trace', 2],
  ['Poisson process', 7],
]);

export function tracePage(info: TraceInfo): string {
  const figures = new PageFigures(LINE_STYLES);
  const time = timeAxis(info.durationNs);
  const heat = info.heat.map((map) => heatHtml(info, map)).join('\n');
  const section = (id: string, title: string, html: string): string =>
    `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${html}\n</section>`;
  const charts = (list: readonly (Figure | undefined)[]): string =>
    `<div class="charts">\n${list.flatMap((figure) => (figure === undefined ? [] : [figures.html(figure, 3)])).join('\n')}\n</div>`;
  const main = [
    section('facts', 'What is in it', `${factsHtml(info)}\n${latencyHtml(info)}`),
    section(
      'time',
      'Over time',
      charts([ratesFigure(info, time), bandwidthFigure(info, time), footprintFigure(info, time)]),
    ),
    section('where', 'Where', heat === '' ? '<p>There are no reads or writes.</p>' : heat),
    section(
      'sizes',
      'Sizes, bursts, locality',
      charts([sizesFigure(info), burstFigure(info), missFigure(info)]),
    ),
    section('disks', 'Disks', disksHtml(info)),
    section('origin', 'Origin', originHtml(info)),
  ].join('\n');
  return pageHtml({
    title: `fvp-bench: ${shortName(info.name)}`,
    headingHtml: `What is in ${nameHtml(info.name)}`,
    subtitleHtml: `${formatCount(info.ios)} I/Os in ${formatNs(info.durationNs)} on ${formatCount(info.disks)} ${info.disks === 1 ? 'disk' : 'disks'}, read as ${escapeHtml(info.format)}.`,
    links: [
      ['facts', 'What is in it'],
      ['time', 'Over time'],
      ['where', 'Where'],
      ['sizes', 'Sizes, bursts, locality'],
      ['disks', 'Disks'],
      ['origin', 'Origin'],
    ].map(([id, html]) => ({ id: id!, html: html! })),
    mainHtml: main,
    figures,
  });
}

type TimeAxis = ReturnType<typeof timeAxis>;

const GROUP = [{ name: 'value', shown: true }];
const round = (value: number): number => Math.floor(value * 1000 + 0.5) / 1000;

function overTime(
  info: TraceInfo,
  time: TimeAxis,
  lines: readonly (readonly [name: string, values: readonly number[] | null, perUnit: number])[],
): Figure['series'] {
  const { intervalNs } = info.timeline;
  return lines
    .filter(([, values]) => values?.some((value) => value > 0))
    .map(([mode, values, perUnit]) => ({
      mode,
      group: GROUP[0]!.name,
      points: values!.flatMap((value, i) => [time.at((i + 0.5) * intervalNs), round(value / perUnit)]),
    }));
}

function ratesFigure(info: TraceInfo, time: TimeAxis): Figure {
  const { timeline } = info;
  const seconds = timeline.intervalNs / NS_PER_S;
  return {
    title: 'I/Os per second',
    caption: `Mean of each interval of ${formatNs(timeline.intervalNs)}.`,
    x: { ...time.axis, title: time.axis.title.replace('Virtual time', 'Time') },
    y: { title: 'I/Os per second', scale: 'linear', format: 'number' },
    groups: GROUP,
    series: overTime(info, time, [
      ['reads', timeline.reads, seconds],
      ['writes', timeline.writes, seconds],
      ['flushes', timeline.flushes, seconds],
      ['discards', timeline.discards, seconds],
    ]),
  };
}

function bandwidthFigure(info: TraceInfo, time: TimeAxis): Figure {
  const { timeline } = info;
  const perUnit = (timeline.intervalNs / NS_PER_S) * MIB;
  return {
    title: 'Bandwidth',
    caption: `Mean of each interval of ${formatNs(timeline.intervalNs)}.`,
    x: { ...time.axis, title: time.axis.title.replace('Virtual time', 'Time') },
    y: { title: 'Bandwidth (MiB/s)', scale: 'linear', format: 'number', suffix: 'MiB/s' },
    groups: GROUP,
    series: overTime(info, time, [
      ['reads', timeline.readBytes, perUnit],
      ['writes', timeline.writeBytes, perUnit],
    ]),
  };
}

function footprintFigure(info: TraceInfo, time: TimeAxis): Figure | undefined {
  const { timeline } = info;
  if (timeline.footprintBytes === null) return undefined;
  return {
    title: 'Footprint and working set',
    caption: 'Distinct blocks touched since the start, and within each interval.',
    x: { ...time.axis, title: time.axis.title.replace('Virtual time', 'Time') },
    y: { title: 'Distinct blocks (MiB)', scale: 'linear', format: 'number', suffix: 'MiB' },
    groups: GROUP,
    series: overTime(info, time, [
      ['touched since the start', timeline.footprintBytes, MIB],
      ['touched within the interval', timeline.workingSetBytes, MIB],
    ]),
  };
}

/** Sizes by powers of two, so that a trace with hundreds of lengths can be seen at a glance. */
function sizesFigure(info: TraceInfo): Figure | undefined {
  if (info.sizes.length === 0) return undefined;
  const exponentOf = (bytes: number): number => {
    let exponent = 9;
    while (2 ** (exponent + 1) <= bytes) exponent++;
    return exponent;
  };
  const exponents = info.sizes.map(({ bytes }) => exponentOf(bytes));
  const first = Math.min(...exponents);
  const count = Math.max(...exponents) - first + 1;
  const series = (['reads', 'writes'] as const).flatMap((kind) => {
    const sums = new Array<number>(count).fill(0);
    for (const [i, size] of info.sizes.entries()) sums[exponents[i]! - first]! += size[kind];
    return info[kind] === 0
      ? []
      : [{ mode: kind, group: GROUP[0]!.name, points: sums.flatMap((sum, i) => [i, sum]) }];
  });
  return {
    title: 'Sizes',
    caption: 'I/Os by length: each bar holds lengths from its own up to the next.',
    kind: 'bars',
    x: {
      title: 'Length',
      scale: 'linear',
      format: 'category',
      categories: Array.from({ length: count }, (_, i) => formatBytes(2 ** (first + i))),
    },
    y: { title: 'I/Os', scale: 'linear', format: 'number' },
    groups: GROUP,
    series,
  };
}

function burstFigure(info: TraceInfo): Figure | undefined {
  const { dispersion, hurst } = info.arrivals;
  if (dispersion.length < 2) return undefined;
  return {
    title: 'Burstiness',
    caption:
      'Variance over mean of the I/Os in windows of each width: flat at 1 without memory, rising with bursts at every scale.' +
      (hurst === null ? '' : ` The Hurst parameter is ${formatSignificant(hurst)}.`),
    x: { title: 'Width of the window (ms, log scale)', scale: 'log', format: 'number', suffix: 'ms' },
    y: { title: 'Index of dispersion (log scale)', scale: 'log', format: 'number' },
    groups: GROUP,
    series: [
      {
        mode: 'this trace',
        group: GROUP[0]!.name,
        points: dispersion.flatMap(({ windowNs, index }) => [
          windowNs / NS_PER_MS,
          Math.max(0.001, round(index)),
        ]),
      },
      {
        mode: 'Poisson process',
        group: GROUP[0]!.name,
        points: dispersion.flatMap(({ windowNs }) => [windowNs / NS_PER_MS, 1]),
      },
    ],
  };
}

function missFigure(info: TraceInfo): Figure | undefined {
  const { missRatios } = info;
  if (missRatios === null) return undefined;
  const { cacheBytes, exact, sampled, difference } = missRatios;
  const line = (mode: string, values: readonly (number | null)[] | undefined): Figure['series'] =>
    values === undefined || values.every((value) => value === null)
      ? []
      : [
          {
            mode,
            group: GROUP[0]!.name,
            points: values.flatMap((value, i) => [
              cacheBytes[i]! / KIB,
              value === null ? null : round(value * 100),
            ]),
          },
        ];
  return {
    title: 'Miss ratio by size of cache',
    caption:
      'Share of blocks that an LRU cache of 4 KiB blocks, empty at the start and filled by reads and writes, does not hold. ' +
      (difference === null
        ? 'Too many blocks were touched to follow each, so there is only the sampled curve.'
        : `The curve from a sample of ${formatPercent(sampled.rate)} of the blocks is ${formatSignificant(difference.mean * 100)} points off on average.`),
    x: { title: 'Cache (KiB, log scale)', scale: 'log', format: 'number', suffix: 'KiB' },
    y: { title: 'Blocks missed (%)', scale: 'linear', format: 'number', suffix: '%' },
    groups: GROUP,
    series: [
      ...line('exact, reads', exact?.reads),
      ...line('exact, reads and writes', exact?.all),
      ...line('SHARDS sample, reads', sampled.reads),
      ...line('SHARDS sample, reads and writes', sampled.all),
    ],
  };
}

function definitions(facts: readonly (readonly [name: string, html: string])[]): string {
  const items = facts.map(([name, html]) => `<div><dt>${escapeHtml(name)}</dt><dd>${html}</dd></div>`);
  return `<dl class="facts">${items.join('')}</dl>`;
}

function factsHtml(info: TraceInfo): string {
  const { arrivals, overlap, recorded } = info;
  const facts: [string, string][] = [
    ['Reads', `${formatCount(info.reads)}, ${formatBytes(info.readBytes)}`],
    ['Writes', `${formatCount(info.writes)}, ${formatBytes(info.writeBytes)}`],
    ['Flushes', formatCount(info.flushes)],
    ['Discards', formatCount(info.discards)],
    ['Blocks touched', formatBytes(info.footprintBytes)],
    ['Span', formatBytes(info.spanBytes)],
    ['Recorded time', formatNs(info.durationNs)],
    ['I/Os a second', arrivals.meanIops === null ? '–' : formatSignificant(arrivals.meanIops)],
    ['Most in one second', formatCount(arrivals.peakSecondIos)],
    ['Hurst parameter', arrivals.hurst === null ? 'too few windows' : formatSignificant(arrivals.hurst)],
    ['Reads that continue a run', share(info.sequential.reads.share)],
    ['Writes that continue a run', share(info.sequential.writes.share)],
    ['Read ceiling', info.readCeiling === null ? 'no reads' : formatPercent(info.readCeiling)],
  ];
  if (overlap !== null) {
    facts.push(
      ['Only read', formatBytes(overlap.readOnlyBytes)],
      ['Only written', formatBytes(overlap.writtenOnlyBytes)],
      ['Read and written', formatBytes(overlap.readAndWrittenBytes)],
    );
  }
  if (recorded.outstandingMean !== null && recorded.outstandingMax !== null) {
    facts.push([
      'Outstanding, mean / most',
      `${formatSignificant(recorded.outstandingMean)} / ${formatCount(recorded.outstandingMax)}`,
    ]);
  }
  return `<div class="card">${definitions(facts)}</div>`;
}

function share(value: number | null): string {
  return value === null ? '–' : formatPercent(value);
}

const LATENCY_COLUMNS: readonly [string, (figures: LatencyFigures) => string][] = [
  ['I/Os', ({ count }) => formatCount(count)],
  ['Mean', ({ meanNs }) => formatNs(meanNs)],
  ['p50', ({ p50Ns }) => formatNs(p50Ns)],
  ['p90', ({ p90Ns }) => formatNs(p90Ns)],
  ['p99', ({ p99Ns }) => formatNs(p99Ns)],
  ['p99.9', (figures) => formatNs(figures['p99.9Ns'])],
  ['Max', ({ maxNs }) => formatNs(maxNs)],
];

function latencyHtml(info: TraceInfo): string {
  const rows = (['reads', 'writes', 'flushes', 'discards'] as const).flatMap((kind) => {
    const figures = info.latency[kind];
    if (figures === null) return [];
    const cells = LATENCY_COLUMNS.map(([, value]) => `<td>${value(figures)}</td>`).join('');
    return [`<tr><th scope="row">${kind}</th>${cells}</tr>`];
  });
  if (rows.length === 0) return '<p>No latencies were recorded.</p>';
  return table(
    'Recorded latency, issue to completion.',
    ['Kind', ...LATENCY_COLUMNS.map(([name]) => name)],
    rows,
  );
}

function table(caption: string, columns: readonly string[], rows: readonly string[]): string {
  const head = columns.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption><span>${escapeHtml(caption)}</span></caption>
<thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function disksHtml(info: TraceInfo): string {
  const ordered = [...info.byDisk].sort((a, b) => b.reads + b.writes - a.reads - a.writes);
  const rows = ordered.slice(0, LISTED_DISKS).map((disk) => {
    const cells = [
      formatCount(disk.reads),
      formatCount(disk.writes),
      formatCount(disk.flushes),
      formatBytes(disk.readBytes),
      formatBytes(disk.writeBytes),
      disk.footprintBytes === null ? '–' : formatBytes(disk.footprintBytes),
      formatBytes(disk.endBytes),
    ];
    return `<tr><th scope="row">${nameHtml(disk.name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const left = ordered.length - rows.length;
  return (
    table(
      'By disk, those with the most I/Os first.',
      ['Disk', 'Reads', 'Writes', 'Flushes', 'Read', 'Written', 'Blocks touched', 'Highest byte'],
      rows,
    ) + (left > 0 ? `<p>${formatCount(left)} more disks are in the JSON document.</p>` : '')
  );
}

function originHtml(info: TraceInfo): string {
  const items: [string, string][] = [
    ['Format', escapeHtml(info.format)],
    ['SHA-256 of its rows', `<code>${escapeHtml(info.contentSha256)}</code>`],
    ...Object.entries(info.provenance).map(([name, value]): [string, string] => [
      escapeHtml(name),
      `<bdi>${escapeHtml(value)}</bdi>`,
    ]),
    ...info.warnings.map((warning): [string, string] => ['Note', escapeHtml(warning)]),
  ];
  return `<div class="card"><dl class="provenance">${items.map(([term, html]) => `<dt>${term}</dt><dd>${html}</dd>`).join('')}</dl></div>`;
}

/** Offsets over time as an image of its own: shades by the logarithm of the count. */
function heatHtml(info: TraceInfo, { disk, bandBytes, counts }: TraceInfo['heat'][number]): string {
  const bands = counts[0]?.length ?? 0;
  const most = counts.reduce((top, column) => column.reduce((a, b) => Math.max(a, b), top), 0);
  if (most === 0) return '';
  const paths = Array.from({ length: SHADES }, () => '');
  for (const [interval, column] of counts.entries()) {
    for (const [band, count] of column.entries()) {
      if (count === 0) continue;
      const shade = Math.min(SHADES - 1, Math.floor((log2(count + 1) / log2(most + 1)) * SHADES));
      paths[shade] +=
        `M${interval * CELL_WIDTH} ${(bands - 1 - band) * CELL_HEIGHT}h${CELL_WIDTH}v${CELL_HEIGHT}h-${CELL_WIDTH}z`;
    }
  }
  const cells = paths
    .map((path, shade) =>
      path === '' ? '' : `<path d="${path}" fill-opacity="${round((shade + 1) / SHADES)}"/>`,
    )
    .join('');
  const top = bands * bandBytes;
  const label = `I/Os by time and offset on ${shortName(disk)}: ${formatNs(info.durationNs)} from left to right, 0 to ${formatBytes(top)} from bottom to top, up to ${formatCount(most)} I/Os in a cell.`;
  return `<figure class="card"><h3>Offsets over time: ${nameHtml(disk)}</h3>
<svg role="img" aria-label="${escapeHtml(label)}" viewBox="0 0 ${counts.length * CELL_WIDTH} ${bands * CELL_HEIGHT}" preserveAspectRatio="none" style="display:block;width:100%;height:clamp(12rem,20vw,22rem);margin-top:.6rem;border:1px solid var(--edge);fill:var(--mode-1)">${cells}</svg>
<figcaption>Reads and writes. Time runs from left (0) to right (${formatNs(info.durationNs)}), offsets from bottom (0) to top (${formatBytes(top)}). The strongest cells hold ${formatCount(most)} I/Os in ${formatNs(info.timeline.intervalNs)} and ${formatBytes(bandBytes)}; shades are logarithmic.</figcaption></figure>`;
}
