/**
 * What is dirty, and how it comes to the spindles: while more than `lowWater` of the write cache is dirty, or writes
 * or flushes wait for it, each spindle destages its oldest dirty line together with its dirty neighbours.
 */
import type { DeviceContext } from '../api.ts';
import { RunningTotal } from '../running-total.ts';
import type { ArrayParameters } from './array-parameters.ts';
import { DirtyLists } from './dirty-lists.ts';
import type { Drains } from './drains.ts';
import { type LineCache, PAGE_BYTES } from './line-cache.ts';
import { type PieceOwner, SpindleWrites } from './spindle-writes.ts';
import { type BackgroundWork, Spindles } from './spindles.ts';

/** Who waits for room among the dirty lines. */
export interface RoomOwner {
  roomMade(): void;
}

export class Destager implements BackgroundWork {
  readonly spindles: Spindles;
  readonly writes: SpindleWrites;
  /** Most lines that may be dirty. */
  readonly limitLines: number;
  dirtyLines = 0;
  dirtyLinesMax = 0;
  /** Whether writes wait for room: then every spindle destages. */
  isRoomWanted = false;
  destages = 0;
  readonly destagedBytes = new RunningTotal();
  fullStripes = 0;
  private readonly parameters: ArrayParameters;
  private readonly cache: LineCache;
  /** Undefined where a flush waits for nothing. */
  private readonly drains: Drains | undefined;
  private readonly room: RoomOwner;
  private readonly lists: DirtyLists;
  /** Next line of the same destage. */
  private readonly jobNext: Int32Array;
  /** For each spindle, dirty lines of before the start, whose addresses do not matter. */
  private readonly inherited: Int32Array;
  private readonly lowLines: number;
  private readonly highLines: number;
  private readonly fullMask: number;
  private readonly linesPerStripe: number;
  /** Of the dirty lines, those on their way to the spindles. */
  private destagingLines = 0;
  /** Lines and bytes picked for the destage that is being put together. */
  private pickedLine = -1;
  private pickedBytes = 0;

  constructor(
    array: ArrayParameters,
    context: DeviceContext,
    cache: LineCache,
    drains: Drains | undefined,
    owner: PieceOwner & RoomOwner,
  ) {
    this.parameters = array;
    this.cache = cache;
    this.drains = drains;
    this.room = owner;
    this.spindles = new Spindles(array, context, this);
    this.writes = new SpindleWrites(array, this.spindles, owner, this);
    this.jobNext = new Int32Array(cache.capacity);
    this.lists = new DirtyLists(cache, array.spindles);
    this.limitLines = Math.floor(array.writeCache / cache.lineBytes);
    this.lowLines = Math.floor(this.limitLines * array.lowWater);
    this.highLines = Math.floor(this.limitLines * array.highWater);
    this.fullMask = cache.pages(0, cache.lineBytes);
    this.linesPerStripe = array.stripe / cache.lineBytes;
    const inherited = Math.floor(Math.floor(this.limitLines * array.initialDirty) / array.spindles);
    this.inherited = new Int32Array(array.spindles).fill(inherited);
    if (array.failedSpindles > 0) this.inherited[0] = 0;
    this.dirtyLines = inherited * (array.spindles - array.failedSpindles);
    this.dirtyLinesMax = this.dirtyLines;
  }

  /** A clean line has become dirty. */
  dirtied(line: number, unit: number, number: number): void {
    if (this.cache.destaging[line] === 1) {
      this.drains?.dirtiedAgain(line);
      return;
    }
    this.drains?.dirtied(line, unit);
    this.dirtyLines++;
    if (this.dirtyLines > this.dirtyLinesMax) this.dirtyLinesMax = this.dirtyLines;
    const spindle = this.spindles.spindleOf(unit, number * this.cache.lineBytes);
    this.lists.append(line, spindle);
    if (this.dirtyLines === this.highLines + 1) this.spindles.startAll();
    else if (this.mayBegin(spindle)) this.spindles.start(spindle);
  }

  mayBegin(spindle: number): boolean {
    if (this.dirtyLines - this.destagingLines > this.lowLines || this.isRoomWanted) {
      return this.lists.first(spindle) >= 0 || this.inherited[spindle]! > 0;
    }
    return this.isDraining() && this.lists.first(spindle) >= 0;
  }

  isPressing(): boolean {
    return this.dirtyLines > this.highLines || this.isRoomWanted || this.isDraining();
  }

  /** Begins a destage on a spindle, which then has an operation of it in its queue. */
  begin(spindle: number): void {
    this.destages++;
    const own = this.lists.first(spindle);
    if (this.inherited[spindle]! > 0 && (own < 0 || !this.isDraining())) this.destageInherited(spindle);
    else this.destageLine(own, spindle);
  }

