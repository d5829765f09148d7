/**
 * What can be compared: a run, a histogram log, a result of fio, in one form. A result has one histogram for each
 * direction; what is exact of it comes from its run's document.
 */
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { percentilesOf } from '../hdr/summary.ts';
import type { LatencySummary, ModeResult, RunDocument, Timeline } from '../schema/run-document.ts';

export const DIRECTIONS = ['reads', 'writes', 'flushes', 'all'] as const;
export type Direction = (typeof DIRECTIONS)[number];
export type TimeName = 'response' | 'service';

export interface MeasuredTimes {
  readonly count: number;
  /** null where only figures were kept, as in a baseline file. */
  readonly response: SparseHistogram | null;
  readonly service: SparseHistogram | null;
}

export interface MeasuredResult {
  readonly workload: string;
  /** `fio` for a result of fio, empty for a log that does not say. */
  readonly mode: string;
  readonly times: Readonly<Partial<Record<Direction, MeasuredTimes>>>;
  /** The figures of a run in virtual time. */
  readonly exact: ModeResult | null;
}

export interface Measured {
  /** As the person named it. */
  readonly name: string;
  readonly source: 'run' | 'hlog' | 'fio' | 'baseline';
  /** Of a run in virtual time: the same inputs would give the same numbers again. */
  readonly document: RunDocument | null;
  readonly timelines: readonly Timeline[];
  readonly results: readonly MeasuredResult[];
  /** What a reader must know of the numbers, in sentences. */
  readonly notes: readonly string[];
}

/** `mean`, `min`, `max`, or a percentile as `p50`, `p99.9`, `p99.995`. */
export type StatName = string;

/** What is listed of each direction, in this order. */
export const LISTED_STATS: readonly StatName[] = [
  'min',
  'mean',
  'p50',
  'p90',
  'p95',
  'p99',
  'p99.9',
  'p99.99',
  'max',
];

const PERCENTILE = /^p((?:100|[0-9]{1,2})(?:\.[0-9]{1,6})?)$/;

/** The percentile that a name like `p99.9` stands for, 0 < p <= 100; undefined for other names. */
export function percentileOf(stat: StatName): number | undefined {
  const match = PERCENTILE.exec(stat);
  const percentile = Number(match?.[1] ?? 0);
  return percentile > 0 && percentile <= 100 ? percentile : undefined;
}

/** Mean of a histogram, rounded half up to 3 decimals. */
function meanOf({ count, sumLow, sumHigh }: SparseHistogram): number {
  const mean = (sumHigh / count) * 2 ** 52 + sumLow / count;
  return Math.floor(mean * 1000 + 0.5) / 1000;
}

/**
 * A figure in nanoseconds: exact from a run's document where it stands there, else from the histogram.
 * @returns null without I/Os, undefined where the histogram would be needed and was not kept
 */
export function statOf(
  result: MeasuredResult,
  direction: Direction,
  time: TimeName,
  stat: StatName,
): number | null | undefined {
  const times = result.times[direction];
  if (times === undefined || times.count === 0) return null;
  const summary = result.exact?.[direction][time];
  if (summary !== undefined && summary !== null) {
    const value = summary[`${stat}Ns` as keyof LatencySummary];
    if (value !== undefined) return value;
  }
  const histogram = times[time];
  if (histogram === null) return undefined;
  if (stat === 'mean') return meanOf(histogram);
  if (stat === 'min') return histogram.min;
  if (stat === 'max') return histogram.max;
  return percentilesOf(histogram, [percentileOf(stat)!])[0];
}

/** `database, write-back`, or what there is of it. Not yet fit to be shown: names come from outside. */
export function resultName({ workload, mode }: { readonly workload: string; readonly mode: string }): string {
  return mode === '' ? workload : `${workload}, ${mode}`;
}
