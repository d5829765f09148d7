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
 * - A failed spindle is read by way of the others of its group, or its mirror; what would be written to it goes to one
 *   of them. Rebuilding and other users of the array are load on the spindles (other-load.ts).
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
import { Destager, type RoomOwner } from '../array/destager.ts';
import { Drains, type FlushOwner } from '../array/drains.ts';
import { LineCache } from '../array/line-cache.ts';
import { Reads } from '../array/reads.ts';
import {
  OPERATION_KIND,
  OPERATION_OWNER,
  OPERATION_WORDS,
  REQUEST_ADDRESS,
  REQUEST_ADMITTED,
  REQUEST_BYTES,
  REQUEST_DOUBLES,
  REQUEST_FLAGS,
  REQUEST_FRONT_END,
  REQUEST_KEY,
  REQUEST_OPERATION,
  REQUEST_SUBMITTED,
  REQUEST_TOKEN,
  REQUEST_UNIT,
  REQUEST_WAITING,
  REQUEST_WORDS,
  Slots,
} from '../array/slots.ts';
import type { PieceOwner } from '../array/spindle-writes.ts';
import { ALONGSIDE, FETCH, PREFETCH } from '../array/spindles.ts';
import { UnitQueues } from '../array/unit-queues.ts';
import { WriteCache } from '../array/write-cache.ts';
import { RunningTotal } from '../running-total.ts';
import { ServerPool, transferNs } from '../server-pool.ts';

/** Lines beyond the two caches: room for what is in transit. */
const TRANSIT_LINES = 64;

class StorageArray implements Device, PieceOwner, RoomOwner, FlushOwner {
  private readonly parameters: ArrayParameters;
  private readonly context: DeviceContext;
  private readonly requests = new Slots(REQUEST_WORDS, REQUEST_DOUBLES);
  private readonly units: UnitQueues;
  private readonly ports: ServerPool;
  private readonly frontEnd: ServerPool;
  private readonly cache: LineCache;
  private readonly drains: Drains | undefined;
  private readonly destager: Destager;
  private readonly reading: Reads;
  private readonly writing: WriteCache;

  private finished = 0;
  private readonly residenceNs = new RunningTotal();
  private reads = 0;
  private writes = 0;
  private flushes = 0;
  private discards = 0;
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();
  private readHits = 0;
  private lunWaits = 0;
  private readonly lunWaitNs = new RunningTotal();
  private writeWaits = 0;
  private readonly writeWaitNs = new RunningTotal();

  constructor(array: ArrayParameters, context: DeviceContext) {
    this.parameters = array;
    this.context = context;
    this.units = new UnitQueues(array.lunQueueDepth, context, this.requests);
    this.ports = new ServerPool(array.ports);
    this.frontEnd = new ServerPool(array.frontEndServers);
    const lineBytes = LINE_BYTES[array.cacheLine];
    const readLines = Math.floor(array.readCache / lineBytes);
    const lines = readLines + Math.floor(array.writeCache / lineBytes) + TRANSIT_LINES;
    this.cache = new LineCache(lines, lineBytes);
    this.drains = array.flush === 'drain' ? new Drains(this.requests, lines, this) : undefined;
    this.destager = new Destager(array, context, this.cache, this.drains, this);
    this.reading = new Reads(array, this.cache, this.destager.spindles, this.requests, this);
    this.writing = new WriteCache(this.cache, this.destager, this.requests, context);
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
    const { requests } = this;
    const slot = requests.take();
    const { words, doubles } = requests;
    const row = REQUEST_WORDS * slot;
    words[row + REQUEST_TOKEN] = token;
    words[row + REQUEST_UNIT] = unit;
    words[row + REQUEST_OPERATION] = operation;
    words[row + REQUEST_FLAGS] = flags;
    words[row + REQUEST_KEY] = key;
    words[row + REQUEST_WAITING] = 0;
    const at = REQUEST_DOUBLES * slot;
    doubles[at + REQUEST_ADDRESS] = address;
    doubles[at + REQUEST_BYTES] = bytes;
    doubles[at + REQUEST_SUBMITTED] = this.context.nowNs;
    if (this.isCounted(flags) && this.units.mustWait(unit)) {
      this.lunWaits++;
      this.units.append(unit, slot);
    } else {
      this.admit(slot);
    }
    return QUEUED;
  }

  /** A spindle's operation ends (argument: the spindle), or a place in a unit's queue is free (-1 - unit). */
  fire(argument: number): void {
    if (argument < 0) this.unitWoken(-1 - argument);
    else if (this.destager.spindles.isDue(argument)) this.operationEnded(argument);
  }

