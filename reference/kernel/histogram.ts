/**
 * Latency histogram of the hot loop: HdrHistogram's log-linear layout with 3 significant digits from 1 ns, so that
 * its counts equal hdr-histogram-js's bucket by bucket, at a fraction of the cost.
 *
 * Layout (HdrHistogram, Gil Tene): 2,048 sub-buckets; value v of b bits has bucket max(0, b - 11) and index
 * bucket * 1024 + (v >> bucket). Values up to 2^53 - 1 are exact to 1 in 1,024, nothing is clamped; the counts array
 * grows by doubling of the range as larger values arrive.
 *
 * min, max, count and sum are exact integers; the sum has two limbs, so that merge order cannot matter.
 */
import { DOUBLE_ZERO } from './double-zero.ts';
import { assert } from './errors.ts';

const SUB_BUCKET_BITS = 11;
const SUB_BUCKET_HALF = 1 << (SUB_BUCKET_BITS - 1);
const SUB_BUCKET_MASK = (1 << SUB_BUCKET_BITS) - 1;
const TWO_31 = 2 ** 31;
const TWO_32 = 2 ** 32;
const SUM_LIMB = 2 ** 53;
const SUM_LIMB_HALF = 2 ** 52;
/** Length that covers values up to 2^27 - 1 ns (134 ms). */
const INITIAL_LENGTH = (27 - SUB_BUCKET_BITS + 2) * SUB_BUCKET_HALF;

/** 2 to the power of the index; the operator is dear. */
const POWERS = Float64Array.from({ length: 54 }, (_, exponent) => 2 ** exponent);

/** Index of a value's bucket. @param value integer, 0 to 2^53 - 1. */
export function histogramIndex(value: number): number {
  if (value < TWO_31) {
    const bucket = 32 - SUB_BUCKET_BITS - Math.clz32(value | SUB_BUCKET_MASK);
    return bucket * SUB_BUCKET_HALF + (value >>> bucket);
  }
  const high = Math.floor(value / TWO_32);
  const bits = high === 0 ? 32 : 64 - Math.clz32(high);
  const bucket = bits - SUB_BUCKET_BITS;
  return bucket * SUB_BUCKET_HALF + Math.floor(value / POWERS[bucket]!);
}

/** Smallest value of the bucket with this index. */
export function lowestOfIndex(index: number): number {
  if (index < 2 * SUB_BUCKET_HALF) return index;
  const bucket = (index >>> (SUB_BUCKET_BITS - 1)) - 1;
  return (index - bucket * SUB_BUCKET_HALF) * POWERS[bucket]!;
}

/** Largest value of the bucket with this index. */
export function highestOfIndex(index: number): number {
  return lowestOfIndex(index + 1) - 1;
}

function medianOfIndex(index: number): number {
  const low = lowestOfIndex(index);
  return low + Math.floor((lowestOfIndex(index + 1) - low) / 2);
}

/** Room for the index of every bucket there can be: values below 2^53. */
const scratch = new Uint16Array((53 - SUB_BUCKET_BITS + 2) * SUB_BUCKET_HALF);

/** The touched buckets of a histogram, in ascending order of index. */
export interface SparseHistogram {
  readonly index: Uint16Array;
  readonly counts: Uint32Array;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** sum = sumHigh * 2^52 + sumLow. */
  readonly sumLow: number;
  readonly sumHigh: number;
}

export class LatencyHistogram {
  private counts: Uint32Array;
  count = 0;
  /** 2^53 while empty. */
  min = SUM_LIMB;
  max = 0;
  /** sum = sumHigh * 2^52 + sumLow. */
  sumLow = DOUBLE_ZERO;
  sumHigh = 0;

  constructor() {
    this.counts = new Uint32Array(INITIAL_LENGTH);
  }

  /** Counts one value. @param value integer nanoseconds, 0 to 2^53 - 1 @returns the index of its bucket */
  record(value: number): number {
    const index = histogramIndex(value);
    if (index >= this.counts.length) this.grow(index);
    this.counts[index]!++;
    this.count++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const low = this.sumLow + value;
    if (low < SUM_LIMB_HALF) this.sumLow = low;
    else this.addToSum(value);
    return index;
  }

  /** Counts of one bucket. */
  countAt(index: number): number {
    return index < this.counts.length ? this.counts[index]! : 0;
  }

  /** Adds every count of `other`. */
  add(other: LatencyHistogram): void {
    if (other.count === 0) return;
    const last = histogramIndex(other.max);
    if (last >= this.counts.length) this.grow(last);
    for (let index = histogramIndex(other.min); index <= last; index++)
      this.counts[index]! += other.counts[index]!;
    this.take(other);
  }

  addSparse(other: SparseHistogram): void {
    if (other.count === 0) return;
    const last = histogramIndex(other.max);
    if (last >= this.counts.length) this.grow(last);
    for (let i = 0; i < other.index.length; i++) this.counts[other.index[i]!]! += other.counts[i]!;
    this.take(other);
  }

