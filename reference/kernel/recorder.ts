/**
 * Records latencies by interval of virtual time: the hot loop writes one histogram, which is folded into the total at
 * each interval's end. A series keeps a bounded number of intervals: when it is full, the width doubles and neighbours
 * merge.
 */
import { LatencyHistogram, mergeSparse, type SparseHistogram } from './histogram.ts';

export class Recorder {
  readonly total = new LatencyHistogram();
  readonly current = new LatencyHistogram();

  /** Ends an interval: adds it to the total and to `merged`. */
  fold(merged: LatencyHistogram): void {
    this.total.add(this.current);
    merged.add(this.current);
    this.current.clear();
  }
}

/** Neighbours two by two as one; an odd last one stays alone. */
export function halveHistograms(intervals: SparseHistogram[]): void {
  halve(intervals, mergeSparse);
}

/** As `halveHistograms`, for any kind of element. */
export function halve<Interval>(intervals: Interval[], merge: (a: Interval, b: Interval) => Interval): void {
  const kept = Math.ceil(intervals.length / 2);
  for (let i = 0; i < kept; i++) {
    const first = intervals[2 * i]!;
    const second = intervals[2 * i + 1];
    intervals[i] = second === undefined ? first : merge(first, second);
  }
  intervals.length = kept;
}
