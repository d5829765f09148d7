import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceInfo extends FvpCommand {
  static override summary = 'Tell what is in a trace: mix, sizes, bursts, locality, latencies.';
  static override description = [
    'Several files are read as one trace, merged by time.',
    'Miss ratios are those of an LRU cache of 4 KiB blocks that reads and writes fill, exact and from a SHARDS sample.',
    'With --html, a page with charts over time, sizes, offsets and cache sizes.',
  ].join(' ');
  static override examples = [
    {
      description: 'What the shipped database trace holds:',
      command: '<%= config.bin %> <%= command.id %> database',
    },
    {
      description: 'The same with charts:',
      command: '<%= config.bin %> <%= command.id %> database --html database.html',
    },
    {
      description: 'One figure of it:',
      command: '<%= config.bin %> <%= command.id %> email --json | jq .arrivals.hurst',
    },
  ];
  static override args = {
    file: Args.string({
      description:
        'A trace file, a folder of traces, - for standard input, or a shipped name: database, email.',
      required: true,
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    format: Flags.string({
      summary: 'Format of the files. Detected from their content without it.',
      helpValue: 'NAME',
    }),
    event: Flags.string({
      summary: 'Which blktrace event is an I/O: Q as queued, D as issued to the device.',
      options: ['Q', 'D'],
      default: 'D',
    }),
    lenient: Flags.boolean({
      summary: 'Pass over lines that cannot be read; count and list them.',
    }),
    html: Flags.string({
      summary: 'Write a page with charts to this file.',
      helpValue: 'FILE',
      helpGroup: 'OUTPUT',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TraceInfo);
    const { runTraceInfo } = await import('../../program/trace-info-command.ts');
    return runTraceInfo(
      {
        files: [args.file].flat(),
        format: flags.format,
        event: flags.event as 'Q' | 'D',
        lenient: flags.lenient,
        html: flags.html,
        json: this.jsonEnabled(),
      },
      (line) => this.log(line),
    );
  }
}
