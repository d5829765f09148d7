/**
 * VMware's vscsiStats trace as text (also of ioblazer): two header lines, then
 * `SERIAL,LENGTH,SG ENTRIES,read|write,LBN,MICROSECONDS`. Spurious lines between are passed over. And libCacheSim's
 * CSV of the binary form, `version,time,op,size,lbn`, where the operation is a SCSI opcode and times are whole seconds,
 * over which rows are spread.
 *
 * @source VMware, "Using vscsiStats"; ioblazer's changelog; libCacheSim aa0fc40, data/ (docs of this project)
 */
import { NS_PER_S, NS_PER_US, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { ByFirstLine } from '../columns/by-first-line.ts';
import { type OpWord, READ_WRITE, type TextLayout } from '../columns/column.ts';
import { TextColumns } from '../columns/text-columns.ts';
import type { TraceFormat } from '../trace-format.ts';

const TEXT: TextLayout = {
  separator: ',',
  columns: [
    { role: 'skip' },
    { role: 'length' },
    { role: 'skip' },
    { role: 'op', words: READ_WRITE },
    { role: 'offset', unit: SECTOR_BYTES },
    { role: 'time', unit: NS_PER_US },
  ],
  more: false,
  named: false,
  comment: '#',
  spurious: true,
};

/** @source SCSI block commands: 08 28 88 a8 read, 0a 2a 8a aa write */
const OPCODES: Readonly<Record<string, OpWord>> = {
  '2a': 'write',
  28: 'read',
  '8a': 'write',
  88: 'read',
  '0a': 'write',
  '08': 'read',
  aa: 'write',
  a8: 'read',
  a: 'write',
  8: 'read',
  35: 'flush',
  91: 'flush',
};

const OPCODE_CSV: TextLayout = {
  separator: ',',
  columns: [
    { role: 'time', unit: NS_PER_S, names: ['time'] },
    { role: 'op', words: OPCODES, names: ['op'] },
    { role: 'length', names: ['size'] },
    { role: 'offset', unit: SECTOR_BYTES, names: ['lbn'] },
  ],
  more: true,
  named: true,
};

const OPCODE_HEADER = 'version,time,op,size,lbn';
const FIRST_LINE =
  /^(?:#?\s*Vscsi Cmd Trace.*|#?\s*Serial Number,.*|\d+,\s*\d+,\s*\d+,\s*(?:read|write),\s*\d+,\s*\d+|version,time,op,size,lbn)$/i;

export const vscsistats: TraceFormat = {
  name: 'vscsistats',
  description: "VMware vscsiStats or ioblazer trace as text; libCacheSim's CSV of vscsi traces",
  recognisedBy:
    'the line "Vscsi Cmd Trace", lines SERIAL,LENGTH,SG,read|write,LBN,MICROSECONDS, or the header version,time,op,size,lbn',
  encoding: 'text',
  pairsCompletions: false,
  coarseClock: true,
  clockRestarts: false,
  recognise: (head) =>
    FIRST_LINE.test(Buffer.from(head.subarray(0, 4096)).toString('latin1').split('\n', 1)[0]!.trimEnd()),
  open: (context) =>
    new ByFirstLine((line) => new TextColumns(context, line === OPCODE_HEADER ? OPCODE_CSV : TEXT)),
};
