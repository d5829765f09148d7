/** What the gauges of a run say of flash and SAN under pressure: when they filled, what was possible then, the peaks. */
import { NS_PER_S } from '../../reference/kernel/units.ts';
import type { ModeResult, Timeline } from '../../results/schema/run-document.ts';

export interface Pressure {
  /** Times and rates are exact to an interval. */
  readonly intervalNs: number;
  /** From the warm-up's end to the last I/O. */
  readonly loadNs: number;
  /** By when the cache first gave something up: it was full. null: it never was. */
  readonly cacheFullNs: number | null;
  /** By when a write was first held back for want of room for dirty data. null: never. */
  readonly dirtyFullNs: number | null;
  /** Guests' writes from that interval to the end of the load. */
  readonly sustainedWriteBytesPerSecond: number | null;
  readonly sustainedWriteNs: number | null;
  readonly guestReadBytes: number;
  readonly guestWriteBytes: number;
  /** Of any second (or interval, where that is longer). */
  readonly peakWriteBytesPerSecond: number;
  readonly peakSanIops: number;
  readonly peakSanBytesPerSecond: number;
  readonly meanSanIops: number;
  readonly meanSanBytesPerSecond: number;
}

/** All over the load; what is drained after it counts for no rate. */
export function pressureOf(timeline: Timeline, result: ModeResult): Pressure {
  const { intervalNs } = timeline;
  const loadNs = Math.max(1, result.virtualNs - result.destage.drainNs);
  const intervals = Math.min(timeline.intervals, Math.max(1, Math.floor(loadNs / intervalNs)));
  const within = (values: readonly number[]): readonly number[] => values.slice(0, intervals);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const perSecond = NS_PER_S / (intervals * intervalNs);
  const first = (values: readonly number[]): number | null => {
    const index = within(values).findIndex((value) => value > 0);
    return index < 0 ? null : (index + 1) * intervalNs;
  };
  const dirtyFullNs = first(timeline.throttledNs);
  const after = dirtyFullNs === null ? [] : within(timeline.vmWriteBytes).slice(dirtyFullNs / intervalNs - 1);
  const sanBytes = timeline.sanReadBytes.map((bytes, i) => bytes + timeline.sanWriteBytes[i]!);
  const peak = (values: readonly number[]): number => peakPerSecond(within(values), intervalNs);
  return {
    intervalNs,
    loadNs,
    cacheFullNs: first(timeline.evictedBytes),
    dirtyFullNs,
    sustainedWriteBytesPerSecond:
      after.length === 0 ? null : (sum(after) / (after.length * intervalNs)) * NS_PER_S,
    sustainedWriteNs: after.length === 0 ? null : after.length * intervalNs,
    guestReadBytes: sum(timeline.vmReadBytes),
    guestWriteBytes: sum(timeline.vmWriteBytes),
    peakWriteBytesPerSecond: peak(timeline.vmWriteBytes),
    peakSanIops: peak(timeline.sanIos),
    peakSanBytesPerSecond: peak(sanBytes),
    meanSanIops: sum(within(timeline.sanIos)) * perSecond,
    meanSanBytesPerSecond: sum(within(sanBytes)) * perSecond,
  };
}

/** The busiest second: the most of any run of intervals that is at least a second long, as a rate. */
function peakPerSecond(values: readonly number[], intervalNs: number): number {
  const width = Math.min(values.length, Math.max(1, Math.ceil(NS_PER_S / intervalNs)));
  let sum = 0;
  let most = 0;
  for (const [i, value] of values.entries()) {
    sum += value - (i >= width ? values[i - width]! : 0);
    if (i >= width - 1) most = Math.max(most, sum);
  }
  return most * (NS_PER_S / (width * intervalNs));
}
