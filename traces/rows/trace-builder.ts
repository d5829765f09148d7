/** The last stage of an import: makes time relative to the first row, sums up, packs and stores. */
import { DataError } from '../../reference/kernel/errors.ts';
import { SummaryBuilder } from '../stats/trace-summary.ts';
import { packBlock, packedBytesMax } from '../store/packed-block.ts';
import { Spool } from '../store/spool.ts';
import { BLOCK_ROWS, type PlacedBlock, type RowStage } from './placed-block.ts';

const TIME_MAX = 2 ** 53;

export class TraceBuilder implements RowStage {
  readonly summary = new SummaryBuilder();
  readonly spool = new Spool(BLOCK_ROWS);
  rows = 0;
  private readonly title: string;
  private firstNs = 0;
  private readonly packed = new Uint8Array(packedBytesMax(BLOCK_ROWS));
  private readonly packedView = new DataView(this.packed.buffer);

  /** @param title of the trace, for messages */
  constructor(title: string) {
    this.title = title;
  }

  accept(block: PlacedBlock): void {
    const times = block.timeNs;
    if (this.rows === 0) this.firstNs = times[0]!;
    const last = times[block.length - 1]! - this.firstNs;
    if (last > TIME_MAX) {
      throw new DataError(
        'the trace is too long',
        { file: this.title },
        { expected: 'less than 104 days from first to last row' },
      );
    }
    for (let i = 0; i < block.length; i++) times[i] = times[i]! - this.firstNs;
    this.rows += block.length;
    const used = this.packed.subarray(0, packBlock(block, this.packedView));
    this.spool.append(used);
    this.summary.add(block, used);
  }

  end(): void {}
}
