/**
 * Records latencies by interval of virtual time: the hot loop writes one histogram, which is folded into the totals at
 * each interval's end. A series of intervals is kept bounded by `halve`: the width doubles and neighbours merge.
 */
import { LatencyHistogram, mergeSparse, type SparseHistogram } from './histogram.ts';

/** Response and service times of one kind of I/O. */
export class Recorder {
  readonly response = new LatencyHistogram();
  readonly service = new LatencyHistogram();
  /** Of the interval: I/Os whose two times are equal (most of them, where nothing queues), and the others. */
  private readonly equal = new LatencyHistogram();
  private readonly longerResponse = new LatencyHistogram();
  private readonly shorterService = new LatencyHistogram();

  /** @returns the index of the response time's bucket */
  record(responseNs: number, serviceNs: number): number {
    if (responseNs === serviceNs) return this.equal.record(responseNs);
    this.shorterService.record(serviceNs);
    return this.longerResponse.record(responseNs);
  }

  /** Ends an interval: adds it to the totals. @returns the interval alone */
  fold(): { response: SparseHistogram; service: SparseHistogram } {
    const equal = takeOut(this.equal);
    const response = mergeSparse(equal, takeOut(this.longerResponse));
    const service = mergeSparse(equal, takeOut(this.shorterService));
    this.response.addSparse(response);
    this.service.addSparse(service);
    return { response, service };
  }
}

function takeOut(histogram: LatencyHistogram): SparseHistogram {
  const sparse = histogram.toSparse();
  histogram.clear();
  return sparse;
}

/** Neighbours two by two as one; an odd last one stays alone. */
export function halve<Interval>(intervals: Interval[], merge: (a: Interval, b: Interval) => Interval): void {
  const kept = Math.ceil(intervals.length / 2);
  for (let i = 0; i < kept; i++) {
    const first = intervals[2 * i]!;
    const second = intervals[2 * i + 1];
    intervals[i] = second === undefined ? first : merge(first, second);
  }
  intervals.length = kept;
}
