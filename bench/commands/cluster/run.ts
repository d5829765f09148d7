import { Args } from '@oclif/core';
import { benchFlags, workloadArg, workloadsOf } from '../../program/bench-flags.ts';
import { benchRequestOf } from '../../program/bench-request.ts';
import { workersOf } from '../../program/flag-quantity.ts';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class ClusterRun extends FvpCommand {
  static override summary = 'Run a scenario with its events, and tell what happened to each virtual disk.';
  static override description = [
    'The same as fvp bench run --scenario SCENARIO, with the same figures and files, and a timeline beside them:',
    'crashes, partitions, migrations as the scenario has them, which VMs stopped and ran again, and every change of',
    'state of a virtual disk. fvp cluster list names the scenarios that come with fvp; events: in a scenario of your',
    'own makes others.',
  ].join(' ');
  static override examples = [
    {
      description: 'The host of a database dies: what becomes of its data, in each write mode:',
      command: '<%= config.bin %> <%= command.id %> owner-crash database',
    },
    {
      description: 'Every host in turn is upgraded under load, with a replica:',
      command: '<%= config.bin %> <%= command.id %> rolling-upgrade database --mode write-back+1',
    },
    {
      description: 'A cluster of your own, as JSON:',
      command: '<%= config.bin %> <%= command.id %> mine.yaml --json',
    },
  ];
  static override args = {
    scenario: Args.string({
      description: 'A scenario file, or a preset: see fvp cluster list.',
      required: true,
      ignoreStdin: true,
    }),
    workload: workloadArg,
  };
  static override flags = benchFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterRun);
    const request = benchRequestOf(workloadsOf(args.workload), { ...flags, scenario: args.scenario });
    const { runBenchCommand } = await import('../../program/bench-command.ts');
    return runBenchCommand(request, {
      out: flags.out,
      dryRun: flags['dry-run'],
      workers: workersOf(flags.workers),
      version: this.config.version,
      timeline: true,
      print: (line) => this.log(line),
    });
  }
}
