/**
 * DiskSim's ASCII traces: `MILLISECONDS DEVICE BLOCK BLOCKS FLAGS`, 512-byte blocks, hexadecimal flags whose lowest bit
 * is set for reads.
 *
 * @source J. Bucy et al., "The DiskSim simulation environment version 4.0", section "Traces"
 */

import { NS_PER_MS, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { textFormat } from '../columns/text-format.ts';

export const disksim = textFormat({
  name: 'disksim',
  description: 'DiskSim 4 ASCII: milliseconds, bit 0 of the flags = read',
  recognisedBy: 'lines MILLISECONDS (with a point) DEVICE BLOCK BLOCKS FLAGS',
  looks: /^\s*\d+\.\d*\s+\d+\s+\d+\s+\d+\s+(?:0x)?[0-9a-fA-F]+\s*$/,
  layout: {
    separator: ' ',
    columns: [
      { role: 'time', unit: NS_PER_MS },
      { role: 'disk' },
      { role: 'offset', unit: SECTOR_BYTES },
      { role: 'length', unit: SECTOR_BYTES },
      { role: 'flags' },
    ],
    more: false,
    named: false,
  },
});
