import { describe, expect, it } from 'vitest';
import { drawCase } from './draw-case.ts';
import { runCase } from './run-case.ts';

describe('a cluster under faults', () => {
  it.each([
    3, 6, 14, 18, 43, 58, 578, 3324, 5364, 6014, 6931, 6963, 7983, 12546, 15267, 16670, 23313, 44213, 46772,
    51176, 80640, 98561,
  ])('keeps its promises with seed %i', (seed) => {
    const { objections, crash } = runCase(drawCase(seed));
    expect(crash).toBeUndefined();
    expect(objections).toEqual([]);
  });
});
