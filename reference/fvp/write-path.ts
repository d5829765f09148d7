/**
 * Writes. In write-through they go to the datastore, with a copy to flash in parallel; while logging they are
 * appended to the log and to every holder's, and are committed in order of sequence number once durable everywhere
 * (fvp-protocol.md 12.4-1, 12.4-7).
 *
 * Flow control: between two water marks of the disk's dirty quota writes are paced, so that near the high mark the
 * admitted rate equals the measured destage rate; at the quota they wait for a release.
 */
import type { Destager } from './destager.ts';
import {
  type HostState,
  PART_DATASTORE,
  PART_LOCAL_FLASH,
  PART_NETWORK_FLASH,
  PART_ORDER,
  PART_THROTTLE,
} from './host-state.ts';
import {
  BLOCK_BYTES,
  ENTRY_META,
  ENTRY_STAMP,
  ENTRY_WORDS,
  FULL_MASK,
  LEAF_BYTES,
  sectorMask,
} from './index/block-index.ts';
import { CLASS_DATASTORE_WRITE, CLASS_VM_WRITE } from './latency-classes.ts';
import {
  OVERLAPPING,
  PENDING_FAILED,
  PENDING_LOCAL,
  RECORD_APPENDED_BYTES,
  RECORD_APPENDED_NS,
  RECORD_BYTES,
  RECORD_DISCARD,
  RECORD_DURABLE_NS,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_LOG_SLOTS,
  RECORD_OFFSET,
  RECORD_OP,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_PENDING,
  RECORD_PREVIOUS,
  RECORD_SLOT,
  RECORD_SLOTS,
  RECORD_THROUGH,
  RECORD_WRITE,
  recordSlots,
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
  OP_PAYLOAD,
  OP_SEQUENCE,
  OP_SLOT,
  OP_START_NS,
  STAGE_LOG_APPEND,
  STAGE_THROUGH_CACHE,
  STAGE_THROUGH_SAN,
} from './op-table.ts';
import {
  CAUSE_GUEST,
  FLASH_FOR_GUEST,
  FLASH_WRITE,
  SAN_DISCARD,
  SAN_WRITE,
  STATUS_OK,
  STATUS_REFUSED,
  type Status,
} from './ports.ts';
import type { ReadPath } from './read-path.ts';
import type { Replicator } from './replication/replicator.ts';
import { TIMER_PUMP, timerOf } from './timers.ts';
import type { Member, VirtualDisk } from './virtual-disk.ts';

/** Bits of an op's `flags` on this path. */
export const WRITE_FUA = 1;

/** `operation` of a discard; kernel/io's number. */
const OPERATION_DISCARD = 3;

/** Retry of an append that found every bucket in use for a moment. @source assumed */
const BUCKET_RETRY_NS = 100_000;

/** Weight of an acknowledgement's time in a holder's smoothed one. @source assumed */
const ACK_WEIGHT = 1 / 32;

/** What the write path finds out and others act on. */
export interface WriteEvents {
  /** The last in-flight write of a disk that admits no newcomers is done. */
  quiet(disk: VirtualDisk): void;
  /** An append to this host's log failed. */
  logBroken(disk: VirtualDisk): void;
  /** A flash write of a disk that is no longer this host's is over. */
  appendOver(): void;
  /** The datastore refused a write: another host has the disk. */
  fenced(disk: VirtualDisk): void;
}

export class WritePath {
  private readonly state: HostState;
  private readonly reads: ReadPath;
  private readonly destager: Destager;
  private readonly replicator: Replicator;
  private readonly events: WriteEvents;
  /** Set by `point` and `invalidate`: a block of the range has a write in flight. */
  private overlaps = false;

  constructor(
    state: HostState,
    reads: ReadPath,
    destager: Destager,
    replicator: Replicator,
    events: WriteEvents,
  ) {
    this.state = state;
    this.reads = reads;
    this.destager = destager;
    this.replicator = replicator;
    this.events = events;
  }

  /** Starts a guest write or discard; `operation`, `offset`, `bytes`, `tag`, `key`, `payload`, `flags` are set. */
  submit(disk: VirtualDisk, op: number): void {
    const leased = this.state.ports.clock.nowNs < disk.leaseEndsNs;
    if (!disk.holding && leased && disk.queueHead < 0 && !this.paced(disk)) {
      if (!disk.logging) {
        this.writeThrough(disk, op);
        return;
      }
      // The part of the write already appended; a write larger than what may be dirty goes in piece by piece.
      this.state.ops.numbers[(op >> 2) + OP_SEQUENCE] = 0;
      if (this.appendAll(disk, op)) return;
    }
    this.enqueue(disk, op);
    this.pump(disk);
  }

