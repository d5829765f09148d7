/** Small multiples: each VM's response times by percentile, all modes over each other. */
import { LATENCY_KINDS, type LatencyKind, type LatencySummary } from '../../schema/run-document.ts';
import { resultsOf } from '../comparison.ts';
import type { Figure, ReportChart } from '../figure.ts';
import { LATENCY_AXIS } from './latency-axis.ts';
import { PERCENTILE_AXIS } from './percentile-curves.ts';

/** 1 / (1 - p) of the percentiles that stand in the document. */
const PLACES: readonly (readonly [keyof LatencySummary, number])[] = [
  ['minNs', 1],
  ['p50Ns', 2],
  ['p90Ns', 10],
  ['p95Ns', 20],
  ['p99Ns', 100],
  ['p99.9Ns', 1000],
  ['p99.99Ns', 10_000],
];
/** More small charts than this no page can hold; the table by VM has them all. Assumed. */
const VMS_MAX = 16;

function points(count: number, summary: LatencySummary): number[] {
  const within = PLACES.filter(([, x]) => x < count).flatMap(([key, x]) => [x, Math.max(1, summary[key])]);
  return [...within, count, Math.max(1, summary.maxNs)];
}

function figureOf(vm: string, kind: LatencyKind, series: Figure['series']): Figure {
  return {
    title: `${vm}: ${kind}`,
    caption: 'Response time by percentile.',
    x: PERCENTILE_AXIS,
    y: LATENCY_AXIS,
    groups: [{ name: 'response time', shown: true }],
    small: true,
    series,
  };
}

export const vmCurves: ReportChart = {
  name: 'vm-curves',
  part: 'vms',
  figures({ document }, workload) {
    const results = resultsOf(document, workload);
    const names = (results[0]?.vms ?? []).map(({ name }) => name);
    if (names.length < 2) return [];
    return LATENCY_KINDS.filter((kind) => kind !== 'flushes').flatMap((kind) =>
      names.slice(0, VMS_MAX).flatMap((name) => {
        const series = results.flatMap(({ mode, vms }) => {
          const latencies = vms.find((vm) => vm.name === name)?.[kind];
          const response = latencies?.response ?? null;
          return response === null
            ? []
            : [{ mode, group: 'response time', points: points(latencies!.count, response) }];
        });
        return series.length === 0 ? [] : [figureOf(name, kind, series)];
      }),
    );
  },
};
