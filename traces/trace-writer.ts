/**
 * Forms in which a trace can be written: one file in `writers/` holds one, `writer-table.ts` lists them. A writer is
 * told of the trace, then given its rows in order of time, and at last asked what its form could not hold.
 */
import type { RowBlock } from '../reference/kernel/io.ts';

/** Takes bytes in order: a file under a temporary name, or standard output. */
export interface ByteSink {
  /**
   * Takes all of `bytes`; they are the caller's again on return.
   * @throws IoError
   */
  write(bytes: Uint8Array): void;
}

/** What a writer knows of the trace before its first row. */
export interface WrittenTrace {
  readonly name: string;
  /** By number of disk; every disk a row may name. */
  readonly diskNames: readonly string[];
  /** Where the rows come from (inputs, format, what was cut or changed), for forms that hold metadata. */
  readonly provenance: Readonly<Record<string, string>>;
  /** What a person should know of the reading, one sentence each. */
  readonly warnings: readonly string[];
}

/** Something of the trace that a form has no place for. */
export interface Loss {
  /** A sentence with `#` where the count stands. */
  readonly sentence: string;
  readonly count: number;
}

export interface RowSink {
  /** Takes rows in order of time; the block is the caller's again on return. @throws IoError */
  write(block: RowBlock): void;
  /** Writes what must stand at the end. @returns what the form could not hold. @throws IoError */
  finish(): readonly Loss[];
}

export interface TraceWriter {
  /** As a person types it after `--to`. */
  readonly name: string;
  /** Endings of file names that choose this form without `--to`, such as `.arrow`; none where others share them. */
  readonly suffixes: readonly string[];
  /** What of a row the form has no place for, in few words; empty when it holds everything. */
  readonly lacks: string;
  /** A promise where a library is loaded first. */
  open(trace: WrittenTrace, bytes: ByteSink): RowSink | Promise<RowSink>;
}
