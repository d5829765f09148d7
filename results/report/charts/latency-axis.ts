/** What the charts of latency share. */
import { slug } from '../../../reference/kernel/units.ts';
import type { LatencyKind } from '../../schema/run-document.ts';
import type { Axis } from '../figure.ts';

export const KIND_TITLES: Readonly<Record<LatencyKind, string>> = {
  reads: 'Read latency',
  writes: 'Write latency',
  flushes: 'Flush latency',
};

/** The whole run's histograms of one kind, for tools that read HdrHistogram's logs. */
export function hlogFileName(workload: string, kind: LatencyKind): string {
  return `${slug(workload)}.${kind}.hlog`;
}

export const LATENCY_AXIS: Axis = {
  title: 'Latency (log scale)',
  scale: 'log',
  format: 'ns',
};
