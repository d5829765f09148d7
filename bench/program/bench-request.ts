/** Checks the flags of `fvp bench run` and turns them into a request in plain numbers. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { parseDurationNs, parsePercent, parseSpeed } from '../../reference/kernel/units.ts';
import type { BenchRequest } from '../replay/bench-request.ts';
import { type Bounds, flagQuantity, parseWhole, SEED_BOUNDS, SPEED_BOUNDS } from './flag-quantity.ts';

/** assumed: 1,024 times the default depth of a virtual disk's queue. */
const IODEPTH: Bounds = { least: 1, most: 65_536, words: '1 to 65536' };
/** Virtual time is exact to 2^53 ns, which is 104 days; the rest is left to the drain. */
const WARMUP_NS: Bounds = { least: 0, most: 100 * 86_400e9, words: '0 to 100d' };
const DURATION_NS: Bounds = { least: 1, most: 100 * 86_400e9, words: '1ns to 100d' };
const PRELOAD: Bounds = { least: 0, most: 1, words: '0% to 100%' };

export interface BenchFlags {
  readonly scenario: string;
  readonly set?: readonly string[] | undefined;
  readonly mode?: readonly string[] | undefined;
  readonly replay?: string | undefined;
  readonly speed?: string | undefined;
  readonly iodepth?: string | undefined;
  readonly warmup: string;
  readonly preload: string;
  readonly duration?: string | undefined;
  readonly seed: string;
  readonly format?: string | undefined;
  readonly event: string;
  readonly lenient?: boolean | undefined;
}

/**
 * @throws UsageError when a value is out of bounds, is no such quantity, or contradicts another.
 */
export function benchRequestOf(workloads: readonly string[], flags: BenchFlags): BenchRequest {
  if (workloads.filter((name) => name === '-').length > 1) {
    throw new UsageError('standard input (-) can be replayed only once', {
      hint: 'write it to a file first',
    });
  }
  const closed = flags.replay === 'closed';
  if (flags.iodepth !== undefined && !closed) {
    throw new UsageError('--iodepth needs --replay closed', {
      hint: 'open and dependent replay take the depth from the trace',
    });
  }
  if (flags.speed !== undefined && closed) {
    throw new UsageError('--speed has no meaning with --replay closed', {
      hint: 'use --iodepth to change the load',
    });
  }
  return {
    workloads: [...workloads],
    scenario: flags.scenario,
    ...(flags.set === undefined ? {} : { settings: flags.set }),
    modes: flags.mode === undefined ? undefined : ([...new Set(flags.mode)] as ModeName[]),
    replay: flags.replay as BenchRequest['replay'],
    speed: flagQuantity('speed', flags.speed ?? '1x', parseSpeed, SPEED_BOUNDS),
    iodepth: optional(flags.iodepth, (text) => flagQuantity('iodepth', text, parseWhole, IODEPTH)),
    warmupNs: flagQuantity('warmup', flags.warmup, parseDurationNs, WARMUP_NS),
    preloadFraction: flagQuantity('preload', flags.preload, parsePreload, PRELOAD),
    durationNs: optional(flags.duration, (text) =>
      flagQuantity('duration', text, parseDurationNs, DURATION_NS),
    ),
    seed: flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS),
    format: flags.format,
    event: flags.event as BenchRequest['event'],
    ...(flags.lenient === true ? { lenient: true } : {}),
  };
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function parsePreload(text: string): number {
  if (text === 'all') return 1;
  if (text === 'none') return 0;
  if (!text.includes('%')) {
    throw new UsageError(`not a share of the trace: ${JSON.stringify(text)}`, {
      hint: 'write all, none or a percentage such as 50%',
    });
  }
  return parsePercent(text);
}
