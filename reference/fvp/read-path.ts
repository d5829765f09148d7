/**
 * Reads: flash where every sector wanted is there, the datastore where it is not, both at once where a read is mixed;
 * what the datastore delivers is copied into flash on the way ("false write", fvp-protocol.md 2.3).
 *
 * A read never returns an uncommitted write: it waits for the commit (12.4-11). A fill is dropped for each block that
 * was written at any time between the read's issue and the fill's completion (12.4-12).
 */
import {
  type HostState,
  PART_DATASTORE,
  PART_LOCAL_FLASH,
  PART_NETWORK_FLASH,
  PART_ORDER,
} from './host-state.ts';
import {
  BLOCK_BYTES,
  ENTRY_GENERATION,
  ENTRY_META,
  ENTRY_SLOT,
  ENTRY_STAMP,
  ENTRY_WORDS,
  FULL_MASK,
  LEAF_BYTES,
  sectorMask,
} from './index/block-index.ts';
import { CLASS_LOCAL_READ, CLASS_POPULATE, CLASS_REMOTE_READ } from './latency-classes.ts';
import { RECORD_BYTES, RECORD_OFFSET } from './log/record-ring.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_FLAGS,
  OP_KEY,
  OP_NEXT,
  OP_OFFSET,
  OP_PARENT,
  OP_PAYLOAD,
  OP_PENDING,
  OP_SEQUENCE,
  OP_SLOT,
  OP_START_NS,
  STAGE_FILL,
  STAGE_READ_FLASH,
  STAGE_READ_SAN,
} from './op-table.ts';
import {
  CAUSE_GUEST,
  FLASH_FOR_POPULATE,
  FLASH_READ,
  FLASH_WRITE,
  SAN_READ,
  STATUS_CORRUPT,
  STATUS_ERROR,
  STATUS_OK,
  STATUS_REFUSED,
  type Status,
} from './ports.ts';
import type { Questions } from './recovery/questions.ts';
import { STATE_OFF, STATE_WT_NOFLASH, UNREADABLE_MOST, type VirtualDisk } from './virtual-disk.ts';

const FROM_SAN = -1;

export class ReadPath {
  private readonly state: HostState;
  private readonly questions: Questions;
  /** Called when dirty data can be read nowhere; `isSilent`: a holder that does not answer may have it. */
  private readonly onUnreadable: (disk: VirtualDisk, isSilent: boolean) => void;
  /** The runs of the read being taken apart: consecutive bytes from one source. */
  private runCount = 0;
  private runOffset = new Float64Array(64);
  private runBytes = new Float64Array(64);
  /** Flash address, or FROM_SAN. */
  private runAddress = new Float64Array(64);
  private runBucket = new Int32Array(64);

  constructor(
    state: HostState,
    questions: Questions,
    onUnreadable: (disk: VirtualDisk, isSilent: boolean) => void,
  ) {
    this.state = state;
    this.questions = questions;
    this.onUnreadable = onUnreadable;
  }

  /** Starts a guest read; `offset`, `bytes`, `tag`, `key` and `payload` of `op` are set. */
  submit(disk: VirtualDisk, op: number): void {
    const ops = this.state.ops;
    if (disk.state === STATE_OFF || disk.state === STATE_WT_NOFLASH) {
      ops.words[op + OP_PENDING] = 1;
      this.readMiss(disk, op, op, ops.numbers[(op >> 2) + OP_OFFSET]!, ops.numbers[(op >> 2) + OP_BYTES]!);
      return;
    }
    const newest = this.takeApart(
      disk,
      ops.numbers[(op >> 2) + OP_OFFSET]!,
      ops.numbers[(op >> 2) + OP_BYTES]!,
    );
    if (disk.logging && newest > disk.committed) {
      this.park(disk, op, newest);
      return;
    }
    const { ports, classes } = this.state;
    const nowNs = ports.clock.nowNs;
    const waitedNs = nowNs - ops.numbers[(op >> 2) + OP_START_NS]!;
    if (waitedNs > 0) {
      this.state.waited(op, PART_ORDER, waitedNs);
      ops.numbers[(op >> 2) + OP_START_NS] = nowNs;
    }
    if (classes.isDegraded(CLASS_LOCAL_READ, nowNs) && (!disk.logging || newest <= disk.checkpoint)) {
      ops.words[op + OP_PENDING] = 1;
      this.readMiss(disk, op, op, ops.numbers[(op >> 2) + OP_OFFSET]!, ops.numbers[(op >> 2) + OP_BYTES]!);
      return;
    }
    const runs = this.runCount;
    ops.words[op + OP_PENDING] = runs;
    if (runs === 1) this.issue(disk, op, op, 0);
    else this.issueRuns(disk, op, op);
  }

