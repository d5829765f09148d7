import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineCache } from './line-cache.ts';

describe('the lines of a controller cache', () => {
  it('are found after any sequence of takes, and never more than there are', () => {
    const key = fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 2 ** 31 }).map((n) => n % 40),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(key, { maxLength: 200 }), (capacity, keys) => {
        const cache = new LineCache(capacity, 8192);
        const owner = new Map<number, string>();
        for (const [unit, number] of keys) {
          const line = cache.take(unit, number);
          owner.set(line, `${unit}/${number}`);
          expect(line).toBeLessThan(capacity);
          // Every line is found under its last owner, and only there.
          for (const [each, name] of owner) {
            const [u, n] = name.split('/').map(Number);
            expect(cache.find(u!, n!)).toBe(each);
          }
          expect(new Set(owner.values()).size).toBe(owner.size);
        }
      }),
    );
  });

  it('that were used again outlive those that were not', () => {
    const cache = new LineCache(4, 8192);
    for (let number = 0; number < 4; number++) cache.take(0, number);
    cache.touch(cache.find(0, 0));
    cache.touch(cache.find(0, 2));
    cache.take(0, 10);
    cache.take(0, 11);
    expect([0, 1, 2, 3].map((number) => cache.find(0, number) >= 0)).toEqual([true, false, true, false]);
    expect(cache.evictions).toBe(2);
  });

  it('stay while they are dirty, on their way out or being filled; then there is no room', () => {
    const cache = new LineCache(3, 8192);
    cache.dirty[cache.take(0, 0)] = 1;
    cache.destaging[cache.take(0, 1)] = 1;
    cache.filling[cache.take(0, 2)] = 1;
    expect(cache.take(0, 3)).toBe(-1);
    cache.dirty[cache.find(0, 0)] = 0;
    expect(cache.take(0, 3)).toBe(0);
    expect(cache.find(0, 0)).toBe(-1);
  });

  it('of far addresses and many units are told apart', () => {
    const cache = new LineCache(8, 8192);
    const far = 2 ** 37 - 1;
    const lines = [cache.take(0, far), cache.take(1, far), cache.take(65535, far), cache.take(1, 0)];
    expect(new Set(lines).size).toBe(4);
    expect(cache.find(1, 0)).toBe(lines[3]);
  });

  it.each([
    [0, 4096, 0b1],
    [0, 1, 0b1],
    [4095, 4097, 0b11],
    [4096, 8192, 0b10],
    [0, 131072, 0xffffffff],
    [126976, 131072, 0x80000000],
  ])('have the pages of bytes %i to %i', (start, end, mask) => {
    expect(new LineCache(1, 131072).pages(start, end)).toBe(mask);
  });
});
