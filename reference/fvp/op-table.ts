/**
 * Requests under way at one host, as slots of typed arrays with a free list: no allocation per I/O once the table has
 * grown to the load's depth. A device token is slot * 16 + stage.
 */

export const STAGE_BITS = 4;
/** Tokens stay below 2^24, so that a shared device's runtime can put the host's number above them. */
export const TOKEN_BITS = 24;
const OPS_MAX = 1 << (TOKEN_BITS - STAGE_BITS);

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
export const STAGE_CHECKPOINT = 12;
export const STAGE_HEARTBEAT = 13;
export const STAGE_REPLICA_PREPARE = 14;

export class OpTable {
  /** Column meanings vary with the stage; each user documents its own. */
  disk: Int32Array;
  tag: Int32Array;
  operation: Int32Array;
  pending: Int32Array;
  parent: Int32Array;
  next: Int32Array;
  slot: Int32Array;
  key: Int32Array;
  payload: Int32Array;
  flags: Int32Array;
  offset: Float64Array;
  bytes: Float64Array;
  sequence: Float64Array;
  startNs: Float64Array;
  /** Slots in use. */
  used = 0;
  private free = -1;
  private capacity: number;

  constructor(capacity = 256) {
    this.capacity = capacity;
    this.disk = new Int32Array(capacity);
    this.tag = new Int32Array(capacity);
    this.operation = new Int32Array(capacity);
    this.pending = new Int32Array(capacity);
    this.parent = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.slot = new Int32Array(capacity);
    this.key = new Int32Array(capacity);
    this.payload = new Int32Array(capacity);
    this.flags = new Int32Array(capacity);
    this.offset = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.sequence = new Float64Array(capacity);
    this.startNs = new Float64Array(capacity);
    this.link(0, capacity);
  }

  /** A free slot with `next` and `parent` -1, `flags`, `sequence` and `payload` 0, and the rest as it was left. */
  allocate(): number {
    if (this.free < 0) this.grow();
    const op = this.free;
    this.free = this.next[op]!;
    this.next[op] = -1;
    this.parent[op] = -1;
    this.flags[op] = 0;
    this.sequence[op] = 0;
    this.payload[op] = 0;
    this.used++;
    return op;
  }

  release(op: number): void {
    this.next[op] = this.free;
    this.free = op;
    this.used--;
  }

  private link(from: number, to: number): void {
    for (let op = from; op < to - 1; op++) this.next[op] = op + 1;
    this.next[to - 1] = this.free;
    this.free = from;
  }

  private grow(): void {
    const before = this.capacity;
    const capacity = before * 2;
    if (capacity > OPS_MAX) throw new RangeError('more than 2^20 requests under way at one host');
    this.disk = grownInt32(this.disk, capacity);
    this.tag = grownInt32(this.tag, capacity);
    this.operation = grownInt32(this.operation, capacity);
    this.pending = grownInt32(this.pending, capacity);
    this.parent = grownInt32(this.parent, capacity);
    this.next = grownInt32(this.next, capacity);
    this.slot = grownInt32(this.slot, capacity);
    this.key = grownInt32(this.key, capacity);
    this.payload = grownInt32(this.payload, capacity);
    this.flags = grownInt32(this.flags, capacity);
    this.offset = grownFloat64(this.offset, capacity);
    this.bytes = grownFloat64(this.bytes, capacity);
    this.sequence = grownFloat64(this.sequence, capacity);
    this.startNs = grownFloat64(this.startNs, capacity);
    this.capacity = capacity;
    this.link(before, capacity);
  }
}

function grownInt32(array: Int32Array, capacity: number): Int32Array {
  const grown = new Int32Array(capacity);
  grown.set(array);
  return grown;
}

function grownFloat64(array: Float64Array, capacity: number): Float64Array {
  const grown = new Float64Array(capacity);
  grown.set(array);
  return grown;
}
