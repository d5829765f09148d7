/**
 * Where the blocks of one virtual disk lie on this host's flash: 4 KiB blocks with 512-byte validity
 * (fvp-protocol.md 3). An entry names a flash slot together with the generation of its bucket: evicting a bucket
 * raises its generation and so drops every entry that points into it, without a walk.
 *
 * Layout: a directory by GiB of the disk -> pages of 4,096 leaves -> leaves of 64 blocks (256 KiB of the disk), all
 * in typed arrays that grow by doubling, so memory follows the blocks touched. An entry is four int32:
 * slot, generation, stamp, meta. `stamp` is the sequence number of the block's last write. `meta` holds the mask of
 * valid sectors (bit s: sector s of the block lies at sector s of the slot) and, above it, the head of a chain of
 * further fragments for blocks whose sectors lie in several slots.
 */

export const BLOCK_BYTES = 4096;
export const BLOCKS_PER_LEAF = 64;
export const LEAF_BYTES = BLOCKS_PER_LEAF * BLOCK_BYTES;
export const FULL_MASK = 0xff;

export const ENTRY_WORDS = 4;
export const ENTRY_SLOT = 0;
export const ENTRY_GENERATION = 1;
export const ENTRY_STAMP = 2;
export const ENTRY_META = 3;

const PAGE_BYTES = 2 ** 30;
const LEAVES_PER_PAGE = PAGE_BYTES / LEAF_BYTES;
const LEAF_WORDS = BLOCKS_PER_LEAF * ENTRY_WORDS;
const CHAIN_SHIFT = 8;

/** Mask of the sectors of a block from byte `from` to byte `to` (both within the block, multiples of 512). */
export function sectorMask(from: number, to: number): number {
  return ((1 << (to >> 9)) - 1) & ~((1 << (from >> 9)) - 1);
}

export class BlockIndex {
  /** Entries of all leaves. Read anew after `ensure`: the array may have grown. */
  words = new Int32Array(LEAF_WORDS * 16);
  private directory = new Int32Array(16);
  private pages = new Int32Array(LEAVES_PER_PAGE);
  private pageCount = 0;
  private leafCount = 0;

  private chainSlot = new Int32Array(16);
  private chainGeneration = new Int32Array(16);
  private chainMask = new Int32Array(16);
  private chainNext = new Int32Array(16);
  /** 0 ends a chain, so node 0 is never used. */
  private chainUsed = 1;
  private chainFree = 0;

  /** Position in `words` of the entry of the block that holds byte `offset`; -1 when its leaf does not exist. */
  find(offset: number): number {
    const page = Math.floor(offset / PAGE_BYTES);
    if (page >= this.directory.length) return -1;
    const pageId = this.directory[page]!;
    if (pageId === 0) return -1;
    const within = offset - page * PAGE_BYTES;
    const leaf = this.pages[(pageId - 1) * LEAVES_PER_PAGE + (within >>> 18)]!;
    return leaf === 0
      ? -1
      : (leaf - 1) * LEAF_WORDS + ((within >>> 12) & (BLOCKS_PER_LEAF - 1)) * ENTRY_WORDS;
  }

  /** As `find`, but makes the leaf. Entries of the following blocks of a leaf lie ENTRY_WORDS apart. */
  ensure(offset: number): number {
    const found = this.find(offset);
    return found >= 0 ? found : this.makeLeaf(offset);
  }

  /** Memory in use, bytes. */
  get memoryBytes(): number {
    return 4 * (this.words.length + this.directory.length + this.pages.length + 4 * this.chainSlot.length);
  }

  /** Head of the chain of further fragments; 0 when there is none. */
  chainOf(position: number): number {
    return this.words[position + ENTRY_META]! >>> CHAIN_SHIFT;
  }

  chainSlotAt(node: number): number {
    return this.chainSlot[node]!;
  }
  chainGenerationAt(node: number): number {
    return this.chainGeneration[node]!;
  }
  chainMaskAt(node: number): number {
    return this.chainMask[node]!;
  }
  chainNextAt(node: number): number {
    return this.chainNext[node]!;
  }

