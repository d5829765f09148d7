/**
 * The report: one HTML file that needs nothing else. Its bytes follow from the recording alone: no time of day, path,
 * host or version of Node is in it.
 */
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
} from '../../reference/kernel/units.ts';
import {
  LATENCY_KINDS,
  LATENCY_PARTS,
  type LatencyKind,
  type LatencyParts,
  type ModeResult,
  type RunDocument,
  type WorkloadSummary,
} from '../schema/run-document.ts';
import { driveWritesPerDay } from './charts/flash-wear.ts';
import { CHARTS } from './charts/index.ts';
import { type ComparisonRow, compareKind, formatGain, isJob, resultsOf } from './comparison.ts';
import { arrayFlush, describeWorkload } from './describe.ts';
import { eventRows } from './event-rows.ts';
import { faultWindows } from './fault-windows.ts';
import { REPORT_PARTS, type ReportInput, type ReportPart } from './figure.ts';
import { PageFigures } from './page/figures.ts';
import { GLOSSARY } from './page/glossary.ts';
import { escapeHtml, nameHtml, sentenceHtml, shortName } from './page/html.ts';
import { pageHtml } from './page/page.ts';
import { MODE_STYLES } from './page/style.ts';
import { PART_NAMES } from './part-names.ts';
import { listed, plainText, visibleJson } from './plain-text.ts';
import { verdictGroups } from './verdict-groups.ts';

/** Longest list of modes at a verdict, in characters: all of ours fit (assumed). */
const MODES_LENGTH = 120;

/** Modes keep colour and dash on the whole page: the known ones by rank, others after them. */
function modeStyles(document: RunDocument): Map<string, number> {
  const known = ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'];
  const others = document.results.map(({ mode }) => mode).filter((mode) => !known.includes(mode));
  return new Map([...known, ...new Set(others)].map((mode, i) => [mode, i % MODE_STYLES]));
}

interface Page {
  readonly input: ReportInput;
  readonly figures: PageFigures;
}

function modeHtml(page: Page, mode: string): string {
  return page.figures.swatchHtml(mode) + nameHtml(mode);
}

function factsHtml(facts: readonly (readonly [name: string, html: string])[]): string {
  const items = facts.map(([name, html]) => `<div><dt>${escapeHtml(name)}</dt><dd>${html}</dd></div>`);
  return `<dl class="facts">${items.join('')}</dl>`;
}

function workloadFacts(document: RunDocument, workload: WorkloadSummary): string {
  const { recorded } = workload;
  const outstanding = (mean: number, max: number): string =>
    `${formatSignificant(mean)} / ${formatCount(max)}`;
  const drawn = isJob(workload);
  const facts: [string, string][] = [
    [drawn ? 'I/Os of the job' : 'I/Os in the trace', formatCount(workload.ios)],
    ['Reads', `${formatCount(workload.reads)}, ${formatBytes(workload.readBytes)}`],
    ['Writes', `${formatCount(workload.writes)}, ${formatBytes(workload.writeBytes)}`],
    ['Flushes', formatCount(workload.flushes)],
  ];
  if (workload.discards > 0) facts.push(['Discards', formatCount(workload.discards)]);
  facts.push(
    ['Blocks touched', formatBytes(workload.footprintBytes)],
    [drawn ? 'Length' : 'Recorded time', formatNs(workload.durationNs)],
    ['Read ceiling', workload.readCeiling === null ? 'no reads' : formatPercent(workload.readCeiling)],
  );
  if (recorded.p50Ns !== null && recorded.p99Ns !== null) {
    facts.push(['Recorded p50 / p99', `${formatNs(recorded.p50Ns)} / ${formatNs(recorded.p99Ns)}`]);
  }
  if (recorded.outstandingMean !== null && recorded.outstandingMax !== null) {
    facts.push([
      'Outstanding when recorded, mean / most',
      outstanding(recorded.outstandingMean, recorded.outstandingMax),
    ]);
  }
  const baseline = resultsOf(document, workload.name)[0];
  if (baseline !== undefined) {
    facts.push([
      `Outstanding in ${shortName(baseline.mode)}, mean / most`,
      outstanding(baseline.outstanding.mean, baseline.outstanding.max),
    ]);
  }
  return factsHtml(facts);
}

