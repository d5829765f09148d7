/**
 * What a guest asks of a virtual disk, and where it comes from. Shared by traces, workloads, bench and the reference.
 */

/** Operations, as small integers for typed columns. */
export const OP_READ = 0;
export const OP_WRITE = 1;
export const OP_FLUSH = 2;
export const OP_DISCARD = 3;
export const OP_NAMES = ['reads', 'writes', 'flushes', 'discards'] as const;

/** Bits of a `flags` column. */
export const FLAG_FUA = 1;
export const FLAG_SYNC = 2;
export const FLAG_META = 4;
export const FLAG_AHEAD = 8;
/** Of an I/O handed to the cluster: its latency is not recorded, as it belongs to a job's ramp or search. */
export const FLAG_UNMEASURED = 16;

/**
 * Rows of a trace in columns; row i is the i-th element of every column. Offsets and lengths are bytes, multiples of
 * 512 and below 2^53; a flush has both 0.
 */
export interface RowBlock {
  /** Rows in use; the columns are longer. */
  length: number;
  /** Nanoseconds since the trace's first row; never falls from row to row. */
  readonly timeNs: Float64Array;
  readonly offset: Float64Array;
  readonly lengthBytes: Float64Array;
  /** Recorded latency in nanoseconds (issue to completion); NaN where the trace has none. */
  readonly latencyNs: Float64Array;
  /** Process or thread that issued the row; -1 where unknown. */
  readonly pid: Int32Array;
  /** Which of the trace's disks, from 0. */
  readonly disk: Uint16Array;
  readonly op: Uint8Array;
  readonly flags: Uint8Array;
}

export function createRowBlock(capacity: number): RowBlock {
  return {
    length: 0,
    timeNs: new Float64Array(capacity),
    offset: new Float64Array(capacity),
    lengthBytes: new Float64Array(capacity),
    latencyNs: new Float64Array(capacity),
    pid: new Int32Array(capacity),
    disk: new Uint16Array(capacity),
    op: new Uint8Array(capacity),
    flags: new Uint8Array(capacity),
  };
}

/** Copies rows of one block into another. */
export function copyRows(from: RowBlock, at: number, to: RowBlock, into: number, count: number): void {
  to.timeNs.set(from.timeNs.subarray(at, at + count), into);
  to.offset.set(from.offset.subarray(at, at + count), into);
  to.lengthBytes.set(from.lengthBytes.subarray(at, at + count), into);
  to.latencyNs.set(from.latencyNs.subarray(at, at + count), into);
  to.pid.set(from.pid.subarray(at, at + count), into);
  to.disk.set(from.disk.subarray(at, at + count), into);
  to.op.set(from.op.subarray(at, at + count), into);
  to.flags.set(from.flags.subarray(at, at + count), into);
}

/** A forward reader over rows already at hand (memory or a local spool), so that a replay never has to wait. */
export interface RowCursor {
  /** The next rows, or undefined at the end. The block is reused by the next call. */
  next(): RowBlock | undefined;
  close(): void;
}

/** What `IoSource.next` answers. */
export const SOURCE_READY = 0;
/** Nothing before `batch.idleUntilNs` unless an I/O completes earlier; ask again then, and after `completed`. */
export const SOURCE_IDLE = 1;
/** Nothing until one of the I/Os handed out completes; ask again after `completed`. */
export const SOURCE_WAIT = 2;
/** Nothing more, ever. */
export const SOURCE_END = 3;
export type SourceAnswer = 0 | 1 | 2 | 3;

/** I/Os handed to the cluster, in columns. */
export class IoBatch {
  readonly capacity: number;
  length = 0;
  /** Set with SOURCE_IDLE. */
  idleUntilNs = 0;
  /**
   * Intended arrival; before `now` of the call only where the source itself is late. Those that lie ahead never fall;
   * those that are late arrive at once, in the batch's order.
   */
  readonly arrivalNs: Float64Array;
  readonly offset: Float64Array;
  readonly lengthBytes: Float64Array;
  /** The source's own number for the I/O, given back by `completed`; any int32. */
  readonly tag: Int32Array;
  readonly disk: Uint16Array;
  readonly op: Uint8Array;
  readonly flags: Uint8Array;

  constructor(capacity = 256) {
    this.capacity = capacity;
    this.arrivalNs = new Float64Array(capacity);
    this.offset = new Float64Array(capacity);
    this.lengthBytes = new Float64Array(capacity);
    this.tag = new Int32Array(capacity);
    this.disk = new Uint16Array(capacity);
    this.op = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
  }
}

/**
 * Where one VM's load comes from: open loop, dependent or closed. Driven by the runtime in virtual time; it must be
 * deterministic and must not read a clock.
 */
export interface IoSource {
  /** Virtual disks the load uses, numbered from 0. */
  readonly disks: number;
  /**
   * True when `completed` must be called for every I/O; an open-loop source says false and is spared the calls.
   */
  readonly wantsCompletions: boolean;
  /**
   * Fills `batch` with at least one I/O and answers SOURCE_READY, or says why there is none now. I/Os may lie in
   * the future of `nowNs`; those of one batch are in order of arrival.
   */
  next(nowNs: number, batch: IoBatch): SourceAnswer;
  /** An I/O with this tag completed. */
  completed(tag: number, nowNs: number): void;
}
