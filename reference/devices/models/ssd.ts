/**
 * A solid-state drive with its insides: channels with dies, page-mapped translation, a write buffer, over-provisioning
 * and greedy garbage collection.
 *
 * - A write is answered once it is in the write buffer (overhead, interface, buffer). While the buffer is full, writes
 *   wait for programs, in order. What is overwritten in the buffer is programmed once.
 * - A die programs once it has a program's worth of slots in the buffer, or less when a write or flush waits for it. A
 *   program of fewer slots takes as long, but no more room.
 * - Each die holds a fixed part of the address space, page by page. It does one operation at a time: guest reads first,
 *   then cleaning while fewer than RESERVE_BLOCKS blocks are free, then programs. An operation is never interrupted,
 *   which is what makes the tail of reads under writes. While writes wait for room, reads and other work take turns.
 * - Cleaning reads the valid slots of the block with the fewest, programs them into the open block and erases. What it
 *   moves does not load the channel.
 * - A write that covers part of a slot costs a whole one; the read of the rest is not counted.
 */
import { BugError } from '../../kernel/errors.ts';
import {
  BUSY,
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
  type SubmitAnswer,
} from '../api.ts';
import { NEXT, Slots } from '../array/slots.ts';
import { RunningTotal } from '../running-total.ts';
import { ServerPool, transferNs } from '../server-pool.ts';
import type { ServiceTime } from '../service-time.ts';
import {
  CELL_TIMES,
  checkSsd,
  RESERVE_BLOCKS,
  SLOT_BYTES,
  type SsdParameters,
  type SsdShape,
  shapeOf,
  ssdParameters,
} from '../ssd/ssd-parameters.ts';
import { Translation } from '../ssd/translation.ts';

/** Words of a request's row. */
const REQUEST_WORDS = 4;
const REQUEST_TOKEN = 1;
/** Pieces of a read, or dies of a flush, that it still waits for. */
const REQUEST_WAITING = 2;
const REQUEST_OPERATION = 3;
const REQUEST_DOUBLES = 4;
const REQUEST_SUBMITTED = 0;
/** Latest end of its parts so far, ns. */
const REQUEST_LATEST = 1;
const REQUEST_BYTES = 2;
const REQUEST_ADDRESS = 3;

/** Words of a piece's row: what a read wants of one die. */
const PIECE_WORDS = 4;
const PIECE_REQUEST = 1;
const PIECE_SLOT = 2;
const PIECE_SLOTS = 3;

/** Words of a flush's row: the request, then for each die the program it waits for, counted in slots; 0 for none. */
const FLUSH_REQUEST = 1;
const FLUSH_TARGETS = 2;

/** What a die is doing. */
const IDLE = 0;
const READING = 1;
const PROGRAMMING = 2;
const CLEANING_READ = 3;
const CLEANING_PROGRAM = 4;
const ERASING = 5;

/** Argument of `fire` that ends a request of a drive with a limited queue: -1. */
const COMPLETED = -1;

class Ssd implements Device {
  private readonly parameters: SsdParameters;
  private readonly context: DeviceContext;
  private readonly shape: SsdShape;
  private readonly translation: Translation;
  private readonly channels: readonly ServerPool[];
  private readonly readWire = new ServerPool(1);
  private readonly writeWire = new ServerPool(1);
  private readonly requests = new Slots(REQUEST_WORDS, REQUEST_DOUBLES);
  private readonly pieces = new Slots(PIECE_WORDS, 0);
  private readonly flushWords: number;
  private readonly waitingFlushes: Slots;

  /** By die. */
  private readonly state: Uint8Array;
  private readonly readHeads: Int32Array;
  private readonly readTails: Int32Array;
  private readonly piece: Int32Array;
  private readonly victim: Int32Array;
  private readonly cursor: Int32Array;
  private readonly pending: Int32Array;
  /** Slots that came into the buffer, and that were programmed since the start, as int32 that wrap. */
  private readonly entered: Int32Array;
  private readonly left: Int32Array;
  private readonly wasReading: Uint8Array;
  /** By die, a ring of slots to be programmed, oldest first. */
  private readonly rings: Int32Array;
  private readonly ringHeads: Int32Array;
  /** By die, the slots under way of a program or a move. */
  private readonly batch: Int32Array;
  private readonly batchCount: Int32Array;
  private readonly programmed: Int32Array;
  private readonly programmedCount: Int32Array;
  /** By slot: 1 in the buffer, 2 being programmed. */
  private readonly buffered: Uint8Array;

