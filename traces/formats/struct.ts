/** Records of one size, mapped by the person: `struct:<IQIq,time:s,offset:sectors,length,-`. */
import { parseStructSpec } from '../columns/column-spec.ts';
import { RecordColumns } from '../columns/record-columns.ts';
import type { TraceFormat } from '../trace-format.ts';

/** @throws UsageError when the fields are no such list */
export function struct(spec: string): TraceFormat {
  const layout = parseStructSpec(spec);
  return {
    name: 'struct',
    description: 'binary records with fields that you name: struct:FORMAT,COLUMN,...',
    recognisedBy: 'name it with --format and say what its fields are',
    encoding: 'binary',
    pairsCompletions: false,
    coarseClock: true,
    clockRestarts: false,
    recognise: () => false,
    open: (context) => new RecordColumns(context, layout),
  };
}
