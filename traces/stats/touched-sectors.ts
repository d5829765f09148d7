/**
 * Which 512-byte sectors of a disk were touched, as a bitmap, so that memory is bounded by the blocks touched. The
 * first 128 GiB of a disk may lie in one flat array, of which the system only provides the pages that are written;
 * anything else lies in pages of 256 KiB of address space found by hash, at most about 100 bytes for a lone block.
 */
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';

/** Sectors that the flat bitmap covers: 128 GiB, a bitmap of 32 MiB of address space. */
const FLAT_SECTORS = 2 ** 28;
/** 512 sectors a page, 32 a word. */
const PAGE_SECTORS = 512;
const PAGE_WORDS = PAGE_SECTORS / 32;
const SLAB_PAGES = 16384;
const SLAB_PAGES_MASK = SLAB_PAGES - 1;
const FIRST_TABLE_SIZE = 1024;
const TWO_32 = 2 ** 32;

export class TouchedSectors {
  /** Distinct 4 KiB blocks touched so far. */
  blocks = 0;
  private readonly flat: Int32Array | undefined;
  private pages = 0;
  private readonly slabs: Int32Array[] = [];
  /** Open addressing: page numbers, -1 where free, and where the page lies. */
  private keys = new Float64Array(FIRST_TABLE_SIZE).fill(-1);
  private values = new Int32Array(FIRST_TABLE_SIZE);
  private lastPage = -1;
  private slab: Int32Array = new Int32Array(0);
  private slabFirst = 0;

  /** @param flat true to have a flat bitmap; for a few disks only, as each takes 32 MiB of address space */
  constructor(flat: boolean) {
    this.flat = flat ? new Int32Array(FLAT_SECTORS / 32) : undefined;
  }

  /**
   * Marks a range and says how many of its sectors were touched before.
   * @param offset bytes, a multiple of 512
   * @param lengthBytes a multiple of 512, above 0
   */
  touch(offset: number, lengthBytes: number): number {
    const first = offset / SECTOR_BYTES;
    const sectors = lengthBytes / SECTOR_BYTES;
    if (this.flat === undefined || first >= FLAT_SECTORS) return this.markPages(first, sectors);
    if (first + sectors <= FLAT_SECTORS) return this.mark(this.flat, first | 0, sectors | 0);
    const inside = FLAT_SECTORS - first;
    return this.mark(this.flat, first | 0, inside | 0) + this.markPages(FLAT_SECTORS, sectors - inside);
  }

  private markPages(first: number, sectors: number): number {
    let page = Math.floor(first / PAGE_SECTORS);
    let sector = first - page * PAGE_SECTORS;
    let left = sectors;
    let known = 0;
    while (left > 0) {
      const count = Math.min(left, PAGE_SECTORS - sector);
      if (page !== this.lastPage) this.goTo(page);
      known += this.mark(this.slab, (this.slabFirst + sector) | 0, count | 0);
      left -= count;
      page++;
      sector = 0;
    }
    return known;
  }

  /**
   * Sets `count` bits from bit `first` on and says how many were set. There is no branch on what the bitmap holds:
   * words come from far memory, and the processor fetches those of the next rows only where it need not wait to know
   * its way (a fifth of an import's time, measured).
   */
  private mark(words: Int32Array, first: number, count: number): number {
    let known = 0;
    let fresh = 0;
    let word = first >>> 5;
    let bit = first & 31;
    let left = count;
    do {
      const room = 32 - bit;
      const mask = left >= room ? -1 << bit : ((1 << left) - 1) << bit;
      const before = words[word]!;
      const after = before | mask;
      words[word] = after;
      known += ones(before & mask);
      fresh += blocksIn(filledBytes(after) ^ filledBytes(before));
      left -= room;
      word++;
      bit = 0;
    } while (left > 0);
    this.blocks += fresh;
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
    this.slabFirst = (index & SLAB_PAGES_MASK) * PAGE_SECTORS;
  }

  private probe(page: number): number {
    const mask = this.keys.length - 1;
    const high = Math.floor(page / TWO_32);
    let hash = Math.imul((page - high * TWO_32) | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
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

/** How many bytes have their top bit set, of a word with no other bits. */
function blocksIn(word: number): number {
  return Math.imul(word >>> 7, 0x01010101) >>> 24;
}
