import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exp2, log2, negativeLog, POWER_TABLES, power } from './exact-power.ts';
import { scatter } from './fio-random.ts';
import { RandomMap, ShiftRegister } from './random-map.ts';

describe('powers', () => {
  test('agree with Math to 14 digits', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.double({ min: -12, max: 12, noNaN: true }),
        (base, exponent) => {
          const exact = base ** exponent;
          expect(Math.abs(power(base, exponent) - exact)).toBeLessThanOrEqual(1e-13 * exact);
          expect(log2(base)).toBeCloseTo(Math.log2(base), 12);
          expect(exp2(exponent)).toBeCloseTo(2 ** exponent, 9);
          expect(negativeLog(base)).toBeCloseTo(-Math.log(base), 12);
        },
      ),
    );
  });
  test('are exact where they must be', () => {
    expect([power(2, 10), power(0, 3), power(5, 0), exp2(-2000)]).toEqual([1024, 0, 1, 0]);
  });
  test('come from tables that are the same everywhere', () => {
    const hash = createHash('sha256');
    for (const table of POWER_TABLES) for (const entry of table) hash.update(`${entry},`);
    expect(hash.digest('hex').slice(0, 16)).toBe('4d78348be26d10ad');
  });
});

describe('the scattering of ranks', () => {
  test('is the product modulo 2^64, shifted, modulo the range', () => {
    const golden = 0x61c8864680b583ebn;
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 31 - 1 }),
        fc.nat({ max: 63 }),
        fc.nat({ max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        (low, high, shift, range) => {
          const value = high * 2 ** 31 + low;
          const expected = (((BigInt(value) * golden) % 2n ** 64n) + BigInt(shift)) % BigInt(range);
          expect(scatter(value, shift, range)).toBe(Number(expected));
        },
      ),
    );
  });
});

describe('a random map', () => {
  test('gives every block once, wherever the search begins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1500 }), fc.infiniteStream(fc.nat()), (blocks, starts) => {
        const map = new RandomMap(blocks);
        const seen = new Set<number>();
        for (let i = 0; i < blocks; i++) {
          const start = (starts.next().value ?? 0) % blocks;
          const block = map.isUsed(start) ? map.nextFree(start) : start;
          expect(map.use(block, 1)).toBe(1);
          seen.add(block);
        }
        expect(seen.size).toBe(blocks);
        expect(map.nextFree(0)).toBe(-1);
        map.clear();
        expect(map.isUsed(blocks - 1)).toBe(false);
      }),
      { numRuns: 15 },
    );
  });
  test('uses a run up to the first block that is used, and up to the end', () => {
    const map = new RandomMap(100);
    map.use(10, 1);
    expect([map.use(7, 8), map.use(7, 1), map.use(98, 8)]).toEqual([3, 0, 2]);
  });
});

describe('a shift register', () => {
  test('gives every number below its bound once a pass, and the same again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer(), (bound, seed) => {
        const register = new ShiftRegister(bound, seed);
        const pass = (): number[] => Array.from({ length: bound }, () => register.next());
        const first = pass();
        expect(new Set(first).size).toBe(bound);
        expect([Math.min(...first), Math.max(...first), register.next()]).toEqual([0, bound - 1, -1]);
        register.reset();
        expect(new Set(pass()).size).toBe(bound);
      }),
      { numRuns: 50 },
    );
  });
});
