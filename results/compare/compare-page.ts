/** A comparison as a page: the curves of all inputs over each other, and the figures. */

import { formatNs } from '../../reference/kernel/units.ts';
import { KIND_TITLES, LATENCY_AXIS } from '../report/charts/latency-axis.ts';
import { PERCENTILE_AXIS, percentileCurve } from '../report/charts/percentile-curves.ts';
import type { Series } from '../report/figure.ts';
import { PageFigures } from '../report/page/figures.ts';
import { escapeHtml, nameHtml, sentenceHtml } from '../report/page/html.ts';
import { pageHtml } from '../report/page/page.ts';
import type { CompareDocument, DirectionComparison, InputComparison, ResultComparison } from './compare.ts';
import {
  directionSentences,
  inputLines,
  movedParts,
  pairTitle,
  signedPercent,
  statRows,
  unpairedLines,
} from './comparison-text.ts';
import { type Direction, type Measured, type MeasuredResult, resultName, type TimeName } from './measured.ts';

interface Overlay {
  readonly title: string;
  readonly direction: Direction;
  readonly series: Series[];
}

/** Curves of the inputs, collected one input after the other, so that no histograms need be kept. */
export class OverlaidCurves {
  private readonly overlays = new Map<string, Overlay>();
  private readonly time: TimeName;

  constructor(time: TimeName) {
    this.time = time;
  }

  /** @param results with the results of `measured` they came from */
  add(base: Measured, other: Measured, comparison: InputComparison): void {
    const find = (measured: Measured, name: { workload: string; mode: string }): MeasuredResult =>
      measured.results.find(({ workload, mode }) => workload === name.workload && mode === name.mode)!;
    for (const result of comparison.results) {
      for (const { direction } of result.directions) {
        const key = JSON.stringify([result.base, direction]);
        let overlay = this.overlays.get(key);
        if (overlay === undefined) {
          overlay = { title: resultName(result.base), direction, series: [] };
          this.overlays.set(key, overlay);
          this.put(overlay, base.name, find(base, result.base));
        }
        this.put(overlay, other.name, find(other, result.other));
      }
    }
  }

  private put(overlay: Overlay, name: string, result: MeasuredResult): void {
    const histogram = result.times[overlay.direction]?.[this.time];
    if (histogram === null || histogram === undefined) return;
    overlay.series.push({ mode: name, group: 'time', points: percentileCurve([histogram]) });
  }

  html(figures: PageFigures): string {
    return [...this.overlays.values()]
      .filter(({ series }) => series.length > 0)
      .map(({ title, direction, series }) =>
        figures.html({
          title: `${title}: ${direction === 'all' ? 'Latency' : KIND_TITLES[direction]}`,
          caption: `${this.time === 'response' ? 'Response' : 'Service'} time by percentile. Where the curves lie on each other, nothing has changed.`,
          x: PERCENTILE_AXIS,
          y: LATENCY_AXIS,
          groups: [{ name: 'time', shown: true }],
          series,
        }),
      )
      .join('\n');
  }
}

/** What stands in the overview of each direction. */
const OVERVIEW_STATS = ['mean', 'p50', 'p99', 'p99.9'] as const;
const WORDS_HEAD = 'What moved';
/** From this share on a change is coloured. Assumed. */
const NOTICED_SHARE = 0.02;

function changeCell({ stats }: DirectionComparison, stat: string): string {
  const found = stats.find((each) => each.stat === stat);
  if (found === undefined) return '<td>–</td>';
  if (found.differenceNs === 0) return `<td class="zero">${escapeHtml(formatNs(found.baseNs))}</td>`;
  const { ratio } = found;
  const quality =
    ratio === null || Math.abs(ratio - 1) < NOTICED_SHARE ? '' : ratio < 1 ? ' class="good"' : ' class="bad"';
  const percent = signedPercent(ratio);
  return `<td><span class="muted">${escapeHtml(formatNs(found.baseNs))} →</span> ${escapeHtml(formatNs(found.otherNs))} <span${quality}>${escapeHtml(percent)}</span></td>`;
}