  onTimer(disk: VirtualDisk): void {
    disk.pumpTimerSet = false;
    if (!disk.dead) this.pump(disk);
  }

  /** Admits waiting writes as far as flow control allows. */
  pump(disk: VirtualDisk): void {
    const ops = this.state.ops;
    const nowNs = this.state.ports.clock.nowNs;
    // Without a lease nothing is admitted; its renewal pumps again.
    if (nowNs >= disk.leaseEndsNs) return;
    while (disk.queueHead >= 0 && !disk.holding) {
      const op = disk.queueHead;
      if (disk.logging && this.paced(disk)) {
        if (disk.nextAdmitNs > nowNs) {
          this.setTimer(disk, disk.nextAdmitNs);
          return;
        }
        disk.nextAdmitNs = nowNs + this.paceNs(disk, ops.numbers[(op >> 2) + OP_BYTES]!);
      }
      if (disk.logging && !this.appendAll(disk, op)) return;
      disk.queueHead = ops.words[op + OP_NEXT]!;
      if (disk.queueHead < 0) disk.queueTail = -1;
      ops.words[op + OP_NEXT] = -1;
      const waitedNs = nowNs - ops.numbers[(op >> 2) + OP_START_NS]!;
      if (waitedNs > 0) {
        const counters = this.state.counters;
        counters.throttledWrites++;
        counters.throttledNs += waitedNs;
        if (waitedNs > counters.throttledNsMax) counters.throttledNsMax = waitedNs;
        this.state.waited(op, PART_THROTTLE, waitedNs);
      }
      if (!disk.logging) this.writeThrough(disk, op);
    }
  }

  // ---- while logging ----

  onLogAppend(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    const ring = disk.ring;
    disk.appending--;
    if (disk.dead) {
      ops.release(op);
      if (status === STATUS_OK && sequence >= ring.first)
        ring.words[ring.at(sequence) + RECORD_PENDING]! &= ~PENDING_LOCAL;
      this.events.appendOver();
      return;
    }
    const piece = ops.words[op + OP_PARENT]! >= 0;
    const at = ring.at(sequence);
    if (status === STATUS_OK) {
      const nowNs = this.state.ports.clock.nowNs;
      ring.numbers[at + RECORD_DURABLE_NS] = nowNs;
      if (!piece) this.state.waited(op, PART_LOCAL_FLASH, nowNs - ring.numbers[at + RECORD_APPENDED_NS]!);
    }
    if (piece) ops.release(op);
    if (status === STATUS_OK) {
      this.durable(disk, sequence, PENDING_LOCAL);
      return;
    }
    ring.words[at + RECORD_PENDING] = (ring.words[at + RECORD_PENDING]! & ~PENDING_LOCAL) | PENDING_FAILED;
    this.forgetAppend(disk, at);
    this.events.logBroken(disk);
    if (disk.throughCheckpoint) this.destager.kick(disk);
  }

  /** A peer has the record. */
  onReplica(disk: VirtualDisk, sequence: number, member: Member): void {
    const { ring } = disk;
    const at = ring.at(sequence);
    if ((ring.words[at + RECORD_PENDING]! & member.bit) === 0) return;
    const { counters, ports } = this.state;
    const ns = ports.clock.nowNs - ring.numbers[at + RECORD_APPENDED_NS]!;
    counters.replicaNs += ns;
    counters.replicaAcks++;
    // What is copied to a new holder is older than its stay.
    if (member.named) {
      member.ackNs += (ns - member.ackNs) * ACK_WEIGHT;
      this.replicator.acknowledged(disk, sequence, member, ns);
    }
    this.durable(disk, sequence, member.bit);
  }

