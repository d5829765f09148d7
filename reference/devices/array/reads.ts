/** Reads: what the cache lacks comes from the spindles, and sequential reads are read ahead. */
import { RunningTotal } from '../running-total.ts';
import type { ArrayParameters } from './array-parameters.ts';
import { type LineCache, PAGE_BYTES } from './line-cache.ts';
import {
  NEXT,
  OPERATION_ADDRESS,
  OPERATION_BYTES,
  OPERATION_DOUBLES,
  OPERATION_OWNER,
  OPERATION_UNIT,
  OPERATION_WAITERS,
  OPERATION_WORDS,
  REQUEST_ADDRESS,
  REQUEST_BYTES,
  REQUEST_DOUBLES,
  REQUEST_KEY,
  REQUEST_UNIT,
  REQUEST_WAITING,
  REQUEST_WORDS,
  Slots,
  WAITER_REQUEST,
  WAITER_WORDS,
} from './slots.ts';
import type { PieceOwner } from './spindle-writes.ts';
import { ALONGSIDE, BACKGROUND_STAGE, FETCH, PREFETCH, type Spindles } from './spindles.ts';
import { SequentialStreams } from './streams.ts';

export class Reads {
  readonly prefetchedBytes = new RunningTotal();
  private readonly parameters: ArrayParameters;
  private readonly cache: LineCache;
  private readonly spindles: Spindles;
  private readonly requests: Slots;
  private readonly owner: PieceOwner;
  private readonly streams = new SequentialStreams();
  private readonly waiters = new Slots(WAITER_WORDS, 0);
  private readonly fullMask: number;
  private readonly fillingMax: number;
  private fillingLines = 0;

  constructor(
    array: ArrayParameters,
    cache: LineCache,
    spindles: Spindles,
    requests: Slots,
    owner: PieceOwner,
  ) {
    this.parameters = array;
    this.cache = cache;
    this.spindles = spindles;
    this.requests = requests;
    this.owner = owner;
    this.fullMask = cache.pages(0, cache.lineBytes);
    this.fillingMax = Math.floor(Math.floor(array.readCache / cache.lineBytes) / 2);
  }

