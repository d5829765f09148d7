/**
 * Open loop: every I/O arrives at its recorded time, whether or not earlier ones have finished.
 */
import {
  type IoBatch,
  type IoSource,
  type RowBlock,
  type RowCursor,
  SOURCE_END,
  SOURCE_READY,
  type SourceAnswer,
} from '../../reference/kernel/io.ts';
import type { ReplayTiming } from './replay-timing.ts';

export class OpenSource implements IoSource {
  readonly disks: number;
  readonly wantsCompletions = false;
  private readonly cursor: RowCursor;
  private readonly speed: number;
  private readonly startNs: number;
  private readonly endNs: number;
  private block: RowBlock | undefined;
  private row = 0;
  private handedOut = 0;
  private ended = false;

  /**
   * @param cursor rows in order of time; the source closes it when it has handed out the last one
   * @param disks how many disks the rows name
   */
  constructor(cursor: RowCursor, disks: number, timing: ReplayTiming) {
    this.cursor = cursor;
    this.disks = disks;
    this.speed = timing.speed;
    this.startNs = timing.startNs;
    this.endNs = timing.durationNs ?? Number.POSITIVE_INFINITY;
  }

  next(_nowNs: number, batch: IoBatch): SourceAnswer {
    let at = 0;
    while (at < batch.capacity && !this.ended) {
      if (this.block === undefined || this.row >= this.block.length) {
        this.block = this.cursor.next();
        this.row = 0;
        if (this.block === undefined) this.stop();
        continue;
      }
      const copied = this.copy(this.block, batch, at);
      at += copied;
      if (copied === 0) this.stop();
    }
    batch.length = at;
    return at === 0 ? SOURCE_END : SOURCE_READY;
  }

  completed(): void {
    // Completions do not change an open loop.
  }

  /** Copies what fits; 0 when the next row lies beyond the end of the load. */
  private copy(block: RowBlock, batch: IoBatch, at: number): number {
    const { speed, startNs, endNs } = this;
    const row = this.row;
    const room = Math.min(batch.capacity - at, block.length - row);
    const { arrivalNs, offset, lengthBytes, tag, disk, op, flags } = batch;
    const rowTimeNs = block.timeNs;
    const rowOffset = block.offset;
    const rowLengthBytes = block.lengthBytes;
    const rowDisk = block.disk;
    const rowOp = block.op;
    const rowFlags = block.flags;
    const number = this.handedOut;
    let count = 0;
    for (; count < room; count++) {
      const from = row + count;
      const recordedNs = rowTimeNs[from]!;
      const arrival = startNs + (speed === 1 ? recordedNs : Math.floor(recordedNs / speed));
      if (arrival >= endNs) break;
      const to = at + count;
      arrivalNs[to] = arrival;
      offset[to] = rowOffset[from]!;
      lengthBytes[to] = rowLengthBytes[from]!;
      tag[to] = (number + count) | 0;
      disk[to] = rowDisk[from]!;
      op[to] = rowOp[from]!;
      flags[to] = rowFlags[from]!;
    }
    this.row = row + count;
    this.handedOut = (number + count) | 0;
    return count;
  }

  private stop(): void {
    this.ended = true;
    this.block = undefined;
    this.cursor.close();
  }
}
