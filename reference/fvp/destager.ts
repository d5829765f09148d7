/**
 * Sends the log to the datastore in batches (fvp-protocol.md 4, 12.4-6): records of a batch do not overlap and go out
 * together, adjacent ones joined; the next batch starts when the former is complete (and flushed, where the datastore's
 * cache is volatile). Only committed records are sent.
 */
import type { Checkpointer } from './checkpointer.ts';
import { BATCH_LENGTH_CLASSES, type HostState } from './host-state.ts';
import { BLOCK_BYTES } from './index/block-index.ts';
import {
  PENDING_FAILED,
  PENDING_LOCAL,
  RECORD_APPENDED_NS,
  RECORD_BYTES,
  RECORD_DISCARD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_PENDING,
  RECORD_PREVIOUS,
  RECORD_SLOT,
  RECORD_SLOTS,
} from './log/record-ring.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_FLAGS,
  OP_KEY,
  OP_NEXT,
  OP_OFFSET,
  OP_OPERATION,
  OP_PARENT,
  OP_PENDING,
  OP_SEQUENCE,
  OP_SLOT,
  OP_TAG,
  STAGE_DESTAGE_READ,
  STAGE_DESTAGE_WRITE,
} from './op-table.ts';
import {
  CAUSE_DESTAGE,
  FLASH_READ,
  SAN_DISCARD,
  SAN_FLUSH,
  SAN_WRITE,
  STATUS_CORRUPT,
  STATUS_OK,
  STATUS_REFUSED,
  type Status,
} from './ports.ts';
import type { Questions } from './recovery/questions.ts';
import { TIMER_RETRY, timerOf } from './timers.ts';
import { UNREADABLE_MOST, type VirtualDisk } from './virtual-disk.ts';

/** A batch key is sector * this + place in the batch, so that sorting keys sorts by address. */
const PLACES = 512;
/** Most records that `batchRecords` may ask for. */
export const BATCH_RECORDS_MAX = PLACES;
/** Below this many keys an insertion sort beats the library's. @source measured: about 20 with Node 20 */
const INSERTION_SORT_MAX = 20;
/** The destage rate is measured over this much time of destaging. @source assumed */
const RATE_WINDOW_NS = 50e6;
/** What the datastore refused with an error, or nobody could deliver, is tried again after this. @source assumed */
const RETRY_NS = 100e6;
export class Destager {
  private readonly state: HostState;
  private readonly checkpointer: Checkpointer;
  private readonly questions: Questions;
  private readonly onFenced: (disk: VirtualDisk) => void;
  /** Called when data of the log can be read nowhere; `isSilent`: a holder that does not answer may have it. */
  private readonly onUnreadable: (disk: VirtualDisk, isSilent: boolean) => void;

  constructor(
    state: HostState,
    checkpointer: Checkpointer,
    questions: Questions,
    onFenced: (disk: VirtualDisk) => void,
    onUnreadable: (disk: VirtualDisk, isSilent: boolean) => void,
  ) {
    this.state = state;
    this.checkpointer = checkpointer;
    this.questions = questions;
    this.onFenced = onFenced;
    this.onUnreadable = onUnreadable;
  }

