/**
 * The page of `fvp plan -o plan.html`: the points as parallel coordinates, as a field of two figures, and as a table. One
 * file that needs nothing else; the same plan gives the same bytes.
 */
import { formatCount } from '../../reference/kernel/units.ts';
import { PageFigures } from '../../results/report/page/figures.ts';
import { escapeHtml, inlineJson, nameHtml, sentenceHtml, shortName } from '../../results/report/page/html.ts';
import { pageHtml } from '../../results/report/page/page.ts';
import { listed } from '../../results/report/plain-text.ts';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import type { ModeResult } from '../../results/schema/run-document.ts';
import { PLAN_PAGE_SCRIPT, PLAN_PAGE_STYLE } from './plan-page-script.ts';
import { axesOf, axisValue, figureText, shortConfig } from './plan-table.ts';

/** Rows and lines of the page; more a screen cannot part, and the data belong into another program. */
const POINTS_MAX = 2000;

/** One column of the table, and one axis of the coordinates. */
interface PageAxis {
  readonly name: string;
  /** Values are numbers to be shown with these words; else names. */
  readonly numeric: boolean;
  readonly varied: boolean;
}

interface PageRow {
  readonly label: string;
  readonly mode: string;
  readonly met: boolean | null;
  readonly saturated: boolean;
  readonly best: boolean;
  readonly command: string;
  /** By axis: a number and its text, or a text. */
  readonly values: readonly (readonly [number | null, string])[];
}

export function planPage(document: PlanDocument): string {
  const workloads = [
    ...new Set(document.points.flatMap(({ results }) => results.map(({ workload }) => workload))),
  ];
  const parts = workloads.map((workload) => ({ name: shortName(workload), ...pageData(document, workload) }));
  const section = (id: string, title: string, html: string): string =>
    `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${html}\n</section>`;
  const choice =
    parts.length < 2
      ? ''
      : `<p><label>Workload <select data-plan="workload">${parts.map(({ name }, index) => `<option value="${index}">${escapeHtml(name)}</option>`).join('')}</select></label></p>`;
  const main = [
    section('answer', 'In words', answerHtml(document)),
    section(
      'trade',
      'What trades for what',
      `${choice}<figure class="card"><div class="plan-controls"><label>Across <select data-plan="x"></select></label><label>Up <select data-plan="y"></select></label></div>
<div data-plan="field"></div><figcaption>One mark for each point; less is better on both. Ringed: no other point is as good in every figure and in cost, and better in one. A cross: the point saturates. Choose a mark to see its command.</figcaption></figure>
<p class="plan-chosen" data-plan="chosen" role="status"></p>`,
    ),
    section(
      'coordinates',
      'All at once',
      `<figure class="card"><div class="plan-legend" data-plan="legend"></div><div class="scroll plan-wide" tabindex="0" role="region" aria-label="Parallel coordinates, scrolls sideways"><div data-plan="coordinates"></div></div>
<figcaption>One line for each point, one axis for each thing varied or measured. Choose a range of an axis to keep only the points within it; the field and the table follow. <button type="button" data-plan="reset">Show all again</button></figcaption></figure>`,
    ),
    section(
      'points',
      'The points',
      `<p class="muted" data-plan="count"></p><div class="scroll plan-table" tabindex="0" role="region" aria-label="Points, scrolls"><table data-plan="table"></table></div>`,
    ),
    document.pruned.length === 0 ? '' : section('pruned', 'Not replayed', prunedHtml(document)),
  ].join('\n');
  return pageHtml({
    title: `fvp-bench: plan ${document.question}`,
    headingHtml: `Plan: ${escapeHtml(document.question)}`,
    subtitleHtml: `${formatCount(document.points.length)} points of ${listed(workloads.map(nameHtml))}, each a replay in virtual time.`,
    links: [
      ['answer', 'In words'],
      ['trade', 'What trades for what'],
      ['coordinates', 'All at once'],
      ['points', 'The points'],
      ...(document.pruned.length === 0 ? [] : [['pruned', 'Not replayed']]),
    ].map(([id, html]) => ({ id: id!, html: html! })),
    mainHtml: `${main}\n<script type="application/json" id="plan-data">${inlineJson(parts)}</script>`,
    figures: new PageFigures(),
    style: PLAN_PAGE_STYLE,
    script: PLAN_PAGE_SCRIPT,
  });
}

