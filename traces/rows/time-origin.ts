/**
 * Rebases clocks that count from boot or from 1970: the first stamp any file of a trace shows becomes the origin, so
 * that nanoseconds stay below 2^53 and exact.
 */
import { NS_PER_S } from '../../reference/kernel/units.ts';

const TWO_32 = 2 ** 32;

export class TimeOrigin {
  private seconds = Number.NaN;
  private high = Number.NaN;
  private low = 0;

  /** Nanoseconds since the origin's second; may be below 0. @param seconds integer @param nanoseconds below 1e9 */
  fromSeconds(seconds: number, nanoseconds: number): number {
    if (Number.isNaN(this.seconds)) this.seconds = seconds;
    return (seconds - this.seconds) * NS_PER_S + nanoseconds;
  }

  /** Units since the origin of a clock given in billions and the rest; may be below 0. */
  fromDecimal(high: number, low: number): number {
    if (Number.isNaN(this.high)) {
      this.high = high;
      this.low = low;
    }
    return (high - this.high) * 1e9 + (low - this.low);
  }

  /** Ticks since the origin of a 64-bit clock given in halves; may be below 0. */
  fromU64(high: number, low: number): number {
    if (Number.isNaN(this.high)) {
      this.high = high;
      this.low = low;
    }
    return (high - this.high) * TWO_32 + (low - this.low);
  }
}