/** Every direction of every result in one table: what changed, by how much, and which part of the latency moved. */
function overviewTable({ results }: InputComparison): string {
  const bodies = results.map((result) => {
    const rows = result.directions.map((direction) => {
      const moved = direction.same ? 'the same to the last figure' : movedText(direction);
      const cells = OVERVIEW_STATS.map((stat) => changeCell(direction, stat)).join('');
      return `<tr><th scope="row">${direction.direction}</th>${cells}<td class="words">${escapeHtml(moved)}</td></tr>`;
    });
    return `<tbody class="kind"><tr><th scope="rowgroup" colspan="6">${escapeHtml(pairTitle(result))}</th></tr>${rows.join('')}</tbody>`;
  });
  const heads = ['Direction', ...OVERVIEW_STATS, WORDS_HEAD];
  return `<div class="scroll" tabindex="0" role="region" aria-label="What changed"><table class="dense"><caption><span>${results[0]!.directions[0]!.time === 'response' ? 'Response' : 'Service'} time of the base and of the other.</span></caption>
<thead><tr>${heads.map((head) => `<th scope="col"${head === WORDS_HEAD ? ' class="words"' : ''}>${escapeHtml(head)}</th>`).join('')}</tr></thead>
${bodies.join('')}</table></div>`;
}

function movedText({ parts, slowest }: DirectionComparison): string {
  const mean = movedParts(parts);
  const tail = movedParts(slowest[0]?.parts ?? []);
  return [...(mean === '' ? [] : [`mean: ${mean}`]), ...(tail === '' ? [] : [`slowest 1 %: ${tail}`])].join(
    '; ',
  );
}

function directionTable(direction: DirectionComparison): string {
  const rows = statRows(direction).map(
    ([stat, ...cells]) =>
      `<tr><th scope="row">${escapeHtml(stat!)}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  const sentences = directionSentences(direction).map((sentence) => `<p>${sentenceHtml(sentence)}</p>`);
  return `<div><div class="scroll" tabindex="0" role="region" aria-label="Figures of ${direction.direction}"><table><caption><span>${direction.direction}, ${direction.time} time</span></caption>
<thead><tr><th scope="col">Figure</th><th scope="col">Base</th><th scope="col">Other</th><th scope="col">Difference</th><th scope="col">In %</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>${sentences.join('')}</div>`;
}

function detailsHtml(result: ResultComparison): string {
  const changed = result.directions.filter((each) => !each.same);
  if (changed.length === 0) return '';
  return `<details><summary>All figures: ${escapeHtml(pairTitle(result))}</summary><div class="columns">${changed.map(directionTable).join('')}</div></details>`;
}

/** The whole page as text. */
export function comparePage(document: CompareDocument, curves: OverlaidCurves): string {
  const figures = new PageFigures();
  const overlays = curves.html(figures);
  const sections = document.others.map((other, i) => {
    const lines = [...inputLines(other), ...unpairedLines(other)].map(
      (line) => `<li>${escapeHtml(line)}</li>`,
    );
    return `<section aria-labelledby="other-${i + 1}"><h2 id="other-${i + 1}">Against ${nameHtml(other.name)}</h2>
<div class="card"><ul class="plain">${lines.join('')}</ul></div>
${overviewTable(other)}
${other.results.map(detailsHtml).join('\n')}</section>`;
  });
  return pageHtml({
    title: 'fvp-bench: comparison',
    headingHtml: `${document.others.length === 1 ? 'Two results' : `${document.others.length + 1} results`} compared`,
    subtitleHtml: `Base: ${nameHtml(document.base.name)}. Differences are those of the other from the base.`,
    links: [
      ...document.others.map((other, i) => ({ id: `other-${i + 1}`, html: nameHtml(other.name) })),
      { id: 'curves', html: 'Curves' },
    ],
    mainHtml: `${sections.join('\n')}
<section aria-labelledby="curves"><h2 id="curves">Curves</h2><div class="charts">${overlays}</div></section>`,
    figures,
  });
}
