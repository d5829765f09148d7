/** Checks the flags of `fvp bench run` and turns them into a request in plain numbers. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { parseDurationNs, parsePercent, parseSpeed } from '../../reference/kernel/units.ts';
import type { BenchRequest } from '../replay/run-bench.ts';

/** assumed: beyond these a replay says nothing any more. */
export const SPEED_MIN = 0.001;
export const SPEED_MAX = 1_000_000;
/** assumed: 1,024 times the default depth of a virtual disk's queue. */
export const IODEPTH_MAX = 65_536;
/** Virtual time is exact to 2^53 ns; a day of it is left to the drain. */
export const DURATION_NS_MAX = 2 ** 53 - 86_400e9;

export interface BenchFlags {
  readonly scenario: string;
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
    modes: flags.mode === undefined ? undefined : ([...new Set(flags.mode)] as ModeName[]),
    replay: flags.replay as BenchRequest['replay'],
    speed: named('speed', () => bounded(parseSpeed(flags.speed ?? '1'), SPEED_MIN, SPEED_MAX, 'x')),
    iodepth:
      flags.iodepth === undefined
        ? undefined
        : named('iodepth', () => integer(flags.iodepth ?? '', 1, IODEPTH_MAX)),
    warmupNs: named('warmup', () => bounded(parseDurationNs(flags.warmup), 0, DURATION_NS_MAX, ' ns')),
    preloadFraction: named('preload', () => preloadFraction(flags.preload)),
    durationNs:
      flags.duration === undefined
        ? undefined
        : named('duration', () => bounded(parseDurationNs(flags.duration ?? ''), 1, DURATION_NS_MAX, ' ns')),
    seed: named('seed', () => integer(flags.seed, 0, Number.MAX_SAFE_INTEGER)),
    format: flags.format,
    event: flags.event as BenchRequest['event'],
  };
}

function preloadFraction(text: string): number {
  if (text === 'all') return 1;
  if (text === 'none') return 0;
  if (!text.includes('%')) {
    throw new UsageError(`not a share of the cache: ${JSON.stringify(text)}`, {
      hint: 'write all, none or a percentage such as 50%',
    });
  }
  return bounded(parsePercent(text), 0, 1, '');
}

function integer(text: string, least: number, most: number): number {
  if (!/^[0-9]+$/.test(text)) {
    throw new UsageError(`not a whole number: ${JSON.stringify(text)}`, {
      hint: `write a number from ${least} to ${most}`,
    });
  }
  return bounded(Number(text), least, most, '');
}

function bounded(value: number, least: number, most: number, unit: string): number {
  if (value < least || value > most) {
    throw new UsageError(`${value}${unit} is out of bounds`, {
      hint: `the bounds are ${least}${unit} to ${most}${unit}`,
    });
  }
  return value;
}

/** Puts the flag's name before the message of what went wrong with its value. */
function named<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`--${flag}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}
