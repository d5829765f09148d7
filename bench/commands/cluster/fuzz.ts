import { Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class ClusterFuzz extends FvpCommand {
  static override summary =
    "Test FVP's fault tolerance: random clusters, loads and faults, judged by checkers.";
  static override description = `${[
    'Each seed draws a cluster, its devices, a load of overlapping writes, reads and flushes, and a schedule of faults.',
    'The run is deterministic: the same seed gives the same events on every machine.',
    'A seed that fails is printed with the shortest list of events that still fails, and the command that replays it.',
  ].join(' ')}

Exit codes: 90 the program crashed, 91 something never came to its end, 92 a promise was broken, 93 a checker could not tell.`;
  static override examples = [
    { description: 'One seed:', command: '<%= config.bin %> <%= command.id %> --seed 7' },
    { description: 'Two hundred, on all cores:', command: '<%= config.bin %> <%= command.id %> --seeds 200' },
    {
      description: 'Faults beyond what the modes promise: loss must be declared:',
      command: '<%= config.bin %> <%= command.id %> --seeds 100 --beyond',
    },
  ];
  static override flags = {
    seed: Flags.string({
      summary: 'The first seed, 0 to 2^53 - 1; alone it is the only one.',
      helpValue: 'S',
    }),
    seeds: Flags.string({ summary: 'How many seeds. [default: 100, or 1 with --seed]', helpValue: 'N' }),
    minutes: Flags.string({ summary: 'Begin no new seed after so many minutes.', helpValue: 'M' }),
    beyond: Flags.boolean({ summary: 'Let faults go beyond what the mode promises.' }),
    coverage: Flags.boolean({ summary: 'Show by step of each transition which faults have met it.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClusterFuzz);
    const { fuzzCommand } = await import('../../fuzz/fuzz-command.ts');
    const { summary, exitCode } = await fuzzCommand(flags, (line) => this.log(line));
    process.exitCode = exitCode;
    return summary;
  }
}
