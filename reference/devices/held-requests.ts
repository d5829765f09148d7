/** Requests that a filter keeps back, first in, first out; a ring in a typed array. */
import { BUSY, type NextDevice, type SubmitAnswer } from './api.ts';

const COLUMNS = 7;
const CAPACITY_AT_FIRST = 64;

export class HeldRequests {
  size = 0;
  /** Token of the request that was last offered. */
  token = 0;
  private rows = new Float64Array(COLUMNS * CAPACITY_AT_FIRST);
  private capacity = CAPACITY_AT_FIRST;
  private head = 0;

  /** Bytes of the oldest. */
  get firstBytes(): number {
    return this.rows[COLUMNS * this.head + 3]!;
  }

  /** Token of the oldest. */
  get firstToken(): number {
    return this.rows[COLUMNS * this.head + 5]!;
  }

  push(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): void {
    if (this.size === this.capacity) this.grow();
    const at = COLUMNS * ((this.head + this.size++) & (this.capacity - 1));
    const { rows } = this;
    rows[at] = operation;
    rows[at + 1] = unit;
    rows[at + 2] = address;
    rows[at + 3] = bytes;
    rows[at + 4] = flags;
    rows[at + 5] = token;
    rows[at + 6] = key;
  }

  /** Exchanges two requests. @param i, j places from the oldest on */
  swap(i: number, j: number): void {
    const { rows } = this;
    const a = COLUMNS * ((this.head + i) & (this.capacity - 1));
    const b = COLUMNS * ((this.head + j) & (this.capacity - 1));
    for (let column = 0; column < COLUMNS; column++) {
      const value = rows[a + column]!;
      rows[a + column] = rows[b + column]!;
      rows[b + column] = value;
    }
  }

  /** Offers the oldest to a device; it leaves the queue unless the answer is BUSY. */
  offerFirst(next: NextDevice): SubmitAnswer {
    const { rows } = this;
    const at = COLUMNS * this.head;
    this.token = rows[at + 5]!;
    const answer = next.submit(
      rows[at]!,
      rows[at + 1]!,
      rows[at + 2]!,
      rows[at + 3]!,
      rows[at + 4]!,
      this.token,
      rows[at + 6]!,
    );
    if (answer !== BUSY) {
      this.head = (this.head + 1) & (this.capacity - 1);
      this.size--;
    }
    return answer;
  }

  private grow(): void {
    const rows = new Float64Array(2 * this.rows.length);
    for (let i = 0; i < this.size; i++) {
      const from = COLUMNS * ((this.head + i) & (this.capacity - 1));
      rows.set(this.rows.subarray(from, from + COLUMNS), COLUMNS * i);
    }
    this.rows = rows;
    this.capacity *= 2;
    this.head = 0;
  }
}
