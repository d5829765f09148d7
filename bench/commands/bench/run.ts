import { Flags } from '@oclif/core';
import { benchFlags, workloadArg, workloadsOf } from '../../program/bench-flags.ts';
import { benchRequestOf } from '../../program/bench-request.ts';
import { workersOf } from '../../program/flag-quantity.ts';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchRun extends FvpCommand {
  static override summary = 'Replay workloads through every write mode and compare the latencies.';
  static override description = `${[
    'Each WORKLOAD is replayed alone, once per mode, in virtual time on emulated flash, network and SAN.',
    'The result is one table per workload, an HTML report, and a run directory with every figure behind them.',
    'The same inputs and seed give the same bytes on every machine.',
  ].join(' ')}

${[
  'Exit codes: 64 wrong usage, 65 wrong data, 66 no such input, 69 something needed is missing,',
  '70 a bug in fvp, 74 cannot read or write, 130 interrupted.',
].join(' ')}`;
  static override examples = [
    {
      description: 'Both shipped traces on the default scenario:',
      command: '<%= config.bin %> <%= command.id %>',
    },
    {
      description: 'The mail server on present-day hardware, two modes:',
      command:
        '<%= config.bin %> <%= command.id %> email --scenario datacentre-today --mode none,write-back+1',
    },
    {
      description: 'The database twice as fast, with a warm cache, as JSON:',
      command: '<%= config.bin %> <%= command.id %> database --speed 2x --preload all --json',
    },
    {
      description: 'An OLTP database as a fio job that comes with fvp; JOB.fio for one of your own:',
      command: '<%= config.bin %> <%= command.id %> oltp --mode none,write-back+1',
    },
    {
      description: 'What would run, without running it:',
      command: '<%= config.bin %> <%= command.id %> --dry-run',
    },
  ];
  static override args = { workload: workloadArg };
  static override flags = {
    scenario: Flags.string({
      summary: 'Hosts, flash, links, datastore and VMs: a YAML file or a preset.',
      description: 'fvp cluster list names the presets, fvp cluster show PRESET prints one to edit.',
      helpValue: 'FILE|PRESET',
      default: 'datacentre-2014',
    }),
    ...benchFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchRun);
    const request = benchRequestOf(workloadsOf(args.workload), flags);
    const { runBenchCommand } = await import('../../program/bench-command.ts');
    return runBenchCommand(request, {
      out: flags.out,
      dryRun: flags['dry-run'],
      workers: workersOf(flags.workers),
      version: this.config.version,
      print: (line) => this.log(line),
    });
  }
}