  /** Sends the runs of `op`, each as a request of its own for its guest's. */
  private issueRuns(disk: VirtualDisk, guest: number, op: number): void {
    const ops = this.state.ops;
    const runs = this.runCount;
    for (let run = 0; run < runs; run++) {
      const child = ops.allocate();
      ops.words[child + OP_DISK] = ops.words[op + OP_DISK]!;
      ops.numbers[(child >> 2) + OP_OFFSET] = this.runOffset[run]!;
      ops.numbers[(child >> 2) + OP_BYTES] = this.runBytes[run]!;
      ops.words[child + OP_KEY] = ops.words[op + OP_KEY]! + run;
      ops.words[child + OP_PAYLOAD] = ops.words[op + OP_PAYLOAD]!;
      ops.words[child + OP_PARENT] = guest;
      this.issue(disk, guest, child, run);
    }
  }

  /** Looks anew where a part of a read is to come from. */
  private route(disk: VirtualDisk, guest: number, part: number): void {
    const ops = this.state.ops;
    const newest = this.takeApart(
      disk,
      ops.numbers[(part >> 2) + OP_OFFSET]!,
      ops.numbers[(part >> 2) + OP_BYTES]!,
    );
    // What an append that failed has taken from the index is on the datastore only when a checkpoint covers it.
    if (disk.logging && newest > disk.committed) {
      this.park(disk, part, newest);
      return;
    }
    ops.words[guest + OP_PENDING]! += this.runCount - 1;
    this.issueRuns(disk, guest, part);
    ops.release(part);
  }

  onFlash(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    this.state.buckets.pins[ops.words[op + OP_SLOT]!]!--;
    if (status === STATUS_OK || disk.dead) {
      disk.unreadable = 0;
      this.finish(disk, op, status, PART_LOCAL_FLASH);
      return;
    }
    if (status === STATUS_CORRUPT) this.state.counters.corruptReads++;
    this.readElsewhere(disk, op, status);
  }

  onSan(disk: VirtualDisk, op: number, status: Status, part = PART_DATASTORE): void {
    if (
      status === STATUS_OK &&
      this.state.options.populate &&
      disk.state !== STATE_OFF &&
      !disk.dead &&
      this.state.hasFlash &&
      this.mayPopulate()
    ) {
      this.fill(disk, op);
    }
    this.finish(disk, op, status, part);
  }

  /** Nothing is copied into a flash that is slow to take it, or to give it back. */
  private mayPopulate(): boolean {
    const { classes, ports } = this.state;
    const { nowNs } = ports.clock;
    return !classes.isDegraded(CLASS_POPULATE, nowNs) && !classes.isDegraded(CLASS_LOCAL_READ, nowNs);
  }

