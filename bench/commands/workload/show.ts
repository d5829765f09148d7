import { Args } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class WorkloadShow extends FvpCommand {
  static override summary =
    'Show what a fio job file will do here, in words and in a table; or what limits say.';
  static override description =
    'Takes every job file that can be read, also one that cannot be run here, and says why it cannot. Variables come from the environment; those that are not set are named.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> oltp',
    '<%= config.bin %> <%= command.id %> my-job.fio --json',
  ];
  static override args = {
    job: Args.string({
      description: 'A fio job file, or a name of fvp workload list.',
      required: true,
      ignoreStdin: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(WorkloadShow);
    const { showWorkload } = await import('../../program/workload-command.ts');
    return showWorkload(args.job, (line) => this.log(line));
  }
}
