/**
 * Which 4 KiB blocks of a disk are touched, and each one's place among them in order of address. Memory follows the
 * regions touched: 6 KiB for every 128 MiB of them.
 */
import { BugError } from '../../reference/kernel/errors.ts';

export const RANKED_BLOCK_BYTES = 4096;

const WORDS = 1024;
const PAGE_BLOCKS = WORDS * 32;

interface Page {
  readonly bits: Uint32Array;
  /** Blocks touched in the words before; filled by `rank`. */
  readonly before: Uint16Array;
  /** Blocks touched in the pages before. */
  base: number;
}

export class BlockRanks {
  /** Blocks touched; right once `settle` was called. */
  count = 0;
  private readonly pages = new Map<number, Page>();
  private lastNumber = -1;
  private lastPage: Page | undefined;

  /** Marks every block that these bytes touch. */
  touch(offset: number, lengthBytes: number): void {
    const last = Math.floor((offset + lengthBytes - 1) / RANKED_BLOCK_BYTES);
    for (let block = Math.floor(offset / RANKED_BLOCK_BYTES); block <= last; block++) {
      const number = Math.floor(block / PAGE_BLOCKS);
      const page = this.page(number) ?? this.addPage(number);
      const bit = block - number * PAGE_BLOCKS;
      page.bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  /** Counts; nothing is touched after it, and `rank` may be asked. */
  settle(): void {
    this.count = 0;
    for (const number of [...this.pages.keys()].sort((a, b) => a - b)) {
      const page = this.pages.get(number)!;
      page.base = this.count;
      let inPage = 0;
      for (let word = 0; word < WORDS; word++) {
        page.before[word] = inPage;
        inPage += bitsIn(page.bits[word]!);
      }
      this.count += inPage;
    }
  }

  /** How many touched blocks lie before this touched block. */
  rank(block: number): number {
    const number = Math.floor(block / PAGE_BLOCKS);
    const page = this.page(number);
    if (page === undefined) throw new BugError('a block is ranked that was never touched');
    const bit = block - number * PAGE_BLOCKS;
    const word = bit >>> 5;
    const below = (1 << (bit & 31)) - 1;
    return page.base + page.before[word]! + bitsIn(page.bits[word]! & below);
  }

  private page(number: number): Page | undefined {
    if (number === this.lastNumber) return this.lastPage;
    const page = this.pages.get(number);
    if (page !== undefined) {
      this.lastNumber = number;
      this.lastPage = page;
    }
    return page;
  }

  private addPage(number: number): Page {
    const page = { bits: new Uint32Array(WORDS), before: new Uint16Array(WORDS), base: 0 };
    this.pages.set(number, page);
    return page;
  }
}

/** @source Warren, Hacker's Delight, 2nd ed., figure 5-2 */
function bitsIn(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}
