import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class DeviceCalibrate extends FvpCommand {
  static override summary = 'Fit a device to what fio measured, and show how well it fits.';
  static override description =
    'Takes results of fio (JSON+; several sizes and depths) and fits the empirical device, which is then replayed at the same sizes and depths. --run measures a file or device first; it does not write to anything that holds data unless --overwrite says so.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> read.json write.json -o my-ssd.yaml',
    '<%= config.bin %> <%= command.id %> --run ./testfile -o my-ssd.yaml',
  ];
  static override args = {
    results: Args.string({
      description: 'Results of fio --output-format=json+.',
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    output: Flags.string({ char: 'o', summary: 'Write the fitted preset to this file.', helpValue: 'FILE' }),
    run: Flags.string({ summary: 'Run fio against this file or device first.', helpValue: 'FILE' }),
    overwrite: Flags.boolean({ summary: 'With --run: write over what the file or device holds.' }),
    runtime: Flags.string({
      summary: 'With --run: seconds of each of the 12 measurements.',
      helpValue: 'N',
      default: '5',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DeviceCalibrate);
    const files = args.results === undefined ? [] : [args.results].flat();
    const { calibrate, calibrationLines } = await import('../../program/device-calibrate.ts');
    const { output, run, overwrite, runtime } = flags;
    const document = await calibrate(files, { output, run, overwrite, runtime });
    for (const line of calibrationLines(document)) this.log(line);
    return document;
  }
}
