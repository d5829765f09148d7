/**
 * Interval histograms as HdrHistogram V2 compressed base64, written by hdr-histogram-js.
 *
 * The library compresses with Node's zlib where it finds one, whose output differs by Node version and by CPU. Its
 * `deflate` export is therefore replaced, while it encodes, by pako's (JavaScript, one pinned version).
 */
import { createRequire } from 'node:module';
import { build, encodeIntoCompressedBase64, type JsHistogram } from 'hdr-histogram-js';
import pako from 'pako';
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';

interface EncodingModule {
  deflate: (data: Uint8Array) => Uint8Array;
}
const encodingModule = createRequire(import.meta.url)(
  'hdr-histogram-js/dist/JsHistogram.encoding.js',
) as EncodingModule;

/** zlib.h: Z_HUFFMAN_ONLY. */
const HUFFMAN_ONLY = 2;

/**
 * A few hundred bytes of small varints hold no repeats worth a search: of the settings measured, Huffman coding alone
 * was the fastest and within 2 % of the smallest. The small window and memory level spare pako clearing 300 KB of tables
 * for each interval.
 */
const DEFLATE_OPTIONS = { level: 1, windowBits: 10, memLevel: 3, strategy: HUFFMAN_ONLY, chunkSize: 2048 };

function deflateWithPako(data: Uint8Array): Uint8Array {
  return pako.deflate(data, DEFLATE_OPTIONS);
}

/**
 * The smallest range of the form 2^k that holds `maxNs`. hdr-histogram-js reads the low 32 bits of the field as a
 * signed word, so that they must stay below 2^31.
 */
function trackableFor(maxNs: number): number {
  let range = 2048;
  while (range <= maxNs) range *= 2;
  return range <= 2 ** 31 ? range - 1 : range;
}

/** Encodes histograms one after the other with one counts array. */
export class HdrEncoder {
  private readonly histogram: JsHistogram;

  /** @param maxNs largest value of any histogram that will be encoded, in nanoseconds */
  constructor(maxNs: number) {
    this.histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: trackableFor(maxNs),
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 32,
      autoResize: false,
    }) as JsHistogram;
  }

  /** @returns the base64 text that stands in an `.hlog` line, the same bytes on every machine and Node version */
  encode(sparse: SparseHistogram): string {
    const { histogram } = this;
    for (let i = 0; i < sparse.index.length; i++)
      histogram.setCountAtIndex(sparse.index[i]!, sparse.counts[i]!);
    histogram.maxValue = sparse.max;
    const nativeDeflate = encodingModule.deflate;
    encodingModule.deflate = deflateWithPako;
    try {
      return encodeIntoCompressedBase64(histogram);
    } finally {
      encodingModule.deflate = nativeDeflate;
      for (let i = 0; i < sparse.index.length; i++) histogram.setCountAtIndex(sparse.index[i]!, 0);
    }
  }
}

/**
 * The same histogram as an object of hdr-histogram-js, for its percentiles, its other outputs and comparisons.
 * Values keep their buckets; the exact sum and minimum are lost.
 */
export function toHdrHistogram(sparse: SparseHistogram): JsHistogram {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: trackableFor(sparse.max),
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
    autoResize: false,
  }) as JsHistogram;
  for (let i = 0; i < sparse.index.length; i++)
    histogram.setCountAtIndex(sparse.index[i]!, sparse.counts[i]!);
  histogram.establishInternalTackingValues();
  return histogram;
}
