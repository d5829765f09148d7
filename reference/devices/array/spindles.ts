/**
 * The spindles: each does one operation at a time, and chooses the next among guest work (high), background work that
 * is begun (low), and background work that it may begin. Where an operation follows on the last one of its spindle,
 * there is no positioning.
 */
import type { DeviceContext } from '../api.ts';
import { RunningTotal } from '../running-total.ts';
import { transferNs } from '../server-pool.ts';
import type { ArrayParameters } from './array-parameters.ts';
import {
  NEXT,
  OPERATION_ADDRESS,
  OPERATION_BYTES,
  OPERATION_DOUBLES,
  OPERATION_KEY,
  OPERATION_KIND,
  OPERATION_OWNER,
  OPERATION_PLACE,
  OPERATION_STAGE,
  OPERATION_UNIT,
  OPERATION_WAITERS,
  OPERATION_WORDS,
  OPERATION_WRITES,
  Slots,
} from './slots.ts';

/** Kinds of operations. */
export const FETCH = 0;
export const PREFETCH = 1;
export const DESTAGE = 2;
export const THROUGH = 3;

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
  private readonly lastEnd: Float64Array;
  private readonly shareCredit: number;
  private backgroundKey = 0;

  constructor(array: ArrayParameters, context: DeviceContext, background: BackgroundWork) {
    this.parameters = array;
    this.context = context;
    this.background = background;
    this.count = array.spindles;
    this.shareCredit = Math.floor(array.destageShare * TURN);
    this.rows = new Int32Array(SPINDLE_WORDS * array.spindles).fill(-1);
    this.lastEnd = new Float64Array(array.spindles);
    for (let spindle = 0; spindle < array.spindles; spindle++) {
      this.rows[SPINDLE_WORDS * spindle + CURRENT] = IDLE;
      this.rows[SPINDLE_WORDS * spindle + CREDIT] = 0;
    }
  }

  /** The spindle that holds an address. */
  spindleOf(unit: number, address: number): number {
    const index = Math.floor(address / this.parameters.stripe) + unit;
    return index - Math.floor(index / this.count) * this.count;
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

  /** @param high guest work, which goes before background work */
  enqueue(spindle: number, operation: number, high: boolean): void {
    const { rows } = this;
    const { words } = this.operations;
    const head = SPINDLE_WORDS * spindle + (high ? HIGH_HEAD : LOW_HEAD);
    const tail = SPINDLE_WORDS * spindle + (high ? HIGH_TAIL : LOW_TAIL);
    words[OPERATION_WORDS * operation + NEXT] = -1;
    if (rows[head]! < 0) rows[head] = operation;
    else words[OPERATION_WORDS * rows[tail]! + NEXT] = operation;
    rows[tail] = operation;
    this.start(spindle);
  }

  startAll(): void {
    for (let spindle = 0; spindle < this.count; spindle++) this.start(spindle);
  }

  /** Gives an idle spindle work, if there is any. */
  start(spindle: number): void {
    const current = SPINDLE_WORDS * spindle + CURRENT;
    if (this.rows[current] === IDLE) this.startNext(spindle, current);
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
    const lastUnit = SPINDLE_WORDS * spindle + LAST_UNIT;
    let serviceNs = transferNs(bytes, array.spindleBandwidth);
    if (this.lastEnd[spindle] !== place || rows[lastUnit] !== unit) {
      const positioning = words[row + OPERATION_WRITES] === 1 ? array.spindleWrite : array.spindleRead;
      serviceNs += positioning.drawNs(context, words[row + OPERATION_KEY]!, words[row + OPERATION_STAGE]!);
    }
    rows[lastUnit] = unit;
    this.lastEnd[spindle] = place + bytes;
    rows[current] = operation;
    this.busyNs.add(serviceNs);
    this.begun++;
    context.fireAt(context.nowNs + serviceNs, spindle);
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
