/**
 * Exact reuse distances of 4 KiB blocks, and what else follows from knowing each block's last touch: working set,
 * footprint by kind. Memory follows the blocks touched, about 16 bytes each where they lie together, and is given up
 * beyond a bound.
 */
import { OP_READ } from '../../reference/kernel/io.ts';
import { DistanceCounts } from './distance-counts.ts';
import { StackPositions } from './stack-positions.ts';

export const REUSE_BLOCK_BYTES = 4096;
const PAGE_BITS = 4;
const PAGE_BLOCKS = 1 << PAGE_BITS;
const SLAB_PAGES = 16_384;
const FIRST_TABLE_SIZE = 4096;
const TWO_32 = 2 ** 32;
/** Pages of one disk: offsets are below 2^53. */
const DISK_PAGES = 2 ** 37;
/** 256 GiB of blocks that lie together, at least 16 GiB of lone ones. Assumed: keeps memory under 600 MiB. */
export const FOLLOWED_PAGES_MAX = 2 ** 22;

const STATE_READ = 1;
const STATE_WRITTEN = 2;
const STATE_LAST_WRITTEN = 4;
const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;

export interface BlockKinds {
  readonly readOnlyBlocks: number;
  readonly writtenOnlyBlocks: number;
  readonly bothBlocks: number;
}

export class ReuseDistances {
  readonly reads = new DistanceCounts();
  readonly all = new DistanceCounts();
  /** Blocks touched since the interval began. */
  workingSet = 0;
  /** Blocks read whose last touch before was a write. */
  readsOfWritten = 0;
  blocksRead = 0;
  /** False once there were too many blocks to follow; then nothing here counts. */
  followed = true;
  private readonly pagesMax: number;
  private readonly stack = new StackPositions();
  private intervalStart = 0;
  private pages = 0;
  /** One word a block: position + 1, then the three STATE_ bits; 0 for never touched. */
  private readonly slabs: Int32Array[] = [];
  private keys = new Float64Array(FIRST_TABLE_SIZE).fill(-1);
  private values = new Int32Array(FIRST_TABLE_SIZE);
  private lastKey = -1;
  private slab: Int32Array = new Int32Array(0);
  private slabFirst = 0;

  /** @param pagesMax pages of 16 blocks that may be followed */
  constructor(pagesMax = FOLLOWED_PAGES_MAX) {
    this.pagesMax = pagesMax;
  }

  /** Distinct blocks touched so far. */
  get blocks(): number {
    return this.stack.live;
  }

  /** Starts counting the working set anew. */
  beginInterval(): void {
    this.intervalStart = this.stack.top;
    this.workingSet = 0;
  }

  /** A read or write. @param offset bytes @param lengthBytes above 0 */
  touch(disk: number, op: number, offset: number, lengthBytes: number): void {
    if (!this.followed) return;
    const first = Math.floor(offset / REUSE_BLOCK_BYTES);
    const last = Math.floor((offset + lengthBytes - 1) / REUSE_BLOCK_BYTES);
    let block = first;
    while (block <= last) {
      const page = Math.floor(block / PAGE_BLOCKS);
      const key = disk * DISK_PAGES + page;
      if (key !== this.lastKey && !this.goTo(key)) return;
      const inPage = block - page * PAGE_BLOCKS;
      const count = Math.min(last - block + 1, PAGE_BLOCKS - inPage);
      this.touchPage(this.slabFirst + inPage, count, op);
      block += count;
    }
  }

  kinds(): BlockKinds {
    const found = [0, 0, 0, 0];
    for (const slab of this.slabs) for (let i = 0; i < slab.length; i++) found[slab[i]! & 3]!++;
    return {
      readOnlyBlocks: found[STATE_READ]!,
      writtenOnlyBlocks: found[STATE_WRITTEN]!,
      bothBlocks: found[3]!,
    };
  }

