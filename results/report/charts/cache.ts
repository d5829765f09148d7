/** How the cache does: share of read bytes that flash served, and what was evicted, over virtual time. */
import type { Timeline } from '../../schema/run-document.ts';
import type { ReportChart } from '../figure.ts';
import {
  axisOf,
  byteUnit,
  type GaugeLine,
  gaugeFigure,
  mostOf,
  timelinesOf,
  withFaults,
} from './over-time.ts';

/** Reads are few in many intervals: the ratio is of a window of this many. Assumed. */
const WINDOW = 8;

function hitPercent({ hitBytes, vmReadBytes, intervals }: Timeline): (number | null)[] {
  return Array.from({ length: intervals }, (_, i) => {
    let hit = 0;
    let read = 0;
    for (let j = Math.max(0, i - WINDOW + 1); j <= i; j++) {
      hit += hitBytes[j]!;
      read += vmReadBytes[j]!;
    }
    return read === 0 ? null : (100 * hit) / read;
  });
}

export const cache: ReportChart = {
  name: 'cache',
  part: 'cache',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload).filter(({ mode }) => mode !== 'none');
    const time = axisOf(timelines);
    const line = (
      values: (timeline: Timeline) => readonly (number | null)[],
      group: string,
      merge: GaugeLine['merge'],
    ) =>
      timelines.map((timeline) => ({
        mode: timeline.mode,
        group,
        timeline,
        values: values(timeline),
        merge,
      }));
    const evicted = line(({ evictedBytes }) => evictedBytes, 'evicted', 'rate');
    const [unit, scale] = byteUnit(mostOf(evicted, time));
    const figures = [
      ...gaugeFigure(
        {
          title: 'Hit ratio over time',
          caption: `Share of read bytes that flash served, of the last ${WINDOW} intervals. Hits count reads only: a low ratio can go with fully accelerated writes.`,
          y: { title: 'Read bytes served by flash (%)', scale: 'linear', format: 'number', suffix: '%' },
          groups: [{ name: 'hit', shown: true }],
          scale: 1,
        },
        line(hitPercent, 'hit', 'mean'),
        time,
      ),
      ...gaugeFigure(
        {
          title: 'Eviction over time',
          caption: 'Clean data that had to make room in flash.',
          y: { title: `Evicted (${unit}/s)`, scale: 'linear', format: 'number', suffix: `${unit}/s` },
          groups: [{ name: 'evicted', shown: true }],
          scale,
        },
        evicted,
        time,
      ),
    ];
    return withFaults(figures, input, workload, time);
  },
};
