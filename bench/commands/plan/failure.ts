import { Flags } from '@oclif/core';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { modeFlag, planFlags, planWorkloadArg } from '../../program/plan-flags.ts';

export default class PlanFailure extends FvpCommand {
  static override summary = 'Whether the objectives hold while something is broken: N+1 in numbers.';
  static override description =
    'What happens is that of the shipped scenarios owner-crash, peer-lost and rolling-upgrade, on the hosts and VMs of --scenario; a rebuild of the array lasts throughout. An objective must hold over the whole run, and from the first event on. Exit code 0 when all holds, 99 else. See docs/planning.md.';
  static override examples = [
    {
      description: 'A host dies, a peer is lost, hosts are upgraded, a disk is rebuilt:',
      command: "<%= config.bin %> <%= command.id %> database --threshold 'writes.p99<20ms'",
    },
    {
      description: 'Without replicas, one case:',
      command:
        "<%= config.bin %> <%= command.id %> email --mode write-back --cases host --threshold 'writes.p99<20ms'",
    },
  ];
  static override args = { workload: planWorkloadArg };
  static override flags = {
    cases: Flags.string({
      summary: 'What breaks; nothing at all is always replayed beside it.',
      options: ['host', 'peer', 'upgrade', 'rebuild'],
      default: ['host', 'peer', 'upgrade', 'rebuild'],
      helpValue: 'CASE[,CASE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    mode: modeFlag,
    ...planFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanFailure);
    const { runPlanFailure } = await import('../../program/plan-questions.ts');
    return runPlanFailure(workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
