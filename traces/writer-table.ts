/** The forms that can be written. Add one: a file in `writers/` and a line here. */
import { UsageError } from '../reference/kernel/errors.ts';
import { didYouMean } from '../reference/kernel/nearest-name.ts';
import type { TraceWriter } from './trace-writer.ts';
import { arrowWriter } from './writers/arrow.ts';
import { blkparseWriter } from './writers/blkparse.ts';
import { blkreplayWriter } from './writers/blkreplay.ts';
import { fioIolog2Writer, fioIologWriter } from './writers/fio-iolog.ts';
import { msrWriter } from './writers/msr.ts';
import { oracleGeneralWriter } from './writers/oracle-general.ts';
import { disksimWriter, mqsimWriter, ssdsimWriter } from './writers/simulators.ts';
import { spcWriter } from './writers/spc.ts';
import { vscsi2Writer, vscsiWriter } from './writers/vscsi.ts';

export const writerTable: readonly TraceWriter[] = [
  arrowWriter,
  fioIologWriter,
  fioIolog2Writer,
  blkparseWriter,
  blkreplayWriter,
  spcWriter,
  msrWriter,
  vscsiWriter,
  vscsi2Writer,
  disksimWriter,
  mqsimWriter,
  ssdsimWriter,
  oracleGeneralWriter,
];

/**
 * The form to write: the one named, or the one the file's name ends like.
 * @throws UsageError with the nearest name, or when neither says it
 */
export function writerFor(path: string, name: string | undefined): TraceWriter {
  const names = writerTable.map((writer) => writer.name);
  if (name !== undefined) {
    const found = writerTable.find((writer) => writer.name === name);
    if (found !== undefined) return found;
    throw new UsageError(`traces cannot be written as ${JSON.stringify(name)}`, {
      hint: didYouMean(name, names) ?? `the formats to write are ${names.join(', ')}`,
    });
  }
  const plain = path.replace(/\.gz$/, '');
  const found = writerTable.find((writer) => writer.suffixes.some((suffix) => plain.endsWith(suffix)));
  if (found !== undefined) return found;
  throw new UsageError(`what format should ${path} be?`, {
    hint: `say it with --to: ${names.join(', ')}`,
  });
}
