/**
 * The spindles: each does one operation at a time, and chooses the next among guest work (high), background work that
 * is begun (low), and background work that it may begin. Where an operation follows on the last one of its spindle,
 * there is no positioning.
 */
import type { DeviceContext } from '../api.ts';
import { RunningTotal } from '../running-total.ts';
import { transferNs } from '../server-pool.ts';
import type { ArrayParameters } from './array-parameters.ts';
import { OtherLoad } from './other-load.ts';
import {
  NEXT,
  OPERATION_ADDRESS,
  OPERATION_BYTES,
  OPERATION_DOUBLES,
  OPERATION_KEY,
  OPERATION_KIND,
  OPERATION_OWNER,
  OPERATION_PLACE,
  OPERATION_QUEUED,
  OPERATION_STAGE,
  OPERATION_UNIT,
  OPERATION_WAITERS,
  OPERATION_WORDS,
  OPERATION_WRITES,
  PUT_ASIDE,
  Slots,
} from './slots.ts';

/** Kinds of operations. */
export const FETCH = 0;
export const PREFETCH = 1;
export const DESTAGE = 2;
export const THROUGH = 3;
/** Work that nobody waits for: what else is read where a spindle has failed. */
export const ALONGSIDE = 4;

/** Apart from the stages of guest requests, which count pieces and steps from 0. */
export const BACKGROUND_STAGE = 1 << 24;

/** States of a spindle other than an operation's number. */
const IDLE = -1;
const CHOOSING = -2;

/** A spindle's row: words per row, and what each holds. */
const SPINDLE_WORDS = 8;
/** The operation under way, or IDLE or CHOOSING. */
const CURRENT = 0;
/** Queues of operations. */
const HIGH_HEAD = 1;
const HIGH_TAIL = 2;
const LOW_HEAD = 3;
const LOW_TAIL = 4;
const LAST_UNIT = 5;
const CREDIT = 6;
/** Of destages, where they must not disturb. */
const LAST_UNIT_APART = 7;

/** Credits of a spindle's turn; shares are whole numbers of them. */
const TURN = 1024;

/** Where a spindle finds background work when none is queued. */
export interface BackgroundWork {
  mayBegin(spindle: number): boolean;
  /** Whether background work gets its share although guests wait. */
  isPressing(): boolean;
  /** Puts at least one operation into the spindle's low queue. */
  begin(spindle: number): void;
}

export class Spindles {
  readonly count: number;
  readonly operations = new Slots(OPERATION_WORDS, OPERATION_DOUBLES);
  readonly busyNs = new RunningTotal();
  /** Operations begun. */
  begun = 0;
  private readonly parameters: ArrayParameters;
  private readonly context: DeviceContext;
  private readonly background: BackgroundWork;
  private readonly rows: Int32Array;
  /** By spindle, and again by spindle for destages that must not disturb. */
  private readonly lastEnd: Float64Array;
  private readonly shareCredit: number;
  /** Destages are put aside for reads, which must notice nothing of them. */
  private readonly yields: boolean;
  /** When the operation under way ends. */
  private readonly endsNs: Float64Array;
  /** The spindle that has failed, -1 for none. */
  private readonly failed: number;
  readonly others: OtherLoad | undefined;
  private backgroundKey = 0;

  constructor(array: ArrayParameters, context: DeviceContext, background: BackgroundWork) {
    this.parameters = array;
    this.context = context;
    this.background = background;
    this.count = array.spindles;
    this.shareCredit = Math.floor(array.destageShare * TURN);
    this.yields = this.shareCredit === 0;
    this.endsNs = new Float64Array(array.spindles);
    this.failed = array.failedSpindles > 0 ? 0 : -1;
    this.others =
      array.tenantIops > 0 || array.rebuildRate > 0
        ? new OtherLoad(array, context, (spindle) => spindle >= 1 && spindle <= this.partners)
        : undefined;
    this.rows = new Int32Array(SPINDLE_WORDS * array.spindles).fill(-1);
    this.lastEnd = new Float64Array(2 * array.spindles);
    for (let spindle = 0; spindle < array.spindles; spindle++) {
      this.rows[SPINDLE_WORDS * spindle + CURRENT] = IDLE;
      this.rows[SPINDLE_WORDS * spindle + CREDIT] = 0;
    }
  }

  /** Spindles that must be read for what a failed one held: the mirror, or the others of the group. */
  get partners(): number {
    return this.parameters.writePenalty === 2 ? 1 : this.parameters.stripeWidth;
  }

  /** The spindle that holds an address; of a failed one, one of those that stand for it. */
  spindleOf(unit: number, address: number): number {
    const spindle = this.homeOf(unit, address);
    if (spindle !== this.failed) return spindle;
    return this.standIn(Math.floor(Math.floor(address / this.parameters.stripe) / this.count));
  }

