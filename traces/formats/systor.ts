/**
 * SYSTOR '17 (SNIA block-io 4964), virtual desktops: header `Timestamp,Response,IOType,LUN,Offset,Size`.
 *
 * @source C. Lee et al., "Understanding storage traffic characteristics on enterprise virtual desktop infrastructure",
 * SYSTOR 2017; the set's README
 *
 * Stamps are Unix seconds with nine decimals, of which six are meant; the response, in seconds, may be empty. Rows
 * whose type is blank saw no reply and are left out.
 */

import { NS_PER_S } from '../../reference/kernel/units.ts';
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

export const systor = textFormat({
  name: 'systor',
  description: "SYSTOR '17 CSV: virtual desktops (SNIA 4964)",
  recognisedBy: 'the header Timestamp,Response,IOType,LUN,Offset,Size',
  looks: /^Timestamp,Response,IOType,LUN,Offset,Size\s*$/,
  layout: {
    separator: ',',
    columns: [
      { role: 'time', unit: NS_PER_S, names: ['Timestamp'] },
      { role: 'latency', unit: NS_PER_S, names: ['Response'], optional: true },
      { role: 'op', words: { ...READ_WRITE, '': 'none' }, names: ['IOType'] },
      { role: 'disk', names: ['LUN'] },
      { role: 'offset', names: ['Offset'] },
      { role: 'length', names: ['Size'] },
    ],
    more: true,
    named: true,
  },
});