  onFill(disk: VirtualDisk, op: number, status: Status): void {
    const { ops, buckets, classes, ports } = this.state;
    const { nowNs } = ports.clock;
    classes.sample(CLASS_POPULATE, nowNs - ops.numbers[(op >> 2) + OP_START_NS]!, nowNs);
    let slot = ops.words[op + OP_SLOT]!;
    const bucket = slot >>> buckets.slotShift;
    buckets.pins[bucket]!--;
    if (status === STATUS_OK && !disk.dead) {
      const generation = buckets.generation[bucket]!;
      const barrier = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
      const end = ops.numbers[(op >> 2) + OP_OFFSET]! + ops.numbers[(op >> 2) + OP_BYTES]!;
      let at = ops.numbers[(op >> 2) + OP_OFFSET]!;
      let position = disk.index.ensure(at);
      let dropped = false;
      while (at < end) {
        const from = at & (BLOCK_BYTES - 1);
        const blockEnd = Math.min(end, at - from + BLOCK_BYTES);
        if (disk.index.words[position + ENTRY_STAMP]! < barrier) {
          disk.index.set(position, slot, generation, sectorMask(from, from + (blockEnd - at)));
        } else dropped = true;
        at = blockEnd;
        position += ENTRY_WORDS;
        slot++;
      }
      if (dropped) this.state.counters.droppedFills++;
    }
    ops.release(op);
  }

  /**
   * Starts to read a range of a disk's clean cache for another host.
   * @param op parent of the reads; `OP_PENDING` says how many there are
   * @param stage of their tokens
   * @returns false when some of it is not in flash here
   */
  readCached(disk: VirtualDisk, op: number, offset: number, bytes: number, stage: number): boolean {
    const { ops, buckets, ports } = this.state;
    this.takeApart(disk, offset, bytes);
    for (let run = 0; run < this.runCount; run++) if (this.runAddress[run] === FROM_SAN) return false;
    ops.words[op + OP_PENDING] = this.runCount;
    for (let run = 0; run < this.runCount; run++) {
      const child = ops.allocate();
      const bucket = this.runBucket[run]!;
      ops.words[child + OP_DISK] = disk.local;
      ops.words[child + OP_PARENT] = op;
      ops.words[child + OP_SLOT] = bucket;
      buckets.pins[bucket]!++;
      buckets.referenced[bucket] = 1;
      const token = child | stage;
      const payloadOffset = ops.numbers[(op >> 2) + OP_SEQUENCE]! + this.runOffset[run]! - offset;
      ports.content?.reading(token, ops.words[op + OP_PAYLOAD]!, payloadOffset, this.runBytes[run]!);
      ports.flash!.submit(
        FLASH_READ,
        this.runAddress[run]!,
        this.runBytes[run]!,
        CAUSE_GUEST,
        token,
        ops.words[op + OP_KEY]!,
      );
    }
    return true;
  }

  /** Writes up to `disk.committed` are committed: lets the reads go that waited for them. */
  wake(disk: VirtualDisk): void {
    const ops = this.state.ops;
    let op = disk.waitingReads;
    disk.waitingReads = -1;
    disk.waitingFor = Number.POSITIVE_INFINITY;
    while (op >= 0) {
      const next = ops.words[op + OP_NEXT]!;
      ops.words[op + OP_NEXT] = -1;
      const parent = ops.words[op + OP_PARENT]!;
      if (ops.numbers[(op >> 2) + OP_SEQUENCE]! <= disk.committed) {
        if (parent < 0) this.submit(disk, op);
        else this.route(disk, parent, op);
      } else this.park(disk, op, ops.numbers[(op >> 2) + OP_SEQUENCE]!);
      op = next;
    }
  }

  /** The disk is another host's now: drops the reads that wait for a commit. */
  abandon(disk: VirtualDisk): void {
    const ops = this.state.ops;
    for (let op = disk.waitingReads; op >= 0; ) {
      const next = ops.words[op + OP_NEXT]!;
      const parent = ops.words[op + OP_PARENT]!;
      ops.release(op);
      if (parent >= 0 && --ops.words[parent + OP_PENDING]! === 0) ops.release(parent);
      op = next;
    }
    disk.waitingReads = -1;
  }

  private park(disk: VirtualDisk, op: number, sequence: number): void {
    const ops = this.state.ops;
    if (ops.numbers[(op >> 2) + OP_SEQUENCE] === 0) this.state.counters.waitedReads++;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ops.words[op + OP_NEXT] = disk.waitingReads;
    disk.waitingReads = op;
    if (sequence < disk.waitingFor) disk.waitingFor = sequence;
  }

