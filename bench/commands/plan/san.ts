import { Flags } from '@oclif/core';
import { MODE_NAMES } from '../../../reference/fvp/mode.ts';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { planFlags, planWorkloadArg } from '../../program/plan-flags.ts';

export default class PlanSan extends FvpCommand {
  static override summary = 'What FVP spares the SAN: I/O, bandwidth, disks; and where it gains nothing.';
  static override description =
    'Each mode is held against none. How many disks of the array could be spared is found by bisection: the fewest with which --threshold holds, or without one, with which reads are no slower in the mean and writes no slower at p99 than with all disks and no FVP. See docs/planning.md.';
  static override examples = [
    {
      description: 'The database on the array of 2014:',
      command: '<%= config.bin %> <%= command.id %> database',
    },
    {
      description: 'On a present-day all-flash array, which leaves write-back nothing to gain:',
      command: '<%= config.bin %> <%= command.id %> database --scenario datacentre-today',
    },
  ];
  static override args = { workload: planWorkloadArg };
  static override flags = {
    mode: Flags.string({
      summary: 'Modes to hold against none.',
      options: [...MODE_NAMES],
      default: ['write-through', 'write-back', 'write-back+1'],
      helpValue: 'MODE[,MODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    ...planFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanSan);
    const { runPlanSan } = await import('../../program/plan-questions.ts');
    return runPlanSan(workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
