/**
 * The queue of each unit (LUN): `lunQueueDepth` requests may be under way; more wait in order. The end of most
 * requests is known when they are let in, so a place is freed by the clock: no event unless a request waits for it.
 */
import type { DeviceContext } from '../api.ts';
import { TimeHeap } from '../time-heap.ts';
import { widened } from './growth.ts';
import { NEXT, REQUEST_WORDS, type Slots } from './slots.ts';

/** A unit's row: words per row, and what each holds. */
const UNIT_WORDS = 4;
/** Requests under way whose end is not known yet. */
const IN_SERVICE = 0;
const WAIT_HEAD = 1;
const WAIT_TAIL = 2;

export class UnitQueues {
  private readonly depth: number;
  private readonly context: DeviceContext;
  private readonly requests: Slots;
  private rows = new Int32Array(UNIT_WORDS);
  /** Known ends of requests under way. */
  private readonly ends: TimeHeap[] = [];
  /** When a unit will be woken; infinite when it has not asked. */
  private readonly wakeNs: number[] = [];

  /** @param depth above 0 */
  constructor(depth: number, context: DeviceContext, requests: Slots) {
    this.depth = depth;
    this.context = context;
    this.requests = requests;
  }

  /** Whether a request must wait for others of its unit. */
  mustWait(unit: number): boolean {
    if (unit >= this.ends.length) this.reach(unit);
    return this.rows[UNIT_WORDS * unit + WAIT_HEAD]! >= 0 || this.isFull(unit);
  }

  /** Puts a request at the end of its unit's queue. */
  append(unit: number, request: number): void {
    const { rows } = this;
    const { words } = this.requests;
    const row = UNIT_WORDS * unit;
    words[REQUEST_WORDS * request + NEXT] = -1;
    if (rows[row + WAIT_HEAD]! < 0) rows[row + WAIT_HEAD] = request;
    else words[REQUEST_WORDS * rows[row + WAIT_TAIL]! + NEXT] = request;
    rows[row + WAIT_TAIL] = request;
    this.wake(unit);
  }

  /** A request is let in. */
  began(unit: number): void {
    this.rows[UNIT_WORDS * unit + IN_SERVICE]!++;
  }

  /** The end of a request that was let in is known. */
  endKnown(unit: number, endNs: number): void {
    const row = UNIT_WORDS * unit;
    this.rows[row + IN_SERVICE]!--;
    this.ends[unit]!.push(endNs);
    if (this.rows[row + WAIT_HEAD]! >= 0) this.wake(unit);
  }

  /** The wake that was asked for has come. */
  woken(unit: number): void {
    if (this.wakeNs[unit]! <= this.context.nowNs) this.wakeNs[unit] = Number.POSITIVE_INFINITY;
  }

  /** Takes the request that may go in now out of the queue. @returns -1 when none may; then the unit is woken again */
  takeNext(unit: number): number {
    const { rows } = this;
    const head = UNIT_WORDS * unit + WAIT_HEAD;
    const request = rows[head]!;
    if (request < 0) return -1;
    if (this.isFull(unit)) {
      this.wake(unit);
      return -1;
    }
    rows[head] = this.requests.words[REQUEST_WORDS * request + NEXT]!;
    return request;
  }

  private isFull(unit: number): boolean {
    const ends = this.ends[unit]!;
    const { nowNs } = this.context;
    while (ends.min <= nowNs) ends.pop();
    return this.rows[UNIT_WORDS * unit + IN_SERVICE]! + ends.size >= this.depth;
  }

  /** Asks to be called when the next known end frees a place. */
  private wake(unit: number): void {
    const endNs = this.ends[unit]!.min;
    if (endNs < this.wakeNs[unit]!) {
      this.wakeNs[unit] = endNs;
      this.context.fireAt(Math.max(endNs, this.context.nowNs), -1 - unit);
    }
  }

  private reach(unit: number): void {
    this.rows = widened(this.rows, UNIT_WORDS * (unit + 1), 0);
    while (this.ends.length <= unit) {
      this.rows[UNIT_WORDS * this.ends.length + WAIT_HEAD] = -1;
      this.ends.push(new TimeHeap(16));
      this.wakeNs.push(Number.POSITIVE_INFINITY);
    }
  }
}
