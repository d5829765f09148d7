/**
 * K5cloud (SNIA block-io 26930): `ID,SECONDS,TYPE,OFFSET,LENGTH`, one file per volume and day. Seconds count from the
 * first I/O of the whole set, so that files merge by time.
 *
 * @source the set's README
 */

import { NS_PER_S } from '../../reference/kernel/units.ts';
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const k5 = textFormat({
  name: 'k5',
  description: 'K5cloud CSV (SNIA 26930)',
  recognisedBy: 'lines ID,SECONDS,R|W,OFFSET,LENGTH',
  looks: /^[^,]+,\d+(?:\.\d+)?,[RW],\d+,\d+$/,
  layout: {
    separator: ',',
    columns: [
      { role: 'disk' },
      { role: 'time', unit: NS_PER_S },
      { role: 'op', words: READ_WRITE },
      { role: 'offset' },
      { role: 'length' },
    ],
    more: false,
    named: false,
  },
});
