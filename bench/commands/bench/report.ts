import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchReport extends FvpCommand {
  static override summary = 'Write the report of one or more runs, or draw them in the terminal.';
  static override description =
    'The report is one HTML file that needs no network. Every run has one already (report.html); this writes it anew, joins several runs in one page, draws percentiles and timelines in the terminal, or saves every chart as a picture.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> results/runs/a results/runs/b --out both.html',
    {
      description: 'For those who live in ssh:',
      command: '<%= config.bin %> <%= command.id %> results/runs/a --plot',
    },
    {
      description: 'Every chart as a picture:',
      command: '<%= config.bin %> <%= command.id %> results/runs/a --png charts',
    },
  ];
  static override args = {
    run: Args.string({ description: 'The folder of a run.', multiple: true, required: true }),
  };
  static override flags = {
    out: Flags.string({ summary: 'File of the report.', helpValue: 'FILE', default: 'report.html' }),
    open: Flags.boolean({ summary: 'Open it in a browser.' }),
    plot: Flags.boolean({ summary: 'Draw percentiles and timelines in the terminal too.' }),
    png: Flags.string({
      summary: 'Save every chart as a picture in this folder; needs Chromium.',
      helpValue: 'DIR',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchReport);
    const { runReportCommand } = await import('../../program/report-command.ts');
    return runReportCommand([args.run].flat(), {
      out: flags.out,
      open: flags.open,
      png: flags.png,
      plot: flags.plot,
      print: (line) => this.log(line),
    });
  }
}
