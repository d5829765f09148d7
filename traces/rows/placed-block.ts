/** Blocks of rows on their way from a parser to the store: a row's columns and its place in the input. */
import { createRowBlock, type RowBlock } from '../../reference/kernel/io.ts';

/** Rows per block. Every block but the last of a trace is full, so that nothing depends on how input was cut. */
export const BLOCK_ROWS = 4096;

/**
 * Added to the `op` of a completion: EVENT_COMPLETED + OP_READ says that a read at this offset has completed. Such
 * rows end in the stage that joins completions with their issues.
 */
export const EVENT_COMPLETED = 16;
/** Added to the `op` of a request that the driver gave back and that will be issued again. */
export const EVENT_REQUEUED = 32;

export interface PlacedBlock extends RowBlock {
  /** Line (text) or byte (binary) of each row in its file. */
  readonly place: Float64Array;
}

export function createPlacedBlock(): PlacedBlock {
  return { ...createRowBlock(BLOCK_ROWS), place: new Float64Array(BLOCK_ROWS) };
}

/** Copies one row. */
export function copyRow(from: PlacedBlock, i: number, to: PlacedBlock, j: number): void {
  to.timeNs[j] = from.timeNs[i]!;
  to.offset[j] = from.offset[i]!;
  to.lengthBytes[j] = from.lengthBytes[i]!;
  to.latencyNs[j] = from.latencyNs[i]!;
  to.pid[j] = from.pid[i]!;
  to.disk[j] = from.disk[i]!;
  to.op[j] = from.op[i]!;
  to.flags[j] = from.flags[i]!;
  to.place[j] = from.place[i]!;
}

/** Copies all rows. */
export function copyBlock(from: PlacedBlock, to: PlacedBlock): void {
  to.timeNs.set(from.timeNs);
  to.offset.set(from.offset);
  to.lengthBytes.set(from.lengthBytes);
  to.latencyNs.set(from.latencyNs);
  to.pid.set(from.pid);
  to.disk.set(from.disk);
  to.op.set(from.op);
  to.flags.set(from.flags);
  to.place.set(from.place);
  to.length = from.length;
}

/** Takes blocks of rows in turn. A block is the caller's again when `accept` returns. */
export interface RowStage {
  accept(block: PlacedBlock): void;
  end(): void;
}
