import { Args } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class ClusterShow extends FvpCommand {
  static override summary = 'Print a scenario as commented YAML, to save and edit.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> datacentre-2014',
    '<%= config.bin %> <%= command.id %> datacentre-today > mine.yaml',
  ];
  static override args = {
    preset: Args.string({
      description: 'Name of a preset: see fvp cluster list.',
      required: true,
      ignoreStdin: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(ClusterShow);
    const { presetText } = await import('../../../reference/cluster/scenario/presets.ts');
    const yaml = presetText(args.preset);
    this.log(yaml.replace(/\n$/, ''));
    return { schema: 'fvp.preset/1', name: args.preset, yaml };
  }
}