  private readonly bufferSlots: number;
  private bufferUsed = 0;
  private waitHead = -1;
  private waitTail = -1;
  private flushHead = -1;
  private underWay = 0;
  private refused = false;
  private draws = 0;

  private finished = 0;
  private reads = 0;
  private writes = 0;
  private flushes = 0;
  private discards = 0;
  private writeWaits = 0;
  private programs = 0;
  private erases = 0;
  private readonly busyNs = new RunningTotal();
  private readonly residenceNs = new RunningTotal();
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();
  private readonly bufferReadBytes = new RunningTotal();
  private readonly flashReadBytes = new RunningTotal();
  private readonly hostSlots = new RunningTotal();
  private readonly movedSlots = new RunningTotal();
  private readonly writeWaitNs = new RunningTotal();

  constructor(ssd: SsdParameters, context: DeviceContext) {
    this.parameters = ssd;
    this.context = context;
    this.shape = shapeOf(ssd);
    const { dies, slotsPerBlock, logicalSlots, programSlots } = this.shape;
    this.translation = new Translation({ dies, blocksPerDie: ssd.blocksPerDie, slotsPerBlock, logicalSlots });
    if (ssd.preconditioned) this.translation.precondition(dies, RESERVE_BLOCKS);
    this.channels = Array.from({ length: ssd.channels }, () => new ServerPool(1));
    this.state = new Uint8Array(dies);
    this.readHeads = new Int32Array(dies).fill(-1);
    this.readTails = new Int32Array(dies).fill(-1);
    this.piece = new Int32Array(dies);
    this.victim = new Int32Array(dies).fill(-1);
    this.cursor = new Int32Array(dies);
    this.pending = new Int32Array(dies);
    this.entered = new Int32Array(dies);
    this.left = new Int32Array(dies);
    this.flushWords = FLUSH_TARGETS + dies;
    this.waitingFlushes = new Slots(this.flushWords, 0);
    this.wasReading = new Uint8Array(dies);
    this.bufferSlots = Math.floor(ssd.writeBuffer / SLOT_BYTES);
    // A slot is in the ring once at most.
    this.rings = new Int32Array(dies * logicalSlots);
    this.ringHeads = new Int32Array(dies);
    this.batch = new Int32Array(dies * programSlots);
    this.batchCount = new Int32Array(dies);
    this.programmed = new Int32Array(dies * programSlots);
    this.programmedCount = new Int32Array(dies);
    this.buffered = new Uint8Array(dies * logicalSlots);
  }

  submit(
    operation: number,
    _unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
  ): SubmitAnswer {
    const { parameters: ssd, context, requests } = this;
    if (operation > DEVICE_DISCARD)
      throw new BugError(`${context.name}: ssd takes no operation ${operation}`);
    if (ssd.queueDepth > 0) {
      if (this.underWay === ssd.queueDepth) {
        this.refused = true;
        return BUSY;
      }
      this.underWay++;
    }
    const request = requests.take();
    const row = REQUEST_WORDS * request;
    const at = REQUEST_DOUBLES * request;
    requests.words[row + REQUEST_TOKEN] = token;
    requests.words[row + REQUEST_WAITING] = 0;
    requests.words[row + REQUEST_OPERATION] = operation;
    requests.doubles[at + REQUEST_SUBMITTED] = context.nowNs;
    requests.doubles[at + REQUEST_LATEST] = context.nowNs;
    requests.doubles[at + REQUEST_BYTES] = bytes;
    requests.doubles[at + REQUEST_ADDRESS] = address;
    if (operation === DEVICE_READ) this.read(request, address, bytes);
    else if (operation === DEVICE_WRITE) this.write(request, address, bytes, flags);
    else if (operation === DEVICE_FLUSH) this.flush(request);
    else this.discard(request, address, bytes);
    return QUEUED;
  }

