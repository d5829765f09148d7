/** How many I/Os a trace had outstanding: from arrivals in order and their recorded latencies. */

/** Beyond this many the maximum is not followed any more. Assumed: NVMe allows 65,535 per queue. */
const FOLLOWED_MAX = 1 << 17;

export class Outstanding {
  /** Most I/Os outstanding at one time; undefined when there were too many to follow. */
  max: number | undefined = 0;
  /** A binary heap of completion times. */
  private heap = new Float64Array(1024);
  private size = 0;

  /** @param timeNs never falls from call to call */
  arrive(timeNs: number, latencyNs: number): void {
    if (this.max === undefined) return;
    while (this.size > 0 && this.heap[0]! <= timeNs) this.pop();
    if (this.size === FOLLOWED_MAX) {
      this.max = undefined;
      return;
    }
    this.push(timeNs + latencyNs);
    if (this.size > this.max) this.max = this.size;
  }

  /** Outstanding time that lies after `endNs`, in nanoseconds, summed over I/Os. */
  overhangNs(endNs: number): number {
    let sum = 0;
    for (let i = 0; i < this.size; i++) sum += Math.max(0, this.heap[i]! - endNs);
    return sum;
  }

  private push(completionNs: number): void {
    if (this.size === this.heap.length) {
      const grown = new Float64Array(this.heap.length * 2);
      grown.set(this.heap);
      this.heap = grown;
    }
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.heap[parent]! <= completionNs) break;
      this.heap[at] = this.heap[parent]!;
      at = parent;
    }
    this.heap[at] = completionNs;
  }

  private pop(): void {
    const last = this.heap[--this.size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.heap[child + 1]! < this.heap[child]!) child++;
      if (this.heap[child]! >= last) break;
      this.heap[at] = this.heap[child]!;
      at = child;
    }
    this.heap[at] = last;
  }
}
