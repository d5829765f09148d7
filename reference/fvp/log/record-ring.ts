/**
 * The log records of one disk that are not yet released, as a ring of columns indexed by sequence number. The owner
 * and every holder have one; the columns from `pending` on are the owner's.
 */

export const RECORD_WRITE = 0;
export const RECORD_DISCARD = 1;
/** A write-through write: in order with the others, but on no log. */
export const RECORD_THROUGH = 2;

export class RecordRing {
  /** Oldest sequence number kept. */
  first = 1;
  /** Sequence number of the next record. */
  next = 1;
  mask: number;
  kind: Uint8Array;
  slot: Int32Array;
  /** Flash slots the record takes. */
  slots: Int32Array;
  offset: Float64Array;
  bytes: Float64Array;
  key: Int32Array;
  payload: Int32Array;
  payloadOffset: Float64Array;
  /** Durable copies still awaited. */
  pending: Int32Array;
  /** Request to complete at commit; -1 for none. */
  op: Int32Array;
  /** Newest earlier write to any of the record's blocks. */
  previous: Float64Array;
  appendedNs: Float64Array;
  durableNs: Float64Array;
  /** Bytes appended at this host up to and with this record, for the destage buffer. */
  appendedBytes: Float64Array;

  constructor(capacity = 256) {
    this.mask = capacity - 1;
    this.kind = new Uint8Array(capacity);
    this.slot = new Int32Array(capacity);
    this.slots = new Int32Array(capacity);
    this.offset = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.key = new Int32Array(capacity);
    this.payload = new Int32Array(capacity);
    this.payloadOffset = new Float64Array(capacity);
    this.pending = new Int32Array(capacity);
    this.op = new Int32Array(capacity);
    this.previous = new Float64Array(capacity);
    this.appendedNs = new Float64Array(capacity);
    this.durableNs = new Float64Array(capacity);
    this.appendedBytes = new Float64Array(capacity);
  }

  /** Makes room for the record numbered `sequence`. @returns its place in the columns */
  place(sequence: number): number {
    if (sequence - this.first > this.mask) this.grow(sequence);
    if (sequence >= this.next) this.next = sequence + 1;
    return sequence & this.mask;
  }

  /** An empty ring whose first record will be `sequence`. */
  reset(sequence: number): void {
    this.first = sequence;
    this.next = sequence;
  }

  private grow(sequence: number): void {
    const before = this.mask + 1;
    let capacity = before * 2;
    while (sequence - this.first >= capacity) capacity *= 2;
    const from = this.first;
    const to = Math.min(this.next, this.first + before);
    const moveInto = <Column extends Uint8Array | Int32Array | Float64Array>(old: Column, grown: Column): Column => {
      for (let s = from; s < to; s++) grown[s & (capacity - 1)] = old[s & (before - 1)]!;
      return grown;
    };
    this.kind = moveInto(this.kind, new Uint8Array(capacity));
    this.slot = moveInto(this.slot, new Int32Array(capacity));
    this.slots = moveInto(this.slots, new Int32Array(capacity));
    this.offset = moveInto(this.offset, new Float64Array(capacity));
    this.bytes = moveInto(this.bytes, new Float64Array(capacity));
    this.key = moveInto(this.key, new Int32Array(capacity));
    this.payload = moveInto(this.payload, new Int32Array(capacity));
    this.payloadOffset = moveInto(this.payloadOffset, new Float64Array(capacity));
    this.pending = moveInto(this.pending, new Int32Array(capacity));
    this.op = moveInto(this.op, new Int32Array(capacity));
    this.previous = moveInto(this.previous, new Float64Array(capacity));
    this.appendedNs = moveInto(this.appendedNs, new Float64Array(capacity));
    this.durableNs = moveInto(this.durableNs, new Float64Array(capacity));
    this.appendedBytes = moveInto(this.appendedBytes, new Float64Array(capacity));
    this.mask = capacity - 1;
  }
}
