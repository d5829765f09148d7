import { Args, Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceRecord extends FvpCommand {
  static override summary = 'Record what a block device is asked, with blktrace, as a trace.';
  static override description = [
    'Runs blktrace on the device for a while, imports its events and writes them with what they were recorded on:',
    'device, scheduler, kernel, processor. Needs Linux, root, blktrace and a kernel with block tracing.',
    'Nothing is written to the device. Ctrl-C ends the recording early and keeps what there is.',
  ].join(' ');
  static override examples = [
    {
      description: 'A minute of a disk, as a store:',
      command: 'sudo <%= config.bin %> <%= command.id %> /dev/sda -o monday.arrow',
    },
    {
      description: 'An hour of another:',
      command: 'sudo <%= config.bin %> <%= command.id %> /dev/nvme0n1 -o hour.arrow --duration 1h',
    },
  ];
  static override args = {
    device: Args.string({
      description: 'A block device, such as /dev/sda.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    out: Flags.string({
      char: 'o',
      summary: 'Output file, on another device than the recorded one; a store (.arrow) keeps everything.',
      helpValue: 'FILE',
      required: true,
    }),
    to: Flags.string({
      summary: "Form to write. Told from the output's name without it.",
      helpValue: 'FORMAT',
    }),
    duration: Flags.string({ summary: 'How long to record, 1s to 7d.', helpValue: '60s', default: '60s' }),
    event: Flags.string({
      summary: 'Which event is an I/O: Q as queued, D as issued to the device.',
      options: ['Q', 'D'],
      default: 'D',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TraceRecord);
    const { runTraceRecord } = await import('../../program/trace-record-command.ts');
    return runTraceRecord({ device: args.device, ...flags }, (line) => this.log(line));
  }
}
