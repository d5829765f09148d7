/** What `fvp trace fit` prints: a trace beside the synthetic one. */
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
} from '../../reference/kernel/units.ts';
import type { ReplayPair, StatisticPair } from '../replay/closeness.ts';

const NAME_COLUMNS = 28;
const VALUE_COLUMNS = 13;
/** What is aimed at. */
const CLOSE = 0.1;

const FORMATS: Readonly<Record<StatisticPair['unit'], (value: number) => string>> = {
  count: formatCount,
  bytes: formatBytes,
  ns: formatNs,
  share: formatPercent,
  ratio: formatSignificant,
};

/** @param replay undefined when nothing was replayed */
export function closenessTable(
  statistics: readonly StatisticPair[],
  replay: readonly ReplayPair[] | undefined,
): string[] {
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(NAME_COLUMNS)}${cells.map((cell) => cell.padStart(VALUE_COLUMNS)).join('')}`.trimEnd();
  const lines = [row('', ['trace', 'synthetic', 'difference'])];
  for (const { name, unit, trace, synthetic } of statistics) {
    const cell = (value: number | null): string => (value === null ? '–' : FORMATS[unit](value));
    const apart =
      trace === null || synthetic === null ? null : difference(trace, synthetic, unit === 'share');
    lines.push(row(name, [cell(trace), cell(synthetic), apart ?? '–']));
  }
  if (replay === undefined) return lines;
  lines.push('', row('Response time under replay', ['p50', 'synthetic', 'p99', 'synthetic', 'difference']));
  const ns = (value: number | null): string => (value === null ? '–' : formatNs(value));
  for (const { mode, kind, p50Ns, p99Ns } of replay) {
    const apart = p99Ns[0] === null || p99Ns[1] === null ? '–' : difference(p99Ns[0], p99Ns[1], false);
    lines.push(row(`${mode}, ${kind}`, [ns(p50Ns[0]), ns(p50Ns[1]), ns(p99Ns[0]), ns(p99Ns[1]), apart]));
  }
  const compared = replay.filter(({ p99Difference }) => p99Difference !== null);
  const close = compared.filter(({ p99Difference }) => Math.abs(p99Difference!) <= CLOSE);
  lines.push('', `p99 within 10 %: ${close.length} of ${compared.length}.`);
  return lines;
}

/** `+3.2 %`, or for shares `-0.4 pt`: points. */
function difference(trace: number, synthetic: number, isShare: boolean): string {
  const apart = isShare ? (synthetic - trace) * 100 : trace === 0 ? 0 : (synthetic / trace - 1) * 100;
  return `${apart < 0 ? '-' : '+'}${formatSignificant(Math.abs(apart))} ${isShare ? 'pt' : '%'}`;
}