  /** One more member has the record; a copy reported twice counts once. */
  private durable(disk: VirtualDisk, sequence: number, bit: number): void {
    const ring = disk.ring;
    const at = ring.at(sequence);
    const before = ring.words[at + RECORD_PENDING]!;
    if ((before & bit) === 0) return;
    ring.words[at + RECORD_PENDING] = before & ~bit;
    if ((before & ~bit & disk.required) !== 0) {
      if (bit === PENDING_LOCAL && disk.throughCheckpoint) this.destager.kick(disk);
      return;
    }
    const nowNs = this.state.ports.clock.nowNs;
    const op = ring.words[at + RECORD_OP]!;
    // Until now the column holds when local flash had the record.
    const replicaNs = nowNs - ring.numbers[at + RECORD_DURABLE_NS]!;
    if (op >= 0 && replicaNs > 0) this.state.waited(op, PART_NETWORK_FLASH, replicaNs);
    ring.numbers[at + RECORD_DURABLE_NS] = nowNs;
    if (sequence === disk.committed + 1) this.commit(disk);
  }

  /** Acknowledges, in order, every write that all members have. */
  commit(disk: VirtualDisk): void {
    const { counters, ports } = this.state;
    const ring = disk.ring;
    const { required } = disk;
    const nowNs = ports.clock.nowNs;
    if (nowNs >= disk.leaseEndsNs) return;
    let sequence = disk.committed + 1;
    while (sequence < ring.next) {
      const at = ring.at(sequence);
      if ((ring.words[at + RECORD_PENDING]! & required) !== 0) break;
      counters.logOrderNs += nowNs - ring.numbers[at + RECORD_DURABLE_NS]!;
      this.acknowledge(disk, at, PART_ORDER);
      sequence++;
    }
    this.committedThrough(disk, sequence - 1);
  }

  /** A durable checkpoint covers every write up to this one: they are acknowledged, whoever else has them (12.2). */
  commitThrough(disk: VirtualDisk, through: number): void {
    if (through <= disk.committed) return;
    for (let sequence = disk.committed + 1; sequence <= through; sequence++)
      this.acknowledge(disk, disk.ring.at(sequence), PART_DATASTORE);
    this.committedThrough(disk, through);
    // What follows may have been durable everywhere for a while.
    this.commit(disk);
  }

  /** @param part what the write has waited for since it was durable as far as it is */
  private acknowledge(disk: VirtualDisk, at: number, part: number): void {
    const { ports } = this.state;
    const ring = disk.ring;
    const op = ring.words[at + RECORD_OP]!;
    if (op < 0) return;
    const waitedNs = ports.clock.nowNs - ring.numbers[at + RECORD_DURABLE_NS]!;
    if (waitedNs > 0) this.state.waited(op, part, waitedNs);
    ring.words[at + RECORD_OP] = -1;
    this.state.complete(disk, op, STATUS_OK);
  }

  private committedThrough(disk: VirtualDisk, through: number): void {
    disk.committed = through;
    if (disk.waitingFor <= through) this.reads.wake(disk);
    this.destager.kick(disk);
    if (disk.holding && through === disk.ring.next - 1) this.events.quiet(disk);
  }

  /**
   * Appends the rest of a write to the log, one record for each leaf it touches.
   * @returns false when there is no room now; it goes on from there at the next call
   */
  private appendAll(disk: VirtualDisk, op: number): boolean {
    const ops = this.state.ops;
    if (ops.words[op + OP_OPERATION] === OPERATION_DISCARD)
      return this.append(
        disk,
        op,
        ops.numbers[(op >> 2) + OP_OFFSET]!,
        ops.numbers[(op >> 2) + OP_BYTES]!,
        true,
      );
    const end = ops.numbers[(op >> 2) + OP_OFFSET]! + ops.numbers[(op >> 2) + OP_BYTES]!;
    let at = ops.numbers[(op >> 2) + OP_OFFSET]! + ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    while (at < end) {
      const pieceEnd = Math.min(end, (Math.floor(at / LEAF_BYTES) + 1) * LEAF_BYTES);
      if (!this.append(disk, op, at, pieceEnd - at, pieceEnd === end)) {
        ops.numbers[(op >> 2) + OP_SEQUENCE] = at - ops.numbers[(op >> 2) + OP_OFFSET]!;
        return false;
      }
      at = pieceEnd;
    }
    return true;
  }

