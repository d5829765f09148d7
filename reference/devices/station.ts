/**
 * What passes one place of a run, for Little's law: the sum of the residence times that a device states must be the
 * sum of (completion - acceptance) that its caller saw, which is the integral of the number of requests in it.
 *
 * Sums of times are kept modulo 2^32: exact however long the run, and two additions a request.
 */
import type { DeviceStatistics } from './api.ts';

const EXACT = 2 ** 53;

export class Station {
  private accepted = 0;
  private completed = 0;
  private residence = 0;

  accept(nowNs: number): void {
    this.accepted++;
    this.residence = (this.residence - nowNs) | 0;
  }

  complete(timeNs: number): void {
    this.completed++;
    this.residence = (this.residence + timeNs) | 0;
  }

  /** Requests taken and not yet said to complete. */
  get underWay(): number {
    return this.accepted - this.completed;
  }

  /**
   * Holds a device's own figures against what was seen, once nothing is under way.
   * @returns what is wrong; undefined when they agree
   */
  disagreement({ requests, residenceNs }: DeviceStatistics): string | undefined {
    if (this.underWay !== 0) return `${this.underWay} requests are never completed`;
    if (requests !== this.accepted)
      return `statistics().requests is ${requests}, and ${this.accepted} were accepted`;
    if (residenceNs < EXACT && ((residenceNs - this.residence) | 0) !== 0) {
      return `statistics().residenceNs is ${residenceNs}, which is not the sum of completion - acceptance (Little's law)`;
    }
    return undefined;
  }
}
