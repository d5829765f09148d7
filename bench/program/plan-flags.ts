/** What every `fvp plan` command takes. */
import { Args, Flags } from '@oclif/core';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { benchFlags } from './bench-flags.ts';

const { set, replay, iodepth, duration, format, event, lenient } = benchFlags;

export const planFlags = {
  scenario: Flags.string({
    summary: 'Hosts, flash, links, datastore and VMs: a YAML file or a preset. [default: datacentre-2014]',
    description: 'fvp cluster list names the presets, fvp cluster show PRESET prints one to edit.',
    helpValue: 'FILE|PRESET',
  }),
  set,
  threshold: Flags.string({
    summary: "An objective, such as 'writes.p99<1ms'; may be repeated.",
    description:
      '[WORKLOAD/]DIRECTION.STAT[.service] (<|<=) TIME, as fvp bench gate takes them. A result that saturates meets none.',
    helpValue: 'EXPRESSION',
    multiple: true,
    multipleNonGreedy: true,
  }),
  prices: Flags.string({
    summary: 'A price list; without it, parts are counted.',
    helpValue: 'FILE',
  }),
  replay,
  speed: Flags.string({
    summary: 'Times as fast as recorded, 0.001x to 1000000x. [default: 1x]',
    helpValue: '2x',
    helpGroup: 'REPLAY',
  }),
  iodepth,
  warmup: Flags.string({
    summary: 'Time from the start that no figure counts. [default: 0]',
    helpValue: '30s',
    helpGroup: 'REPLAY',
  }),
  preload: Flags.string({
    summary:
      "What is in the cache at the start: all, none, or a share of the trace's blocks. [default: none]",
    helpValue: 'all|none|50%',
    helpGroup: 'REPLAY',
  }),
  duration,
  seed: Flags.string({
    summary: 'First seed; every point has the same, so that they differ by configuration only. [default: 1]',
    helpValue: 'N',
    helpGroup: 'REPLAY',
  }),
  seeds: Flags.string({
    summary: 'Replay each point with so many seeds; an objective holds when it holds for each. [default: 1]',
    helpValue: 'N',
    helpGroup: 'REPLAY',
  }),
  format,
  event,
  lenient,
  workers: Flags.string({
    summary: 'Points replayed at once. [default: one for each core]',
    helpValue: 'N',
    helpGroup: 'WORK',
  }),
  cache: Flags.string({
    summary: 'Folder of finished points. [default: $XDG_CACHE_HOME/fvp/points, or ~/.cache/fvp/points]',
    helpValue: 'DIR',
    helpGroup: 'WORK',
  }),
  output: Flags.string({
    char: 'o',
    summary:
      'Write the points as FILE.csv, .arrow or .json, or a page to explore as FILE.html; may be repeated.',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'OUTPUT',
  }),
};

export const planWorkloadArg = Args.string({
  description: 'Traces, job files or shipped names. Without one: both shipped traces.',
  multiple: true,
});

/** The mode of a question that is about one. */
export const modeFlag = Flags.string({
  summary: 'Write mode of what is not varied.',
  options: [...MODE_NAMES],
  default: 'write-back+1',
});

export const varyFlag = Flags.string({
  summary: 'What may differ: a list, doublings (50G..800G) or steps (1..4+1); may be repeated.',
  description:
    'NAME is mode, speed, or what --set takes: flash.capacity, flash.preset, datastore.preset, fvp.dirtyLimit, hosts.count, vms.perHost …',
  helpValue: 'NAME=VALUES',
  multiple: true,
  multipleNonGreedy: true,
});

export interface PlanFlags {
  readonly scenario?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly threshold?: readonly string[] | undefined;
  readonly prices?: string | undefined;
  readonly replay?: string | undefined;
  readonly speed?: string | undefined;
  readonly iodepth?: string | undefined;
  readonly warmup?: string | undefined;
  readonly preload?: string | undefined;
  readonly duration?: string | undefined;
  readonly seed?: string | undefined;
  readonly seeds?: string | undefined;
  readonly format?: string | undefined;
  readonly event: string;
  readonly lenient?: boolean | undefined;
  readonly workers?: string | undefined;
  readonly cache?: string | undefined;
  readonly output?: readonly string[] | undefined;
  /** Of a sweep: where other machines take its points from. */
  readonly queue?: string | undefined;
}
