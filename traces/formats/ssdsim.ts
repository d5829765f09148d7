/**
 * SSDsim's (HUST) ASCII traces: `NANOSECONDS DEVICE LSN SECTORS OPERATION`, 1 = read, 0 = write: the columns of MQSim.
 *
 * @source ssdsim f4112896, its example.ascii; "1 = read" is from its source's `#define READ 1`
 */
import { textFormat } from '../columns/text-format.ts';
import { INTEGER_SIMULATOR_LAYOUT } from './mqsim.ts';

export const ssdsim = textFormat({
  name: 'ssdsim',
  description: 'SSDsim (HUST) ASCII: nanoseconds, 1 = read',
  recognisedBy: 'name it with --format; unnamed it is read as mqsim, which has the same columns',
  layout: INTEGER_SIMULATOR_LAYOUT,
});
