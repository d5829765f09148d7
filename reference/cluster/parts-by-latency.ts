/**
 * What guest I/Os waited for, by how long they took in all: so that a tail can be told part by part. Response times fall
 * into classes at most 3.2 % wide, the histogram's buckets 32 by 32.
 */
import { PARTS } from '../fvp/host-state.ts';
import { histogramIndex, lowestOfIndex } from '../kernel/histogram.ts';

const CLASS_SHIFT = 5;
const CLASSES = (histogramIndex(Number.MAX_SAFE_INTEGER) >> CLASS_SHIFT) + 1;
/** The parts of host-state.ts, and before them the queue of the virtual disk. */
const SUMS = PARTS + 1;

export interface SlowestParts {
  /** Response times of this and more. */
  readonly fromNs: number;
  readonly count: number;
  readonly queueNs: number;
  /** Sums by part. */
  readonly partNs: readonly number[];
}

export class PartsByLatency {
  private readonly counts: Float64Array;
  private readonly sums: Float64Array;

  /** @param kinds of operations */
  constructor(kinds: number) {
    this.counts = new Float64Array(kinds * CLASSES);
    this.sums = new Float64Array(kinds * CLASSES * SUMS);
  }

  /** An I/O has taken `responseNs` in all. @param partNs what it waited for, from element `at` on */
  record(kind: number, responseNs: number, queueNs: number, partNs: Float64Array, at: number): void {
    const row = kind * CLASSES + (histogramIndex(responseNs) >> CLASS_SHIFT);
    this.counts[row]!++;
    const { sums } = this;
    const sum = row * SUMS;
    sums[sum]! += queueNs;
    for (let part = 0; part < PARTS; part++) sums[sum + 1 + part]! += partNs[at + part]!;
  }

  /** The I/Os whose response time is in the class of `thresholdNs` or above. */
  from(kind: number, thresholdNs: number): SlowestParts {
    const first = histogramIndex(thresholdNs) >> CLASS_SHIFT;
    let count = 0;
    const sums = new Array<number>(SUMS).fill(0);
    for (let row = kind * CLASSES + first; row < (kind + 1) * CLASSES; row++) {
      count += this.counts[row]!;
      for (let i = 0; i < SUMS; i++) sums[i]! += this.sums[row * SUMS + i]!;
    }
    const [queueNs, ...partNs] = sums;
    return { fromNs: lowestOfIndex(first << CLASS_SHIFT), count, queueNs: queueNs!, partNs };
  }
}