  /** Starts a batch unless one is under way or nothing is committed beyond the last. */
  kick(disk: VirtualDisk): void {
    const last = disk.throughCheckpoint ? this.lastHere(disk) : disk.committed;
    if (disk.batchPending !== 0 || last <= disk.destaged || !disk.logging) return;
    const { ops, options, ports } = this.state;
    if (ports.clock.nowNs >= disk.leaseEndsNs) return;
    const ring = disk.ring;
    const keys = disk.batchKeys;
    const first = disk.destaged + 1;
    const limit = Math.min(last, disk.destaged + options.destage.batchRecords);
    let bytes = 0;
    let count = 0;
    let logBytes = 0;
    let sequence = first;
    let discard = false;
    for (; sequence <= limit; sequence++) {
      const at = ring.at(sequence);
      discard = ring.words[at + RECORD_KIND] === RECORD_DISCARD;
      if (count !== 0) {
        if (ring.numbers[at + RECORD_PREVIOUS]! >= first || discard) break;
        if (bytes + ring.numbers[at + RECORD_BYTES]! > options.destage.batchBytes) break;
      }
      bytes += ring.numbers[at + RECORD_BYTES]!;
      logBytes += ring.words[at + RECORD_SLOTS]! * BLOCK_BYTES;
      keys[count] = (ring.numbers[at + RECORD_OFFSET]! / 512) * PLACES + count;
      count++;
      if (discard) {
        sequence++;
        break;
      }
    }
    disk.batchFirst = first;
    disk.batchLast = sequence - 1;
    disk.batchStartNs = ports.clock.nowNs;
    disk.batchLogBytes = logBytes;
    // Held above zero until every run is out, so that the batch cannot end in between.
    disk.batchPending = 1;
    if (count > 1) sortKeys(keys, count);
    const places = disk.batchPlaces;
    for (let i = 0; i < count; i++) {
      const key = keys[i]!;
      places[i] = key - Math.floor(key / PLACES) * PLACES;
    }
    let start = 0;
    while (start < count) {
      const firstAt = ring.at(first + places[start]!);
      let runBytes = ring.numbers[firstAt + RECORD_BYTES]!;
      let endOffset = ring.numbers[firstAt + RECORD_OFFSET]! + runBytes;
      let end = start + 1;
      while (end < count) {
        const at = ring.at(first + places[end]!);
        if (
          ring.numbers[at + RECORD_OFFSET] !== endOffset ||
          runBytes + ring.numbers[at + RECORD_BYTES]! > options.destage.joinBytes
        )
          break;
        runBytes += ring.numbers[at + RECORD_BYTES]!;
        endOffset += ring.numbers[at + RECORD_BYTES]!;
        end++;
      }
      const op = ops.allocate();
      ops.words[op + OP_DISK] = disk.local;
      ops.numbers[(op >> 2) + OP_OFFSET] = ring.numbers[firstAt + RECORD_OFFSET]!;
      ops.numbers[(op >> 2) + OP_BYTES] = runBytes;
      ops.words[op + OP_SLOT] = start;
      ops.words[op + OP_TAG] = end - start;
      ops.words[op + OP_KEY] = ring.words[firstAt + RECORD_KEY]!;
      ops.words[op + OP_OPERATION] =
        ring.words[firstAt + RECORD_KIND] === RECORD_DISCARD ? SAN_DISCARD : SAN_WRITE;
      this.state.counters.joinedWrites += end - start - 1;
      disk.batchPending++;
      this.readRun(disk, op, start, end);
      start = end;
    }
    disk.batchPending--;
  }

  /** While writes are acknowledged by checkpoints: the last record of those that this host's flash is done with. */
  private lastHere(disk: VirtualDisk): number {
    const ring = disk.ring;
    const end = Math.min(ring.next, disk.destaged + 1 + this.state.options.destage.batchRecords);
    let sequence = disk.destaged + 1;
    while (sequence < end && (ring.words[ring.at(sequence) + RECORD_PENDING]! & PENDING_LOCAL) === 0)
      sequence++;
    return sequence - 1;
  }

  /** A record's data has been read, here or from a holder. */
  onRead(disk: VirtualDisk, op: number, status: Status): void {
    const { ops } = this.state;
    this.state.unpin(op);
    if (disk.dead) {
      this.abandon(ops.words[op + OP_PARENT]!, op);
      return;
    }
    if (status !== STATUS_OK) {
      if (status === STATUS_CORRUPT) {
        this.state.counters.corruptReads++;
        // Whoever replays this log finds a hole here.
        const { ring } = disk;
        ring.words[ring.at(ops.numbers[(op >> 2) + OP_SEQUENCE]!) + RECORD_PENDING]! |= PENDING_FAILED;
      }
      this.fetch(disk, op);
      return;
    }
    this.readDone(disk, op);
  }

  private readDone(disk: VirtualDisk, op: number): void {
    const run = this.state.ops.words[op + OP_PARENT]!;
    this.state.ops.release(op);
    this.partRead(disk, run);
  }

  /** One more part of a run has been read, or could not be. */
  private partRead(disk: VirtualDisk, run: number): void {
    const ops = this.state.ops;
    if (--ops.words[run + OP_PENDING]! !== 0) return;
    if (ops.words[run + OP_FLAGS] === STATUS_OK) {
      this.writeRun(disk, run);
      return;
    }
    // Data that nobody delivers now: the run waits, and is tried again.
    const isSilent = ops.words[run + OP_FLAGS] === STATUS_REFUSED;
    ops.words[run + OP_FLAGS] = STATUS_OK;
    if (++disk.unreadable > UNREADABLE_MOST) {
      ops.release(run);
      this.onUnreadable(disk, isSilent);
    } else this.wait(disk, run);
  }

