/** Our histograms, hdr-histogram-js's and the `.hlog` form hold the same counts in the same buckets. */
import fc from 'fast-check';
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type JsHistogram,
} from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../reference/kernel/errors.ts';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { decodeHistogram } from './decode.ts';
import { HdrEncoder, toHdrHistogram } from './encode.ts';
import { readHlog } from './hlog.ts';
import { mergeAll, percentilesOf, summarise } from './summary.ts';

/** Latencies of every magnitude, with the edges of the layout's buckets. */
const latencyNs = fc.oneof(
  fc.nat({ max: 5000 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }))
    .map(([bit, off]) => Math.max(0, 2 ** bit + off)),
  fc.maxSafeNat(),
);
const latencies = fc.array(latencyNs, { minLength: 1, maxLength: 200 });

function recorded(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function recordedByLibrary(values: readonly number[]): JsHistogram {
  const histogram = build({ highestTrackableValue: 2 ** 53, bitBucketSize: 64 }) as JsHistogram;
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

describe('histograms', () => {
  it('have the same counts as hdr-histogram-js, bucket by bucket', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const theirs = recordedByLibrary(values);
        const converted = toHdrHistogram(recorded(values).toSparse());
        for (let index = 0; index < converted.countsArrayLength; index++) {
          if (converted.getCountAtIndex(index) !== theirs.getCountAtIndex(index)) {
            expect(converted.getCountAtIndex(index), `index ${index}`).toBe(theirs.getCountAtIndex(index));
          }
        }
        expect(converted.totalCount).toBe(values.length);
      }),
    );
  });

  it('come back from the encoded form with the same counts', () => {
    fc.assert(
      fc.property(fc.array(latencies, { minLength: 1, maxLength: 4 }), (lists) => {
        const sparse = lists.map((values) => recorded(values).toSparse());
        const encoder = new HdrEncoder(Math.max(...sparse.map(({ max }) => max)));
        for (const histogram of sparse) {
          const text = encoder.encode(histogram);
          expect(decodeFromCompressedBase64(text, 64).totalCount).toBe(histogram.count);
          const read = decodeHistogram(text, { file: 'x.hlog' });
          expect(read.index).toEqual(histogram.index);
          expect(read.counts).toEqual(histogram.counts);
        }
      }),
    );
  });

  it('of hdr-histogram-js in any resolution are read to its own percentiles', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1, 2, 1000),
        (values, digits, lowest) => {
          const theirs = build({
            lowestDiscernibleValue: lowest,
            highestTrackableValue: 2 ** 32,
            numberOfSignificantValueDigits: digits as 1 | 2 | 3,
          });
          for (const value of values) theirs.recordValue(value);
          const read = decodeHistogram(encodeIntoCompressedBase64(theirs), { file: 'x.hlog' });
          expect(read.count).toBe(values.length);
          const percentiles = [10, 50, 90, 100];
          const ranks = percentiles.filter((p) => ((p / 100) * values.length) % 1 === 0);
          expect(percentilesOf({ ...read, max: Number.MAX_SAFE_INTEGER }, ranks)).toEqual(
            ranks.map((p) => theirs.getValueAtPercentile(p)),
          );
        },
      ),
    );
  });

  it('sum up to hdr-histogram-js percentiles clamped to [min, max]', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = recorded(values);
        const theirs = recordedByLibrary(values);
        const summary = summarise(histogram)!;
        const min = Math.min(...values);
        const max = Math.max(...values);
        expect([summary.minNs, summary.maxNs]).toEqual([min, max]);
        const check = (p: number, found: number) => {
          // The library rounds the rank up where ours rounds to nearest: equal where the rank is whole.
          if (((p / 100) * values.length) % 1 !== 0) return;
          expect(found, `p${p}`).toBe(Math.min(max, Math.max(min, theirs.getValueAtPercentile(p))));
        };
        check(50, summary.p50Ns);
        check(90, summary.p90Ns);
        check(95, summary.p95Ns);
        expect(percentilesOf(histogram.toSparse(), [50, 90, 95, 99, 99.9, 99.99])).toEqual([
          summary.p50Ns,
          summary.p90Ns,
          summary.p95Ns,
          summary.p99Ns,
          summary['p99.9Ns'],
          summary['p99.99Ns'],
        ]);
      }),
    );
  });

  it('merge to the same whatever the grouping', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latencyNs, { maxLength: 20 }), { maxLength: 9 }), (lists) => {
        const all = recorded(lists.flat()).toSparse();
        expect(mergeAll(lists.map((values) => recorded(values).toSparse()))).toEqual(all);
      }),
    );
  });

  it('summarise to null while empty', () => {
    expect(summarise(new LatencyHistogram())).toBeNull();
  });

  it('have mean and deviation to three decimals', () => {
    expect(summarise(recorded([1, 1, 2]))).toMatchObject({ meanNs: 1.333, stddevNs: 0.471 });
  });
});

describe('readHlog', () => {
  it('throws nothing but errors made for people, on any text', () => {
    const good = new HdrEncoder(5000).encode(recorded([1, 2, 3, 4000]).toSparse());
    const damaged = fc
      .tuple(fc.nat({ max: good.length - 1 }), fc.base64String({ maxLength: 12 }))
      .map(([at, text]) => `0,1,1,${good.slice(0, at)}${text}${good.slice(at + text.length)}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), damaged), (text) => {
        try {
          readHlog(text, 'x.hlog');
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
