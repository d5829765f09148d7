/** Writes into the cache: they wait, in order, while it is full of what the spindles do not have yet. */
import { BugError } from '../../kernel/errors.ts';
import type { DeviceContext } from '../api.ts';
import type { Destager } from './destager.ts';
import type { LineCache } from './line-cache.ts';
import {
  NEXT,
  REQUEST_ADDRESS,
  REQUEST_BYTES,
  REQUEST_DOUBLES,
  REQUEST_UNIT,
  REQUEST_WORDS,
  type Slots,
} from './slots.ts';

export class WriteCache {
  private readonly cache: LineCache;
  private readonly destager: Destager;
  private readonly requests: Slots;
  private readonly context: DeviceContext;
  private head = -1;
  private tail = -1;

  constructor(cache: LineCache, destager: Destager, requests: Slots, context: DeviceContext) {
    this.cache = cache;
    this.destager = destager;
    this.requests = requests;
    this.context = context;
  }

  /** Whether a write needs more lines than the cache may ever have dirty. */
  isTooLong(address: number, bytes: number): boolean {
    const { lineBytes } = this.cache;
    const lines = Math.floor((address + bytes - 1) / lineBytes) - Math.floor(address / lineBytes);
    return lines >= this.destager.limitLines;
  }

  /** Whether a write may go in at once. */
  isOpen(unit: number, address: number, bytes: number): boolean {
    return this.head < 0 && this.fits(unit, address, bytes);
  }

  /** Takes a write into the cache. */
  store(unit: number, address: number, bytes: number): void {
    const { cache } = this;
    const { lineBytes, valid, dirty } = cache;
    const end = address + bytes;
    const last = Math.floor((end - 1) / lineBytes);
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const line = cache.take(unit, number);
      if (line < 0) throw new BugError(`${this.context.name}: the cache has no line for a write that fits`);
      const base = number * lineBytes;
      const pages = cache.pages(Math.max(address, base) - base, Math.min(end, base + lineBytes) - base);
      const before = dirty[line]!;
      valid[line]! |= pages;
      dirty[line] = before | pages;
      if (before === 0) this.destager.dirtied(line, unit, number);
    }
  }

  /** Makes a write wait for room. */
  wait(request: number): void {
    const { words } = this.requests;
    words[REQUEST_WORDS * request + NEXT] = -1;
    if (this.head < 0) this.head = request;
    else words[REQUEST_WORDS * this.tail + NEXT] = request;
    this.tail = request;
    this.destager.isRoomWanted = true;
    this.destager.spindles.startAll();
  }

  /** Takes in the write that has waited longest. @returns it, or -1 when there is no room for it, or none waits */
  storeNext(): number {
    const request = this.head;
    if (request < 0) return -1;
    const { words, doubles } = this.requests;
    const unit = words[REQUEST_WORDS * request + REQUEST_UNIT]!;
    const address = doubles[REQUEST_DOUBLES * request + REQUEST_ADDRESS]!;
    const bytes = doubles[REQUEST_DOUBLES * request + REQUEST_BYTES]!;
    if (!this.fits(unit, address, bytes)) return -1;
    this.head = words[REQUEST_WORDS * request + NEXT]!;
    this.destager.isRoomWanted = this.head >= 0;
    this.store(unit, address, bytes);
    return request;
  }

  private fits(unit: number, address: number, bytes: number): boolean {
    const { cache } = this;
    const { lineBytes } = cache;
    const first = Math.floor(address / lineBytes);
    const last = Math.floor((address + bytes - 1) / lineBytes);
    let room = this.destager.limitLines - this.destager.dirtyLines;
    if (last - first < room) return true;
    for (let number = first; number <= last; number++) {
      const line = cache.find(unit, number);
      if (line < 0 || (cache.dirty[line] === 0 && cache.destaging[line] === 0)) room--;
    }
    return room >= 0;
  }
}