  private issue(disk: VirtualDisk, guest: number, op: number, run: number): void {
    const address = this.runAddress[run]!;
    if (address === FROM_SAN) {
      this.readMiss(disk, guest, op, this.runOffset[run]!, this.runBytes[run]!);
      return;
    }
    const { ops, buckets, ports, counters } = this.state;
    const bucket = this.runBucket[run]!;
    const bytes = this.runBytes[run]!;
    buckets.pins[bucket]!++;
    buckets.referenced[bucket] = 1;
    ops.words[op + OP_SLOT] = bucket;
    counters.hitBytes += bytes;
    const token = op | STAGE_READ_FLASH;
    if (ports.content !== null) {
      ports.content.reading(
        token,
        ops.words[op + OP_PAYLOAD]!,
        this.runOffset[run]! - ops.numbers[(guest >> 2) + OP_OFFSET]!,
        bytes,
      );
    }
    ports.flash!.submit(FLASH_READ, address, bytes, CAUSE_GUEST, token, ops.words[op + OP_KEY]!);
  }

  /** Reads what is not in flash here: from the former host's clean cache where that may be, else the datastore. */
  private readMiss(disk: VirtualDisk, guest: number, op: number, offset: number, bytes: number): void {
    const { ops, classes, ports } = this.state;
    const { nowNs } = ports.clock;
    if (
      disk.remoteHost < 0 ||
      classes.isDegraded(CLASS_REMOTE_READ, nowNs) ||
      !this.mayBeRemote(disk, offset, bytes)
    ) {
      this.readSan(disk, guest, op, offset, bytes);
      return;
    }
    const barrier = this.barrier(disk);
    ops.numbers[(op >> 2) + OP_SEQUENCE] = barrier;
    const payloadOffset = offset - ops.numbers[(guest >> 2) + OP_OFFSET]!;
    this.questions.read(disk, offset, bytes, ops.words[op + OP_PAYLOAD]!, payloadOffset, (status) => {
      if (disk.dead) this.finish(disk, op, STATUS_ERROR, PART_NETWORK_FLASH);
      else if (status === STATUS_OK) this.onSan(disk, op, STATUS_OK, PART_NETWORK_FLASH);
      else {
        classes.sample(CLASS_REMOTE_READ, ports.clock.nowNs - nowNs, ports.clock.nowNs);
        this.readSan(disk, guest, op, offset, bytes, barrier);
      }
    });
  }

  /** The former host's copy of a block is as good as its own was, until the block is written here (12.4-13). */
  private mayBeRemote(disk: VirtualDisk, offset: number, bytes: number): boolean {
    if (this.state.ports.clock.nowNs >= disk.remoteUntilNs) {
      disk.remoteHost = -1;
      return false;
    }
    const start = offset - (offset & (BLOCK_BYTES - 1));
    for (let at = start; at < offset + bytes; at += BLOCK_BYTES) {
      const position = disk.index.find(at);
      if (position >= 0 && disk.index.words[position + ENTRY_STAMP]! >= disk.remoteFrom) return false;
    }
    return true;
  }

