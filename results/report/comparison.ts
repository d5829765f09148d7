/** The comparison table of one workload as data: what the page and the terminal both show. */
import { assert } from '../../reference/kernel/errors.ts';
import { formatSignificant } from '../../reference/kernel/units.ts';
import type {
  Latencies,
  LatencyKind,
  ModeResult,
  RunDocument,
  WorkloadSummary,
} from '../schema/run-document.ts';

/** The mode that the others are compared with. */
export const BASELINE_MODE = 'none';

/** How many times as long the baseline takes, or why there is no such number. */
export type Gain = number | 'none saturates' | null;

export interface ComparisonRow {
  readonly mode: string;
  readonly latencies: Latencies;
  /** Baseline's response time over this mode's; null for the baseline itself and where there is nothing to divide. */
  readonly gainP50: Gain;
  readonly gainP99: Gain;
  /** The VM with the highest p99 response time; null without data. */
  readonly worstVm: { readonly name: string; readonly host: string; readonly p99Ns: number } | null;
  /** For reads only. */
  readonly hitRatio: number | null;
}

/** The results of one workload, in the document's order. */
export function resultsOf(document: RunDocument, workload: string): ModeResult[] {
  return document.results.filter((result) => result.workload === workload);
}

/** Whether a workload is a fio job, which is run, and no trace, which is replayed. */
export function isJob({ format }: WorkloadSummary): boolean {
  return format === 'fio job';
}

/** @throws BugError when the document has no such workload */
export function workloadOf(document: RunDocument, name: string): WorkloadSummary {
  const workload = document.workloads.find((summary) => summary.name === name);
  assert(workload !== undefined, 'the workload stands in the document');
  return workload;
}

/** True when the run's verdict on the mode is `saturated`. */
export function isSaturated(result: ModeResult | undefined): boolean {
  return result?.verdicts.some(({ name }) => name === 'saturated') ?? false;
}

function gain(baselineNs: number | undefined, ns: number | undefined): number | null {
  if (baselineNs === undefined || ns === undefined || ns === 0) return null;
  return baselineNs / ns;
}

function worstVm(result: ModeResult, kind: LatencyKind): ComparisonRow['worstVm'] {
  let worst: ComparisonRow['worstVm'] = null;
  for (const vm of result.vms) {
    const p99Ns = vm[kind].response?.p99Ns;
    if (p99Ns !== undefined && (worst === null || p99Ns > worst.p99Ns))
      worst = { name: vm.name, host: vm.host, p99Ns };
  }
  return worst;
}

/** Rows of one kind of I/O, one for each mode; empty when no mode has such I/O. */
export function compareKind(document: RunDocument, workload: string, kind: LatencyKind): ComparisonRow[] {
  const results = resultsOf(document, workload);
  if (results.every((result) => result[kind].count === 0)) return [];
  const baseline = results.find(({ mode }) => mode === BASELINE_MODE);
  const base = baseline?.[kind].response ?? undefined;
  return results.map((result) => {
    const response = result[kind].response ?? undefined;
    const gainOf = (key: 'p50Ns' | 'p99Ns'): Gain => {
      if (result === baseline || baseline === undefined) return null;
      return isSaturated(baseline) ? 'none saturates' : gain(base?.[key], response?.[key]);
    };
    return {
      mode: result.mode,
      latencies: result[kind],
      gainP50: gainOf('p50Ns'),
      gainP99: gainOf('p99Ns'),
      worstVm: worstVm(result, kind),
      hitRatio: kind === 'reads' ? result.hitRatio : null,
    };
  });
}

/** `11.9x`, `0.92x`: three significant digits. */
export function formatGain(factor: number): string {
  return `${formatSignificant(factor)}x`;
}
