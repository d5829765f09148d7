/** A reader alone, without store and summary: what fuzzing runs a hundred thousand times. */
import type { DataError, DataPlace } from '../../reference/kernel/errors.ts';
import { InputReader } from '../input-reader.ts';
import { DiskTable } from '../rows/disk-table.ts';
import { OrderedRows } from '../rows/ordered-rows.ts';
import { createPlacedBlock, type RowStage } from '../rows/placed-block.ts';
import { RowWriter } from '../rows/row-writer.ts';
import { TimeOrigin } from '../rows/time-origin.ts';
import type { TraceFormat } from '../trace-format.ts';
import { pieces } from './read-rows.ts';

const CHUNK_BYTES = 16 * 1024;

/**
 * Parses bytes into `stage`, whole or, with `tolerate`, leniently.
 * @throws DataError
 */
export async function parseRows(
  format: TraceFormat,
  bytes: Uint8Array,
  stage: RowStage,
  tolerate?: (error: DataError) => void,
): Promise<void> {
  const file = 'bytes';
  const binary = format.encoding === 'binary';
  const placeOf = (place: number): DataPlace => (binary ? { file, byte: place } : { file, line: place });
  const rows = new RowWriter(file, binary, new OrderedRows(stage, placeOf, tolerate), createPlacedBlock());
  const reader = new InputReader(file, pieces(bytes, [bytes.length + 1]), CHUNK_BYTES);
  const context = {
    file,
    fileTitle: file,
    rows,
    disks: new DiskTable(),
    origin: new TimeOrigin(),
    event: 'D' as const,
    notes: { note: () => {}, ifEmpty: () => {} },
  };
  reader.use(format, format.open(context), tolerate);
  while (await reader.advance());
  rows.end();
}
