/**
 * What must be said beside the numbers of a run: whether the load was too much, whether the gain would last, whether
 * the cache was warm, whether anything was under pressure.
 */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { modeOf } from '../../reference/fvp/mode.ts';
import type { FvpOptions } from '../../reference/fvp/options.ts';
import { formatBytes, formatCount, formatNs, formatPercent, NS_PER_S } from '../../reference/kernel/units.ts';
import type { ModeResult, Timeline, Verdict } from '../../results/schema/run-document.ts';
import { mannKendall } from './mann-kendall.ts';

export interface VerdictInput {
  readonly mode: ModeName;
  /** Every I/O is sent at its recorded time, whatever has completed. */
  readonly openLoop: boolean;
  readonly timeline: Timeline;
  readonly result: Omit<ModeResult, 'verdicts'>;
  /** From the end of the warm-up, where the timeline begins, to the end of the load. */
  readonly measuredNs: number;
  /** Depth of a virtual disk's queue. */
  readonly queueDepth: number;
  /** Most bytes of one destage batch: below that, dirty data is work in hand, not a backlog. */
  readonly batchBytes: number;
  /** Whether a disk came to the mark at which writes are admitted at the destage rate only. */
  readonly highMarkReached: boolean;
  readonly recordedP99Ns: number | null;
  /** Of each job with a rate: how late its I/Os were, in 30 equal parts of its time. */
  readonly lateNsByPart?: readonly { readonly job: string; readonly lateNs: readonly number[] }[];
}

/** I/Os that are late by less are no backlog. Assumed: about the slowest I/O of an array that keeps up. */
const LATE_LEAST_NS = 50e6;
/** Equal parts in which a trend is looked for. design: 10 */
const PARTS = 10;
/** A hit ratio rises when it gains at least this much in the last quarter. Assumed. */
const COLD_GAIN = 0.01;
/** Inflow above the destage rate by less than this is noise of the measurement. Assumed. */
const BURST_MARGIN = 1.05;
/** design: replayed p99 above this many times the recorded one */
const OVERDRIVEN_FACTOR = 2;

/** Share of the load time for which writes were held back, from which the high mark counts as reached. Assumed. */
const THROTTLED_SHARE = 0.1;

/**
 * Whether a disk came to the mark at which writes are admitted at the destage rate only. The peak is known of all disks
 * together; the mark can also lie lower, where draining would take longer than its bound: then writes were held back
 * for long.
 */
export function highMarkReached(
  { destage }: Omit<ModeResult, 'verdicts'>,
  fvp: FvpOptions,
  disks: number,
  loadNs: number,
): boolean {
  if (destage.throttledNs >= loadNs * THROTTLED_SHARE) return true;
  return destage.throttledWrites > 0 && destage.peakDirtyBytes >= disks * fvp.dirtyLimitBytes * fvp.highWater;
}

/** The verdicts on one workload in one mode, in a fixed order. */
export function verdictsOf(input: VerdictInput): Verdict[] {
  return [saturated(input), burst(input), cold(input), noPressure(input), overdriven(input)].filter(
    (verdict) => verdict !== undefined,
  );
}

/** Whole intervals within the measured time: from `from` to `to`, exclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The last interval is left out where the load ended within it. */
function measured({ timeline, measuredNs }: VerdictInput): Span {
  return {
    from: 0,
    to: Math.max(0, Math.min(timeline.intervals, Math.floor(measuredNs / timeline.intervalNs))),
  };
}

/** The last `share` of a span. */
function lastOf({ from, to }: Span, share: number): Span {
  return { from: to - Math.floor((to - from) * share), to };
}

/** Sums of the intervals in ten equal parts; undefined when there are fewer than ten intervals. */
function partSums(values: readonly number[], { from, to }: Span): number[] | undefined {
  if (to - from < PARTS) return undefined;
  const sums = new Array<number>(PARTS).fill(0);
  for (let i = from; i < to; i++) sums[Math.floor(((i - from) * PARTS) / (to - from))]! += values[i]!;
  return sums;
}