  /** The lines of a job are on the spindles; those written meanwhile stay dirty. */
  destaged(firstLine: number): void {
    const { cache, jobNext } = this;
    if (firstLine < 0) {
      this.dirtyLines--;
      this.destagingLines--;
    }
    let rewritten = false;
    for (let line = firstLine; line >= 0; line = jobNext[line]!) {
      const clean = cache.dirty[line] === 0;
      cache.destaging[line] = 0;
      this.destagingLines--;
      if (clean) {
        this.dirtyLines--;
      } else {
        this.lists.append(line, this.spindleOfLine(line));
        rewritten = true;
      }
      this.drains?.destaged(line, cache.unitOf(line), clean);
    }
    if (rewritten) this.startSpindlesOf(firstLine);
    if (this.isRoomWanted) this.room.roomMade();
  }

  private isDraining(): boolean {
    return this.drains?.isWaiting() === true;
  }

  private spindleOfLine(line: number): number {
    const { cache } = this;
    return this.spindles.spindleOf(cache.unitOf(line), cache.numberOf(line) * cache.lineBytes);
  }

  private destageInherited(spindle: number): void {
    const { lineBytes } = this.cache;
    this.inherited[spindle]!--;
    this.destagingLines++;
    this.destagedBytes.add(lineBytes);
    const key = this.spindles.nextBackgroundKey();
    // Nothing lies next to it.
    this.writes.writeRun(-1, -1, spindle, -lineBytes - key, lineBytes, key);
  }

  /** Destages the run of dirty lines around one within its stripe, or the whole stripe across spindles. */
  private destageLine(line: number, spindle: number): void {
    const { cache, linesPerStripe } = this;
    const unit = cache.unitOf(line);
    const number = cache.numberOf(line);
    const base = Math.floor(number / linesPerStripe) * linesPerStripe;
    let first = number;
    while (first > base && cache.findListed(unit, first - 1) >= 0) first--;
    let stop = number + 1;
    while (stop < base + linesPerStripe && cache.findListed(unit, stop) >= 0) stop++;
    if (stop - first === linesPerStripe && this.destageStripe(unit, base)) return;

    this.pickedLine = -1;
    this.pickedBytes = 0;
    for (let each = first; each < stop; each++) {
      this.pick(each === number ? line : cache.findListed(unit, each), spindle);
    }
    this.destagedBytes.add(this.pickedBytes);
    const key = this.spindles.nextBackgroundKey();
    const place = this.spindles.placeOf(first * cache.lineBytes);
    this.writes.writeRun(this.pickedLine, unit, spindle, place, this.pickedBytes, key);
  }

  /** Destages a full stripe with its parity in one go. @returns false when it is not all dirty */
  private destageStripe(unit: number, number: number): boolean {
    const { cache, spindles } = this;
    const { stripeWidth, writePenalty } = this.parameters;
    if (writePenalty === 1 || stripeWidth === 1) return false;
    const lines = this.linesPerStripe * stripeWidth;
    const first = Math.floor(number / lines) * lines;
    for (let each = first; each < first + lines; each++) {
      const line = cache.findListed(unit, each);
      if (line < 0 || cache.dirty[line] !== this.fullMask) return false;
    }
    this.pickedLine = -1;
    this.pickedBytes = 0;
    for (let each = first; each < first + lines; each++) {
      const line = cache.findListed(unit, each);
      this.pick(line, spindles.spindleOf(unit, each * cache.lineBytes));
    }
    this.fullStripes++;
    this.destagedBytes.add(this.pickedBytes);
    const key = spindles.nextBackgroundKey();
    this.writes.writeStripe(this.pickedLine, unit, first * cache.lineBytes, this.pickedBytes, key);
    return true;
  }

  /** Adds a listed line to the destage that is being put together. */
  private pick(line: number, spindle: number): void {
    const { cache } = this;
    this.lists.remove(line, spindle);
    this.pickedBytes += pageCount(cache.dirty[line]!) * PAGE_BYTES;
    cache.dirty[line] = 0;
    cache.destaging[line] = 1;
    this.destagingLines++;
    this.jobNext[line] = this.pickedLine;
    this.pickedLine = line;
  }

  /** Starts the spindles of a destage's lines, now that all those written meanwhile are dirty again. */
  private startSpindlesOf(firstLine: number): void {
    const { jobNext } = this;
    for (let line = firstLine; line >= 0; line = jobNext[line]!) {
      const spindle = this.spindleOfLine(line);
      if (this.mayBegin(spindle)) this.spindles.start(spindle);
    }
  }
}

/** Bits set in a mask. */
function pageCount(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
