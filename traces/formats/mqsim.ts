/**
 * MQSim's ASCII traces: `NANOSECONDS DEVICE LBA SECTORS TYPE`, 1 = read, 0 = write. MQSim's time unit is named in its
 * XML, but its code always took nanoseconds.
 *
 * @source MQSim 7ec40e3, ASCII_Trace_Definition.h; MQSim pull request 23
 */

import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { ONE_READS, type TextLayout } from '../columns/column.ts';
import { textFormat } from '../columns/text-format.ts';

/** Shared with SSDsim, whose columns are the same. */
export const INTEGER_SIMULATOR_LAYOUT: TextLayout = {
  separator: ' ',
  columns: [
    { role: 'time' },
    { role: 'disk' },
    { role: 'offset', unit: SECTOR_BYTES },
    { role: 'length', unit: SECTOR_BYTES },
    { role: 'op', words: ONE_READS },
  ],
  more: false,
  named: false,
};

export const mqsim = textFormat({
  name: 'mqsim',
  description: 'MQSim ASCII: nanoseconds, 1 = read',
  recognisedBy: 'lines NANOSECONDS DEVICE LBA SECTORS 0|1 (SSDsim is read alike)',
  looks: /^\s*\d+\s+\d+\s+\d+\s+\d+\s+[01]\s*$/,
  layout: INTEGER_SIMULATOR_LAYOUT,
});
