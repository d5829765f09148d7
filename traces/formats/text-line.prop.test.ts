import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fourDigits } from './text-line.ts';

const byte = fc.oneof(fc.integer({ min: 0x30, max: 0x39 }), fc.integer({ min: 0, max: 255 }));

test('four bytes are the number that they spell, or none', () => {
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
      const text = String.fromCharCode(...bytes);
      const expected = /^[0-9]{4}$/.test(text) ? Number(text) : -1;
      expect(fourDigits(Buffer.from(bytes).readInt32LE())).toBe(expected);
    }),
    { numRuns: 20_000 },
  );
});
