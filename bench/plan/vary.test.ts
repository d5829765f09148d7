import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../reference/kernel/errors.ts';
import { latinHypercube } from './sample.ts';
import { gridOf, parseAxis } from './vary.ts';

describe('what is varied', () => {
  it.each([
    ['flash.capacity=50G..800G', ['50G', '100G', '200G', '400G', '800G']],
    ['flash.capacity=50..300G', ['50G', '100G', '200G', '300G']],
    ['vms.perHost=1..4+1', ['1', '2', '3', '4']],
    ['mode=none,write-back+1', ['none', 'write-back+1']],
    ['speed=1x,2x..8x', ['1x', '2x', '4x', '8x']],
    [
      'datastore.filters=[{ filter: delay, read: 1ms }, log],[]',
      ['[{ filter: delay, read: 1ms }, log]', '[]'],
    ],
  ])('%s', (text, values) => {
    expect(parseAxis(text).values).toEqual(values);
  });
  it.each([
    ['flash.capacity=800G..50G', /ends below its start/, /50G..800G/],
    ['flash.capacity=50G..1T', /different units, G and T/, /same unit/],
    ['flash.capcity=', /not NAME=VALUES/, undefined],
    ['flash.capacity=50G,,60G', /a value is missing/, undefined],
    ['mode=write-bck', /unknown mode/, /"write-back"/],
    ['mdoe=none', /unknown parameter/, /"mode"/],
    ['speed=fast', /not a speed|speed=fast/, undefined],
    ['vms.perHost=1..1000000+1', /more than 1000 values/, undefined],
  ])('%s is refused', (text, message, hint) => {
    let error: UsageError | undefined;
    try {
      parseAxis(text);
    } catch (thrown) {
      error = thrown as UsageError;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toMatch(message);
    if (hint !== undefined) expect(error?.hint).toMatch(hint);
  });
  it('makes a grid of every combination, once', () => {
    const grid = gridOf([parseAxis('mode=none,write-back'), parseAxis('speed=1x,2x,4x')]);
    expect(new Set(grid.map((point) => JSON.stringify(point))).size).toBe(6);
  });
});

describe('a Latin hypercube', () => {
  it('meets every part of every axis once, within the range, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (count, seed) => {
        const axes = [
          { name: 'flash.capacity', values: [], range: { from: 50, to: 800, unit: 'G' } },
          { name: 'lowWater', values: [], range: { from: 10, to: 90, unit: '%' }, scale: 'linear' as const },
          { name: 'mode', values: ['none', 'write-back'] },
        ];
        const points = latinHypercube(axes, count, seed);
        expect(points).toEqual(latinHypercube(axes, count, seed));
        const parts = points.map((point) =>
          Math.floor(((Number.parseFloat(point.lowWater!) - 10) / 80) * count + 1e-9),
        );
        // A value is rounded to four digits, which can move it over the border of its part.
        for (const [index, part] of [...parts].sort((a, b) => a - b).entries())
          expect(Math.abs(part - index)).toBeLessThanOrEqual(1);
        for (const point of points) {
          expect(Number.parseFloat(point['flash.capacity']!)).toBeGreaterThanOrEqual(50);
          expect(Number.parseFloat(point['flash.capacity']!)).toBeLessThanOrEqual(800);
        }
        const none = points.filter(({ mode }) => mode === 'none').length;
        expect(Math.abs(none - count / 2)).toBeLessThanOrEqual(0.5);
      }),
      { numRuns: 40 },
    );
  });
});
