/** Fits the empirical device to measurements: their histograms, joined. */
import type { LatencyTable } from '../empirical/latency-grid.ts';
import empirical from '../models/empirical.ts';
import { resolveParameters } from '../registry.ts';
import { SERVICE_TIME_MAX_NS } from '../service-time.ts';
import type { FittedDevice, Measurement } from './measurement.ts';

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

/** The empirical device with these tables. */
export function empiricalDevice(tables: readonly LatencyTable[]): FittedDevice {
  const written = tables.map(({ operation, sizeBytes: size, depth, histogram }) => ({
    operation,
    size,
    depth,
    histogram,
  }));
  const loaded = { model: empirical, provenance: { from: 'built-in' as const, specifier: 'empirical' } };
  const { parameters } = resolveParameters(loaded, { overrides: { tables: written } });
  return { model: empirical, parameters };
}
