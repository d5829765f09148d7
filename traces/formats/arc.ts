/**
 * The `.lis` traces of the ARC paper: `BLOCK BLOCKS IGNORED NUMBER`, 512-byte blocks; reads only, and no time.
 *
 * @source N. Megiddo and D. Modha, "ARC", FAST'03; the traces' README
 *
 * Rows stand 1 ms apart, which is an assumption: use them for locality, with `--replay closed`. Some copies of OLTP.lis
 * have blocks numbered densely from 1, one each; those are no addresses.
 */

import { NS_PER_MS, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { textFormat } from '../columns/text-format.ts';

export const arc = textFormat({
  name: 'arc',
  description: 'ARC .lis: blocks read, without time (placed 1 ms apart)',
  recognisedBy: 'lines of four whole numbers: BLOCK BLOCKS IGNORED NUMBER',
  looks: /^\s*\d+\s+\d+\s+\d+\s+\d+\s*$/,
  layout: {
    separator: ' ',
    columns: [
      { role: 'offset', unit: SECTOR_BYTES },
      { role: 'length', unit: SECTOR_BYTES },
      { role: 'skip' },
      { role: 'skip' },
    ],
    more: false,
    named: false,
    stepNs: NS_PER_MS,
  },
});
