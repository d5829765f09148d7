import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceSynth extends FvpCommand {
  static override summary = 'Draw a synthetic trace from a profile.';
  static override description = [
    'The same profile and seed give the same trace on every machine.',
    'With more I/Os than the profile was fitted to, its phases come again; memory follows the blocks touched, not the length.',
    'fvp trace fit makes profiles and says how close they come; fvp bench run replays a profile as it is.',
  ].join(' ');
  static override examples = [
    {
      description: 'A trace as long as the one that was fitted:',
      command: '<%= config.bin %> <%= command.id %> mail.profile.yaml -o mail.arrow',
    },
    {
      description: 'Ten million I/Os of it, as a log that fio replays:',
      command: '<%= config.bin %> <%= command.id %> mail.profile.yaml -o mail.iolog --ios 10M --seed 2',
    },
  ];
  static override args = {
    profile: Args.string({
      description: 'A profile that fvp trace fit wrote; - for standard input.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    out: Flags.string({
      char: 'o',
      summary: 'Output file; .gz at its end compresses it. - is standard output.',
      helpValue: 'FILE',
      required: true,
    }),
    to: Flags.string({
      summary: "Form to write. Told from the output's name without it.",
      helpValue: 'FORMAT',
    }),
    ios: Flags.string({
      summary: 'How many I/Os: 250000, 10M. As many as the profile was fitted to without it.',
      helpValue: 'N',
    }),
    seed: Flags.string({
      summary: "Seed of all draws, 0 to 2^53 - 1. The profile's own without it.",
      helpValue: 'N',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TraceSynth);
    const { runTraceSynth } = await import('../../program/trace-synth-command.ts');
    const { json } = { json: this.jsonEnabled() };
    return runTraceSynth({ profile: args.profile, ...flags, json }, (line) => this.log(line));
  }
}
