/** p50 and p99 of the response time over virtual time. */
import { mergeAll, percentilesOf } from '../../hdr/summary.ts';
import { LATENCY_KINDS, type LatencyRecording } from '../../schema/run-document.ts';
import type { ReportChart, Series } from '../figure.ts';
import { hlogFileName, KIND_TITLES, LATENCY_AXIS } from './latency-axis.ts';
import { windowsOf } from './over-time.ts';
import { intervalsPerPoint, type TimeAxis, timeAxis } from './time-axis.ts';

function lines({ mode, intervalNs, response }: LatencyRecording, time: TimeAxis): Series[] {
  const p50: (number | null)[] = [];
  const p99: (number | null)[] = [];
  const merged = intervalsPerPoint(response.length);
  for (let i = 0; i < response.length; i += merged) {
    const histogram = merged === 1 ? response[i]! : mergeAll(response.slice(i, i + merged));
    const x = time.at((i + merged / 2) * intervalNs);
    const [median, tail] = percentilesOf(histogram, [50, 99]);
    p50.push(x, histogram.count === 0 ? null : Math.max(1, median!));
    p99.push(x, histogram.count === 0 ? null : Math.max(1, tail!));
  }
  return [
    { mode, group: 'p99', points: p99 },
    { mode, group: 'p50', points: p50 },
  ];
}

export const latencyOverTime: ReportChart = {
  name: 'latency-over-time',
  part: 'latency',
  figures(input, workload) {
    const { latencies } = input;
    return LATENCY_KINDS.flatMap((kind) => {
      const recordings = latencies.filter(
        (recording) =>
          recording.workload === workload &&
          recording.kind === kind &&
          recording.response.some(({ count }) => count > 0),
      );
      if (recordings.length === 0) return [];
      const spanNs = recordings.reduce(
        (most, { intervalNs, response }) => Math.max(most, intervalNs * response.length),
        0,
      );
      const time = timeAxis(spanNs);
      return [
        {
          title: `${KIND_TITLES[kind]} over time`,
          caption:
            'Response time of each interval: the thin line is the median, the thick one the 99th percentile.',
          x: time.axis,
          windows: windowsOf(input, workload, time),
          y: LATENCY_AXIS,
          groups: [
            { name: 'p99', shown: true },
            { name: 'p50', shown: true },
          ],
          series: recordings.flatMap((recording) => lines(recording, time)),
          files: [{ name: hlogFileName(workload, kind) }],
        },
      ];
    });
  },
};