  private append(disk: VirtualDisk, guest: number, offset: number, bytes: number, last: boolean): boolean {
    const { ops, ports, options, counters } = this.state;
    const ring = disk.ring;
    const discard = ops.words[guest + OP_OPERATION] === OPERATION_DISCARD;
    const data = discard ? 0 : bytes;
    const slots = recordSlots(offset, data, options.recordHeaderBytes);
    const log = disk.log;
    if (disk.logBroken) return this.appendInMemory(disk, guest, offset, bytes, last);
    if (!log.hasRoom(slots) && log.heldBuckets >= this.state.logBuckets) return false;
    const sequence = ring.next;
    const slot = log.take(slots, sequence);
    if (slot < 0) {
      this.setTimer(disk, ports.clock.nowNs + BUCKET_RETRY_NS);
      return false;
    }
    const at = ring.place(sequence);
    let op = guest;
    if (!last) {
      op = ops.allocate();
      ops.words[op + OP_DISK] = disk.local;
      ops.words[op + OP_PARENT] = guest;
      ops.words[op + OP_KEY] = ops.words[guest + OP_KEY]!;
    }
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ring.words[at + RECORD_KIND] = discard ? RECORD_DISCARD : RECORD_WRITE;
    ring.words[at + RECORD_SLOT] = slot;
    ring.words[at + RECORD_SLOTS] = slots;
    ring.numbers[at + RECORD_OFFSET] = offset;
    ring.numbers[at + RECORD_BYTES] = bytes;
    ring.words[at + RECORD_KEY] = ops.words[guest + OP_KEY]!;
    ring.words[at + RECORD_PAYLOAD] = ops.words[guest + OP_PAYLOAD]!;
    ring.numbers[at + RECORD_PAYLOAD_OFFSET] = offset - ops.numbers[(guest >> 2) + OP_OFFSET]!;
    ring.words[at + RECORD_PENDING] = disk.copies;
    ring.words[at + RECORD_OP] = last ? guest : -1;
    ring.numbers[at + RECORD_APPENDED_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_DURABLE_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_PREVIOUS] = discard
      ? this.invalidate(disk, offset, bytes, sequence, true)
      : this.point(disk, offset, bytes, slot, sequence);
    const slotBytes = slots * BLOCK_BYTES;
    this.state.appendedBytes += bytes;
    ring.numbers[at + RECORD_APPENDED_BYTES] = this.state.appendedBytes;
    disk.logSlots += slots;
    ring.numbers[at + RECORD_LOG_SLOTS] = disk.logSlots;
    disk.dirtyBytes += slotBytes;
    this.state.dirtyBytes += slotBytes;
    if (this.state.dirtyBytes > this.state.dirtyBytesMax) this.state.dirtyBytesMax = this.state.dirtyBytes;
    counters.headerBytes += slotBytes - data;

    const token = op | STAGE_LOG_APPEND;
    disk.appending++;
    if (ports.medium !== null) this.describe(disk, token, sequence);
    if (ports.content !== null && !discard) {
      ports.content.writing(
        token,
        ring.words[at + RECORD_PAYLOAD]!,
        ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
        bytes,
        offset & (BLOCK_BYTES - 1),
      );
    }
    ports.flash!.submit(
      FLASH_WRITE,
      slot * BLOCK_BYTES,
      slotBytes,
      FLASH_FOR_GUEST,
      token,
      ring.words[at + RECORD_KEY]!,
    );
    if (disk.members.length !== 0) this.replicator.append(disk, sequence);
    return true;
  }

  /** Says of a record what its header on flash says. */
  private describe(disk: VirtualDisk, token: number, sequence: number): void {
    const ring = disk.ring;
    const at = ring.at(sequence);
    this.state.ports.medium!.record(token, disk.id, {
      epoch: disk.epoch,
      sequence,
      kind: ring.words[at + RECORD_KIND]!,
      offset: ring.numbers[at + RECORD_OFFSET]!,
      bytes: ring.numbers[at + RECORD_BYTES]!,
      slot: ring.words[at + RECORD_SLOT]!,
      slots: ring.words[at + RECORD_SLOTS]!,
      key: ring.words[at + RECORD_KEY]!,
      payload: ring.words[at + RECORD_PAYLOAD]!,
      payloadOffset: ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
      committedThrough: disk.committed,
      releasedThrough: disk.checkpoint,
    });
  }

