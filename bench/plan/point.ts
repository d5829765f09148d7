/** A point of a plan: one workload in one mode with one seed, replayed exactly as `fvp bench run` does it. */

import { assert } from '../../reference/kernel/errors.ts';
import { mergeSparse, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { mergeAll } from '../../results/hdr/summary.ts';
import {
  LATENCY_KINDS,
  type LatencyKind,
  type LatencyRecording,
  type ModeResult,
  type RunEvents,
  type WorkloadSummary,
} from '../../results/schema/run-document.ts';
import type { BenchHooks, BenchRequest } from '../replay/bench-request.ts';
import { type PreparedBench, prepareBench } from '../replay/run-bench.ts';
import { keyOf } from './point-key.ts';
import { type Pressure, pressureOf } from './pressure.ts';

export const POINT_SCHEMA = 'fvp.plan-point/1';

/** Of one workload and one mode; what `fvp bench run` is asked for the same figures. */
export type PointRequest = BenchRequest;

/** A `SparseHistogram` as JSON holds it. */
export type PlainHistogram = Omit<SparseHistogram, 'index' | 'counts'> & {
  readonly index: readonly number[];
  readonly counts: readonly number[];
};

export type TimesByKind = Readonly<
  Record<LatencyKind, { readonly response: PlainHistogram; readonly service: PlainHistogram }>
>;

export interface PointResult {
  readonly schema: typeof POINT_SCHEMA;
  readonly key: string;
  readonly seed: number;
  readonly replay: string;
  /** As resolved, for this workload. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly workload: WorkloadSummary;
  readonly result: ModeResult;
  readonly times: TimesByKind;
  readonly pressure: Pressure;
  /** From the first event of the scenario on; null where nothing happens, or after the load. */
  readonly disturbed: { readonly fromNs: number; readonly times: TimesByKind } | null;
  readonly events: RunEvents | null;
  readonly notes: readonly string[];
}

/** The key of a prepared point. */
export function pointKey(request: PointRequest, prepared: PreparedBench, code: string): string {
  const inputs = prepared.inputs();
  assert(inputs.length === 1 && request.modes?.length === 1, 'a point is one workload in one mode');
  return keyOf(request, inputs[0]!, code);
}

/**
 * Replays a point. @param code version of fvp's code, part of the key
 * @throws what `prepareBench` throws; InterruptedError
 */
export async function runPoint(request: PointRequest, hooks: BenchHooks, code: string): Promise<PointResult> {
  const prepared = await prepareBench(request, hooks);
  try {
    const key = pointKey(request, prepared, code);
    const { recording, notes } = await prepared.run();
    const { document, latencies, timelines } = recording;
    const events = document.events?.[0] ?? null;
    return {
      schema: POINT_SCHEMA,
      key,
      seed: request.seed,
      replay: document.replay,
      scenario: document.scenario,
      workload: document.workloads[0]!,
      result: document.results[0]!,
      times: timesFrom(latencies, 0),
      pressure: pressureOf(timelines[0]!, document.results[0]!),
      disturbed: events === null ? null : disturbedOf(latencies, events),
      events,
      notes,
    };
  } finally {
    await prepared.close();
  }
}

/** Whole-run histograms of the intervals that begin at or after a time. */
function timesFrom(latencies: readonly LatencyRecording[], fromNs: number): TimesByKind {
  const ofKind = (kind: LatencyKind) => {
    const recording = latencies.find((each) => each.kind === kind)!;
    const first = Math.ceil(fromNs / recording.intervalNs);
    return {
      response: plain(mergeAll(recording.response.slice(first))),
      service: plain(mergeAll(recording.service.slice(first))),
    };
  };
  const [reads, writes, flushes] = LATENCY_KINDS.map(ofKind);
  return { reads: reads!, writes: writes!, flushes: flushes! };
}

function disturbedOf(latencies: readonly LatencyRecording[], events: RunEvents): PointResult['disturbed'] {
  const happened = events.history.filter(({ event }) => event !== 'state' && event !== 'vm');
  const [first] = happened;
  if (first === undefined || first.atNs >= events.loadNs) return null;
  // The interval that holds the event counts whole: what it hits began before it.
  const intervalNs = latencies[0]!.intervalNs;
  const fromNs = Math.floor(Math.max(0, first.atNs - events.measuredFromNs) / intervalNs) * intervalNs;
  return { fromNs: fromNs + events.measuredFromNs, times: timesFrom(latencies, fromNs) };
}

function plain(histogram: SparseHistogram): PlainHistogram {
  const { index, counts, ...rest } = histogram;
  return { ...rest, index: [...index], counts: [...counts] };
}

/** Of one kind, or of all together. */
export function timesOf(
  times: TimesByKind,
  direction: LatencyKind | 'all',
  time: 'response' | 'service',
): SparseHistogram {
  const kinds = direction === 'all' ? LATENCY_KINDS : [direction];
  return kinds
    .map((kind): SparseHistogram => {
      const { index, counts, ...rest } = times[kind][time];
      return { ...rest, index: Uint16Array.from(index), counts: Uint32Array.from(counts) };
    })
    .reduce(mergeSparse);
}
