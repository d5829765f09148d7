/** How busy the devices were over virtual time. */
import type { ReportChart } from '../figure.ts';
import { axisOf, type GaugeLine, gaugeFigure, timelinesOf, withFaults } from './over-time.ts';

const DEVICES = [
  ['SAN', 'sanBusyShare'],
  ['flash', 'flashBusyShare'],
  ['network', 'networkBusyShare'],
] as const;

export const utilisation: ReportChart = {
  name: 'utilisation',
  part: 'devices',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload);
    const time = axisOf(timelines);
    const figures = DEVICES.flatMap(([name, gauge]) => {
      const lines: GaugeLine[] = timelines.map((timeline) => ({
        mode: timeline.mode,
        group: 'busy',
        timeline,
        values: timeline[gauge].map((share) => 100 * share),
        merge: 'mean',
      }));
      return gaugeFigure(
        {
          title: `Utilisation of the ${name}`,
          caption:
            name === 'SAN'
              ? 'Busy share of its spindles or servers. A request counts where it begins, so that an interval can pass 100 %.'
              : `Busy share, mean over the hosts' ${name === 'flash' ? 'flash' : 'links'}.`,
          y: { title: 'Busy (%)', scale: 'linear', format: 'number', suffix: '%' },
          groups: [{ name: 'busy', shown: true }],
          scale: 1,
        },
        lines,
        time,
      );
    });
    return withFaults(figures, input, workload, time);
  },
};
