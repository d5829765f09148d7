/** What the charts of latency share. */
import type { LatencyKind } from '../../schema/run-document.ts';
import type { Axis } from '../figure.ts';

export const KIND_TITLES: Readonly<Record<LatencyKind, string>> = {
  reads: 'Read latency',
  writes: 'Write latency',
  flushes: 'Flush latency',
};

export const LATENCY_AXIS: Axis = {
  title: 'Latency (log scale)',
  scale: 'log',
  format: 'ns',
};
