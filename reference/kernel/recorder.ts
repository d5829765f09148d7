/**
 * Records latencies by interval of virtual time: one histogram is written in the hot loop, and at each interval's end
 * it is folded into the total and kept in sparse form. The number of intervals is bounded: when it is reached, the
 * width doubles and neighbours merge.
 */
import { LatencyHistogram, mergeSparse, type SparseHistogram } from './histogram.ts';

export class Recorder {
  readonly total = new LatencyHistogram();
  readonly intervals: SparseHistogram[] = [];
  private readonly current = new LatencyHistogram();

  record(valueNs: number): void {
    this.current.record(valueNs);
  }

  /** Closes the current interval. */
  roll(): void {
    this.intervals.push(this.current.toSparse());
    this.total.add(this.current);
    this.current.clear();
  }

  /** Merges neighbouring intervals two by two; an odd last one stays alone. */
  halve(): void {
    const kept = Math.ceil(this.intervals.length / 2);
    for (let i = 0; i < kept; i++) {
      const first = this.intervals[2 * i]!;
      const second = this.intervals[2 * i + 1];
      this.intervals[i] = second === undefined ? first : mergeSparse(first, second);
    }
    this.intervals.length = kept;
  }
}
