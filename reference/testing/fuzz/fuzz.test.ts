import { describe, expect, it } from 'vitest';
import { drawCase } from './draw-case.ts';
import { runCase } from './run-case.ts';

describe('a cluster under faults', () => {
  it.each([3, 6, 14, 18, 43, 58])('keeps its promises with seed %i', (seed) => {
    expect(runCase(drawCase(seed)).violations).toEqual([]);
  });
});
