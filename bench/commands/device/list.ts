import { FvpCommand } from '../../program/fvp-command.ts';

export default class DeviceList extends FvpCommand {
  static override summary = 'List the devices, filters and presets that come with fvp.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<unknown> {
    await this.parse(DeviceList);
    const { describeAll } = await import('../../../reference/devices/describe.ts');
    const { deviceListLines } = await import('../../render/device-pages.ts');
    const { terminalStyle } = await import('../../render/terminal-style.ts');
    const all = describeAll();
    const { width } = terminalStyle(process.stdout, process.env);
    for (const line of deviceListLines(all, width)) this.log(line);
    return { schema: 'fvp.devices/1', ...all };
  }
}
