/**
 * An LRU stack by time stamps: everything on it has a position, the most recent the highest, and the depth of one is
 * how many lie above it. A bitmap of positions with counts of its chunks in a Fenwick tree: pushing costs a bit, a
 * depth about twenty additions, whatever the stack holds.
 *
 * @source Bennett and Kruskal, "LRU stack processing" (1975); Fenwick, "A new data structure for cumulative frequency
 * tables" (1994)
 */

const CHUNK_BITS = 7;
const CHUNK = 1 << CHUNK_BITS;
const WORDS_PER_CHUNK = CHUNK / 32;

export class StackPositions {
  /** How many things are on the stack. */
  live = 0;
  /** The position that the next thing gets. */
  top = 0;
  private capacity: number;
  private bits: Int32Array;
  /** Counts of whole chunks below the one that `top` is in; 1-based. */
  private tree: Int32Array;

  constructor(capacity = 16 * CHUNK) {
    this.capacity = capacity;
    this.bits = new Int32Array(capacity / 32);
    this.tree = new Int32Array(capacity / CHUNK + 1);
  }

  /** Whether `count` more fit; `compact` makes room. */
  hasRoom(count: number): boolean {
    return this.top + count <= this.capacity;
  }

  /** Puts `count` things on top, in order. @returns the position of the first */
  push(count: number): number {
    const first = this.top;
    for (let left = count; left > 0; ) {
      const bit = this.top & 31;
      const room = Math.min(32 - bit, left);
      this.bits[this.top >>> 5]! |= room === 32 ? -1 : ((1 << room) - 1) << bit;
      this.top += room;
      left -= room;
      if ((this.top & (CHUNK - 1)) === 0) this.closeChunk((this.top >>> CHUNK_BITS) - 1);
    }
    this.live += count;
    return first;
  }

  /** How many lie above a position. */
  above(position: number): number {
    return this.live - this.upTo(position);
  }

  /** Takes `count` things with positions in a row off the stack. */
  remove(first: number, count: number): void {
    const open = this.top >>> CHUNK_BITS;
    for (let position = first, left = count; left > 0; ) {
      const bit = position & 31;
      const room = Math.min(32 - bit, left);
      this.bits[position >>> 5]! &= ~(room === 32 ? -1 : ((1 << room) - 1) << bit);
      const chunk = position >>> CHUNK_BITS;
      if (chunk < open) this.add(chunk, -room);
      position += room;
      left -= room;
    }
    this.live -= count;
  }

  /**
   * Numbers everything anew from 0, without gaps, in the same order, and makes room for as much again.
   * @param renumber called with the function that gives the new position of an old one
   */
  compact(renumber: (newPosition: (position: number) => number) => void): void {
    const { bits } = this;
    const before = new Int32Array(bits.length);
    let sum = 0;
    for (let word = 0; word < bits.length; word++) {
      before[word] = sum;
      sum += ones(bits[word]!);
    }
    const end = this.top;
    renumber((position) =>
      position === end
        ? sum
        : before[position >>> 5]! + ones(bits[position >>> 5]! & ((1 << (position & 31)) - 1)),
    );
    while (2 * this.live > this.capacity) this.capacity *= 2;
    this.bits = new Int32Array(this.capacity / 32);
    this.tree = new Int32Array(this.capacity / CHUNK + 1);
    this.live = 0;
    this.top = 0;
    this.push(sum);
  }

  /**
   * The position at this depth: 0 is the top of the stack.
   * @param depth below `live`
   */
  atDepth(depth: number): number {
    let rank = this.live - depth;
    let chunk = 0;
    const chunks = this.tree.length - 1;
    for (let step = 1 << (31 - Math.clz32(chunks)); step > 0; step >>>= 1) {
      const next = chunk + step;
      if (next <= chunks && next <= this.top >>> CHUNK_BITS && this.tree[next]! < rank) {
        chunk = next;
        rank -= this.tree[next]!;
      }
    }
    let word = chunk * WORDS_PER_CHUNK;
    for (;;) {
      const inWord = ones(this.bits[word]!);
      if (inWord >= rank) break;
      rank -= inWord;
      word++;
    }
    let left = this.bits[word]!;
    for (; rank > 1; rank--) left &= left - 1;
    return word * 32 + 31 - Math.clz32(left & -left);
  }

  private upTo(position: number): number {
    const chunk = position >>> CHUNK_BITS;
    let sum = 0;
    for (let at = chunk; at > 0; at &= at - 1) sum += this.tree[at]!;
    const last = position >>> 5;
    for (let word = chunk * WORDS_PER_CHUNK; word < last; word++) sum += ones(this.bits[word]!);
    const bit = position & 31;
    return sum + ones(this.bits[last]! & (bit === 31 ? -1 : (1 << (bit + 1)) - 1));
  }

  private closeChunk(chunk: number): void {
    let count = 0;
    for (let word = chunk * WORDS_PER_CHUNK; word < (chunk + 1) * WORDS_PER_CHUNK; word++)
      count += ones(this.bits[word]!);
    this.add(chunk, count);
  }

  private add(chunk: number, count: number): void {
    const { tree } = this;
    for (let at = chunk + 1; at < tree.length; at += at & -at) tree[at]! += count;
  }
}

/** Bits set in a word. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
