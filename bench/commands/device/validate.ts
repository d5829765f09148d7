import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

/** sysexits.h EX_USAGE: as for a run with the module. */
const EXIT_BREACH = 64;

export default class DeviceValidate extends FvpCommand {
  static override summary = 'Check that a device or filter keeps the contract.';
  static override description =
    'Drives it in virtual time through loads that differ in what they press on, checks every call in both directions, and says what holds. Exits with 64 when something does not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> array',
    '<%= config.bin %> <%= command.id %> flash --set channels=1 --set hold=1ms',
    '<%= config.bin %> <%= command.id %> delay --json',
  ];
  static override args = {
    module: Args.string({
      description: 'A path such as ./my-device.js, an installed package, or a name from fvp device list.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    set: Flags.string({
      summary: 'A parameter, as in a scenario; may be repeated.',
      helpValue: 'NAME=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    seed: Flags.string({ summary: 'Seed of the random draws.', helpValue: '1', default: '1' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DeviceValidate);
    const { validateModule } = await import('../../../reference/devices/conformance/validate-module.ts');
    const { checkReportLines } = await import('../../render/device-pages.ts');
    const { terminalStyle } = await import('../../render/terminal-style.ts');
    const report = await validateModule({
      specifier: args.module,
      folder: process.cwd(),
      settings: flags.set ?? [],
      seed: flags.seed,
    });
    const { width } = terminalStyle(process.stdout, process.env);
    for (const line of checkReportLines(report, width)) this.log(line);
    if (!report.passed) process.exitCode = EXIT_BREACH;
    return report;
  }
}
