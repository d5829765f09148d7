/**
 * Alibaba block traces (2020): `DEVICE,OPCODE,OFFSET,LENGTH,MICROSECONDS`, no header.
 *
 * @source github.com/alibaba/block-traces
 */

import { NS_PER_US } from '../../reference/kernel/units.ts';
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const alibaba = textFormat({
  name: 'alibaba',
  description: 'Alibaba cloud block storage CSV (2020)',
  recognisedBy: 'lines DEVICE,R|W,OFFSET,LENGTH,MICROSECONDS',
  looks: /^\d+,[RW],\d+,\d+,\d+$/,
  layout: {
    separator: ',',
    columns: [
      { role: 'disk' },
      { role: 'op', words: READ_WRITE },
      { role: 'offset' },
      { role: 'length' },
      { role: 'time', unit: NS_PER_US },
    ],
    more: false,
    named: false,
  },
});