  fire(argument: number): void {
    if (argument === COMPLETED) {
      this.underWay--;
      if (this.refused) {
        this.refused = false;
        this.context.ready();
      }
    } else this.operationEnded(argument);
  }

  /** `busyNs` and `servers` are those of the dies. Write amplification is (hostSlots + movedSlots) / hostSlots. */
  statistics(): DeviceStatistics {
    const { erases } = this.translation;
    let wearMax = 0;
    let wearMin = Number.POSITIVE_INFINITY;
    for (const count of erases) {
      if (count > wearMax) wearMax = count;
      if (count < wearMin) wearMin = count;
    }
    return {
      busyNs: this.busyNs.value,
      servers: this.shape.dies,
      requests: this.finished,
      residenceNs: this.residenceNs.value,
      reads: this.reads,
      writes: this.writes,
      flushes: this.flushes,
      discards: this.discards,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
      bufferReadBytes: this.bufferReadBytes.value,
      flashReadBytes: this.flashReadBytes.value,
      programmedBytes: this.hostSlots.value * SLOT_BYTES,
      movedBytes: this.movedSlots.value * SLOT_BYTES,
      bufferedBytes: this.bufferUsed * SLOT_BYTES,
      programs: this.programs,
      erases: this.erases,
      wearMin,
      wearMax,
      writeWaits: this.writeWaits,
      writeWaitNs: this.writeWaitNs.value,
      startedFresh: this.parameters.preconditioned ? 0 : 1,
    };
  }

  /** The die and, in `slotIn`, the place within its part of the address space, of a slot of the whole drive. */
  private dieOf(slot: number): number {
    return Math.floor(slot / this.shape.pageSlots) % this.shape.dies;
  }

  private slotIn(slot: number): number {
    const { pageSlots, dies, logicalSlots } = this.shape;
    const page = Math.floor(slot / pageSlots);
    return (Math.floor(page / dies) * pageSlots + (slot - page * pageSlots)) % logicalSlots;
  }

  private read(request: number, address: number, bytes: number): void {
    const { pageSlots, logicalSlots } = this.shape;
    this.reads++;
    this.readBytes.add(bytes);
    const { words } = this.requests;
    const row = REQUEST_WORDS * request;
    // So that no piece that is there at once completes the request before the others are known.
    words[row + REQUEST_WAITING] = 1;
    const end = address + Math.max(1, bytes);
    const last = Math.floor((end - 1) / SLOT_BYTES);
    let slot = Math.floor(address / SLOT_BYTES);
    while (slot <= last) {
      const stop = Math.min(last + 1, (Math.floor(slot / pageSlots) + 1) * pageSlots);
      const die = this.dieOf(slot);
      const first = this.slotIn(slot);
      let held = 0;
      for (let i = 0; i < stop - slot; i++) if (this.buffered[die * logicalSlots + first + i] !== 0) held++;
      this.bufferReadBytes.add(held * SLOT_BYTES);
      if (held < stop - slot) {
        words[row + REQUEST_WAITING]!++;
        this.flashReadBytes.add((stop - slot - held) * SLOT_BYTES);
        this.enqueueRead(die, request, first, stop - slot);
      }
      slot = stop;
    }
    this.partEnded(request, this.context.nowNs);
  }

  private enqueueRead(die: number, request: number, slot: number, slots: number): void {
    const { pieces } = this;
    const piece = pieces.take();
    const row = PIECE_WORDS * piece;
    pieces.words[row + NEXT] = -1;
    pieces.words[row + PIECE_REQUEST] = request;
    pieces.words[row + PIECE_SLOT] = slot;
    pieces.words[row + PIECE_SLOTS] = slots;
    if (this.readHeads[die]! < 0) this.readHeads[die] = piece;
    else pieces.words[PIECE_WORDS * this.readTails[die]! + NEXT] = piece;
    this.readTails[die] = piece;
    this.start(die);
  }