  /**
   * This host's log is broken: the write stays in the guest's memory, goes to the other members, and is acknowledged
   * when a checkpoint covers it.
   */
  private appendInMemory(
    disk: VirtualDisk,
    guest: number,
    offset: number,
    bytes: number,
    last: boolean,
  ): boolean {
    const { ops, ports } = this.state;
    const ring = disk.ring;
    const sequence = ring.next;
    const at = ring.place(sequence);
    const discard = ops.words[guest + OP_OPERATION] === OPERATION_DISCARD;
    ring.words[at + RECORD_KIND] = discard ? RECORD_DISCARD : RECORD_WRITE;
    ring.words[at + RECORD_SLOT] = -1;
    ring.words[at + RECORD_SLOTS] = 0;
    ring.words[at + RECORD_KEY] = ops.words[guest + OP_KEY]!;
    ring.words[at + RECORD_PAYLOAD] = ops.words[guest + OP_PAYLOAD]!;
    ring.words[at + RECORD_PENDING] = (disk.copies & ~PENDING_LOCAL) | PENDING_FAILED;
    ring.words[at + RECORD_OP] = last ? guest : -1;
    ring.numbers[at + RECORD_OFFSET] = offset;
    ring.numbers[at + RECORD_BYTES] = bytes;
    ring.numbers[at + RECORD_PAYLOAD_OFFSET] = offset - ops.numbers[(guest >> 2) + OP_OFFSET]!;
    ring.numbers[at + RECORD_APPENDED_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_DURABLE_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_APPENDED_BYTES] = Number.NEGATIVE_INFINITY;
    ring.numbers[at + RECORD_LOG_SLOTS] = disk.logSlots;
    ring.numbers[at + RECORD_PREVIOUS] = this.invalidate(disk, offset, bytes, sequence, discard);
    if (disk.members.length !== 0) this.replicator.append(disk, sequence);
    this.destager.kick(disk);
    return true;
  }

  /**
   * Takes a record of a recovered log into the index: `RECORD_SLOT` says where its data lies here, -1 for nowhere.
   * Records are loaded in order.
   */
  load(disk: VirtualDisk, sequence: number): void {
    const { options, ports } = this.state;
    const ring = disk.ring;
    const at = ring.at(sequence);
    const offset = ring.numbers[at + RECORD_OFFSET]!;
    const bytes = ring.numbers[at + RECORD_BYTES]!;
    const slot = ring.words[at + RECORD_SLOT]!;
    const discard = ring.words[at + RECORD_KIND] === RECORD_DISCARD;
    const slots = slot < 0 ? 0 : recordSlots(offset, discard ? 0 : bytes, options.recordHeaderBytes);
    ring.words[at + RECORD_SLOTS] = slots;
    ring.words[at + RECORD_PENDING] = 0;
    ring.words[at + RECORD_OP] = -1;
    ring.numbers[at + RECORD_APPENDED_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_DURABLE_NS] = ports.clock.nowNs;
    ring.numbers[at + RECORD_APPENDED_BYTES] = Number.NEGATIVE_INFINITY;
    disk.logSlots += slots;
    ring.numbers[at + RECORD_LOG_SLOTS] = disk.logSlots;
    disk.dirtyBytes += slots * BLOCK_BYTES;
    this.state.dirtyBytes += slots * BLOCK_BYTES;
    ring.numbers[at + RECORD_PREVIOUS] =
      discard || slot < 0
        ? this.invalidate(disk, offset, bytes, sequence, discard)
        : this.point(disk, offset, bytes, slot, sequence);
  }

  /** The disk is another host's now: everything its guests wait for here is dropped. */
  abandon(disk: VirtualDisk): void {
    const ops = this.state.ops;
    this.reads.abandon(disk);
    for (const head of [disk.queueHead, disk.withheld]) {
      for (let op = head; op >= 0; ) {
        const next = ops.words[op + OP_NEXT]!;
        ops.release(op);
        op = next;
      }
    }
    disk.queueHead = -1;
    disk.queueTail = -1;
    disk.withheld = -1;
    if (!disk.logging) return;
    const ring = disk.ring;
    for (let sequence = disk.committed + 1; sequence < ring.next; sequence++) {
      const at = ring.at(sequence);
      const op = ring.words[at + RECORD_OP]!;
      ring.words[at + RECORD_OP] = -1;
      // While its flash write is under way the request comes back by itself.
      if (op >= 0 && (ring.words[at + RECORD_PENDING]! & PENDING_LOCAL) === 0) ops.release(op);
    }
  }

