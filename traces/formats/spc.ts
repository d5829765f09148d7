/**
 * SPC trace files (UMass Financial and WebSearch): `ASU,LBA,SIZE,OPCODE,SECONDS`, more fields may follow.
 *
 * @source "SPC Trace File Format Specification", revision 1.0.1; the UMass sets (docs of this project)
 *
 * LBA counts 512-byte blocks within the ASU, which is a disk of ours; SIZE is in bytes. Sizes that are no whole
 * sectors are rounded up to them, and sizes of 0 are left out, both counted.
 */

import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const spc = textFormat({
  name: 'spc',
  description: 'SPC trace file 1.0.1: UMass Financial1/2 (OLTP), WebSearch1-3',
  recognisedBy: 'lines ASU,LBA,SIZE,R|W,SECONDS',
  looks: /^\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*[RrWw]\s*,\s*\d+\.\d*\s*(?:,.*)?$/,
  layout: {
    separator: ',',
    columns: [
      { role: 'disk' },
      { role: 'offset', unit: SECTOR_BYTES },
      { role: 'length' },
      { role: 'op', words: READ_WRITE },
      { role: 'time', unit: NS_PER_S },
    ],
    more: true,
    named: false,
  },
});
