/**
 * GitHub Actions: annotations as workflow commands, and the step summary as markdown.
 * @source docs.github.com, "Workflow commands for GitHub Actions"; escapes as in actions/toolkit, command.ts
 */

import type { GateDocument } from '../gate/gate.ts';
import { checkTitle } from '../gate/gate-text.ts';

/** Annotations of one step that GitHub shows. @source docs.github.com: 10 errors and 10 warnings a step */
const SHOWN_MAX = 10;

function message(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** A line for each failed or undecided check, at most ten of a kind. */
export function githubAnnotations(document: GateDocument): string[] {
  const of = (verdict: 'fail' | 'inconclusive', command: string): string[] =>
    document.checks
      .filter((check) => check.verdict === verdict)
      .slice(0, SHOWN_MAX)
      .map(
        (check) =>
          `::${command} title=${property(checkTitle(check))}::${message([check.why, ...document.neighbourhood].join('\n'))}`,
      );
  return [...of('fail', 'error'), ...of('inconclusive', 'warning')];
}