  /** A part of a read or flush is done at a time, now or later. */
  private partEnded(request: number, endNs: number): void {
    const { requests, parameters: ssd } = this;
    const row = REQUEST_WORDS * request;
    const at = REQUEST_DOUBLES * request;
    if (endNs > requests.doubles[at + REQUEST_LATEST]!) requests.doubles[at + REQUEST_LATEST] = endNs;
    if (--requests.words[row + REQUEST_WAITING]! > 0) return;
    const latestNs = requests.doubles[at + REQUEST_LATEST]!;
    if (requests.words[row + REQUEST_OPERATION] === DEVICE_FLUSH) {
      this.settle(request, latestNs + ssd.flush + ssd.overhead);
    } else if (requests.words[row + REQUEST_OPERATION] === DEVICE_READ) {
      const wireNs = transferNs(requests.doubles[at + REQUEST_BYTES]!, ssd.readBandwidth);
      this.settle(request, this.readWire.serve(latestNs, wireNs, 0) + ssd.overhead);
    } else {
      this.settle(request, latestNs + ssd.overhead);
    }
  }

  private settle(request: number, endNs: number): void {
    const { requests, context } = this;
    this.finished++;
    this.residenceNs.add(endNs - requests.doubles[REQUEST_DOUBLES * request + REQUEST_SUBMITTED]!);
    context.completeAt(endNs, requests.words[REQUEST_WORDS * request + REQUEST_TOKEN]!);
    if (this.parameters.queueDepth > 0) context.fireAt(endNs, COMPLETED);
    requests.release(request);
  }

  private write(request: number, address: number, bytes: number, flags: number): void {
    const { requests, parameters: ssd, context } = this;
    this.writes++;
    this.writtenBytes.add(bytes);
    const arrivedNs = this.writeWire.serve(context.nowNs, transferNs(bytes, ssd.writeBandwidth), 0);
    requests.doubles[REQUEST_DOUBLES * request + REQUEST_LATEST] = arrivedNs;
    // A write through a volatile buffer is followed by a flush of its own.
    if (ssd.volatileCache && (flags & REQUEST_FUA) !== 0)
      requests.words[REQUEST_WORDS * request + REQUEST_WAITING] = -1;
    if (this.waitHead >= 0 || !this.fits(request)) {
      this.writeWaits++;
      requests.words[REQUEST_WORDS * request + NEXT] = -1;
      if (this.waitHead < 0) this.waitHead = request;
      else requests.words[REQUEST_WORDS * this.waitTail + NEXT] = request;
      this.waitTail = request;
      // What is in the buffer goes to flash, be it a program's worth or not.
      this.startAll();
      return;
    }
    this.store(request, address);
  }

  private slotsOf(request: number): number {
    const at = REQUEST_DOUBLES * request;
    const address = this.requests.doubles[at + REQUEST_ADDRESS]!;
    const bytes = this.requests.doubles[at + REQUEST_BYTES]!;
    if (bytes === 0) return 0;
    return Math.floor((address + bytes - 1) / SLOT_BYTES) - Math.floor(address / SLOT_BYTES) + 1;
  }

  /** A write larger than the whole buffer goes in when that is empty. */
  private fits(request: number): boolean {
    return this.bufferUsed === 0 || this.bufferUsed + this.slotsOf(request) <= this.bufferSlots;
  }

  private store(request: number, address: number): void {
    const { requests, context } = this;
    const at = REQUEST_DOUBLES * request;
    const row = REQUEST_WORDS * request;
    if (context.nowNs > requests.doubles[at + REQUEST_LATEST]!)
      requests.doubles[at + REQUEST_LATEST] = context.nowNs;
    const first = Math.floor(address / SLOT_BYTES);
    const count = this.slotsOf(request);
    for (let slot = first; slot < first + count; slot++) this.bufferSlot(this.dieOf(slot), this.slotIn(slot));
    if (requests.words[row + REQUEST_WAITING]! < 0 && this.bufferUsed > 0) {
      this.waitForBuffer(request);
    } else {
      requests.words[row + REQUEST_WAITING] = 1;
      this.partEnded(request, 0);
    }
  }

