import { RunningTotal } from './running-total.ts';
import { TimeHeap } from './time-heap.ts';

/**
 * Time to move bytes at a bandwidth, rounded up to a whole nanosecond, so that a wire never carries more than it can.
 * @param bytesPerSecond above 0; infinite costs nothing
 * @returns ns
 */
export function transferNs(bytes: number, bytesPerSecond: number): number {
  return Math.ceil((bytes * 1e9) / bytesPerSecond);
}

/**
 * k identical servers with one queue, first come first served. A request's end is known when it arrives, provided
 * that requests arrive in order of time.
 */
export class ServerPool {
  readonly servers: number;
  private readonly busy = new RunningTotal();
  private readonly freeAt: TimeHeap;

  constructor(servers: number) {
    this.servers = servers;
    this.freeAt = new TimeHeap(servers);
    for (let i = 0; i < servers; i++) this.freeAt.push(0);
  }

  /** Sum over servers of the time they are busy, ns. */
  get busyNs(): number {
    return this.busy.value;
  }

  /**
   * Serves a request on the server that is free first.
   * @param holdNs time for which the server stays busy after the request has been answered
   * @returns when it is answered, ns
   */
  serve(arrivalNs: number, serviceNs: number, holdNs: number): number {
    const free = this.freeAt.min;
    const answered = Math.max(free, arrivalNs) + serviceNs;
    this.freeAt.replaceMin(answered + holdNs);
    this.busy.add(serviceNs + holdNs);
    return answered;
  }
}
