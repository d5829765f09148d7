/**
 * Puts rows in order of issue that come in order of completion: a heap of up to 65,536 rows, of which the earliest
 * leaves when it is full. Rows of equal time leave in the order they came.
 */
import type { RowWriter } from './row-writer.ts';

/** assumed: far more than any traced server had under way at once. */
const WAITING_MAX = 65536;

export class IssueOrder {
  private readonly rows: RowWriter;
  /** Slots by time and arrival; the earliest first. */
  private readonly heap = new Int32Array(WAITING_MAX + 1);
  private size = 0;
  /** The slot left by the row that went last, once all were taken. */
  private emptied = WAITING_MAX;
  private arrivals = 0;
  private readonly arrival = new Float64Array(WAITING_MAX + 1);
  private readonly timeNs = new Float64Array(WAITING_MAX + 1);
  private readonly offset = new Float64Array(WAITING_MAX + 1);
  private readonly lengthBytes = new Float64Array(WAITING_MAX + 1);
  private readonly latencyNs = new Float64Array(WAITING_MAX + 1);
  private readonly pid = new Int32Array(WAITING_MAX + 1);
  private readonly place = new Float64Array(WAITING_MAX + 1);
  private readonly disk = new Uint16Array(WAITING_MAX + 1);
  private readonly op = new Uint8Array(WAITING_MAX + 1);

  constructor(rows: RowWriter) {
    this.rows = rows;
  }

  /** As of `RowWriter.add`. */
  add(
    timeNs: number,
    op: number,
    offset: number,
    lengthBytes: number,
    latencyNs: number,
    disk: number,
    pid: number,
    place: number,
  ): void {
    const slot = this.size > WAITING_MAX - 1 ? this.emptied : this.size;
    this.timeNs[slot] = timeNs;
    this.op[slot] = op;
    this.offset[slot] = offset;
    this.lengthBytes[slot] = lengthBytes;
    this.latencyNs[slot] = latencyNs;
    this.disk[slot] = disk;
    this.pid[slot] = pid;
    this.place[slot] = place;
    this.arrival[slot] = this.arrivals++;
    let at = this.size++;
    while (at > 0 && this.before(slot, this.heap[(at - 1) >> 1]!)) {
      this.heap[at] = this.heap[(at - 1) >> 1]!;
      at = (at - 1) >> 1;
    }
    this.heap[at] = slot;
    if (this.size > WAITING_MAX) this.emptied = this.takeFirst();
  }

  /** Passes all that wait on. */
  end(): void {
    while (this.size > 0) this.takeFirst();
  }

  private before(a: number, b: number): boolean {
    const difference = this.timeNs[a]! - this.timeNs[b]!;
    return difference < 0 || (difference === 0 && this.arrival[a]! < this.arrival[b]!);
  }

  /** Writes the earliest row; its slot is free then. */
  private takeFirst(): number {
    const slot = this.heap[0]!;
    const moved = this.heap[--this.size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.before(this.heap[child + 1]!, this.heap[child]!)) child++;
      if (!this.before(this.heap[child]!, moved)) break;
      this.heap[at] = this.heap[child]!;
      at = child;
    }
    this.heap[at] = moved;
    this.rows.add(
      this.timeNs[slot]!,
      this.op[slot]!,
      this.offset[slot]!,
      this.lengthBytes[slot]!,
      this.latencyNs[slot]!,
      this.disk[slot]!,
      0,
      this.pid[slot]!,
      this.place[slot]!,
    );
    return slot;
  }
}