  /** `busyNs` and `servers` are those of the spindles. */
  statistics(): DeviceStatistics {
    const { destager, cache } = this;
    const { spindles } = destager;
    return {
      busyNs: spindles.busyNs.value,
      servers: spindles.count,
      requests: this.finished,
      residenceNs: this.residenceNs.value,
      reads: this.reads,
      writes: this.writes,
      flushes: this.flushes,
      discards: this.discards,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
      readHits: this.readHits,
      lunWaits: this.lunWaits,
      lunWaitNs: this.lunWaitNs.value,
      writeWaits: this.writeWaits,
      writeWaitNs: this.writeWaitNs.value,
      prefetchedBytes: this.reading.prefetchedBytes.value,
      destages: destager.destages,
      destagedBytes: destager.destagedBytes.value,
      fullStripes: destager.fullStripes,
      spindleOperations: spindles.begun,
      evictions: cache.evictions,
      dirtyBytes: destager.dirtyLines * cache.lineBytes,
      dirtyBytesMax: destager.dirtyLinesMax * cache.lineBytes,
      portBusyNs: this.ports.busyNs,
      frontEndBusyNs: this.frontEnd.busyNs,
      startedFresh: this.parameters.initialDirty === 0 ? 1 : 0,
      ...(spindles.others === undefined
        ? {}
        : { otherOperations: spindles.others.operations, otherBusyNs: spindles.others.busyNs.value }),
    };
  }

  /** A piece of what a request waits for is there. */
  pieceArrived(slot: number): void {
    const { parameters: array } = this;
    const { words, doubles } = this.requests;
    if (--words[REQUEST_WORDS * slot + REQUEST_WAITING]! > 0) return;
    const at = REQUEST_DOUBLES * slot;
    const frontEndNs = doubles[at + REQUEST_FRONT_END]! - doubles[at + REQUEST_ADMITTED]!;
    this.settle(slot, this.context.nowNs + frontEndNs + array.dram + array.path);
  }

  /** Lets waiting writes in, in order, as far as there is room. */
  roomMade(): void {
    const { writing, parameters: array } = this;
    const { doubles } = this.requests;
    const { nowNs } = this.context;
    for (let slot = writing.storeNext(); slot >= 0; slot = writing.storeNext()) {
      const at = REQUEST_DOUBLES * slot;
      this.writeWaitNs.add(nowNs - doubles[at + REQUEST_ADMITTED]!);
      this.settle(slot, Math.max(nowNs, doubles[at + REQUEST_FRONT_END]!) + array.dram + array.path);
    }
  }

  /** What a flush waited for is on the spindles. */
  flushed(slot: number): void {
    const frontEndNs = this.requests.doubles[REQUEST_DOUBLES * slot + REQUEST_FRONT_END]!;
    this.settle(slot, Math.max(this.context.nowNs, frontEndNs) + this.parameters.path);
  }

  /** Lets a request into the array. */
  private admit(slot: number): void {
    const { requests, parameters: array, context } = this;
    const { words, doubles } = requests;
    const row = REQUEST_WORDS * slot;
    const at = REQUEST_DOUBLES * slot;
    const { nowNs } = context;
    const operation = words[row + REQUEST_OPERATION]!;
    const moved = operation === DEVICE_READ || operation === DEVICE_WRITE;
    const portNs = moved
      ? this.ports.serve(nowNs, transferNs(doubles[at + REQUEST_BYTES]!, array.portBandwidth), 0)
      : nowNs;
    const drawnNs = array.frontEnd.drawNs(context, words[row + REQUEST_KEY]!, 0);
    const frontEndNs = this.frontEnd.serve(portNs, drawnNs, 0);
    doubles[at + REQUEST_ADMITTED] = nowNs;
    doubles[at + REQUEST_FRONT_END] = frontEndNs;
    if (this.isCounted(words[row + REQUEST_FLAGS]!)) this.units.began(words[row + REQUEST_UNIT]!);
    if (operation === DEVICE_READ) this.read(slot, frontEndNs);
    else if (operation === DEVICE_WRITE) this.write(slot, frontEndNs);
    else if (operation === DEVICE_FLUSH) this.flush(slot, frontEndNs);
    else {
      this.discards++;
      this.settle(slot, frontEndNs + array.path);
    }
  }

  /** The end of a request is known. */
  private settle(slot: number, endNs: number): void {
    const { requests } = this;
    const { words, doubles } = requests;
    const row = REQUEST_WORDS * slot;
    this.finished++;
    this.residenceNs.add(endNs - doubles[REQUEST_DOUBLES * slot + REQUEST_SUBMITTED]!);
    this.context.completeAt(endNs, words[row + REQUEST_TOKEN]!);
    requests.release(slot);
    if (this.isCounted(words[row + REQUEST_FLAGS]!)) this.units.endKnown(words[row + REQUEST_UNIT]!, endNs);
  }

