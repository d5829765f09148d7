/**
 * The log records of one disk that are not yet released, as a ring indexed by sequence number. The owner and every
 * holder have one. `at(sequence)` is a record's place: `words[at + RECORD_…]` and `numbers[at + RECORD_…]` are its
 * columns.
 */

import { BLOCK_BYTES } from '../index/block-index.ts';

export const RECORD_WRITE = 0;
export const RECORD_DISCARD = 1;
/** A write-through write: in order with the others, but on no log. */
export const RECORD_THROUGH = 2;

const COLUMNS_SHIFT = 3;

/** Flash slots that a record takes: those its blocks need, or those its data and header need, whichever is more. */
export function recordSlots(offset: number, dataBytes: number, headerBytes: number): number {
  const blocks = dataBytes === 0 ? 0 : ((offset & (BLOCK_BYTES - 1)) + dataBytes + BLOCK_BYTES - 1) >>> 12;
  const withHeader = (headerBytes + dataBytes + BLOCK_BYTES - 1) >>> 12;
  return blocks > withHeader ? blocks : withHeader;
}

/** Columns of `words`. */
export const RECORD_KIND = 0;
export const RECORD_SLOT = 1;
/** Flash slots the record takes. */
export const RECORD_SLOTS = 2;
export const RECORD_KEY = 3;
export const RECORD_PAYLOAD = 4;
/**
 * Durable copies still awaited, a bit each: PENDING_LOCAL, and at the owner a bit for each holder. A number that a
 * holder has no record for, or whose append failed, has PENDING_FAILED as well.
 */
export const RECORD_PENDING = 5;
/** Request to complete at commit, -1 for none; the owner's. */
export const RECORD_OP = 6;

/** Bits of the holders that the record is sent to compressed; set where compression is on. */
export const RECORD_COMPRESSED = 7;

/** In RECORD_OP: a write-through write that overlaps one that was in flight when it came. */
export const OVERLAPPING = -2;

/** Bits of RECORD_PENDING; those of holders lie between. */
export const PENDING_LOCAL = 1;
export const PENDING_FAILED = 1 << 30;

/** Columns of `numbers`. */
export const RECORD_OFFSET = 0;
export const RECORD_BYTES = 1;
export const RECORD_PAYLOAD_OFFSET = 2;
/** Newest earlier write to any of the record's blocks; this and the following are the owner's. */
export const RECORD_PREVIOUS = 3;
export const RECORD_APPENDED_NS = 4;
export const RECORD_DURABLE_NS = 5;
/** Bytes appended at this host up to and with this record, for the destage buffer. */
export const RECORD_APPENDED_BYTES = 6;
/** Flash slots that the disk's log has taken up to and with this record. */
export const RECORD_LOG_SLOTS = 7;

export class RecordRing {
  /** Oldest sequence number kept. */
  first = 1;
  /** Sequence number of the next record. */
  next = 1;
  /** Read anew after `place`: the arrays may have grown. */
  words: Int32Array;
  numbers: Float64Array;
  private mask: number;

  /** @param capacity a power of two */
  constructor(capacity = 256) {
    this.mask = capacity - 1;
    this.words = new Int32Array(capacity << COLUMNS_SHIFT);
    this.numbers = new Float64Array(capacity << COLUMNS_SHIFT);
  }

  at(sequence: number): number {
    return (sequence & this.mask) << COLUMNS_SHIFT;
  }

  /** Makes room for the record numbered `sequence`. @returns its place */
  place(sequence: number): number {
    if (sequence - this.first > this.mask) this.grow(sequence);
    if (sequence >= this.next) this.next = sequence + 1;
    return (sequence & this.mask) << COLUMNS_SHIFT;
  }

  /** True while a write-through write is in flight, or was not cached since it overlapped one that was. */
  isUnsettled(sequence: number): boolean {
    const at = this.at(sequence);
    return this.words[at + RECORD_PENDING] !== 0 || this.words[at + RECORD_OP] === OVERLAPPING;
  }

  /** Numbers before `sequence` that have not come yet get places, none of whose copies is there. */
  skipTo(sequence: number): void {
    for (let missing = this.next; missing < sequence; missing++) {
      const at = this.place(missing);
      this.words[at + RECORD_PENDING] = PENDING_LOCAL | PENDING_FAILED;
    }
  }

  /** An empty ring whose first record will be `sequence`. */
  reset(sequence: number): void {
    this.first = sequence;
    this.next = sequence;
  }

  private grow(sequence: number): void {
    const before = this.mask + 1;
    let capacity = before * 2;
    while (sequence - this.first >= capacity) capacity *= 2;
    const words = new Int32Array(capacity << COLUMNS_SHIFT);
    const numbers = new Float64Array(capacity << COLUMNS_SHIFT);
    const end = Math.min(this.next, this.first + before);
    for (let kept = this.first; kept < end; kept++) {
      const from = this.at(kept);
      const to = (kept & (capacity - 1)) << COLUMNS_SHIFT;
      words.set(this.words.subarray(from, from + 8), to);
      numbers.set(this.numbers.subarray(from, from + 8), to);
    }
    this.words = words;
    this.numbers = numbers;
    this.mask = capacity - 1;
  }
}
