/** The formats that can be read. Add one: a file in `formats/` and a line here. */
import { DataError, UsageError } from '../reference/kernel/errors.ts';
import { didYouMean } from '../reference/kernel/nearest-name.ts';
import { SPEC_HINT } from './columns/column-spec.ts';
import { alibaba } from './formats/alibaba.ts';
import { arc } from './formats/arc.ts';
import { arrow } from './formats/arrow.ts';
import { blkparse } from './formats/blkparse.ts';
import { blkreplay } from './formats/blkreplay.ts';
import { blktrace } from './formats/blktrace.ts';
import { btreplay } from './formats/btreplay.ts';
import { cachelib } from './formats/cachelib.ts';
import { delimited } from './formats/delimited.ts';
import { disksim } from './formats/disksim.ts';
import { etw } from './formats/etw.ts';
import { fioIolog } from './formats/fio-iolog.ts';
import { fiu } from './formats/fiu.ts';
import { hfplayer } from './formats/hfplayer.ts';
import { k5 } from './formats/k5.ts';
import { lcs } from './formats/lcs.ts';
import { mqsim } from './formats/mqsim.ts';
import { msr } from './formats/msr.ts';
import { opencas } from './formats/opencas.ts';
import { oracleGeneral } from './formats/oracle-general.ts';
import { profile } from './formats/profile.ts';
import { spc } from './formats/spc.ts';
import { ssdsim } from './formats/ssdsim.ts';
import { struct } from './formats/struct.ts';
import { systor } from './formats/systor.ts';
import { tencent } from './formats/tencent.ts';
import { vscsi } from './formats/vscsi.ts';
import { vscsistats } from './formats/vscsistats.ts';
import type { TraceFormat } from './trace-format.ts';

export const formatTable: readonly TraceFormat[] = [
  fioIolog,
  blkparse,
  blktrace,
  blkreplay,
  spc,
  msr,
  etw,
  fiu,
  systor,
  alibaba,
  tencent,
  k5,
  cachelib,
  vscsi,
  vscsistats,
  disksim,
  mqsim,
  ssdsim,
  hfplayer,
  btreplay,
  arc,
  oracleGeneral,
  lcs,
  opencas,
  arrow,
  profile,
];

/** Formats whose columns a person names, behind a colon: `delimited:disk,op,offset,length,time:us`. */
export const mapperTable: Readonly<Record<string, (spec: string) => TraceFormat>> = { delimited, struct };

/**
 * The format of this name.
 * @throws UsageError with the nearest name
 */
export function formatByName(name: string): TraceFormat {
  const format = formatTable.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  const colon = name.indexOf(':');
  const mapper = colon < 0 ? name : name.slice(0, colon);
  if (Object.hasOwn(mapperTable, mapper)) {
    if (colon < 0) throw new UsageError(`--format ${name} needs columns`, { hint: SPEC_HINT });
    return mapperTable[mapper]!(name.slice(colon + 1));
  }
  const names = [...formatTable.map((candidate) => candidate.name), ...Object.keys(mapperTable)];
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
  const names = found.map((format) => format.name).join(', ');
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
      expected: several ? `one of ${names}` : 'a format that fvp trace formats lists',
      hint: several
        ? 'say which with --format'
        : 'where you know the format, say so with --format; delimited:... and struct:... take columns that you name',
    },
  );
}
