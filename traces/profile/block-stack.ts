/** An LRU stack of blocks that can be asked for the block at a depth, and for the depth of a block. */
import { StackPositions } from '../stats/stack-positions.ts';

const FIRST_SIZE = 4096;
const TWO_32 = 2 ** 32;
const FREE = -1;

export class BlockStack {
  private readonly stack = new StackPositions();
  /** Open addressing: blocks and their positions. Blocks are never taken out. */
  private keys = new Float64Array(FIRST_SIZE).fill(FREE);
  private positions = new Int32Array(FIRST_SIZE);
  private used = 0;
  /** By position. */
  private blocks = new Float64Array(FIRST_SIZE);

  get size(): number {
    return this.stack.live;
  }

  /** Depth of a block, 0 for the latest; -1 when it was never touched. */
  depthOf(block: number): number {
    const at = this.probe(block);
    return this.keys[at] === FREE ? -1 : this.stack.above(this.positions[at]!);
  }

  /** @param depth below `size` */
  blockAt(depth: number): number {
    return this.blocks[this.stack.atDepth(depth)]!;
  }

  /** Makes a block the latest. */
  touch(block: number): void {
    const { stack } = this;
    if (!stack.hasRoom(1)) this.compact();
    let at = this.probe(block);
    if (this.keys[at] === FREE) {
      if (2 * this.used >= this.keys.length) {
        this.grow();
        at = this.probe(block);
      }
      this.keys[at] = block;
      this.used++;
    } else {
      stack.remove(this.positions[at]!, 1);
    }
    const position = stack.push(1);
    this.positions[at] = position;
    if (position >= this.blocks.length) {
      const grown = new Float64Array(this.blocks.length * 2);
      grown.set(this.blocks);
      this.blocks = grown;
    }
    this.blocks[position] = block;
  }

  private compact(): void {
    const { keys, positions } = this;
    this.stack.compact((newPosition) => {
      for (let at = 0; at < keys.length; at++) {
        if (keys[at] === FREE) continue;
        positions[at] = newPosition(positions[at]!);
        this.blocks[positions[at]!] = keys[at]!;
      }
    });
  }

  private probe(block: number): number {
    const mask = this.keys.length - 1;
    const high = Math.floor(block / TWO_32);
    let hash = Math.imul((block - high * TWO_32) | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    hash ^= hash >>> 15;
    let at = hash & mask;
    while (this.keys[at] !== block && this.keys[at] !== FREE) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const { keys, positions } = this;
    this.keys = new Float64Array(keys.length * 2).fill(FREE);
    this.positions = new Int32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === FREE) continue;
      const at = this.probe(keys[i]!);
      this.keys[at] = keys[i]!;
      this.positions[at] = positions[i]!;
    }
  }
}
