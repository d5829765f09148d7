/**
 * The flash space of one disk for one purpose: an open bucket that is filled slot by slot, and for logs the sealed
 * buckets behind it in the order they were filled, released from the oldest.
 */
import { BUCKET_CLEAN, BUCKET_DIRTY, type BucketStore, NOT_LINKED } from './bucket-store.ts';

export class LogSpace {
  /** Buckets held: sealed and open. */
  heldBuckets = 0;
  private readonly buckets: BucketStore;
  private readonly kind: number;
  private open = -1;
  private nextSlot = 0;
  private endSlot = 0;
  private oldest = -1;
  private newest = -1;

  constructor(buckets: BucketStore, kind: number) {
    this.buckets = buckets;
    this.kind = kind;
  }

  /** True when the next `slots` fit without another bucket. */
  hasRoom(slots: number): boolean {
    return this.nextSlot + slots <= this.endSlot;
  }

  /**
   * Takes consecutive slots of one bucket.
   * @param sequence of the record, for logs; ignored for clean space
   * @returns the first slot, or -1 when no bucket can be had
   */
  take(slots: number, sequence: number): number {
    if (this.nextSlot + slots > this.endSlot && !this.openNext()) return -1;
    const slot = this.nextSlot;
    this.nextSlot += slots;
    this.buckets.filled[this.open]! += slots;
    // A holder may get records out of order.
    if (this.kind !== BUCKET_CLEAN && sequence > this.buckets.lastSequence[this.open]!)
      this.buckets.lastSequence[this.open] = sequence;
    return slot;
  }

  /** Takes back the buckets of a log found on flash after a restart, which `BucketStore.restore` has set aside. */
  restore(
    records: readonly { readonly slot: number; readonly slots: number; readonly sequence: number }[],
  ): void {
    const { buckets } = this;
    for (const { slot, slots, sequence } of records) {
      const bucket = slot >>> buckets.slotShift;
      buckets.filled[bucket]! += slots;
      if (buckets.lastSequence[bucket] === NOT_LINKED) {
        if (this.newest >= 0) buckets.next[this.newest] = bucket;
        else this.oldest = bucket;
        this.newest = bucket;
        this.heldBuckets++;
      }
      if (sequence > buckets.lastSequence[bucket]!) buckets.lastSequence[bucket] = sequence;
    }
  }

  /** Lets go of the buckets whose records are all released; those of a dirty log stay as clean cache. */
  release(throughSequence: number): void {
    const buckets = this.buckets;
    while (
      this.oldest >= 0 &&
      this.oldest !== this.open &&
      buckets.lastSequence[this.oldest]! <= throughSequence
    ) {
      this.letGoOldest();
    }
  }

  /** Lets go of everything: the log is empty and closed. */
  close(): void {
    if (this.open >= 0 && this.kind === BUCKET_CLEAN) this.buckets.pins[this.open]!--;
    this.open = -1;
    this.nextSlot = 0;
    this.endSlot = 0;
    while (this.oldest >= 0) this.letGoOldest();
    this.heldBuckets = 0;
  }

  private letGoOldest(): void {
    const bucket = this.oldest;
    this.oldest = this.buckets.next[bucket]!;
    if (this.oldest < 0) this.newest = -1;
    this.heldBuckets--;
    if (this.kind === BUCKET_DIRTY) this.buckets.becomeClean(bucket);
    else this.buckets.drop(bucket);
  }

  private openNext(): boolean {
    const buckets = this.buckets;
    const bucket = buckets.take(this.kind);
    if (bucket < 0) return false;
    if (this.kind === BUCKET_CLEAN) {
      if (this.open >= 0) buckets.pins[this.open]!--;
      buckets.pins[bucket]!++;
    } else {
      if (this.newest >= 0) buckets.next[this.newest] = bucket;
      else this.oldest = bucket;
      this.newest = bucket;
      this.heldBuckets++;
    }
    this.open = bucket;
    this.nextSlot = bucket * buckets.slotsPerBucket;
    this.endSlot = this.nextSlot + buckets.slotsPerBucket;
    return true;
  }
}