  /**
   * Flash could not deliver. What is clean comes from the datastore; of dirty data each part comes from a holder of the
   * newest committed record that wrote it, never from the datastore (12.4-11, 12.4-16).
   */
  private readElsewhere(disk: VirtualDisk, op: number, failure: Status): void {
    const ops = this.state.ops;
    const parent = ops.words[op + OP_PARENT]!;
    const guest = parent < 0 ? op : parent;
    const start = ops.numbers[(op >> 2) + OP_OFFSET]!;
    const end = start + ops.numbers[(op >> 2) + OP_BYTES]!;
    // Held above zero until every part is out.
    ops.words[guest + OP_PENDING]!++;
    let at = start;
    while (at < end) {
      const sequence = this.newestRecord(disk, at);
      let partEnd = at + 512;
      while (partEnd < end && this.newestRecord(disk, partEnd) === sequence) partEnd += 512;
      const part = ops.allocate();
      ops.words[part + OP_DISK] = ops.words[op + OP_DISK]!;
      ops.words[part + OP_KEY] = ops.words[op + OP_KEY]!;
      ops.words[part + OP_PAYLOAD] = ops.words[op + OP_PAYLOAD]!;
      ops.words[part + OP_PARENT] = guest;
      ops.numbers[(part >> 2) + OP_OFFSET] = at;
      ops.numbers[(part >> 2) + OP_BYTES] = partEnd - at;
      ops.words[guest + OP_PENDING]!++;
      if (sequence < 0) {
        this.dropClean(disk, at, partEnd);
        this.readSan(disk, guest, part, at, partEnd - at, this.cleanBarrier(disk));
      } else this.fetchDirty(disk, guest, part, sequence, failure);
      at = partEnd;
    }
    if (parent >= 0) ops.release(op);
    // One for the part that flash failed to deliver, one for the hold.
    ops.words[guest + OP_PENDING]!--;
    this.settle(disk, guest, PART_LOCAL_FLASH);
  }

  private fetchDirty(
    disk: VirtualDisk,
    guest: number,
    part: number,
    sequence: number,
    failure: Status,
  ): void {
    const ops = this.state.ops;
    const at = disk.ring.at(sequence);
    const offset = ops.numbers[(part >> 2) + OP_OFFSET]!;
    const bytes = ops.numbers[(part >> 2) + OP_BYTES]!;
    const within = offset - disk.ring.numbers[at + RECORD_OFFSET]!;
    const payloadOffset = offset - ops.numbers[(guest >> 2) + OP_OFFSET]!;
    const payload = ops.words[part + OP_PAYLOAD]!;
    this.questions.fetch(disk, sequence, within, bytes, payload, payloadOffset, (status) => {
      if (disk.dead || status === STATUS_OK) this.finish(disk, part, status, PART_NETWORK_FLASH);
      else if (sequence <= disk.checkpoint)
        this.readSan(disk, guest, part, offset, bytes, this.cleanBarrier(disk));
      else if (
        (failure === STATUS_CORRUPT && status !== STATUS_REFUSED) ||
        ++disk.unreadable > UNREADABLE_MOST
      ) {
        this.onUnreadable(disk, status === STATUS_REFUSED);
        this.finish(disk, part, STATUS_ERROR, PART_NETWORK_FLASH);
      } else this.route(disk, guest, part);
    });
  }

  /** The newest committed record not yet released that wrote a sector; -1: the sector is clean. */
  private newestRecord(disk: VirtualDisk, offset: number): number {
    if (!disk.logging) return -1;
    const ring = disk.ring;
    for (let sequence = disk.committed; sequence > disk.checkpoint; sequence--) {
      const at = ring.at(sequence);
      const start = ring.numbers[at + RECORD_OFFSET]!;
      if (offset >= start && offset < start + ring.numbers[at + RECORD_BYTES]!) return sequence;
    }
    return -1;
  }

  /**
   * Forgets the cached copies of clean blocks that flash failed to deliver; not of those that have been written since the
   * read, whose new copies are all there is.
   */
  private dropClean(disk: VirtualDisk, start: number, end: number): void {
    const { index } = disk;
    const barrier = this.cleanBarrier(disk);
    for (let at = start; at < end; at += 512) {
      const position = index.find(at);
      if (position >= 0 && index.words[position + ENTRY_STAMP]! < barrier)
        index.clear(position, sectorMask(at & (BLOCK_BYTES - 1), (at & (BLOCK_BYTES - 1)) + 512));
    }
  }

  /** Blocks written from here on, or whose write may still be in flight, must not be filled with what a read gets now. */
  private barrier(disk: VirtualDisk): number {
    return disk.logging ? disk.ring.next : disk.committed + 1;
  }

  /** As `barrier`, where it is not certain that every block of the range is clean. */
  private cleanBarrier(disk: VirtualDisk): number {
    return disk.logging ? disk.checkpoint + 1 : disk.committed + 1;
  }

