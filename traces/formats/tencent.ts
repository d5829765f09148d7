/**
 * Tencent CBS (2018, SNIA block-io 27917): `SECONDS,OFFSET,SIZE,TYPE,VOLUME`, sectors of 512 bytes, 0 = read, 1 = write.
 *
 * @source the set's README; Y. Zhang et al., "OSCA", USENIX ATC 2020
 *
 * Stamps are whole seconds; rows are spread within theirs.
 */

import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { ZERO_READS } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const tencent = textFormat({
  name: 'tencent',
  description: 'Tencent cloud block storage CSV (2018, SNIA 27917)',
  recognisedBy: 'lines SECONDS (ten digits),OFFSET,SIZE,0|1,VOLUME',
  looks: /^\d{10},\d+,\d+,[01],\d+$/,
  coarseClock: true,
  layout: {
    separator: ',',
    columns: [
      { role: 'time', unit: NS_PER_S },
      { role: 'offset', unit: SECTOR_BYTES },
      { role: 'length', unit: SECTOR_BYTES },
      { role: 'op', words: ZERO_READS },
      { role: 'disk' },
    ],
    more: false,
    named: false,
  },
});
