/** What replicas put on the network over virtual time. */
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

export const replication: ReportChart = {
  name: 'replication',
  part: 'devices',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload);
    const time = axisOf(timelines);
    const lines: GaugeLine[] = timelines.map((timeline) => ({
      mode: timeline.mode,
      group: 'sent',
      timeline,
      values: timeline.networkBytes,
      merge: 'rate',
    }));
    const [unit, scale] = byteUnit(mostOf(lines, time));
    const figures = gaugeFigure(
      {
        title: 'Replication traffic',
        caption: 'Everything the hosts sent to each other: records for peers, acknowledgements, releases.',
        y: { title: `Sent (${unit}/s)`, scale: 'linear', format: 'number', suffix: `${unit}/s` },
        groups: [{ name: 'sent', shown: true }],
        scale,
      },
      lines,
      time,
    );
    return withFaults(figures, input, workload, time);
  },
};
