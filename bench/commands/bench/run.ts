import { Args, Flags } from '@oclif/core';
import { MODE_NAMES } from '../../../reference/fvp/mode.ts';
import { benchRequestOf } from '../../program/bench-request.ts';
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
  static override args = {
    workload: Args.string({
      description:
        'A trace file, a folder of traces, - for standard input, a fio job file (*.fio), or a shipped name: database, email, or one of fvp workload list. Without one: the workloads of the scenario, or both shipped traces.',
      multiple: true,
    }),
  };
  static override flags = {
    scenario: Flags.string({
      summary: 'Hosts, flash, links, datastore and VMs: a YAML file or a preset.',
      description: 'fvp cluster list names the presets, fvp cluster show PRESET prints one to edit.',
      helpValue: 'FILE|PRESET',
      default: 'datacentre-2014',
    }),
    mode: Flags.string({
      summary: 'Modes to replay through; may be repeated. All five without it.',
      options: [...MODE_NAMES],
      helpValue: 'MODE[,MODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    format: Flags.string({
      summary: 'Format of the traces. Detected from their content without it.',
      helpValue: 'NAME',
    }),
    event: Flags.string({
      summary: 'Which blktrace event is an I/O: Q as queued, D as issued to the device.',
      options: ['Q', 'D'],
      default: 'D',
    }),
    replay: Flags.string({
      summary: 'When an I/O arrives.',
      description:
        'open: at its recorded time. dependent: at its recorded think time after the completion it waited for. closed: as soon as one of --iodepth is free. Default: dependent where the trace records completions, else open.',
      options: ['open', 'dependent', 'closed'],
      helpGroup: 'REPLAY',
    }),
    speed: Flags.string({
      summary: 'Times as fast as recorded, 0.001x to 1000000x. [default: 1x]',
      helpValue: '2x',
      helpGroup: 'REPLAY',
    }),
    iodepth: Flags.string({
      summary: 'I/Os under way at once with --replay closed, 1 to 65536.',
      helpValue: 'N',
      helpGroup: 'REPLAY',
    }),
    warmup: Flags.string({
      summary: 'Time from the start that no figure counts.',
      helpValue: '30s',
      default: '0',
      helpGroup: 'REPLAY',
    }),
    preload: Flags.string({
      summary: "What is in the cache at the start: all, none, or a share of the trace's blocks.",
      helpValue: 'all|none|50%',
      default: 'none',
      helpGroup: 'REPLAY',
    }),
    duration: Flags.string({
      summary: 'Stop the load after this much time. The whole trace without it.',
      helpValue: '10m',
      helpGroup: 'REPLAY',
    }),
    seed: Flags.string({
      summary: 'Seed of all random draws, 0 to 2^53 - 1.',
      helpValue: 'N',
      default: '1',
      helpGroup: 'REPLAY',
    }),
    out: Flags.string({
      summary: 'Run directory. [default: results/runs/<time>-<hash>]',
      helpValue: 'DIR',
      helpGroup: 'OUTPUT',
    }),
    'dry-run': Flags.boolean({
      summary: 'Open and check everything, say what would run, and stop.',
      helpGroup: 'OUTPUT',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchRun);
    const workloads = args.workload === undefined ? [] : [args.workload].flat();
    const request = benchRequestOf(workloads, flags);
    const { runBenchCommand } = await import('../../program/bench-command.ts');
    return runBenchCommand(request, {
      out: flags.out,
      dryRun: flags['dry-run'],
      version: this.config.version,
      print: (line) => this.log(line),
    });
  }
}
