/** A comparison as a page: the curves of all inputs over each other, and the figures. */

import { KIND_TITLES, LATENCY_AXIS } from '../report/charts/latency-axis.ts';
import { PERCENTILE_AXIS, percentileCurve } from '../report/charts/percentile-curves.ts';
import type { Series } from '../report/figure.ts';
import { PageFigures } from '../report/page/figures.ts';
import { escapeHtml, nameHtml, sentenceHtml } from '../report/page/html.ts';
import { pageHtml } from '../report/page/page.ts';
import type { CompareDocument, DirectionComparison, InputComparison, ResultComparison } from './compare.ts';
import { directionSentences, inputLines, pairTitle, statRows, unpairedLines } from './comparison-text.ts';
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

function directionTable(direction: DirectionComparison): string {
  const rows = statRows(direction).map(
    ([stat, ...cells]) =>
      `<tr><th scope="row">${escapeHtml(stat!)}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  const sentences = directionSentences(direction).map((sentence) => `<p>${sentenceHtml(sentence)}</p>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="Figures of ${direction.direction}"><table><caption>${direction.direction}, ${direction.time} time</caption>
<thead><tr><th scope="col">Figure</th><th scope="col">Base</th><th scope="col">Other</th><th scope="col">Difference</th><th scope="col">In %</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>${sentences.join('')}`;
}

function resultHtml(result: ResultComparison): string {
  const changed = result.directions.filter((each) => !each.same);
  if (changed.length === 0) return `<p>${escapeHtml(pairTitle(result))}: the same to the last figure.</p>`;
  return `<h3>${escapeHtml(pairTitle(result))}</h3>${changed.map(directionTable).join('')}`;
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
${other.results.map(resultHtml).join('\n')}</section>`;
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
