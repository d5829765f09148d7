/**
 * Puts the rows of one input file in order of time. A block is held back until the next one has come, so that a row
 * may be late by at least 4,096 rows; one that is later still is an error. Rows of equal time keep their order.
 */
import { DataError, type DataPlace } from '../../reference/kernel/errors.ts';
import { OP_DISCARD } from '../../reference/kernel/io.ts';
import { BLOCK_ROWS, copyRow, createPlacedBlock, type PlacedBlock, type RowStage } from './placed-block.ts';

export class OrderedRows {
  /** Rows that came after a later one; completions do not count. */
  reordered = 0;
  private held: PlacedBlock = createPlacedBlock();
  private readonly spares: PlacedBlock[] = [];
  private readonly order = new Uint16Array(BLOCK_ROWS);
  /** Latest time seen, in the order of arrival. */
  private latest = Number.NEGATIVE_INFINITY;
  private releasedUpTo = Number.NEGATIVE_INFINITY;
  private readonly downstream: RowStage;
  private readonly placeOf: (place: number) => DataPlace;
  private readonly tolerate: ((error: DataError) => void) | undefined;

  /** @param tolerate takes the errors of rows too late, which are then left out */
  constructor(
    downstream: RowStage,
    placeOf: (place: number) => DataPlace,
    tolerate?: (error: DataError) => void,
  ) {
    this.downstream = downstream;
    this.tolerate = tolerate;
    this.placeOf = placeOf;
  }

  /** Takes a block for good and gives another to fill. */
  accept(block: PlacedBlock): PlacedBlock {
    const times = block.timeNs;
    const length = block.length;
    let previous = this.latest;
    let i = 0;
    while (i < length && times[i]! >= previous) previous = times[i++]!;
    if (i < length) return this.sortIn(block);
    this.latest = previous;
    const released = this.held;
    this.release(released);
    this.held = block;
    return released;
  }

  end(): void {
    this.release(this.held);
    this.held.length = 0;
    this.downstream.end();
  }

  private release(block: PlacedBlock): void {
    if (block.length === 0) return;
    this.releasedUpTo = block.timeNs[block.length - 1]!;
    this.downstream.accept(block);
  }

  /** Merges the held rows with a block that is not in order, releases the earlier half and holds the later. */
  private sortIn(block: PlacedBlock): PlacedBlock {
    const times = block.timeNs;
    let kept = 0;
    for (let i = 0; i < block.length; i++) {
      if (times[i]! >= this.latest) {
        this.latest = times[i]!;
      } else {
        if (times[i]! < this.releasedUpTo) {
          const late = new DataError('time runs backwards', this.placeOf(block.place[i]!), {
            found: `a row more than ${BLOCK_ROWS} rows behind its place`,
            expected: `rows at most ${BLOCK_ROWS} rows out of order`,
            hint: 'sort the trace by time first',
          });
          if (this.tolerate === undefined) throw late;
          this.tolerate(late);
          continue;
        }
        if (block.op[i]! <= OP_DISCARD) this.reordered++;
      }
      this.order[kept++] = i;
    }
    const order = this.order.subarray(0, kept);
    order.sort((a, b) => times[a]! - times[b]! || a - b);
    const early = this.spares.pop() ?? createPlacedBlock();
    const late = this.spares.pop() ?? createPlacedBlock();
    const held = this.held;
    const total = held.length + kept;
    const releasing = total > BLOCK_ROWS ? BLOCK_ROWS : 0;
    let h = 0;
    let b = 0;
    for (let n = 0; n < total; n++) {
      const fromHeld = h < held.length && (b === kept || held.timeNs[h]! <= times[order[b]!]!);
      const into = n < releasing ? early : late;
      const at = n < releasing ? n : n - releasing;
      if (fromHeld) copyRow(held, h++, into, at);
      else copyRow(block, order[b++]!, into, at);
    }
    early.length = releasing;
    late.length = total - releasing;
    this.release(early);
    this.spares.push(early, held);
    this.held = late;
    return block;
  }
}
