import { describe, expect, it } from 'vitest';
import { FAILURES, MATRIX_MODES } from './failure-matrix.ts';
import { runFailure } from './run-failure.ts';

describe('the failure matrix', () => {
  for (const failure of FAILURES) {
    const modes = MATRIX_MODES.filter((mode) => failure.promises[mode] !== undefined);
    it(`keeps loss, state and stall as promised: ${failure.name}`, { timeout: 60_000 }, () => {
      for (const mode of modes)
        expect({ mode, broken: runFailure(failure, mode).broken }).toEqual({ mode, broken: [] });
    });
  }

  it('finds a promise that is not kept', () => {
    const [first] = FAILURES;
    const promise = first!.promises['write-back+1']!;
    const tooShort = { ...first!, promises: { 'write-back+1': { ...promise, stallNs: 1, lost: true } } };
    expect(runFailure(tooShort, 'write-back+1').broken).toHaveLength(2);
  });
});
