/** Latency by percentile on an axis of nines: each further nine takes the same room. */
import { slug } from '../../../reference/kernel/units.ts';
import { writeTotalsHlog } from '../../hdr/hlog.ts';
import { mergeAll, percentilesOf } from '../../hdr/summary.ts';
import { LATENCY_KINDS, type LatencyKind, type LatencyRecording } from '../../schema/run-document.ts';
import type { Axis, ReportChart, Series } from '../figure.ts';
import { hlogFileName, KIND_TITLES, LATENCY_AXIS } from './latency-axis.ts';

/** Twenty steps of about equal ratio within a factor ten, in hundredths. */
const STEPS = [
  100, 112, 126, 141, 158, 178, 200, 224, 251, 282, 316, 355, 400, 447, 500, 562, 631, 708, 800, 891,
];

/** The x values below `count`: 1 / (1 - p) for p from 0; 10 is the 90th percentile, 100 the 99th. */
function positions(count: number): number[] {
  const found: number[] = [];
  for (let decade = 1; decade < count; decade *= 10) {
    for (const step of STEPS) {
      const x = (step * decade) / 100;
      if (x < count) found.push(x);
    }
  }
  return found;
}

/** Points of one curve: x is 1 / (1 - p), y nanoseconds; empty without values. */
export function percentileCurve(histograms: Parameters<typeof mergeAll>[0]): number[] {
  const all = mergeAll(histograms);
  if (all.count === 0) return [];
  const at = positions(all.count);
  const values = percentilesOf(
    all,
    at.map((x) => 100 * (1 - 1 / x)),
  );
  const points: number[] = [];
  for (let i = 0; i < at.length; i++) points.push(at[i]!, Math.max(1, values[i]!));
  points.push(all.count, Math.max(1, all.max));
  return points;
}

/** The whole run's histograms of one kind, tagged with mode and time. */
function totalsOf(latencies: readonly LatencyRecording[], workload: string, kind: LatencyKind): string {
  const own = latencies.filter((recording) => recording.workload === workload && recording.kind === kind);
  return writeTotalsHlog(
    own.flatMap(({ mode, response, service }) => [
      [`${slug(mode)}.response`, mergeAll(response)] as const,
      [`${slug(mode)}.service`, mergeAll(service)] as const,
    ]),
    own.reduce((most, { intervalNs, response }) => Math.max(most, intervalNs * response.length), 0),
  );
}

export const PERCENTILE_AXIS: Axis = {
  title: 'Percentile of all I/Os (%)',
  scale: 'log',
  format: 'percentile',
};

export const percentileCurves: ReportChart = {
  name: 'percentile-curves',
  part: 'latency',
  figures({ latencies }, workload) {
    return LATENCY_KINDS.flatMap((kind) => {
      const series: Series[] = [];
      for (const recording of latencies) {
        if (recording.workload !== workload || recording.kind !== kind) continue;
        const { mode } = recording;
        const response = percentileCurve(recording.response);
        if (response.length === 0) continue;
        series.push({ mode, group: 'response time', points: response });
        series.push({ mode, group: 'service time', points: percentileCurve(recording.service) });
      }
      if (series.length === 0) return [];
      return [
        {
          title: `${KIND_TITLES[kind]} by percentile`,
          caption:
            'Read it from the right: at 99.9 % one I/O in a thousand takes longer than the line. The last point is the slowest of all.',
          x: PERCENTILE_AXIS,
          y: LATENCY_AXIS,
          groups: [
            { name: 'response time', shown: true },
            { name: 'service time', shown: false },
          ],
          series,
          files: [{ name: hlogFileName(workload, kind), text: totalsOf(latencies, workload, kind) }],
        },
      ];
    });
  },
};
