import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchExport extends FvpCommand {
  static override summary = 'Write the figures of a result for other tools.';
  static override description =
    'csv: every figure, a row each. hgrm: percentile distributions for HdrHistogram’s plotter. prometheus, bencher, github-action-benchmark: for those. The .hlog files of a run need no export: HdrHistogram’s own tools read them.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> results/runs/a --format csv --out a.csv',
    '<%= config.bin %> <%= command.id %> results/runs/a --format hgrm --out distributions',
    '<%= config.bin %> <%= command.id %> fio.json --format prometheus',
  ];
  static override args = {
    run: Args.string({
      description: 'The folder of a run, an .hlog file, or a result of fio in JSON+.',
      required: true,
    }),
  };
  static override flags = {
    format: Flags.string({
      summary: 'Format.',
      options: ['csv', 'hgrm', 'prometheus', 'bencher', 'github-action-benchmark'],
      default: 'csv',
    }),
    mode: Flags.string({
      summary: 'These modes only.',
      helpValue: 'MODE[,MODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    workload: Flags.string({
      summary: 'These workloads only.',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    service: Flags.boolean({ summary: 'hgrm: service times; response times without it.' }),
    out: Flags.string({
      summary: 'File, or a folder for several .hgrm. Standard output without it.',
      helpValue: 'FILE|DIR',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchExport);
    const { runExportCommand } = await import('../../program/export-command.ts');
    return runExportCommand(args.run, {
      format: flags.format,
      out: flags.out,
      workloads: flags.workload,
      modes: flags.mode,
      time: flags.service ? 'service' : 'response',
      print: (line) => this.log(line),
    });
  }
}