  /** The spindle that an address belongs to, be it there or not. */
  homeOf(unit: number, address: number): number {
    const index = Math.floor(address / this.parameters.stripe) + unit;
    return index - Math.floor(index / this.count) * this.count;
  }

  /** Whether the spindle that an address belongs to has failed. */
  isLost(unit: number, address: number): boolean {
    return this.failed >= 0 && this.homeOf(unit, address) === this.failed;
  }

  /** Where on its spindle an address lies, bytes. */
  placeOf(address: number): number {
    const { stripe } = this.parameters;
    const index = Math.floor(address / stripe);
    return Math.floor(index / this.count) * stripe + (address - index * stripe);
  }

  /** Names a piece of background work for random draws. */
  nextBackgroundKey(): number {
    return ++this.backgroundKey;
  }

  /** A new operation, a read until said otherwise; its place is to be set. @returns its slot */
  operation(
    kind: number,
    owner: number,
    unit: number,
    address: number,
    bytes: number,
    key: number,
    stage: number,
  ): number {
    const { operations } = this;
    const operation = operations.take();
    const { words, doubles } = operations;
    const row = OPERATION_WORDS * operation;
    words[row + OPERATION_KIND] = kind;
    words[row + OPERATION_OWNER] = owner;
    words[row + OPERATION_WRITES] = 0;
    words[row + OPERATION_UNIT] = unit;
    words[row + OPERATION_KEY] = key;
    words[row + OPERATION_STAGE] = stage;
    words[row + OPERATION_WAITERS] = -1;
    doubles[OPERATION_DOUBLES * operation + OPERATION_ADDRESS] = address;
    doubles[OPERATION_DOUBLES * operation + OPERATION_BYTES] = bytes;
    return operation;
  }

  /** Queues a read of a guest's data where its address lies. */
  enqueueRead(operation: number): void {
    const { words, doubles } = this.operations;
    const address = doubles[OPERATION_DOUBLES * operation + OPERATION_ADDRESS]!;
    doubles[OPERATION_DOUBLES * operation + OPERATION_PLACE] = this.placeOf(address);
    const unit = words[OPERATION_WORDS * operation + OPERATION_UNIT]!;
    this.enqueue(this.spindleOf(unit, address), operation, true);
  }

  /** Queues a read on one of those that stand for a failed spindle. @param partner 1 to `partners` */
  enqueuePartnerRead(operation: number, partner: number): void {
    const { doubles } = this.operations;
    const address = doubles[OPERATION_DOUBLES * operation + OPERATION_ADDRESS]!;
    doubles[OPERATION_DOUBLES * operation + OPERATION_PLACE] = this.placeOf(address);
    this.enqueue((this.failed + partner) % this.count, operation, true);
  }

  /** @param high guest work, which goes before background work */
  enqueue(spindle: number, operation: number, high: boolean): void {
    const { rows } = this;
    const { words, doubles } = this.operations;
    const where =
      spindle === this.failed
        ? this.standIn(
            Math.floor(doubles[OPERATION_DOUBLES * operation + OPERATION_PLACE]! / this.parameters.stripe),
          )
        : spindle;
    const head = SPINDLE_WORDS * where + (high ? HIGH_HEAD : LOW_HEAD);
    const tail = SPINDLE_WORDS * where + (high ? HIGH_TAIL : LOW_TAIL);
    words[OPERATION_WORDS * operation + NEXT] = -1;
    doubles[OPERATION_DOUBLES * operation + OPERATION_QUEUED] = this.context.nowNs;
    if (rows[head]! < 0) rows[head] = operation;
    else words[OPERATION_WORDS * rows[tail]! + NEXT] = operation;
    rows[tail] = operation;
    if (high && this.yields) this.putAside(where);
    this.start(where);
  }

  startAll(): void {
    for (let spindle = 0; spindle < this.count; spindle++) this.start(spindle);
  }

  /** Gives an idle spindle work, if there is any. */
  start(spindle: number): void {
    if (spindle === this.failed) return;
    const current = SPINDLE_WORDS * spindle + CURRENT;
    if (this.rows[current] === IDLE) this.startNext(spindle, current);
  }

  /** Whether the operation of a spindle ends now; else it was put aside, and the call is of its old end. */
  isDue(spindle: number): boolean {
    if (!this.yields) return true;
    return this.rows[SPINDLE_WORDS * spindle + CURRENT]! >= 0 && this.endsNs[spindle] === this.context.nowNs;
  }

  /** Ends the operation of a spindle, which starts no other before `ended`. @returns its slot */
  ending(spindle: number): number {
    const current = SPINDLE_WORDS * spindle + CURRENT;
    const operation = this.rows[current]!;
    this.rows[current] = CHOOSING;
    return operation;
  }

  /** Releases an operation that was `ending` and starts the next one. */
  ended(spindle: number, operation: number): void {
    this.operations.release(operation);
    this.startNext(spindle, SPINDLE_WORDS * spindle + CURRENT);
  }

