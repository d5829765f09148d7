/** Collects single rows into full blocks and passes those on. */
import { BLOCK_ROWS, copyRow, createPlacedBlock, type PlacedBlock, type RowStage } from './placed-block.ts';

export class FilledBlocks {
  private readonly out = createPlacedBlock();
  private readonly downstream: RowStage;

  constructor(downstream: RowStage) {
    this.downstream = downstream;
  }

  /** Takes row `i` of `block`, at `timeNs`. */
  add(block: PlacedBlock, i: number, timeNs: number): void {
    const { out } = this;
    copyRow(block, i, out, out.length);
    out.timeNs[out.length++] = timeNs;
    if (out.length === BLOCK_ROWS) this.pass();
  }

  end(): void {
    if (this.out.length > 0) this.pass();
    this.downstream.end();
  }

  private pass(): void {
    this.downstream.accept(this.out);
    this.out.length = 0;
  }
}
