/**
 * The controller's memory: lines of equal size, found by (unit, line number), each with a mask of the pages it holds
 * and a mask of those that are dirty. Clean lines are evicted by second chance (CLOCK); dirty lines and lines that a
 * prefetch is filling stay. Everything is in typed arrays sized by the configured capacity.
 */
import { hash2 } from '../../kernel/random.ts';

/** Bytes a mask bit stands for. */
export const PAGE_BYTES = 4096;
/** Lines of one unit have numbers below this, so that unit and number fit one exact double. */
const UNIT_SPAN = 2 ** 37;
const TWO_32 = 2 ** 32;

export class LineCache {
  readonly lineBytes: number;
  readonly capacity: number;
  readonly unit: Int32Array;
  /** Line number within the unit: address / lineBytes. */
  readonly number: Float64Array;
  /** Pages held; bit i is page i. */
  readonly valid: Uint32Array;
  /** Pages not yet on the spindles. */
  readonly dirty: Uint32Array;
  /** 1 while a destage of the line is under way. */
  readonly destaging: Uint8Array;
  /** When the line became dirty, as a running number. */
  readonly dirtySince: Float64Array;
  /** Likewise for what was written while a destage of the line was under way. */
  readonly dirtyAgain: Float64Array;
  /** The operation that is filling the line, + 1; 0 when none is. */
  readonly filling: Int32Array;
  evictions = 0;
  private readonly referenced: Uint8Array;
  private readonly key: Float64Array;
  private readonly table: Int32Array;
  private readonly mask: number;
  private used = 0;
  private hand = 0;

  constructor(capacity: number, lineBytes: number) {
    this.capacity = capacity;
    this.lineBytes = lineBytes;
    this.unit = new Int32Array(capacity);
    this.number = new Float64Array(capacity);
    this.valid = new Uint32Array(capacity);
    this.dirty = new Uint32Array(capacity);
    this.destaging = new Uint8Array(capacity);
    this.dirtySince = new Float64Array(capacity);
    this.dirtyAgain = new Float64Array(capacity);
    this.filling = new Int32Array(capacity);
    this.referenced = new Uint8Array(capacity);
    this.key = new Float64Array(capacity);
    let size = 16;
    while (size < 2 * capacity) size *= 2;
    this.table = new Int32Array(size);
    this.mask = size - 1;
  }

  /** @returns the line's index, or -1 */
  find(unit: number, number: number): number {
    const key = unit * UNIT_SPAN + number;
    let at = this.home(key);
    for (;;) {
      const line = this.table[at]! - 1;
      if (line < 0) return -1;
      if (this.key[line] === key) return line;
      at = (at + 1) & this.mask;
    }
  }

  /** Marks a line as recently used. */
  touch(line: number): void {
    this.referenced[line] = 1;
  }

  /** Finds a line or makes room for it. @returns its index, or -1 when every line is dirty or being filled */
  take(unit: number, number: number): number {
    const found = this.find(unit, number);
    if (found >= 0) {
      this.referenced[found] = 1;
      return found;
    }
    const line = this.used < this.capacity ? this.used++ : this.evict();
    if (line < 0) return -1;
    const key = unit * UNIT_SPAN + number;
    this.unit[line] = unit;
    this.number[line] = number;
    this.key[line] = key;
    this.valid[line] = 0;
    this.referenced[line] = 0;
    let at = this.home(key);
    while (this.table[at] !== 0) at = (at + 1) & this.mask;
    this.table[at] = line + 1;
    return line;
  }

  /** Mask of the pages of a line that [start, end) touches; both are bytes within the line. */
  pages(start: number, end: number): number {
    const first = start >>> 12;
    const last = (end - 1) >>> 12;
    return ((0xffffffff >>> (31 - last)) & (0xffffffff << first)) >>> 0;
  }

  private evict(): number {
    // Two rounds: the first may only clear reference bits.
    for (let step = 2 * this.capacity; step > 0; step--) {
      const line = this.hand;
      this.hand = line + 1 === this.capacity ? 0 : line + 1;
      if (this.dirty[line] !== 0 || this.destaging[line] !== 0 || this.filling[line] !== 0) continue;
      if (this.referenced[line] !== 0) {
        this.referenced[line] = 0;
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
    let hole = this.home(this.key[line]!);
    while (table[hole] !== line + 1) hole = (hole + 1) & mask;
    let at = hole;
    for (;;) {
      at = (at + 1) & mask;
      const entry = table[at]!;
      if (entry === 0) break;
      const home = this.home(this.key[entry - 1]!);
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        table[hole] = entry;
        hole = at;
      }
    }
    table[hole] = 0;
  }

  private home(key: number): number {
    return hash2(key | 0, (key / TWO_32) | 0) & this.mask;
  }
}
