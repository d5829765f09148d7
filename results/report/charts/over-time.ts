/** What the charts of gauges over virtual time share. */
import { GIB, KIB, MIB, NS_PER_S } from '../../../reference/kernel/units.ts';
import type { Timeline } from '../../schema/run-document.ts';
import type { Axis, Figure, FigureWindow, ReportInput, Series } from '../figure.ts';
import { intervalsPerPoint, type TimeAxis, timeAxis } from './time-axis.ts';

/** How the values of neighbouring intervals become one point. */
export type Merge = 'sum' | 'most' | 'mean';

export interface GaugeLine {
  readonly mode: string;
  readonly group: string;
  readonly timeline: Timeline;
  /** By interval; null where there is nothing to show. */
  readonly values: readonly (number | null)[];
  /** 'rate' divides the sum by the time. */
  readonly merge: Merge | 'rate';
}

/** Three decimals are more than a screen can show. */
function rounded(value: number): number {
  return Math.floor(value * 1000 + 0.5) / 1000;
}

function merged(
  values: readonly (number | null)[],
  from: number,
  to: number,
  merge: GaugeLine['merge'],
  intervalNs: number,
): number | null {
  let sum = 0;
  let most = 0;
  let count = 0;
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    sum += value;
    most = Math.max(most, value);
    count++;
  }
  if (count === 0) return null;
  switch (merge) {
    case 'most':
      return most;
    case 'mean':
      return sum / count;
    case 'rate':
      return (sum / (count * intervalNs)) * NS_PER_S;
    case 'sum':
      return sum;
  }
}

export function timelinesOf(input: ReportInput, workload: string): Timeline[] {
  return input.timelines.filter((timeline) => timeline.workload === workload);
}

/** The axis that fits the longest of them. */
export function axisOf(timelines: readonly Timeline[]): TimeAxis {
  return timeAxis(
    timelines.reduce((most, { intervalNs, intervals }) => Math.max(most, intervalNs * intervals), 0),
  );
}

export function seriesOf(lines: readonly GaugeLine[], time: TimeAxis, scale: number): Series[] {
  return lines.map(({ mode, group, timeline, values, merge }) => {
    const { intervalNs, intervals } = timeline;
    const points: (number | null)[] = [];
    const each = intervalsPerPoint(intervals);
    for (let i = 0; i < intervals; i += each) {
      const value = merged(values, i, Math.min(intervals, i + each), merge, intervalNs);
      points.push(time.at((i + each / 2) * intervalNs), value === null ? null : rounded(value / scale));
    }
    return { mode, group, points };
  });
}

/** The unit in which bytes up to `most` are easily read. */
export function byteUnit(most: number): readonly [unit: string, bytes: number] {
  return most >= 2 * GIB ? ['GiB', GIB] : most >= 2 * MIB ? ['MiB', MIB] : ['KiB', KIB];
}

/** Largest value of the lines once merged, for the choice of a unit. */
export function mostOf(lines: readonly GaugeLine[], time: TimeAxis): number {
  return seriesOf(lines, time, 1).reduce(
    (most, { points }) =>
      points.reduce((a: number, value, i) => (i % 2 === 1 ? Math.max(a, value ?? 0) : a), most),
    0,
  );
}

/** What is shaded: the windows that were given, throttling, and intervals with checkpoints. */
export function windowsOf(input: ReportInput, workload: string, time: TimeAxis): FigureWindow[] {
  const windows: FigureWindow[] = (input.windows ?? [])
    .filter((window) => window.workload === workload)
    .map(({ mode, fromNs, untilNs, kind, label }) => ({
      kind,
      label,
      from: time.at(fromNs),
      until: time.at(untilNs),
      ...(mode === undefined ? {} : { mode }),
    }));
  for (const timeline of timelinesOf(input, workload)) {
    const { mode, intervalNs, intervals } = timeline;
    for (const [kind, gauge] of [
      ['throttle', timeline.throttledNs],
      ['checkpoint', timeline.checkpoints],
    ] as const) {
      for (let i = 0; i < intervals; i++) {
        if (gauge[i] === 0) continue;
        const from = i;
        while (i < intervals && gauge[i]! > 0) i++;
        windows.push({
          kind,
          label: kind,
          mode,
          from: time.at(from * intervalNs),
          until: time.at(i * intervalNs),
        });
      }
    }
  }
  return windows;
}

/** Shades the faults alone. */
export function withFaults(
  figures: readonly Figure[],
  input: ReportInput,
  workload: string,
  time: TimeAxis,
): Figure[] {
  const windows = windowsOf(input, workload, time).filter(({ kind }) => kind === 'fault');
  return figures.map((figure) => ({ ...figure, windows }));
}

export function gaugeFigure(
  given: Pick<Figure, 'title' | 'caption' | 'groups'> & { readonly y: Axis; readonly scale: number },
  lines: readonly GaugeLine[],
  time: TimeAxis,
): Figure[] {
  const { scale, ...figure } = given;
  const shown = lines.filter(({ values }) => values.some((value) => value !== null && value > 0));
  return shown.length === 0 ? [] : [{ ...figure, x: time.axis, series: seriesOf(shown, time, scale) }];
}
