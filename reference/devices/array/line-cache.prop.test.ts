import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineCache } from './line-cache.ts';

/** The largest number of a line: that of 4 KiB at an address of 2^53. */
const NUMBER_MAX = 2 ** 41 - 1;
const UNIT_MAX = 2 ** 22 - 1;

const unit = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: UNIT_MAX }));
/** Dense in a few places, so that groups are shared, fill up and empty. */
const number = fc
  .tuple(fc.constantFrom(0, 8, 2 ** 31 - 4, 2 ** 32 - 8, NUMBER_MAX - 15), fc.integer({ min: 0, max: 15 }))
  .map(([base, offset]) => base + offset);

describe('the lines of a controller cache', () => {
  it('know their unit and number, however far', () => {
    fc.assert(
      fc.property(unit, number, (u, n) => {
        const cache = new LineCache(4, 4096);
        const line = cache.take(u, n);
        expect([cache.unitOf(line), cache.numberOf(line)]).toEqual([u, n]);
      }),
    );
  });

  it('are as a map of those that were not evicted, with those listed among them', () => {
    const step = fc.record({
      unit: fc.integer({ min: 0, max: 2 }),
      number,
      does: fc.constantFrom('take', 'list', 'unlist'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 40 }), fc.array(step, { maxLength: 300 }), (capacity, steps) => {
        const cache = new LineCache(capacity, 4096);
        const owners = new Map<number, string>();
        const listed = new Set<number>();
        for (const each of steps) {
          const line = cache.find(each.unit, each.number);
          if (each.does === 'take') {
            const taken = cache.take(each.unit, each.number);
            if (line >= 0) expect(taken).toBe(line);
            else expect(listed.has(taken)).toBe(false);
            if (taken >= 0) owners.set(taken, `${each.unit}/${each.number}`);
          } else if (line >= 0) {
            // Only dirty lines are listed, and those stay.
            const lists = each.does === 'list';
            cache.setListed(line, lists);
            cache.dirty[line] = lists ? 1 : 0;
            if (lists) listed.add(line);
            else listed.delete(line);
          }
          for (const [each, name] of owners) {
            const [u, n] = name.split('/').map(Number);
            expect(cache.find(u!, n!)).toBe(each);
            expect(cache.findListed(u!, n!)).toBe(listed.has(each) ? each : -1);
          }
        }
      }),
    );
  });

  it('are found when there are more groups of them than the table had room for', () => {
    const lines = 5000;
    const cache = new LineCache(lines, 4096);
    // One line per group, so that each has a group of its own; the second half evicts the first.
    for (let i = 0; i < 2 * lines; i++) cache.take(i & 1, i * 64);
    for (let i = 0; i < 2 * lines; i++) expect(cache.find(i & 1, i * 64) >= 0).toBe(i >= lines);
    expect(cache.evictions).toBe(lines);
  });
});
