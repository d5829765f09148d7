import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRowBlock } from '../../reference/kernel/io.ts';
import { packBlock, packedBytesMax, unpackBlock } from './packed-block.ts';

/** Around what each width of a column can hold. */
const edges = [2 ** 16 - 1, 2 ** 16, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32];
const sectors = (max: number) =>
  fc.oneof(fc.nat({ max: 100 }), fc.constantFrom(...edges), fc.integer({ min: 0, max })).map((n) => n * 512);
const row = fc.record({
  gapNs: fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom(...edges), fc.integer({ min: 0, max: 2 ** 40 })),
  offset: fc.oneof(sectors(2 ** 20), sectors(2 ** 43)),
  lengthBytes: fc.oneof(sectors(200), sectors(70_000), sectors(2 ** 34)),
  latencyNs: fc.oneof(
    fc.constant(Number.NaN),
    fc.nat(),
    fc.constantFrom(...edges),
    fc.integer({ min: 0, max: 2 ** 50 }),
  ),
  pid: fc.oneof(fc.constant(-1), fc.integer()),
  disk: fc.oneof(fc.constant(0), fc.nat({ max: 65535 })),
  op: fc.nat({ max: 3 }),
  flags: fc.oneof(fc.constant(0), fc.nat({ max: 15 })),
});

it('gives back the rows that went in, and the same bytes for the same rows', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), fc.nat(), (rows, startNs) => {
      const block = createRowBlock(64);
      let timeNs = startNs;
      for (const [i, { gapNs, ...values }] of rows.entries()) {
        timeNs += gapNs;
        block.timeNs[i] = timeNs;
        for (const [column, value] of Object.entries(values)) block[column as keyof typeof values][i] = value;
      }
      block.length = rows.length;
      const bytes = new DataView(new ArrayBuffer(packedBytesMax(64)));
      const used = packBlock(block, bytes);
      expect(used).toBeLessThanOrEqual(packedBytesMax(rows.length));
      const back = createRowBlock(64);
      unpackBlock(bytes, back);
      for (const column of [
        'timeNs',
        'offset',
        'lengthBytes',
        'latencyNs',
        'pid',
        'disk',
        'op',
        'flags',
      ] as const) {
        expect([...back[column].subarray(0, rows.length)]).toEqual([
          ...block[column].subarray(0, rows.length),
        ]);
      }
      const again = new DataView(new ArrayBuffer(packedBytesMax(64)));
      expect(packBlock(back, again)).toBe(used);
      expect(new Uint8Array(again.buffer, 0, used)).toEqual(new Uint8Array(bytes.buffer, 0, used));
    }),
    { numRuns: 1000 },
  );
});

it('takes 11 bytes for an ordinary row', () => {
  const block = createRowBlock(4096);
  block.length = 4096;
  for (let i = 0; i < 4096; i++) {
    block.timeNs[i] = i * 50_000;
    block.offset[i] = (i % 1000) * 4096;
    block.lengthBytes[i] = 4096 + (i % 3) * 4096;
    block.latencyNs[i] = Number.NaN;
    block.op[i] = i % 2;
  }
  expect(packBlock(block, new DataView(new ArrayBuffer(packedBytesMax(4096))))).toBe(32 + 11 * 4096);
});