  /** Looks a read up line by line, fetches what is missing and waits for what is being read ahead. */
  lookUp(slot: number): void {
    const { cache, requests } = this;
    const { lineBytes, valid, filling } = cache;
    const unit = requests.words[REQUEST_WORDS * slot + REQUEST_UNIT]!;
    const address = requests.doubles[REQUEST_DOUBLES * slot + REQUEST_ADDRESS]!;
    const end = address + requests.doubles[REQUEST_DOUBLES * slot + REQUEST_BYTES]!;
    const last = Math.floor((end - 1) / lineBytes);
    let missing = -1;
    let attached = 0;
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const base = number * lineBytes;
      const from = Math.max(address, base) - base;
      const line = cache.find(unit, number);
      let operation = 0;
      if (line >= 0) {
        cache.touch(line);
        const need = cache.pages(from, Math.min(end, base + lineBytes) - base);
        const held = (valid[line]! & need) >>> 0 === need;
        operation = held ? 0 : filling[line]!;
        if (held || operation !== 0) {
          if (missing >= 0) this.fetch(slot, unit, missing, base);
          missing = -1;
          if (operation !== 0 && operation !== attached) {
            this.attach(operation - 1, slot);
            attached = operation;
          }
          continue;
        }
      }
      if (missing < 0) missing = base + from;
    }
    if (missing >= 0) this.fetch(slot, unit, missing, end);
  }

  /** A fetch has ended. */
  fetched(operation: number): void {
    const { words, doubles } = this.spindles.operations;
    const row = OPERATION_WORDS * operation;
    if (this.parameters.readCache > 0) {
      this.fill(
        words[row + OPERATION_UNIT]!,
        doubles[OPERATION_DOUBLES * operation + OPERATION_ADDRESS]!,
        doubles[OPERATION_DOUBLES * operation + OPERATION_BYTES]!,
      );
    }
    this.owner.pieceArrived(words[row + OPERATION_OWNER]!);
  }

  /** Puts what was read or written through into the cache. */
  fill(unit: number, address: number, bytes: number): void {
    const { cache } = this;
    const { lineBytes, valid } = cache;
    const end = address + bytes;
    const last = Math.floor((end - 1) / lineBytes);
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const line = cache.take(unit, number);
      if (line < 0) return;
      const base = number * lineBytes;
      const from = Math.max(address, base) - base;
      valid[line]! |= cache.pages(from, Math.min(end, base + lineBytes) - base);
    }
  }

  /** Notes a read, and reads ahead of it if it is sequential. */
  readAhead(unit: number, address: number, bytes: number): void {
    const { streams } = this;
    const { prefetch, stripe } = this.parameters;
    const stream = streams.note(unit, address, bytes);
    if (stream < 0) return;
    const end = address + bytes;
    let at = Math.max(streams.aheadTo[stream]!, end);
    if (at - end > prefetch / 2) return;
    const stop = Math.ceil((end + prefetch) / stripe) * stripe;
    while (at < stop) {
      const to = Math.min(stop, (Math.floor(at / stripe) + 1) * stripe);
      this.prefetch(unit, at, to);
      at = to;
    }
    streams.aheadTo[stream] = stop;
  }

  /** A prefetch has ended. */
  prefetched(operation: number): void {
    const { cache, waiters } = this;
    const { words, doubles } = this.spindles.operations;
    const row = OPERATION_WORDS * operation;
    const unit = words[row + OPERATION_UNIT]!;
    const first = doubles[OPERATION_DOUBLES * operation + OPERATION_ADDRESS]! / cache.lineBytes;
    const lines = doubles[OPERATION_DOUBLES * operation + OPERATION_BYTES]! / cache.lineBytes;
    for (let number = first; number < first + lines; number++) {
      const line = cache.find(unit, number);
      if (line < 0 || cache.filling[line] !== operation + 1) continue;
      cache.filling[line] = 0;
      cache.valid[line] = this.fullMask;
      this.fillingLines--;
    }
    let waiter = words[row + OPERATION_WAITERS]!;
    while (waiter >= 0) {
      const next = waiters.words[WAITER_WORDS * waiter + NEXT]!;
      const slot = waiters.words[WAITER_WORDS * waiter + WAITER_REQUEST]!;
      waiters.release(waiter);
      this.owner.pieceArrived(slot);
      waiter = next;
    }
  }

  /** Reads [start, end), widened to pages, from the spindles for a request. */
  private fetch(slot: number, unit: number, start: number, end: number): void {
    const { spindles } = this;
    const { words } = this.requests;
    const { stripe } = this.parameters;
    const row = REQUEST_WORDS * slot;
    const key = words[row + REQUEST_KEY]!;
    let at = Math.floor(start / PAGE_BYTES) * PAGE_BYTES;
    const stop = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
    while (at < stop) {
      const to = Math.min(stop, (Math.floor(at / stripe) + 1) * stripe);
      // What a failed spindle held comes from all that stand for it.
      const reads = spindles.isLost(unit, at) ? spindles.partners : 1;
      for (let partner = 1; partner <= reads; partner++) {
        const piece = ++words[row + REQUEST_WAITING]!;
        const operation = spindles.operation(FETCH, slot, unit, at, to - at, key, piece);
        if (reads > 1) spindles.enqueuePartnerRead(operation, partner);
        else spindles.enqueueRead(operation);
      }
      at = to;
    }
  }

  /** Makes a request wait for a prefetch. */
  private attach(operation: number, slot: number): void {
    const { waiters } = this;
    const { words } = this.spindles.operations;
    const waiter = waiters.take();
    const row = OPERATION_WORDS * operation;
    waiters.words[WAITER_WORDS * waiter + WAITER_REQUEST] = slot;
    waiters.words[WAITER_WORDS * waiter + NEXT] = words[row + OPERATION_WAITERS]!;
    words[row + OPERATION_WAITERS] = waiter;
    this.requests.words[REQUEST_WORDS * slot + REQUEST_WAITING]!++;
  }

  /** Reads the lines of [start, end) that the cache lacks; the range lies within one stripe. */
  private prefetch(unit: number, start: number, end: number): void {
    const { cache, spindles, fullMask } = this;
    const { lineBytes, valid, filling } = cache;
    const stop = Math.ceil(end / lineBytes);
    let operation = -1;
    let from = 0;
    let to = 0;
    for (
      let number = Math.floor(start / lineBytes);
      number < stop && this.fillingLines < this.fillingMax;
      number++
    ) {
      const line = cache.take(unit, number);
      if (line < 0) break;
      if (filling[line] !== 0 || valid[line] === fullMask) continue;
      if (operation < 0) {
        from = number;
        const key = spindles.nextBackgroundKey();
        operation = spindles.operation(PREFETCH, -1, unit, number * lineBytes, 0, key, BACKGROUND_STAGE);
      }
      filling[line] = operation + 1;
      this.fillingLines++;
      to = number + 1;
    }
    if (operation < 0) return;
    const bytes = (to - from) * lineBytes;
    spindles.operations.doubles[OPERATION_DOUBLES * operation + OPERATION_BYTES] = bytes;
    this.prefetchedBytes.add(bytes);
    spindles.enqueueRead(operation);
    if (!spindles.isLost(unit, start)) return;
    for (let partner = 2; partner <= spindles.partners; partner++) {
      const key = spindles.nextBackgroundKey();
      spindles.enqueuePartnerRead(
        spindles.operation(ALONGSIDE, -1, unit, from * lineBytes, bytes, key, BACKGROUND_STAGE),
        partner,
      );
    }
  }
}
