/**
 * HdrHistogram's compressed base64 (V0, V1 and V2) to sparse histograms.
 *
 * Reading does not go through hdr-histogram-js: it knows V2 only, loops as long as a broken file tells it to, and
 * gives a dense array per interval. Tests hold this reader against the library and the Java implementation.
 *
 * @source HdrHistogram (Java) AbstractHistogram.decodeFromByteBuffer
 */
import { inflateSync } from 'node:zlib';
import { DataError, type DataPlace } from '../../reference/kernel/errors.ts';
import {
  highestOfIndex,
  histogramIndex,
  lowestOfIndex,
  type SparseHistogram,
} from '../../reference/kernel/histogram.ts';

const V0_COOKIE = 0x1c849308;
const V0_COMPRESSED_COOKIE = 0x1c849309;
const V1_COOKIE = 0x1c849301;
const V1_COMPRESSED_COOKIE = 0x1c849302;
const V2_COOKIE = 0x1c849303;
const V2_COMPRESSED_COOKIE = 0x1c849304;
const V2_HEADER_BYTES = 40;
const V0_HEADER_BYTES = 32;
/** A histogram of 3 digits has at most 45,056 buckets of 9 bytes each; the rest is for 5 digits (assumed enough). */
const INFLATED_BYTES_MAX = 16 * 1024 * 1024;
const TWO_32 = 2 ** 32;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

function fail(what: string, place: DataPlace, expected?: string): never {
  throw new DataError(what, place, { expected });
}

/** The layout of the histogram that was written: unit and sub-buckets. */
interface Layout {
  readonly unitMagnitude: number;
  readonly subBucketHalf: number;
  readonly arrayLength: number;
}

function layoutOf(digits: number, lowest: number, highest: number): Layout {
  const unitMagnitude = Math.max(0, bitLength(lowest) - 1);
  const singleUnit = 2 * [1, 10, 100, 1000, 10_000, 100_000][digits]!;
  let subBucketCount = 2;
  while (subBucketCount < singleUnit) subBucketCount *= 2;
  let buckets = 1;
  for (let reach = subBucketCount * 2 ** unitMagnitude; reach <= highest; reach *= 2) buckets++;
  return {
    unitMagnitude,
    subBucketHalf: subBucketCount / 2,
    arrayLength: (buckets + 1) * (subBucketCount / 2),
  };
}

function bitLength(value: number): number {
  const high = Math.floor(value / TWO_32);
  return high === 0 ? 32 - Math.clz32(value) : 64 - Math.clz32(high);
}

function isOurs(layout: Layout): boolean {
  return layout.unitMagnitude === 0 && layout.subBucketHalf === 1024;
}

/** Largest value of a bucket of a foreign layout. */
function highestOf(layout: Layout, index: number): number {
  const { subBucketHalf, unitMagnitude } = layout;
  const bucket = Math.max(0, Math.floor(index / subBucketHalf) - 1);
  const subBucket = index - bucket * subBucketHalf;
  return Math.min((subBucket + 1) * 2 ** (bucket + unitMagnitude) - 1, Number.MAX_SAFE_INTEGER);
}

function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
}

/** Collects counts by ascending index. */
class Counts {
  readonly index: number[] = [];
  readonly counts: number[] = [];
  total = 0;

  put(index: number, count: number): void {
    const last = this.index.length - 1;
    if (last >= 0 && this.index[last] === index) this.counts[last]! += count;
    else {
      this.index.push(index);
      this.counts.push(count);
    }
    this.total += count;
  }
}

