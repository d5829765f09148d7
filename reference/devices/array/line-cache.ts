/**
 * The controller's memory: lines of equal size, found by (unit, line number), each with a mask of the pages it holds
 * and a mask of those that are dirty. Clean lines are evicted by second chance (CLOCK); dirty lines and lines that a
 * prefetch is filling stay. Everything is in typed arrays sized by the configured capacity.
 *
 * Over gigabytes every access to a line is a miss of the processor's cache. So what an operation needs of a line lies
 * in one row; the table holds hashes, so that only the right line's row is read; and neighbouring lines are
 * neighbours in the table, where a bit says which are listed for destaging.
 */
import { hash2 } from '../../kernel/random.ts';

/** Bytes a mask bit stands for. */
export const PAGE_BYTES = 4096;
const TWO_32 = 2 ** 32;

/** A line's row: words per row, and what each holds. */
export const LINE_WORDS = 8;
/** Pages held; bit i is page i. */
export const LINE_VALID = 0;
/** Next and previous line of the list in which a spindle's dirty lines stand. */
export const LINE_NEXT = 1;
export const LINE_PREVIOUS = 2;
/** Next line of the same destage. */
export const LINE_JOB_NEXT = 3;
/** The line number modulo 2^32; above it, the unit and the rest of the number. */
const LINE_LOW = 4;
const LINE_HIGH = 5;
const LINE_HASH = 6;
const LINE_REFERENCED = 7;

/** An address of 2^53 has numbers of 41 bits. */
const NUMBER_HIGH_BITS = 9;
/** Lines next to each other that the table keeps together: its entries of them fill a line of the CPU's cache. */
const GROUP_BITS = 3;
const GROUP_MASK = (1 << GROUP_BITS) - 1;
/** The bit of a table entry that says the line is listed. */
const LISTED = 1 << 31;

export class LineCache {
  readonly lineBytes: number;
  readonly capacity: number;
  /** LINE_WORDS for each line. */
  readonly rows: Int32Array;
  /** Pages not yet on the spindles. */
  readonly dirty: Uint32Array;
  /** 1 while a destage of the line is under way. */
  readonly destaging: Uint8Array;
  /** The operation that is filling the line, + 1; 0 when none is. */
  readonly filling: Int32Array;
  evictions = 0;
  /** Pairs: a line + 1 and perhaps LISTED, or 0; the hash of its key. */
  private readonly table: Int32Array;
  private readonly mask: number;
  private used = 0;
  private hand = 0;

  constructor(capacity: number, lineBytes: number) {
    this.capacity = capacity;
    this.lineBytes = lineBytes;
    this.rows = new Int32Array(LINE_WORDS * capacity);
    this.dirty = new Uint32Array(capacity);
    this.destaging = new Uint8Array(capacity);
    this.filling = new Int32Array(capacity);
    let size = 16;
    while (size < 2 * capacity) size *= 2;
    this.table = new Int32Array(2 * size);
    this.mask = size - 1;
  }

  /** @returns the line's index, or -1 */
  find(unit: number, number: number): number {
    const low = number | 0;
    const high = highWord(unit, number);
    return this.search(low, high, hashOf(low, high));
  }

