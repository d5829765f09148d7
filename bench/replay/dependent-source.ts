/**
 * Dependent replay: an I/O waits for what it waited for when it was recorded.
 *
 * Row i of a process has as predecessors those rows of the same process whose recorded completion is not after the
 * recorded time of i. It is issued when all of them have completed again, its recorded think time (since the latest
 * of those recorded completions) after the last of them, and never before an earlier row of its process. A row without
 * predecessors arrives at its recorded time. Rows without a process are one process together. A flush also waits for
 * every write of its disk, of whatever process, that was complete when it was recorded. A row whose latency was not
 * recorded holds nobody up.
 *
 * Processes drift apart when devices are faster or slower than the recorded ones. That would change what is replayed: a
 * page would be written back before the late process has read it, and the read would hit. Therefore no row is issued
 * before every row, of whatever process, whose recorded completion lies `driftNs` or more behind its recorded time.
 *
 * So the recorded order "complete before issued" is kept whatever the devices do, and devices that answer in exactly
 * the recorded latencies give exactly the recorded times.
 *
 * Memory: a slot for each row that is read and not yet issued (at most `windowRows`), outstanding, or recorded within
 * the last `driftNs` of the place the reading has come to; one record for each process.
 *
 * Each process keeps one spare slot, that of its next row: completions that this row has to wait for are counted there
 * even before the row is read. Covers do the same for the flushes of each disk.
 */
import { assert } from '../../reference/kernel/errors.ts';
import { EventQueue } from '../../reference/kernel/event-queue.ts';
import {
  type IoBatch,
  type IoSource,
  OP_FLUSH,
  OP_WRITE,
  type RowBlock,
  type RowCursor,
  SOURCE_END,
  SOURCE_IDLE,
  SOURCE_READY,
  SOURCE_WAIT,
  type SourceAnswer,
} from '../../reference/kernel/io.ts';
import type { ReplayTiming } from './replay-timing.ts';

const NONE = -1;
/** Numbers of a slot. */
const TIME_NS = 0;
const OFFSET = 1;
const LENGTH_BYTES = 2;
/** Latest recorded completion among the predecessors; NONE without any. */
const LATEST_NS = 3;
/** Latest replayed completion among the predecessors. */
const BARRIER_NS = 4;
/** The row does not arrive before this. */
const FLOOR_NS = 5;
const COMPLETED_NS = 6;
const RECORDED_COMPLETION_NS = 7;
/** Integers of a slot. */
const PROCESS = 0;
/** Predecessors that have not completed, and one for a cover that is not done. */
const PENDING = 1;
/** Next row of the process, or its spare slot; in a free slot the next free one. */
const NEXT = 2;
/** The row that waits for this one. */
const SUCCESSOR = 3;
/** The cover that waits for this write. */
const COVER = 4;
/** Disk in the low 16 bits, then 8 of operation and 8 of flags. */
const REQUEST = 5;
const STATE = 6;
const FIELDS = 8;
/** Bits of STATE. */
const READ = 1;
const HEAD = 2;
const COMPLETED = 4;
/** Recorded completion is behind the reading, or was never recorded. */
const PASSED = 8;
/** In `lagging`, which releases the slot. */
const LAGGING = 16;
/** Rows read ahead of the slowest process; 65,536 rows are 6 MB. Assumed. */
export const WINDOW_ROWS = 65_536;
/** Processes of one server wait for each other at least at this scale. Assumed. */
export const DRIFT_NS = 1e9;

export class DependentSource implements IoSource {
  readonly disks: number;
  readonly wantsCompletions = true;
  /** Rows whose time had passed when they were read, because the window was full of rows that still waited. */
  heldRows = 0;

  private readonly cursor: RowCursor;
  private readonly speed: number;
  private readonly startNs: number;
  private readonly endNs: number;
  private readonly windowRows: number;
  private readonly driftNs: number;
  private block: RowBlock | undefined;
  private row = 0;
  private ended = false;
  /** The reading has stopped because of `windowRows`. */
  private windowFull = false;
  private waitingRows = 0;
  private outstanding = 0;

