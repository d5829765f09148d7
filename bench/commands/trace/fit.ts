import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceFit extends FvpCommand {
  static override summary = 'Fit a small, shareable profile to a trace, and say how close it comes.';
  static override description = [
    'A profile holds arrivals with their bursts and phases, sizes, sequential runs, reuse and zones of offsets, and recorded latencies,',
    'as chains and weights: no row of the trace, no name, no content. It is JSON or YAML of some 100 kB.',
    'A synthetic trace drawn from it is compared with the trace itself, by its statistics and by its latencies under replay in every mode.',
  ].join(' ');
  static override examples = [
    {
      description: 'A profile of the shipped e-mail trace:',
      command: '<%= config.bin %> <%= command.id %> email -o mail.profile.yaml',
    },
    {
      description: 'Then replay it, as any workload:',
      command: '<%= config.bin %> bench run mail.profile.yaml --mode none,write-back+1',
    },
  ];
  static override args = {
    trace: Args.string({
      description: 'A trace file, a folder of traces, or a shipped name: database, email.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    out: Flags.string({
      char: 'o',
      summary: 'The profile: JSON, or YAML where the name ends in .yaml or .yml.',
      helpValue: 'FILE',
      required: true,
    }),
    format: Flags.string({
      summary: 'Format of the trace. Detected from its content without it.',
      helpValue: 'NAME',
    }),
    event: Flags.string({
      summary: 'Which blktrace event is an I/O: Q as queued, D as issued to the device.',
      options: ['Q', 'D'],
      default: 'D',
    }),
    seed: Flags.string({ summary: 'Seed of the draws, 0 to 2^53 - 1.', helpValue: 'N', default: '1' }),
    scenario: Flags.string({
      summary: 'Scenario of the replays that are compared.',
      helpValue: 'FILE|PRESET',
      default: 'datacentre-2014',
    }),
    replay: Flags.boolean({
      summary: 'Compare latencies under replay as well; --no-replay leaves that out.',
      default: true,
      allowNo: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TraceFit);
    const { runTraceFit } = await import('../../program/trace-fit-command.ts');
    return runTraceFit({ trace: args.trace, ...flags }, (line) => this.log(line));
  }
}
