/** The charts of a page: their HTML where they stand, and the data that the page's script draws. */
import { assert } from '../../../reference/kernel/errors.ts';
import type { Figure } from '../figure.ts';
import { escapeHtml, shortName } from './html.ts';
import { MODE_STYLES } from './style.ts';

export class PageFigures {
  /** What the page's script draws, as plain JSON. */
  readonly data: unknown[] = [];
  private readonly styles: ReadonlyMap<string, number>;
  /** By name of a file: the figure that has its text. */
  private readonly filesFrom = new Map<string, number>();

  /** @param styles colour and dash, 0 to MODE_STYLES - 1, by line name; others get theirs by their place in a figure */
  constructor(styles: ReadonlyMap<string, number> = new Map()) {
    this.styles = styles;
  }

  /** A place for the colour and dash of a line; the script draws it. */
  swatchHtml(mode: string): string {
    return `<span data-swatch="${this.styles.get(mode) ?? 0}"></span>`;
  }

  /** A text that an earlier figure has is not repeated: `from` is its place. */
  private fileOf({ name, text }: { readonly name: string; readonly text?: string }): unknown {
    if (text === undefined) {
      const from = this.filesFrom.get(name);
      assert(from !== undefined, `an earlier figure has the text of ${name}`);
      return { name, from };
    }
    this.filesFrom.set(name, this.data.length);
    return { name, text };
  }

  /** @param level of the figure's heading, 2 to 6 */
  html(figure: Figure, level = 4): string {
    const {
      title,
      caption,
      x,
      y,
      groups,
      kind = 'lines',
      windows = [],
      files = [],
      small = false,
      choice = false,
    } = figure;
    const modes: string[] = [];
    for (const { mode } of figure.series) if (!modes.includes(mode)) modes.push(mode);
    this.data.push({
      title: shortName(title),
      kind,
      x,
      y,
      groups: groups.map(({ name, shown }) => ({ name: shortName(name), shown })),
      windows: windows.map((window) => ({
        ...window,
        label: shortName(window.label),
        mode: window.mode === undefined ? -1 : modes.indexOf(window.mode),
        group: window.group === undefined ? -1 : groups.findIndex(({ name }) => name === window.group),
      })),
      choice,
      files: files.map((file) => this.fileOf(file)),
      modes: modes.map((mode, i) => ({
        name: shortName(mode),
        style: this.styles.get(mode) ?? i % MODE_STYLES,
      })),
      series: figure.series.map(({ mode, group, points }) => ({
        mode: modes.indexOf(mode),
        group: groups.findIndex(({ name }) => name === group),
        points,
      })),
    });
    const each = kind === 'bars' ? 'one colour' : 'one line';
    const label = `${title}: ${y.title} by ${x.title}, ${each} for each of: ${modes.map(shortName).join(', ')}. Its table holds the figures.`;
    return `<figure class="card${small ? ' small' : ''}" data-figure="${this.data.length - 1}"><h${level}>${escapeHtml(title)}</h${level}>
<div class="legend" role="group" aria-label="Lines shown"></div>
<div class="plot"><canvas role="img" aria-label="${escapeHtml(label)}"></canvas></div>
<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
  }
}