  private bufferSlot(die: number, slot: number): void {
    const { logicalSlots, programSlots } = this.shape;
    const at = die * logicalSlots + slot;
    if ((this.buffered[at]! & 1) !== 0) return;
    this.buffered[at]! |= 1;
    this.bufferUsed++;
    this.rings[die * logicalSlots + ((this.ringHeads[die]! + this.pending[die]!) % logicalSlots)] = slot;
    this.pending[die]!++;
    this.entered[die]!++;
    if (this.pending[die]! >= programSlots) this.start(die);
  }

  private flush(request: number): void {
    this.flushes++;
    if (this.parameters.volatileCache && this.bufferUsed > 0) {
      this.waitForBuffer(request);
    } else {
      this.requests.words[REQUEST_WORDS * request + REQUEST_WAITING] = 1;
      this.partEnded(request, this.context.nowNs);
    }
  }

  /** Makes a request wait until all that is in the buffer now is programmed. */
  private waitForBuffer(request: number): void {
    const { waitingFlushes, shape } = this;
    const flush = waitingFlushes.take();
    const row = this.flushWords * flush;
    const { words } = waitingFlushes;
    let waiting = 0;
    for (let die = 0; die < shape.dies; die++) {
      const isWaited = this.entered[die] !== this.left[die];
      words[row + FLUSH_TARGETS + die] = isWaited ? this.entered[die]! | 0 : 0;
      if (isWaited) waiting++;
    }
    words[row + FLUSH_REQUEST] = request;
    words[row + NEXT] = this.flushHead;
    this.requests.words[REQUEST_WORDS * request + REQUEST_WAITING] = waiting;
    this.flushHead = flush;
    this.startAll();
  }

  private discard(request: number, address: number, bytes: number): void {
    const { logicalSlots, dies } = this.shape;
    this.discards++;
    const first = Math.ceil(address / SLOT_BYTES);
    const stop = Math.floor((address + bytes) / SLOT_BYTES);
    const count = Math.min(Math.max(0, stop - first), logicalSlots * dies);
    for (let slot = first; slot < first + count; slot++) {
      const die = this.dieOf(slot);
      const within = this.slotIn(slot);
      if (this.buffered[die * logicalSlots + within] === 0) this.translation.forget(die, within);
    }
    this.settle(request, this.context.nowNs + this.parameters.discard + this.parameters.overhead);
  }

  private isPressed(): boolean {
    return this.waitHead >= 0 || this.flushHead >= 0;
  }

  private startAll(): void {
    for (let die = 0; die < this.shape.dies; die++) this.start(die);
  }

  /** Gives an idle die work, if there is any. */
  private start(die: number): void {
    if (this.state[die] !== IDLE) return;
    const hasReads = this.readHeads[die]! >= 0;
    // While writes wait for room, reads and other work take turns.
    if (hasReads && !(this.wasReading[die] === 1 && this.waitHead >= 0)) this.startRead(die);
    else if (!this.startCleaning(die) && !this.startProgram(die) && hasReads) this.startRead(die);
  }

  private begin(die: number, state: number, durationNs: number): void {
    this.state[die] = state;
    this.busyNs.add(durationNs);
    this.context.fireAt(this.context.nowNs + durationNs, die);
  }

  private draw(time: ServiceTime): number {
    return time.fixedNs > 0 ? time.fixedNs : time.drawNs(this.context, ++this.draws, 0);
  }

  /** Time to read the page at a place, -1 where nothing was written. */
  private readNs(place: number): number {
    const { read, cell } = this.parameters;
    if (read.fixedNs !== 0) return this.draw(read);
    const kinds = CELL_TIMES[cell].read;
    const page = place < 0 ? 0 : Math.floor(place / this.shape.pageSlots);
    return kinds[page % kinds.length]!;
  }

