import { Args, Flags } from '@oclif/core';
import { convertCommandOf } from '../../program/convert-request.ts';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceConvert extends FvpCommand {
  static override summary = 'Write traces in another form: import, cut, merge, scale, remap, anonymise.';
  static override description = `${[
    'Several inputs are merged by time. The output is written under a temporary name and renamed when it is whole.',
    'Disks are thinned whole, never single I/Os, so that bursts and locality stay as they were; --footprint lays runs of',
    'touched blocks over one another, which keeps sequential runs. What the form cannot hold is said at the end.',
  ].join(' ')}

--remap FILE is CSV with the header disk,from,until,to,shift: bytes from..until of a disk go to another disk (or stay)
with shift added to their offset. Blank fields mean no bound, the same disk, no shift.`;
  static override examples = [
    {
      description: 'The shipped e-mail trace as a log that fio replays:',
      command: '<%= config.bin %> <%= command.id %> email -o email.iolog',
    },
    {
      description: 'Minute two of it, writes only, as SPC:',
      command: '<%= config.bin %> <%= command.id %> email -o email.spc --from 1m --until 2m --op write',
    },
    {
      description: 'Half the footprint, twice as fast, on four VMs:',
      command:
        '<%= config.bin %> <%= command.id %> database -o db.iolog --footprint 50% --speed 2x --split-vms 4',
    },
  ];
  static override args = {
    input: Args.string({
      description:
        'A trace file, a folder of traces, - for standard input, or a shipped name: database, email.',
      required: true,
      multiple: true,
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
      summary: "Form to write. Told from the output's name without it: fvp trace formats lists them.",
      helpValue: 'FORMAT',
    }),
    format: Flags.string({
      summary: 'Format of the inputs. Detected from their content without it.',
      helpValue: 'NAME',
      helpGroup: 'READING',
    }),
    event: Flags.string({
      summary: 'Which blktrace event is an I/O: Q as queued, D as issued to the device.',
      options: ['Q', 'D'],
      default: 'D',
      helpGroup: 'READING',
    }),
    lenient: Flags.boolean({
      summary: 'Pass over lines that cannot be read; count and list them.',
      helpGroup: 'READING',
    }),
    from: Flags.string({ summary: 'Keep what arrives at this time or later.', helpValue: '30s' }),
    until: Flags.string({ summary: 'Keep what arrives before this time.', helpValue: '5m' }),
    disk: Flags.string({
      summary: 'Keep this disk; may be repeated.',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    op: Flags.string({
      summary: 'Keep these operations.',
      options: ['read', 'write', 'flush', 'discard'],
      helpValue: 'OP[,OP]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    range: Flags.string({
      summary: 'Keep these bytes of every disk; I/Os are cut at the edges.',
      helpValue: '1GiB..2GiB',
    }),
    speed: Flags.string({ summary: 'Times as fast, 0.001x to 1000000x.', helpValue: '2x' }),
    footprint: Flags.string({ summary: 'Fold onto this share of the touched blocks.', helpValue: '50%' }),
    remap: Flags.string({ summary: 'Move disks, or parts of them, by this map.', helpValue: 'FILE' }),
    'thin-disks': Flags.string({
      summary: 'Keep this share of the disks, drawn by the seed.',
      helpValue: '10%',
    }),
    'split-vms': Flags.string({
      summary: 'Cut the time into N equal windows, each the trace of one VM: OUT.vm1, OUT.vm2, ...',
      helpValue: 'N',
      default: '1',
    }),
    anonymise: Flags.string({
      summary: 'Hash names of disks and process ids under this key; times and offsets stay.',
      helpValue: 'KEY',
    }),
    seed: Flags.string({ summary: 'Seed of --thin-disks, 0 to 2^53 - 1.', helpValue: 'N', default: '1' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TraceConvert);
    const command = convertCommandOf([args.input].flat(), flags, this.jsonEnabled());
    const { runConvert } = await import('../../program/convert-command.ts');
    return runConvert(command, (line) => this.log(line));
  }
}
