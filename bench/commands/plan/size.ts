import { Flags } from '@oclif/core';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { modeFlag, planFlags, planWorkloadArg, varyFlag } from '../../program/plan-flags.ts';

export default class PlanSize extends FvpCommand {
  static override summary =
    'The cheapest configuration that meets the objectives, and what the next cheaper one misses by.';
  static override description =
    'Configurations are every combination of --vary, tried from the cheapest on: by --prices, or without a list by hosts, disks, flash and replicas. What cannot meet the objectives by service times, queueing or the miss-ratio curve, and what a replay has shown to change nothing, is passed over with the reason. The answer and the next cheaper one are always replays. Exit code 0 with an answer, 99 without. See docs/planning.md.';
  static override examples = [
    {
      description: 'How much flash, and in which mode:',
      command:
        "<%= config.bin %> <%= command.id %> database --threshold 'writes.p99<5ms' --vary flash.capacity=50G..800G --vary mode=write-through,write-back+1",
    },
    {
      description: 'By price:',
      command:
        "<%= config.bin %> <%= command.id %> email --threshold 'writes.p99<1ms' --vary mode=none,write-back,write-back+1 --prices prices.yaml",
    },
  ];
  static override args = { workload: planWorkloadArg };
  static override flags = {
    vary: varyFlag,
    prune: Flags.boolean({
      summary: 'Pass over what cannot be the answer; --no-prune replays everything.',
      default: true,
      allowNo: true,
    }),
    mode: modeFlag,
    ...planFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanSize);
    const { runPlanSize } = await import('../../program/plan-questions.ts');
    return runPlanSize(workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