  /** Rows that may be issued, by arrival. */
  private readonly ready = new EventQueue();
  /** Rows whose recorded completion is still ahead of the reading, by that completion. */
  private readonly recorded = new EventQueue();

  /** Rows that were recorded as complete at the place of the reading and are not, by that completion. */
  private readonly lagging = new SlotRing();

  private readonly slots = new SlotTable();
  private readonly processes = new ProcessTable();
  private readonly covers = new CoverTable();
  /** By disk: the cover of the disk's next flush. */
  private readonly coverOfDisk: Int32Array;

  /**
   * @param cursor rows in order of time; the source closes it when it has read the last one
   * @param disks how many disks the rows name
   */
  constructor(
    cursor: RowCursor,
    disks: number,
    timing: ReplayTiming,
    bounds: { readonly driftNs?: number; readonly windowRows?: number } = {},
  ) {
    this.cursor = cursor;
    this.disks = disks;
    this.speed = timing.speed;
    this.startNs = timing.startNs;
    this.endNs = timing.durationNs ?? Number.POSITIVE_INFINITY;
    this.windowRows = bounds.windowRows ?? WINDOW_ROWS;
    this.driftNs = bounds.driftNs ?? DRIFT_NS;
    this.coverOfDisk = new Int32Array(disks);
    for (let disk = 0; disk < disks; disk++) this.coverOfDisk[disk] = this.covers.take();
  }

  next(nowNs: number, batch: IoBatch): SourceAnswer {
    this.readAhead(nowNs);
    const { ready } = this;
    const { numbers, integers } = this.slots;
    let at = 0;
    while (at < batch.capacity) {
      const arrivalNs = ready.peekTimeNs();
      if (arrivalNs > nowNs || arrivalNs >= this.endNs) break;
      ready.pop();
      const slot = ready.token;
      const from = slot * FIELDS;
      const request = integers[from + REQUEST]!;
      batch.arrivalNs[at] = arrivalNs;
      batch.offset[at] = numbers[from + OFFSET]!;
      batch.lengthBytes[at] = numbers[from + LENGTH_BYTES]!;
      batch.tag[at] = slot;
      batch.disk[at] = request & 0xffff;
      batch.op[at] = (request >> 16) & 0xff;
      batch.flags[at] = request >>> 24;
      at++;
    }
    batch.length = at;
    if (at !== 0) {
      this.outstanding += at;
      this.waitingRows -= at;
      return SOURCE_READY;
    }
    const nextNs = ready.peekTimeNs();
    if (nowNs >= this.endNs) return this.stop();
    if (nextNs < this.endNs) {
      batch.idleUntilNs = nextNs;
      return SOURCE_IDLE;
    }
    if (this.outstanding !== 0 && (this.waitingRows !== 0 || !this.ended)) return SOURCE_WAIT;
    assert(this.waitingRows === 0 || ready.size !== 0, 'a row of a dependent replay waits for nobody');
    return this.stop();
  }

  completed(tag: number, nowNs: number): void {
    const { slots, covers } = this;
    const { numbers, integers } = slots;
    const at = tag * FIELDS;
    this.outstanding--;
    integers[at + STATE]! |= COMPLETED;
    const successor = integers[at + SUCCESSOR]!;
    if (successor !== NONE) this.predecessorDone(successor, nowNs);
    const cover = integers[at + COVER]!;
    if (cover !== NONE) {
      covers.pending[cover]!--;
      if (covers.flush[cover] !== NONE && covers.pending[cover] === 0) this.coverDone(cover, nowNs);
    }
    if ((integers[at + STATE]! & (PASSED | LAGGING)) === PASSED) slots.release(tag);
    else numbers[at + COMPLETED_NS] = nowNs;
  }

  private stop(): SourceAnswer {
    if (!this.ended) {
      this.ended = true;
      this.cursor.close();
    }
    return SOURCE_END;
  }