  /** Points the index at a write's data, stamps its blocks, and sets `overlaps`. @returns the newest earlier write to any of its blocks */
  private point(disk: VirtualDisk, offset: number, bytes: number, slot: number, sequence: number): number {
    const index = disk.index;
    const generation = this.state.buckets.generation[slot >>> this.state.buckets.slotShift]!;
    let position = index.ensure(offset);
    const words = index.words;
    const end = offset + bytes;
    let previous = 0;
    this.overlaps = false;
    let at = offset;
    let next = slot;
    while (at < end) {
      const stamp = words[position + ENTRY_STAMP]!;
      if (stamp > previous) previous = stamp;
      if (stamp > disk.committed && disk.ring.isUnsettled(stamp)) this.overlaps = true;
      const from = at & (BLOCK_BYTES - 1);
      const left = end - at;
      words[position + ENTRY_STAMP] = sequence;
      if (from === 0 && left >= BLOCK_BYTES && words[position + ENTRY_META]! <= FULL_MASK) {
        words[position] = next;
        words[position + 1] = generation;
        words[position + ENTRY_META] = FULL_MASK;
        at += BLOCK_BYTES;
      } else {
        const to = from + left < BLOCK_BYTES ? from + left : BLOCK_BYTES;
        index.set(position, next, generation, sectorMask(from, to));
        at += to - from;
      }
      position += ENTRY_WORDS;
      next++;
    }
    return previous;
  }

  private paced(disk: VirtualDisk): boolean {
    return disk.logging && this.dirtyBytes(disk) >= disk.limitBytes * this.state.options.lowWater;
  }

  /** Dirty log bytes; the buckets they pin where that is more (large records leave a bucket's end empty). */
  private dirtyBytes(disk: VirtualDisk): number {
    const pinned = (disk.log.heldBuckets - 1) * this.state.options.bucketBytes;
    return pinned > disk.dirtyBytes ? pinned : disk.dirtyBytes;
  }

  /**
   * Time that the admission of `bytes` takes at the present fill: nothing at the low mark, as long as destaging them
   * at the high mark, and twice that above it, where the backlog must shrink.
   */
  private paceNs(disk: VirtualDisk, bytes: number): number {
    const { options } = this.state;
    if (disk.destageRate === 0) return 0;
    const limit = disk.limitBytes;
    const low = limit * options.lowWater;
    const high = limit * options.highWater;
    const fill = (this.dirtyBytes(disk) - low) / (high - low);
    const logBytes = bytes + BLOCK_BYTES;
    return Math.floor((logBytes / disk.destageRate) * Math.min(2, Math.max(0, fill)));
  }

  private enqueue(disk: VirtualDisk, op: number): void {
    const ops = this.state.ops;
    ops.numbers[(op >> 2) + OP_START_NS] = this.state.ports.clock.nowNs;
    if (disk.queueTail < 0) disk.queueHead = op;
    else ops.words[disk.queueTail + OP_NEXT] = op;
    disk.queueTail = op;
  }

  private setTimer(disk: VirtualDisk, timeNs: number): void {
    if (disk.pumpTimerSet) return;
    disk.pumpTimerSet = true;
    this.state.ports.timer.set(timeNs, timerOf(TIMER_PUMP, disk.local));
  }

  // ---- write-through ----

