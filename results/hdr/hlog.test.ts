/** `.hlog` files are what HdrHistogram's own tools read, and theirs are read to the same counts. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { build, encodeIntoCompressedBase64, HistogramLogReader } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../reference/kernel/errors.ts';
import { highestOfIndex, LatencyHistogram, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { randomRecording } from '../testing/random-histograms.ts';
import { type HlogInterval, readHlog, writeHlog } from './hlog.ts';
import { mergeAll, percentilesOf } from './summary.ts';

const TRACES = join(process.env.FVP_TRACES ?? '../shared/traces', 'hdrhistogram-hlog');

/** What a small Java program over HdrHistogram 2.1.11 (Debian libhdrhistogram-java) prints for each interval. */
function dumpSha256(intervals: readonly HlogInterval[]): string {
  const hash = createHash('sha256');
  for (const { tag, histogram } of intervals) {
    hash.update(`${tag} `);
    for (let i = 0; i < histogram.index.length; i++) {
      hash.update(`${highestOfIndex(histogram.index[i]!)}:${histogram.counts[i]} `);
    }
    hash.update('\n');
  }
  return hash.digest('hex');
}

function figures(intervals: readonly HlogInterval[]) {
  const all: SparseHistogram = mergeAll(intervals.map(({ histogram }) => histogram));
  const [p50, p99, p999] = percentilesOf({ ...all, max: Number.MAX_SAFE_INTEGER }, [50, 99, 99.9]);
  return { intervals: intervals.length, total: all.count, p50, p99, p999, sha256: dumpSha256(intervals) };
}

describe.skipIf(!existsSync(TRACES))(
  `logs of the Java implementation (not run where FVP_TRACES has no hdrhistogram-hlog)`,
  () => {
    // Figures printed by the Java implementation itself.
    const V2 = {
      intervals: 62,
      total: 48761,
      p50: 344063,
      p99: 1434451967,
      p999: 1753219071,
      sha256: '1f7b62f4f0c94d4fe471f105dcfc6b5671406e61a1ae7beae24bef878c40b371',
    };
    const golden = {
      'jHiccup-2.0.7S.logV2.hlog': V2,
      'jHiccup-no-header-2.0.7S.logV2.hlog': V2,
      'jHiccup-with-basetime-2.0.7S.logV2.hlog': V2,
      'tagged-Log.logV2.hlog': {
        intervals: 42,
        total: 32290,
        p50: 360447,
        p99: 1392508927,
        p999: 1543503871,
        sha256: 'cc3bcf04f90b9376fdcfe0eba5b309c12c1a7105e259d0abe7c81ea902c93cd5',
      },
      'jHiccup-2.0.6.logV1.hlog': {
        intervals: 88,
        total: 65964,
        p50: 393215,
        p99: 1241513983,
        p999: 1837105151,
        sha256: 'ca839de7ef6b53c04edfe58feb9102c8c93afafd478ec8864099d0516a30b8d8',
      },
      'jHiccup-2.0.1.logV0.hlog': {
        intervals: 81,
        total: 61256,
        p50: 393215,
        p99: 1107296255,
        p999: 1518338047,
        sha256: 'e58f20813539e85f1cf089e3b1bb013e470cf9c2623db9421454e11cc7914e4c',
      },
      'bug-whitespace.hlog': {
        intervals: 1,
        total: 0,
        p50: 0,
        p99: 0,
        p999: 0,
        sha256: '04ac4921dacd15a0ff69107c124156c44de6f35af883664164cd3f5f1574d291',
      },
    };
    for (const [name, expected] of Object.entries(golden)) {
      it(`reads ${name} to the same counts, bucket by bucket`, () => {
        expect(figures(readHlog(readFileSync(join(TRACES, name), 'utf8'), name))).toEqual(expected);
      });
    }
  },
);