  private readAhead(nowNs: number): void {
    while (!this.ended) {
      if (this.block === undefined || this.row >= this.block.length) {
        this.block = this.cursor.next();
        this.row = 0;
        if (this.block === undefined) this.stop();
        continue;
      }
      if (this.waitingRows >= this.windowRows) {
        this.windowFull = true;
        return;
      }
      const timeNs = this.block.timeNs[this.row]!;
      this.passUntil(timeNs);
      if (this.isDrifting(timeNs)) {
        this.windowFull = false;
        return;
      }
      this.readRow(this.block, this.row++, nowNs);
    }
  }

  /** Whether a row that was complete `driftNs` before this recorded time is not complete yet. */
  private isDrifting(timeNs: number): boolean {
    const { lagging, slots } = this;
    while (lagging.length !== 0) {
      const slot = lagging.first;
      const at = slot * FIELDS;
      if ((slots.integers[at + STATE]! & COMPLETED) === 0) {
        return slots.numbers[at + RECORDED_COMPLETION_NS]! <= timeNs - this.driftNs;
      }
      lagging.drop();
      slots.release(slot);
    }
    return false;
  }

  /** The reading comes to this recorded time. */
  private passUntil(timeNs: number): void {
    const { recorded } = this;
    while (recorded.peekTimeNs() <= timeNs) {
      recorded.pop();
      this.pass(recorded.token, recorded.timeNs);
    }
  }

  private readRow(block: RowBlock, row: number, nowNs: number): void {
    const { slots, processes, covers, recorded } = this;
    const timeNs = block.timeNs[row]!;
    const process = processes.find(block.pid[row]!);
    const known = processes.nextSlot[process]!;
    const slot = known === NONE ? slots.take() : known;
    const next = slots.take();
    processes.nextSlot[process] = next;
    const { numbers, integers } = slots;
    const at = slot * FIELDS;
    // The first row of a process waits for nobody.
    integers[at + STATE]! |= known === NONE ? READ | HEAD : READ;
    integers[at + NEXT] = next;
    numbers[next * FIELDS + LATEST_NS] = numbers[at + LATEST_NS]!;

    const op = block.op[row]!;
    const disk = block.disk[row]!;
    const latencyNs = block.latencyNs[row]!;
    numbers[at + TIME_NS] = timeNs;
    numbers[at + OFFSET] = block.offset[row]!;
    numbers[at + LENGTH_BYTES] = block.lengthBytes[row]!;
    integers[at + PROCESS] = process;
    integers[at + REQUEST] = disk | (op << 16) | (block.flags[row]! << 24);
    // NaN, where no latency is known, fails the comparison.
    if (latencyNs >= 0) recorded.push(timeNs + latencyNs, 0, slot);
    else integers[at + STATE]! |= PASSED;
    this.waitingRows++;

    if (op === OP_FLUSH) {
      const cover = this.coverOfDisk[disk]!;
      const later = covers.take();
      this.coverOfDisk[disk] = later;
      covers.flush[cover] = slot;
      if (covers.pending[cover] === 0) covers.release(cover);
      else {
        // A later flush covers these writes too.
        covers.later[cover] = later;
        covers.pending[later] = 1;
        integers[at + PENDING]!++;
      }
    }
    this.schedule(slot, nowNs, true);
  }

  /** The reading has come to the recorded completion of this row. */
  private pass(slot: number, completionNs: number): void {
    const { slots, covers } = this;
    const { numbers, integers } = slots;
    const at = slot * FIELDS;
    const successor = this.processes.nextSlot[integers[at + PROCESS]!]!;
    const after = successor * FIELDS;
    numbers[after + LATEST_NS] = completionNs;
    if ((integers[at + STATE]! & COMPLETED) !== 0) {
      numbers[after + BARRIER_NS] = Math.max(numbers[after + BARRIER_NS]!, numbers[at + COMPLETED_NS]!);
      slots.release(slot);
      return;
    }
    integers[at + STATE]! |= PASSED | LAGGING;
    numbers[at + RECORDED_COMPLETION_NS] = completionNs;
    this.lagging.add(slot);
    integers[at + SUCCESSOR] = successor;
    integers[after + PENDING]!++;
    const request = integers[at + REQUEST]!;
    if (((request >> 16) & 0xff) === OP_WRITE) {
      const cover = this.coverOfDisk[request & 0xffff]!;
      integers[at + COVER] = cover;
      covers.pending[cover]!++;
    }
  }

