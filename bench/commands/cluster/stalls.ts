import { FvpCommand } from '../../program/fvp-command.ts';

export default class ClusterStalls extends FvpCommand {
  static override summary = 'Show how long a guest waits at most in each failure, per mode.';
  static override description = [
    'Runs every row of the failure matrix with a steady load from one VM, and judges loss, final state and waits.',
    'Exits with an error when a promise of the matrix is broken.',
  ].join(' ');
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<unknown> {
    await this.parse(ClusterStalls);
    const { stallsCommand } = await import('../../fuzz/stalls-command.ts');
    return stallsCommand((line) => this.log(line));
  }
}
