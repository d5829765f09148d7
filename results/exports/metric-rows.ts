/** The latencies of results as rows, which the formats for other tools are made of. */
import { DIRECTIONS, type Direction, type Measured, statOf } from '../compare/measured.ts';

/** What other tools are given of each direction. */
const STATS = ['mean', 'p50', 'p99', 'p99.9', 'max'] as const;

export interface MetricRow {
  readonly workload: string;
  readonly mode: string;
  readonly direction: Direction;
  readonly stat: string;
  readonly ns: number;
}

export function metricRows(measured: Measured, stats: readonly string[] = STATS): MetricRow[] {
  return measured.results.flatMap((result) =>
    DIRECTIONS.filter((direction) => direction !== 'all' || result.times.reads === undefined).flatMap(
      (direction) =>
        stats.flatMap((stat) => {
          const ns = statOf(result, direction, 'response', stat);
          return ns === null || ns === undefined
            ? []
            : [{ workload: result.workload, mode: result.mode, direction, stat, ns }];
        }),
    ),
  );
}
