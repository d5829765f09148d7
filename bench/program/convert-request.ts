/** Checks the flags of `fvp trace convert` and turns them into plain numbers. */
import { UsageError } from '../../reference/kernel/errors.ts';
import {
  parseBytes,
  parseDurationNs,
  parsePercent,
  parseSpeed,
  SECTOR_BYTES,
} from '../../reference/kernel/units.ts';
import type { RowOp, RowShape } from '../../traces/shape/row-shape.ts';
import type { TraceEvent } from '../../traces/trace-format.ts';
import { type Bounds, flagQuantity, parseWhole, SEED_BOUNDS, SPEED_BOUNDS } from './flag-quantity.ts';

/** Above 0; 1e-9 stands for that. */
const SHARE: Bounds = { least: 1e-9, most: 1, words: 'above 0% to 100%' };
const TIME_NS: Bounds = { least: 0, most: 104 * 86_400e9, words: '0 to 104d' };
/** assumed: more VMs than any scenario has. */
const VMS: Bounds = { least: 1, most: 1024, words: '1 to 1024' };
export interface ConvertFlags {
  readonly out: string;
  readonly to?: string | undefined;
  readonly format?: string | undefined;
  readonly event: string;
  readonly lenient?: boolean | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly disk?: readonly string[] | undefined;
  readonly op?: readonly string[] | undefined;
  readonly range?: string | undefined;
  readonly speed?: string | undefined;
  readonly footprint?: string | undefined;
  readonly remap?: string | undefined;
  readonly 'thin-disks'?: string | undefined;
  readonly 'split-vms': string;
  readonly anonymise?: string | undefined;
  readonly seed: string;
}

export interface ConvertCommand {
  readonly inputs: readonly string[];
  readonly out: string;
  readonly to: string | undefined;
  readonly format: string | undefined;
  readonly event: TraceEvent;
  readonly lenient: boolean;
  readonly splitVms: number;
  /** File of the map of disks. */
  readonly remap: string | undefined;
  /** Without the moves. */
  readonly shape: RowShape;
  /** What was asked to change, as flags, for the provenance. */
  readonly changes: readonly string[];
}

/** @throws UsageError when a value is out of bounds, is no such quantity, or contradicts another */
export function convertCommandOf(
  inputs: readonly string[],
  flags: ConvertFlags,
  json: boolean,
): ConvertCommand {
  if (json && flags.out === '-') {
    throw new UsageError('--json and -o - both want standard output', { hint: 'name a file with -o' });
  }
  const optional = (
    name: 'speed' | 'footprint' | 'from' | 'until' | 'thin-disks',
    parse: Parse,
    to: Bounds,
  ) => (flags[name] === undefined ? undefined : flagQuantity(name, flags[name], parse, to));
  const fromNs = optional('from', parseDurationNs, TIME_NS);
  const untilNs = optional('until', parseDurationNs, TIME_NS);
  if (untilNs !== undefined && untilNs <= (fromNs ?? 0)) {
    throw new UsageError(`--until ${flags.until} is not after --from ${flags.from ?? '0'}`);
  }
  if (flags.anonymise === '') throw new UsageError('--anonymise needs a key', { hint: 'any words will do' });
  const changes = (['from', 'until', 'op', 'range', 'speed', 'footprint', 'remap', 'thin-disks'] as const)
    .filter((name) => flags[name] !== undefined)
    .map((name) => `--${name} ${String(flags[name])}`);
  return {
    inputs,
    out: flags.out,
    to: flags.to,
    format: flags.format,
    event: flags.event as TraceEvent,
    lenient: flags.lenient === true,
    splitVms: flagQuantity('split-vms', flags['split-vms'], parseWhole, VMS),
    remap: flags.remap,
    changes,
    shape: {
      fromNs,
      untilNs,
      disks: flags.disk,
      ops: flags.op as readonly RowOp[] | undefined,
      range: flags.range === undefined ? undefined : parseRange(flags.range),
      speed: optional('speed', parseSpeed, SPEED_BOUNDS),
      footprint: optional('footprint', parsePercent, SHARE),
      thinDisks: optional('thin-disks', parsePercent, SHARE),
      anonymise: flags.anonymise,
      seed: flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS),
    },
  };
}

type Parse = (text: string) => number;

/** `1GiB..2GiB`, `..2GiB` or `1GiB..`: bytes, whole sectors. */
function parseRange(text: string): readonly [number, number] {
  const match = /^(.*)\.\.(.*)$/.exec(text);
  const hint = 'write bytes as in 1GiB..2GiB; either end may be left out';
  if (match === null || text === '..')
    throw new UsageError(`--range: not a range: ${JSON.stringify(text)}`, { hint });
  const [low, high] = [match[1]!.trim(), match[2]!.trim()];
  try {
    const from = low === '' ? 0 : parseBytes(low);
    const until = high === '' ? Number.POSITIVE_INFINITY : parseBytes(high);
    if (from >= until) throw new UsageError('the range is empty');
    if (from % SECTOR_BYTES !== 0 || (high !== '' && until % SECTOR_BYTES !== 0)) {
      throw new UsageError('not whole 512-byte sectors');
    }
    return [from, until];
  } catch (error) {
    throw new UsageError(`--range: ${(error as Error).message}`, { hint });
  }
}