  private readSan(
    disk: VirtualDisk,
    guest: number,
    op: number,
    offset: number,
    bytes: number,
    barrier = this.barrier(disk),
  ): void {
    const { ops, ports } = this.state;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = barrier;
    const token = op | STAGE_READ_SAN;
    if (ports.content !== null)
      ports.content.reading(
        token,
        ops.words[op + OP_PAYLOAD]!,
        offset - ops.numbers[(guest >> 2) + OP_OFFSET]!,
        bytes,
      );
    ports.datastore.submit(
      SAN_READ,
      disk.id,
      offset,
      bytes,
      false,
      CAUSE_GUEST,
      token,
      ops.words[op + OP_KEY]!,
    );
  }

  private finish(disk: VirtualDisk, op: number, status: Status, part: number): void {
    const { ops } = this.state;
    const parent = ops.words[op + OP_PARENT]!;
    const guest = parent < 0 ? op : parent;
    if (status !== STATUS_OK) ops.words[guest + OP_FLAGS] = status;
    if (parent >= 0) ops.release(op);
    this.settle(disk, guest, part);
  }

  /** One more part of a read is in. */
  private settle(disk: VirtualDisk, guest: number, part: number): void {
    const { ops, ports } = this.state;
    if (--ops.words[guest + OP_PENDING]! !== 0) return;
    if (disk.dead) {
      ops.release(guest);
      return;
    }
    this.state.waited(guest, part, ports.clock.nowNs - ops.numbers[(guest >> 2) + OP_START_NS]!);
    this.state.complete(disk, guest, ops.words[guest + OP_FLAGS]! as Status);
  }

  /** Copies what a datastore read delivered into clean buckets, one flash write for each leaf it touches. */
  private fill(disk: VirtualDisk, read: number): void {
    const { ops, buckets, ports, counters } = this.state;
    const start = ops.numbers[(read >> 2) + OP_OFFSET]!;
    const end = start + ops.numbers[(read >> 2) + OP_BYTES]!;
    const guestOffset =
      ops.words[read + OP_PARENT]! < 0
        ? start
        : ops.numbers[(ops.words[read + OP_PARENT]! >> 2) + OP_OFFSET]!;
    let at = start;
    while (at < end) {
      const pieceEnd = Math.min(end, (Math.floor(at / LEAF_BYTES) + 1) * LEAF_BYTES);
      const slots = ((at & (BLOCK_BYTES - 1)) + (pieceEnd - at) + BLOCK_BYTES - 1) >>> 12;
      const slot = disk.clean.take(slots, 0);
      if (slot < 0) {
        counters.droppedFills++;
        return;
      }
      buckets.pins[slot >>> buckets.slotShift]!++;
      const op = ops.allocate();
      ops.words[op + OP_DISK] = disk.local;
      ops.numbers[(op >> 2) + OP_OFFSET] = at;
      ops.numbers[(op >> 2) + OP_BYTES] = pieceEnd - at;
      ops.words[op + OP_SLOT] = slot;
      ops.numbers[(op >> 2) + OP_SEQUENCE] = ops.numbers[(read >> 2) + OP_SEQUENCE]!;
      ops.numbers[(op >> 2) + OP_START_NS] = ports.clock.nowNs;
      counters.populatedBytes += pieceEnd - at;
      const token = op | STAGE_FILL;
      if (ports.content !== null) {
        ports.content.writing(
          token,
          ops.words[read + OP_PAYLOAD]!,
          at - guestOffset,
          pieceEnd - at,
          at & (BLOCK_BYTES - 1),
        );
      }
      ports.flash!.submit(
        FLASH_WRITE,
        slot * BLOCK_BYTES,
        slots * BLOCK_BYTES,
        FLASH_FOR_POPULATE,
        token,
        ops.words[read + OP_KEY]!,
      );
      at = pieceEnd;
    }
  }

