import { FvpCommand } from '../../program/fvp-command.ts';

export default class WorkloadList extends FvpCommand {
  static override summary = 'List the traces and jobs that come with fvp, by the question they answer.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<unknown> {
    await this.parse(WorkloadList);
    const { listWorkloads } = await import('../../program/workload-command.ts');
    return listWorkloads((line) => this.log(line));
  }
}
