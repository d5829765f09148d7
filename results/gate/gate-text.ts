/** A gate's document in lines, for terminal, annotations and markdown alike. Names from outside are made safe here. */
import { differenceText } from '../compare/input-differences.ts';
import { plainText } from '../report/plain-text.ts';
import { figureText, type GateChange, type GateCheck, type GateDocument } from './gate.ts';
import { spanText } from './spans.ts';

/** Figures of a changed result that are listed. */
const FIGURES_SHOWN = 8;
const INPUTS_SHOWN = 12;
const NAME_LENGTH = 40;

/** `database, write-back: writes.p99<2ms`, safe to be shown. */
export function checkTitle({ workload, mode, threshold }: GateCheck): string {
  return `${plainText(`${workload}${mode === '' ? '' : `, ${mode}`}`, 60)}: ${plainText(threshold, 80)}`;
}

/** Percentiles first, then what else changed. */
function shownFigures({ figures }: GateChange): string[] {
  const latency = figures.filter(({ path }) =>
    /^(reads|writes|flushes)\.response\.(mean|p50|p99|p99\.9)Ns$/.test(path),
  );
  const layers = figures.filter(({ path }) => /^(layers|destage|network|san|flash)\./.test(path));
  const shown = [...latency.slice(0, FIGURES_SHOWN), ...layers.slice(0, FIGURES_SHOWN)];
  return (shown.length === 0 ? figures.slice(0, FIGURES_SHOWN) : shown).map(figureText);
}

export function changeLines(change: GateChange): string[] {
  return [
    `${plainText(`${change.workload}, ${change.mode}`, 60)}: ${change.figures.length} figures changed`,
    ...shownFigures(change).map((text) => `  ${plainText(text, 200)}`),
    ...change.components.map((text) => `  ${plainText(text, 300)}`),
    ...change.intervals.map((interval) => `  ${spanText(interval)}`),
  ];
}

export function inputLines({ inputDifferences }: GateDocument): string[] {
  const lines = inputDifferences.slice(0, INPUTS_SHOWN).map(differenceText);
  const more = inputDifferences.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more differences`] : lines;
}

/** The verdict in one line. */
export function verdictLine({ verdict, checks, kind }: GateDocument): string {
  const failed = checks.filter((check) => check.verdict === verdict).length;
  switch (verdict) {
    case 'pass':
      return `pass: ${checks.length} ${checks.length === 1 ? 'check' : 'checks'}${kind === 'exact' ? ', exact' : ''}`;
    case 'fail':
      return `FAIL: ${failed} of ${checks.length} checks`;
    case 'inconclusive':
      return `inconclusive: ${failed} of ${checks.length} checks cannot be decided`;
  }
}

/** All of it, for a terminal. */
export function gateLines(document: GateDocument): string[] {
  const lines = [verdictLine(document)];
  const inputs = inputLines(document);
  if (inputs.length > 0) lines.push('Inputs differ from the baseline:', ...inputs.map((line) => `  ${line}`));
  lines.push(...document.neighbourhood);
  for (const check of document.checks) {
    if (check.verdict === 'pass' && document.checks.length > 12) continue;
    lines.push(`  ${check.verdict.padEnd(12)} ${checkTitle(check)}  ${plainText(check.why, 200)}`);
  }
  for (const change of document.changes) lines.push('', ...changeLines(change));
  lines.push(...document.notes.map((note) => plainText(note, 200)));
  return lines.map((line) => (line.length > 400 ? `${line.slice(0, 399)}…` : line));
}

export function baselineName(name: string): string {
  return plainText(name, NAME_LENGTH);
}
