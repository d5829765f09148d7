/** IOPS, bandwidth and latency by layer, as FVP's own screens had them: VM observed, local flash, network flash, datastore. */
import { lowestOfIndex, type SparseHistogram } from '../../../reference/kernel/histogram.ts';
import type { LatencyRecording, Timeline } from '../../schema/run-document.ts';
import type { Axis, Figure, ReportChart, ReportInput } from '../figure.ts';
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

const LAYERS = ['VM observed', 'local flash', 'network flash', 'datastore'] as const;
type Layer = (typeof LAYERS)[number];

/** Guest I/Os that completed in each interval. */
function vmIos(latencies: readonly LatencyRecording[], { workload, mode, intervals }: Timeline): number[] {
  const ios = new Array<number>(intervals).fill(0);
  for (const recording of latencies) {
    if (recording.workload !== workload || recording.mode !== mode) continue;
    for (let i = 0; i < intervals; i++) ios[i]! += recording.response[i]?.count ?? 0;
  }
  return ios;
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i]!);
}

/** Mean of what took `ns` in all; null where nothing did. */
function means(ns: readonly number[], ios: readonly number[]): (number | null)[] {
  return ns.map((value, i) => (ios[i] === 0 ? null : Math.max(1, Math.floor(value / ios[i]!))));
}

/** Sum over the buckets' middles: unlike the exact sum it is the same once the run has been saved and read. */
function bucketSum({ index, counts }: SparseHistogram): number {
  let sum = 0;
  for (let i = 0; i < index.length; i++) {
    const low = lowestOfIndex(index[i]!);
    sum += (low + Math.floor((lowestOfIndex(index[i]! + 1) - low) / 2)) * counts[i]!;
  }
  return sum;
}

/** Mean response time of each interval. */
function vmMeans(
  latencies: readonly LatencyRecording[],
  { workload, mode, intervals }: Timeline,
): (number | null)[] {
  const ns = new Array<number>(intervals).fill(0);
  const ios = new Array<number>(intervals).fill(0);
  for (const recording of latencies) {
    if (recording.workload !== workload || recording.mode !== mode) continue;
    for (let i = 0; i < intervals; i++) {
      const histogram = recording.response[i];
      if (histogram === undefined) continue;
      ns[i]! += bucketSum(histogram);
      ios[i]! += histogram.count;
    }
  }
  return means(ns, ios);
}

type Gauge = (timeline: Timeline, layer: Layer) => readonly (number | null)[];

/** One figure for all modes, of which one is shown at a time: a line for each layer. */
function figureOf(
  input: ReportInput,
  timelines: readonly Timeline[],
  shown: string,
  gauge: Gauge,
  merge: GaugeLine['merge'],
  given: (most: number) => Pick<Figure, 'title' | 'caption'> & { readonly y: Axis; readonly scale: number },
): Figure[] {
  const time = axisOf(timelines);
  const lines = LAYERS.flatMap((layer) =>
    timelines.map(
      (timeline): GaugeLine => ({
        mode: layer,
        group: timeline.mode,
        timeline,
        values: gauge(timeline, layer),
        merge,
      }),
    ),
  );
  const windows = windowsOf(input, timelines[0]!.workload, time)
    .filter(({ kind }) => kind !== 'checkpoint')
    .map(({ mode, ...window }) => (mode === undefined ? window : { ...window, group: mode }));
  const groups = timelines.map(({ mode }) => ({ name: mode, shown: mode === shown }));
  const figures = gaugeFigure({ ...given(mostOf(lines, time)), groups }, lines, time);
  return figures.map((figure) => ({ ...figure, windows, choice: true }));
}

function figuresOf(input: ReportInput, timelines: readonly Timeline[], shown: string): Figure[] {
  const { latencies } = input;
  const latency: Gauge = (timeline, layer) => {
    switch (layer) {
      case 'VM observed':
        return vmMeans(latencies, timeline);
      case 'local flash':
        return means(timeline.localFlashNs, timeline.localFlashIos);
      case 'network flash':
        return means(timeline.networkFlashNs, timeline.networkFlashIos);
      case 'datastore':
        return means(timeline.datastoreNs, timeline.datastoreIos);
    }
  };
  const ios: Gauge = (timeline, layer) => {
    switch (layer) {
      case 'VM observed':
        return vmIos(latencies, timeline);
      case 'local flash':
        return timeline.flashIos;
      case 'network flash':
        return timeline.networkFlashIos;
      case 'datastore':
        return timeline.sanIos;
    }
  };
  const bytes: Gauge = (timeline, layer) => {
    switch (layer) {
      case 'VM observed':
        return plus(timeline.vmReadBytes, timeline.vmWriteBytes);
      case 'local flash':
        return plus(timeline.flashReadBytes, timeline.flashWriteBytes);
      case 'network flash':
        return timeline.networkBytes;
      case 'datastore':
        return plus(timeline.sanReadBytes, timeline.sanWriteBytes);
    }
  };
  return [
    ...figureOf(input, timelines, shown, latency, 'mean', () => ({
      title: 'Latency by layer',
      caption:
        'Mean of each interval, as FVP showed it: what the VMs observed, and the layers behind it. Network flash is from the append of a write to the peer’s acknowledgement.',
      y: LATENCY_AXIS,
      scale: 1,
    })),
    ...figureOf(input, timelines, shown, ios, 'rate', () => ({
      title: 'I/Os per second by layer',
      caption:
        'Flash and datastore count what FVP does by itself too: filling the cache, replicas, destaging.',
      y: { title: 'I/Os (per second)', scale: 'linear', format: 'number', suffix: '/s' },
      scale: 1,
    })),
    ...figureOf(input, timelines, shown, bytes, 'rate', (most) => {
      const [unit, scale] = byteUnit(most);
      return {
        title: 'Bandwidth by layer',
        caption:
          'Reads and writes together, over all hosts. Network flash is what replicas and their acknowledgements put on the network.',
        y: { title: `Bandwidth (${unit}/s)`, scale: 'linear', format: 'number', suffix: `${unit}/s` },
        scale,
      };
    }),
  ];
}

/** Shown first is the mode with most layers: a replica, or what there is. */
export const layers: ReportChart = {
  name: 'layers',
  part: 'layers',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload);
    if (timelines.length === 0) return [];
    const shown = ['write-back+1', 'write-back+2', 'write-back', 'write-through'].find((mode) =>
      timelines.some((timeline) => timeline.mode === mode),
    );
    return figuresOf(input, timelines, shown ?? timelines[0]!.mode);
  },
};
