import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../reference/kernel/random.ts';
import { ArrivalCounts, hurst } from './arrival-counts.ts';
import { log2 } from './exact-log2.ts';

const WINDOW = 2 ** 20;

it('log2 is the logarithm', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1e18, noNaN: true }), (value) => {
      expect(log2(value)).toBeCloseTo(Math.log2(value), 9);
    }),
  );
});

it('the index of dispersion is variance over mean of counts made one by one', () => {
  const gap = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 2 * WINDOW }), fc.nat({ max: 40 * WINDOW }));
  fc.assert(
    fc.property(
      fc.array(gap, { minLength: 50, maxLength: 300 }),
      fc.nat({ max: 3 * WINDOW }),
      (gaps, rest) => {
        const arrivals = new ArrivalCounts();
        const times: number[] = [];
        let now = 0;
        for (const [i, ns] of gaps.entries()) {
          now += i === 0 ? 0 : ns;
          times.push(now);
          arrivals.arrive(now);
        }
        const durationNs = now + rest;
        const found = arrivals.dispersions(durationNs);
        for (const { windowNs, windows, index, meanIos } of found) {
          expect(windows).toBe(Math.floor(durationNs / windowNs));
          const counts = new Array<number>(windows).fill(0);
          for (const time of times) {
            const window = Math.floor(time / windowNs);
            if (window < windows) counts[window]!++;
          }
          const mean = counts.reduce((sum, count) => sum + count, 0) / windows;
          const variance = counts.reduce((sum, count) => sum + (count - mean) * (count - mean), 0) / windows;
          expect(meanIos).toBeCloseTo(mean, 9);
          expect(index).toBeCloseTo(variance / mean, 6);
        }
        const perSecond = new Map<number, number>();
        for (const time of times) {
          const second = Math.floor(time / 1e9);
          perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
        }
        expect(arrivals.peakSecondIos).toBe(Math.max(...perSecond.values()));
      },
    ),
    { numRuns: 60 },
  );
});

describe('a process whose figures are known', () => {
  /** Exponential gaps by inversion. */
  function poisson(ratePerS: number, seconds: number, batch: number): ArrivalCounts {
    const random = new RandomStream(11, 'poisson');
    const arrivals = new ArrivalCounts();
    let now = 0;
    while (now < seconds * 1e9) {
      for (let i = 0; i < batch; i++) arrivals.arrive(Math.floor(now));
      now += (-Math.log(1 - random.nextFraction()) * 1e9) / ratePerS;
    }
    return arrivals;
  }

  it('such as a Poisson process has dispersion 1, Hurst one half and gaps of variation 1', () => {
    const arrivals = poisson(2000, 100, 1);
    const found = arrivals.dispersions(100e9);
    for (const { index } of found.slice(0, 6)) expect(Math.abs(index - 1)).toBeLessThan(0.1);
    expect(Math.abs(hurst(found)! - 0.5)).toBeLessThan(0.06);
    expect(Math.abs(arrivals.gapVariation! - 1)).toBeLessThan(0.02);
  });

  it('such as a Poisson process of batches of four has dispersion 4', () => {
    for (const { index } of poisson(1000, 60, 4).dispersions(60e9).slice(0, 5))
      expect(Math.abs(index - 4)).toBeLessThan(0.4);
  });

  it('such as a steady stream has dispersion near 0 and gaps of variation 0', () => {
    const arrivals = new ArrivalCounts();
    for (let i = 0; i < 100_000; i++) arrivals.arrive(i * 65_536);
    for (const { index } of arrivals.dispersions(99_999 * 65_536)) expect(index).toBeLessThan(1e-6);
    expect(arrivals.gapVariation).toBeCloseTo(0, 9);
  });

  it('such as one that is on and off for times with a heavy tail has a Hurst parameter well above one half', () => {
    const random = new RandomStream(5, 'on-off');
    const arrivals = new ArrivalCounts();
    let now = 0;
    let on = true;
    while (now < 2000e9) {
      // Pareto with tail index 1.2: H = (3 - 1.2) / 2 = 0.9 in the limit.
      const lengthNs = Math.min(200e9, 5e6 * (1 - random.nextFraction()) ** (-1 / 1.2));
      if (on) for (let at = now; at < now + lengthNs; at += 1e6) arrivals.arrive(Math.floor(at));
      now += lengthNs;
      on = !on;
    }
    expect(hurst(arrivals.dispersions(2000e9))).toBeGreaterThan(0.7);
  });
});
