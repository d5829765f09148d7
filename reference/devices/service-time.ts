/**
 * Service-time distributions. Each is turned into a table of integer nanoseconds when a scenario is read; a device
 * then samples it with one 32-bit word. Logarithm and exponential occur in this file only, to fill the tables.
 *
 * The table has two levels: 4,096 quantiles, the topmost of which is split into 4,096 again, so that the tail is
 * resolved to one in 2^24. Each entry is the distribution's quantile at the middle of its cell.
 */
import { UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import { parseDurationNs } from '../kernel/units.ts';
import type { DeviceContext } from './api.ts';

/** Quantiles per level. */
export const SERVICE_TIME_ENTRIES = 4096;
/** Longest service time, ns: the tables hold 32 bits. */
export const SERVICE_TIME_MAX_NS = 4e9;

const LAST = SERVICE_TIME_ENTRIES - 1;

/** The keys of each distribution, in the order in which they are written. */
export const DISTRIBUTION_KEYS: Readonly<Record<string, readonly string[]>> = {
  fixed: ['time'],
  exponential: ['mean'],
  'shifted-exponential': ['min', 'mean'],
  uniform: ['min', 'max'],
  lognormal: ['median', 'p99'],
};

/** A distribution ready to be sampled. */
export class ServiceTime {
  /** The time when it never varies, ns; -1 otherwise. */
  readonly fixedNs: number;
  /** Quantiles at (i + 0.5) / 4096, ns; the last entry is replaced by `tail`. Empty when fixed. */
  readonly body: Uint32Array;
  /** Quantiles at (4095 + (i + 0.5) / 4096) / 4096, ns. Empty when fixed. */
  readonly tail: Uint32Array;
  /** Mean of what is sampled, ns. */
  readonly meanNs: number;
  /** Second moment of what is sampled, ns^2. */
  readonly secondMomentNs2: number;
  /** Longest time that can be sampled, ns. */
  readonly maxNs: number;

  /** @param quantileNs the distribution's quantile function, 0 < p < 1, in ns */
  constructor(fixedNs: number, quantileNs?: (p: number) => number) {
    this.fixedNs = quantileNs === undefined ? fixedNs : -1;
    const entries = quantileNs === undefined ? 0 : SERVICE_TIME_ENTRIES;
    this.body = new Uint32Array(entries);
    this.tail = new Uint32Array(entries);
    if (quantileNs === undefined) {
      this.meanNs = fixedNs;
      this.secondMomentNs2 = fixedNs * fixedNs;
      this.maxNs = fixedNs;
      return;
    }
    let sum = 0;
    let squares = 0;
    let tailSum = 0;
    let tailSquares = 0;
    for (let i = 0; i < entries; i++) {
      const value = toTable(quantileNs((i + 0.5) / entries));
      const tail = toTable(quantileNs((LAST + (i + 0.5) / entries) / entries));
      this.body[i] = value;
      this.tail[i] = tail;
      tailSum += tail;
      tailSquares += tail * tail;
      if (i < LAST) {
        sum += value;
        squares += value * value;
      }
    }
    this.meanNs = (sum + tailSum / entries) / entries;
    this.secondMomentNs2 = (squares + tailSquares / entries) / entries;
    this.maxNs = this.tail[LAST]!;
  }

  get varianceNs2(): number {
    return this.secondMomentNs2 - this.meanNs * this.meanNs;
  }

  /** The time that belongs to a random word. @param word 0 to 2^32 - 1 @returns ns */
  sampleNs(word: number): number {
    if (this.fixedNs >= 0) return this.fixedNs;
    const entry = word >>> 20;
    return entry !== LAST ? this.body[entry]! : this.tail[(word >>> 8) & LAST]!;
  }

  /** Draws from the device's context; a fixed time draws nothing. @returns ns */
  drawNs(context: DeviceContext, key: number, stage: number): number {
    return this.fixedNs >= 0 ? this.fixedNs : this.sampleNs(context.draw(key, stage));
  }
}

function toTable(ns: number): number {
  return Math.min(SERVICE_TIME_MAX_NS, Math.max(0, Math.floor(ns + 0.5)));
}

/**
 * Reads a service time as written in YAML: `90us` (fixed), 0, or an object such as
 * `{ distribution: lognormal, median: 90us, p99: 300us }` with the keys of DISTRIBUTION_KEYS.
 * @throws UsageError saying what is wrong and what was expected
 */
export function parseServiceTime(written: unknown): ServiceTime {
  if (written === 0) return new ServiceTime(0);
  if (typeof written === 'string') return new ServiceTime(boundedNs('time', written));
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new UsageError('is not a service time', {
      hint: 'write 90us, or { distribution: lognormal, median: 90us, p99: 300us }',
    });
  }
  const value = written as Readonly<Record<string, unknown>>;
  const names = Object.keys(DISTRIBUTION_KEYS);
  const name = value.distribution;
  if (typeof name !== 'string' || !names.includes(name)) {
    const shown = typeof name === 'string' ? `unknown distribution "${name}"` : 'has no distribution';
    const meant = typeof name === 'string' ? didYouMean(name, names) : undefined;
    throw new UsageError(shown, {
      hint: `${meant === undefined ? '' : `${meant} `}one of ${names.join(', ')}`,
    });
  }
  const keys = DISTRIBUTION_KEYS[name]!;
  for (const key of Object.keys(value)) {
    if (key !== 'distribution' && !keys.includes(key)) {
      throw new UsageError(`distribution ${name} has no "${key}"`, { hint: `it has ${keys.join(' and ')}` });
    }
  }
  const times = keys.map((key) => {
    if (value[key] === undefined) {
      throw new UsageError(`distribution ${name} lacks "${key}"`, { hint: `it needs ${keys.join(' and ')}` });
    }
    return boundedNs(key, value[key]);
  });
  const first = times[0]!;
  const second = times[1] ?? first;
  if (second < first) {
    throw new UsageError(`${keys[1]} must not be below ${keys[0]}`, {
      hint: `${keys[1]} is ${second} ns, ${keys[0]} is ${first} ns`,
    });
  }
  return createServiceTime(name, first, second);
}

