/** What `fvp bench run` and `fvp cluster run` take alike. */
import { Args, Flags } from '@oclif/core';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';

export const workloadArg = Args.string({
  description:
    'A trace file, a folder of traces, - for standard input, a fio job file (*.fio), or a shipped name: database, email, or one of fvp workload list. Without one: the workloads of the scenario, or both shipped traces.',
  multiple: true,
});

/** @param given oclif gives one as it is, and several as a list */
export function workloadsOf(given: string | readonly string[] | undefined): string[] {
  return given === undefined ? [] : [given].flat();
}

export const benchFlags = {
  mode: Flags.string({
    summary: 'Modes to replay through; may be repeated. All five without it.',
    options: [...MODE_NAMES],
    helpValue: 'MODE[,MODE]',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  }),
  set: Flags.string({
    summary: 'Changes one parameter of the scenario; may be repeated.',
    description:
      'PATH is a key of the scenario file, where flash and link are those of every host: flash.capacity=200GB, datastore.preset=all-flash-array, fvp.dirtyLimit=5%. Besides: hosts.count=6, vms.perHost=4, events=owner-crash (of a shipped scenario).',
    helpValue: 'PATH=VALUE',
    multiple: true,
    multipleNonGreedy: true,
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
  lenient: Flags.boolean({
    summary: 'Pass over lines that cannot be read; count and list them.',
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
  workers: Flags.string({
    summary: 'Replays at once; the figures do not depend on it. [default: one for each core]',
    helpValue: 'N',
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
