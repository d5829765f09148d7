/**
 * One host's flash, handed out in buckets. A bucket belongs to one purpose at a time; dirty and clean data never share
 * one. Evicting raises the bucket's generation, which drops every index entry that points into it.
 *
 * Clean buckets lie in a list from oldest to newest; the victim is the oldest that was not read since it was last
 * passed over (second chance) and has no I/O in flight.
 */
import { BLOCK_BYTES } from '../index/block-index.ts';

/** `lastSequence` of a bucket that is on no log yet. */
export const NOT_LINKED = -1;

export const BUCKET_FREE = 0;
export const BUCKET_CLEAN = 1;
export const BUCKET_DIRTY = 2;
export const BUCKET_REPLICA = 3;

export class BucketStore {
  readonly slotsPerBucket: number;
  /** Slot to bucket: slot >>> this. */
  readonly slotShift: number;
  readonly capacityBuckets: number;
  /** By bucket; grown as buckets are first used. */
  generation = new Int32Array(64);
  kind = new Uint8Array(64);
  /** Set by a read hit, cleared when passed over. */
  referenced = new Uint8Array(64);
  /** I/O in flight to the bucket, and open buckets. */
  pins = new Int32Array(64);
  /** Of a log bucket: the last sequence number in it. */
  lastSequence = new Float64Array(64);
  /** Of a log bucket: the next newer of the same log. Of a free one: the next free one. */
  next = new Int32Array(64);
  /** Slots ever filled in the bucket's present life. */
  filled = new Int32Array(64);
  evictedSlots = 0;
  /** Buckets that are DIRTY or REPLICA. */
  pinnedBuckets = 0;

  private newer = new Int32Array(64);
  private older = new Int32Array(64);
  private oldestClean = -1;
  private newestClean = -1;
  private cleanCount = 0;
  private neverUsed = 0;
  private free = -1;

  /** @param bucketBytes a power of two, at least 512 KiB: a record of a whole leaf and its header must fit */
  constructor(capacityBytes: number, bucketBytes: number) {
    this.slotsPerBucket = bucketBytes / BLOCK_BYTES;
    this.slotShift = 31 - Math.clz32(this.slotsPerBucket);
    this.capacityBuckets = Math.floor(capacityBytes / bucketBytes);
  }

  /**
   * A bucket for this purpose: an unused one, or the evicted oldest clean one.
   * @returns -1 when every bucket is dirty, a replica or in use
   */
  take(kind: number): number {
    let bucket = this.free;
    if (bucket >= 0) this.free = this.next[bucket]!;
    else if (this.neverUsed < this.capacityBuckets) {
      bucket = this.neverUsed++;
      if (bucket === this.kind.length) this.grow();
    } else bucket = this.evict();
    if (bucket < 0) return -1;
    this.kind[bucket] = kind;
    this.referenced[bucket] = 0;
    this.filled[bucket] = 0;
    this.lastSequence[bucket] = NOT_LINKED;
    this.next[bucket] = -1;
    if (kind === BUCKET_CLEAN) this.linkNewest(bucket);
    else this.pinnedBuckets++;
    return bucket;
  }

  /**
   * Sets aside the buckets of logs that were found on flash; the store is as new.
   * @param logs slots of each log's records
   */
  restore(logs: readonly (readonly number[])[]): void {
    const taken = new Set(logs.flatMap((slots) => slots.map((slot) => slot >>> this.slotShift)));
    if (taken.size === 0) return;
    this.neverUsed = Math.max(...taken) + 1;
    while (this.kind.length < this.neverUsed) this.grow();
    for (let bucket = this.neverUsed - 1; bucket >= 0; bucket--) {
      this.next[bucket] = -1;
      this.lastSequence[bucket] = NOT_LINKED;
      if (taken.has(bucket)) {
        this.kind[bucket] = BUCKET_REPLICA;
        this.pinnedBuckets++;
      } else {
        this.kind[bucket] = BUCKET_FREE;
        this.next[bucket] = this.free;
        this.free = bucket;
      }
    }
  }

  /** A dirty bucket whose records are all released: its data stays as clean cache. */
  becomeClean(bucket: number): void {
    this.kind[bucket] = BUCKET_CLEAN;
    this.pinnedBuckets--;
    this.linkNewest(bucket);
  }

  /** Gives a log bucket back; what it held is gone. While I/O to it is under way it waits among the clean ones. */
  drop(bucket: number): void {
    this.generation[bucket]!++;
    if (this.pins[bucket] !== 0) {
      this.filled[bucket] = 0;
      this.becomeClean(bucket);
      return;
    }
    this.kind[bucket] = BUCKET_FREE;
    this.pinnedBuckets--;
    this.next[bucket] = this.free;
    this.free = bucket;
  }

  private evict(): number {
    let looked = 2 * this.cleanCount;
    while (looked-- > 0) {
      const bucket = this.oldestClean;
      this.unlinkOldest();
      if (this.referenced[bucket] !== 0 || this.pins[bucket] !== 0) {
        this.referenced[bucket] = 0;
        this.linkNewest(bucket);
        continue;
      }
      this.generation[bucket]!++;
      this.evictedSlots += this.filled[bucket]!;
      return bucket;
    }
    return -1;
  }

  private linkNewest(bucket: number): void {
    this.newer[bucket] = -1;
    this.older[bucket] = this.newestClean;
    if (this.newestClean >= 0) this.newer[this.newestClean] = bucket;
    else this.oldestClean = bucket;
    this.newestClean = bucket;
    this.cleanCount++;
  }

  private unlinkOldest(): void {
    const bucket = this.oldestClean;
    this.oldestClean = this.newer[bucket]!;
    if (this.oldestClean >= 0) this.older[this.oldestClean] = -1;
    else this.newestClean = -1;
    this.cleanCount--;
  }

  private grow(): void {
    const capacity = this.kind.length * 2;
    const int32 = (array: Int32Array) => {
      const grown = new Int32Array(capacity);
      grown.set(array);
      return grown;
    };
    const uint8 = (array: Uint8Array) => {
      const grown = new Uint8Array(capacity);
      grown.set(array);
      return grown;
    };
    this.generation = int32(this.generation);
    this.pins = int32(this.pins);
    this.next = int32(this.next);
    this.newer = int32(this.newer);
    this.older = int32(this.older);
    this.filled = int32(this.filled);
    this.kind = uint8(this.kind);
    this.referenced = uint8(this.referenced);
    const lastSequence = new Float64Array(capacity);
    lastSequence.set(this.lastSequence);
    this.lastSequence = lastSequence;
  }
}
