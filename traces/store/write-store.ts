/** Writes a trace as a store. */
import type { Trace } from '../trace.ts';
import { OutputFile } from '../writers/output-file.ts';
import { ArrowWriter, type Provenance, type StoreMetadata } from './arrow-writer.ts';

/**
 * Writes all rows of `trace` into an Arrow IPC file.
 * @param provenance where the trace comes from, in words; what the trace itself knows of that is kept
 * @returns what the store says of itself
 * @throws IoError when the file cannot be written; nothing is left of it then
 */
export async function writeStore(
  trace: Trace,
  path: string,
  provenance: Provenance = {},
): Promise<StoreMetadata> {
  const file = new OutputFile(path);
  try {
    const writer = await ArrowWriter.create(
      {
        diskNames: trace.diskNames,
        provenance: { format: trace.summary.format, ...trace.provenance, ...provenance },
        warnings: trace.warnings,
        reorderedRows: trace.summary.reorderedRows,
      },
      (bytes) => file.write(bytes),
    );
    const cursor = trace.cursor();
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) writer.accept(block);
    cursor.close();
    const metadata = writer.finish();
    file.commit();
    return metadata;
  } finally {
    file.discard();
  }
}
