/** What `fvp bench run` is asked to do, in plain numbers. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import type { openTrace } from '../../traces/open-trace.ts';

export interface BenchRequest {
  /** Files, folders, `-` or shipped names; empty: those of the scenario, or the shipped ones. */
  readonly workloads: readonly string[];
  /** A preset or a file. */
  readonly scenario: string;
  /** `PATH=VALUE`, in place of what the scenario says. */
  readonly settings?: readonly string[];
  /** Undefined: every mode that the scenario can run. */
  readonly modes: readonly ModeName[] | undefined;
  /** Undefined: dependent where the trace records completions, else open. */
  readonly replay: 'open' | 'dependent' | 'closed' | undefined;
  readonly speed: number;
  /** Of a closed loop. */
  readonly iodepth: number | undefined;
  /** Load time that is excluded from every figure. */
  readonly warmupNs: number;
  /** Share of the workload's blocks that flash holds at the start, 0 to 1. */
  readonly preloadFraction: number;
  /** Ends the load. */
  readonly durationNs: number | undefined;
  readonly seed: number;
  readonly format: string | undefined;
  readonly event: 'Q' | 'D';
  /** Passes over lines of a trace that cannot be read, and lists them. */
  readonly lenient?: boolean;
}

/** What is asked for where nothing else is said; the flags of `fvp bench run` have the same defaults. */
export const DEFAULT_REQUEST: Omit<BenchRequest, 'workloads' | 'scenario'> = {
  modes: undefined,
  replay: undefined,
  speed: 1,
  iodepth: undefined,
  warmupNs: 0,
  preloadFraction: 0,
  durationNs: undefined,
  seed: 1,
  format: undefined,
  event: 'D',
};

export interface BenchHooks {
  /** `done` and `total` in the same unit, whatever it is; a total of 0 is not known. */
  onPhase(phase: { readonly text: string; readonly done: number; readonly total: number }): void;
  readonly signal: AbortSignal;
  /** Opens traces in place of `openTrace`, for who replays the same one many times. */
  readonly openTrace?: typeof openTrace;
  /** Threads that may replay at once; what comes out does not depend on it. @default 1 */
  readonly workers?: number;
}