function answerHtml(document: PlanDocument): string {
  const { answer, objectives, notes } = document;
  const parts: string[] = [];
  if (objectives.length > 0)
    parts.push(
      `<p>Objectives: ${objectives.map((text) => `<code>${escapeHtml(text)}</code>`).join(', ')}.</p>`,
    );
  for (const note of notes) parts.push(`<p>${sentenceHtml(note)}</p>`);
  if (answer !== null) parts.push(`<pre>${escapeHtml(answer.config.command)}</pre>`);
  return parts.length === 0 ? '<p>The points below were replayed.</p>' : parts.join('\n');
}

function prunedHtml(document: PlanDocument): string {
  const rows = document.pruned
    .slice(0, POINTS_MAX)
    .map(
      ({ config, why }) =>
        `<tr><th scope="row">${escapeHtml(shortConfig(config, document))}</th><td class="plan-why">${sentenceHtml(why)}</td></tr>`,
    )
    .join('\n');
  return `<div class="scroll" tabindex="0" role="region" aria-label="Points not replayed"><table><thead><tr><th scope="col">Configuration</th><th scope="col" class="plan-why">Why</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

type Measure = readonly [name: string, of: (point: PlanPoint, result: ModeResult) => number | null];

const MEASURES: readonly Measure[] = [
  ...(['reads', 'writes', 'flushes'] as const).flatMap((kind): Measure[] => [
    [`${kind} p50Ns`, (_, result) => result[kind].response?.p50Ns ?? null],
    [`${kind} p99Ns`, (_, result) => result[kind].response?.p99Ns ?? null],
  ]),
  ['hitRatio', (_, { hitRatio }) => hitRatio],
  ['SAN bytesBytes', (_, { san }) => Object.values(san.bytes).reduce((sum, bytes) => sum + bytes, 0)],
  ['flash in allBytes', ({ cost }) => cost.parts.flashBytes],
  ['price', ({ cost }) => cost.price],
];

/** What stands over an axis: the unit is in its values. */
function titleOf(name: string): string {
  return name.replace(/(?:Ns|Bytes|Share|Ratio)$/, '') || name;
}

function pageData(document: PlanDocument, workload: string): { axes: PageAxis[]; rows: PageRow[] } {
  const points = document.points.slice(0, POINTS_MAX);
  // Of several seeds the slowest: the one that objectives are held against.
  const results = points.map((point) =>
    point.results
      .filter((result) => result.workload === workload)
      .reduce((a, b) => ((b.writes.response?.p99Ns ?? 0) > (a.writes.response?.p99Ns ?? 0) ? b : a)),
  );
  const varied = axesOf(document);
  const measures = MEASURES.filter(([, of]) => {
    const values = points.map((point, index) => of(point, results[index]!));
    return new Set(values).size > 1;
  });
  const seen = new Map<string, number>();
  const rank = (axis: string, text: string): number => {
    const number = /^([0-9.]+)\s*([a-zA-Z%]*)$/.exec(text);
    if (number !== null && axis !== 'mode') return Number(number[1]) * (UNITS[number[2]!.toLowerCase()] ?? 1);
    const key = `${axis}\0${text}`;
    const count = [...seen.keys()].filter((each) => each.startsWith(`${axis}\0`)).length;
    if (!seen.has(key)) seen.set(key, count);
    return seen.get(key)!;
  };
  const best = new Set(document.question === 'sweep' ? document.pareto : []);
  return {
    axes: [
      ...varied.map((name) => ({ name, numeric: false, varied: true })),
      ...measures.map(([name]) => ({ name: titleOf(name), numeric: true, varied: false })),
    ],
    rows: points.map((point, index) => ({
      label: shortConfig(point.config, document),
      mode: point.config.mode,
      met: point.met,
      saturated: results[index]!.verdicts.some(({ name }) => name === 'saturated'),
      best: best.has(index) || point.config.command === document.answer?.config.command,
      command: point.config.command,
      values: [
        ...varied.map((axis) => {
          const text = axisValue(point.config, axis);
          return [rank(axis, text), text === '' ? 'as it is' : text] as const;
        }),
        ...measures.map(([name, of]) => {
          const value = of(point, results[index]!);
          return [
            value,
            name === 'price' && value !== null ? formatCount(value) : figureText(name, value),
          ] as const;
        }),
      ],
    })),
  };
}

/** Of sizes, so that 50G stands before 1T. */
const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
};
