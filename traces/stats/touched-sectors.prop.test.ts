import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TouchedSectors } from './touched-sectors.ts';

/** Ranges in sectors, close together or around what the flat bitmap ends at, or far away. */
const range = fc.record({
  base: fc.constantFrom(0, 511, 4096, 2 ** 28 - 300, 2 ** 35 + 5, 2 ** 43),
  first: fc.nat({ max: 600 }),
  count: fc.integer({ min: 1, max: 1100 }),
});

it.each([true, false])('knows what a set of sectors knows (flat: %s)', (flat) => {
  fc.assert(
    fc.property(fc.array(range, { minLength: 5, maxLength: 30 }), (ranges) => {
      const touched = new TouchedSectors(flat);
      const sectors = new Set<number>();
      for (const { base, first, count } of ranges) {
        let known = 0;
        for (let sector = base + first; sector < base + first + count; sector++) {
          if (sectors.has(sector)) known++;
          sectors.add(sector);
        }
        expect(touched.touch((base + first) * 512, count * 512)).toBe(known);
      }
      expect(touched.blocks).toBe(new Set([...sectors].map((sector) => Math.floor(sector / 8))).size);
    }),
    { numRuns: 100 },
  );
});

it('finds many lone blocks again', () => {
  const touched = new TouchedSectors(false);
  const blocks = 50_000;
  for (let pass = 0; pass < 2; pass++) {
    let known = 0;
    for (let i = 0; i < blocks; i++) known += touched.touch(((i * 2654435761) % 2 ** 33) * 512 * 512, 4096);
    expect(known).toBe(pass * blocks * 8);
  }
  expect(touched.blocks).toBe(blocks);
});
