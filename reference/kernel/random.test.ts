import { describe, expect, it } from 'vitest';
import { componentSeed, hash2, RandomStream } from './random.ts';

describe('counter-based draws', () => {
  it('are pinned: the same words on every machine', () => {
    const words = Array.from({ length: 4 }, (_, i) => hash2(hash2(componentSeed(1, 'esx1/flash'), i), 0));
    expect(words).toMatchInlineSnapshot(`
      [
        1045827160,
        3357163221,
        3612536812,
        3689964016,
      ]
    `);
  });

  it('change every output bit about half the time when one input bit flips', () => {
    const flips = new Float64Array(32);
    const rounds = 4000;
    for (let i = 0; i < rounds; i++) {
      const changed = hash2(i, 77) ^ hash2(i ^ (1 << (i & 31)), 77);
      for (let bit = 0; bit < 32; bit++) flips[bit]! += (changed >>> bit) & 1;
    }
    for (const count of flips) expect(Math.abs(count / rounds - 0.5)).toBeLessThan(0.04);
  });

  it('differ between components and between seeds, beyond 32 bits too', () => {
    const seeds = [
      componentSeed(1, 'a'),
      componentSeed(1, 'b'),
      componentSeed(2, 'a'),
      componentSeed(1 + 2 ** 32, 'a'),
    ];
    expect(new Set(seeds).size).toBe(4);
  });
});

describe('a stream', () => {
  it('is pinned, and differs by name', () => {
    const words = (name: string) => {
      const stream = new RandomStream(1, name);
      return [stream.nextU32(), stream.nextU32(), stream.nextU32()];
    };
    expect(words('load')).toMatchInlineSnapshot(`
      [
        805223146,
        2135765843,
        3774867736,
      ]
    `);
    expect(words('load')).not.toEqual(words('faults'));
  });

  it('spreads evenly below a bound', () => {
    const stream = new RandomStream(3, 'even');
    const counts = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) counts[stream.nextBelow(7)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});
