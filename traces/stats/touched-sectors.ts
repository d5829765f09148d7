/**
 * Which 512-byte sectors of a disk were touched: a bitmap in pages of 256 KiB of address space, found by hash, so
 * that memory is bounded by the blocks touched (at most about 100 bytes for a block that lies alone).
 */
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';

/** 512 sectors a page, 32 a word. */
const PAGE_BYTES = 512 * SECTOR_BYTES;
const PAGE_WORDS = 16;
const SLAB_PAGES = 16384;
const SLAB_PAGES_MASK = SLAB_PAGES - 1;
const FIRST_TABLE_SIZE = 1024;

export class TouchedSectors {
  /** Distinct 4 KiB blocks touched so far. */
  blocks = 0;
  private pages = 0;
  private readonly slabs: Int32Array[] = [];
  /** Open addressing: page numbers, -1 where free, and where the page lies. */
  private keys = new Float64Array(FIRST_TABLE_SIZE).fill(-1);
  private values = new Int32Array(FIRST_TABLE_SIZE);
  private lastPage = -1;
  private slab: Int32Array = new Int32Array(0);
  private slabOffset = 0;

  /**
   * Marks a range and says how many of its sectors were touched before.
   * @param offset bytes, a multiple of 512
   * @param lengthBytes a multiple of 512, above 0
   */
  touch(offset: number, lengthBytes: number): number {
    let page = Math.floor(offset / PAGE_BYTES);
    let sector = (offset - page * PAGE_BYTES) / SECTOR_BYTES;
    let left = lengthBytes / SECTOR_BYTES;
    let known = 0;
    while (left > 0) {
      if (page !== this.lastPage) this.goTo(page);
      const slab = this.slab;
      const start = this.slabOffset;
      const room = 512 - sector;
      const end = sector + Math.min(left, room);
      left -= end - sector;
      while (sector < end) {
        const word = start + (sector >>> 5);
        const from = sector & 31;
        const count = Math.min(end - sector, 32 - from);
        const mask = count === 32 ? -1 : ((1 << count) - 1) << from;
        const before = slab[word]!;
        if ((before & mask) === mask) {
          known += count;
        } else {
          const after = before | mask;
          known += ones(before & mask);
          this.blocks += ones(filledBytes(after)) - ones(filledBytes(before));
          slab[word] = after;
        }
        sector += count;
      }
      page++;
      sector = 0;
    }
    return known;
  }

  private goTo(page: number): void {
    let at = this.probe(page);
    if (this.keys[at] === -1) {
      if (2 * this.pages >= this.keys.length) {
        this.grow();
        at = this.probe(page);
      }
      if ((this.pages & SLAB_PAGES_MASK) === 0) this.slabs.push(new Int32Array(SLAB_PAGES * PAGE_WORDS));
      this.keys[at] = page;
      this.values[at] = this.pages++;
    }
    const index = this.values[at]!;
    this.lastPage = page;
    this.slab = this.slabs[Math.floor(index / SLAB_PAGES)]!;
    this.slabOffset = (index & SLAB_PAGES_MASK) * PAGE_WORDS;
  }

  private probe(page: number): number {
    const mask = this.keys.length - 1;
    const high = Math.floor(page / 2 ** 32);
    let hash = Math.imul((page - high * 2 ** 32) | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    hash ^= hash >>> 15;
    let at = hash & mask;
    while (this.keys[at] !== page && this.keys[at] !== -1) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const keys = this.keys;
    const values = this.values;
    this.keys = new Float64Array(keys.length * 2).fill(-1);
    this.values = new Int32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === -1) continue;
      const at = this.probe(keys[i]!);
      this.keys[at] = keys[i]!;
      this.values[at] = values[i]!;
    }
  }
}

/** Bits set in a word. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The top bit of each byte that is not 0; a byte is a 4 KiB block. */
function filledBytes(word: number): number {
  return (((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) & 0x80808080;
}
