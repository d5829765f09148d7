/**
 * Requests under way at one host: slots of two typed arrays with a free list, so that nothing is allocated per I/O
 * once the table has grown to the load's depth.
 *
 * A request's handle ("op") is its slot times 16: `words[op + OP_…]` and `numbers[(op >> 2) + OP_…]` are its columns,
 * and `op | stage` is the token of a device request made for it.
 */

const WORDS = 16;
const WORDS_PER_NUMBER_SHIFT = 2;
export const STAGE_MASK = WORDS - 1;
/** Tokens stay below 2^24, so that a shared device's runtime can put the host's number above them. */
export const TOKEN_BITS = 24;

/** What a completion means; the low bits of a token. */
export const STAGE_PASS = 0;
export const STAGE_LOG_APPEND = 1;
export const STAGE_THROUGH_SAN = 2;
export const STAGE_THROUGH_CACHE = 3;
export const STAGE_READ_FLASH = 4;
export const STAGE_READ_SAN = 5;
export const STAGE_FILL = 6;
export const STAGE_FLUSH = 7;
export const STAGE_DESTAGE_READ = 8;
export const STAGE_DESTAGE_WRITE = 9;
export const STAGE_REPLICA_APPEND = 10;
export const STAGE_CONTROL = 11;
export const STAGE_RECORD = 12;
export const STAGE_HEARTBEAT = 13;
/** A holder's own: `operation` says which. */
export const STAGE_HELD = 14;
/** Reads for another host: `parent` -1, a record of the log for a new holder; else clean cache for the new owner. */
export const STAGE_SEND = 15;

/** Columns of `words`; what they mean varies with the stage, each user says how. */
export const OP_DISK = 0;
export const OP_TAG = 1;
export const OP_OPERATION = 2;
export const OP_PENDING = 3;
export const OP_PARENT = 4;
export const OP_NEXT = 5;
export const OP_SLOT = 6;
export const OP_KEY = 7;
export const OP_PAYLOAD = 8;
export const OP_FLAGS = 9;

/** Columns of `numbers`. */
export const OP_OFFSET = 0;
export const OP_BYTES = 1;
export const OP_SEQUENCE = 2;
export const OP_START_NS = 3;

export class OpTable {
  /** Read anew after `allocate`: the arrays may have grown. */
  words: Int32Array;
  numbers: Float64Array;
  /** Requests under way. */
  used = 0;
  private free = -1;

  constructor(capacity = 256) {
    this.words = new Int32Array(capacity * WORDS);
    this.numbers = new Float64Array((capacity * WORDS) >> WORDS_PER_NUMBER_SHIFT);
    this.link(0);
  }

  /** A free request with parent and next -1; flags, payload and sequence 0; the rest as it was left. */
  allocate(): number {
    if (this.free < 0) this.grow();
    const op = this.free;
    const words = this.words;
    this.free = words[op + OP_NEXT]!;
    words[op + OP_NEXT] = -1;
    words[op + OP_PARENT] = -1;
    words[op + OP_FLAGS] = 0;
    words[op + OP_PAYLOAD] = 0;
    this.numbers[(op >> WORDS_PER_NUMBER_SHIFT) + OP_SEQUENCE] = 0;
    this.used++;
    return op;
  }

  release(op: number): void {
    this.words[op + OP_NEXT] = this.free;
    this.free = op;
    this.used--;
  }

  /** Chains all slots from word `from` on into the free list. */
  private link(from: number): void {
    const end = this.words.length;
    for (let op = from; op < end; op += WORDS)
      this.words[op + OP_NEXT] = op + WORDS < end ? op + WORDS : this.free;
    this.free = from;
  }

  private grow(): void {
    const before = this.words.length;
    if (before * 2 > 1 << TOKEN_BITS) throw new RangeError('more than 2^20 requests under way at one host');
    const words = new Int32Array(before * 2);
    words.set(this.words);
    this.words = words;
    const numbers = new Float64Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
    this.link(before);
  }
}
