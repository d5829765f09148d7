import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class DeviceCalibrate extends FvpCommand {
  static override summary = 'Fit a device to what fio measured, and show how well it fits.';
  static override description =
    'Takes what holds latencies (results of fio in JSON+, its latency and histogram logs, .hlog files, traces with completions), best at several sizes and depths, and fits a device, which is then replayed at the same sizes and depths. The empirical device gives the measured distributions back; of an ssd or array the few parameters are fitted that random reads and writes tell of, and the rest is that of a preset (--base). --run measures a file or device first; it does not write to anything that holds data unless --overwrite says so.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> read.json write.json -o my-ssd.yaml',
    '<%= config.bin %> <%= command.id %> --run ./testfile -o my-ssd.yaml',
    '<%= config.bin %> <%= command.id %> read.json write.json --model ssd -o my-ssd.yaml',
    '<%= config.bin %> <%= command.id %> reads.hlog --operation read --size 4KiB --depth 8',
  ];
  static override args = {
    results: Args.string({
      description: 'Results of fio --output-format=json+, its logs, .hlog files, or traces with completions.',
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    output: Flags.string({ char: 'o', summary: 'Write the fitted preset to this file.', helpValue: 'FILE' }),
    model: Flags.string({
      summary: 'What is fitted.',
      options: ['empirical', 'ssd', 'array'],
      default: 'empirical',
    }),
    base: Flags.string({
      summary:
        'With --model ssd or array: the preset that what is not measured is from. intel-p4500-2tb or all-flash-array without it.',
      helpValue: 'PRESET|FILE',
    }),
    operation: Flags.string({ summary: 'What a log without directions is of.', options: ['read', 'write'] }),
    size: Flags.string({ summary: 'Size of the I/Os of a log without sizes.', helpValue: '4KiB' }),
    depth: Flags.string({ summary: 'I/Os under way while a log was written.', helpValue: 'N' }),
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
    const { model, base, operation, size, depth, output, run, overwrite, runtime } = flags;
    const document = await calibrate(files, {
      model,
      base,
      operation,
      size,
      depth,
      output,
      run,
      overwrite,
      runtime,
    });
    for (const line of calibrationLines(document)) this.log(line);
    return document;
  }
}