function collectVarints(bytes: Uint8Array, layout: Layout, place: DataPlace): Counts {
  const found = new Counts();
  const ours = isOurs(layout);
  let at = 0;
  let index = 0;
  while (at < bytes.length) {
    // ZigZag LEB128-64b9B: seven bits a byte, low first; a ninth byte holds eight.
    const zeros = (bytes[at]! & 1) === 1;
    let value = 0;
    let scale = 1;
    let length = 0;
    for (;;) {
      if (at >= bytes.length) fail('the histogram ends inside a count', place);
      const byte = bytes[at++]!;
      length++;
      if (length === 9) {
        value += byte * scale;
        break;
      }
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    if (zeros) index += Math.ceil(value / 2);
    else {
      if (index >= layout.arrayLength) fail('the histogram has more counts than its range', place);
      if (value !== 0) found.put(ours ? index : histogramIndex(highestOf(layout, index)), value / 2);
      index++;
    }
    if (index > layout.arrayLength) fail('the histogram has more counts than its range', place);
  }
  return found;
}

function collectWords(bytes: Uint8Array, wordBytes: number, layout: Layout, place: DataPlace): Counts {
  const found = new Counts();
  const ours = isOurs(layout);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = Math.floor(bytes.length / wordBytes);
  for (let index = 0; index < words; index++) {
    const at = index * wordBytes;
    const count =
      wordBytes === 2 ? view.getInt16(at) : wordBytes === 4 ? view.getInt32(at) : readInt64(view, at);
    if (count === 0) continue;
    if (count < 0 || index >= layout.arrayLength) fail('the histogram has counts outside its range', place);
    found.put(ours ? index : histogramIndex(highestOf(layout, index)), count);
  }
  return found;
}

function toSparse(found: Counts, place: DataPlace): SparseHistogram {
  if (!(found.total < TWO_32)) fail('the histogram holds 2^32 values or more', place);
  if (found.index.length === 0) {
    return {
      index: new Uint16Array(0),
      counts: new Uint32Array(0),
      count: 0,
      min: 2 ** 53,
      max: 0,
      sumLow: 0,
      sumHigh: 0,
    };
  }
  const last = found.index[found.index.length - 1]!;
  // A value counts with its bucket's middle, as in HdrHistogram's own mean.
  let sum = 0n;
  for (let i = 0; i < found.index.length; i++) {
    const low = lowestOfIndex(found.index[i]!);
    const middle = low + Math.floor((highestOfIndex(found.index[i]!) + 1 - low) / 2);
    sum += BigInt(middle) * BigInt(found.counts[i]!);
  }
  const limb = 1n << 52n;
  return {
    index: Uint16Array.from(found.index),
    counts: Uint32Array.from(found.counts),
    count: found.total,
    min: lowestOfIndex(found.index[0]!),
    max: Math.min(highestOfIndex(last), Number.MAX_SAFE_INTEGER),
    sumLow: Number(sum % limb),
    sumHigh: Number(sum / limb),
  };
}

function inflatePayload(bytes: Buffer, place: DataPlace): Buffer {
  const compressedBytes = bytes.readInt32BE(4);
  if (compressedBytes < 0 || compressedBytes > bytes.length - 8) fail('the histogram is cut off', place);
  try {
    return inflateSync(bytes.subarray(8, 8 + compressedBytes), { maxOutputLength: INFLATED_BYTES_MAX });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`the histogram cannot be decompressed (${why})`, place, { cause });
  }
}

/**
 * Decodes one compressed histogram. Its counts are exact; a histogram of another resolution has each bucket's counts in
 * our bucket of its highest value, so that a latency is never understated. Minimum, maximum and sum are those of the buckets.
 * @param base64 the last field of an `.hlog` line
 * @throws DataError when it is no such histogram
 */
export function decodeHistogram(base64: string, place: DataPlace): SparseHistogram {
  const text = base64.trim();
  if (!BASE64.test(text)) {
    throw new DataError('not a base64 histogram', place, {
      found: text,
      expected: 'text that begins with HIST',
    });
  }
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < 8) fail('the histogram is cut off', place);
  const outer = bytes.readInt32BE(0) & ~0xf0;
  if (outer !== V0_COMPRESSED_COOKIE && outer !== V1_COMPRESSED_COOKIE && outer !== V2_COMPRESSED_COOKIE) {
    throw new DataError('not a compressed histogram of HdrHistogram', place, {
      found: text,
      expected: 'text that begins with HIST',
    });
  }
  const payload = inflatePayload(bytes, place);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const cookie = payload.length >= 4 ? view.getInt32(0) : 0;
  const version = cookie & ~0xf0;
  const headerBytes = version === V0_COOKIE ? V0_HEADER_BYTES : V2_HEADER_BYTES;
  if (version !== V0_COOKIE && version !== V1_COOKIE && version !== V2_COOKIE) {
    fail('not a histogram of whole numbers', place, 'an encoding of version 0, 1 or 2');
  }
  if (payload.length < headerBytes) fail('the histogram is cut off', place);
  const fields = version === V0_COOKIE ? 4 : 12;
  const digits = view.getInt32(fields);
  const lowest = readInt64(view, fields + 4);
  const highest = readInt64(view, fields + 12);
  if (digits < 0 || digits > 5) fail(`a histogram of ${digits} significant digits`, place, '0 to 5');
  if (!(lowest >= 1 && lowest <= Number.MAX_SAFE_INTEGER && highest >= 2 * lowest)) {
    fail('a histogram whose range makes no sense', place);
  }
  const layout = layoutOf(digits, lowest, Math.min(highest, Number.MAX_SAFE_INTEGER));

  let counts = payload.subarray(headerBytes);
  if (version !== V0_COOKIE) {
    const countsBytes = view.getInt32(4);
    if (countsBytes < 0 || countsBytes > counts.length) fail('the histogram is cut off', place);
    counts = counts.subarray(0, countsBytes);
  }
  if (version === V2_COOKIE) return toSparse(collectVarints(counts, layout, place), place);
  const wordBytes = ((cookie & 0xf0) >> 4) & 0xe;
  if (wordBytes !== 2 && wordBytes !== 4 && wordBytes !== 8)
    fail(`counts of ${wordBytes} bytes`, place, '2, 4 or 8');
  return toSparse(collectWords(counts, wordBytes, layout, place), place);
}
