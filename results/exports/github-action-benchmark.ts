/**
 * Entries for github-action-benchmark's tool `customSmallerIsBetter`.
 * @source benchmark-action/github-action-benchmark, README: [{ name, unit, value, range?, extra? }]
 */
import type { Measured } from '../compare/measured.ts';
import { plainText } from '../report/plain-text.ts';
import { metricRows } from './metric-rows.ts';

const NAME_LENGTH = 200;

export function githubActionBenchmark(measured: Measured): string {
  const entries = metricRows(measured).map(({ workload, mode, direction, stat, ns }) => ({
    name: plainText(`${workload}/${mode}:${direction}.${stat}`, NAME_LENGTH),
    unit: 'ns',
    value: ns,
    extra: measured.source === 'fio' ? 'measured by fio' : 'fvp, virtual time',
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