  /** Reads a record's data from another host. */
  private fetch(disk: VirtualDisk, op: number): void {
    const ops = this.state.ops;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    const ring = disk.ring;
    const at = ring.at(sequence);
    this.questions.fetch(
      disk,
      sequence,
      0,
      ring.numbers[at + RECORD_BYTES]!,
      ring.words[at + RECORD_PAYLOAD]!,
      ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
      (status) => {
        const run = ops.words[op + OP_PARENT]!;
        if (disk.dead) {
          this.abandon(run, op);
          return;
        }
        if (status === STATUS_OK) disk.unreadable = 0;
        else ops.words[run + OP_FLAGS] = status;
        this.readDone(disk, op);
      },
    );
  }

  /** The disk is another host's now: lets go of what is under way. */
  private abandon(run: number, op: number): void {
    const ops = this.state.ops;
    ops.release(op);
    if (--ops.words[run + OP_PENDING]! === 0) ops.release(run);
  }

  /** Puts a run aside until the lease is renewed or its time for another try has come. */
  private wait(disk: VirtualDisk, run: number): void {
    const { ops, ports } = this.state;
    ops.words[run + OP_NEXT] = disk.waitingRuns;
    disk.waitingRuns = run;
    if (disk.destageTimerSet) return;
    disk.destageTimerSet = true;
    ports.timer.set(ports.clock.nowNs + RETRY_NS, timerOf(TIMER_RETRY, disk.local));
  }

  /** Tries again what waits. */
  retry(disk: VirtualDisk): void {
    disk.destageTimerSet = false;
    const ops = this.state.ops;
    let run = disk.waitingRuns;
    disk.waitingRuns = -1;
    while (run >= 0) {
      const next = ops.words[run + OP_NEXT]!;
      ops.words[run + OP_NEXT] = -1;
      if (disk.dead) ops.release(run);
      else if (ops.words[run + OP_OPERATION] === SAN_FLUSH) this.flush(disk, run);
      else
        this.readRun(
          disk,
          run,
          ops.words[run + OP_SLOT]!,
          ops.words[run + OP_SLOT]! + ops.words[run + OP_TAG]!,
        );
      run = next;
    }
    if (!disk.dead) this.kick(disk);
  }

  onWritten(disk: VirtualDisk, op: number, status: Status): void {
    if (disk.dead) {
      this.state.ops.release(op);
      return;
    }
    if (status === STATUS_REFUSED) {
      this.state.ops.release(op);
      this.onFenced(disk);
      return;
    }
    if (status !== STATUS_OK) {
      // A record is never skipped: it is sent again, and the checkpoint stays before it.
      this.wait(disk, op);
      return;
    }
    const ops = this.state.ops;
    if (ops.words[op + OP_OPERATION] !== SAN_FLUSH) {
      this.state.counters.destagedBytes += ops.numbers[(op >> 2) + OP_BYTES]!;
      if (--disk.batchPending !== 0) {
        ops.release(op);
        return;
      }
      if (this.state.volatileDatastore) {
        // Without it a power failure of the array could keep the next batch and lose this one.
        ops.words[op + OP_OPERATION] = SAN_FLUSH;
        disk.batchPending = 1;
        this.flush(disk, op);
        return;
      }
    } else disk.batchPending = 0;
    ops.release(op);
    this.complete(disk);
  }

  private flush(disk: VirtualDisk, op: number): void {
    const { ops, ports } = this.state;
    const key = ops.words[op + OP_KEY]!;
    ports.datastore.submit(SAN_FLUSH, disk.id, 0, 0, false, CAUSE_DESTAGE, op | STAGE_DESTAGE_WRITE, key);
  }

