import { Flags } from '@oclif/core';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { modeFlag, planFlags, planWorkloadArg } from '../../program/plan-flags.ts';

export default class PlanLoad extends FvpCommand {
  static override summary =
    'How far the load can grow before an objective breaks: the knee, proved on both sides.';
  static override description =
    'The range of --vary is parted until the highest load that holds and the lowest that breaks are near; both are replays. Without --threshold, what must hold is that the load is kept up with. Exit code 0 with an answer, 99 when not even the lowest load holds. See docs/planning.md.';
  static override examples = [
    {
      description: 'How much faster the database could go:',
      command:
        "<%= config.bin %> <%= command.id %> database --threshold 'writes.p99<10ms' --vary speed=1x..16x",
    },
    {
      description: 'How many such VMs a host can carry:',
      command:
        "<%= config.bin %> <%= command.id %> email --threshold 'reads.p99<50ms' --vary vms.perHost=1..16",
    },
    {
      description: 'How many such hosts the array can carry:',
      command:
        "<%= config.bin %> <%= command.id %> email --threshold 'reads.p99<50ms' --vary hosts.count=3..32",
    },
  ];
  static override args = { workload: planWorkloadArg };
  static override flags = {
    vary: Flags.string({
      summary: 'What grows: speed, vms.perHost, hosts.count, or another number. [default: speed=1x..64x]',
      helpValue: 'NAME=FROM..TO',
      default: 'speed=1x..64x',
    }),
    resolution: Flags.string({
      summary: 'How near the two sides must come; whole numbers come as near as they can.',
      helpValue: '5%',
      default: '5%',
    }),
    mode: modeFlag,
    ...planFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanLoad);
    const { runPlanLoad } = await import('../../program/plan-questions.ts');
    return runPlanLoad(workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