  /**
   * To the datastore, and to flash in parallel; acknowledged when the datastore has it. The index points at the new
   * copy at once, but reads go by it only when both are done: until then they find the block's stamp in flight and ask
   * the datastore. A write that overlaps one in flight is not cached at all: which of the two the datastore keeps is
   * its choice (12.4-6).
   */
  private writeThrough(disk: VirtualDisk, op: number): void {
    const { ops, ports } = this.state;
    const ring = disk.ring;
    const sequence = ring.next;
    const at = ring.place(sequence);
    const offset = ops.numbers[(op >> 2) + OP_OFFSET]!;
    const bytes = ops.numbers[(op >> 2) + OP_BYTES]!;
    const discard = ops.words[op + OP_OPERATION] === OPERATION_DISCARD;
    ring.words[at + RECORD_KIND] = RECORD_THROUGH;
    ring.words[at + RECORD_PENDING] = 1;
    ring.words[at + RECORD_OP] = -1;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ops.numbers[(op >> 2) + OP_START_NS] = ports.clock.nowNs;
    let copy = -1;
    if (discard || !this.state.hasFlash || this.state.classes.isDegraded(CLASS_VM_WRITE, ports.clock.nowNs)) {
      this.invalidate(disk, offset, bytes, sequence, discard);
      if (this.overlaps) ring.words[at + RECORD_OP] = OVERLAPPING;
    } else copy = this.pointThrough(disk, op, sequence);
    const token = op | STAGE_THROUGH_SAN;
    const key = ops.words[op + OP_KEY]!;
    const payload = ops.words[op + OP_PAYLOAD]!;
    if (ports.content !== null && !discard) ports.content.writing(token, payload, 0, bytes, 0);
    const fua = (ops.words[op + OP_FLAGS]! & WRITE_FUA) !== 0;
    const operation = discard ? SAN_DISCARD : SAN_WRITE;
    ports.datastore.submit(operation, disk.id, offset, bytes, fua, CAUSE_GUEST, token, key);
    while (copy >= 0) {
      const from = ops.numbers[(copy >> 2) + OP_OFFSET]!;
      const length = ops.numbers[(copy >> 2) + OP_BYTES]!;
      const address = ops.words[copy + OP_SLOT]! * BLOCK_BYTES;
      const within = from & (BLOCK_BYTES - 1);
      const flashBytes = (within + length + BLOCK_BYTES - 1) & -BLOCK_BYTES;
      const copyToken = copy | STAGE_THROUGH_CACHE;
      if (ports.content !== null) ports.content.writing(copyToken, payload, from - offset, length, within);
      ports.flash!.submit(FLASH_WRITE, address, flashBytes, FLASH_FOR_GUEST, copyToken, key);
      copy = ops.words[copy + OP_NEXT]!;
    }
  }

  /**
   * Gives each leaf's part of a write a place in flash and points the index at it.
   * @returns the first of the copies to be written, linked; -1 for none
   */
  private pointThrough(disk: VirtualDisk, op: number, sequence: number): number {
    const { ops, buckets } = this.state;
    const ring = disk.ring;
    const at = ring.at(sequence);
    const offset = ops.numbers[(op >> 2) + OP_OFFSET]!;
    const end = offset + ops.numbers[(op >> 2) + OP_BYTES]!;
    let first = -1;
    let from = offset;
    while (from < end) {
      const pieceEnd = Math.min(end, (Math.floor(from / LEAF_BYTES) + 1) * LEAF_BYTES);
      const slots = ((from & (BLOCK_BYTES - 1)) + (pieceEnd - from) + BLOCK_BYTES - 1) >>> 12;
      const slot = disk.clean.take(slots, 0);
      if (slot < 0) {
        this.invalidate(disk, from, pieceEnd - from, sequence, false);
        if (this.overlaps) ring.words[at + RECORD_OP] = OVERLAPPING;
      } else {
        this.point(disk, from, pieceEnd - from, slot, sequence);
        if (this.overlaps) {
          ring.words[at + RECORD_OP] = OVERLAPPING;
          this.invalidate(disk, from, pieceEnd - from, sequence, false);
        } else {
          buckets.pins[slot >>> buckets.slotShift]!++;
          ring.words[at + RECORD_PENDING]!++;
          const copy = ops.allocate();
          ops.words[copy + OP_DISK] = disk.local;
          ops.words[copy + OP_SLOT] = slot;
          ops.numbers[(copy >> 2) + OP_OFFSET] = from;
          ops.numbers[(copy >> 2) + OP_BYTES] = pieceEnd - from;
          ops.numbers[(copy >> 2) + OP_SEQUENCE] = sequence;
          ops.numbers[(copy >> 2) + OP_START_NS] = this.state.ports.clock.nowNs;
          ops.words[copy + OP_NEXT] = first;
          first = copy;
        }
      }
      from = pieceEnd;
    }
    return first;
  }

  onThroughSan(disk: VirtualDisk, op: number, status: Status): void {
    const waitedNs = this.state.ports.clock.nowNs - this.state.ops.numbers[(op >> 2) + OP_START_NS]!;
    this.state.waited(op, PART_DATASTORE, waitedNs);
    // Not what waits for a checkpoint: only what the datastore itself takes.
    this.state.classes.sample(CLASS_DATASTORE_WRITE, waitedNs, this.state.ports.clock.nowNs);
    this.finishThrough(disk, op, status, true);
    if (status === STATUS_REFUSED && !disk.dead) this.events.fenced(disk);
  }

