/**
 * The controller's memory: lines of equal size, found by (unit, line number), each with a mask of the pages it holds
 * and a mask of those that are dirty. Clean lines are evicted by second chance (CLOCK); dirty lines and lines that a
 * prefetch is filling stay. Everything is in typed arrays sized by the configured capacity.
 *
 * Over gigabytes every access to a line is a miss of the processor's cache. So lines are found by groups of
 * neighbours: a group's row says where its lines are and which of them are listed for destaging, so that nothing is
 * read of lines that are not wanted; and what a look-up reads of a line is kept apart from the rest.
 */
import { hash2 } from '../../kernel/random.ts';

/** Bytes a mask bit stands for. */
export const PAGE_BYTES = 4096;
const TWO_32 = 2 ** 32;

/** Lines of a group, a power of two. */
const GROUP_BITS = 3;
const GROUP_LINES = 1 << GROUP_BITS;
const GROUP_MASK = GROUP_LINES - 1;
/** A group's row: words per row, and what each holds. */
const GROUP_WORDS = 4 + GROUP_LINES;
/** The key: the first line's number modulo 2^32; the unit and the rest of the number. */
const GROUP_LOW = 0;
const GROUP_HIGH = 1;
/** Bit i: the line in place i is listed. */
const GROUP_LISTED = 2;
/** Lines of the group in the cache. In a free group: the next free one, or -1. */
const GROUP_COUNT = 3;
/** From here on, for each place, the line + 1, or 0. */
const GROUP_FIRST = 4;

/** Groups that the table has room for at first, a power of two: a small table is a fast one. */
const TABLE_INITIAL = 1024;

/** An address of 2^53 has numbers of 41 bits. */
const NUMBER_HIGH_BITS = 9;
const NUMBER_HIGH_MASK = (1 << NUMBER_HIGH_BITS) - 1;

export class LineCache {
  readonly lineBytes: number;
  readonly capacity: number;
  /** Pages held; bit i is page i. */
  readonly valid: Uint32Array;
  /** Pages not yet on the spindles. */
  readonly dirty: Uint32Array;
  /** 1 while a destage of the line is under way. */
  readonly destaging: Uint8Array;
  /** The operation that is filling the line, + 1; 0 when none is. */
  readonly filling: Int32Array;
  evictions = 0;
  /** GROUP_LINES times the line's group, + its place in the group. */
  private readonly places: Int32Array;
  private readonly referenced: Uint8Array;
  private readonly groups: Int32Array;
  /** Group + 1, or 0, by the hash of its key. At most half full. */
  private table = new Int32Array(2 * TABLE_INITIAL);
  private groupCount = 0;
  private used = 0;
  private groupsUsed = 0;
  private freeGroup = -1;
  /** The group found last: often the next one sought is the same. -1: none. */
  private lastGroup = -1;
  private hand = 0;

  constructor(capacity: number, lineBytes: number) {
    this.capacity = capacity;
    this.lineBytes = lineBytes;
    this.valid = new Uint32Array(capacity);
    this.dirty = new Uint32Array(capacity);
    this.destaging = new Uint8Array(capacity);
    this.filling = new Int32Array(capacity);
    this.places = new Int32Array(capacity);
    this.referenced = new Uint8Array(capacity);
    this.groups = new Int32Array(GROUP_WORDS * capacity);
  }

  /** @returns the line's index, or -1 */
  find(unit: number, number: number): number {
    const group = this.findGroup((number | 0) & ~GROUP_MASK, highWord(unit, number));
    if (group < 0) return -1;
    return this.groups[GROUP_WORDS * group + GROUP_FIRST + (number & GROUP_MASK)]! - 1;
  }

  /** Finds a line that is listed. @returns its index, or -1 */
  findListed(unit: number, number: number): number {
    const group = this.findGroup((number | 0) & ~GROUP_MASK, highWord(unit, number));
    if (group < 0) return -1;
    const row = GROUP_WORDS * group;
    const place = number & GROUP_MASK;
    if (((this.groups[row + GROUP_LISTED]! >>> place) & 1) === 0) return -1;
    return this.groups[row + GROUP_FIRST + place]! - 1;
  }

  /** Whether `findListed` finds the line; it starts as not listed. */
  setListed(line: number, listed: boolean): void {
    const place = this.places[line]!;
    const at = GROUP_WORDS * (place >>> GROUP_BITS) + GROUP_LISTED;
    const bit = 1 << (place & GROUP_MASK);
    this.groups[at] = listed ? this.groups[at]! | bit : this.groups[at]! & ~bit;
  }

  unitOf(line: number): number {
    const place = this.places[line]!;
    return this.groups[GROUP_WORDS * (place >>> GROUP_BITS) + GROUP_HIGH]! >>> NUMBER_HIGH_BITS;
  }

  /** Line number within the unit: address / lineBytes. */
  numberOf(line: number): number {
    const { groups } = this;
    const place = this.places[line]!;
    const row = GROUP_WORDS * (place >>> GROUP_BITS);
    const low = (groups[row + GROUP_LOW]! | (place & GROUP_MASK)) >>> 0;
    return (groups[row + GROUP_HIGH]! & NUMBER_HIGH_MASK) * TWO_32 + low;
  }

  /** Marks a line as recently used. */
  touch(line: number): void {
    this.referenced[line] = 1;
  }