  /** Whether a request takes a place in the queue of its unit. */
  private isCounted(flags: number): boolean {
    return this.parameters.lunQueueDepth > 0 && (flags & REQUEST_RESERVED) === 0;
  }

  private unitWoken(unit: number): void {
    const { requests, units } = this;
    units.woken(unit);
    for (let slot = units.takeNext(unit); slot >= 0; slot = units.takeNext(unit)) {
      this.lunWaitNs.add(this.context.nowNs - requests.doubles[REQUEST_DOUBLES * slot + REQUEST_SUBMITTED]!);
      this.admit(slot);
    }
  }

  private read(slot: number, frontEndNs: number): void {
    const { parameters: array } = this;
    const { words, doubles } = this.requests;
    const row = REQUEST_WORDS * slot;
    const unit = words[row + REQUEST_UNIT]!;
    const address = doubles[REQUEST_DOUBLES * slot + REQUEST_ADDRESS]!;
    const bytes = doubles[REQUEST_DOUBLES * slot + REQUEST_BYTES]!;
    this.reads++;
    this.readBytes.add(bytes);
    if (bytes > 0) this.reading.lookUp(slot);
    if (words[row + REQUEST_WAITING] === 0) {
      this.readHits++;
      this.settle(slot, frontEndNs + array.dram + array.path);
    }
    if (array.prefetch > 0) this.reading.readAhead(unit, address, bytes);
  }

  private write(slot: number, frontEndNs: number): void {
    const { writing, parameters: array } = this;
    const { words, doubles } = this.requests;
    const row = REQUEST_WORDS * slot;
    const unit = words[row + REQUEST_UNIT]!;
    const flags = words[row + REQUEST_FLAGS]!;
    const address = doubles[REQUEST_DOUBLES * slot + REQUEST_ADDRESS]!;
    const bytes = doubles[REQUEST_DOUBLES * slot + REQUEST_BYTES]!;
    this.writes++;
    this.writtenBytes.add(bytes);
    if (bytes > 0) {
      if ((flags & REQUEST_FUA && array.flush === 'drain') || writing.isTooLong(address, bytes)) {
        this.reading.fill(unit, address, bytes);
        const key = words[row + REQUEST_KEY]!;
        const pieces = this.destager.writes.writeThrough(slot, unit, address, address + bytes, key);
        words[row + REQUEST_WAITING] = pieces;
        return;
      }
      if ((flags & REQUEST_RESERVED) === 0 && !writing.isOpen(unit, address, bytes)) {
        this.writeWaits++;
        writing.wait(slot);
        return;
      }
      writing.store(unit, address, bytes);
    }
    this.settle(slot, frontEndNs + array.dram + array.path);
  }

  private flush(slot: number, frontEndNs: number): void {
    this.flushes++;
    const unit = this.requests.words[REQUEST_WORDS * slot + REQUEST_UNIT]!;
    if (this.drains !== undefined && this.drains.dirtyLinesOf(unit) > 0) {
      this.drains.wait(slot);
      this.destager.spindles.startAll();
    } else {
      this.settle(slot, frontEndNs + this.parameters.path);
    }
  }

  private operationEnded(spindle: number): void {
    const { spindles, writes } = this.destager;
    const operation = spindles.ending(spindle);
    const { words } = spindles.operations;
    const row = OPERATION_WORDS * operation;
    const kind = words[row + OPERATION_KIND]!;
    if (kind === FETCH) this.reading.fetched(operation);
    else if (kind === PREFETCH) this.reading.prefetched(operation);
    else if (kind !== ALONGSIDE) writes.stepEnded(words[row + OPERATION_OWNER]!);
    spindles.ended(spindle, operation);
  }
}

/** After long use the write cache stands at its low mark, and the read cache is full of what was read. */
function freshArray(array: ArrayParameters): string | undefined {
  const empty = array.readCache > 0 ? 'its read cache is empty' : undefined;
  const clean =
    array.writeCache > 0 && array.initialDirty < array.lowWater
      ? 'its write cache is cleaner than its low mark'
      : undefined;
  return empty !== undefined && clean !== undefined ? `${empty}, and ${clean}` : (empty ?? clean);
}

export default defineDevice<ArrayParameters>({
  name: 'array',
  summary:
    'A SAN array: ports, front end, read and write cache with destaging, spindles with RAID write penalty.',
  roles: ['datastore'],
  parameters: arrayParameters,
  volatileCache: (array) => array.flush === 'drain',
  check: checkArray,
  fresh: freshArray,
  create: (array, context) => new StorageArray(array, context),
});
