/** Which blocks of a file have been used, so that a random job touches each once per pass. */

/** A bit per block, and above it a bit per full word, up to one word. */
export class RandomMap {
  readonly blocks: number;
  /** From blocks to the root; a set bit says: used, or every bit below is. */
  private readonly levels: Uint32Array[] = [];

  /** @param blocks 1 to 2^32 */
  constructor(blocks: number) {
    this.blocks = blocks;
    for (let count = blocks; ; ) {
      count = Math.ceil(count / 32);
      this.levels.push(new Uint32Array(count));
      if (count === 1) break;
    }
    this.clear();
  }

  clear(): void {
    let count = this.blocks;
    for (const level of this.levels) {
      level.fill(0);
      // What lies behind the end is never free.
      if (count % 32 !== 0) level[level.length - 1] = (0xffffffff << (count % 32)) >>> 0;
      count = level.length;
    }
  }

  isUsed(block: number): boolean {
    return (this.levels[0]![Math.floor(block / 32)]! & (1 << (block % 32))) !== 0;
  }

  /** Marks up to `count` blocks as used, ending before the first that is. @returns how many it marked */
  use(block: number, count: number): number {
    let marked = 0;
    for (let at = block; marked < count && at < this.blocks && !this.isUsed(at); at++) {
      this.mark(at);
      marked++;
    }
    return marked;
  }

  /** The next free block behind `block`, from the start again after the end; -1 when all are used. */
  nextFree(block: number): number {
    const from = block + 1 === this.blocks ? 0 : block + 1;
    const found = this.freeFrom(from);
    return found < 0 && from !== 0 ? this.freeFrom(0) : found;
  }

  private mark(block: number): void {
    let at = block;
    for (const level of this.levels) {
      const word = Math.floor(at / 32);
      level[word] = (level[word]! | (1 << (at % 32))) >>> 0;
      if (level[word] !== 0xffffffff) return;
      at = word;
    }
  }

  /** The first free block at or behind `block`; -1 without one. */
  private freeFrom(block: number): number {
    const { levels } = this;
    let at = block;
    let level = 0;
    // Up until a word has something free at or behind the place.
    for (;;) {
      const words = levels[level]!;
      const word = Math.floor(at / 32);
      if (word >= words.length) return -1;
      const free = ~words[word]! & (0xffffffff << (at % 32));
      if (free !== 0) {
        at = word * 32 + trailingZeros(free);
        break;
      }
      if (++level === levels.length) return -1;
      at = word + 1;
    }
    // Down to the first free bit below it.
    while (level > 0) {
      level--;
      at = at * 32 + trailingZeros(~levels[level]![at]!);
    }
    return at;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/**
 * A shift register that visits every number below its bound once in a pass, without memory.
 * @source fio lib/lfsr.c (without spins); the taps are those of Xilinx XAPP 052
 */
export class ShiftRegister {
  private readonly bound: number;
  private readonly topBit: number;
  private readonly taps: number;
  private readonly start: number;
  private value: number;
  private given = 0;
  private first = true;

  /** @param bound 1 to 2^32 - 1 */
  constructor(bound: number, seed: number) {
    this.bound = bound;
    let width = 3;
    while (2 ** width <= bound) width++;
    this.topBit = (1 << (width - 1)) >>> 0;
    this.taps = TAPS[width - 3]!.reduce((mask, tap) => mask | (1 << (tap - 1)), 0) >>> 0;
    const mask = (this.topBit * 2 - 1) >>> 0;
    // The state of all ones is its own successor.
    this.start = (seed & mask) >>> 0 === mask ? 0 : (seed & mask) >>> 0;
    this.value = this.start;
  }

  reset(): void {
    this.given = 0;
    this.value = this.start;
  }

  /** The next number; -1 when all have been given. */
  next(): number {
    if (this.given++ >= this.bound) return -1;
    // As in fio, the first step of all is a double one.
    if (this.first) this.step();
    this.first = false;
    do this.step();
    while (this.value >= this.bound);
    return this.value;
  }

  private step(): void {
    const { value } = this;
    this.value = (((value >>> 1) | this.topBit) ^ (((value & 1) - 1) & this.taps)) >>> 0;
  }
}

/** By width, from 3 bits to 32. */
const TAPS: readonly (readonly number[])[] = [
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 5],
  [7, 6],
  [8, 6, 5, 4],
  [9, 5],
  [10, 7],
  [11, 9],
  [12, 6, 4, 1],
  [13, 4, 3, 1],
  [14, 5, 3, 1],
  [15, 14],
  [16, 15, 13, 4],
  [17, 14],
  [18, 11],
  [19, 6, 2, 1],
  [20, 17],
  [21, 19],
  [22, 21],
  [23, 18],
  [24, 23, 22, 17],
  [25, 22],
  [26, 6, 2, 1],
  [27, 5, 2, 1],
  [28, 25],
  [29, 27],
  [30, 6, 4, 1],
  [31, 28],
  [32, 31, 29, 1],
];
