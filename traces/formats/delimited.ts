/** Text with a column for each fact, mapped by the person: `delimited:disk,op,offset,length,time:us`. */
import { parseDelimitedSpec } from '../columns/column-spec.ts';
import { TextColumns } from '../columns/text-columns.ts';
import type { TraceFormat } from '../trace-format.ts';

/** @throws UsageError when the columns are no such list */
export function delimited(spec: string): TraceFormat {
  const layout = parseDelimitedSpec(spec);
  return {
    name: 'delimited',
    description: 'text with columns that you name: delimited:COLUMN,COLUMN,...',
    recognisedBy: 'name it with --format and say what its columns are',
    encoding: 'text',
    pairsCompletions: false,
    coarseClock: true,
    clockRestarts: false,
    recognise: () => false,
    open: (context) => new TextColumns(context, layout),
  };
}
