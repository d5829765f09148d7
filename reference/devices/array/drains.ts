/** Flushes that wait until what their unit had dirty is on the spindles. Exists only where a flush drains. */
import { widened } from './growth.ts';
import {
  NEXT,
  REQUEST_DOUBLES,
  REQUEST_UNIT,
  REQUEST_UNTIL,
  REQUEST_WAITING,
  REQUEST_WORDS,
  type Slots,
} from './slots.ts';

/** Doubles of a line's row: when it became dirty, and again while a destage of it was under way; running numbers. */
const AGE_DOUBLES = 2;
const SINCE = 0;
const AGAIN = 1;

/** Who submitted the flushes. */
export interface FlushOwner {
  flushed(request: number): void;
}

export class Drains {
  private readonly requests: Slots;
  private readonly owner: FlushOwner;
  private readonly ages: Float64Array;
  private unitDirty = new Int32Array(16);
  private sequence = 0;
  private head = -1;

  /** @param lines of the cache */
  constructor(requests: Slots, lines: number, owner: FlushOwner) {
    this.requests = requests;
    this.owner = owner;
    this.ages = new Float64Array(AGE_DOUBLES * lines);
  }

  isWaiting(): boolean {
    return this.head >= 0;
  }

  /** Dirty lines of a unit. */
  dirtyLinesOf(unit: number): number {
    return unit < this.unitDirty.length ? this.unitDirty[unit]! : 0;
  }

  /** Makes a flush wait for what its unit has dirty now. */
  wait(request: number): void {
    const { words, doubles } = this.requests;
    const row = REQUEST_WORDS * request;
    doubles[REQUEST_DOUBLES * request + REQUEST_UNTIL] = this.sequence;
    words[row + REQUEST_WAITING] = this.dirtyLinesOf(words[row + REQUEST_UNIT]!);
    words[row + NEXT] = this.head;
    this.head = request;
  }

  /** A line has become dirty. */
  dirtied(line: number, unit: number): void {
    if (unit >= this.unitDirty.length) this.unitDirty = widened(this.unitDirty, unit + 1, 0);
    this.unitDirty[unit]!++;
    this.ages[AGE_DOUBLES * line + SINCE] = ++this.sequence;
  }

  /** A line has become dirty again while a destage of it was under way. */
  dirtiedAgain(line: number): void {
    this.ages[AGE_DOUBLES * line + AGAIN] = ++this.sequence;
  }

  /** A line is on the spindles. @param clean false when it has become dirty again meanwhile */
  destaged(line: number, unit: number, clean: boolean): void {
    const row = AGE_DOUBLES * line;
    const since = this.ages[row + SINCE]!;
    const again = clean ? Number.POSITIVE_INFINITY : this.ages[row + AGAIN]!;
    if (clean) this.unitDirty[unit]!--;
    else this.ages[row + SINCE] = again;
    if (this.head >= 0) this.tell(unit, since, again);
  }

  /**
   * Tells waiting flushes of a line, dirty since `since`. Those that came after it had become dirty again, at `again`,
   * wait on.
   */
  private tell(unit: number, since: number, again: number): void {
    const { words, doubles } = this.requests;
    let previous = -1;
    let request = this.head;
    while (request >= 0) {
      const row = REQUEST_WORDS * request;
      const next = words[row + NEXT]!;
      const until = doubles[REQUEST_DOUBLES * request + REQUEST_UNTIL]!;
      const concerned = words[row + REQUEST_UNIT] === unit && since <= until && again > until;
      if (concerned && --words[row + REQUEST_WAITING]! === 0) {
        if (previous < 0) this.head = next;
        else words[REQUEST_WORDS * previous + NEXT] = next;
        this.owner.flushed(request);
      } else {
        previous = request;
      }
      request = next;
    }
  }
}
