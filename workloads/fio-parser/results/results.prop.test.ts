import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketAt,
  bucketCount,
  bucketIndex,
  FioError,
  histogramOf,
  LAYOUT_NS,
  mergeHistograms,
  parseFioResults,
  percentileBucket,
  readFioHistogramLog,
  readFioLog,
} from '../index.ts';

const runs = Number(process.env.FVP_FUZZ_RUNS ?? 300);
const samples = [
  'gen.jsonplus.json',
  'steadystate-and-mixed.json',
  'offset_lat.1.log',
  'coarse6_clat_hist.1.log',
].map((name) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));

/** A sample, as it is or with some bytes cut out or put in, or bytes of no sample at all. */
const mangled = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.constantFrom(...samples),
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), fc.uint8Array({ maxLength: 12 })),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
    )
    .map(([sample, edits]) => {
      let bytes = Buffer.from(sample);
      for (const [at, cut, put] of edits) {
        const from = Math.floor(at * bytes.length);
        bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
      }
      return new Uint8Array(bytes);
    }),
);

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const row of rows) expect(row).toBeDefined();
}

describe('any bytes give a result or an error with a place', () => {
  test.each([
    ['results', async (bytes: Uint8Array) => void parseFioResults(bytes)],
    ['a latency log', async (bytes: Uint8Array) => drain(readFioLog([bytes], 'latency'))],
    ['a histogram log', async (bytes: Uint8Array) => drain(readFioHistogramLog([bytes]))],
  ])('as %s', async (_, read) => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mangled, async (bytes) => {
        try {
          await read(bytes);
        } catch (error) {
          if (!(error instanceof FioError)) throw error;
          expect(error.place.line).toBeGreaterThanOrEqual(1);
          expect(error.place.column).toBeGreaterThanOrEqual(1);
          refused++;
        }
      }),
      { numRuns: runs },
    );
    expect(refused).toBeGreaterThan(0);
  });
});

describe('histograms', () => {
  const values = fc.array(
    fc.double({ min: 0, max: 34, noNaN: true }).map((bits) => Math.floor(2 ** bits) % 2 ** 34),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  const of = (list: readonly number[]) => {
    const dense = new Float64Array(bucketCount(LAYOUT_NS));
    for (const value of list) dense[bucketIndex(LAYOUT_NS, value)]! += 1;
    return histogramOf(LAYOUT_NS, dense);
  };

  test('hold each value in a bucket at most 1/64 as wide as it', () => {
    fc.assert(
      fc.property(values, (list) => {
        for (const value of list) {
          const { lowNs, endNs } = bucketAt(LAYOUT_NS, bucketIndex(LAYOUT_NS, value));
          expect(lowNs <= value && value < endNs && endNs - lowNs <= Math.max(1, value / 64)).toBe(true);
        }
      }),
    );
  });
  test('have the percentiles of the sorted values', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (list, percent) => {
        const sorted = [...list].sort((a, b) => a - b);
        const value = sorted[Math.ceil((percent * list.length) / 100) - 1]!;
        expect(percentileBucket(of(list), percent)).toEqual(
          bucketAt(LAYOUT_NS, bucketIndex(LAYOUT_NS, value)),
        );
      }),
    );
  });
  test('merge to the histogram of all values', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(mergeHistograms([of(a), of(b)])).toEqual(of([...a, ...b]));
      }),
    );
  });
});
