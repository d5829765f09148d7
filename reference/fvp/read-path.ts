/**
 * Reads: flash where every sector wanted is there, the datastore where it is not, both at once where a read is mixed;
 * what the datastore delivers is copied into flash on the way ("false write", fvp-protocol.md 2.3).
 *
 * A read never returns an uncommitted write: it waits for the commit (12.4-11). A fill is dropped for each block that
 * was written at any time between the read's issue and the fill's completion (12.4-12).
 */
import { type HostState, PART_DATASTORE, PART_LOCAL_FLASH, PART_ORDER } from './host-state.ts';
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
import { RECORD_PENDING } from './log/record-ring.ts';
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
  OP_TAG,
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
  STATUS_OK,
  type Status,
} from './ports.ts';
import { STATE_OFF, STATE_WT_NOFLASH, type VirtualDisk } from './virtual-disk.ts';

const FROM_SAN = -1;
/** `operation` of a read; kernel/io's number. */
const READ = 0;

export class ReadPath {
  private readonly state: HostState;
  /** The runs of the read being taken apart: consecutive bytes from one source. */
  private runCount = 0;
  private runOffset = new Float64Array(64);
  private runBytes = new Float64Array(64);
  /** Flash address, or FROM_SAN. */
  private runAddress = new Float64Array(64);
  private runBucket = new Int32Array(64);

  constructor(state: HostState) {
    this.state = state;
  }

  /** Starts a guest read; `offset`, `bytes`, `tag`, `key` and `payload` of `op` are set. */
  submit(disk: VirtualDisk, op: number): void {
    const ops = this.state.ops;
    if (disk.state === STATE_OFF || disk.state === STATE_WT_NOFLASH) {
      this.readSan(disk, op, op, ops.numbers[(op >> 2) + OP_OFFSET]!, ops.numbers[(op >> 2) + OP_BYTES]!);
      ops.words[op + OP_PENDING] = 1;
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
    const nowNs = this.state.ports.clock.nowNs;
    const waitedNs = nowNs - ops.numbers[(op >> 2) + OP_START_NS]!;
    if (waitedNs > 0) {
      this.state.waited(READ, PART_ORDER, waitedNs);
      ops.numbers[(op >> 2) + OP_START_NS] = nowNs;
    }
    const runs = this.runCount;
    ops.words[op + OP_PENDING] = runs;
    if (runs === 1) {
      this.issue(disk, op, op, 0);
      return;
    }
    for (let run = 0; run < runs; run++) {
      const child = ops.allocate();
      ops.words[child + OP_DISK] = ops.words[op + OP_DISK]!;
      ops.numbers[(child >> 2) + OP_OFFSET] = this.runOffset[run]!;
      ops.numbers[(child >> 2) + OP_BYTES] = this.runBytes[run]!;
      ops.words[child + OP_KEY] = ops.words[op + OP_KEY]! + run;
      ops.words[child + OP_PAYLOAD] = ops.words[op + OP_PAYLOAD]!;
      ops.words[child + OP_PARENT] = op;
      this.issue(disk, op, child, run);
    }
  }

  onFlash(op: number, status: Status): void {
    const ops = this.state.ops;
    this.state.buckets.pins[ops.words[op + OP_SLOT]!]!--;
    this.finish(op, status, PART_LOCAL_FLASH);
  }

  onSan(disk: VirtualDisk, op: number, status: Status): void {
    if (
      status === STATUS_OK &&
      this.state.options.populate &&
      disk.state !== STATE_OFF &&
      this.state.hasFlash
    ) {
      this.fill(disk, op);
    }
    this.finish(op, status, PART_DATASTORE);
  }

  onFill(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    const buckets = this.state.buckets;
    let slot = ops.words[op + OP_SLOT]!;
    const bucket = slot >>> buckets.slotShift;
    buckets.pins[bucket]!--;
    if (status === STATUS_OK) {
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

  /** Writes up to `disk.committed` are committed: lets the reads go that waited for them. */
  wake(disk: VirtualDisk): void {
    const ops = this.state.ops;
    let op = disk.waitingReads;
    disk.waitingReads = -1;
    disk.waitingFor = Number.POSITIVE_INFINITY;
    while (op >= 0) {
      const next = ops.words[op + OP_NEXT]!;
      ops.words[op + OP_NEXT] = -1;
      if (ops.numbers[(op >> 2) + OP_SEQUENCE]! <= disk.committed) this.submit(disk, op);
      else this.park(disk, op, ops.numbers[(op >> 2) + OP_SEQUENCE]!);
      op = next;
    }
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
      this.readSan(disk, guest, op, this.runOffset[run]!, this.runBytes[run]!);
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

  private readSan(disk: VirtualDisk, guest: number, op: number, offset: number, bytes: number): void {
    const { ops, ports } = this.state;
    // Blocks written from here on, or whose write may still be in flight, must not be filled with what this read gets.
    ops.numbers[(op >> 2) + OP_SEQUENCE] = disk.logging ? disk.ring.next : disk.committed + 1;
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

  private finish(op: number, status: Status, part: number): void {
    const { ops, ports } = this.state;
    const parent = ops.words[op + OP_PARENT]!;
    const guest = parent < 0 ? op : parent;
    if (status !== STATUS_OK) ops.words[guest + OP_FLAGS] = status;
    if (parent >= 0) ops.release(op);
    if (--ops.words[guest + OP_PENDING]! === 0) {
      this.state.waited(READ, part, ports.clock.nowNs - ops.numbers[(guest >> 2) + OP_START_NS]!);
      ports.guest.complete(ops.words[guest + OP_TAG]!, ops.words[guest + OP_FLAGS]! as Status);
      ops.release(guest);
    }
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
        if (stamp > committed && ring.words[ring.at(stamp) + RECORD_PENDING] !== 0) {
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
