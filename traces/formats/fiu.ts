/**
 * FIU SyLab (mail, homes, webmail): `NANOSECONDS PID PROCESS LBA SECTORS R|W MAJOR MINOR MD5...`.
 *
 * @source the sets' README on SNIA IOTTA (block-io 411 and 414)
 *
 * Not output of blkparse, though the files are named so. The clock counts from the tracer's start and begins again in
 * each daily file: files are laid behind one another. Sets with a digest per 512 bytes have more than one.
 */

import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const fiu = textFormat({
  name: 'fiu',
  description: 'FIU SyLab: mail, homes, webmail and online servers (SNIA 411-414)',
  recognisedBy: 'lines NANOSECONDS PID PROCESS LBA SECTORS R|W MAJOR MINOR MD5',
  looks: /^\s*\d+\s+\d+\s+\S+\s+\d+\s+\d+\s+[RW]\s+\d+\s+\d+(?:\s+[0-9a-fA-F]+)*\s*$/,
  clockRestarts: true,
  layout: {
    separator: ' ',
    columns: [
      { role: 'time' },
      { role: 'pid' },
      { role: 'skip' },
      { role: 'offset', unit: SECTOR_BYTES },
      { role: 'length', unit: SECTOR_BYTES },
      { role: 'op', words: READ_WRITE },
      { role: 'disk', fields: 2 },
    ],
    more: true,
    named: false,
  },
});