  private predecessorDone(slot: number, nowNs: number): void {
    const at = slot * FIELDS;
    this.slots.numbers[at + BARRIER_NS] = nowNs;
    if (--this.slots.integers[at + PENDING]! === 0) this.schedule(slot, nowNs, false);
  }

  /** Every write that the flush of `cover` covers is complete. */
  private coverDone(cover: number, nowNs: number): void {
    const { covers } = this;
    const { numbers, integers } = this.slots;
    let done = cover;
    for (;;) {
      const flush = covers.flush[done]!;
      const at = flush * FIELDS;
      const later = covers.later[done]!;
      covers.release(done);
      numbers[at + FLOOR_NS] = Math.max(numbers[at + FLOOR_NS]!, nowNs);
      if (--integers[at + PENDING]! === 0) this.schedule(flush, nowNs, false);
      if (--covers.pending[later]! !== 0 || covers.flush[later] === NONE) return;
      done = later;
    }
  }

  /** Makes the row ready if it is read, waits for nobody and stands first in its process; then the rows after it. */
  private schedule(first: number, nowNs: number, reading: boolean): void {
    const { numbers, integers } = this.slots;
    let slot = first;
    for (;;) {
      const at = slot * FIELDS;
      if ((integers[at + STATE]! & (READ | HEAD)) !== (READ | HEAD) || integers[at + PENDING] !== 0) return;
      const timeNs = numbers[at + TIME_NS]!;
      const latestNs = numbers[at + LATEST_NS]!;
      const barrierNs = numbers[at + BARRIER_NS]!;
      const thoughtNs =
        latestNs === NONE ? this.startNs + this.scaled(timeNs) : barrierNs + this.scaled(timeNs - latestNs);
      const intendedNs = Math.max(thoughtNs, numbers[at + FLOOR_NS]!);
      if (reading && this.windowFull && intendedNs < nowNs) this.heldRows++;
      const arrivalNs = Math.max(intendedNs, nowNs);
      this.ready.push(arrivalNs, 0, slot);
      integers[at + STATE]! &= ~HEAD;
      slot = integers[at + NEXT]!;
      const next = slot * FIELDS;
      integers[next + STATE]! |= HEAD;
      numbers[next + BARRIER_NS] = Math.max(numbers[next + BARRIER_NS]!, barrierNs);
      numbers[next + FLOOR_NS] = Math.max(numbers[next + FLOOR_NS]!, arrivalNs);
    }
  }

  private scaled(recordedNs: number): number {
    return this.speed === 1 ? recordedNs : Math.floor(recordedNs / this.speed);
  }
}

/**
 * The rows at hand: eight numbers and eight integers each, side by side, because a row is read and issued at moments so
 * far apart that each touch is a cache miss (separate columns took more than twice the time).
 */
class SlotTable {
  numbers = new Float64Array(0);
  integers = new Int32Array(0);
  private free = NONE;
  private capacity = 0;

  constructor() {
    this.grow(1024);
  }

  take(): number {
    if (this.free === NONE) this.grow(this.capacity * 2);
    const slot = this.free;
    const at = slot * FIELDS;
    const { numbers, integers } = this;
    this.free = integers[at + NEXT]!;
    numbers[at + LATEST_NS] = NONE;
    numbers[at + BARRIER_NS] = 0;
    numbers[at + FLOOR_NS] = 0;
    integers[at + PENDING] = 0;
    integers[at + NEXT] = NONE;
    integers[at + SUCCESSOR] = NONE;
    integers[at + COVER] = NONE;
    integers[at + STATE] = 0;
    return slot;
  }

  release(slot: number): void {
    this.integers[slot * FIELDS + NEXT] = this.free;
    this.free = slot;
  }

