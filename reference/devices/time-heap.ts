/** A binary min-heap of times in a typed array. Equal times are interchangeable, so it holds nothing else. */
export class TimeHeap {
  private times: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.times = new Float64Array(Math.max(1, capacity));
  }

  /** The earliest time; infinite while empty. */
  get min(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.times[0]!;
  }

  push(timeNs: number): void {
    if (this.size === this.times.length) {
      const grown = new Float64Array(2 * this.size);
      grown.set(this.times);
      this.times = grown;
    }
    const times = this.times;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (times[parent]! <= timeNs) break;
      times[at] = times[parent]!;
      at = parent;
    }
    times[at] = timeNs;
  }

  /** Takes the earliest time out; the heap must not be empty. */
  pop(): void {
    this.size--;
    if (this.size > 0) this.sink(this.times[this.size]!);
  }

  /** Takes the earliest time out and puts another in. */
  replaceMin(timeNs: number): void {
    this.sink(timeNs);
  }

  private sink(timeNs: number): void {
    const times = this.times;
    const size = this.size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= timeNs) break;
      times[at] = times[child]!;
      at = child;
    }
    times[at] = timeNs;
  }
}