  onThroughCache(disk: VirtualDisk, copy: number, status: Status): void {
    const { ops, buckets, classes, ports } = this.state;
    const { nowNs } = ports.clock;
    classes.sample(CLASS_VM_WRITE, nowNs - ops.numbers[(copy >> 2) + OP_START_NS]!, nowNs);
    buckets.pins[ops.words[copy + OP_SLOT]! >>> buckets.slotShift]!--;
    this.finishThrough(disk, copy, status, false);
  }

  /** The datastore's or flash's part of a write is over; a failed one leaves nothing in the cache. */
  private finishThrough(disk: VirtualDisk, op: number, status: Status, guest: boolean): void {
    const ops = this.state.ops;
    const ring = disk.ring;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    if (status !== STATUS_OK) {
      this.forget(disk, ops.numbers[(op >> 2) + OP_OFFSET]!, ops.numbers[(op >> 2) + OP_BYTES]!, sequence);
    }
    if (!guest || disk.dead) ops.release(op);
    else this.state.complete(disk, op, status);
    if (disk.dead) return;
    if (--ring.words[ring.at(sequence) + RECORD_PENDING]! !== 0 || sequence !== disk.committed + 1) return;
    let done = sequence + 1;
    while (done < ring.next && ring.words[ring.at(done) + RECORD_PENDING] === 0) done++;
    disk.committed = done - 1;
    ring.first = done;
    if (disk.holding && done === ring.next) this.events.quiet(disk);
  }

  /**
   * The append of a record failed: drops what the index has of it. What later writes have put beside it stays: they may
   * commit, and be read, before a checkpoint covers them.
   */
  private forgetAppend(disk: VirtualDisk, at: number): void {
    const { index, ring } = disk;
    const offset = ring.numbers[at + RECORD_OFFSET]!;
    const start = offset - (offset & (BLOCK_BYTES - 1));
    const end = offset + ring.numbers[at + RECORD_BYTES]!;
    for (let block = start, slot = ring.words[at + RECORD_SLOT]!; block < end; block += BLOCK_BYTES, slot++) {
      const position = index.find(block);
      if (position >= 0) index.clear(position, index.maskIn(position, slot));
    }
  }

  /**
   * The flash or datastore copy of a write-through write failed: drops what is cached of its blocks, with what later
   * writes have put beside it. The datastore has all of it.
   */
  private forget(disk: VirtualDisk, offset: number, bytes: number, sequence: number): void {
    const index = disk.index;
    for (let at = offset - (offset & (BLOCK_BYTES - 1)); at < offset + bytes; at += BLOCK_BYTES) {
      const position = index.find(at);
      if (position >= 0 && index.words[position + ENTRY_STAMP]! >= sequence) index.clear(position, FULL_MASK);
    }
  }

  /**
   * Drops the cached copies of a range, stamps its blocks, and sets `overlaps`. Where a discard finds no leaf it makes
   * none: nothing is cached there, and what a discarded block holds until it is written again is undefined.
   * @returns the newest earlier write to any of its blocks
   */
  private invalidate(
    disk: VirtualDisk,
    offset: number,
    bytes: number,
    sequence: number,
    discard: boolean,
  ): number {
    const index = disk.index;
    const end = offset + bytes;
    let previous = 0;
    let at = offset;
    this.overlaps = false;
    while (at < end) {
      const leafEnd = Math.min(end, (Math.floor(at / LEAF_BYTES) + 1) * LEAF_BYTES);
      let position = discard ? index.find(at) : index.ensure(at);
      if (position < 0) {
        at = leafEnd;
        continue;
      }
      while (at < leafEnd) {
        const from = at & (BLOCK_BYTES - 1);
        const blockEnd = Math.min(leafEnd, at - from + BLOCK_BYTES);
        const stamp = index.words[position + ENTRY_STAMP]!;
        if (stamp > previous) previous = stamp;
        if (stamp > disk.committed && disk.ring.isUnsettled(stamp)) this.overlaps = true;
        index.words[position + ENTRY_STAMP] = sequence;
        if (index.words[position + ENTRY_META] !== 0)
          index.clear(position, sectorMask(from, from + (blockEnd - at)));
        at = blockEnd;
        position += ENTRY_WORDS;
      }
    }
    return previous;
  }
}