  /** Reads the records of a run that are no longer in memory, then writes the run. */
  private readRun(disk: VirtualDisk, run: number, start: number, end: number): void {
    const { ops, ports, counters } = this.state;
    const ring = disk.ring;
    // Held above zero until every read is out, so that the run cannot go on in between.
    ops.words[run + OP_PENDING] = 1;
    if (ops.words[run + OP_OPERATION] === SAN_WRITE) {
      for (let place = start; place < end; place++) {
        const sequence = disk.batchFirst + disk.batchPlaces[place]!;
        const at = ring.at(sequence);
        // Still in memory: the guest's own buffer until it is acknowledged, and the destage buffer.
        if (this.state.isBuffered(ring, at) || (disk.throughCheckpoint && sequence > disk.committed))
          continue;
        const op = ops.allocate();
        ops.words[op + OP_DISK] = disk.local;
        ops.words[op + OP_PARENT] = run;
        ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
        ops.words[run + OP_PENDING]!++;
        const slot = ring.words[at + RECORD_SLOT]!;
        if (slot < 0) {
          this.fetch(disk, op);
          continue;
        }
        // The disk may be another host's before the read is over, and its log with it.
        this.state.pin(op, slot);
        counters.destageReadBytes += ring.numbers[at + RECORD_BYTES]!;
        const token = op | STAGE_DESTAGE_READ;
        const address = slot * BLOCK_BYTES + (ring.numbers[at + RECORD_OFFSET]! & (BLOCK_BYTES - 1));
        if (ports.content !== null) {
          ports.content.reading(
            token,
            ring.words[at + RECORD_PAYLOAD]!,
            ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
            ring.numbers[at + RECORD_BYTES]!,
          );
        }
        ports.flash!.submit(
          FLASH_READ,
          address,
          ring.numbers[at + RECORD_BYTES]!,
          CAUSE_DESTAGE,
          token,
          ring.words[at + RECORD_KEY]!,
        );
      }
    }
    this.partRead(disk, run);
  }

  private writeRun(disk: VirtualDisk, run: number): void {
    const { ops, ports } = this.state;
    if (ports.clock.nowNs >= disk.leaseEndsNs) {
      this.wait(disk, run);
      return;
    }
    const token = run | STAGE_DESTAGE_WRITE;
    const offset = ops.numbers[(run >> 2) + OP_OFFSET]!;
    if (ports.content !== null && ops.words[run + OP_OPERATION] === SAN_WRITE) {
      const ring = disk.ring;
      const end = ops.words[run + OP_SLOT]! + ops.words[run + OP_TAG]!;
      for (let place = ops.words[run + OP_SLOT]!; place < end; place++) {
        const at = ring.at(disk.batchFirst + disk.batchPlaces[place]!);
        const within = ring.numbers[at + RECORD_OFFSET]! - offset;
        ports.content.writing(
          token,
          ring.words[at + RECORD_PAYLOAD]!,
          ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
          ring.numbers[at + RECORD_BYTES]!,
          within,
        );
      }
    }
    const key = ops.words[run + OP_KEY]!;
    ports.datastore.submit(
      ops.words[run + OP_OPERATION]!,
      disk.id,
      offset,
      ops.numbers[(run >> 2) + OP_BYTES]!,
      false,
      CAUSE_DESTAGE,
      token,
      key,
    );
  }

  private complete(disk: VirtualDisk): void {
    const counters = this.state.counters;
    const nowNs = this.state.ports.clock.nowNs;
    const records = disk.batchLast - disk.batchFirst + 1;
    counters.batches++;
    counters.batchLengths[Math.min(BATCH_LENGTH_CLASSES - 1, 31 - Math.clz32(records))]!++;
    const toDestageNs = nowNs - disk.ring.numbers[disk.ring.at(disk.batchFirst) + RECORD_APPENDED_NS]!;
    if (toDestageNs > counters.timeToDestageNsMax) counters.timeToDestageNsMax = toDestageNs;
    disk.destaged = disk.batchLast;
    disk.unreleasedBytes += disk.batchLogBytes;
    disk.measuredBytes += disk.batchLogBytes;
    disk.measuredNs += nowNs - disk.batchStartNs;
    if (disk.measuredNs >= RATE_WINDOW_NS) {
      const rate = disk.measuredBytes / disk.measuredNs;
      disk.destageRate = disk.destageRate === 0 ? rate : (disk.destageRate + rate) / 2;
      const { dirtyLimitBytes, drainBoundNs } = this.state.options;
      disk.limitBytes = Math.min(dirtyLimitBytes, disk.destageRate * drainBoundNs);
      disk.measuredBytes = 0;
      disk.measuredNs = 0;
    }
    this.checkpointer.consider(disk);
    this.kick(disk);
  }
}

function sortKeys(keys: Float64Array, count: number): void {
  if (count > INSERTION_SORT_MAX) {
    keys.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const key = keys[i]!;
    let at = i;
    while (at > 0 && keys[at - 1]! > key) {
      keys[at] = keys[at - 1]!;
      at--;
    }
    keys[at] = key;
  }
}
