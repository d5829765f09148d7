/** Fits the empirical device to measurements, and says how well it gives them back. */
import { LatencyHistogram } from '../../kernel/histogram.ts';
import { DEVICE_READ, DEVICE_WRITE } from '../api.ts';
import { histogramQuantile, type LatencyTable } from '../empirical/latency-grid.ts';
import empirical from '../models/empirical.ts';
import { resolveParameters } from '../registry.ts';
import { parseServiceTime, SERVICE_TIME_MAX_NS } from '../service-time.ts';
import { runClosedLoop } from '../theory/device-loop.ts';

/** A distribution that was measured with a constant number of requests under way. */
export interface Measurement extends LatencyTable {
  /** For messages: the file and the job. */
  readonly name: string;
}

export interface EmpiricalFit {
  readonly tables: readonly LatencyTable[];
  /** What was changed on the way; sentences. */
  readonly notes: readonly string[];
}

/** Joins measurements of the same direction, size and depth; latencies above what a model may have are cut. */
export function fitEmpirical(measurements: readonly Measurement[]): EmpiricalFit {
  const notes: string[] = [];
  const joined = new Map<string, { first: Measurement; bins: Map<number, number> }>();
  let cut = 0;
  for (const measurement of measurements) {
    const { operation, sizeBytes, depth } = measurement;
    const key = `${operation} ${sizeBytes} ${depth}`;
    const entry = joined.get(key) ?? { first: measurement, bins: new Map<number, number>() };
    joined.set(key, entry);
    for (const [ns, count] of measurement.histogram) {
      const kept = Math.min(Math.round(ns), SERVICE_TIME_MAX_NS);
      if (kept < ns - 1) cut += count;
      entry.bins.set(kept, (entry.bins.get(kept) ?? 0) + count);
    }
  }
  if (cut > 0) notes.push(`${cut} latencies above 4 s were taken as 4 s`);
  const tables = [...joined.values()]
    .map(({ first, bins }) => ({
      operation: first.operation,
      sizeBytes: first.sizeBytes,
      depth: first.depth,
      histogram: [...bins].sort(([a], [b]) => a - b),
    }))
    .sort(
      (a, b) =>
        Number(a.operation === 'write') - Number(b.operation === 'write') ||
        a.sizeBytes - b.sizeBytes ||
        a.depth - b.depth,
    );
  return { tables, notes };
}

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

const PERCENTILES = [1, 10, 25, 50, 75, 90, 95, 99, 99.9] as const;
/** Requests of a replay: enough for the last percentile. */
const REPLAYED = 200_000;

/** Replays the model in a closed loop of each measurement's depth, and lays the quantiles side by side. */
export function checkFit(tables: readonly LatencyTable[], measurements: readonly Measurement[]): FitCheck[] {
  const written = tables.map(({ operation, sizeBytes: size, depth, histogram }) => ({
    operation,
    size,
    depth,
    histogram,
  }));
  const loaded = { model: empirical, provenance: { from: 'built-in' as const, specifier: 'empirical' } };
  const { parameters } = resolveParameters(loaded, { overrides: { tables: written } });
  return measurements.map((measurement) => {
    const { name, operation, sizeBytes, depth, histogram } = measurement;
    const replayed = new LatencyHistogram();
    const result = runClosedLoop({
      model: empirical,
      parameters,
      seed: 1,
      requests: [
        { operation: operation === 'read' ? DEVICE_READ : DEVICE_WRITE, bytes: sizeBytes, share: 1 },
      ],
      count: REPLAYED,
      customers: depth,
      think: parseServiceTime(0),
      histograms: [replayed],
    });
    const quantileNs = histogramQuantile(histogram);
    const requests = histogram.reduce((sum, [, count]) => sum + count, 0);
    const meanNs = histogram.reduce((sum, [ns, count]) => sum + ns * count, 0) / requests;
    return {
      name,
      operation,
      sizeBytes,
      depth,
      requests,
      quantiles: PERCENTILES.map((percentile) => ({
        percentile,
        measuredNs: quantileNs(percentile / 100),
        modelNs: replayed.percentile(percentile),
      })),
      measuredPerSecond: (depth * 1e9) / meanNs,
      modelPerSecond: result.throughputPerNs * 1e9,
    };
  });
}
