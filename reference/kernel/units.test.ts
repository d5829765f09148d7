import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from './errors.ts';
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  parseBytes,
  parseBytesPerSecond,
  parseDurationNs,
  parsePercent,
  parseSpeed,
  slug,
} from './units.ts';

describe('quantities as people write them', () => {
  it.each([
    ['4096', 4096],
    ['4k', 4096],
    ['4KiB', 4096],
    ['4kB', 4000],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['400GB', 400e9],
    ['2T', 2 ** 41],
  ])('the size %s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each([
    ['0', 0],
    ['250us', 250_000],
    ['250µs', 250_000],
    ['1.5ms', 1_500_000],
    ['30s', 30e9],
    ['2m', 120e9],
    ['1h', 3600e9],
  ])('the duration %s is %d ns', (text, ns) => expect(parseDurationNs(text)).toBe(ns));

  it.each([
    ['10Gbit/s', 1.25e9],
    ['550MB/s', 550e6],
    ['1GiB/s', 2 ** 30],
  ])('the bandwidth %s is %d bytes per second', (text, rate) => expect(parseBytesPerSecond(text)).toBe(rate));

  it('percentages and speeds', () => {
    expect(parsePercent('20%')).toBe(0.2);
    expect([parseSpeed('2x'), parseSpeed('0.5'), parseSpeed('10X')]).toEqual([2, 0.5, 10]);
  });

  it.each([
    ['size', () => parseBytes('4 apples')],
    ['size', () => parseBytes('')],
    ['size', () => parseBytes('-4k')],
    ['size', () => parseBytes('9999999999T')],
    ['duration', () => parseDurationNs('5')],
    ['duration', () => parseDurationNs('5 parsecs')],
    ['bandwidth', () => parseBytesPerSecond('10Gbit')],
    ['percentage', () => parsePercent('20')],
    ['speed', () => parseSpeed('0x')],
  ])('what is no %s is a usage error', (what, parse) => {
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(what);
  });
});

describe('quantities as people read them', () => {
  it('three significant digits and a unit', () => {
    expect([0, 1, 999, 1000, 12_345, 999_499, 999_500, 1_050_000, 2.5e9].map(formatNs)).toEqual([
      '0 ns',
      '1 ns',
      '999 ns',
      '1 µs',
      '12.3 µs',
      '999 µs',
      '1 ms',
      '1.05 ms',
      '2.5 s',
    ]);
    expect([0, 512, 4096, 1.5 * 2 ** 30, 1023 * 1024].map(formatBytes)).toEqual([
      '0 B',
      '512 B',
      '4 KiB',
      '1.5 GiB',
      '0.999 MiB',
    ]);
    expect([0, 999, 1000, 80_794, 1_234_567].map(formatCount)).toEqual([
      '0',
      '999',
      '1,000',
      '80,794',
      '1,234,567',
    ]);
    expect(formatPercent(0.123)).toBe('12.3 %');
  });

  it('a size printed is the size parsed, within its three digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (bytes) => {
        expect(Math.abs(parseBytes(formatBytes(bytes)) / bytes - 1)).toBeLessThan(0.006);
      }),
    );
  });

  it('a slug has only what file names and tags may have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(slug(name)).toMatch(/^[a-z0-9.+-]{1,64}$/);
      }),
    );
    expect(slug('../../etc/passwd')).toBe('etc-passwd');
    expect(slug('write-back+1')).toBe('write-back+1');
  });
});
