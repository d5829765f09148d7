/**
 * Slots that grow by doubling, with a free list: requests, operations and jobs under way. A slot is a row of whole
 * numbers and a row of doubles, so that using one touches two lines of the CPU's cache and not one per column. The
 * columns of each kind of slot are named below; word 0 is always the link of whatever list the slot stands in.
 */

const INITIAL = 64;

/** Next in the list in which a slot stands, -1 at the end. */
export const NEXT = 0;

/** Words of a request's row. A request is what a host submitted. */
export const REQUEST_WORDS = 8;
export const REQUEST_TOKEN = 1;
export const REQUEST_UNIT = 2;
export const REQUEST_OPERATION = 3;
export const REQUEST_FLAGS = 4;
export const REQUEST_KEY = 5;
/** What it still waits for. */
export const REQUEST_WAITING = 6;
/** Doubles of a request's row: bytes and ns. */
export const REQUEST_DOUBLES = 8;
export const REQUEST_ADDRESS = 0;
export const REQUEST_BYTES = 1;
export const REQUEST_SUBMITTED = 2;
/** When it was let into the array. */
export const REQUEST_ADMITTED = 3;
/** When the front end has done its part. */
export const REQUEST_FRONT_END = 4;
/** A flush: lines that became dirty after this one do not concern it. */
export const REQUEST_UNTIL = 5;

/** Words of an operation's row. An operation is of one spindle: a read, or one step of a write with its parity. */
export const OPERATION_WORDS = 8;
export const OPERATION_KIND = 1;
/** A request, a job or nothing (-1), depending on the kind. */
export const OPERATION_OWNER = 2;
/** 1: positioning is drawn from the write distribution. */
export const OPERATION_WRITES = 3;
export const OPERATION_UNIT = 4;
export const OPERATION_KEY = 5;
export const OPERATION_STAGE = 6;
/** First of the requests that wait for what a prefetch brings, -1 when there is none; PUT_ASIDE of a destage. */
export const OPERATION_WAITERS = 7;
export const PUT_ASIDE = -2;
/** Doubles of an operation's row, bytes. */
export const OPERATION_DOUBLES = 4;
/** Logical address within the unit. */
export const OPERATION_ADDRESS = 0;
export const OPERATION_BYTES = 1;
/** Place on the spindle. */
export const OPERATION_PLACE = 2;
/** When it was queued, ns; of a destage that was put aside, what is left of it. */
export const OPERATION_QUEUED = 3;

/** Words of a job's row. A job is a write to the spindles with its parity: a chain of operations, or several at once. */
export const JOB_WORDS = 16;
/** The request that waits for it, -1 for a destage. */
export const JOB_REQUEST = 1;
/** First line of a destage, -1 for none. */
export const JOB_LINE = 2;
/** Operations not yet done. */
export const JOB_LEFT = 3;
/** Operations of the chain begun so far; its length. */
export const JOB_STEP = 4;
export const JOB_STEPS = 5;
/** Of these, reads; the rest are writes. */
export const JOB_READS = 6;
export const JOB_SPINDLE = 7;
export const JOB_UNIT = 8;
export const JOB_KEY = 9;
/** Stage of the first step's draw. */
export const JOB_STAGE = 10;
/** Doubles of a job's row, bytes. */
export const JOB_DOUBLES = 2;
export const JOB_PLACE = 0;
export const JOB_BYTES = 1;

/** Words of a waiter's row: a request that waits for one prefetch. */
export const WAITER_WORDS = 2;
export const WAITER_REQUEST = 1;

export class Slots {
  /** Rows of whole numbers; replaced by longer ones as slots are taken. */
  words: Int32Array<ArrayBuffer>;
  /** Rows of doubles; likewise. */
  doubles: Float64Array<ArrayBuffer>;
  private readonly wordsPerSlot: number;
  private free = -1;
  private used = 0;
  private capacity = INITIAL;

  constructor(wordsPerSlot: number, doublesPerSlot: number) {
    this.wordsPerSlot = wordsPerSlot;
    this.words = new Int32Array(INITIAL * wordsPerSlot);
    this.doubles = new Float64Array(INITIAL * doublesPerSlot);
  }

  /** @returns a slot whose columns hold anything */
  take(): number {
    if (this.free >= 0) {
      const slot = this.free;
      this.free = this.words[this.wordsPerSlot * slot]!;
      return slot;
    }
    if (this.used === this.capacity) this.grow();
    return this.used++;
  }

  release(slot: number): void {
    this.words[this.wordsPerSlot * slot] = this.free;
    this.free = slot;
  }

  private grow(): void {
    const words = new Int32Array(2 * this.words.length);
    const doubles = new Float64Array(2 * this.doubles.length);
    words.set(this.words);
    doubles.set(this.doubles);
    this.words = words;
    this.doubles = doubles;
    this.capacity *= 2;
  }
}
