import { RunningTotal } from './running-total.ts';

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
 *
 * The times at which the servers are free lie sorted in a ring: the first is taken, and most new ones are the latest.
 */
export class ServerPool {
  readonly servers: number;
  private readonly busy = new RunningTotal();
  /** A power of two of places, `servers` of them in use from `head` on. */
  private readonly freeAt: Float64Array;
  private readonly mask: number;
  private head = 0;

  constructor(servers: number) {
    this.servers = servers;
    let capacity = 1;
    while (capacity < servers) capacity *= 2;
    this.freeAt = new Float64Array(capacity);
    this.mask = capacity - 1;
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
    const { freeAt, mask } = this;
    const free = freeAt[this.head]!;
    const answeredNs = (free > arrivalNs ? free : arrivalNs) + serviceNs;
    const endNs = answeredNs + holdNs;
    const head = (this.head + 1) & mask;
    this.head = head;
    let at = this.servers - 1;
    while (at > 0) {
      const before = freeAt[(head + at - 1) & mask]!;
      if (before <= endNs) break;
      freeAt[(head + at) & mask] = before;
      at--;
    }
    freeAt[(head + at) & mask] = endNs;
    this.busy.add(serviceNs + holdNs);
    return answeredNs;
  }
}