  /** Splits a read into runs by source. @returns the newest sequence number that wrote any of its blocks */
  private takeApart(disk: VirtualDisk, offset: number, bytes: number): number {
    this.runCount = 0;
    const { index, ring, committed } = disk;
    const generations = this.state.buckets.generation;
    const shift = this.state.buckets.slotShift;
    const end = offset + bytes;
    let at = offset;
    let newest = 0;
    while (at < end) {
      const leafEnd = Math.min(end, (Math.floor(at / LEAF_BYTES) + 1) * LEAF_BYTES);
      let position = index.find(at);
      if (position < 0) {
        this.addRun(at, leafEnd - at, FROM_SAN, -1);
        at = leafEnd;
        continue;
      }
      const words = index.words;
      while (at < leafEnd) {
        const from = at & (BLOCK_BYTES - 1);
        const blockEnd = Math.min(leafEnd, at - from + BLOCK_BYTES);
        const stamp = words[position + ENTRY_STAMP]!;
        if (stamp > newest) newest = stamp;
        const meta = words[position + ENTRY_META]!;
        const slot = words[position + ENTRY_SLOT]!;
        const bucket = slot >>> shift;
        const valid = generations[bucket] === words[position + ENTRY_GENERATION] ? meta & FULL_MASK : 0;
        const wanted = sectorMask(from, from + (blockEnd - at));
        if (stamp > committed && ring.isUnsettled(stamp)) {
          // In write-through the datastore answers for a block until its new copy is settled. While logging the whole
          // read waits for the commit.
          this.addRun(at, blockEnd - at, FROM_SAN, -1);
        } else if ((wanted & ~valid) === 0) {
          this.addRun(at, blockEnd - at, slot * BLOCK_BYTES + from, bucket);
        } else if ((wanted & valid) === 0 && meta >>> 8 === 0) {
          this.addRun(at, blockEnd - at, FROM_SAN, -1);
        } else {
          this.takeApartBlock(disk, position, at, blockEnd, valid);
        }
        at = blockEnd;
        position += ENTRY_WORDS;
      }
    }
    return newest;
  }

  /** A block whose sectors lie in several places. */
  private takeApartBlock(
    disk: VirtualDisk,
    position: number,
    start: number,
    end: number,
    valid: number,
  ): void {
    const index = disk.index;
    const { generation, slotShift } = this.state.buckets;
    for (let at = start; at < end; at += 512) {
      const within = at & (BLOCK_BYTES - 1);
      const bit = 1 << (within >> 9);
      let slot = (valid & bit) !== 0 ? index.words[position + ENTRY_SLOT]! : -1;
      for (let node = index.chainOf(position); slot < 0 && node !== 0; node = index.chainNextAt(node)) {
        const candidate = index.chainSlotAt(node);
        const live = generation[candidate >>> slotShift] === index.chainGenerationAt(node);
        if (live && (index.chainMaskAt(node) & bit) !== 0) slot = candidate;
      }
      if (slot < 0) this.addRun(at, 512, FROM_SAN, -1);
      else this.addRun(at, 512, slot * BLOCK_BYTES + within, slot >>> slotShift);
    }
  }

  private addRun(offset: number, bytes: number, address: number, bucket: number): void {
    const last = this.runCount - 1;
    if (last >= 0 && this.runBucket[last] === bucket) {
      const contiguous = address === FROM_SAN || this.runAddress[last]! + this.runBytes[last]! === address;
      if (contiguous) {
        this.runBytes[last]! += bytes;
        return;
      }
    }
    if (this.runCount === this.runOffset.length) this.growRuns();
    this.runOffset[this.runCount] = offset;
    this.runBytes[this.runCount] = bytes;
    this.runAddress[this.runCount] = address;
    this.runBucket[this.runCount++] = bucket;
  }

  private growRuns(): void {
    const float64 = (array: Float64Array) => {
      const grown = new Float64Array(array.length * 2);
      grown.set(array);
      return grown;
    };
    this.runOffset = float64(this.runOffset);
    this.runBytes = float64(this.runBytes);
    this.runAddress = float64(this.runAddress);
    const buckets = new Int32Array(this.runBucket.length * 2);
    buckets.set(this.runBucket);
    this.runBucket = buckets;
  }
}
