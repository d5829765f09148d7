import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { RandomStream } from '../kernel/random.ts';
import { normalQuantile, parseServiceTime, type ServiceTime } from './service-time.ts';
import { relativeError } from './testing/measures.ts';

const LOGNORMAL = { distribution: 'lognormal', median: '90us', p99: '300us' };
const EXPONENTIAL = { distribution: 'exponential', mean: '90us' };

/** Word whose sample is the quantile of cell `entry`, or of cell `tail` of the topmost entry. */
function word(entry: number, tail = 0): number {
  return entry * 2 ** 20 + tail * 2 ** 8;
}

function hash(time: ServiceTime): string {
  const digest = createHash('sha256');
  for (const table of [time.body, time.tail]) for (const value of table) digest.update(`${value}\n`);
  return digest.digest('hex').slice(0, 16);
}

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    const { message, hint } = error as UsageError;
    return `${message} | ${hint}`;
  }
  return 'no error';
}

describe('the quantile of the normal distribution', () => {
  // Python 3: statistics.NormalDist().inv_cdf(p).
  it.each([
    [1e-7, -5.199337582192816],
    [0.001, -3.090232306167813],
    [0.05, -1.6448536269514726],
    [0.3, -0.5244005127080409],
    [0.5, 0],
    [0.9, 1.2815515655446008],
    [0.99, 2.3263478740408408],
    [1 - 1e-6, 4.753424308817087],
  ])('at %f is %f', (p, wanted) => {
    expect(normalQuantile(p)).toBeCloseTo(wanted, 12);
  });
});

describe('a service time', () => {
  it('written as a time is fixed, and draws nothing', () => {
    const time = parseServiceTime('90us');
    expect([time.fixedNs, time.sampleNs(0), time.sampleNs(2 ** 32 - 1), time.meanNs]).toEqual([
      90e3, 90e3, 90e3, 90e3,
    ]);
    expect(parseServiceTime({ distribution: 'fixed', time: '2ms' }).fixedNs).toBe(2e6);
    expect(parseServiceTime(0).fixedNs).toBe(0);
  });

  // Golden values from Python 3 (math.log, math.exp, statistics.NormalDist), rounded to whole ns.
  it.each([
    [word(0), 13481, 11],
    [word(1000), 62887, 25206],
    [word(2048), 90014, 62405],
    [word(4094), 516776, 712107],
    [word(4095, 0), 547047, 748610],
    [word(4095, 4095), 1487505, 1559581],
  ])('of word %i is the quantile at the middle of its cell', (random, lognormal, exponential) => {
    expect(parseServiceTime(LOGNORMAL).sampleNs(random)).toBe(lognormal);
    expect(parseServiceTime(EXPONENTIAL).sampleNs(random)).toBe(exponential);
  });

  it('has its tables pinned, so that no machine computes others', () => {
    expect(hash(parseServiceTime(LOGNORMAL))).toBe('b89991d08d95d561');
    expect(hash(parseServiceTime(EXPONENTIAL))).toBe('dd006d496557b79c');
    expect(hash(parseServiceTime({ distribution: 'uniform', min: '1500us', max: '9400us' }))).toBe(
      '05b859ed56cb94d2',
    );
    expect(hash(parseServiceTime({ distribution: 'shifted-exponential', min: '50us', mean: '90us' }))).toBe(
      'c1fab7a16c302825',
    );
  });

  // Mean and variance by formula.
  it.each([
    ['lognormal', LOGNORMAL, 102897.39459488365, 3252011606.5698547],
    ['exponential', EXPONENTIAL, 90e3, 81e8],
    ['uniform', { distribution: 'uniform', min: '1500us', max: '9400us' }, 5.45e6, 7.9e6 ** 2 / 12],
    ['shifted exponential', { distribution: 'shifted-exponential', min: '50us', mean: '90us' }, 90e3, 16e8],
  ])('%s has the mean and variance of its distribution', (_, written, mean, variance) => {
    const time = parseServiceTime(written);
    expect(relativeError(time.meanNs, mean)).toBeLessThan(1e-5);
    expect(relativeError(time.varianceNs2, variance)).toBeLessThan(3e-4);
  });

  it('states the moments of what it samples', () => {
    const time = parseServiceTime(LOGNORMAL);
    const stream = new RandomStream(7, 'samples');
    let sum = 0;
    let squares = 0;
    const count = 200_000;
    for (let i = 0; i < count; i++) {
      const value = time.sampleNs(stream.nextU32());
      sum += value;
      squares += value * value;
    }
    expect(relativeError(sum / count, time.meanNs)).toBeLessThan(0.005);
    expect(relativeError(squares / count, time.secondMomentNs2)).toBeLessThan(0.02);
  });

  it('never exceeds what its table can hold', () => {
    expect(parseServiceTime({ distribution: 'exponential', mean: '4s' }).maxNs).toBe(4e9);
  });

  it.each([
    [
      { distribution: 'lognormel', median: '1us', p99: '2us' },
      'unknown distribution "lognormel" | did you mean "lognormal"? one of fixed, exponential, shifted-exponential, uniform, lognormal',
    ],
    [
      { median: '1us' },
      'has no distribution | one of fixed, exponential, shifted-exponential, uniform, lognormal',
    ],
    [
      { distribution: 'exponential', median: '1us' },
      'distribution exponential has no "median" | it has mean',
    ],
    [{ distribution: 'uniform', min: '1us' }, 'distribution uniform lacks "max" | it needs min and max'],
    [
      { distribution: 'uniform', min: '2us', max: '1us' },
      'max must not be below min | max is 1000 ns, min is 2000 ns',
    ],
    [{ distribution: 'lognormal', median: 0, p99: '1us' }, 'median must be above 0 | undefined'],
    [
      { distribution: 'fixed', time: 90 },
      'time is not a time | write a number with ns, us, ms or s, such as 90us',
    ],
    ['5s', 'time is out of bounds: 5s | a service time is at most 4s'],
    [90, 'is not a service time | write 90us, or { distribution: lognormal, median: 90us, p99: 300us }'],
    [
      ['90us'],
      'is not a service time | write 90us, or { distribution: lognormal, median: 90us, p99: 300us }',
    ],
  ])('refuses %j with a reason', (written, message) => {
    expect(messageOf(() => parseServiceTime(written))).toBe(message);
  });
});