  private programNs(die: number): number {
    const { program, cell } = this.parameters;
    if (program.fixedNs !== 0) return this.draw(program);
    const kinds = CELL_TIMES[cell].program;
    return kinds[Math.floor(this.translation.offset(die) / this.shape.programSlots) % kinds.length]!;
  }

  private startRead(die: number): void {
    const { pieces, translation } = this;
    const { pageSlots } = this.shape;
    const piece = this.readHeads[die]!;
    const row = PIECE_WORDS * piece;
    this.readHeads[die] = pieces.words[row + NEXT]!;
    this.piece[die] = piece;
    this.wasReading[die] = 1;
    const slot = pieces.words[row + PIECE_SLOT]!;
    // Slots that were written together lie on one page.
    let durationNs = 0;
    let last = -2;
    for (let i = 0; i < pieces.words[row + PIECE_SLOTS]!; i++) {
      const place = translation.placeOf(die, slot + i);
      const page = place < 0 ? -1 : Math.floor(place / pageSlots);
      if (page !== last) durationNs += this.readNs(place);
      last = page;
    }
    this.begin(die, READING, durationNs);
  }

  private startProgram(die: number): boolean {
    const { programSlots, logicalSlots } = this.shape;
    const waiting = this.pending[die]!;
    if (waiting === 0 || (waiting < programSlots && !this.isPressed())) return false;
    const count = Math.min(waiting, programSlots);
    for (let i = 0; i < count; i++) {
      const slot = this.rings[die * logicalSlots + this.ringHeads[die]!]!;
      this.ringHeads[die] = (this.ringHeads[die]! + 1) % logicalSlots;
      this.programmed[die * programSlots + i] = slot;
      this.buffered[die * logicalSlots + slot] = 2;
    }
    this.pending[die] = waiting - count;
    this.programmedCount[die] = count;
    this.wasReading[die] = 0;
    this.programs++;
    const { nowNs } = this.context;
    const channel = this.channels[die % this.parameters.channels]!;
    const movedNs = channel.serve(nowNs, transferNs(count * SLOT_BYTES, this.parameters.channelBandwidth), 0);
    this.begin(die, PROGRAMMING, movedNs - nowNs + this.programNs(die));
    return true;
  }

  /** Goes on with cleaning, or begins it when too few blocks are free. @returns false when there is nothing to clean */
  private startCleaning(die: number): boolean {
    const { translation } = this;
    if (this.victim[die]! < 0) {
      if (translation.freeBlocks[die]! >= RESERVE_BLOCKS) return false;
      this.victim[die] = translation.takeVictim(die);
      if (this.victim[die]! < 0) return false;
      this.cursor[die] = 0;
    }
    this.wasReading[die] = 0;
    const { slotsPerBlock, programSlots, pageSlots } = this.shape;
    const victim = this.victim[die]!;
    let durationNs = 0;
    let count = 0;
    let last = -1;
    let offset = this.cursor[die]!;
    for (; offset < slotsPerBlock && count < programSlots; offset++) {
      const owner = translation.ownerOf(die, victim, offset);
      if (owner < 0) continue;
      this.batch[die * programSlots + count++] = owner;
      const page = Math.floor(offset / pageSlots);
      if (page !== last) durationNs += this.readNs(offset);
      last = page;
    }
    this.cursor[die] = offset;
    this.batchCount[die] = count;
    if (count > 0) this.begin(die, CLEANING_READ, durationNs);
    else {
      const { erase, cell } = this.parameters;
      this.begin(die, ERASING, erase.fixedNs !== 0 ? this.draw(erase) : CELL_TIMES[cell].erase);
    }
    return true;
  }

  private operationEnded(die: number): void {
    const state = this.state[die]!;
    if (state === CLEANING_READ) {
      this.state[die] = IDLE;
      this.begin(die, CLEANING_PROGRAM, this.programNs(die));
      return;
    }
    if (state === READING) this.readEnded(die);
    else if (state === PROGRAMMING) this.programEnded(die);
    else if (state === CLEANING_PROGRAM) this.moved(die);
    else {
      this.translation.erased(die, this.victim[die]!);
      this.victim[die] = -1;
      this.erases++;
    }
    this.state[die] = IDLE;
    this.start(die);
  }

