/**
 * Lays files behind one another whose clock begins again in each: a file that starts before the end of the one before
 * is moved there; one that starts later stays on the clock they share.
 */
import { FilledBlocks } from './filled-blocks.ts';
import type { PlacedBlock, RowStage } from './placed-block.ts';

export class ChainedRows {
  /** Files that were moved. */
  moved = 0;
  private readonly out: FilledBlocks;
  private latestNs = Number.NEGATIVE_INFINITY;

  constructor(downstream: RowStage) {
    this.out = new FilledBlocks(downstream);
  }

  /** Where the rows of the next file go; its end ends nothing here. */
  file(): RowStage {
    let shiftNs = Number.NaN;
    return {
      accept: (block: PlacedBlock): void => {
        if (Number.isNaN(shiftNs)) {
          shiftNs = block.timeNs[0]! < this.latestNs ? this.latestNs - block.timeNs[0]! : 0;
          if (shiftNs > 0) this.moved++;
        }
        for (let i = 0; i < block.length; i++) {
          this.latestNs = block.timeNs[i]! + shiftNs;
          this.out.add(block, i, this.latestNs);
        }
      },
      end: () => {},
    };
  }

  end(): void {
    this.out.end();
  }
}
