import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchCompare extends FvpCommand {
  static override summary = 'Compare runs, histogram logs or results of fio with the first of them.';
  static override description =
    'Says first what differs in scenario and trace, then for each workload, mode and direction the difference of each percentile, how far apart the whole distributions are, and which part of the latency moved: local flash, network flash, SAN, queueing, throttle or order.';
  static override examples = [
    {
      description: 'Two runs:',
      command: '<%= config.bin %> <%= command.id %> results/runs/before results/runs/after',
    },
    {
      description: 'Two results of fio (--output-format=json+), as a page with the curves over each other:',
      command: '<%= config.bin %> <%= command.id %> old.json new.json --html compare.html',
    },
    {
      description: 'For a pull request:',
      command: '<%= config.bin %> <%= command.id %> before after --mode write-back --markdown',
    },
  ];
  static override args = {
    run: Args.string({
      description: 'The folder of a run, an .hlog file, or a result of fio in JSON+. The first is the base.',
      multiple: true,
      required: true,
    }),
  };
  static override flags = {
    mode: Flags.string({
      summary: 'Compare these modes only; may be repeated.',
      helpValue: 'MODE[,MODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    workload: Flags.string({
      summary: 'Compare these workloads only; may be repeated.',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    service: Flags.boolean({ summary: 'Compare service times; response times without it.' }),
    markdown: Flags.boolean({ summary: 'Print markdown.', helpGroup: 'OUTPUT' }),
    html: Flags.string({ summary: 'Write a page here.', helpValue: 'FILE', helpGroup: 'OUTPUT' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchCompare);
    const { runCompareCommand } = await import('../../program/compare-command.ts');
    return runCompareCommand([args.run].flat(), {
      workloads: flags.workload,
      modes: flags.mode,
      time: flags.service ? 'service' : 'response',
      markdown: flags.markdown,
      html: flags.html,
      print: (line) => this.log(line),
    });
  }
}
