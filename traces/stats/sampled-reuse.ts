/**
 * Reuse distances of a sample of blocks in constant memory: those whose hash is below a threshold, which falls as they
 * become too many.
 *
 * @source Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC construction with SHARDS" (FAST '15): fixed size
 * (section 3.3) with the adjustment of section 3.4
 */
import { OP_READ } from '../../reference/kernel/io.ts';
import { hash2 } from '../../reference/kernel/random.ts';
import { DistanceCounts } from './distance-counts.ts';
import { REUSE_BLOCK_BYTES } from './reuse-distances.ts';
import { StackPositions } from './stack-positions.ts';

/** Blocks sampled at a time. @source the paper: 8 K gives a mean error below 0.01; twice that here */
export const SAMPLED_BLOCKS = 16_384;
const HASH_RANGE = 2 ** 32;
const DISK_BLOCKS = 2 ** 41;
const TWO_32 = 2 ** 32;
const DISTANCE_MAX = 2 ** 31 - 1;

export class SampledReuse {
  readonly reads = new DistanceCounts();
  readonly all = new DistanceCounts();
  /** Accesses in all, sampled or not. */
  readBlocks = 0;
  blocks = 0;
  private readonly capacity: number;
  private threshold = HASH_RANGE;
  private readonly stack = new StackPositions();
  private readonly positions = new Map<number, number>();
  /** A binary heap, the highest hash first, of the sampled blocks. */
  private readonly heapHash: Float64Array;
  private readonly heapKey: Float64Array;
  private heapSize = 0;

  constructor(capacity = SAMPLED_BLOCKS) {
    this.capacity = capacity;
    this.heapHash = new Float64Array(capacity + 1);
    this.heapKey = new Float64Array(capacity + 1);
  }

  /** Share of blocks that are sampled. */
  get rate(): number {
    return this.threshold / HASH_RANGE;
  }

  /** A read or write. */
  touch(disk: number, op: number, offset: number, lengthBytes: number): void {
    const first = Math.floor(offset / REUSE_BLOCK_BYTES);
    const last = Math.floor((offset + lengthBytes - 1) / REUSE_BLOCK_BYTES);
    const isRead = op === OP_READ;
    this.blocks += last - first + 1;
    if (isRead) this.readBlocks += last - first + 1;
    for (let block = first; block <= last; block++) {
      const high = Math.floor(block / TWO_32);
      const hash = hash2(block - high * TWO_32, high * 65_536 + disk);
      if (hash < this.threshold) this.take(disk * DISK_BLOCKS + block, hash, isRead);
    }
  }

  /** Counts that stand for all accesses; call it at the end. */
  finish(): void {
    // The blocks sampled are by chance touched more or less often than their share; the difference goes to distance 0.
    this.all.add(0, this.blocks - this.all.total);
    this.reads.add(0, this.readBlocks - this.reads.total);
  }

  private take(key: number, hash: number, isRead: boolean): void {
    const { stack, positions } = this;
    if (!stack.hasRoom(1)) {
      stack.compact((newPosition) => {
        for (const [sampled, position] of positions) positions.set(sampled, newPosition(position));
      });
    }
    const position = positions.get(key);
    let distance = -1;
    if (position !== undefined) {
      distance = Math.min(DISTANCE_MAX, Math.floor(stack.above(position) / this.rate + 0.5));
      stack.remove(position, 1);
    }
    positions.set(key, stack.push(1));
    // Each sampled access stands for as many as the threshold of its time lets pass.
    this.all.add(distance, 1 / this.rate);
    if (isRead) this.reads.add(distance, 1 / this.rate);
    if (position === undefined) {
      this.heapPush(hash, key);
      if (this.heapSize > this.capacity) this.lower();
    }
  }

  /** Leaves out the blocks of the highest hash. */
  private lower(): void {
    this.threshold = this.heapHash[0]!;
    while (this.heapSize > 0 && this.heapHash[0]! >= this.threshold) {
      const key = this.heapPop();
      this.stack.remove(this.positions.get(key)!, 1);
      this.positions.delete(key);
    }
  }

  private heapPush(hash: number, key: number): void {
    const { heapHash, heapKey } = this;
    let at = this.heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heapHash[parent]! >= hash) break;
      heapHash[at] = heapHash[parent]!;
      heapKey[at] = heapKey[parent]!;
      at = parent;
    }
    heapHash[at] = hash;
    heapKey[at] = key;
  }

  private heapPop(): number {
    const { heapHash, heapKey } = this;
    const top = heapKey[0]!;
    const size = --this.heapSize;
    const hash = heapHash[size]!;
    const key = heapKey[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heapHash[child + 1]! > heapHash[child]!) child++;
      if (heapHash[child]! <= hash) break;
      heapHash[at] = heapHash[child]!;
      heapKey[at] = heapKey[child]!;
      at = child;
    }
    heapHash[at] = hash;
    heapKey[at] = key;
    return top;
  }
}
