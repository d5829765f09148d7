/**
 * Sends the log to the datastore in batches (fvp-protocol.md 4, 12.4-6): records of a batch do not overlap and go out
 * together, adjacent ones joined; the next batch starts when the former is complete. Only committed records are sent.
 */
import type { Checkpointer } from './checkpointer.ts';
import { BATCH_LENGTH_CLASSES, type HostState } from './host-state.ts';
import { BLOCK_BYTES } from './index/block-index.ts';
import { RECORD_DISCARD } from './log/record-ring.ts';
import { STAGE_BITS, STAGE_DESTAGE_READ, STAGE_DESTAGE_WRITE } from './op-table.ts';
import { CAUSE_DESTAGE, FLASH_READ, SAN_DISCARD, SAN_WRITE, STATUS_OK, type Status } from './ports.ts';
import type { VirtualDisk } from './virtual-disk.ts';

/** A batch key is sector * this + place in the batch, so that sorting keys sorts by address. */
const PLACES = 512;
/** Most records that `batchRecords` may ask for. */
export const BATCH_RECORDS_MAX = PLACES;
/** Below this many keys an insertion sort beats the library's. @source measured: about 20 with Node 20 */
const INSERTION_SORT_MAX = 20;
/** The destage rate is measured over this much time of destaging. @source assumed */
const RATE_WINDOW_NS = 50e6;

export class Destager {
  private readonly state: HostState;
  private readonly checkpointer: Checkpointer;

  constructor(state: HostState, checkpointer: Checkpointer) {
    this.state = state;
    this.checkpointer = checkpointer;
  }