function partMeans(values: readonly number[], span: Span): number[] | undefined {
  const sums = partSums(values, span);
  const sizes = partSums(
    values.map(() => 1),
    span,
  );
  return sums?.map((sum, part) => sum / sizes![part]!);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The end and the median of the first third, when a backlog grows; `least` is what is no backlog yet. */
function growth(
  values: readonly number[],
  span: Span,
  least: number,
): { end: number; early: number } | undefined {
  const means = partMeans(values, lastOf(span, 1 / 3));
  if (means === undefined || !mannKendall(means).rises) return undefined;
  const end = means.at(-1)!;
  const early = median(values.slice(span.from, span.from + Math.floor((span.to - span.from) / 3)));
  return end > 2 * early && end > least ? { end, early } : undefined;
}

function saturated(input: VerdictInput): Verdict | undefined {
  const span = measured(input);
  const waiting = growth(input.timeline.outstanding, span, input.queueDepth);
  if (waiting !== undefined) {
    return {
      name: 'saturated',
      why: `the backlog grows to the end: ${formatCount(waiting.end)} I/Os outstanding in the last part, ${formatCount(waiting.early)} in the median of the first third`,
    };
  }
  for (const { job, lateNs } of input.lateNsByPart ?? []) {
    const late = growth(lateNs, { from: 0, to: lateNs.length }, LATE_LEAST_NS);
    if (late === undefined) continue;
    return {
      name: 'saturated',
      why: `the rate of ${job} is not kept: its I/Os were ${formatNs(late.end)} late in the last part, ${formatNs(late.early)} in the median of the first third`,
    };
  }
  const dirty = growth(input.timeline.dirtyBytes, span, input.batchBytes);
  if (dirty === undefined) return undefined;
  return {
    name: 'saturated',
    why: `dirty data grows to the end: ${formatBytes(dirty.end)} in the last part, ${formatBytes(dirty.early)} in the median of the first third`,
  };
}

function burst(input: VerdictInput): Verdict | undefined {
  if (!modeOf(input.mode).writeBack || input.highMarkReached) return undefined;
  const { timeline } = input;
  const { intervalNs, dirtyBytes } = timeline;
  const span = measured(input);
  if (span.to === span.from) return undefined;
  let written = 0;
  for (let i = span.from; i < span.to; i++) written += timeline.vmWriteBytes[i]!;
  let destaged = 0;
  let busy = 0;
  for (let i = span.from + 1; i < span.to; i++) {
    if (dirtyBytes[i - 1]! <= input.batchBytes || dirtyBytes[i]! <= input.batchBytes) continue;
    destaged += timeline.sanWriteBytes[i]!;
    busy++;
  }
  if (busy === 0) return undefined;
  const inflow = (written / (span.to - span.from)) * (NS_PER_S / intervalNs);
  const rate = (destaged / busy) * (NS_PER_S / intervalNs);
  if (inflow <= rate * BURST_MARGIN) return undefined;
  return {
    name: 'burst',
    why: `flash took ${formatBytes(inflow)}/s and the array ${formatBytes(rate)}/s while it had work; the dirty limit was never near, so a longer load would gain less`,
  };
}

function cold(input: VerdictInput): Verdict | undefined {
  if (!modeOf(input.mode).accelerated) return undefined;
  const quarter = lastOf(measured(input), 1 / 4);
  const hits = partSums(input.timeline.hitBytes, quarter);
  const reads = partSums(input.timeline.vmReadBytes, quarter);
  if (hits === undefined || reads === undefined) return undefined;
  const ratios = hits.map((bytes, part) => bytes / reads[part]!).filter((ratio) => !Number.isNaN(ratio));
  if (!mannKendall(ratios).rises) return undefined;
  const half = Math.floor(ratios.length / 2);
  const mean = (some: readonly number[]): number => some.reduce((sum, ratio) => sum + ratio, 0) / some.length;
  const before = mean(ratios.slice(0, half));
  const after = mean(ratios.slice(-half));
  if (after - before < COLD_GAIN) return undefined;
  return {
    name: 'cold',
    why: `the cache still warms up: reads hit ${formatPercent(before)} in the first half of the last quarter, ${formatPercent(after)} in the second`,
  };
}

function noPressure(input: VerdictInput): Verdict | undefined {
  const { flash, destage } = input.result;
  if (!modeOf(input.mode).accelerated || flash.evictedBytes !== 0 || destage.throttledNs !== 0)
    return undefined;
  return {
    name: 'no-pressure',
    why: modeOf(input.mode).writeBack
      ? 'nothing was evicted and no write was throttled: flash and the dirty limit were larger than this load needs'
      : 'nothing was evicted: flash was larger than this load needs',
  };
}

function overdriven(input: VerdictInput): Verdict | undefined {
  const replayed = input.result.all.response?.p99Ns;
  const { openLoop, recordedP99Ns } = input;
  if (!openLoop || replayed === undefined || recordedP99Ns === null) return undefined;
  if (replayed <= OVERDRIVEN_FACTOR * recordedP99Ns) return undefined;
  return {
    name: 'overdriven',
    why: `p99 is ${formatNs(replayed)} and was ${formatNs(recordedP99Ns)} when recorded: the recorded server would have slowed down`,
  };
}