  /** Points the sectors of `mask` at a slot; sectors outside it keep what they had. */
  set(position: number, slot: number, generation: number, mask: number): void {
    const words = this.words;
    const meta = words[position + ENTRY_META]!;
    const oldMask = meta & FULL_MASK & ~mask;
    let chain = meta >>> CHAIN_SHIFT;
    if (chain !== 0) chain = this.trim(chain, mask);
    if (oldMask !== 0) {
      const node = this.takeNode();
      this.chainSlot[node] = words[position + ENTRY_SLOT]!;
      this.chainGeneration[node] = words[position + ENTRY_GENERATION]!;
      this.chainMask[node] = oldMask;
      this.chainNext[node] = chain;
      chain = node;
    }
    words[position + ENTRY_SLOT] = slot;
    words[position + ENTRY_GENERATION] = generation;
    words[position + ENTRY_META] = mask | (chain << CHAIN_SHIFT);
  }

  /** Mask of the sectors that lie in a slot. */
  maskIn(position: number, slot: number): number {
    const meta = this.words[position + ENTRY_META]!;
    let mask = this.words[position + ENTRY_SLOT] === slot ? meta & FULL_MASK : 0;
    for (let node = meta >>> CHAIN_SHIFT; node !== 0; node = this.chainNext[node]!)
      if (this.chainSlot[node] === slot) mask |= this.chainMask[node]!;
    return mask;
  }

  /** Forgets where the sectors of `mask` lie. */
  clear(position: number, mask: number): void {
    const words = this.words;
    const meta = words[position + ENTRY_META]!;
    let chain = meta >>> CHAIN_SHIFT;
    if (chain !== 0) chain = this.trim(chain, mask);
    words[position + ENTRY_META] = (meta & FULL_MASK & ~mask) | (chain << CHAIN_SHIFT);
  }

  /** Takes the sectors of `mask` out of a chain and drops emptied nodes. @returns the new head */
  private trim(head: number, mask: number): number {
    let kept = 0;
    let last = 0;
    let node = head;
    while (node !== 0) {
      const next = this.chainNext[node]!;
      const left = this.chainMask[node]! & ~mask;
      if (left === 0) {
        this.chainNext[node] = this.chainFree;
        this.chainFree = node;
      } else {
        this.chainMask[node] = left;
        if (last === 0) kept = node;
        else this.chainNext[last] = node;
        last = node;
      }
      node = next;
    }
    if (last !== 0) this.chainNext[last] = 0;
    return kept;
  }

  private takeNode(): number {
    if (this.chainFree !== 0) {
      const node = this.chainFree;
      this.chainFree = this.chainNext[node]!;
      return node;
    }
    if (this.chainUsed === this.chainSlot.length) {
      if (this.chainUsed >= 2 ** 23)
        throw new RangeError('more than 8,388,608 split blocks on one virtual disk');
      this.chainSlot = doubled(this.chainSlot);
      this.chainGeneration = doubled(this.chainGeneration);
      this.chainMask = doubled(this.chainMask);
      this.chainNext = doubled(this.chainNext);
    }
    return this.chainUsed++;
  }

  private makeLeaf(offset: number): number {
    const page = Math.floor(offset / PAGE_BYTES);
    while (page >= this.directory.length) this.directory = doubled(this.directory);
    let pageId = this.directory[page]!;
    if (pageId === 0) {
      pageId = ++this.pageCount;
      this.directory[page] = pageId;
      if (pageId * LEAVES_PER_PAGE > this.pages.length) this.pages = doubled(this.pages);
    }
    const leaf = ++this.leafCount;
    const within = offset - page * PAGE_BYTES;
    this.pages[(pageId - 1) * LEAVES_PER_PAGE + (within >>> 18)] = leaf;
    if (leaf * LEAF_WORDS > this.words.length) this.words = doubled(this.words);
    return (leaf - 1) * LEAF_WORDS + ((within >>> 12) & (BLOCKS_PER_LEAF - 1)) * ENTRY_WORDS;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