  /** Finds a line that is listed, without a look at the rows of lines that are not. @returns its index, or -1 */
  findListed(unit: number, number: number): number {
    const low = number | 0;
    const high = highWord(unit, number);
    const hash = hashOf(low, high);
    const { table, mask } = this;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = table[2 * at]!;
      if (entry === 0) return -1;
      if (entry > 0 || table[2 * at + 1] !== hash) continue;
      const line = (entry & ~LISTED) - 1;
      if (this.isLine(line, low, high)) return line;
    }
  }

  /** Whether `findListed` finds the line; it starts as not listed. */
  setListed(line: number, listed: boolean): void {
    const at = 2 * this.position(line);
    this.table[at] = listed ? this.table[at]! | LISTED : this.table[at]! & ~LISTED;
  }

  unitOf(line: number): number {
    return this.rows[LINE_WORDS * line + LINE_HIGH]! >>> NUMBER_HIGH_BITS;
  }

  /** Line number within the unit: address / lineBytes. */
  numberOf(line: number): number {
    const { rows } = this;
    const row = LINE_WORDS * line;
    return (rows[row + LINE_HIGH]! & ((1 << NUMBER_HIGH_BITS) - 1)) * TWO_32 + (rows[row + LINE_LOW]! >>> 0);
  }

  /** Marks a line as recently used. */
  touch(line: number): void {
    this.rows[LINE_WORDS * line + LINE_REFERENCED] = 1;
  }

  /** Finds a line or makes room for it. @returns its index, or -1 when every line is dirty or being filled */
  take(unit: number, number: number): number {
    const low = number | 0;
    const high = highWord(unit, number);
    const hash = hashOf(low, high);
    const found = this.search(low, high, hash);
    if (found >= 0) {
      this.rows[LINE_WORDS * found + LINE_REFERENCED] = 1;
      return found;
    }
    const line = this.used < this.capacity ? this.used++ : this.evict();
    if (line < 0) return -1;
    const { rows, table, mask } = this;
    const row = LINE_WORDS * line;
    rows[row + LINE_LOW] = low;
    rows[row + LINE_HIGH] = high;
    rows[row + LINE_HASH] = hash;
    rows[row + LINE_VALID] = 0;
    rows[row + LINE_REFERENCED] = 0;
    let at = hash & mask;
    while (table[2 * at] !== 0) at = (at + 1) & mask;
    table[2 * at] = line + 1;
    table[2 * at + 1] = hash;
    return line;
  }

  /** Mask of the pages of a line that [start, end) touches; both are bytes within the line. */
  pages(start: number, end: number): number {
    const first = start >>> 12;
    const last = (end - 1) >>> 12;
    return ((0xffffffff >>> (31 - last)) & (0xffffffff << first)) >>> 0;
  }

  private search(low: number, high: number, hash: number): number {
    const { table, mask } = this;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = table[2 * at]!;
      if (entry === 0) return -1;
      if (table[2 * at + 1] !== hash) continue;
      const line = (entry & ~LISTED) - 1;
      if (this.isLine(line, low, high)) return line;
    }
  }

  private isLine(line: number, low: number, high: number): boolean {
    const row = LINE_WORDS * line;
    return this.rows[row + LINE_LOW] === low && this.rows[row + LINE_HIGH] === high;
  }

  private evict(): number {
    const { rows, dirty, destaging, filling } = this;
    // Two rounds: the first may only clear reference bits.
    for (let step = 2 * this.capacity; step > 0; step--) {
      const line = this.hand;
      this.hand = line + 1 === this.capacity ? 0 : line + 1;
      if (dirty[line] !== 0 || destaging[line] !== 0 || filling[line] !== 0) continue;
      const row = LINE_WORDS * line;
      if (rows[row + LINE_REFERENCED] !== 0) {
        rows[row + LINE_REFERENCED] = 0;
        continue;
      }
      this.evictions++;
      this.remove(line);
      return line;
    }
    return -1;
  }

  /** Takes a line out of the table, moving later entries of its chain back. */
  private remove(line: number): void {
    const { table, mask } = this;
    let hole = this.position(line);
    let at = hole;
    for (;;) {
      at = (at + 1) & mask;
      const entry = table[2 * at]!;
      if (entry === 0) break;
      const hash = table[2 * at + 1]!;
      if (((at - hash) & mask) >= ((at - hole) & mask)) {
        table[2 * hole] = entry;
        table[2 * hole + 1] = hash;
        hole = at;
      }
    }
    table[2 * hole] = 0;
  }

  /** Where a line stands in the table. */
  private position(line: number): number {
    const { table, mask } = this;
    let at = this.rows[LINE_WORDS * line + LINE_HASH]! & mask;
    while ((table[2 * at]! & ~LISTED) !== line + 1) at = (at + 1) & mask;
    return at;
  }
}

function highWord(unit: number, number: number): number {
  return (unit << NUMBER_HIGH_BITS) | ((number / TWO_32) | 0);
}

/** Equal but for the lowest bits where lines are of one group; those lowest bits are the line's within it. */
function hashOf(low: number, high: number): number {
  return (hash2(high, low >>> GROUP_BITS) & ~GROUP_MASK) | (low & GROUP_MASK);
}