  private grow(capacity: number): void {
    const used = this.capacity;
    this.numbers = grown(this.numbers, new Float64Array(capacity * FIELDS));
    this.integers = grown(this.integers, new Int32Array(capacity * FIELDS));
    this.capacity = capacity;
    for (let slot = capacity - 1; slot >= used; slot--) this.release(slot);
  }
}

/** Slots first in, first out; grown by doubling. */
class SlotRing {
  length = 0;
  private slots = new Int32Array(64);
  private head = 0;

  get first(): number {
    return this.slots[this.head]!;
  }

  add(slot: number): void {
    const capacity = this.slots.length;
    if (this.length === capacity) {
      const bigger = new Int32Array(capacity * 2);
      for (let i = 0; i < capacity; i++) bigger[i] = this.slots[(this.head + i) & (capacity - 1)]!;
      this.slots = bigger;
      this.head = 0;
    }
    this.slots[(this.head + this.length++) & (this.slots.length - 1)] = slot;
  }

  drop(): void {
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.length--;
  }
}

/** Process ids by open addressing, and the spare slot of each. */
class ProcessTable {
  nextSlot = new Int32Array(64).fill(NONE);
  private pid = new Int32Array(64);
  private count = 0;
  private buckets = new Int32Array(128).fill(NONE);
  private lastPid = 0;
  private lastProcess = NONE;

  /** The process with this id, made when it is new. */
  find(pid: number): number {
    if (pid === this.lastPid && this.lastProcess !== NONE) return this.lastProcess;
    const mask = this.buckets.length - 1;
    let bucket = (Math.imul(pid, 0x9e3779b1) >>> 7) & mask;
    let process = this.buckets[bucket]!;
    while (process !== NONE && this.pid[process] !== pid) {
      bucket = (bucket + 1) & mask;
      process = this.buckets[bucket]!;
    }
    if (process === NONE) {
      process = this.count++;
      if (process === this.pid.length) this.grow();
      this.pid[process] = pid;
      this.insert(process);
    }
    this.lastPid = pid;
    this.lastProcess = process;
    return process;
  }

  private insert(process: number): void {
    const mask = this.buckets.length - 1;
    let bucket = (Math.imul(this.pid[process]!, 0x9e3779b1) >>> 7) & mask;
    while (this.buckets[bucket] !== NONE) bucket = (bucket + 1) & mask;
    this.buckets[bucket] = process;
  }

  private grow(): void {
    const capacity = this.pid.length * 2;
    const used = this.pid.length;
    this.pid = grown(this.pid, new Int32Array(capacity));
    this.nextSlot = grown(this.nextSlot, new Int32Array(capacity).fill(NONE));
    this.buckets = new Int32Array(capacity * 2).fill(NONE);
    for (let process = 0; process < used; process++) this.insert(process);
  }
}

/** What the flushes of each disk wait for; the last cover of a disk is that of the flush not yet read. */
class CoverTable {
  /** Writes not complete, and one for an earlier cover that is not done. */
  pending = new Int32Array(64);
  /** The flush that waits; NONE while it is not read. */
  flush = new Int32Array(64);
  /** The cover of the disk's next flush; in a free cover the next free one. */
  later = new Int32Array(64);
  private free = NONE;

  constructor() {
    for (let cover = 63; cover >= 0; cover--) this.release(cover);
  }

  take(): number {
    if (this.free === NONE) this.grow();
    const cover = this.free;
    this.free = this.later[cover]!;
    this.pending[cover] = 0;
    this.flush[cover] = NONE;
    this.later[cover] = NONE;
    return cover;
  }

  release(cover: number): void {
    this.later[cover] = this.free;
    this.free = cover;
  }

  private grow(): void {
    const used = this.pending.length;
    const capacity = used * 2;
    this.pending = grown(this.pending, new Int32Array(capacity));
    this.flush = grown(this.flush, new Int32Array(capacity));
    this.later = grown(this.later, new Int32Array(capacity));
    for (let cover = capacity - 1; cover >= used; cover--) this.release(cover);
  }
}

function grown<Column extends Float64Array | Int32Array | Uint16Array | Uint8Array>(
  old: Column,
  bigger: Column,
): Column {
  bigger.set(old);
  return bigger;
}
