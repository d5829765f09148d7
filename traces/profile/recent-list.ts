/** The last few things used, the latest first. */
export class RecentList {
  length = 0;
  private readonly values: Float64Array;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  at(rank: number): number {
    return this.values[rank]!;
  }

  /** How recently a value was used: 0 for the latest; -1 when it is not among them. */
  rankOf(value: number): number {
    for (let rank = 0; rank < this.length; rank++) if (this.values[rank] === value) return rank;
    return -1;
  }

  /** Distance of a value from the nearest of them, in the direction from it; undefined when that is above `most`. */
  nearest(value: number, most: number): number | undefined {
    let found: number | undefined;
    for (let rank = 0; rank < this.length; rank++) {
      const distance = value - this.values[rank]!;
      if (Math.abs(distance) <= (found === undefined ? most : Math.abs(found) - 1)) found = distance;
    }
    return found;
  }

  /** Makes `value` the latest in place of what is at `rank`; of the oldest for -1. */
  use(rank: number, value: number): void {
    const { values } = this;
    let from = rank;
    if (rank < 0) {
      if (this.length < values.length) this.length++;
      from = this.length - 1;
    }
    for (let i = from; i > 0; i--) values[i] = values[i - 1]!;
    values[0] = value;
  }
}
