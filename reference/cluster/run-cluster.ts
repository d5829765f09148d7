/**
 * Runs one workload through one mode on one scenario, in virtual time.
 *
 * The run advances in slices, so that the caller can show progress, yield to the event loop and stop it; the result
 * does not depend on how it is sliced.
 */
import type { SparseHistogram } from '../kernel/histogram.ts';
import type { LatencyHistogram } from '../kernel/histogram.ts';
import type { IoSource, RowCursor } from '../kernel/io.ts';
import type { ModeName } from '../fvp/mode.ts';
import type { ResolvedScenario } from './scenario/resolved.ts';

export interface VmLoad {
  readonly source: IoSource;
  /** Virtual disks of this VM, as many as the source uses. */
  readonly disks: number;
}

export interface RunOptions {
  readonly mode: ModeName;
  readonly seed: number;
  /** Virtual time from the start of load that is excluded from every figure. */
  readonly warmupNs: number;
  /** Most I/Os of a virtual disk under way at once. @default 64 */
  readonly queueDepth: number;
  /** What flash holds at the start: rows whose blocks are in the cache, for each VM. */
  readonly preload?: ((vm: number) => RowCursor) | undefined;
  /** Share of the preload rows' 4 KiB blocks that is cached, 0 to 1. */
  readonly preloadFraction: number;
  /** Stops the load (not the drain) after this much virtual time. */
  readonly durationNs?: number | undefined;
}

/** Latencies of one VM and kind of operation. */
export interface KindResult {
  readonly response: LatencyHistogram;
  readonly service: LatencyHistogram;
}

export interface IntervalResult {
  readonly intervalNs: number;
  readonly intervals: number;
  /** By kind (OP_READ, OP_WRITE, OP_FLUSH), then by interval, merged over VMs. */
  readonly response: readonly (readonly SparseHistogram[])[];
  readonly service: readonly (readonly SparseHistogram[])[];
  /** Gauges and counts by interval; names as in the timeline of the run documents. */
  readonly gauges: Readonly<Record<string, Float64Array>>;
}
