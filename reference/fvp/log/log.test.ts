import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKET_CLEAN, BUCKET_DIRTY, BUCKET_REPLICA, BucketStore } from './bucket-store.ts';
import { LogSpace } from './log-space.ts';
import { RECORD_OFFSET, RECORD_SLOT, RecordRing } from './record-ring.ts';

const BUCKET_BYTES = 512 * 1024;
const SLOTS = 128;

describe('buckets', () => {
  it('evicts the oldest clean bucket, but one read since gets a second chance, and one in use none at all', () => {
    const store = new BucketStore(3 * BUCKET_BYTES, BUCKET_BYTES);
    const [a, b, c] = [store.take(BUCKET_CLEAN), store.take(BUCKET_CLEAN), store.take(BUCKET_CLEAN)];
    store.referenced[a!] = 1;
    store.pins[b!] = 1;
    expect(store.take(BUCKET_CLEAN)).toBe(c);
    expect(store.take(BUCKET_CLEAN)).toBe(a);
    expect(store.generation[c!]).toBe(1);
    expect(store.generation[b!]).toBe(0);
  });

  it('never evicts dirty or replica data: a full store says so', () => {
    const store = new BucketStore(2 * BUCKET_BYTES, BUCKET_BYTES);
    const dirty = store.take(BUCKET_DIRTY);
    store.take(BUCKET_REPLICA);
    expect(store.take(BUCKET_CLEAN)).toBe(-1);
    store.becomeClean(dirty);
    expect(store.generation[dirty]).toBe(0);
    expect(store.take(BUCKET_DIRTY)).toBe(dirty);
    expect(store.generation[dirty]).toBe(1);
  });
});

describe('the space of a log', () => {
  it('never hands out a slot twice while it is held, and lets go of all of it in the end', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 66 }), fc.constant(0)), { maxLength: 300 });
    fc.assert(
      fc.property(steps, fc.constantFrom(BUCKET_DIRTY, BUCKET_REPLICA), (sizes, kind) => {
        const store = new BucketStore(8 * BUCKET_BYTES, BUCKET_BYTES);
        const space = new LogSpace(store, kind);
        const held = new Map<number, number>();
        let sequence = 0;
        let released = 0;
        for (const size of sizes) {
          if (size === 0) {
            released = sequence;
            space.release(released);
            for (const [slot, at] of held) if (at <= released) held.delete(slot);
            continue;
          }
          const slot = space.take(size, sequence + 1);
          if (slot < 0) continue;
          sequence++;
          expect(Math.floor(slot / SLOTS)).toBe(Math.floor((slot + size - 1) / SLOTS));
          for (let i = slot; i < slot + size; i++) {
            expect(held.has(i)).toBe(false);
            held.set(i, sequence);
          }
        }
        space.close();
        expect(space.heldBuckets).toBe(0);
        expect(store.pinnedBuckets).toBe(0);
      }),
    );
  });
});

describe('the ring of records', () => {
  it('keeps every record from the first on, however far apart first and next are', () => {
    const ring = new RecordRing(4);
    ring.reset(1000);
    for (let sequence = 1000; sequence < 5000; sequence++) {
      const at = ring.place(sequence);
      ring.words[at + RECORD_SLOT] = sequence;
      ring.numbers[at + RECORD_OFFSET] = sequence * 512;
      if (sequence % 3 === 0) ring.first += 2;
    }
    for (let sequence = ring.first; sequence < ring.next; sequence++) {
      expect(ring.words[ring.at(sequence) + RECORD_SLOT]).toBe(sequence);
      expect(ring.numbers[ring.at(sequence) + RECORD_OFFSET]).toBe(sequence * 512);
    }
    expect(ring.next).toBe(5000);
  });
});
