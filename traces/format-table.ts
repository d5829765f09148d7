/** The formats that can be read. Add one: a file in `formats/` and a line here. */
import { DataError, UsageError } from '../reference/kernel/errors.ts';
import { didYouMean } from '../reference/kernel/nearest-name.ts';
import { arrow } from './formats/arrow.ts';
import { blkparse } from './formats/blkparse.ts';
import { blkreplay } from './formats/blkreplay.ts';
import { blktrace } from './formats/blktrace.ts';
import { fioIolog } from './formats/fio-iolog.ts';
import { vscsi } from './formats/vscsi.ts';
import type { TraceFormat } from './trace-format.ts';

export const formatTable: readonly TraceFormat[] = [fioIolog, blkparse, blktrace, blkreplay, vscsi, arrow];

/**
 * The format of this name.
 * @throws UsageError with the nearest name
 */
export function formatByName(name: string): TraceFormat {
  const format = formatTable.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  const names = formatTable.map((candidate) => candidate.name);
  throw new UsageError(`no trace format is called ${JSON.stringify(name)}`, {
    hint: didYouMean(name, names) ?? `the formats are ${names.join(', ')}`,
  });
}

/**
 * The one format that recognises this start of an input.
 * @param head the first 64 KiB, decompressed
 * @param whole true when that is all there is
 * @throws DataError when none does, or several do
 */
export function detectFormat(head: Uint8Array, whole: boolean, file: string): TraceFormat {
  const found = formatTable.filter((format) => format.recognise(head, whole));
  if (found.length === 1) return found[0]!;
  const several = found.length > 1;
  const names = (several ? found : formatTable).map((format) => format.name).join(', ');
  const what = several ? 'the trace format is ambiguous' : 'the trace format is unknown';
  const newline = head.indexOf(10);
  const firstLine = Buffer.from(head.subarray(0, newline < 0 ? 80 : Math.min(newline, 80))).toString(
    'latin1',
  );
  throw new DataError(
    what,
    { file },
    {
      found: firstLine,
      expected: `one of ${names}`,
      hint: several ? 'say which with --format' : 'where you know the format, say so with --format',
    },
  );
}
