/**
 * Closed loop: a fixed number of I/Os is kept outstanding; recorded times do not matter. The next row arrives at the
 * moment an earlier I/O completes.
 */
import {
  type IoBatch,
  type IoSource,
  type RowBlock,
  type RowCursor,
  SOURCE_END,
  SOURCE_READY,
  SOURCE_WAIT,
  type SourceAnswer,
} from '../../reference/kernel/io.ts';
import type { ReplayTiming } from './replay-timing.ts';

export class ClosedSource implements IoSource {
  readonly disks: number;
  readonly wantsCompletions = true;
  private readonly cursor: RowCursor;
  private readonly startNs: number;
  private readonly endNs: number;
  private block: RowBlock | undefined;
  private row = 0;
  private free: number;
  private handedOut = 0;
  private ended = false;

  /**
   * @param cursor rows in the order they are to be issued; the source closes it when it has handed out the last one
   * @param disks how many disks the rows name
   * @param iodepth I/Os kept outstanding, 1 or more
   * @param timing `speed` has no meaning here
   */
  constructor(cursor: RowCursor, disks: number, iodepth: number, timing: ReplayTiming) {
    this.cursor = cursor;
    this.disks = disks;
    this.free = iodepth;
    this.startNs = timing.startNs;
    this.endNs = timing.durationNs ?? Number.POSITIVE_INFINITY;
  }

  next(nowNs: number, batch: IoBatch): SourceAnswer {
    batch.length = 0;
    if (this.ended) return SOURCE_END;
    const arrivalNs = Math.max(nowNs, this.startNs);
    if (arrivalNs >= this.endNs) {
      this.stop();
      return SOURCE_END;
    }
    if (this.free === 0) return SOURCE_WAIT;
    const room = Math.min(this.free, batch.capacity);
    let at = 0;
    while (at < room) {
      if (this.block === undefined || this.row >= this.block.length) {
        this.block = this.cursor.next();
        this.row = 0;
        if (this.block === undefined) {
          this.stop();
          break;
        }
        continue;
      }
      const block = this.block;
      const row = this.row++;
      batch.arrivalNs[at] = arrivalNs;
      batch.offset[at] = block.offset[row]!;
      batch.lengthBytes[at] = block.lengthBytes[row]!;
      batch.tag[at] = this.handedOut;
      batch.disk[at] = block.disk[row]!;
      batch.op[at] = block.op[row]!;
      batch.flags[at] = block.flags[row]!;
      this.handedOut = (this.handedOut + 1) | 0;
      at++;
    }
    this.free -= at;
    batch.length = at;
    return at === 0 ? SOURCE_END : SOURCE_READY;
  }

  completed(): void {
    this.free++;
  }

  private stop(): void {
    this.ended = true;
    this.block = undefined;
    this.cursor.close();
  }
}