describe('a log of ours', () => {
  const recording = randomRecording(1, 40, 300);
  const text = writeHlog(recording);

  it('gives every interval back with its counts and exact maximum', () => {
    const read = readHlog(text, 'x.hlog');
    expect(read.map(({ tag }) => tag)).toEqual(
      Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? 'response' : 'service')),
    );
    for (const [i, { histogram, startSeconds, lengthSeconds }] of read.entries()) {
      const written = (i % 2 === 0 ? recording.response : recording.service)[Math.floor(i / 2)]!;
      expect(startSeconds).toBe(Math.floor(i / 2) * 0.25);
      expect(lengthSeconds).toBe(0.25);
      expect(histogram.index).toEqual(written.index);
      expect(histogram.counts).toEqual(written.counts);
      expect([histogram.count, histogram.max]).toEqual([written.count, written.max]);
    }
  });

  it('is read by hdr-histogram-js to the same counts', () => {
    const reader = new HistogramLogReader(text);
    for (let i = 0; i < 80; i++) {
      const histogram = reader.nextIntervalHistogram();
      const written = (i % 2 === 0 ? recording.response : recording.service)[Math.floor(i / 2)]!;
      expect(histogram?.tag).toBe(i % 2 === 0 ? 'response' : 'service');
      expect(histogram?.totalCount).toBe(written.count);
    }
    expect(reader.nextIntervalHistogram()).toBeNull();
  });

  it('has these bytes, whatever the machine and the Node version', () => {
    // Java's HdrHistogram 2.1.11 reads the same text to 80 intervals, 11,338 values and the second hash.
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      '7a95cb94f844869d507b99be74426dc90cad73696030b7c6f58561575d6904de',
    );
    expect(figures(readHlog(text, 'x.hlog')).sha256).toBe(
      '7ffd5cb58d5fe08eae97700297e85958cb72a37c6e125e0d7b58ef7f1a999617',
    );
  });

  it('tells histograms of the same count apart', () => {
    const of = (...values: number[]): SparseHistogram => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.record(value);
      return histogram.toSparse();
    };
    const response = [of(100, 200), of(100, 300), of(100, 100, 200), of(100, 200, 200), of(5000), of(5001)];
    const read = readHlog(writeHlog({ ...recording, response, service: response }), 'x.hlog');
    const seen = read.filter(({ tag }) => tag === 'response').map(({ histogram }) => histogram);
    for (const [i, { index, counts, max }] of seen.entries()) {
      expect({ index, counts, max }).toEqual({
        index: response[i]!.index,
        counts: response[i]!.counts,
        max: response[i]!.max,
      });
    }
  });

  it('leaves the compressor of hdr-histogram-js as it was', () => {
    const histogram = build();
    histogram.recordValue(42);
    const bytes = Buffer.from(encodeIntoCompressedBase64(histogram), 'base64');
    const length = bytes.readInt32BE(4);
    expect(bytes.subarray(8, 8 + length).readUInt16BE(0)).toBe(deflateSync(Buffer.alloc(64)).readUInt16BE(0));
  });

  it('keeps times shorter than a millisecond exact', () => {
    const short = writeHlog({ ...recording, intervalNs: 333_333 });
    expect(short).toContain('\nTag=response,0.000999999,0.000333333,');
    expect(readHlog(short, 'x.hlog')).toHaveLength(80);
  });

  it('has nothing of a hostile workload name but its quoted beginning', () => {
    const hostile = writeHlog({ ...recording, workload: `a\n1,2,3,HISTX\u202e${'x'.repeat(10_000)}` });
    expect(readHlog(hostile, 'x.hlog')).toHaveLength(80);
    expect(hostile.split('\n')[0]!.length).toBeLessThan(300);
  });
});

describe('a broken log', () => {
  const line = (payload: Uint8Array, cookie = 0x1c849314) => {
    const compressed = deflateSync(payload);
    const bytes = Buffer.alloc(8 + compressed.length);
    bytes.writeInt32BE(cookie, 0);
    bytes.writeInt32BE(compressed.length, 4);
    bytes.set(compressed, 8);
    return `0.000,1.000,1.000,${bytes.toString('base64')}\n`;
  };
  const payload = (
    counts: readonly number[],
    { digits = 3, lowest = 1, highest = 1e6, countsBytes = counts.length } = {},
  ) => {
    const bytes = Buffer.alloc(40 + counts.length);
    bytes.writeInt32BE(0x1c849313, 0);
    bytes.writeInt32BE(countsBytes, 4);
    bytes.writeInt32BE(digits, 12);
    bytes.writeBigInt64BE(BigInt(lowest), 16);
    bytes.writeBigInt64BE(BigInt(highest), 24);
    bytes.writeDoubleBE(1, 32);
    bytes.set(counts, 40);
    return bytes;
  };
  const good = line(payload([2, 4]));

  it('reads the good form of these cases', () => {
    expect(readHlog(good, 'x.hlog')[0]!.histogram.counts).toEqual(Uint32Array.of(1, 2));
  });

  const cases: [name: string, text: string, message: RegExp][] = [
    [
      'a line with too few fields',
      `#x\n0.0,1.0\n`,
      /^x\.hlog:2: not an interval of a histogram log; found "0\.0,1\.0"/,
    ],
    ['a time that is no number', good.replace('0.000', 'NaN'), /not a number; found "NaN"/],
    ['text that is not base64', '0,1,1,HIST!\n', /not a base64 histogram; found "HIST!"/],
    ['base64 of something else', '0,1,1,AAAAAAAAAAAAAAAA\n', /not a compressed histogram/],
    ['a histogram cut off', `${good.trim().slice(0, -8)}\n`, /cut off|cannot be decompressed|not a base64/],
    [
      'bytes that are not deflated',
      `0,1,1,${Buffer.from('1c8493140000000401020304', 'hex').toString('base64')}\n`,
      /cannot be decompressed/,
    ],
    ['a histogram that inflates to a flood', line(Buffer.alloc(64 * 1024 * 1024)), /cannot be decompressed/],
    [
      'a run of zeros past the end',
      line(payload([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
      /more counts than its range/,
    ],
    ['a count cut off', line(payload([0x80])), /ends inside a count/],
    [
      'more counts than a histogram holds',
      line(payload([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
      /2\^32 values/,
    ],
    ['a length past the end', line(payload([2], { countsBytes: 2_000_000_000 })), /cut off/],
    ['impossible digits', line(payload([2], { digits: 9 })), /9 significant digits; expected 0 to 5/],
    ['an impossible range', line(payload([2], { lowest: 0 })), /range makes no sense/],
    ['a double histogram', line(Buffer.from('0c72124e00000000', 'hex')), /not a histogram of whole numbers/],
  ];
  for (const [name, text, message] of cases) {
    it(`is refused for ${name}`, () => {
      expect(() => readHlog(text, 'x.hlog')).toThrow(DataError);
      expect(() => readHlog(text, 'x.hlog')).toThrow(message);
    });
  }
});