  private startNext(spindle: number, current: number): void {
    const { rows, parameters: array, context } = this;
    rows[current] = CHOOSING;
    const operation = this.choose(spindle);
    if (operation < 0) {
      rows[current] = IDLE;
      return;
    }
    const { words, doubles } = this.operations;
    const row = OPERATION_WORDS * operation;
    const unit = words[row + OPERATION_UNIT]!;
    const place = doubles[OPERATION_DOUBLES * operation + OPERATION_PLACE]!;
    const bytes = doubles[OPERATION_DOUBLES * operation + OPERATION_BYTES]!;
    const isApart = this.yields && words[row + OPERATION_KIND] === DESTAGE;
    const lastUnit = SPINDLE_WORDS * spindle + (isApart ? LAST_UNIT_APART : LAST_UNIT);
    const last = isApart ? this.count + spindle : spindle;
    let serviceNs = transferNs(bytes, array.spindleBandwidth);
    if (isApart && words[row + OPERATION_WAITERS] === PUT_ASIDE) {
      serviceNs = doubles[OPERATION_DOUBLES * operation + OPERATION_QUEUED]!;
      words[row + OPERATION_WAITERS] = -1;
    } else if (this.lastEnd[last] !== place || rows[lastUnit] !== unit) {
      const positioning = words[row + OPERATION_WRITES] === 1 ? array.spindleWrite : array.spindleRead;
      serviceNs += positioning.drawNs(context, words[row + OPERATION_KEY]!, words[row + OPERATION_STAGE]!);
    }
    rows[lastUnit] = unit;
    this.lastEnd[last] = place + bytes;
    rows[current] = operation;
    this.busyNs.add(serviceNs);
    this.begun++;
    let endNs = context.nowNs + serviceNs;
    if (this.others !== undefined) {
      const isGuest = words[row + OPERATION_KIND] !== DESTAGE;
      const queuedNs = isGuest ? doubles[OPERATION_DOUBLES * operation + OPERATION_QUEUED]! : context.nowNs;
      endNs = Math.max(context.nowNs, this.others.freeFor(spindle, queuedNs)) + serviceNs;
      this.others.occupied(spindle, endNs);
    }
    this.endsNs[spindle] = endNs;
    context.fireAt(endNs, spindle);
  }

  /** Interrupts a destage for a read; the rest of it is done later. */
  private putAside(spindle: number): void {
    const { rows, context } = this;
    const { words, doubles } = this.operations;
    const row = SPINDLE_WORDS * spindle;
    const operation = rows[row + CURRENT]!;
    if (operation < 0 || words[OPERATION_WORDS * operation + OPERATION_KIND] !== DESTAGE) return;
    const leftNs = this.endsNs[spindle]! - context.nowNs;
    doubles[OPERATION_DOUBLES * operation + OPERATION_QUEUED] = leftNs;
    words[OPERATION_WORDS * operation + OPERATION_WAITERS] = PUT_ASIDE;
    words[OPERATION_WORDS * operation + NEXT] = rows[row + LOW_HEAD]!;
    if (rows[row + LOW_HEAD]! < 0) rows[row + LOW_TAIL] = operation;
    rows[row + LOW_HEAD] = operation;
    rows[row + CURRENT] = IDLE;
    this.busyNs.add(-leftNs);
    this.begun--;
    this.others?.occupied(spindle, context.nowNs);
  }

  /** One of those that stand for the failed spindle. */
  private standIn(number: number): number {
    return (this.failed + 1 + (number % this.partners)) % this.count;
  }

  /** The next operation of a spindle; -1 when it may rest. */
  private choose(spindle: number): number {
    const { rows, background } = this;
    const row = SPINDLE_WORDS * spindle;
    const high = rows[row + HIGH_HEAD]!;
    if (high >= 0) {
      const waits = rows[row + LOW_HEAD]! >= 0 || background.mayBegin(spindle);
      if (!(waits && this.isBackgroundTurn(row))) return this.dequeue(row + HIGH_HEAD);
    }
    if (rows[row + LOW_HEAD]! < 0) {
      if (!background.mayBegin(spindle)) return -1;
      background.begin(spindle);
    }
    return this.dequeue(row + LOW_HEAD);
  }

  private dequeue(head: number): number {
    const operation = this.rows[head]!;
    this.rows[head] = this.operations.words[OPERATION_WORDS * operation + NEXT]!;
    return operation;
  }

  /** Whether background work goes before a waiting read: only under pressure, and then for its share. */
  private isBackgroundTurn(row: number): boolean {
    if (!this.background.isPressing()) return false;
    const credit = this.rows[row + CREDIT]! + this.shareCredit;
    this.rows[row + CREDIT] = credit >= TURN ? credit - TURN : credit;
    return credit >= TURN;
  }
}
