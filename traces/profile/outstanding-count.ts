/** How many I/Os are outstanding, from their arrivals in order and their latencies: a heap of completions. */

/** Beyond this many the count is not followed any further. Assumed. */
const FOLLOWED_MAX = 4096;

export class OutstandingCount {
  private readonly heap = new Float64Array(FOLLOWED_MAX + 1);
  private size = 0;

  /** @param timeNs never falls from call to call @returns how many are outstanding, this one included */
  arrive(timeNs: number, latencyNs: number): number {
    while (this.size > 0 && this.heap[0]! <= timeNs) this.pop();
    if (latencyNs >= 0 && this.size < FOLLOWED_MAX) this.push(timeNs + latencyNs);
    return this.size;
  }

  private push(completionNs: number): void {
    const { heap } = this;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= completionNs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = completionNs;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap[--this.size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= last) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

/** Class of a count of outstanding I/Os: up to 2, 8, 24, more. */
export function loadOf(outstanding: number): number {
  return outstanding <= 2 ? 0 : outstanding <= 8 ? 1 : outstanding <= 24 ? 2 : 3;
}

export const LOADS = 4;
