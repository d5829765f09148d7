import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class DevicePredict extends FvpCommand {
  static override summary = 'Predict response times by queueing formulae, with the simulation beside them.';
  static override description =
    'Each device of the scenario is taken alone, with the whole load as Poisson arrivals at random addresses. Where a formula does not apply, or leaves something out, it says so.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> datacentre-2014 --rate 1000',
    '<%= config.bin %> <%= command.id %> mine.yaml --rate 20000 --reads 70% --size 4KiB --json',
  ];
  static override args = {
    scenario: Args.string({
      description: 'A scenario: a YAML file or a preset.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    rate: Flags.string({ summary: 'Requests per second.', helpValue: 'N', required: true }),
    reads: Flags.string({
      summary: 'Share of reads; the rest are writes.',
      helpValue: '70%',
      default: '50%',
    }),
    size: Flags.string({ summary: 'Bytes of each request.', helpValue: '8KiB', default: '8KiB' }),
    span: Flags.string({
      summary: 'Bytes over which addresses are spread.',
      helpValue: '1TiB',
      default: '1TiB',
    }),
    count: Flags.string({ summary: 'Requests to simulate.', helpValue: 'N', default: '200000' }),
    seed: Flags.string({ summary: 'Seed of all random draws.', helpValue: 'N', default: '1' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DevicePredict);
    const { predictionLines, predictScenario } = await import('../../program/device-predict.ts');
    const document = await predictScenario(args.scenario, flags);
    for (const line of predictionLines(document)) this.log(line);
    return document;
  }
}
