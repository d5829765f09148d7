/**
 * Bencher Metric Format: `{ benchmark: { measure: { value } } }`, for `bencher run --adapter json`.
 * @source bencher.dev, reference "Bencher Metric Format (BMF) JSON"
 */
import type { Measured } from '../compare/measured.ts';
import { plainText } from '../report/plain-text.ts';
import { metricRows } from './metric-rows.ts';

/** Longest name of a benchmark. @source bencher.dev: resource names are of 1 to 64 characters, benchmarks up to 1,024 */
const NAME_LENGTH = 1024;

/** Measures are `latency-p99` and the like, in nanoseconds. */
export function bencherMetrics(measured: Measured): string {
  const benchmarks = new Map<string, Record<string, { value: number }>>();
  for (const { workload, mode, direction, stat, ns } of metricRows(measured)) {
    const name = plainText(`${workload}/${mode}:${direction}`, NAME_LENGTH);
    const measures = benchmarks.get(name) ?? {};
    measures[`latency-${stat.replace('.', '-')}`] = { value: ns };
    benchmarks.set(name, measures);
  }
  return `${JSON.stringify(Object.fromEntries(benchmarks), null, 2)}\n`;
}
