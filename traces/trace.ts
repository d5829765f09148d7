/** An opened trace. */
import type { RowCursor } from '../reference/kernel/io.ts';
import type { TraceSummary } from './stats/trace-summary.ts';

export interface Trace {
  /** Base name without suffixes. */
  readonly name: string;
  readonly summary: TraceSummary;
  /** By number of disk. */
  readonly diskNames: readonly string[];
  /** What a person should know of the reading, one sentence each. */
  readonly warnings: readonly string[];
  /** Where it comes from, as far as a store says. */
  readonly provenance?: Readonly<Record<string, string>>;
  /** A reader of its own over all rows, from the first; the block it gives is reused by its next call. */
  cursor(): RowCursor;
  /** Frees memory and temporary file. */
  close(): void;
}