  /** Starts a batch unless one is under way or nothing is committed beyond the last. */
  kick(disk: VirtualDisk): void {
    if (disk.batchPending !== 0 || disk.committed <= disk.destaged || !disk.logging) return;
    const { ops, options, ports } = this.state;
    const ring = disk.ring;
    const keys = disk.batchKeys;
    const first = disk.destaged + 1;
    const limit = Math.min(disk.committed, disk.destaged + options.destage.batchRecords);
    let bytes = 0;
    let count = 0;
    let logBytes = 0;
    let sequence = first;
    let discard = false;
    for (; sequence <= limit; sequence++) {
      const at = sequence & ring.mask;
      discard = ring.kind[at] === RECORD_DISCARD;
      if (count !== 0) {
        if (ring.previous[at]! >= first || discard) break;
        if (bytes + ring.bytes[at]! > options.destage.batchBytes) break;
      }
      bytes += ring.bytes[at]!;
      logBytes += ring.slots[at]! * BLOCK_BYTES;
      keys[count] = (ring.offset[at]! / 512) * PLACES + count;
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
    let start = 0;
    while (start < count) {
      const firstAt = (first + (keys[start]! % PLACES)) & ring.mask;
      let runBytes = ring.bytes[firstAt]!;
      let endOffset = ring.offset[firstAt]! + runBytes;
      let end = start + 1;
      while (end < count) {
        const at = (first + (keys[end]! % PLACES)) & ring.mask;
        if (ring.offset[at] !== endOffset || runBytes + ring.bytes[at]! > options.destage.joinBytes) break;
        runBytes += ring.bytes[at]!;
        endOffset += ring.bytes[at]!;
        end++;
      }
      const op = ops.allocate();
      ops.disk[op] = disk.local;
      ops.offset[op] = ring.offset[firstAt]!;
      ops.bytes[op] = runBytes;
      ops.slot[op] = start;
      ops.tag[op] = end - start;
      ops.key[op] = ring.key[firstAt]!;
      ops.operation[op] = ring.kind[firstAt] === RECORD_DISCARD ? SAN_DISCARD : SAN_WRITE;
      this.state.counters.joinedWrites += end - start - 1;
      disk.batchPending++;
      this.readRun(disk, op, start, end);
      start = end;
    }
    disk.batchPending--;
  }

  onRead(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    const run = ops.parent[op]!;
    if (status !== STATUS_OK) ops.flags[run] = status;
    ops.release(op);
    if (--ops.pending[run]! === 0) this.writeRun(disk, run);
  }

  onWritten(disk: VirtualDisk, op: number, status: Status): void {
    if (status !== STATUS_OK) {
      // A record is never skipped: it is sent again, and the checkpoint stays before it.
      this.writeRun(disk, op);
      return;
    }
    this.state.counters.destagedBytes += this.state.ops.bytes[op]!;
    this.state.ops.release(op);
    if (--disk.batchPending === 0) this.complete(disk);
  }

  /** Reads the records of a run that are no longer in memory, then writes the run. */
  private readRun(disk: VirtualDisk, run: number, start: number, end: number): void {
    const { ops, options, ports, counters } = this.state;
    const ring = disk.ring;
    let reads = 0;
    if (ops.operation[run] === SAN_WRITE) {
      for (let place = start; place < end; place++) {
        const at = (disk.batchFirst + (disk.batchKeys[place]! % PLACES)) & ring.mask;
        if (this.state.appendedBytes - ring.appendedBytes[at]! < options.destage.bufferBytes) continue;
        const op = ops.allocate();
        ops.disk[op] = disk.local;
        ops.parent[op] = run;
        reads++;
        counters.destageReadBytes += ring.bytes[at]!;
        const token = (op << STAGE_BITS) | STAGE_DESTAGE_READ;
        const address = ring.slot[at]! * BLOCK_BYTES + (ring.offset[at]! & (BLOCK_BYTES - 1));
        if (ports.content !== null) {
          ports.content.reading(token, ring.payload[at]!, ring.payloadOffset[at]!, ring.bytes[at]!);
        }
        ports.flash!.submit(FLASH_READ, address, ring.bytes[at]!, CAUSE_DESTAGE, token, ring.key[at]!);
      }
    }
    ops.pending[run] = reads;
    if (reads === 0) this.writeRun(disk, run);
  }

  private writeRun(disk: VirtualDisk, run: number): void {
    const { ops, ports } = this.state;
    const token = (run << STAGE_BITS) | STAGE_DESTAGE_WRITE;
    const offset = ops.offset[run]!;
    if (ports.content !== null && ops.operation[run] === SAN_WRITE) {
      const ring = disk.ring;
      const end = ops.slot[run]! + ops.tag[run]!;
      for (let place = ops.slot[run]!; place < end; place++) {
        const at = (disk.batchFirst + (disk.batchKeys[place]! % PLACES)) & ring.mask;
        const within = ring.offset[at]! - offset;
        ports.content.writing(token, ring.payload[at]!, ring.payloadOffset[at]!, ring.bytes[at]!, within);
      }
    }
    const key = ops.key[run]!;
    ports.datastore.submit(ops.operation[run]!, disk.id, offset, ops.bytes[run]!, false, CAUSE_DESTAGE, token, key);
  }

  private complete(disk: VirtualDisk): void {
    const counters = this.state.counters;
    const nowNs = this.state.ports.clock.nowNs;
    const records = disk.batchLast - disk.batchFirst + 1;
    counters.batches++;
    counters.batchLengths[Math.min(BATCH_LENGTH_CLASSES - 1, 31 - Math.clz32(records))]!++;
    const toDestageNs = nowNs - disk.ring.appendedNs[disk.batchFirst & disk.ring.mask]!;
    if (toDestageNs > counters.timeToDestageNsMax) counters.timeToDestageNsMax = toDestageNs;
    disk.destaged = disk.batchLast;
    disk.measuredBytes += disk.batchLogBytes;
    disk.measuredNs += nowNs - disk.batchStartNs;
    if (disk.measuredNs >= RATE_WINDOW_NS) {
      const rate = disk.measuredBytes / disk.measuredNs;
      disk.destageRate = disk.destageRate === 0 ? rate : (disk.destageRate + rate) / 2;
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
