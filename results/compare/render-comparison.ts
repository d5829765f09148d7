/** A comparison for a terminal and as markdown. */
import { asciiText, listed, plainText } from '../report/plain-text.ts';
import { alignColumns } from '../report/terminal/columns.ts';
import type { CompareDocument, InputComparison, ResultComparison } from './compare.ts';
import { directionSentences, inputLines, pairTitle, statRows, unpairedLines } from './comparison-text.ts';

const NAME_LENGTH = 40;

/** Results whose every figure is the same, in one line. */
function sameLine(results: readonly ResultComparison[]): string[] {
  const same = results.filter(({ directions }) => directions.every((each) => each.same)).map(pairTitle);
  return same.length === 0 ? [] : [`The same to the last figure: ${same.join('; ')}.`];
}

function changedResults(results: readonly ResultComparison[]): ResultComparison[] {
  return results.filter(({ directions }) => directions.some((each) => !each.same));
}

function shortNames(document: CompareDocument, other: InputComparison): [base: string, other: string] {
  const [a, b] = [document.base.name, other.name].map((name) => {
    const parts = name.replace(/[\\/]+$/, '').split(/[\\/]/);
    return plainText(parts[parts.length - 1]!, 24);
  });
  return a === b ? ['base', 'other'] : [a!, b!];
}

/** Lines of text, for a terminal; those of `fvp bench compare`. */
export function comparisonLines(document: CompareDocument, unicode: boolean): string[] {
  const lines: string[] = [];
  for (const other of document.others) {
    if (lines.length > 0) lines.push('');
    lines.push(
      `${plainText(document.base.name, NAME_LENGTH)} (base) against ${plainText(other.name, NAME_LENGTH)}`,
    );
    const [first, ...rest] = inputLines(other);
    if (first !== undefined) lines.push(first, ...rest.map((line) => `  ${line}`));
    const names = shortNames(document, other);
    for (const result of changedResults(other.results)) {
      const same = result.directions.filter((each) => each.same).map(({ direction }) => direction);
      const more = same.length === 0 ? '' : ` (${listed(same)}: the same)`;
      lines.push('', `${pairTitle(result)}${more}`);
      for (const direction of result.directions.filter((each) => !each.same)) {
        const time = direction.time === 'service' ? ', service' : '';
        const header = [`${direction.direction}${time}`, ...names, 'difference', ''];
        lines.push(...alignColumns([header, ...statRows(direction)]));
        lines.push(...directionSentences(direction).map((sentence) => `  ${sentence}`));
      }
    }
    const same = sameLine(other.results);
    if (same.length > 0) lines.push('', ...same);
    lines.push(...unpairedLines(other));
  }
  lines.push(...document.notes.map((note) => plainText(note, 200)));
  return unicode ? lines : lines.map(asciiText);
}

/** Text that markdown shows as it is: no link, no code, no HTML, no table cell of its own. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()<>#+!|~&@]/g, (mark) => `\\${mark}`)
    .replace(/\\([<>&@])/g, (_, mark: string) => `&#${mark.charCodeAt(0)};`);
}

/** A table of markdown; cells are escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  return [
    line(header),
    `|${header.map((_, i) => (i === 0 ? ' --- |' : ' ---: |')).join('')}`,
    ...rows.map(line),
  ];
}

/** The same as a markdown text, for a pull request or an issue. */
export function comparisonMarkdown(document: CompareDocument): string {
  const lines: string[] = [];
  for (const other of document.others) {
    lines.push(
      `### ${escapeMarkdown(plainText(document.base.name, NAME_LENGTH))} (base) against ${escapeMarkdown(plainText(other.name, NAME_LENGTH))}`,
      '',
      ...inputLines(other).map((line) => `- ${escapeMarkdown(line)}`),
      '',
    );
    const names = shortNames(document, other);
    for (const result of changedResults(other.results)) {
      lines.push(`#### ${escapeMarkdown(pairTitle(result))}`, '');
      for (const direction of result.directions.filter((each) => !each.same)) {
        lines.push(
          ...markdownTable([direction.direction, ...names, 'difference', 'in %'], statRows(direction)),
          '',
        );
        lines.push(...directionSentences(direction).map(escapeMarkdown), '');
      }
    }
    lines.push(...[...sameLine(other.results), ...unpairedLines(other)].map(escapeMarkdown), '');
  }
  lines.push(...document.notes.map((note) => escapeMarkdown(plainText(note, 200))));
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}
