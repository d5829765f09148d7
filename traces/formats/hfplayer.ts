/**
 * hfplayer's CSV (NetApp): a header that begins with `#` and names its columns with their types (`.I` integer, `.D`
 * real, `.S` string); columns are taken by name. LBA and NBLKS are 512-byte blocks.
 *
 * @source hfplayer's README and ioreplayer (docs of this project)
 */

import { NS_PER_US, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { OpWord } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

const COMMANDS: Readonly<Record<string, OpWord>> = { 'RD*': 'read', 'WR*': 'write' };

export const hfplayer = textFormat({
  name: 'hfplayer',
  description: 'hfplayer CSV (NetApp)',
  recognisedBy: 'a header line that names ELAPSED_USECS.D and LBA.I',
  looks: /^#?[A-Z_,.#]*\bELAPSED_USECS\.D\b/,
  layout: {
    separator: ',',
    columns: [
      { role: 'time', unit: NS_PER_US, names: ['ELAPSED_USECS.D', 'ELAPSED_USECS.I'] },
      { role: 'op', words: COMMANDS, names: ['CMD.S'] },
      { role: 'disk', names: ['LUN_SSID.I', 'HOST_LUN.I'], optional: true },
      { role: 'offset', unit: SECTOR_BYTES, names: ['LBA.I'] },
      { role: 'length', unit: SECTOR_BYTES, names: ['NBLKS.I'] },
      { role: 'latency', unit: NS_PER_US, names: ['LATENCY_USECS.D', 'LATENCY_USECS.I'], optional: true },
    ],
    more: true,
    named: true,
    comment: '#',
  },
});