function createServiceTime(name: string, first: number, second: number): ServiceTime {
  switch (name) {
    case 'exponential':
      return new ServiceTime(-1, (p) => -first * Math.log(1 - p));
    case 'shifted-exponential':
      return new ServiceTime(-1, (p) => first - (second - first) * Math.log(1 - p));
    case 'uniform':
      return new ServiceTime(-1, (p) => first + (second - first) * p);
    case 'lognormal': {
      if (first === 0) throw new UsageError('median must be above 0');
      const sigma = Math.log(second / first) / normalQuantile(0.99);
      return new ServiceTime(-1, (p) => first * Math.exp(sigma * normalQuantile(p)));
    }
    default:
      return new ServiceTime(first);
  }
}

function boundedNs(key: string, written: unknown): number {
  if (written === 0) return 0;
  if (typeof written !== 'string') {
    throw new UsageError(`${key} is not a time`, {
      hint: 'write a number with ns, us, ms or s, such as 90us',
    });
  }
  const ns = parseDurationNs(written);
  if (ns > SERVICE_TIME_MAX_NS)
    throw new UsageError(`${key} is out of bounds: ${written}`, { hint: 'a service time is at most 4s' });
  return ns;
}

/**
 * Quantile of the standard normal distribution, to about 1 in 10^16.
 * @param p 0 < p < 1
 * @source M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37
 * (1988), routine PPND16
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    return q * rational(0.180625 - q * q, CENTRE_ABOVE, CENTRE_BELOW);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const value =
    r <= 5 ? rational(r - 1.6, SHOULDER_ABOVE, SHOULDER_BELOW) : rational(r - 5, FAR_ABOVE, FAR_BELOW);
  return q < 0 ? -value : value;
}

function rational(x: number, above: readonly number[], below: readonly number[]): number {
  let numerator = 0;
  let denominator = 0;
  for (let i = 7; i >= 0; i--) {
    numerator = numerator * x + above[i]!;
    denominator = denominator * x + below[i]!;
  }
  return numerator / denominator;
}

// Coefficients of AS 241, lowest power first.
const CENTRE_ABOVE = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const CENTRE_BELOW = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852854,
];
const SHOULDER_ABOVE = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const SHOULDER_BELOW = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995344, 1.0507500716444169e-9,
];
const FAR_ABOVE = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const FAR_BELOW = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
];