function gainCells({ gainP50, gainP99 }: ComparisonRow): string {
  if (gainP50 === 'none saturates') return '<td class="note" colspan="2">none saturates</td>';
  const cell = (gain: ComparisonRow['gainP50']): string => {
    if (typeof gain !== 'number') return '<td></td>';
    const quality = gain > 1.1 ? ' class="good"' : gain < 1 / 1.1 ? ' class="bad"' : '';
    return `<td${quality}>${formatGain(gain)}</td>`;
  };
  return cell(gainP50) + cell(gainP99);
}

function comparisonTable(page: Page, workload: string): string {
  const cell = (ns: number | undefined): string => `<td>${ns === undefined ? '–' : formatNs(ns)}</td>`;
  const bodies = LATENCY_KINDS.map((kind) => {
    const rows = compareKind(page.input.document, workload, kind);
    if (rows.length === 0) return '';
    const lines = rows.map((row) => {
      const { response, count } = {
        response: row.latencies.response ?? undefined,
        count: row.latencies.count,
      };
      const worst =
        row.worstVm === null
          ? '–'
          : `${formatNs(row.worstVm.p99Ns)} <span class="muted">${nameHtml(row.worstVm.name)}</span>`;
      return `<tr><th scope="row">${modeHtml(page, row.mode)}</th>${cell(response?.meanNs)}${cell(response?.p50Ns)}${cell(response?.p99Ns)}${cell(response?.['p99.9Ns'])}${cell(response?.maxNs)}${gainCells(row)}<td>${worst}</td><td>${row.hitRatio === null ? '' : formatPercent(row.hitRatio)}</td><td>${formatCount(count)}</td></tr>`;
    });
    const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    return `<tbody class="kind"><tr><th scope="rowgroup">${title}</th><td colspan="10"></td></tr>${lines.join('')}</tbody>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Comparison of modes">
<table><caption><span>Response times. Gain: how many times as long none takes.</span></caption>
<thead><tr><th scope="col">Mode</th><th scope="col">Mean</th><th scope="col">p50</th><th scope="col">p99</th><th scope="col">p99.9</th><th scope="col">Max</th><th scope="col">Gain p50</th><th scope="col">Gain p99</th><th scope="col">Worst VM p99</th><th scope="col">Hit ratio</th><th scope="col">I/Os</th></tr></thead>
${bodies.join('\n')}
</table></div>`;
}

type PartsOf = (
  result: ModeResult,
  kind: LatencyKind,
) => { readonly count: number; readonly parts: LatencyParts } | undefined;

/** What I/Os wait for on average, part by part: all of them, and the slowest 1 %. */
function partsTables(page: Page, results: readonly ModeResult[]): string {
  const all = partsTable(
    page,
    results,
    'Mean wait of an I/O at each part, one after the other: together they are its mean response time. Network flash is what replicas take beyond local flash.',
    (result, kind) => ({ count: result[kind].count, parts: result.parts[kind] }),
  );
  const slowest = partsTable(
    page,
    results,
    'The same of the slowest 1 %: the I/Os at and beyond p99, with those at most 3.2 % below it.',
    (result, kind) => result.slowest?.[kind].find(({ percentile }) => percentile === 99),
  );
  const told = results.some(({ slowest: each }) => each !== undefined);
  return `<details open><summary>Where the time goes</summary>${all}</details>${told ? `<details><summary>Where the time of the slowest goes</summary>${slowest}</details>` : ''}`;
}

function partsTable(page: Page, results: readonly ModeResult[], caption: string, of: PartsOf): string {
  const parts = LATENCY_PARTS.filter((part) =>
    results.some((result) => LATENCY_KINDS.some((kind) => (of(result, kind)?.parts[part] ?? 0) > 0)),
  );
  const bodies = LATENCY_KINDS.map((kind) => {
    if (results.every((result) => result[kind].count === 0)) return '';
    const rows = results.map((result) => {
      const { count, parts: waits } = of(result, kind) ?? { count: 0, parts: undefined };
      const cells = parts.map((part) => {
        const ns = waits?.[part] ?? 0;
        return ns === 0 || count === 0 ? '<td class="zero">0</td>' : `<td>${formatNs(ns / count)}</td>`;
      });
      return `<tr><th scope="row">${modeHtml(page, result.mode)}</th>${cells.join('')}</tr>`;
    });
    const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    return `<tbody class="kind"><tr><th scope="rowgroup">${title}</th><td colspan="${parts.length}"></td></tr>${rows.join('')}</tbody>`;
  });
  const head = parts.map((part) => `<th scope="col">${escapeHtml(PART_NAMES[part])}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption><span>${escapeHtml(caption)}</span></caption>
<thead><tr><th scope="col">Mode</th>${head}</tr></thead>${bodies.join('\n')}</table></div>`;
}

type LayerRow = readonly [title: string, value: (result: ModeResult, document: RunDocument) => string];

/** What happened behind the latencies, layer by layer. */
const LAYERS: readonly LayerRow[] = [
  ['Flash: written for guests', ({ flash }) => formatBytes(flash.programmedBytes.guest)],
  ['Flash: populated by reads', ({ flash }) => formatBytes(flash.programmedBytes.populate)],
  ['Flash: replicas for peers', ({ flash }) => formatBytes(flash.programmedBytes.replica)],
  ['Flash: log headers', ({ flash }) => formatBytes(flash.programmedBytes.headers)],
  [
    'Flash: programmed per guest byte written',
    ({ flash }) => (flash.writeAmplification === null ? '–' : formatSignificant(flash.writeAmplification)),
  ],
  [
    'Flash: drive writes per day, were it to go on so',
    (result, document) => {
      const writes = driveWritesPerDay(result, document.scenario);
      return writes === undefined ? '–' : formatSignificant(writes);
    },
  ],
  ['Flash: read', ({ flash }) => formatBytes(flash.readBytes)],
  ['Flash: evicted', ({ flash }) => formatBytes(flash.evictedBytes)],
  ['Flash: utilisation', ({ flash }) => formatPercent(flash.utilisation)],
  ['Network: sent', ({ network }) => formatBytes(network.bytes)],
  ['Network: utilisation', ({ network }) => formatPercent(network.utilisation)],
  [
    'SAN: reads',
    ({ san }) => formatCount(san.reads.guest + san.reads.destage + san.reads.record + san.reads.heartbeat),
  ],
  ['SAN: writes by guests', ({ san }) => formatCount(san.writes.guest)],
  ['SAN: writes by destaging', ({ san }) => formatCount(san.writes.destage)],
  [
    'SAN: writes of records and heartbeats',
    ({ san }) => formatCount(san.writes.record + san.writes.heartbeat),
  ],
  [
    'SAN: bytes',
    ({ san }) => formatBytes(san.bytes.guest + san.bytes.destage + san.bytes.record + san.bytes.heartbeat),
  ],
  ['SAN: utilisation', ({ san }) => formatPercent(san.utilisation)],
  ['Dirty: most at once', ({ destage }) => formatBytes(destage.peakDirtyBytes)],
  ['Dirty: longest time to destage', ({ destage }) => formatNs(destage.timeToDestageNsMax)],
  ['Dirty: batches destaged', ({ destage }) => formatCount(destage.batches)],
  [
    'Writes throttled',
    ({ destage }) =>
      destage.throttledWrites === 0
        ? '0'
        : `${formatCount(destage.throttledWrites)}, ${formatNs(destage.throttledNs)} in all`,
  ],
  ['Drain after the last I/O', ({ destage }) => formatNs(destage.drainNs)],
  [
    'I/Os outstanding, mean / most',
    ({ outstanding }) => `${formatSignificant(outstanding.mean)} / ${formatCount(outstanding.max)}`,
  ],
];

function layersTable(page: Page, results: readonly ModeResult[]): string {
  const head = results.map(({ mode }) => `<th scope="col">${modeHtml(page, mode)}</th>`).join('');
  const rows = LAYERS.map(([title, value]) => {
    const cells = results.map((result) => {
      const text = value(result, page.input.document);
      return `<td${/^0(?: |$)/.test(text) ? ' class="zero"' : ''}>${escapeHtml(text)}</td>`;
    });
    return `<tr><th scope="row">${title}</th>${cells.join('')}</tr>`;
  });
  return `<details open><summary>Behind the latencies: flash, network, SAN</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Traffic by layer"><table><caption><span>Over all hosts, from the start to the end of the drain.</span></caption>
<thead><tr><th scope="col">Layer</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

function vmsTable(page: Page, results: readonly ModeResult[]): string {
  if (results.every(({ vms }) => vms.length < 2)) return '';
  const rows = results.map((result) => {
    const lines = result.vms.map((vm) => {
      const p99 = LATENCY_KINDS.map((kind) => {
        const { response } = vm[kind];
        return `<td>${response === null ? '–' : formatNs(response.p99Ns)}</td>`;
      });
      return `<tr><th scope="row">${nameHtml(vm.name)} on ${nameHtml(vm.host)}</th>${p99.join('')}<td>${formatPercent(vm.slowestShare)}</td></tr>`;
    });
    return `<tbody class="kind"><tr><th scope="rowgroup">${modeHtml(page, result.mode)}</th><td colspan="4"></td></tr>${lines.join('')}</tbody>`;
  });
  return `<details><summary>By VM</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Latency by VM"><table><caption><span>p99 of the response time, and each VM's share of the slowest 1 % of all I/Os.</span></caption>
<thead><tr><th scope="col">VM</th><th scope="col">Reads</th><th scope="col">Writes</th><th scope="col">Flushes</th><th scope="col">Of the slowest 1 %</th></tr></thead>${rows.join('')}</table></div></details>`;
}

/** What happened to the cluster, a table for each mode; nothing where the scenario has no events. */
function eventsHtml(document: RunDocument, workload: string): string {
  const runs = (document.events ?? []).filter((run) => run.workload === workload);
  return runs
    .map((run, i) => {
      const rows = eventRows(run).map(
        ({ time, who, what }) =>
          `<tr><th scope="row">${escapeHtml(time)}</th><td><bdi>${escapeHtml(who)}</bdi></td><td><bdi>${escapeHtml(what)}</bdi></td></tr>`,
      );
      return `<details${i === 0 ? ' open' : ''}><summary>What happened in ${nameHtml(run.mode)}</summary>
<div class="scroll events" tabindex="0" role="region" aria-label="What happened in ${escapeHtml(shortName(run.mode))}"><table><caption><span>Faults and other events of the scenario (*), and the states of VMs and their virtual disks.</span></caption>
<thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
    })
    .join('\n');
}

/** One line for each verdict: the modes it holds for, and the numbers of one of them. */
function verdictList(results: readonly ModeResult[]): string {
  const items = verdictGroups(results).map(({ name, modes, why, whyMode }) => {
    const whose = modes === whyMode ? '' : `${nameHtml(whyMode)}: `;
    return `<div><dt>${escapeHtml(name)} in ${escapeHtml(plainText(modes, MODES_LENGTH))}.</dt><dd>${whose}${sentenceHtml(why.replace(/\.?\s*$/, '.'))}</dd></div>`;
  });
  return items.length === 0 ? '' : `<dl class="badges">${items.join('')}</dl>`;
}

/** Every chart there is data for, under its heading. */
function chartsHtml(page: Page, workload: string): string {
  return (Object.keys(REPORT_PARTS) as ReportPart[])
    .map((part) => {
      const figures = CHARTS.filter((chart) => chart.part === part).flatMap((chart) =>
        chart.figures(page.input, workload),
      );
      if (figures.length === 0) return '';
      const html = figures.map((figure) => page.figures.html(figure)).join('\n');
      const small = figures.every((figure) => figure.small === true);
      return `<h3>${REPORT_PARTS[part]}</h3>\n<div class="${small ? 'smalls' : 'charts'}">\n${html}\n</div>`;
    })
    .join('\n');
}

function workloadSection(page: Page, workload: WorkloadSummary, id: string): string {
  const { document } = page.input;
  const results = resultsOf(document, workload.name);
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${nameHtml(workload.name)}</h2>
<div class="card">${workloadFacts(document, workload)}${verdictList(results)}</div>
${eventsHtml(document, workload.name)}
<h3>Latency by mode</h3>
${comparisonTable(page, workload.name)}
${partsTables(page, results)}
${vmsTable(page, results)}
<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>
${chartsHtml(page, workload.name)}
${layersTable(page, results)}
</section>`;
}

function verdictSection(document: RunDocument, ids: readonly string[]): string {
  const cards = document.workloads.map((workload, i) => {
    const sentences = describeWorkload(document, workload.name).map(
      (sentence) => `<p>${sentenceHtml(sentence)}</p>`,
    );
    return `<div class="card verdict"><h3><a href="#${ids[i]}">${nameHtml(workload.name)}</a></h3>${sentences.join('')}</div>`;
  });
  return `<section aria-labelledby="meaning"><h2 id="meaning">What it means</h2><div class="verdicts">${cards.join('\n')}</div></section>`;
}

const ARRAY_FLUSH: Readonly<Record<'roundtrip' | 'drain', string>> = {
  roundtrip: 'array.flush: roundtrip (its write cache has a battery, so a flush waits for no disk)',
  drain: 'array.flush: drain (a flush waits until the write cache is on the disks)',
};

function provenanceSection(document: RunDocument): string {
  const flush = arrayFlush(document.scenario);
  const items: [string, string][] = [
    ['Schema', escapeHtml(document.schema)],
    ['Seed', String(document.seed)],
    [document.workloads.every(isJob) ? 'Load' : 'Replay', escapeHtml(document.replay)],
    ...(flush === undefined ? [] : [['Flushes at the array', ARRAY_FLUSH[flush]] as [string, string]]),
    ...document.workloads.flatMap((workload): [string, string][] => [
      [
        'Workload',
        `<bdi>${escapeHtml(workload.name)}</bdi> (${escapeHtml(workload.format)}, ${formatCount(workload.disks)} ${workload.disks === 1 ? 'disk' : 'disks'})`,
      ],
      ['SHA-256 of its rows', `<code>${escapeHtml(workload.contentSha256)}</code>`],
      ...(workload.reorderedRows > 0
        ? [['Rows sorted into time order', formatCount(workload.reorderedRows)] as [string, string]]
        : []),
    ]),
  ];
  const list = items.map(([term, html]) => `<dt>${term}</dt><dd>${html}</dd>`).join('');
  return `<section aria-labelledby="scenario"><h2 id="scenario">Scenario and provenance</h2>
<div class="card"><dl class="provenance">${list}</dl></div>
<details><summary>The scenario, every default written out</summary><pre tabindex="0">${escapeHtml(visibleJson(document.scenario))}</pre></details></section>`;
}

function glossarySection(): string {
  const items = GLOSSARY.map(
    ([term, meaning]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd></div>`,
  );
  return `<section aria-labelledby="glossary"><h2 id="glossary">Glossary</h2><div class="card"><dl class="glossary">${items.join('')}</dl></div></section>`;
}