  toSparse(): SparseHistogram {
    const first = this.count === 0 ? 1 : histogramIndex(this.min);
    const last = this.count === 0 ? 0 : histogramIndex(this.max);
    const counts = this.counts;
    let touched = 0;
    for (let index = first; index <= last; index++) if (counts[index] !== 0) scratch[touched++] = index;
    const indexes = scratch.slice(0, touched);
    const sparse = new Uint32Array(touched);
    for (let at = 0; at < touched; at++) sparse[at] = counts[indexes[at]!]!;
    return {
      index: indexes,
      counts: sparse,
      count: this.count,
      min: this.min,
      max: this.max,
      sumLow: this.sumLow,
      sumHigh: this.sumHigh,
    };
  }

  /** Back to empty; touches only the range that was used. */
  clear(): void {
    if (this.count !== 0) this.counts.fill(0, histogramIndex(this.min), histogramIndex(this.max) + 1);
    this.count = 0;
    this.min = SUM_LIMB;
    this.max = 0;
    this.sumLow = DOUBLE_ZERO;
    this.sumHigh = 0;
  }

  /** Exact sum, as a bigint. */
  get sum(): bigint {
    return BigInt(this.sumHigh) * BigInt(SUM_LIMB_HALF) + BigInt(this.sumLow);
  }

  /** Arithmetic mean of the exact sum; 0 while empty. */
  get mean(): number {
    if (this.count === 0) return 0;
    return (this.sumHigh / this.count) * SUM_LIMB_HALF + this.sumLow / this.count;
  }

  /** Population standard deviation over the buckets' median values, as HdrHistogram computes it; 0 while empty. */
  get stddev(): number {
    if (this.count === 0) return 0;
    const mean = this.mean;
    let squares = 0;
    const last = histogramIndex(this.max);
    for (let index = histogramIndex(this.min); index <= last; index++) {
      const count = this.counts[index]!;
      if (count !== 0) {
        const deviation = medianOfIndex(index) - mean;
        squares += deviation * deviation * count;
      }
    }
    return Math.sqrt(squares / this.count);
  }

  /**
   * The highest value equivalent to the one at this percentile, within [min, max]; rank as in hdr-histogram-js
   * (floor of percentile/100 * count + 0.5, at least 1).
   * @param percentile 0 to 100
   */
  percentile(percentile: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.floor((percentile / 100) * this.count + 0.5));
    let seen = 0;
    const last = histogramIndex(this.max);
    for (let index = histogramIndex(this.min); index <= last; index++) {
      seen += this.counts[index]!;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, highestOfIndex(index)));
    }
    return this.max;
  }

  private take(other: { count: number; min: number; max: number; sumLow: number; sumHigh: number }): void {
    this.count += other.count;
    assert(this.count < TWO_32, 'a histogram holds fewer than 2^32 values');
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    this.sumHigh += other.sumHigh;
    this.addToSum(other.sumLow);
  }

  private addToSum(value: number): void {
    // Both limbs stay below 2^52, so that the addition is exact; a value of 2^52 or more is split first.
    let low = value;
    if (low >= SUM_LIMB_HALF) {
      low -= SUM_LIMB_HALF;
      this.sumHigh++;
    }
    low += this.sumLow;
    if (low >= SUM_LIMB_HALF) {
      low -= SUM_LIMB_HALF;
      this.sumHigh++;
    }
    this.sumLow = low;
  }

  private grow(index: number): void {
    const bucket = Math.floor(index / SUB_BUCKET_HALF);
    const grown = new Uint32Array((bucket + 2) * SUB_BUCKET_HALF);
    grown.set(this.counts);
    this.counts = grown;
  }
}

/** Two sparse histograms as one. */
export function mergeSparse(a: SparseHistogram, b: SparseHistogram): SparseHistogram {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const index = new Uint16Array(a.index.length + b.index.length);
  const counts = new Uint32Array(a.index.length + b.index.length);
  let i = 0;
  let j = 0;
  let at = 0;
  while (i < a.index.length || j < b.index.length) {
    const left = i < a.index.length ? a.index[i]! : 0x10000;
    const right = j < b.index.length ? b.index[j]! : 0x10000;
    index[at] = left < right ? left : right;
    counts[at++] = (left <= right ? a.counts[i++]! : 0) + (right <= left ? b.counts[j++]! : 0);
  }
  const low = a.sumLow + b.sumLow;
  const carry = low >= SUM_LIMB_HALF ? 1 : 0;
  return {
    index: index.slice(0, at),
    counts: counts.slice(0, at),
    count: a.count + b.count,
    min: a.min < b.min ? a.min : b.min,
    max: a.max > b.max ? a.max : b.max,
    sumLow: carry === 1 ? low - SUM_LIMB_HALF : low,
    sumHigh: a.sumHigh + b.sumHigh + carry,
  };
}
