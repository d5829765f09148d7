/**
 * A storage array with its network: ports, a front end, a controller cache for reads and writes, and spindles (disks,
 * or the flash units of an all-flash array).
 *
 * - A host may have `lunQueueDepth` requests under way per unit; more wait in order. REQUEST_RESERVED bypasses that.
 * - A read is answered from the cache, or waits for its pieces on the spindles. Sequential reads are read ahead.
 * - A write is answered once it is in the cache; when the write cache is full it waits, in order, for a destage.
 * - Destaging runs while more than `lowWater` of the write cache is dirty. Guest reads go before destages on each
 *   spindle, but a destage under way is not interrupted, and above `highWater` destages get `destageShare`.
 * - A destage of one line costs `writePenalty` operations, all on the spindle of its data: parity rotates, so in the
 *   long run each spindle gets the same. A full stripe costs one per spindle, parity included.
 * - `flush: drain` makes the cache volatile: a flush waits until what its unit had dirty is on the spindles, and a FUA
 *   write goes through. `flush: roundtrip` (battery-backed) answers at once.
 *
 * The time of the front end is added to a miss when its spindles have answered, so that one event per operation
 * suffices. The content of the read cache at the start is empty: warm up where that matters.
 */
import { BugError } from '../../kernel/errors.ts';
import {
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  QUEUED,
  REQUEST_FUA,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../api.ts';
import { type ArrayParameters, arrayParameters, checkArray, LINE_BYTES } from '../array/array-parameters.ts';
import { LineCache, PAGE_BYTES } from '../array/line-cache.ts';
import { JobSlots, OperationSlots, RequestSlots, WaiterSlots } from '../array/slots.ts';
import { SequentialStreams } from '../array/streams.ts';
import { ServerPool, transferNs } from '../server-pool.ts';
import { TimeHeap } from '../time-heap.ts';

/** Kinds of operations. */
const FETCH = 0;
const PREFETCH = 1;
const DESTAGE = 2;
const THROUGH = 3;

/** States of a spindle other than an operation's number. */
const IDLE = -1;
const CHOOSING = -2;

/** Lines beyond the two caches: room for what is in transit. */
const TRANSIT_LINES = 64;
/** Credits of a spindle's turn; shares are whole numbers of them. */
const TURN = 1024;
/** Apart from the stages of guest requests, which count pieces and steps from 0. */
const BACKGROUND_STAGE = 1 << 24;

class StorageArray implements Device {
  private readonly parameters: ArrayParameters;
  private readonly context: DeviceContext;
  private readonly ports: ServerPool;
  private readonly frontEnd: ServerPool;
  private readonly cache: LineCache;
  private readonly streams = new SequentialStreams();
  private readonly requests = new RequestSlots();
  private readonly operations = new OperationSlots();
  private readonly jobs = new JobSlots();
  private readonly waiters = new WaiterSlots();

  // Lines.
  private readonly lineBytes: number;
  private readonly fullMask: number;
  /** Spindles that a small write touches: data and parities, or data and mirror. */
  private readonly copies: number;
  private readonly limitLines: number;
  private readonly lowLines: number;
  private readonly highLines: number;
  private readonly fillingMax: number;
  private readonly dirtyNext: Int32Array;
  private readonly dirtyPrevious: Int32Array;
  /** Next line of the same destage. */
  private readonly jobNext: Int32Array;
  private dirtyLines = 0;
  private dirtyLinesMax = 0;
  /** Of the dirty lines, those on their way to the spindles. */
  private destagingLines = 0;
  private dirtySequence = 0;
  private fillingLines = 0;

  // Spindles.
  private readonly current: Int32Array;
  private readonly highHead: Int32Array;
  private readonly highTail: Int32Array;
  private readonly lowHead: Int32Array;
  private readonly lowTail: Int32Array;
  private readonly dirtyHead: Int32Array;
  private readonly dirtyTail: Int32Array;
  /** Dirty lines of before the start, whose addresses do not matter. */
  private readonly inherited: Int32Array;
  private readonly lastUnit: Int32Array;
  private readonly lastEnd: Float64Array;
  private readonly credit: Int32Array;
  private readonly shareCredit: number;

  // Units.
  /** Requests under way whose end is not known yet; the known ends are in `unitEnds`. */
  private unitInService = new Int32Array(16);
  private unitDirty = new Int32Array(16);
  private unitWaitHead = new Int32Array(16).fill(-1);
  private unitWaitTail = new Int32Array(16).fill(-1);
  private unitWakeNs = new Float64Array(16).fill(Number.POSITIVE_INFINITY);
  private readonly unitEnds: TimeHeap[] = [];

  // Waiting writes and flushes.
  private blockedHead = -1;
  private blockedTail = -1;
  private drainHead = -1;
  private backgroundKey = 0;

  private busyNs = 0;
  private finished = 0;
  private residenceNs = 0;
  private reads = 0;
  private writes = 0;
  private flushes = 0;
  private discards = 0;
  private readBytes = 0;
  private writtenBytes = 0;
  private readHits = 0;
  private lunWaits = 0;
  private lunWaitNs = 0;
  private writeWaits = 0;
  private writeWaitNs = 0;
  private prefetchedBytes = 0;
  private destagedBytes = 0;
  private destages = 0;
  private fullStripes = 0;
  private spindleOperations = 0;

  constructor(array: ArrayParameters, context: DeviceContext) {
    this.parameters = array;
    this.context = context;
    this.ports = new ServerPool(array.ports);
    this.frontEnd = new ServerPool(array.frontEndServers);

    this.lineBytes = LINE_BYTES[array.cacheLine];
    this.fullMask = 0xffffffff >>> (32 - this.lineBytes / PAGE_BYTES);
    this.copies = array.writePenalty > 2 ? array.writePenalty / 2 : array.writePenalty;
    this.limitLines = Math.floor(array.writeCache / this.lineBytes);
    this.lowLines = Math.floor(this.limitLines * array.lowWater);
    this.highLines = Math.floor(this.limitLines * array.highWater);
    const readLines = Math.floor(array.readCache / this.lineBytes);
    const capacity = readLines + this.limitLines + TRANSIT_LINES;
    this.fillingMax = Math.floor(readLines / 2);
    this.cache = new LineCache(capacity, this.lineBytes);
    this.dirtyNext = new Int32Array(capacity);
    this.dirtyPrevious = new Int32Array(capacity);
    this.jobNext = new Int32Array(capacity);

    const { spindles } = array;
    this.current = new Int32Array(spindles).fill(IDLE);
    this.highHead = new Int32Array(spindles).fill(-1);
    this.highTail = new Int32Array(spindles).fill(-1);
    this.lowHead = new Int32Array(spindles).fill(-1);
    this.lowTail = new Int32Array(spindles).fill(-1);
    this.dirtyHead = new Int32Array(spindles).fill(-1);
    this.dirtyTail = new Int32Array(spindles).fill(-1);
    this.lastUnit = new Int32Array(spindles).fill(-1);
    this.lastEnd = new Float64Array(spindles);
    this.credit = new Int32Array(spindles);
    this.shareCredit = Math.floor(array.destageShare * TURN);
    const inherited = Math.floor(Math.floor(this.limitLines * array.initialDirty) / spindles);
    this.inherited = new Int32Array(spindles).fill(inherited);
    this.dirtyLines = inherited * spindles;
    this.dirtyLinesMax = this.dirtyLines;
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    if (operation > DEVICE_DISCARD)
      throw new BugError(`${this.context.name}: an array takes no operation ${operation}`);
    this.reach(unit);
    const { requests } = this;
    const slot = requests.take();
    requests.operation[slot] = operation;
    requests.unit[slot] = unit;
    requests.address[slot] = address;
    requests.bytes[slot] = bytes;
    requests.flags[slot] = flags;
    requests.token[slot] = token;
    requests.key[slot] = key;
    requests.submittedNs[slot] = this.context.nowNs;
    requests.waiting[slot] = 0;
    if (this.mustQueue(unit, flags)) {
      this.appendWaiting(unit, slot);
      this.lunWaits++;
      this.wake(unit);
    } else {
      this.admit(slot);
    }
    return QUEUED;
  }

  /** A spindle's operation ends (argument: the spindle), or a place in a unit's queue is free (-1 - unit). */
  fire(argument: number): void {
    if (argument >= 0) this.operationEnded(argument);
    else this.unitWoken(-1 - argument);
  }

  /** `busyNs` and `servers` are those of the spindles. */
  statistics(): DeviceStatistics {
    return {
      busyNs: this.busyNs,
      servers: this.parameters.spindles,
      requests: this.finished,
      residenceNs: this.residenceNs,
      reads: this.reads,
      writes: this.writes,
      flushes: this.flushes,
      discards: this.discards,
      readBytes: this.readBytes,
      writtenBytes: this.writtenBytes,
      readHits: this.readHits,
      lunWaits: this.lunWaits,
      lunWaitNs: this.lunWaitNs,
      writeWaits: this.writeWaits,
      writeWaitNs: this.writeWaitNs,
      prefetchedBytes: this.prefetchedBytes,
      destages: this.destages,
      destagedBytes: this.destagedBytes,
      fullStripes: this.fullStripes,
      spindleOperations: this.spindleOperations,
      evictions: this.cache.evictions,
      dirtyBytes: this.dirtyLines * this.lineBytes,
      dirtyBytesMax: this.dirtyLinesMax * this.lineBytes,
      portBusyNs: this.ports.busyNs,
      frontEndBusyNs: this.frontEnd.busyNs,
      startedFresh: this.parameters.initialDirty === 0 ? 1 : 0,
    };
  }

  // ---- Requests ----

  /** Lets a request into the array. */
  private admit(slot: number): void {
    const { requests, parameters: array, context } = this;
    const nowNs = context.nowNs;
    const operation = requests.operation[slot]!;
    const bytes = requests.bytes[slot]!;
    const moved = operation === DEVICE_READ || operation === DEVICE_WRITE;
    const portNs = moved ? this.ports.serve(nowNs, transferNs(bytes, array.portBandwidth), 0) : nowNs;
    requests.admittedNs[slot] = nowNs;
    requests.frontEndNs[slot] = this.frontEnd.serve(
      portNs,
      array.frontEnd.drawNs(context, requests.key[slot]!, 0),
      0,
    );
    if (this.isCounted(requests.flags[slot]!)) this.unitInService[requests.unit[slot]!]!++;
    if (operation === DEVICE_READ) this.read(slot);
    else if (operation === DEVICE_WRITE) this.write(slot);
    else if (operation === DEVICE_FLUSH) this.flush(slot);
    else {
      this.discards++;
      this.settle(slot, requests.frontEndNs[slot]! + array.path);
    }
  }

  /** The end of a request is known. */
  private settle(slot: number, endNs: number): void {
    const { requests } = this;
    const unit = requests.unit[slot]!;
    this.finished++;
    this.residenceNs += endNs - requests.submittedNs[slot]!;
    this.context.completeAt(endNs, requests.token[slot]!);
    const counted = this.isCounted(requests.flags[slot]!);
    requests.release(slot);
    if (!counted) return;
    this.unitInService[unit]!--;
    const ends = this.unitEnds[unit]!;
    ends.push(endNs);
    if (this.unitWaitHead[unit]! >= 0) this.wake(unit);
  }

  // ---- The queue of a unit ----

  private reach(unit: number): void {
    while (this.unitEnds.length <= unit) this.unitEnds.push(new TimeHeap(16));
    if (unit < this.unitInService.length) return;
    let length = this.unitInService.length;
    while (length <= unit) length *= 2;
    this.unitInService = widened(this.unitInService, length, 0);
    this.unitDirty = widened(this.unitDirty, length, 0);
    this.unitWaitHead = widened(this.unitWaitHead, length, -1);
    this.unitWaitTail = widened(this.unitWaitTail, length, -1);
    const wakes = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    wakes.set(this.unitWakeNs);
    this.unitWakeNs = wakes;
  }

  private appendWaiting(unit: number, slot: number): void {
    this.requests.next[slot] = -1;
    if (this.unitWaitHead[unit]! < 0) this.unitWaitHead[unit] = slot;
    else this.requests.next[this.unitWaitTail[unit]!] = slot;
    this.unitWaitTail[unit] = slot;
  }

  /** Asks to be called when the next known end frees a place. */
  private wake(unit: number): void {
    const endNs = this.unitEnds[unit]!.min;
    if (endNs < this.unitWakeNs[unit]!) {
      this.unitWakeNs[unit] = endNs;
      this.context.fireAt(Math.max(endNs, this.context.nowNs), -1 - unit);
    }
  }

  /** Whether a request must wait for others of its unit. */
  private mustQueue(unit: number, flags: number): boolean {
    if (!this.isCounted(flags)) return false;
    return this.unitWaitHead[unit]! >= 0 || this.isFull(unit);
  }

  /** Whether a request takes a place in the queue of its unit. */
  private isCounted(flags: number): boolean {
    return this.parameters.lunQueueDepth > 0 && (flags & REQUEST_RESERVED) === 0;
  }

  private isFull(unit: number): boolean {
    const ends = this.unitEnds[unit]!;
    while (ends.min <= this.context.nowNs) ends.pop();
    return this.unitInService[unit]! + ends.size >= this.parameters.lunQueueDepth;
  }

  private unitWoken(unit: number): void {
    const { requests } = this;
    const nowNs = this.context.nowNs;
    if (this.unitWakeNs[unit]! <= nowNs) this.unitWakeNs[unit] = Number.POSITIVE_INFINITY;
    while (this.unitWaitHead[unit]! >= 0 && !this.isFull(unit)) {
      const slot = this.unitWaitHead[unit]!;
      this.unitWaitHead[unit] = requests.next[slot]!;
      this.lunWaitNs += nowNs - requests.submittedNs[slot]!;
      this.admit(slot);
    }
    if (this.unitWaitHead[unit]! >= 0) this.wake(unit);
  }

  // ---- Reads ----

  private read(slot: number): void {
    const { requests, parameters: array } = this;
    const unit = requests.unit[slot]!;
    const address = requests.address[slot]!;
    const bytes = requests.bytes[slot]!;
    this.reads++;
    this.readBytes += bytes;
    if (bytes > 0) this.lookUp(slot, unit, address, bytes);
    if (requests.waiting[slot] === 0) {
      this.readHits++;
      this.settle(slot, requests.frontEndNs[slot]! + array.dram + array.path);
    }
    if (array.prefetch > 0) this.readAhead(unit, address, bytes);
  }

  /** Looks a read up line by line, fetches what is missing and waits for what is being read ahead. */
  private lookUp(slot: number, unit: number, address: number, bytes: number): void {
    const { cache, lineBytes } = this;
    const end = address + bytes;
    const last = Math.floor((end - 1) / lineBytes);
    let missing = -1;
    let attached = 0;
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const base = number * lineBytes;
      const from = Math.max(address, base) - base;
      const need = cache.pages(from, Math.min(end, base + lineBytes) - base);
      const line = cache.find(unit, number);
      if (line >= 0) cache.touch(line);
      const held = line >= 0 && (cache.valid[line]! & need) >>> 0 === need;
      const filling = line >= 0 && !held ? cache.filling[line]! : 0;
      if (!held && filling === 0) {
        if (missing < 0) missing = base + from;
        continue;
      }
      if (missing >= 0) this.fetch(slot, unit, missing, base);
      missing = -1;
      if (filling !== 0 && filling !== attached) {
        this.attach(filling - 1, slot);
        attached = filling;
      }
    }
    if (missing >= 0) this.fetch(slot, unit, missing, end);
  }

  /** Reads [start, end), widened to pages, from the spindles for a request. */
  private fetch(slot: number, unit: number, start: number, end: number): void {
    const { requests } = this;
    const stripe = this.parameters.stripe;
    let at = Math.floor(start / PAGE_BYTES) * PAGE_BYTES;
    const stop = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
    while (at < stop) {
      const to = Math.min(stop, (Math.floor(at / stripe) + 1) * stripe);
      const piece = ++requests.waiting[slot]!;
      const operation = this.operation(FETCH, slot, unit, at, to - at, requests.key[slot]!, piece);
      this.enqueue(this.place(operation), operation, true);
      at = to;
    }
  }

  private attach(operation: number, slot: number): void {
    const { waiters, operations } = this;
    const waiter = waiters.take();
    waiters.request[waiter] = slot;
    waiters.next[waiter] = operations.waiters[operation]!;
    operations.waiters[operation] = waiter;
    this.requests.waiting[slot]!++;
  }

  private pieceArrived(slot: number): void {
    const { requests, parameters: array } = this;
    if (--requests.waiting[slot]! > 0) return;
    const nowNs = this.context.nowNs;
    const frontEndNs = requests.frontEndNs[slot]! - requests.admittedNs[slot]!;
    this.settle(slot, nowNs + frontEndNs + array.dram + array.path);
  }

  private readAhead(unit: number, address: number, bytes: number): void {
    const { streams, parameters: array } = this;
    const stream = streams.note(unit, address, bytes);
    if (stream < 0) return;
    const end = address + bytes;
    let at = Math.max(streams.aheadTo[stream]!, end);
    if (at - end > array.prefetch / 2) return;
    const stop = Math.ceil((end + array.prefetch) / array.stripe) * array.stripe;
    while (at < stop) {
      const to = Math.min(stop, (Math.floor(at / array.stripe) + 1) * array.stripe);
      this.prefetch(unit, at, to);
      at = to;
    }
    streams.aheadTo[stream] = stop;
  }

  /** Reads the lines of [start, end) that the cache lacks; the range lies within one stripe. */
  private prefetch(unit: number, start: number, end: number): void {
    const { cache, lineBytes } = this;
    const first = Math.floor(start / lineBytes);
    const stop = Math.ceil(end / lineBytes);
    let operation = -1;
    let from = 0;
    let to = 0;
    for (let number = first; number < stop && this.fillingLines < this.fillingMax; number++) {
      const line = cache.take(unit, number);
      if (line < 0) break;
      if (cache.filling[line] !== 0 || (cache.valid[line]! & this.fullMask) >>> 0 === this.fullMask) continue;
      if (operation < 0) {
        from = number;
        operation = this.operation(
          PREFETCH,
          -1,
          unit,
          number * lineBytes,
          0,
          ++this.backgroundKey,
          BACKGROUND_STAGE,
        );
      }
      cache.filling[line] = operation + 1;
      this.fillingLines++;
      to = number + 1;
    }
    if (operation < 0) return;
    const bytes = (to - from) * lineBytes;
    this.operations.bytes[operation] = bytes;
    this.prefetchedBytes += bytes;
    this.enqueue(this.place(operation), operation, true);
  }

  private prefetchArrived(operation: number): void {
    const { cache, operations, waiters, lineBytes } = this;
    const unit = operations.unit[operation]!;
    const first = operations.address[operation]! / lineBytes;
    const stop = first + operations.bytes[operation]! / lineBytes;
    for (let number = first; number < stop; number++) {
      const line = cache.find(unit, number);
      if (line < 0 || cache.filling[line] !== operation + 1) continue;
      cache.filling[line] = 0;
      cache.valid[line] = this.fullMask;
      this.fillingLines--;
    }
    let waiter = operations.waiters[operation]!;
    while (waiter >= 0) {
      const next = waiters.next[waiter]!;
      const slot = waiters.request[waiter]!;
      waiters.release(waiter);
      this.pieceArrived(slot);
      waiter = next;
    }
  }

  /** Puts what was read or written through into the cache. */
  private fill(unit: number, address: number, bytes: number): void {
    const { cache, lineBytes } = this;
    const end = address + bytes;
    const last = Math.floor((end - 1) / lineBytes);
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const line = cache.take(unit, number);
      if (line < 0) return;
      const base = number * lineBytes;
      cache.valid[line]! |= cache.pages(
        Math.max(address, base) - base,
        Math.min(end, base + lineBytes) - base,
      );
    }
  }

  // ---- Writes ----

  private write(slot: number): void {
    const { requests, parameters: array } = this;
    const unit = requests.unit[slot]!;
    const address = requests.address[slot]!;
    const bytes = requests.bytes[slot]!;
    const flags = requests.flags[slot]!;
    this.writes++;
    this.writtenBytes += bytes;
    if (bytes > 0 && this.goesThrough(address, bytes, flags)) {
      this.writeThrough(slot);
      return;
    }
    const reserved = (flags & REQUEST_RESERVED) !== 0;
    if (bytes > 0 && !reserved && (this.blockedHead >= 0 || !this.fits(unit, address, bytes))) {
      this.writeWaits++;
      this.block(slot);
      return;
    }
    if (bytes > 0) this.store(unit, address, bytes);
    this.settle(slot, requests.frontEndNs[slot]! + array.dram + array.path);
  }

  private flush(slot: number): void {
    const { requests, parameters: array } = this;
    this.flushes++;
    if (array.flush === 'drain' && this.unitDirty[requests.unit[slot]!]! > 0) this.drain(slot);
    else this.settle(slot, requests.frontEndNs[slot]! + array.path);
  }

  private goesThrough(address: number, bytes: number, flags: number): boolean {
    if (this.parameters.flush === 'drain' && (flags & REQUEST_FUA) !== 0) return true;
    return (
      Math.floor((address + bytes - 1) / this.lineBytes) - Math.floor(address / this.lineBytes) >=
      this.limitLines
    );
  }

  private fits(unit: number, address: number, bytes: number): boolean {
    const { cache, lineBytes } = this;
    const first = Math.floor(address / lineBytes);
    const last = Math.floor((address + bytes - 1) / lineBytes);
    let room = this.limitLines - this.dirtyLines;
    if (last - first < room) return true;
    for (let number = first; number <= last; number++) {
      const line = cache.find(unit, number);
      if (line < 0 || (cache.dirty[line] === 0 && cache.destaging[line] === 0)) room--;
    }
    return room >= 0;
  }

  /** Takes a write into the cache. */
  private store(unit: number, address: number, bytes: number): void {
    const { cache, lineBytes } = this;
    const end = address + bytes;
    const last = Math.floor((end - 1) / lineBytes);
    for (let number = Math.floor(address / lineBytes); number <= last; number++) {
      const line = cache.take(unit, number);
      if (line < 0) throw new BugError(`${this.context.name}: the cache has no line for a write that fits`);
      const base = number * lineBytes;
      const pages = cache.pages(Math.max(address, base) - base, Math.min(end, base + lineBytes) - base);
      const clean = cache.dirty[line] === 0;
      cache.valid[line]! |= pages;
      cache.dirty[line]! |= pages;
      if (!clean) continue;
      const since = ++this.dirtySequence;
      if (cache.destaging[line] === 1) {
        cache.dirtyAgain[line] = since;
      } else {
        this.dirtyLines++;
        this.unitDirty[unit]!++;
        if (this.dirtyLines > this.dirtyLinesMax) this.dirtyLinesMax = this.dirtyLines;
        const spindle = this.linkDirty(line, since);
        if (this.dirtyLines === this.highLines + 1) this.startAll();
        else if (this.mayDestage(spindle)) this.start(spindle);
      }
    }
  }

  /** Puts a line at the end of its spindle's dirty list. @returns the spindle */
  private linkDirty(line: number, since: number): number {
    const { cache } = this;
    const spindle = this.spindleOf(cache.unit[line]!, cache.number[line]! * this.lineBytes);
    cache.dirtySince[line] = since;
    const tail = this.dirtyTail[spindle]!;
    this.dirtyPrevious[line] = tail;
    this.dirtyNext[line] = -1;
    if (tail < 0) this.dirtyHead[spindle] = line;
    else this.dirtyNext[tail] = line;
    this.dirtyTail[spindle] = line;
    return spindle;
  }

  private unlinkDirty(line: number, spindle: number): void {
    const previous = this.dirtyPrevious[line]!;
    const next = this.dirtyNext[line]!;
    if (previous < 0) this.dirtyHead[spindle] = next;
    else this.dirtyNext[previous] = next;
    if (next < 0) this.dirtyTail[spindle] = previous;
    else this.dirtyPrevious[next] = previous;
  }

  private block(slot: number): void {
    this.requests.next[slot] = -1;
    if (this.blockedHead < 0) this.blockedHead = slot;
    else this.requests.next[this.blockedTail] = slot;
    this.blockedTail = slot;
    this.startAll();
  }

  /** Lets waiting writes in, in order, as far as there is room. */
  private unblock(): void {
    const { requests, parameters: array } = this;
    const nowNs = this.context.nowNs;
    while (this.blockedHead >= 0) {
      const slot = this.blockedHead;
      const unit = requests.unit[slot]!;
      if (!this.fits(unit, requests.address[slot]!, requests.bytes[slot]!)) return;
      this.blockedHead = requests.next[slot]!;
      this.store(unit, requests.address[slot]!, requests.bytes[slot]!);
      this.writeWaitNs += nowNs - requests.admittedNs[slot]!;
      this.settle(slot, Math.max(nowNs, requests.frontEndNs[slot]!) + array.dram + array.path);
    }
  }

  /** Writes a request to the spindles, data and parity (or mirror) at once, before it is answered. */
  private writeThrough(slot: number): void {
    const { requests } = this;
    const unit = requests.unit[slot]!;
    const { stripe, stripeWidth, writePenalty } = this.parameters;
    const end = requests.address[slot]! + requests.bytes[slot]!;
    this.fill(unit, requests.address[slot]!, requests.bytes[slot]!);
    let at = requests.address[slot]!;
    let piece = 0;
    while (at < end) {
      const to = Math.min(end, (Math.floor(at / stripe) + 1) * stripe);
      for (let copy = 0; copy < this.copies; copy++) {
        requests.waiting[slot]!++;
        const job = this.job(slot, unit, at, to - at, requests.key[slot]!);
        const offset = copy === 0 ? 0 : stripeWidth + copy - 1;
        this.jobs.spindle[job] = (this.jobs.spindle[job]! + offset) % this.current.length;
        this.jobs.steps[job] = writePenalty / this.copies;
        this.jobs.left[job] = writePenalty / this.copies;
        this.jobs.reads[job] = writePenalty > 2 ? 1 : 0;
        this.jobs.stage[job] = ++piece * 8;
        this.nextStep(job);
      }
      at = to;
    }
  }

  private drain(slot: number): void {
    const { requests } = this;
    requests.until[slot] = this.dirtySequence;
    requests.waiting[slot] = this.unitDirty[requests.unit[slot]!]!;
    requests.next[slot] = this.drainHead;
    this.drainHead = slot;
    this.startAll();
  }

  /**
   * Tells waiting flushes that a line, dirty since `since`, is on the spindles. Those that came after it had become
   * dirty again, at `again`, wait on.
   */
  private drained(unit: number, since: number, again: number): void {
    const { requests, parameters: array } = this;
    let previous = -1;
    let slot = this.drainHead;
    while (slot >= 0) {
      const next = requests.next[slot]!;
      const until = requests.until[slot]!;
      const concerned = requests.unit[slot] === unit && since <= until && again > until;
      if (concerned && --requests.waiting[slot]! === 0) {
        if (previous < 0) this.drainHead = next;
        else requests.next[previous] = next;
        this.settle(slot, Math.max(this.context.nowNs, requests.frontEndNs[slot]!) + array.path);
      } else {
        previous = slot;
      }
      slot = next;
    }
  }

  // ---- Spindles ----

  private spindleOf(unit: number, address: number): number {
    const spindles = this.current.length;
    const index = Math.floor(address / this.parameters.stripe) + unit;
    return index - Math.floor(index / spindles) * spindles;
  }

  /** Sets where on its spindle an operation lies. @returns the spindle */
  private place(operation: number): number {
    const { operations } = this;
    const address = operations.address[operation]!;
    operations.place[operation] = this.placeOf(address);
    return this.spindleOf(operations.unit[operation]!, address);
  }

  private placeOf(address: number): number {
    const { stripe } = this.parameters;
    const index = Math.floor(address / stripe);
    return Math.floor(index / this.current.length) * stripe + (address - index * stripe);
  }

  private operation(
    kind: number,
    owner: number,
    unit: number,
    address: number,
    bytes: number,
    key: number,
    stage: number,
  ): number {
    const { operations } = this;
    const operation = operations.take();
    operations.kind[operation] = kind;
    operations.owner[operation] = owner;
    operations.writes[operation] = 0;
    operations.unit[operation] = unit;
    operations.address[operation] = address;
    operations.bytes[operation] = bytes;
    operations.key[operation] = key;
    operations.stage[operation] = stage;
    operations.waiters[operation] = -1;
    return operation;
  }

  private enqueue(spindle: number, operation: number, high: boolean): void {
    const head = high ? this.highHead : this.lowHead;
    const tail = high ? this.highTail : this.lowTail;
    this.operations.next[operation] = -1;
    if (head[spindle]! < 0) head[spindle] = operation;
    else this.operations.next[tail[spindle]!] = operation;
    tail[spindle] = operation;
    this.start(spindle);
  }

  private startAll(): void {
    for (let spindle = 0; spindle < this.current.length; spindle++) this.start(spindle);
  }

  /** Gives an idle spindle work, if there is any. */
  private start(spindle: number): void {
    if (this.current[spindle] !== IDLE) return;
    this.current[spindle] = CHOOSING;
    const operation = this.choose(spindle);
    if (operation < 0) {
      this.current[spindle] = IDLE;
      return;
    }
    const { operations, parameters: array, context } = this;
    const unit = operations.unit[operation]!;
    const place = operations.place[operation]!;
    let serviceNs = transferNs(operations.bytes[operation]!, array.spindleBandwidth);
    if (this.lastEnd[spindle] !== place || this.lastUnit[spindle] !== unit) {
      const positioning = operations.writes[operation] === 1 ? array.spindleWrite : array.spindleRead;
      serviceNs += positioning.drawNs(context, operations.key[operation]!, operations.stage[operation]!);
    }
    this.lastUnit[spindle] = unit;
    this.lastEnd[spindle] = place + operations.bytes[operation]!;
    this.current[spindle] = operation;
    this.busyNs += serviceNs;
    this.spindleOperations++;
    context.fireAt(context.nowNs + serviceNs, spindle);
  }

  /** The next operation of a spindle; -1 when it may rest. */
  private choose(spindle: number): number {
    const high = this.highHead[spindle]!;
    const background = this.lowHead[spindle]! >= 0 || this.mayDestage(spindle);
    if (high >= 0 && !(background && this.backgroundTurn(spindle))) {
      this.highHead[spindle] = this.operations.next[high]!;
      return high;
    }
    if (!background) return -1;
    if (this.lowHead[spindle]! < 0) this.destage(spindle);
    const low = this.lowHead[spindle]!;
    this.lowHead[spindle] = this.operations.next[low]!;
    return low;
  }

  private mayDestage(spindle: number): boolean {
    if (this.dirtyLines - this.destagingLines > this.lowLines || this.blockedHead >= 0) {
      return this.dirtyHead[spindle]! >= 0 || this.inherited[spindle]! > 0;
    }
    return this.drainHead >= 0 && this.dirtyHead[spindle]! >= 0;
  }

  /** Whether background work goes before a waiting read: only under pressure, and then for its share. */
  private backgroundTurn(spindle: number): boolean {
    if (this.dirtyLines <= this.highLines && this.blockedHead < 0 && this.drainHead < 0) return false;
    const credit = this.credit[spindle]! + this.shareCredit;
    this.credit[spindle] = credit >= TURN ? credit - TURN : credit;
    return credit >= TURN;
  }

  private operationEnded(spindle: number): void {
    const { operations } = this;
    const operation = this.current[spindle]!;
    const kind = operations.kind[operation]!;
    const owner = operations.owner[operation]!;
    this.current[spindle] = CHOOSING;
    if (kind === FETCH) {
      if (this.parameters.readCache > 0) {
        this.fill(operations.unit[operation]!, operations.address[operation]!, operations.bytes[operation]!);
      }
      this.pieceArrived(owner);
    } else if (kind === PREFETCH) {
      this.prefetchArrived(operation);
    } else {
      this.stepEnded(owner);
    }
    operations.release(operation);
    this.current[spindle] = IDLE;
    this.start(spindle);
  }

  // ---- Writes to the spindles, with parity ----

  private job(request: number, unit: number, address: number, bytes: number, key: number): number {
    const { jobs } = this;
    const job = jobs.take();
    jobs.request[job] = request;
    jobs.firstLine[job] = -1;
    jobs.step[job] = 0;
    jobs.unit[job] = unit;
    jobs.spindle[job] = this.spindleOf(unit, address);
    jobs.place[job] = this.placeOf(address);
    jobs.bytes[job] = bytes;
    jobs.key[job] = key;
    return job;
  }

  /** Begins the next operation of a job on its spindle: first the reads of old data and parity, then the writes. */
  private nextStep(job: number): void {
    const { jobs, operations } = this;
    const step = jobs.step[job]!;
    const guest = jobs.request[job]! >= 0;
    const kind = guest ? THROUGH : DESTAGE;
    const bytes = jobs.bytes[job]!;
    jobs.step[job] = step + 1;
    const operation = this.operation(
      kind,
      job,
      jobs.unit[job]!,
      0,
      bytes,
      jobs.key[job]!,
      jobs.stage[job]! + step,
    );
    operations.place[operation] = jobs.place[job]!;
    operations.writes[operation] = step >= jobs.reads[job]! ? 1 : 0;
    this.enqueue(jobs.spindle[job]!, operation, guest);
  }

  private stepEnded(job: number): void {
    const { jobs } = this;
    const left = --jobs.left[job]!;
    if (left > 0) {
      if (jobs.step[job]! < jobs.steps[job]!) this.nextStep(job);
      return;
    }
    const request = jobs.request[job]!;
    const line = jobs.firstLine[job]!;
    jobs.release(job);
    if (request >= 0) this.pieceArrived(request);
    else this.destaged(line);
  }

  /** Begins a destage on a spindle, which then has an operation of it in its queue. */
  private destage(spindle: number): void {
    this.destages++;
    const own = this.dirtyHead[spindle]!;
    if (this.inherited[spindle]! > 0 && (this.drainHead < 0 || own < 0)) this.destageInherited(spindle);
    else this.destageLine(own, spindle);
  }

  private destageInherited(spindle: number): void {
    const { jobs } = this;
    this.inherited[spindle]!--;
    this.destagingLines++;
    const job = this.job(-1, -1, 0, this.lineBytes, ++this.backgroundKey);
    jobs.spindle[job] = spindle;
    // Nothing lies next to it.
    jobs.place[job] = -this.lineBytes - this.backgroundKey;
    this.beginDestage(job);
  }

  private beginDestage(job: number): void {
    const { jobs } = this;
    this.destagedBytes += jobs.bytes[job]!;
    const { writePenalty } = this.parameters;
    jobs.steps[job] = writePenalty;
    jobs.left[job] = writePenalty;
    jobs.reads[job] = writePenalty > 2 ? writePenalty / 2 : 0;
    jobs.stage[job] = BACKGROUND_STAGE;
    this.nextStep(job);
  }

  /** Destages the run of dirty lines around one within its stripe, or the whole stripe across spindles. */
  private destageLine(line: number, spindle: number): void {
    const { cache, lineBytes, jobs } = this;
    const unit = cache.unit[line]!;
    const number = cache.number[line]!;
    const perStripe = this.parameters.stripe / lineBytes;
    const base = Math.floor(number / perStripe) * perStripe;
    let first = number;
    while (first > base && this.destageable(unit, first - 1)) first--;
    let stop = number + 1;
    while (stop < base + perStripe && this.destageable(unit, stop)) stop++;
    if (stop - first === perStripe && this.destageStripe(unit, base, perStripe)) return;

    const job = this.job(-1, unit, first * lineBytes, 0, ++this.backgroundKey);
    for (let each = first; each < stop; each++) this.pick(job, cache.find(unit, each), spindle);
    jobs.spindle[job] = spindle;
    this.beginDestage(job);
  }

  private destageable(unit: number, number: number): boolean {
    const { cache } = this;
    const line = cache.find(unit, number);
    return line >= 0 && cache.dirty[line] !== 0 && cache.destaging[line] === 0;
  }

  /** Destages a full stripe with its parity in one go. @returns false when it is not all dirty */
  private destageStripe(unit: number, number: number, perStripe: number): boolean {
    const { cache, lineBytes, jobs, operations } = this;
    const { stripeWidth, writePenalty, stripe } = this.parameters;
    if (writePenalty === 1 || stripeWidth === 1) return false;
    const lines = perStripe * stripeWidth;
    const first = Math.floor(number / lines) * lines;
    for (let each = first; each < first + lines; each++) {
      if (!this.destageable(unit, each)) return false;
      if (cache.dirty[cache.find(unit, each)]! >>> 0 !== this.fullMask) return false;
    }
    const address = first * lineBytes;
    const redundancy = writePenalty === 2 ? stripeWidth : writePenalty / 2 - 1;
    const spindles = stripeWidth + redundancy;
    const job = this.job(-1, unit, address, 0, ++this.backgroundKey);
    for (let each = first; each < first + lines; each++) {
      const line = cache.find(unit, each);
      this.pick(job, line, this.spindleOf(unit, each * lineBytes));
    }
    this.fullStripes++;
    this.destagedBytes += jobs.bytes[job]!;
    jobs.step[job] = spindles;
    jobs.steps[job] = spindles;
    jobs.left[job] = spindles;
    const data = jobs.spindle[job]!;
    const key = jobs.key[job]!;
    for (let i = 0; i < spindles; i++) {
      const operation = this.operation(DESTAGE, job, unit, 0, stripe, key, BACKGROUND_STAGE + i);
      const at = i < stripeWidth ? address + i * stripe : address;
      operations.place[operation] = this.placeOf(at);
      operations.writes[operation] = 1;
      this.enqueue((data + i) % this.current.length, operation, false);
    }
    return true;
  }

  /** Makes a dirty line part of a job. */
  private pick(job: number, line: number, spindle: number): void {
    const { cache, jobs } = this;
    this.unlinkDirty(line, spindle);
    jobs.bytes[job]! += pageCount(cache.dirty[line]!) * PAGE_BYTES;
    cache.dirty[line] = 0;
    cache.destaging[line] = 1;
    this.destagingLines++;
    this.jobNext[line] = jobs.firstLine[job]!;
    jobs.firstLine[job] = line;
  }

  /** Starts the spindles of a destage's lines, now that all those written meanwhile are dirty again. */
  private startSpindlesOf(firstLine: number): void {
    const { cache } = this;
    for (let line = firstLine; line >= 0; line = this.jobNext[line]!) {
      const spindle = this.spindleOf(cache.unit[line]!, cache.number[line]! * this.lineBytes);
      if (this.mayDestage(spindle)) this.start(spindle);
    }
  }

  /** The lines of a job are on the spindles; those written meanwhile stay dirty. */
  private destaged(firstLine: number): void {
    const { cache } = this;
    if (firstLine < 0) {
      this.dirtyLines--;
      this.destagingLines--;
    }
    let rewritten = false;
    for (let line = firstLine; line >= 0; line = this.jobNext[line]!) {
      const since = cache.dirtySince[line]!;
      const unit = cache.unit[line]!;
      const again = cache.dirty[line] === 0 ? Number.POSITIVE_INFINITY : cache.dirtyAgain[line]!;
      cache.destaging[line] = 0;
      this.destagingLines--;
      if (cache.dirty[line] === 0) {
        this.dirtyLines--;
        this.unitDirty[unit]!--;
      } else {
        this.linkDirty(line, again);
        rewritten = true;
      }
      if (this.drainHead >= 0) this.drained(unit, since, again);
    }
    if (rewritten) this.startSpindlesOf(firstLine);
    if (this.blockedHead >= 0) this.unblock();
  }
}

function widened(column: Int32Array<ArrayBuffer>, length: number, fill: number): Int32Array<ArrayBuffer> {
  const wide = new Int32Array(length).fill(fill);
  wide.set(column);
  return wide;
}

/** Bits set in a mask. */
function pageCount(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export default defineDevice<ArrayParameters>({
  name: 'array',
  summary:
    'A SAN array: ports, front end, read and write cache with destaging, spindles with RAID write penalty.',
  roles: ['datastore'],
  parameters: arrayParameters,
  volatileCache: (array) => array.flush === 'drain',
  check: checkArray,
  create: (array, context) => new StorageArray(array, context),
});
