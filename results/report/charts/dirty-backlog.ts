/** Bytes acknowledged but not yet on the SAN, over virtual time. */
import { GIB, KIB, MIB } from '../../../reference/kernel/units.ts';
import type { ReportChart } from '../figure.ts';
import { intervalsPerPoint, timeAxis } from './time-axis.ts';

export const dirtyBacklog: ReportChart = {
  name: 'dirty-backlog',
  figures({ timelines }, workload) {
    const shown = timelines.filter(
      (timeline) => timeline.workload === workload && timeline.dirtyBytesMax.some((bytes) => bytes > 0),
    );
    if (shown.length === 0) return [];
    const spanNs = shown.reduce(
      (most, { intervalNs, intervals }) => Math.max(most, intervalNs * intervals),
      0,
    );
    const mostBytes = shown.reduce(
      (most, { dirtyBytesMax }) => dirtyBytesMax.reduce((a, b) => Math.max(a, b), most),
      0,
    );
    const [unit, unitBytes] =
      mostBytes >= 2 * GIB ? ['GiB', GIB] : mostBytes >= 2 * MIB ? ['MiB', MIB] : ['KiB', KIB];
    const time = timeAxis(spanNs);
    return [
      {
        title: 'Dirty backlog over time',
        caption:
          'The most that was acknowledged to guests but not yet on the SAN within each interval, over all hosts.',
        x: time.axis,
        y: { title: `Dirty data (${unit})`, scale: 'linear', format: 'number', suffix: unit },
        groups: [{ name: 'most in the interval', shown: true }],
        series: shown.map(({ mode, intervalNs, intervals, dirtyBytesMax }) => {
          const points: number[] = [];
          const merged = intervalsPerPoint(intervals);
          for (let i = 0; i < intervals; i += merged) {
            let bytes = 0;
            for (let j = i; j < i + merged && j < intervals; j++) bytes = Math.max(bytes, dirtyBytesMax[j]!);
            points.push(
              time.at((i + merged / 2) * intervalNs),
              Math.floor((bytes / unitBytes) * 1000 + 0.5) / 1000,
            );
          }
          return { mode, group: 'most in the interval', points };
        }),
      },
    ];
  },
};
