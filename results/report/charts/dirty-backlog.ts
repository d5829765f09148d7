/** Bytes acknowledged but not yet on the SAN, and how long the oldest of them waited, over virtual time. */
import type { ReportChart } from '../figure.ts';
import { LATENCY_AXIS } from './latency-axis.ts';
import {
  axisOf,
  byteUnit,
  type GaugeLine,
  gaugeFigure,
  mostOf,
  timelinesOf,
  windowsOf,
} from './over-time.ts';

const GROUP = 'most in the interval';
const GROUPS = [{ name: GROUP, shown: true }];

export const dirtyBacklog: ReportChart = {
  name: 'dirty-backlog',
  part: 'destaging',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload).filter(({ dirtyBytesMax }) =>
      dirtyBytesMax.some((bytes) => bytes > 0),
    );
    const time = axisOf(timelines);
    const line = (gauge: 'dirtyBytesMax' | 'timeToDestageNsMax'): GaugeLine[] =>
      timelines.map((timeline) => ({
        mode: timeline.mode,
        group: GROUP,
        timeline,
        values:
          gauge === 'dirtyBytesMax' ? timeline[gauge] : timeline[gauge].map((ns) => (ns === 0 ? null : ns)),
        merge: 'most',
      }));
    const dirty = line('dirtyBytesMax');
    const [unit, scale] = byteUnit(mostOf(dirty, time));
    const windows = windowsOf(input, workload, time).filter(({ kind }) => kind !== 'checkpoint');
    return [
      ...gaugeFigure(
        {
          title: 'Dirty backlog over time',
          caption:
            'The most that was acknowledged to guests but not yet on the SAN within each interval, over all hosts.',
          y: { title: `Dirty data (${unit})`, scale: 'linear', format: 'number', suffix: unit },
          groups: GROUPS,
          scale,
        },
        dirty,
        time,
      ),
      ...gaugeFigure(
        {
          title: 'Time to destage',
          caption:
            'The longest time between the acknowledgement of a write and its release from the log, of the writes released in each interval.',
          y: LATENCY_AXIS,
          groups: GROUPS,
          scale: 1,
        },
        line('timeToDestageNsMax'),
        time,
      ),
    ].map((figure) => ({ ...figure, windows }));
  },
};
