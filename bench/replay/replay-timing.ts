/** How recorded time becomes virtual time, the same for every kind of replay. */
export interface ReplayTiming {
  /** Recorded time runs this many times as fast; above 0. */
  readonly speed: number;
  /** Virtual time of the trace's first row, in integer nanoseconds. */
  readonly startNs: number;
  /** No I/O arrives at or after this virtual time (counted from 0, not from `startNs`); undefined: no limit. */
  readonly durationNs: number | undefined;
}
