/** How the columns of a text or record format become rows: what each holds, and in which unit. */

/**
 * - `time`: when the I/O was issued; `latency`: from issue to completion
 * - `offset`, `length`: where and how much; `block`: a name of an object that offsets count in
 * - `op`: a word; `flags`: a hexadecimal number whose lowest bit is set for reads
 * - `disk`, `pid`
 * - `count`: how many times the request came
 * - `skip`: not used
 */
export type ColumnRole =
  | 'time'
  | 'offset'
  | 'length'
  | 'latency'
  | 'pid'
  | 'count'
  | 'op'
  | 'flags'
  | 'disk'
  | 'block'
  | 'skip';

/** What a word in an `op` column means; `none` is left out and counted. */
export type OpWord = 'read' | 'write' | 'flush' | 'discard' | 'none';

export interface Column {
  readonly role: ColumnRole;
  /** Nanoseconds (time, latency) or bytes (offset, length, block) in 1; 1 without it. */
  readonly unit?: number;
  /** Names in a header line, any of which it may have; without them the column's place counts. */
  readonly names?: readonly string[];
  /** Words of an `op` column; a word that ends in `*` stands for all that begin like it. */
  readonly words?: Readonly<Record<string, OpWord>>;
  /** A `disk` column: how many fields make up the name, joined by `_`. */
  readonly fields?: number;
  /** The field may be empty, or its column absent from the header. */
  readonly optional?: boolean;
}

export interface TextLayout {
  /** One byte; a blank stands for any run of blanks and tabs. */
  readonly separator: string;
  readonly columns: readonly Column[];
  /** True when more fields may follow. */
  readonly more: boolean;
  /** The columns' places are told by a header line, wherever one comes. */
  readonly named: boolean;
  /** Bytes at the start of lines that hold no row. */
  readonly comment?: string;
  /** Lines between two rows that are no rows are passed over and counted. */
  readonly spurious?: boolean;
  /** Rows have no time: they stand this many nanoseconds apart. */
  readonly stepNs?: number;
}

/** Words as most formats have them. */
export const READ_WRITE: Readonly<Record<string, OpWord>> = {
  R: 'read',
  W: 'write',
  r: 'read',
  w: 'write',
  Read: 'read',
  Write: 'write',
  read: 'read',
  write: 'write',
  READ: 'read',
  WRITE: 'write',
};

/** The simulators' flag. */
export const ONE_READS: Readonly<Record<string, OpWord>> = { 1: 'read', 0: 'write' };
/** The clouds' flag. */
export const ZERO_READS: Readonly<Record<string, OpWord>> = { 0: 'read', 1: 'write' };
