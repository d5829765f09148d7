import { Flags } from '@oclif/core';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { modeFlag, planFlags, planWorkloadArg } from '../../program/plan-flags.ts';

export default class PlanFlash extends FvpCommand {
  static override summary =
    'Hit ratio and write absorption by flash size; bursts, filling, draining, and wear.';
  static override description =
    'Each size is a replay; beside its hit ratio stands that of an LRU cache of the same size, from the miss-ratio curve. Sizes are those of each host. The least fvp.dirtyLimit that holds no write back is found by bisection, each step a replay, unless --set names one. See docs/planning.md.';
  static override examples = [
    {
      description: 'From a hundredth of what the trace touches to all of it:',
      command: '<%= config.bin %> <%= command.id %> database',
    },
    {
      description: 'Where dirty data may take little room, with the life of the drive:',
      command:
        '<%= config.bin %> <%= command.id %> database --set fvp.dirtyLimit=2% --sizes 10%,50%,100% --endurance 11PB',
    },
  ];
  static override args = { workload: planWorkloadArg };
  static override flags = {
    sizes: Flags.string({
      summary: 'Capacities of each host: sizes, or shares of what the workload touches.',
      helpValue: 'LIST|RANGE',
      default: '2%,5%,10%,20%,50%,100%,200%',
    }),
    endurance: Flags.string({
      summary: "What a host's flash may be written in its life, from its data sheet.",
      helpValue: '10PB',
    }),
    mode: modeFlag,
    ...planFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanFlash);
    const { runPlanFlash } = await import('../../program/plan-questions.ts');
    return runPlanFlash(workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
