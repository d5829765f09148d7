/** Small measures for tests of devices. */
import { RandomStream } from '../../kernel/random.ts';
import type { DrivenRequest } from '../conformance/device-driver.ts';

/** How far `actual` is from `wanted`, as a share of it. */
export function relativeError(actual: number, wanted: number): number {
  return Math.abs(actual / wanted - 1);
}

/** Mean of completion - submission, ns. */
export function meanLatencyNs(requests: readonly DrivenRequest[]): number {
  return (
    requests.reduce((sum, request) => sum + request.completedNs - request.submittedNs, 0) / requests.length
  );
}

/** Arrival times of a Poisson process, ns. */
export function poissonArrivals(count: number, ratePerSecond: number, seed: number): Float64Array {
  const stream = new RandomStream(seed, 'arrivals');
  const times = new Float64Array(count);
  let now = 0;
  for (let i = 0; i < count; i++) {
    now += (-Math.log(1 - stream.nextFraction()) * 1e9) / ratePerSecond;
    times[i] = Math.floor(now + 0.5);
  }
  return times;
}
