/**
 * MSR Cambridge (SNIA block-io 388): `TIMESTAMP,HOST,DISK,TYPE,OFFSET,SIZE,RESPONSE`.
 *
 * @source the set's README; D. Narayanan, A. Donnelly, A. Rowstron, "Write off-loading", FAST'08
 *
 * Stamps and response times are Windows FILETIME, ticks of 100 ns (and not µs, as some converters take them); stamps
 * lie beyond 2^53 and are read in two halves. Numbers of disks restart with each host, so that host and number are
 * the disk.
 */
import { READ_WRITE } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

/** @source Microsoft, FILETIME structure */
export const FILETIME_TICK_NS = 100;

export const msr = textFormat({
  name: 'msr',
  description: 'MSR Cambridge CSV: 36 volumes of 13 servers (SNIA 388)',
  recognisedBy: 'lines FILETIME,HOST,DISK,Read|Write,OFFSET,SIZE,RESPONSE',
  looks: /^\d{17,19},[^,]+,\d+,(?:Read|Write),\d+,\d+,\d+$/,
  layout: {
    separator: ',',
    columns: [
      { role: 'time', unit: FILETIME_TICK_NS },
      { role: 'disk', fields: 2 },
      { role: 'op', words: READ_WRITE },
      { role: 'offset' },
      { role: 'length' },
      { role: 'latency', unit: FILETIME_TICK_NS },
    ],
    more: false,
    named: false,
  },
});
