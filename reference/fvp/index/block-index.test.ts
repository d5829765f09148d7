import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK_BYTES,
  BlockIndex,
  ENTRY_GENERATION,
  ENTRY_META,
  ENTRY_SLOT,
  FULL_MASK,
  sectorMask,
} from './block-index.ts';

/** Where a sector lies, as the read path finds it: [slot, generation], or undefined. */
function lookUp(index: BlockIndex, offset: number): [number, number] | undefined {
  const position = index.find(offset);
  if (position < 0) return undefined;
  const bit = 1 << ((offset % BLOCK_BYTES) / 512);
  const words = index.words;
  if ((words[position + ENTRY_META]! & FULL_MASK & bit) !== 0) {
    return [words[position + ENTRY_SLOT]!, words[position + ENTRY_GENERATION]!];
  }
  for (let node = index.chainOf(position); node !== 0; node = index.chainNextAt(node)) {
    if ((index.chainMaskAt(node) & bit) !== 0)
      return [index.chainSlotAt(node), index.chainGenerationAt(node)];
  }
  return undefined;
}

const ranges = fc
  .tuple(
    fc.constantFrom(0, 7, 63, 64, 262_143, 262_144, 2 ** 33, 2 ** 41 - 1),
    fc.integer({ min: 0, max: 7 }),
    fc.integer({ min: 1, max: 8 }),
  )
  .map(([block, first, count]) => ({ block, first, last: Math.min(8, first + count) }));

describe('the block index', () => {
  it('finds for each sector what was set last, whatever was set or cleared around it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(ranges, fc.boolean()), { maxLength: 200 }), (steps) => {
        const index = new BlockIndex();
        const model = new Map<number, [number, number]>();
        steps.forEach(([{ block, first, last }, clear], step) => {
          const offset = block * BLOCK_BYTES;
          const mask = sectorMask(first * 512, last * 512);
          const position = index.ensure(offset);
          if (clear) index.clear(position, mask);
          else index.set(position, 1000 + step, step, mask);
          for (let sector = first; sector < last; sector++) {
            if (clear) model.delete(offset + sector * 512);
            else model.set(offset + sector * 512, [1000 + step, step]);
          }
        });
        for (const [{ block }] of steps) {
          for (let sector = 0; sector < 8; sector++) {
            const at = block * BLOCK_BYTES + sector * 512;
            expect(lookUp(index, at)).toEqual(model.get(at));
          }
        }
      }),
    );
  });

  it('gives chain nodes back: a block rewritten for ever takes no more memory', () => {
    const index = new BlockIndex();
    const position = index.ensure(0);
    const rewrite = (times: number) => {
      for (let i = 0; i < times; i++)
        index.set(position, i, 0, sectorMask((i % 8) * 512, (i % 8) * 512 + 512));
      return index.memoryBytes;
    };
    expect(rewrite(100)).toBe(rewrite(100_000));
  });

  it('takes memory for the leaves touched, not for the space between', () => {
    const index = new BlockIndex();
    for (let i = 0; i < 1000; i++) index.ensure(i * 2 ** 40);
    expect(index.memoryBytes).toBeLessThan(40 * 2 ** 20);
    expect(index.find(5 * 2 ** 40)).toBeGreaterThanOrEqual(0);
    expect(index.find(5 * 2 ** 40 + 2 ** 20)).toBe(-1);
  });
});
