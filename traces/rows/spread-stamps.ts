/**
 * Spreads rows whose stamps are whole seconds over their second: the rows of one second keep their order and get times
 * drawn evenly from it, as those of a Poisson process are, by the seed. A file that ever shows a finer stamp has a fine
 * clock, and its rows stay where they are.
 */
import { DataError, type DataPlace } from '../../reference/kernel/errors.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { formatCount, NS_PER_S } from '../../reference/kernel/units.ts';
import { FilledBlocks } from './filled-blocks.ts';
import { BLOCK_ROWS, copyRow, createPlacedBlock, type PlacedBlock, type RowStage } from './placed-block.ts';

/** assumed: above what any published trace has in a second; they are held in memory. */
const SECOND_ROWS_MAX = 4 * 1024 * 1024;

export class SpreadStamps implements RowStage {
  /** Rows that were moved. */
  spread = 0;
  private readonly out: FilledBlocks;
  private readonly random: RandomStream;
  private readonly placeOf: (place: number) => DataPlace;
  /** Rows of the second at hand, and blocks to use again. */
  private readonly held: PlacedBlock[] = [];
  private readonly free: PlacedBlock[] = [];
  private heldRows = 0;
  private secondNs = Number.NaN;
  private fine = false;

  /** @param input which of the trace's inputs, so that each draws its own numbers */
  constructor(downstream: RowStage, placeOf: (place: number) => DataPlace, seed: number, input: number) {
    this.out = new FilledBlocks(downstream);
    this.placeOf = placeOf;
    this.random = new RandomStream(seed, `spread stamps ${input}`);
  }

  accept(block: PlacedBlock): void {
    for (let i = 0; i < block.length; i++) {
      const timeNs = block.timeNs[i]!;
      if (timeNs !== this.secondNs) {
        this.fine ||= timeNs % NS_PER_S !== 0;
        this.release();
        this.secondNs = timeNs;
      }
      this.hold(block, i);
    }
  }

  end(): void {
    this.release();
    this.out.end();
  }

  private hold(block: PlacedBlock, i: number): void {
    let into = this.held.at(-1);
    if (into === undefined || into.length === BLOCK_ROWS) {
      into = this.free.pop() ?? createPlacedBlock();
      into.length = 0;
      this.held.push(into);
    }
    copyRow(block, i, into, into.length++);
    if (++this.heldRows > SECOND_ROWS_MAX) {
      throw new DataError('too many rows in one second', this.placeOf(block.place[i]!), {
        expected: `at most ${formatCount(SECOND_ROWS_MAX)} rows of one stamp`,
        hint: 'split the trace by disk',
      });
    }
  }

  private release(): void {
    const rows = this.heldRows;
    if (rows === 0) return;
    const shares = new Float64Array(rows);
    if (!this.fine) {
      for (let i = 0; i < rows; i++) shares[i] = this.random.nextFraction();
      shares.sort();
      this.spread += rows;
    }
    let row = 0;
    for (const block of this.held) {
      for (let i = 0; i < block.length; i++) {
        this.out.add(block, i, this.secondNs + Math.floor(shares[row++]! * NS_PER_S));
      }
      this.free.push(block);
    }
    this.held.length = 0;
    this.heldRows = 0;
  }
}
