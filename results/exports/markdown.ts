/** A gate as markdown: a step summary, a comment on a pull request. */
import { escapeMarkdown, markdownTable } from '../compare/render-comparison.ts';
import type { GateDocument } from '../gate/gate.ts';
import { baselineName, changeLines, checkTitle, inputLines, verdictLine } from '../gate/gate-text.ts';
import { plainText } from '../report/plain-text.ts';

export function gateMarkdown(document: GateDocument): string {
  const inputs = inputLines(document);
  const lines = [
    `### fvp bench gate: ${escapeMarkdown(verdictLine(document))}`,
    '',
    ...(document.baseline === '' ? [] : [`Baseline: ${escapeMarkdown(baselineName(document.baseline))}`, '']),
    ...(inputs.length === 0
      ? []
      : ['Inputs differ:', '', ...inputs.map((line) => `- ${escapeMarkdown(line)}`), '']),
    ...document.neighbourhood.flatMap((sentence) => [escapeMarkdown(sentence), '']),
    ...markdownTable(
      ['check', 'verdict', 'why'],
      document.checks.map((check) => [checkTitle(check), check.verdict, plainText(check.why, 200)]),
    ),
    '',
  ];
  for (const change of document.changes) {
    const [title, ...rest] = changeLines(change);
    lines.push(
      `#### ${escapeMarkdown(title!)}`,
      '',
      ...rest.map((line) => `- ${escapeMarkdown(line.trim())}`),
      '',
    );
  }
  lines.push(...document.notes.map((note) => escapeMarkdown(plainText(note, 200))));
  return `${lines.join('\n').trimEnd()}\n`;
}
