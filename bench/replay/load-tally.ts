/** Sums up what a job's source issues, since it is not known before it has run. */
import {
  createRowBlock,
  type IoBatch,
  type IoSource,
  SOURCE_READY,
  type SourceAnswer,
} from '../../reference/kernel/io.ts';
import type { WorkloadSummary } from '../../results/schema/run-document.ts';
import { SummaryBuilder } from '../../traces/stats/trace-summary.ts';
import { packBlock, packedBytesMax } from '../../traces/store/packed-block.ts';

/** Rows summed up at a time. */
const ROWS = 4096;

export class LoadTally implements IoSource {
  readonly disks: number;
  readonly wantsCompletions: boolean;
  private readonly source: IoSource;
  private readonly builder = new SummaryBuilder();
  private readonly block = createRowBlock(ROWS);
  private readonly packed = new DataView(new ArrayBuffer(packedBytesMax(ROWS)));
  private firstNs = Number.NaN;

  constructor(source: IoSource) {
    this.source = source;
    this.disks = source.disks;
    this.wantsCompletions = source.wantsCompletions;
    this.block.latencyNs.fill(Number.NaN);
    this.block.pid.fill(-1);
  }

  next(nowNs: number, batch: IoBatch): SourceAnswer {
    const answer = this.source.next(nowNs, batch);
    if (answer === SOURCE_READY) this.add(nowNs, batch);
    return answer;
  }

  completed(tag: number, nowNs: number): void {
    this.source.completed(tag, nowNs);
  }

  /** Call it once, after the run. */
  summary(name: string): WorkloadSummary {
    if (this.block.length > 0) this.flush();
    return this.builder.finish({ name, format: 'fio job', disks: this.disks, reorderedRows: 0 });
  }

  private add(nowNs: number, batch: IoBatch): void {
    const { block } = this;
    if (Number.isNaN(this.firstNs)) this.firstNs = nowNs;
    for (let i = 0; i < batch.length; i++) {
      if (block.length === ROWS) this.flush();
      const at = block.length++;
      // When it is issued; an I/O that is late was meant earlier.
      block.timeNs[at] = Math.max(nowNs, batch.arrivalNs[i]!) - this.firstNs;
      block.offset[at] = batch.offset[i]!;
      block.lengthBytes[at] = batch.lengthBytes[i]!;
      block.disk[at] = batch.disk[i]!;
      block.op[at] = batch.op[i]!;
      block.flags[at] = batch.flags[i]!;
    }
  }

  private flush(): void {
    const { block, packed } = this;
    const bytes = packBlock(block, packed);
    this.builder.add(block, new Uint8Array(packed.buffer, 0, bytes));
    block.length = 0;
  }
}
