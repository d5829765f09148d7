import { describe, expect, test } from 'vitest';
import { UsageError } from '../../reference/kernel/errors.ts';
import { type BenchFlags, benchRequestOf } from './bench-request.ts';

const DEFAULTS: BenchFlags = {
  scenario: 'datacentre-2014',
  warmup: '0',
  preload: 'none',
  seed: '1',
  event: 'D',
};

function requestOf(flags: Partial<BenchFlags>) {
  return benchRequestOf(['email'], { ...DEFAULTS, ...flags });
}

describe('the flags of bench run', () => {
  test('have these values when none is given', () => {
    expect(benchRequestOf([], DEFAULTS)).toEqual({
      workloads: [],
      scenario: 'datacentre-2014',
      modes: undefined,
      replay: undefined,
      speed: 1,
      iodepth: undefined,
      warmupNs: 0,
      preloadFraction: 0,
      durationNs: undefined,
      seed: 1,
      format: undefined,
      event: 'D',
    });
  });
  test('become plain numbers', () => {
    const request = requestOf({
      speed: '2.5x',
      warmup: '1m',
      preload: '50%',
      duration: '1.5s',
      seed: '9007199254740991',
    });
    expect(request).toMatchObject({
      speed: 2.5,
      warmupNs: 60e9,
      preloadFraction: 0.5,
      durationNs: 1.5e9,
      seed: Number.MAX_SAFE_INTEGER,
    });
    expect(requestOf({ preload: 'all' }).preloadFraction).toBe(1);
    expect(requestOf({ replay: 'closed', iodepth: '65536' }).iodepth).toBe(65_536);
  });
  test('keep the order of modes and drop repeated ones', () => {
    expect(requestOf({ mode: ['write-back', 'none', 'write-back'] }).modes).toEqual(['write-back', 'none']);
  });

  test.each<[string, Partial<BenchFlags>]>([
    ['--speed: not a speed: "0x"', { speed: '0x' }],
    ['--speed: 1000001x', { speed: '1000001x' }],
    ['--iodepth: 65537', { replay: 'closed', iodepth: '65537' }],
    ['--iodepth: not a whole number: "1e3"', { replay: 'closed', iodepth: '1e3' }],
    ['--warmup: 101d', { warmup: '101d' }],
    ['--duration: 0', { duration: '0' }],
    ['--preload: not a share', { preload: '1' }],
    ['--seed: not a whole number: ""', { seed: '' }],
    ['--seed: 9007199254740992', { seed: '9007199254740992' }],
  ])('are refused with %s', (message, flags) => {
    let thrown: unknown;
    try {
      requestOf(flags);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect((thrown as UsageError).message).toContain(message);
    expect((thrown as UsageError).hint).not.toBe(undefined);
  });
});
