/**
 * Joins completions with the rows they complete: a row waits until its completion has come, or until 65,536 later
 * rows have. Requests of one disk, kind and start complete in the order of their issue; so do flushes of a disk. A
 * request that was given back (requeued) and issued again stays the row it was.
 */
import { OP_DISCARD } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import {
  BLOCK_ROWS,
  copyRow,
  createPlacedBlock,
  EVENT_COMPLETED,
  EVENT_REQUEUED,
  type PlacedBlock,
  type RowStage,
} from './placed-block.ts';

/** Rows that may wait. Assumed: far above the queue depth of any device (NVMe: 65,535 per queue). */
const WAITING_MAX = 65536;
const RING_MASK = WAITING_MAX - 1;
const TABLE_SIZE = 2 * WAITING_MAX;
const TABLE_MASK = TABLE_SIZE - 1;
const NONE = -1;

const DONE = 0;
const WAITING = 1;
const GIVEN_BACK = 2;

export class JoinedCompletions implements RowStage {
  /** Completions without a row: of I/Os issued before the trace began. */
  unmatched = 0;
  /** Rows that no completion was found for. */
  unfinished = 0;

  /** Rows `tail` to `head - 1` are held; row n lies in slot n & RING_MASK. Blocks are made when first needed. */
  private readonly ring: PlacedBlock[] = [];
  private head = 0;
  private tail = 0;
  private readonly state = new Uint8Array(WAITING_MAX);
  /** Next slot waiting with the same key. */
  private readonly nextSlot = new Int32Array(WAITING_MAX);

  // Open addressing with linear probing; a key is there while rows wait for it.
  private readonly keyStart = new Float64Array(TABLE_SIZE);
  private readonly keyDisk = new Uint16Array(TABLE_SIZE);
  private readonly firstSlot = new Int32Array(TABLE_SIZE).fill(NONE);
  private readonly lastSlot = new Int32Array(TABLE_SIZE);

  private readonly out = createPlacedBlock();
  private readonly downstream: RowStage;

  constructor(downstream: RowStage) {
    this.downstream = downstream;
  }

  accept(block: PlacedBlock): void {
    for (let i = 0; i < block.length; i++) {
      const op = block.op[i]!;
      if (op <= OP_DISCARD) this.issue(block, i);
      else if (op >= EVENT_REQUEUED) this.giveBack(block, i);
      else this.complete(block, i);
    }
  }

  end(): void {
    while (this.tail < this.head) this.releaseOldest();
    if (this.out.length > 0) this.downstream.accept(this.out);
    this.downstream.end();
  }

  private issue(block: PlacedBlock, i: number): void {
    const start = keyOf(block.offset[i]!, block.op[i]!);
    const disk = block.disk[i]!;
    let at = this.find(start, disk);
    if (this.firstSlot[at] !== NONE && this.state[this.firstSlot[at]!] === GIVEN_BACK) {
      this.state[this.firstSlot[at]!] = WAITING;
      return;
    }
    if (this.head - this.tail === WAITING_MAX) {
      this.releaseOldest();
      at = this.find(start, disk);
    }
    const slot = this.head & RING_MASK;
    const part = Math.floor(slot / BLOCK_ROWS);
    copyRow(block, i, (this.ring[part] ??= createPlacedBlock()), slot % BLOCK_ROWS);
    this.head++;
    this.state[slot] = WAITING;
    this.nextSlot[slot] = NONE;
    if (this.firstSlot[at] === NONE) {
      this.keyStart[at] = start;
      this.keyDisk[at] = disk;
      this.firstSlot[at] = slot;
    } else {
      this.nextSlot[this.lastSlot[at]!] = slot;
    }
    this.lastSlot[at] = slot;
  }

  private complete(block: PlacedBlock, i: number): void {
    const at = this.find(keyOf(block.offset[i]!, block.op[i]! - EVENT_COMPLETED), block.disk[i]!);
    const slot = this.firstSlot[at]!;
    if (slot === NONE) {
      this.unmatched++;
      return;
    }
    const row = this.ring[Math.floor(slot / BLOCK_ROWS)]!;
    row.latencyNs[slot % BLOCK_ROWS] = block.timeNs[i]! - row.timeNs[slot % BLOCK_ROWS]!;
    this.takeFirst(at);
    while (this.tail < this.head && this.state[this.tail & RING_MASK] === DONE) this.releaseOldest();
    // From the first slot again, which is still in the processor's cache.
    if (this.tail === this.head) this.tail = this.head = 0;
  }

  private giveBack(block: PlacedBlock, i: number): void {
    const at = this.find(keyOf(block.offset[i]!, block.op[i]! - EVENT_REQUEUED), block.disk[i]!);
    if (this.firstSlot[at] !== NONE) this.state[this.firstSlot[at]!] = GIVEN_BACK;
  }

  private releaseOldest(): void {
    const slot = this.tail & RING_MASK;
    const row = this.ring[Math.floor(slot / BLOCK_ROWS)]!;
    const i = slot % BLOCK_ROWS;
    if (this.state[slot] !== DONE) {
      this.unfinished++;
      // The oldest row is the first of its key.
      this.takeFirst(this.find(keyOf(row.offset[i]!, row.op[i]!), row.disk[i]!));
    }
    copyRow(row, i, this.out, this.out.length++);
    this.tail++;
    if (this.out.length === BLOCK_ROWS) {
      this.downstream.accept(this.out);
      this.out.length = 0;
    }
  }

  /** Takes the first row of a key out of the table. */
  private takeFirst(at: number): void {
    const slot = this.firstSlot[at]!;
    this.state[slot] = DONE;
    this.firstSlot[at] = this.nextSlot[slot]!;
    if (this.firstSlot[at] === NONE) this.closeGap(at);
  }

  /** The place of a key, or the free place where it would go. */
  private find(start: number, disk: number): number {
    let at = hashOf(start, disk);
    while (this.firstSlot[at] !== NONE && (this.keyStart[at] !== start || this.keyDisk[at] !== disk)) {
      at = (at + 1) & TABLE_MASK;
    }
    return at;
  }

  /** Moves later keys up into a freed place, so that probing never meets a gap. */
  private closeGap(freed: number): void {
    let gap = freed;
    let at = (freed + 1) & TABLE_MASK;
    while (this.firstSlot[at] !== NONE) {
      const home = hashOf(this.keyStart[at]!, this.keyDisk[at]!);
      if (((at - home) & TABLE_MASK) >= ((at - gap) & TABLE_MASK)) {
        this.keyStart[gap] = this.keyStart[at]!;
        this.keyDisk[gap] = this.keyDisk[at]!;
        this.firstSlot[gap] = this.firstSlot[at]!;
        this.lastSlot[gap] = this.lastSlot[at]!;
        this.firstSlot[at] = NONE;
        gap = at;
      }
      at = (at + 1) & TABLE_MASK;
    }
  }
}

/** Start and kind as one number: exact, as a start is below 2^44 sectors. */
function keyOf(offset: number, op: number): number {
  return (offset / SECTOR_BYTES) * 4 + op;
}

function hashOf(start: number, disk: number): number {
  const high = Math.floor(start / 2 ** 32);
  let x = Math.imul((start - high * 2 ** 32) | 0, 0x9e3779b1) ^ Math.imul(high + disk * 0x10001, 0x85ebca6b);
  x ^= x >>> 15;
  return x & TABLE_MASK;
}
