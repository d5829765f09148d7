/** What was measured of a real device, and how well a model gives it back. */
import { LatencyHistogram } from '../../kernel/histogram.ts';
import { DEVICE_READ, DEVICE_WRITE, type DeviceModel } from '../api.ts';
import { histogramQuantile, type LatencyTable } from '../empirical/latency-grid.ts';
import { parseServiceTime } from '../service-time.ts';
import { runClosedLoop } from '../theory/device-loop.ts';

/** A distribution that was measured with a constant number of requests under way. */
export interface Measurement extends LatencyTable {
  /** For messages: the file and the job. */
  readonly name: string;
  /** Bytes over which its addresses were spread, where that is known. */
  readonly spanBytes?: number;
  /** Why it tells of the model only as a whole, not of single parts: a sequence, a mix of reads and writes. */
  readonly unlikeRandom?: string;
}

/** Where nothing is known of the addresses. Assumed: far beyond any cache. */
const SPAN_BYTES = 2 ** 40;

export interface FitQuantile {
  readonly percentile: number;
  readonly measuredNs: number;
  readonly modelNs: number;
}

export interface FitCheck {
  readonly name: string;
  readonly operation: 'read' | 'write';
  readonly sizeBytes: number;
  readonly depth: number;
  readonly requests: number;
  readonly quantiles: readonly FitQuantile[];
  readonly measuredPerSecond: number;
  readonly modelPerSecond: number;
}

/** A model whose parameters are settled. */
export interface FittedDevice {
  readonly model: DeviceModel<unknown>;
  readonly parameters: unknown;
}

const PERCENTILES = [1, 10, 25, 50, 75, 90, 95, 99, 99.9] as const;
/** Requests of a replay: enough for the last percentile. */
const REPLAYED = 200_000;

export interface Replayed {
  readonly latency: LatencyHistogram;
  readonly perSecond: number;
}

/** Runs a device in a closed loop of a measurement's operation, size, span and depth. @param count requests */
export function replayMeasurement(device: FittedDevice, measurement: Measurement, count: number): Replayed {
  const { operation, sizeBytes, depth, spanBytes = SPAN_BYTES } = measurement;
  const latency = new LatencyHistogram();
  const { throughputPerNs } = runClosedLoop({
    ...device,
    seed: 1,
    requests: [
      {
        operation: operation === 'read' ? DEVICE_READ : DEVICE_WRITE,
        bytes: sizeBytes,
        spanBytes,
        share: 1,
      },
    ],
    count,
    // A write buffer is filled before anything counts.
    warmup: Math.floor(count / 3),
    customers: depth,
    think: parseServiceTime(0),
    histograms: [latency],
  });
  return { latency, perSecond: throughputPerNs * 1e9 };
}

/** Requests per second of a measurement, by Little's law. */
export function measuredPerSecond({ depth, histogram }: Measurement): number {
  const requests = histogram.reduce((sum, [, count]) => sum + count, 0);
  const meanNs = histogram.reduce((sum, [ns, count]) => sum + ns * count, 0) / requests;
  return (depth * 1e9) / meanNs;
}

/** Replays the model at each measurement's size and depth, and lays the quantiles side by side. */
export function checkFit(device: FittedDevice, measurements: readonly Measurement[]): FitCheck[] {
  return measurements.map((measurement) => {
    const { name, operation, sizeBytes, depth, histogram } = measurement;
    const { latency, perSecond } = replayMeasurement(device, measurement, REPLAYED);
    const quantileNs = histogramQuantile(histogram);
    return {
      name,
      operation,
      sizeBytes,
      depth,
      requests: histogram.reduce((sum, [, count]) => sum + count, 0),
      quantiles: PERCENTILES.map((percentile) => ({
        percentile,
        measuredNs: quantileNs(percentile / 100),
        modelNs: latency.percentile(percentile),
      })),
      measuredPerSecond: measuredPerSecond(measurement),
      modelPerSecond: perSecond,
    };
  });
}