  /** Distinct blocks touched, by disk. */
  blocksByDisk(disks: number): Float64Array {
    const found = new Float64Array(disks);
    for (let at = 0; at < this.keys.length; at++) {
      const key = this.keys[at]!;
      if (key === -1) continue;
      const index = this.values[at]!;
      const slab = this.slabs[Math.floor(index / SLAB_PAGES)]!;
      const start = (index % SLAB_PAGES) * PAGE_BLOCKS;
      for (let i = start; i < start + PAGE_BLOCKS; i++)
        if (slab[i] !== 0) found[Math.floor(key / DISK_PAGES)]!++;
    }
    return found;
  }

  /** Blocks of one page, which lie side by side in the slab. Those last touched together are one run. */
  private touchPage(from: number, count: number, op: number): void {
    const { stack, slab } = this;
    if (!stack.hasRoom(count)) this.compact();
    const isRead = op === OP_READ;
    const state = isRead ? STATE_READ : STATE_WRITTEN | STATE_LAST_WRITTEN;
    const keep = isRead ? STATE_READ | STATE_WRITTEN : STATE_READ;
    const end = from + count;
    for (let at = from; at < end; ) {
      const word = slab[at]!;
      let run = at + 1;
      if (word === 0) {
        while (run < end && slab[run] === 0) run++;
        this.record(-1, run - at, isRead);
        this.workingSet += run - at;
      } else {
        const position = (word >>> STATE_BITS) - 1;
        while (run < end && (slab[run]! >>> STATE_BITS) - 1 === position + run - at) run++;
        this.record(stack.above(position), run - at, isRead);
        if (position < this.intervalStart)
          this.workingSet += Math.min(run - at, this.intervalStart - position);
        if (isRead)
          for (let i = at; i < run; i++) this.readsOfWritten += (slab[i]! & STATE_LAST_WRITTEN) >>> 2;
        stack.remove(position, run - at);
      }
      const first = stack.push(run - at);
      for (let i = at; i < run; i++)
        slab[i] = ((first + i - at + 1) << STATE_BITS) | (slab[i]! & keep) | state;
      at = run;
    }
    if (isRead) this.blocksRead += count;
  }

  private record(distance: number, blocks: number, isRead: boolean): void {
    this.all.add(distance, blocks);
    if (isRead) this.reads.add(distance, blocks);
  }

  private compact(): void {
    const start = this.intervalStart;
    this.stack.compact((newPosition) => {
      this.intervalStart = newPosition(start);
      for (const slab of this.slabs) {
        for (let i = 0; i < slab.length; i++) {
          const word = slab[i]!;
          if (word !== 0)
            slab[i] = ((newPosition((word >>> STATE_BITS) - 1) + 1) << STATE_BITS) | (word & STATE_MASK);
        }
      }
    });
  }

  /** @returns false when there are too many pages */
  private goTo(key: number): boolean {
    let at = this.probe(key);
    if (this.keys[at] === -1) {
      if (this.pages === this.pagesMax) {
        this.giveUp();
        return false;
      }
      if (2 * this.pages >= this.keys.length) {
        this.grow();
        at = this.probe(key);
      }
      if (this.pages % SLAB_PAGES === 0) this.slabs.push(new Int32Array(SLAB_PAGES * PAGE_BLOCKS));
      this.keys[at] = key;
      this.values[at] = this.pages++;
    }
    const index = this.values[at]!;
    this.lastKey = key;
    this.slab = this.slabs[Math.floor(index / SLAB_PAGES)]!;
    this.slabFirst = (index % SLAB_PAGES) * PAGE_BLOCKS;
    return true;
  }

  private giveUp(): void {
    this.followed = false;
    this.slabs.length = 0;
    this.keys = new Float64Array(0);
    this.values = new Int32Array(0);
  }

  private probe(key: number): number {
    const mask = this.keys.length - 1;
    const high = Math.floor(key / TWO_32);
    let hash = Math.imul((key - high * TWO_32) | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    hash ^= hash >>> 15;
    let at = hash & mask;
    while (this.keys[at] !== key && this.keys[at] !== -1) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const { keys, values } = this;
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
