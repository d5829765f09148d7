/** Quantities as a person would write them in a scenario, exactly: reading them again gives the same number. */
import { GIB, KIB, MIB, NS_PER_MS, NS_PER_S, NS_PER_US } from '../../kernel/units.ts';

const BYTE_UNITS: readonly (readonly [number, string])[] = [
  [1024 * GIB, 'TiB'],
  [1e12, 'TB'],
  [GIB, 'GiB'],
  [1e9, 'GB'],
  [MIB, 'MiB'],
  [1e6, 'MB'],
  [KIB, 'KiB'],
];

const TIME_UNITS: readonly (readonly [number, string])[] = [
  [NS_PER_S, 's'],
  [NS_PER_MS, 'ms'],
  [NS_PER_US, 'us'],
];

/** @param bytes an integer */
export function writtenBytes(bytes: number): string {
  return written(bytes, BYTE_UNITS, 'B');
}

export function writtenBytesPerSecond(bytesPerSecond: number): string {
  return bytesPerSecond === Number.POSITIVE_INFINITY ? 'unlimited' : `${writtenBytes(bytesPerSecond)}/s`;
}

/** @param ns an integer */
export function writtenNs(ns: number): string {
  return written(ns, TIME_UNITS, 'ns');
}

function written(value: number, units: readonly (readonly [number, string])[], smallest: string): string {
  for (const [scale, unit] of units) {
    if (value >= scale && value % scale === 0) return `${value / scale}${unit}`;
  }
  return `${value}${smallest}`;
}
