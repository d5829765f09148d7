/** What writers of one record or line a row have in common. */
import type { RowBlock } from '../../reference/kernel/io.ts';
import type { ByteSink, Loss, RowSink, WrittenTrace } from '../trace-writer.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { type Holds, LostFacts } from './lost-facts.ts';

export abstract class RowLines implements RowSink {
  protected readonly out: ByteBuffer;
  protected readonly trace: WrittenTrace;
  private readonly lost: LostFacts;

  constructor(trace: WrittenTrace, bytes: ByteSink, format: string, holds: Holds) {
    this.trace = trace;
    this.out = new ByteBuffer(bytes);
    this.lost = new LostFacts(format, holds, trace.diskNames);
  }

  write(block: RowBlock): void {
    this.lost.count(block);
    for (let i = 0; i < block.length; i++) {
      if (!this.lost.holdsOp(block.op[i]!)) continue;
      this.out.room();
      this.row(block, i);
    }
  }

  finish(): readonly Loss[] {
    this.ending();
    this.out.flush();
    return this.lost.all();
  }

  /** Puts one row, in at most 4 KiB. */
  protected abstract row(block: RowBlock, i: number): void;

  /** Puts what stands behind the last row. */
  protected ending(): void {}
}
