/** How close a synthetic trace is to the one its profile was fitted to. */
import { LATENCY_KINDS, type LatencyKind } from '../../results/schema/run-document.ts';
import type { TraceInfo } from '../../traces/stats/describe-trace.ts';
import { DEFAULT_REQUEST } from './bench-request.ts';
import { prepareBench } from './run-bench.ts';

/** One figure of both traces. */
export interface StatisticPair {
  readonly name: string;
  /** `count`, `bytes`, `ns`, `share` (of 1) or `ratio` (a plain number). */
  readonly unit: 'count' | 'bytes' | 'ns' | 'share' | 'ratio';
  readonly trace: number | null;
  readonly synthetic: number | null;
}

/** Response times of one kind of I/O in one mode; null where there is none. */
export interface ReplayPair {
  readonly mode: string;
  readonly kind: LatencyKind;
  readonly p50Ns: readonly [trace: number | null, synthetic: number | null];
  readonly p99Ns: readonly [trace: number | null, synthetic: number | null];
  /** Of the synthetic trace's p99 from the trace's, as a share of it. */
  readonly p99Difference: number | null;
}

export function compareStatistics(trace: TraceInfo, synthetic: TraceInfo): StatisticPair[] {
  const pair = (
    name: string,
    unit: StatisticPair['unit'],
    value: (info: TraceInfo) => number | null | undefined,
  ): StatisticPair => ({ name, unit, trace: value(trace) ?? null, synthetic: value(synthetic) ?? null });
  const dispersionAt = (part: number) => (info: TraceInfo) => {
    const { dispersion } = info.arrivals;
    return dispersion[Math.floor((dispersion.length - 1) * part)]?.index;
  };
  return [
    pair('reads', 'count', ({ reads }) => reads),
    pair('writes', 'count', ({ writes }) => writes),
    pair('flushes', 'count', ({ flushes }) => flushes),
    pair('read', 'bytes', ({ readBytes }) => readBytes),
    pair('written', 'bytes', ({ writeBytes }) => writeBytes),
    pair('footprint', 'bytes', ({ footprintBytes }) => footprintBytes),
    pair('read ceiling', 'share', ({ readCeiling }) => readCeiling),
    pair('reads in sequence', 'share', ({ sequential }) => sequential.reads.share),
    pair('writes in sequence', 'share', ({ sequential }) => sequential.writes.share),
    pair('gap, median', 'ns', ({ arrivals }) => arrivals.gaps?.p50Ns),
    pair('gap, 99 %', 'ns', ({ arrivals }) => arrivals.gaps?.p99Ns),
    pair('I/Os in the fullest second', 'count', ({ arrivals }) => arrivals.peakSecondIos),
    pair('dispersion, 1 ms', 'ratio', dispersionAt(0)),
    pair('dispersion, middle window', 'ratio', dispersionAt(0.5)),
    pair('dispersion, widest window', 'ratio', dispersionAt(1)),
    pair('Hurst parameter', 'ratio', ({ arrivals }) => arrivals.hurst),
    pair('recorded latency, median', 'ns', ({ recorded }) => recorded.p50Ns),
    pair('recorded latency, 99 %', 'ns', ({ recorded }) => recorded.p99Ns),
    pair('outstanding, mean', 'ratio', ({ recorded }) => recorded.outstandingMean),
  ].filter((one) => one.trace !== null || one.synthetic !== null);
}

export interface ReplayComparison {
  readonly trace: string;
  readonly scenario: string;
  readonly format: string | undefined;
  readonly event: 'Q' | 'D';
}

/**
 * Replays both through every mode that the scenario can run.
 * @param profile file of the profile
 * @param onProgress what is being replayed, and the share done
 */
export async function compareReplays(
  { trace, scenario, format, event }: ReplayComparison,
  profile: string,
  signal: AbortSignal,
  onProgress: (text: string, done: number) => void,
): Promise<ReplayPair[]> {
  const run = async (workload: string, from: number) => {
    const prepared = await prepareBench(
      {
        ...DEFAULT_REQUEST,
        workloads: [workload],
        scenario,
        format: workload === profile ? undefined : format,
        event,
      },
      {
        signal,
        onPhase: ({ text, done, total }) => onProgress(text, from + (total > 0 ? done / total / 2 : 0)),
      },
    );
    try {
      return (await prepared.run()).recording.document.results;
    } finally {
      await prepared.close();
    }
  };
  const recorded = await run(trace, 0);
  const synthetic = await run(profile, 0.5);
  return recorded.flatMap((result, i) =>
    LATENCY_KINDS.map((kind): ReplayPair => {
      const a = result[kind].response;
      const b = synthetic[i]![kind].response;
      return {
        mode: result.mode,
        kind,
        p50Ns: [a?.p50Ns ?? null, b?.p50Ns ?? null],
        p99Ns: [a?.p99Ns ?? null, b?.p99Ns ?? null],
        p99Difference: a == null || b == null ? null : b.p99Ns / a.p99Ns - 1,
      };
    }).filter(({ p99Ns }) => p99Ns[0] !== null || p99Ns[1] !== null),
  );
}
