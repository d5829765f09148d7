/**
 * What guest I/Os waited for, by how long they took in all: so that a tail can be told part by part. Response times fall
 * into classes at most 3.2 % wide, the histogram's buckets 32 by 32.
 */
import { PARTS } from '../fvp/host-state.ts';
import { histogramIndex, lowestOfIndex } from '../kernel/histogram.ts';

const CLASS_SHIFT = 5;
const CLASSES = (histogramIndex(Number.MAX_SAFE_INTEGER) >> CLASS_SHIFT) + 1;
/** A row: how many I/Os, the queue of the virtual disk, the parts of host-state.ts; a cache line. */
const ROW = 8;
const COUNT = 0;
const QUEUE = 1;
const FIRST_PART = 2;

export interface SlowestParts {
  /** Response times of this and more. */
  readonly fromNs: number;
  readonly count: number;
  readonly queueNs: number;
  /** Sums by part. */
  readonly partNs: readonly number[];
}

export class PartsByLatency {
  private readonly sums: Float64Array;

  /** @param kinds of operations */
  constructor(kinds: number) {
    this.sums = new Float64Array(kinds * CLASSES * ROW);
  }

  /**
   * An I/O is complete.
   * @param index of its response time in a histogram
   * @param seen bit by part: it waited for that
   * @param partNs for how long, from element `at` on
   */
  record(kind: number, index: number, queueNs: number, seen: number, partNs: Float64Array, at: number): void {
    const row = (kind * CLASSES + (index >> CLASS_SHIFT)) * ROW;
    const { sums } = this;
    sums[row + COUNT]!++;
    if (queueNs !== 0) sums[row + QUEUE]! += queueNs;
    for (let left = seen; left !== 0; left &= left - 1) {
      const part = 31 - Math.clz32(left & -left);
      sums[row + FIRST_PART + part]! += partNs[at + part]!;
    }
  }

  /** The I/Os whose response time is in the class of `thresholdNs` or above. */
  from(kind: number, thresholdNs: number): SlowestParts {
    const { sums } = this;
    const first = histogramIndex(thresholdNs) >> CLASS_SHIFT;
    let count = 0;
    let queueNs = 0;
    const partNs = new Array<number>(PARTS).fill(0);
    for (let of = first; of < CLASSES; of++) {
      const row = (kind * CLASSES + of) * ROW;
      count += sums[row + COUNT]!;
      queueNs += sums[row + QUEUE]!;
      for (let part = 0; part < PARTS; part++) partNs[part]! += sums[row + FIRST_PART + part]!;
    }
    return { fromNs: lowestOfIndex(first << CLASS_SHIFT), count, queueNs, partNs };
  }
}
