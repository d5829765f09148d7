/** Checks the flags of `fvp bench run` and turns them into a request in plain numbers. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { parseDurationNs, parsePercent, parseSpeed } from '../../reference/kernel/units.ts';
import type { BenchRequest } from '../replay/bench-request.ts';

interface Bounds {
  readonly least: number;
  readonly most: number;
  /** As a person would write them. */
  readonly words: string;
}

/** assumed: beyond these a replay says nothing any more. */
const SPEED: Bounds = { least: 0.001, most: 1e6, words: '0.001x to 1000000x' };
/** assumed: 1,024 times the default depth of a virtual disk's queue. */
const IODEPTH: Bounds = { least: 1, most: 65_536, words: '1 to 65536' };
const SEED: Bounds = { least: 0, most: Number.MAX_SAFE_INTEGER, words: '0 to 9007199254740991' };
/** Virtual time is exact to 2^53 ns, which is 104 days; the rest is left to the drain. */
const WARMUP_NS: Bounds = { least: 0, most: 100 * 86_400e9, words: '0 to 100d' };
const DURATION_NS: Bounds = { least: 1, most: 100 * 86_400e9, words: '1ns to 100d' };
const PRELOAD: Bounds = { least: 0, most: 1, words: '0% to 100%' };

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
    speed: quantity('speed', flags.speed ?? '1x', parseSpeed, SPEED),
    iodepth: optional(flags.iodepth, (text) => quantity('iodepth', text, parseWhole, IODEPTH)),
    warmupNs: quantity('warmup', flags.warmup, parseDurationNs, WARMUP_NS),
    preloadFraction: quantity('preload', flags.preload, parsePreload, PRELOAD),
    durationNs: optional(flags.duration, (text) => quantity('duration', text, parseDurationNs, DURATION_NS)),
    seed: quantity('seed', flags.seed, parseWhole, SEED),
    format: flags.format,
    event: flags.event as BenchRequest['event'],
  };
}

/** Parses one flag's value and checks its bounds; an error names the flag. */
function quantity(flag: string, text: string, parse: (text: string) => number, bounds: Bounds): number {
  let value: number;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`--${flag}: ${error.message}`, { hint: error.hint });
  }
  if (value < bounds.least || value > bounds.most) {
    throw new UsageError(`--${flag}: ${text} is out of bounds`, { hint: `the bounds are ${bounds.words}` });
  }
  return value;
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

function parseWhole(text: string): number {
  if (!/^[0-9]+$/.test(text)) {
    throw new UsageError(`not a whole number: ${JSON.stringify(text)}`, { hint: 'write digits only' });
  }
  return Number(text);
}
