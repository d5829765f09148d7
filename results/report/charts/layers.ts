/** IOPS, bandwidth and latency by layer, as FVP's own screens had them: VM observed, local flash, network flash, datastore. */
import { lowestOfIndex, type SparseHistogram } from '../../../reference/kernel/histogram.ts';
import type { LatencyRecording, Timeline } from '../../schema/run-document.ts';
import type { Figure, ReportChart, ReportInput } from '../figure.ts';
import { LATENCY_AXIS } from './latency-axis.ts';
import { axisOf, byteUnit, type GaugeLine, gaugeFigure, mostOf, timelinesOf } from './over-time.ts';

const LAYERS = ['VM observed', 'local flash', 'network flash', 'datastore'] as const;
type Layer = (typeof LAYERS)[number];
/** The layer is what the colour tells; the mode is in the title. */
const GROUPS = [{ name: 'all', shown: true }];

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

function figuresOf(input: ReportInput, timeline: Timeline): Figure[] {
  const time = axisOf([timeline]);
  const lines = (
    values: Readonly<Record<Layer, readonly (number | null)[]>>,
    merge: GaugeLine['merge'],
  ): GaugeLine[] =>
    LAYERS.map((layer) => ({ mode: layer, group: 'all', timeline, values: values[layer], merge }));
  const iops = lines(
    {
      'VM observed': vmIos(input.latencies, timeline),
      'local flash': timeline.flashIos,
      'network flash': timeline.networkFlashIos,
      datastore: timeline.sanIos,
    },
    'rate',
  );
  const bandwidth = lines(
    {
      'VM observed': plus(timeline.vmReadBytes, timeline.vmWriteBytes),
      'local flash': plus(timeline.flashReadBytes, timeline.flashWriteBytes),
      'network flash': timeline.networkBytes,
      datastore: plus(timeline.sanReadBytes, timeline.sanWriteBytes),
    },
    'rate',
  );
  const latency = lines(
    {
      'VM observed': vmMeans(input.latencies, timeline),
      'local flash': means(timeline.localFlashNs, timeline.localFlashIos),
      'network flash': means(timeline.networkFlashNs, timeline.networkFlashIos),
      datastore: means(timeline.datastoreNs, timeline.datastoreIos),
    },
    'mean',
  );
  const [unit, scale] = byteUnit(mostOf(bandwidth, time));
  const { mode } = timeline;
  return [
    ...gaugeFigure(
      {
        title: `Latency by layer, ${mode}`,
        caption:
          'Mean of each interval, as FVP showed it: what the VMs observed, and the layers behind it. Network flash is from the append of a write to the peer’s acknowledgement.',
        y: LATENCY_AXIS,
        groups: GROUPS,
        scale: 1,
      },
      latency,
      time,
    ),
    ...gaugeFigure(
      {
        title: `I/Os per second by layer, ${mode}`,
        caption:
          'Flash and datastore count what FVP does by itself too: filling the cache, replicas, destaging.',
        y: { title: 'I/Os (per second)', scale: 'linear', format: 'number', suffix: '/s' },
        groups: GROUPS,
        scale: 1,
      },
      iops,
      time,
    ),
    ...gaugeFigure(
      {
        title: `Bandwidth by layer, ${mode}`,
        caption:
          'Reads and writes together, over all hosts. Network flash is what replicas and their acknowledgements put on the network.',
        y: { title: `Bandwidth (${unit}/s)`, scale: 'linear', format: 'number', suffix: `${unit}/s` },
        groups: GROUPS,
        scale,
      },
      bandwidth,
      time,
    ),
  ];
}

/** Of the mode with most layers: two replicas, one, or what there is. */
export const layers: ReportChart = {
  name: 'layers',
  part: 'layers',
  figures(input, workload) {
    const timelines = timelinesOf(input, workload);
    const shown = ['write-back+1', 'write-back+2', 'write-back', 'write-through', 'none']
      .map((mode) => timelines.find((timeline) => timeline.mode === mode))
      .find((timeline) => timeline !== undefined);
    const timeline = shown ?? timelines[0];
    return timeline === undefined ? [] : figuresOf(input, timeline);
  },
};
