/** A run's latencies over time in few numbers, so that a baseline can say when something changed. */
import { formatNs } from '../../reference/kernel/units.ts';
import { mergeAll, percentilesOf } from '../hdr/summary.ts';
import type { LatencyKind, LatencyRecording } from '../schema/run-document.ts';

/** Most spans kept of a run. Assumed: enough to find the place, few enough for a file in a repository. */
const SPANS_MAX = 24;

export interface LatencySpans {
  readonly workload: string;
  readonly mode: string;
  readonly kind: LatencyKind;
  readonly spanNs: number;
  readonly counts: readonly number[];
  readonly p50Ns: readonly number[];
  readonly p99Ns: readonly number[];
  readonly maxNs: readonly number[];
}

export function spansOf(recordings: readonly LatencyRecording[]): LatencySpans[] {
  return recordings.map(({ workload, mode, kind, intervalNs, response }) => {
    const each = Math.max(1, Math.ceil(response.length / SPANS_MAX));
    const counts: number[] = [];
    const p50Ns: number[] = [];
    const p99Ns: number[] = [];
    const maxNs: number[] = [];
    for (let i = 0; i < response.length; i += each) {
      const merged = mergeAll(response.slice(i, i + each));
      const [p50, p99] = percentilesOf(merged, [50, 99]);
      counts.push(merged.count);
      p50Ns.push(p50!);
      p99Ns.push(p99!);
      maxNs.push(merged.max);
    }
    return { workload, mode, kind, spanNs: each * intervalNs, counts, p50Ns, p99Ns, maxNs };
  });
}

export interface SpanChange {
  readonly kind: LatencyKind;
  readonly changed: number;
  readonly of: number;
  readonly fromNs: number;
  readonly untilNs: number;
  /** Where p99 moved most. */
  readonly worstFromNs: number;
  readonly worstUntilNs: number;
  readonly worstBaseP99Ns: number;
  readonly worstP99Ns: number;
}

/** @returns undefined where nothing differs, or where the two cannot be laid beside each other */
export function spanChange(base: LatencySpans, other: LatencySpans): SpanChange | undefined {
  if (base.spanNs !== other.spanNs) return undefined;
  const of = Math.max(base.counts.length, other.counts.length);
  const changed: number[] = [];
  let worst = 0;
  let worstBy = -1;
  for (let i = 0; i < of; i++) {
    const same = (['counts', 'p50Ns', 'p99Ns', 'maxNs'] as const).every(
      (name) => base[name][i] === other[name][i],
    );
    if (same) continue;
    changed.push(i);
    const by = Math.abs((other.p99Ns[i] ?? 0) - (base.p99Ns[i] ?? 0));
    if (by > worstBy) [worst, worstBy] = [i, by];
  }
  if (changed.length === 0) return undefined;
  return {
    kind: base.kind,
    changed: changed.length,
    of,
    fromNs: changed[0]! * base.spanNs,
    untilNs: (changed[changed.length - 1]! + 1) * base.spanNs,
    worstFromNs: worst * base.spanNs,
    worstUntilNs: (worst + 1) * base.spanNs,
    worstBaseP99Ns: base.p99Ns[worst] ?? 0,
    worstP99Ns: other.p99Ns[worst] ?? 0,
  };
}

/** `writes in 20 of 24 intervals from 0 ns to 68 s, most from 12 s to 15 s (p99 1.1 ms -> 1.2 ms)` */
export function spanText(change: SpanChange): string {
  const where =
    change.changed === change.of
      ? 'every interval'
      : `${change.changed} of ${change.of} intervals from ${formatNs(change.fromNs)} to ${formatNs(change.untilNs)}`;
  return `${change.kind} in ${where}, most from ${formatNs(change.worstFromNs)} to ${formatNs(change.worstUntilNs)} (p99 ${formatNs(change.worstBaseP99Ns)} -> ${formatNs(change.worstP99Ns)})`;
}
