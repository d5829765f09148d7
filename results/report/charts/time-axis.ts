/** The x axis of everything that is drawn over virtual time. */
import { NS_PER_S } from '../../../reference/kernel/units.ts';
import type { Axis } from '../figure.ts';

/** Points of a line over time: more than that no screen can tell apart. */
export const POINTS_MAX = 240;

export interface TimeAxis {
  readonly axis: Axis;
  /** Nanoseconds as a number on this axis, with three decimals. */
  at(ns: number): number;
}

/** Seconds for runs up to ten minutes, minutes up to ten hours, hours beyond. @param spanNs length of the run */
export function timeAxis(spanNs: number): TimeAxis {
  const [unit, unitNs] =
    spanNs <= 600 * NS_PER_S
      ? ['s', NS_PER_S]
      : spanNs <= 36_000 * NS_PER_S
        ? ['min', 60 * NS_PER_S]
        : ['h', 3600 * NS_PER_S];
  return {
    axis: {
      title: `Virtual time since the start (${unit})`,
      scale: 'linear',
      format: 'number',
      suffix: unit,
    },
    at: (ns) => Math.floor((ns / unitNs) * 1000 + 0.5) / 1000,
  };
}

/** How many neighbouring intervals share one point. */
export function intervalsPerPoint(intervals: number): number {
  return Math.max(1, Math.ceil(intervals / POINTS_MAX));
}