  private readEnded(die: number): void {
    const { pieces, context, parameters: ssd } = this;
    const piece = this.piece[die]!;
    const row = PIECE_WORDS * piece;
    const bytes = pieces.words[row + PIECE_SLOTS]! * SLOT_BYTES;
    const channel = this.channels[die % ssd.channels]!;
    const endNs = channel.serve(context.nowNs, transferNs(bytes, ssd.channelBandwidth), 0);
    pieces.release(piece);
    this.partEnded(pieces.words[row + PIECE_REQUEST]!, endNs);
  }

  private programEnded(die: number): void {
    const { programSlots, logicalSlots } = this.shape;
    const count = this.programmedCount[die]!;
    for (let i = 0; i < count; i++) {
      const slot = this.programmed[die * programSlots + i]!;
      this.buffered[die * logicalSlots + slot]! &= 1;
      this.translation.write(die, slot);
    }
    this.hostSlots.add(count);
    this.bufferUsed -= count;
    this.left[die]! += count;
    if (this.flushHead >= 0) this.flushedBy(die);
    if (this.waitHead >= 0) this.letWritesIn();
  }

  /** Slots moved by cleaning, unless they were overwritten or discarded meanwhile. */
  private moved(die: number): void {
    const { programSlots, slotsPerBlock } = this.shape;
    const { translation } = this;
    for (let i = 0; i < this.batchCount[die]!; i++) {
      const slot = this.batch[die * programSlots + i]!;
      const place = translation.placeOf(die, slot);
      if (place < 0 || Math.floor(place / slotsPerBlock) !== this.victim[die]) continue;
      translation.write(die, slot);
      this.movedSlots.add(1);
    }
  }

  /** A die has programmed slots: flushes that waited for them wait for one die less. */
  private flushedBy(die: number): void {
    const { words } = this.waitingFlushes;
    let flush = this.flushHead;
    let before = -1;
    while (flush >= 0) {
      const row = this.flushWords * flush;
      const next = words[row + NEXT]!;
      const request = words[row + FLUSH_REQUEST]!;
      const target = words[row + FLUSH_TARGETS + die]!;
      const isLast = this.requests.words[REQUEST_WORDS * request + REQUEST_WAITING] === 1;
      if (target !== 0 && ((this.left[die]! - target) | 0) >= 0) {
        words[row + FLUSH_TARGETS + die] = 0;
        if (isLast) {
          if (before < 0) this.flushHead = next;
          else words[this.flushWords * before + NEXT] = next;
          this.waitingFlushes.release(flush);
        }
        this.partEnded(request, this.context.nowNs);
        if (isLast) {
          flush = next;
          continue;
        }
      }
      before = flush;
      flush = next;
    }
  }

  private letWritesIn(): void {
    const { requests, context } = this;
    while (this.waitHead >= 0 && this.fits(this.waitHead)) {
      const request = this.waitHead;
      this.waitHead = requests.words[REQUEST_WORDS * request + NEXT]!;
      const at = REQUEST_DOUBLES * request;
      const arrivedNs = requests.doubles[at + REQUEST_LATEST]!;
      this.writeWaitNs.add(Math.max(0, context.nowNs - arrivedNs));
      this.store(request, requests.doubles[at + REQUEST_ADDRESS]!);
    }
    // Those let in may lie on idle dies, less than a program's worth: whoever still waits needs their room.
    if (this.waitHead >= 0) this.startAll();
  }
}

export default defineDevice<SsdParameters>({
  name: 'ssd',
  summary: 'A solid-state drive: channels, dies, translation, write buffer, garbage collection, wear.',
  roles: ['flash', 'datastore'],
  parameters: ssdParameters,
  volatileCache: (ssd) => ssd.volatileCache,
  check: checkSsd,
  create: (ssd, context) => new Ssd(ssd, context),
});
