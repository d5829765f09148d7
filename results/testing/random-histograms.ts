/** Seeded latency histograms and logs for tests. */
import { LatencyHistogram, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import type { LatencyRecording } from '../schema/run-document.ts';

/** `count` values around `typicalNs` with a tail: most within a factor 2, one in 50 up to 40 times as long. */
export function randomHistogram(stream: RandomStream, count: number, typicalNs: number): SparseHistogram {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < count; i++) {
    const spread = 0.5 + stream.nextFraction() * stream.nextFraction() * 2;
    const tail = stream.nextBelow(50) === 0 ? 1 + stream.nextFraction() * 39 : 1;
    histogram.record(Math.floor(typicalNs * spread * tail));
  }
  return histogram.toSparse();
}

/** A recording whose service time is somewhat below its response time. */
export function randomRecording(seed: number, intervals: number, perInterval: number): LatencyRecording {
  const stream = new RandomStream(seed, 'recording');
  const response: SparseHistogram[] = [];
  const service: SparseHistogram[] = [];
  for (let i = 0; i < intervals; i++) {
    const count = stream.nextBelow(perInterval + 1);
    response.push(randomHistogram(stream, count, 1.1e6));
    service.push(randomHistogram(stream, count, 1e6));
  }
  return { workload: 'database', mode: 'write-back', kind: 'writes', intervalNs: 250e6, response, service };
}
