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
    const { definitionList } = await import('../../render/definition-list.ts');
    const { terminalStyle } = await import('../../render/terminal-style.ts');
    const presets = listPresets();
    const { width } = terminalStyle(process.stdout, process.env);
    for (const line of definitionList(presets, width)) this.log(line);
    return { schema: 'fvp.presets/1', presets };
  }
}