/**
 * The whole page as text, UTF-8.
 * @param given a run as recorded, or as `readRun` gives it back: the bytes are the same
 */
export function renderReport(given: ReportInput): string {
  const { document } = given;
  const input: ReportInput = { ...given, windows: [...(given.windows ?? []), ...faultWindows(document)] };
  const page: Page = { input, figures: new PageFigures(modeStyles(document)) };
  const ids = document.workloads.map((_, i) => `workload-${i + 1}`);
  const sections = document.workloads.map((workload, i) => workloadSection(page, workload, ids[i]!));
  const scenario = typeof document.scenario.name === 'string' ? document.scenario.name : 'unnamed';
  return pageHtml({
    title: `fvp-bench: ${document.workloads.map(({ name }) => shortName(name)).join(', ')}`,
    headingHtml: `What FVP would do for ${listed(document.workloads.map(({ name }) => nameHtml(name)))}`,
    subtitleHtml: `Scenario ${nameHtml(scenario)}, ${document.workloads.every(isJob) ? 'load' : 'replay'} ${escapeHtml(document.replay)}, seed ${document.seed}. Simulated in virtual time.`,
    links: [
      ...document.workloads.map(({ name }, i) => ({ id: ids[i]!, html: nameHtml(name) })),
      { id: 'scenario', html: 'Scenario and provenance' },
      { id: 'glossary', html: 'Glossary' },
    ],
    mainHtml: [
      verdictSection(document, ids),
      ...sections,
      provenanceSection(document),
      glossarySection(),
    ].join('\n'),
    figures: page.figures,
  });
}
