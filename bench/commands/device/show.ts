import { Args } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class DeviceShow extends FvpCommand {
  static override summary =
    'Show a device, filter or preset: every parameter with unit, default, bounds and source.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flash',
    '<%= config.bin %> <%= command.id %> delay',
    '<%= config.bin %> <%= command.id %> nvme-tlc --json',
  ];
  static override args = {
    name: Args.string({
      description:
        'A name from fvp device list, a path such as ./my-device.js or a preset file ./my-ssd.yaml, or an installed package.',
      required: true,
      ignoreStdin: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(DeviceShow);
    const { describe } = await import('../../../reference/devices/describe.ts');
    const { devicePageLines } = await import('../../render/device-pages.ts');
    const { terminalStyle } = await import('../../render/terminal-style.ts');
    const page = await describe(args.name, process.cwd());
    const { width } = terminalStyle(process.stdout, process.env);
    for (const line of devicePageLines(page, width)) this.log(line);
    return { schema: 'fvp.device/1', ...page };
  }
}
