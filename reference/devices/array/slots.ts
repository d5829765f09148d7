/** Slots in typed arrays that grow by doubling, with a free list: requests and operations under way. */

const INITIAL = 64;

function doubled<T extends Int32Array | Float64Array | Uint8Array>(column: T): T {
  const grown = new (column.constructor as new (length: number) => T)(2 * column.length);
  grown.set(column as never);
  return grown;
}

/** The free list that all slots share. */
abstract class Slots {
  /** Next in whatever list a slot stands, -1 at the end. */
  next = new Int32Array(INITIAL);
  private free = -1;
  private used = 0;

  /** @returns a slot whose columns hold anything */
  take(): number {
    if (this.free >= 0) {
      const slot = this.free;
      this.free = this.next[slot]!;
      return slot;
    }
    if (this.used === this.next.length) {
      this.next = doubled(this.next);
      this.growColumns();
    }
    return this.used++;
  }

  release(slot: number): void {
    this.next[slot] = this.free;
    this.free = slot;
  }

  protected abstract growColumns(): void;
}

/** Requests that wait for something. */
export class RequestSlots extends Slots {
  token = new Int32Array(INITIAL);
  unit = new Int32Array(INITIAL);
  operation = new Int32Array(INITIAL);
  flags = new Int32Array(INITIAL);
  key = new Int32Array(INITIAL);
  address = new Float64Array(INITIAL);
  bytes = new Float64Array(INITIAL);
  submittedNs = new Float64Array(INITIAL);
  /** When the front end has done its part. */
  frontEndNs = new Float64Array(INITIAL);
  /** When it was let into the array. */
  admittedNs = new Float64Array(INITIAL);
  /** A flush: lines that became dirty after this one do not concern it. */
  until = new Float64Array(INITIAL);
  /** What it still waits for. */
  waiting = new Int32Array(INITIAL);

  protected override growColumns(): void {
    this.token = doubled(this.token);
    this.unit = doubled(this.unit);
    this.operation = doubled(this.operation);
    this.flags = doubled(this.flags);
    this.key = doubled(this.key);
    this.address = doubled(this.address);
    this.bytes = doubled(this.bytes);
    this.submittedNs = doubled(this.submittedNs);
    this.frontEndNs = doubled(this.frontEndNs);
    this.admittedNs = doubled(this.admittedNs);
    this.until = doubled(this.until);
    this.waiting = doubled(this.waiting);
  }
}

/** Operations of spindles: a read, or one step of a write with its parity. */
export class OperationSlots extends Slots {
  /** A request, a job or nothing (-1), depending on `kind`. */
  owner = new Int32Array(INITIAL);
  kind = new Uint8Array(INITIAL);
  /** 1: positioning is drawn from the write distribution. */
  writes = new Uint8Array(INITIAL);
  unit = new Int32Array(INITIAL);
  /** Logical address, bytes within the unit. */
  address = new Float64Array(INITIAL);
  bytes = new Float64Array(INITIAL);
  /** Place on the spindle, bytes. */
  place = new Float64Array(INITIAL);
  key = new Int32Array(INITIAL);
  stage = new Int32Array(INITIAL);
  /** First of the requests that wait for what a prefetch brings, -1 when there is none. */
  waiters = new Int32Array(INITIAL);

  protected override growColumns(): void {
    this.owner = doubled(this.owner);
    this.kind = doubled(this.kind);
    this.writes = doubled(this.writes);
    this.unit = doubled(this.unit);
    this.address = doubled(this.address);
    this.bytes = doubled(this.bytes);
    this.place = doubled(this.place);
    this.key = doubled(this.key);
    this.stage = doubled(this.stage);
    this.waiters = doubled(this.waiters);
  }
}

/** Writes to the spindles with their parity: a chain of operations, or several at once. */
export class JobSlots extends Slots {
  /** The request that waits for it, -1 for a destage. */
  request = new Int32Array(INITIAL);
  /** First line of a destage, -1 for none. */
  firstLine = new Int32Array(INITIAL);
  /** Operations not yet done. */
  left = new Int32Array(INITIAL);
  /** Operations of the chain begun so far; its length. */
  step = new Int32Array(INITIAL);
  steps = new Int32Array(INITIAL);
  /** Of these, reads; the rest are writes. */
  reads = new Int32Array(INITIAL);
  spindle = new Int32Array(INITIAL);
  unit = new Int32Array(INITIAL);
  place = new Float64Array(INITIAL);
  bytes = new Float64Array(INITIAL);
  key = new Int32Array(INITIAL);
  /** Stage of the first step's draw. */
  stage = new Int32Array(INITIAL);

  protected override growColumns(): void {
    this.request = doubled(this.request);
    this.firstLine = doubled(this.firstLine);
    this.left = doubled(this.left);
    this.step = doubled(this.step);
    this.steps = doubled(this.steps);
    this.reads = doubled(this.reads);
    this.spindle = doubled(this.spindle);
    this.unit = doubled(this.unit);
    this.place = doubled(this.place);
    this.bytes = doubled(this.bytes);
    this.key = doubled(this.key);
    this.stage = doubled(this.stage);
  }
}

/** Pairs (request, next) for the requests that wait for one prefetch. */
export class WaiterSlots extends Slots {
  request = new Int32Array(INITIAL);

  protected override growColumns(): void {
    this.request = doubled(this.request);
  }
}
