/** How many I/Os went where and when, on a grid of a fixed number of cells whose heights double as offsets grow. */

export const HEAT_BANDS = 64;
const FIRST_BAND_BYTES = 2 ** 20;

export class HeatMap {
  bandBytes = FIRST_BAND_BYTES;
  /** By interval, then by band of offsets from 0. */
  readonly counts: Float64Array;
  private readonly intervals: number;

  constructor(intervals: number) {
    this.intervals = intervals;
    this.counts = new Float64Array(intervals * HEAT_BANDS);
  }

  add(interval: number, offset: number): void {
    let band = Math.floor(offset / this.bandBytes);
    while (band >= HEAT_BANDS) {
      this.double();
      band = Math.floor(offset / this.bandBytes);
    }
    this.counts[interval * HEAT_BANDS + band]!++;
  }

  private double(): void {
    this.bandBytes *= 2;
    for (let interval = 0; interval < this.intervals; interval++) {
      const start = interval * HEAT_BANDS;
      for (let band = 0; band < HEAT_BANDS; band++) {
        const lower = 2 * band;
        this.counts[start + band] =
          lower < HEAT_BANDS ? this.counts[start + lower]! + this.counts[start + lower + 1]! : 0;
      }
    }
  }
}