  /** Finds a line or makes room for it. @returns its index, or -1 when every line is dirty or being filled */
  take(unit: number, number: number): number {
    const { groups } = this;
    const low = (number | 0) & ~GROUP_MASK;
    const high = highWord(unit, number);
    const found = this.findGroup(low, high);
    const place = number & GROUP_MASK;
    if (found >= 0) {
      const line = groups[GROUP_WORDS * found + GROUP_FIRST + place]! - 1;
      if (line >= 0) {
        this.referenced[line] = 1;
        return line;
      }
    }
    const line = this.used < this.capacity ? this.used++ : this.evict();
    if (line < 0) return -1;
    // The line evicted may have been the last of the group found.
    const group = this.findGroup(low, high);
    const into = group >= 0 ? group : this.addGroup(low, high);
    groups[GROUP_WORDS * into + GROUP_FIRST + place] = line + 1;
    groups[GROUP_WORDS * into + GROUP_COUNT]!++;
    this.places[line] = GROUP_LINES * into + place;
    this.referenced[line] = 0;
    this.valid[line] = 0;
    return line;
  }

  /** Mask of the pages of a line that [start, end) touches; both are bytes within the line. */
  pages(start: number, end: number): number {
    const first = start >>> 12;
    const last = (end - 1) >>> 12;
    return ((0xffffffff >>> (31 - last)) & (0xffffffff << first)) >>> 0;
  }

  private evict(): number {
    const { dirty, destaging, filling, referenced } = this;
    // Two rounds: the first may only clear reference bits.
    for (let step = 2 * this.capacity; step > 0; step--) {
      const line = this.hand;
      this.hand = line + 1 === this.capacity ? 0 : line + 1;
      if (dirty[line] !== 0 || destaging[line] !== 0 || filling[line] !== 0) continue;
      if (referenced[line] !== 0) {
        referenced[line] = 0;
        continue;
      }
      this.evictions++;
      this.remove(line);
      return line;
    }
    return -1;
  }

  /** Takes a line out of its group, and the group away if it was its last. */
  private remove(line: number): void {
    const { groups } = this;
    const place = this.places[line]!;
    const group = place >>> GROUP_BITS;
    groups[GROUP_WORDS * group + GROUP_FIRST + (place & GROUP_MASK)] = 0;
    if (--groups[GROUP_WORDS * group + GROUP_COUNT]! === 0) this.removeGroup(group);
  }

  // ---- The table of groups ----

  private findGroup(low: number, high: number): number {
    const { groups, table } = this;
    const mask = table.length - 1;
    const last = this.lastGroup;
    if (
      last >= 0 &&
      groups[GROUP_WORDS * last + GROUP_LOW] === low &&
      groups[GROUP_WORDS * last + GROUP_HIGH] === high
    ) {
      return last;
    }
    for (let at = hash2(high, low) & mask; ; at = (at + 1) & mask) {
      const group = table[at]! - 1;
      if (group < 0) return -1;
      const row = GROUP_WORDS * group;
      if (groups[row + GROUP_LOW] === low && groups[row + GROUP_HIGH] === high) {
        this.lastGroup = group;
        return group;
      }
    }
  }

  private addGroup(low: number, high: number): number {
    const { groups } = this;
    if (2 * ++this.groupCount > this.table.length) this.growTable();
    const group = this.freeGroup >= 0 ? this.freeGroup : this.groupsUsed++;
    const row = GROUP_WORDS * group;
    if (this.freeGroup >= 0) this.freeGroup = groups[row + GROUP_COUNT]!;
    groups[row + GROUP_LOW] = low;
    groups[row + GROUP_HIGH] = high;
    groups[row + GROUP_LISTED] = 0;
    groups[row + GROUP_COUNT] = 0;
    this.enter(group);
    this.lastGroup = group;
    return group;
  }

  private enter(group: number): void {
    const { table } = this;
    const mask = table.length - 1;
    let at = this.homeOf(group);
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = group + 1;
  }

  private growTable(): void {
    const old = this.table;
    this.table = new Int32Array(2 * old.length);
    for (let at = 0; at < old.length; at++) if (old[at] !== 0) this.enter(old[at]! - 1);
  }

  /** Takes a group out of the table, moving later entries of its chain back. */
  private removeGroup(group: number): void {
    const { groups, table } = this;
    const mask = table.length - 1;
    let hole = this.homeOf(group);
    while (table[hole] !== group + 1) hole = (hole + 1) & mask;
    let at = hole;
    for (;;) {
      at = (at + 1) & mask;
      const entry = table[at]!;
      if (entry === 0) break;
      if (((at - this.homeOf(entry - 1)) & mask) >= ((at - hole) & mask)) {
        table[hole] = entry;
        hole = at;
      }
    }
    table[hole] = 0;
    this.groupCount--;
    groups[GROUP_WORDS * group + GROUP_COUNT] = this.freeGroup;
    this.freeGroup = group;
    this.lastGroup = -1;
  }

  private homeOf(group: number): number {
    const row = GROUP_WORDS * group;
    return hash2(this.groups[row + GROUP_HIGH]!, this.groups[row + GROUP_LOW]!) & (this.table.length - 1);
  }
}

function highWord(unit: number, number: number): number {
  return (unit << NUMBER_HIGH_BITS) | ((number / TWO_32) | 0);
}
