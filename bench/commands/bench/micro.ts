import { Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchMicro extends FvpCommand {
  static override summary = "Measure fvp's own speed: readers, devices, modes.";
  static override description =
    'Runs small benchmarks in this process and prints I/Os per second with their spread. For a fair figure let nothing else run on the machine.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --only readers --time 2s',
  ];
  static override flags = {
    only: Flags.string({
      summary: 'Measure this group only; may be repeated.',
      options: ['readers', 'fio', 'devices', 'modes'],
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    time: Flags.string({ summary: 'Time per benchmark, 10ms to 10m.', helpValue: '1s', default: '1s' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BenchMicro);
    const { microTimeMs, runMicro } = await import('../../micro/run-micro.ts');
    const timeMs = microTimeMs(flags.time);
    return runMicro({ groups: flags.only, timeMs, print: (line) => this.log(line) });
  }
}
