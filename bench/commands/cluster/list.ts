import { FvpCommand } from '../../program/fvp-command.ts';

export default class ClusterList extends FvpCommand {
  static override summary = 'List the scenarios that come with fvp.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<unknown> {
    await this.parse(ClusterList);
    const { listPresets } = await import('../../../reference/cluster/scenario/presets.ts');
    const presets = listPresets();
    const width = Math.max(...presets.map((preset) => preset.name.length));
    for (const { name, description } of presets) this.log(`${name.padEnd(width)}  ${description}`);
    return { schema: 'fvp.presets/1', presets };
  }
}
