/**
 * Quantities as people write them, to and from plain numbers: bytes, nanoseconds, bytes per second, fractions.
 * Formatting never uses Intl or the locale, so that documents are the same on every machine.
 */
import { UsageError } from './errors.ts';

export const NS_PER_US = 1e3;
export const NS_PER_MS = 1e6;
export const NS_PER_S = 1e9;
export const SECTOR_BYTES = 512;
export const KIB = 1024;
export const MIB = 1024 * 1024;
export const GIB = 1024 * 1024 * 1024;

const BYTE_UNITS = new Map<string, number>([
  ['', 1],
  ['b', 1],
  ['k', KIB],
  ['kib', KIB],
  ['m', MIB],
  ['mib', MIB],
  ['g', GIB],
  ['gib', GIB],
  ['t', 1024 * GIB],
  ['tib', 1024 * GIB],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
]);

const DURATION_UNITS = new Map<string, number>([
  ['ns', 1],
  ['us', NS_PER_US],
  ['µs', NS_PER_US],
  ['μs', NS_PER_US],
  ['ms', NS_PER_MS],
  ['s', NS_PER_S],
  ['sec', NS_PER_S],
  ['m', 60 * NS_PER_S],
  ['min', 60 * NS_PER_S],
  ['h', 3600 * NS_PER_S],
  ['d', 86400 * NS_PER_S],
]);

const BITS = new Map<string, number>([
  ['bit', 1 / 8],
  ['kbit', 1e3 / 8],
  ['mbit', 1e6 / 8],
  ['gbit', 1e9 / 8],
]);

const QUANTITY = /^([0-9]+(?:\.[0-9]+)?)\s*([a-zµμ]*)$/i;

function quantity(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const match = QUANTITY.exec(text.trim());
  if (match === null) return undefined;
  const scale = units.get(match[2]!.toLowerCase());
  return scale === undefined ? undefined : Number(match[1]) * scale;
}

function exactInteger(value: number, text: string, what: string): number {
  const rounded = Math.floor(value + 0.5);
  if (!Number.isSafeInteger(rounded)) {
    throw new UsageError(`${what} out of range: ${JSON.stringify(text)}`, {
      hint: 'the largest value is 2^53 - 1',
    });
  }
  return rounded;
}

/**
 * Bytes: `4096`, `4k`, `4KiB` (1024), `4kB` (1000), `1.5GiB`; bare `k m g t` are powers of 1024, as in fio.
 * @throws UsageError when it is no such quantity.
 */
export function parseBytes(text: string): number {
  const value = quantity(text, BYTE_UNITS);
  if (value === undefined) {
    throw new UsageError(`not a size: ${JSON.stringify(text)}`, {
      hint: 'write bytes with a unit, such as 64KiB, 5GiB or 400GB',
    });
  }
  return exactInteger(value, text, 'size');
}

/**
 * A duration in nanoseconds: `250us`, `1.5ms`, `30s`, `2m`, `1h`; a unit is required, but 0 needs none.
 * @throws UsageError when it is no such quantity.
 */
export function parseDurationNs(text: string): number {
  if (text.trim() === '0') return 0;
  const value = quantity(text, DURATION_UNITS);
  if (value === undefined) {
    throw new UsageError(`not a duration: ${JSON.stringify(text)}`, {
      hint: 'write a number with ns, us, ms, s, m, h or d, such as 250us or 30s',
    });
  }
  return exactInteger(value, text, 'duration');
}

/**
 * Bytes per second: `10Gbit/s`, `550MB/s`, `1GiB/s`.
 * @throws UsageError when it is no such quantity.
 */
export function parseBytesPerSecond(text: string): number {
  const match = /^(.*)\/s$/i.exec(text.trim());
  const value = match === null ? undefined : (quantity(match[1]!, BITS) ?? quantity(match[1]!, BYTE_UNITS));
  if (value === undefined) {
    throw new UsageError(`not a bandwidth: ${JSON.stringify(text)}`, {
      hint: 'write it per second, such as 10Gbit/s or 550MB/s',
    });
  }
  return exactInteger(value, text, 'bandwidth');
}

/**
 * A fraction: `20%` is 0.2.
 * @throws UsageError when it is no percentage.
 */
export function parsePercent(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(text.trim());
  if (match === null) {
    throw new UsageError(`not a percentage: ${JSON.stringify(text)}`, {
      hint: 'write a number and %, such as 20%',
    });
  }
  return Number(match[1]) / 100;
}

/** A speed-up: `2x` or `2` is 2; must be above 0. */
export function parseSpeed(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*x?$/i.exec(text.trim());
  const value = match === null ? 0 : Number(match[1]);
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new UsageError(`not a speed: ${JSON.stringify(text)}`, {
      hint: 'write 2x for twice as fast, 0.5x for half',
    });
  }
  return value;
}

/** Three significant digits, no exponent, no trailing zeros: 0.123, 12.3, 123, 1230. */
export function formatSignificant(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  const text = value.toFixed(decimals);
  return decimals === 0 ? text : text.replace(/\.?0+$/, '');
}

/** `950 ns`, `12.3 µs`, `1.05 ms`, `2.5 s`, three significant digits. */
export function formatNs(ns: number): string {
  const magnitude = Math.abs(ns);
  if (magnitude < 999.5) return `${formatSignificant(ns)} ns`;
  if (magnitude < 999.5 * NS_PER_US) return `${formatSignificant(ns / NS_PER_US)} µs`;
  if (magnitude < 999.5 * NS_PER_MS) return `${formatSignificant(ns / NS_PER_MS)} ms`;
  return `${formatSignificant(ns / NS_PER_S)} s`;
}

/** `512 B`, `4 KiB`, `1.5 GiB`, three significant digits. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${formatSignificant(value)} ${names[unit]}`;
}

/** `80,794`: an integer with thousands separated by commas. */
export function formatCount(count: number): string {
  return String(Math.floor(count + 0.5)).replace(/\B(?=([0-9]{3})+$)/g, ',');
}

/** `12.3 %` from a fraction. */
export function formatPercent(fraction: number): string {
  return `${formatSignificant(fraction * 100)} %`;
}

/**
 * A name for file names and HDR tags: [a-z0-9.+-]{1,64}. Different names may share a slug; the full name stands in
 * the document.
 */
export function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9.+-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 64);
  return plain === '' ? 'unnamed' : plain;
}
