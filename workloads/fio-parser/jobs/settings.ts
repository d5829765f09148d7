/** What a job's load is made of, out of all its options, with fio's defaults where nothing is said. */
import type {
  ByteRange,
  OptionValue,
  RandomDistribution,
  SplitPart,
  SteadyStateCriterion,
} from './option-value.ts';
import { type Amount, parseQuantity } from './quantity.ts';

/** Reads, writes, trims. */
export type PerDirection<T> = readonly [T, T, T];

/** Sizes of a direction's I/Os. */
export interface BlockSizes extends ByteRange {
  /** By `bssplit`, which goes before `bsrange` and `bs`; undefined for every size from min to max alike. */
  readonly split: readonly SplitPart[] | undefined;
}

export type RwKind =
  | 'read'
  | 'write'
  | 'trim'
  | 'randread'
  | 'randwrite'
  | 'randtrim'
  | 'rw'
  | 'randrw'
  | 'trimwrite'
  | 'randtrimwrite';

/** Times in nanoseconds, sizes in bytes; 0 for a limit means none. */
export interface JobSettings {
  readonly description: string | undefined;
  readonly ioengine: string;
  readonly filename: string | undefined;
  readonly directory: string | undefined;
  readonly numjobs: number;
  readonly loops: number;

  readonly rw: RwKind;
  /** `rw=read:8k`: bytes left out after each sequential I/O; may be negative. */
  readonly sequentialSkipBytes: number;
  /** `rw=randread:8`: I/Os before the next random offset. */
  readonly randomRunIos: number;
  readonly rwSequencer: string;
  readonly readPercent: number;
  readonly randomPercent: PerDirection<number>;

  readonly blocks: PerDirection<BlockSizes>;
  readonly blockAlignBytes: PerDirection<number>;
  readonly blockSizesUnaligned: boolean;

  readonly size: Amount | undefined;
  readonly ioSize: Amount | undefined;
  readonly offset: Amount;
  readonly offsetIncrement: Amount;
  readonly numberIos: number;
  readonly nrFiles: number;

  readonly runtimeNs: number;
  readonly timeBased: boolean;
  readonly rampTimeNs: number;
  /** fio draws from low to high. */
  readonly startDelayNs: { readonly low: number; readonly high: number };

  readonly stonewall: boolean;
  readonly waitFor: string | undefined;
  readonly newGroup: boolean;
  readonly groupReporting: boolean;
  readonly exitall: boolean;

  readonly iodepth: number;
  readonly iodepthBatch: number;
  readonly iodepthBatchCompleteMin: number;
  readonly iodepthBatchCompleteMax: number;
  readonly iodepthLow: number;
  readonly submitMode: string;

  readonly rateBytesPerSecond: PerDirection<number>;
  readonly rateMinBytesPerSecond: PerDirection<number>;
  readonly rateIops: PerDirection<number>;
  readonly rateMinIops: PerDirection<number>;
  readonly rateProcess: string;
  readonly rateCycleMs: number;

  readonly thinktimeNs: number;
  readonly thinktimeSpinNs: number;
  readonly thinktimeBlocks: number;
  readonly thinktimeBlocksType: string;
  readonly thinktimeIotimeNs: number;

  /** Writes between two syncs; 0 for none. */
  readonly fsync: number;
  readonly fdatasync: number;
  readonly endFsync: boolean;

  readonly norandommap: boolean;
  readonly randomDistribution: PerDirection<RandomDistribution>;
  readonly randomGenerator: string;
  readonly randRepeat: boolean;
  readonly randSeed: number | undefined;

  readonly zoneMode: string | undefined;
  readonly zoneSizeBytes: number;
  readonly zoneRangeBytes: number;
  readonly zoneSkip: Amount | undefined;

  readonly latencyTargetNs: number;
  readonly latencyWindowNs: number;
  readonly latencyPercentile: number;
  readonly latencyRun: boolean;
  readonly maxLatencyNs: PerDirection<number>;
  readonly steadyState: SteadyStateCriterion | undefined;
  readonly steadyStateDurationNs: number;
  readonly steadyStateRampNs: number;

  readonly readIolog: string | undefined;
}

/** @source fio options.c, defaults of bs and randseed. */
const BLOCK_BYTES = 4096;

const RW_ALIASES: Readonly<Record<string, RwKind>> = { readwrite: 'rw' };

interface NamedValue {
  readonly name: string;
  readonly value: OptionValue | undefined;
}

/** @param options inherited ones first, each section's in fio's order; later ones count. */
export function settingsOf(options: readonly NamedValue[]): JobSettings {
  const values = new Map<string, OptionValue>();
  for (const { name, value } of options) if (value !== undefined) values.set(name, value);

  const directions = <T>(
    name: string,
    initial: T,
    pick: (value: OptionValue) => readonly (T | undefined)[],
  ): [T, T, T] => {
    const result: [T, T, T] = [initial, initial, initial];
    // Holes leave what was said before, perhaps in [global].
    for (const option of options) {
      if (option.name !== name || option.value === undefined) continue;
      pick(option.value).forEach((element, index) => {
        if (element !== undefined && index < 3) result[index] = element;
      });
    }
    return result;
  };
  const numbers = (name: string, initial: number) =>
    directions(name, initial, (value) =>
      value.kind === 'amounts'
        ? value.values.map((amount) => (amount?.kind === 'number' ? amount.value : undefined))
        : [],
    );
  const amount = (name: string): Amount | undefined => {
    const value = values.get(name);
    return value?.kind === 'amounts' ? value.values[0] : undefined;
  };
  const number = (name: string, initial = 0): number => {
    const found = amount(name);
    return found?.kind === 'number' ? found.value : initial;
  };
  const flag = (name: string, initial = false): boolean => {
    const value = values.get(name);
    return value?.kind === 'flag' ? value.value : initial;
  };
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return value?.kind === 'text' ? value.value : undefined;
  };
  const choice = (name: string): string | undefined => {
    const value = values.get(name);
    return value?.kind === 'choice' ? value.choices[0] : undefined;
  };

  const rwValue = values.get('rw');
  const rwText = rwValue?.kind === 'choice' ? (rwValue.choices[0] ?? 'read') : 'read';
  const rw = RW_ALIASES[rwText] ?? (rwText as RwKind);
  const rwRest = rwValue?.kind === 'choice' ? rwValue.rest : undefined;
  const rwNumber =
    rwRest === undefined ? undefined : restNumber(rwRest, choice('kb_base') === '1000' ? 1000 : 1024);
  const isRandom = rw.startsWith('rand');
  const iodepth = number('iodepth', 1);
  const within = (value: number) => (value === 0 || value > iodepth ? iodepth : value);
  const completeMin = number('iodepth_batch_complete_min', 1);
  const startDelay = values.get('startdelay');
  const [delayLow, delayHigh] = startDelay?.kind === 'amounts' ? startDelay.values : [];
  const steadyState = values.get('steadystate');
  const percentile = values.get('latency_percentile');
  const zoneSizeBytes = number('zonesize');
  return {
    description: text('description'),
    ioengine: text('ioengine') ?? 'psync',
    filename: text('filename'),
    directory: text('directory'),
    numjobs: number('numjobs', 1),
    loops: Math.max(1, number('loops', 1)),
    rw,
    sequentialSkipBytes: isRandom ? 0 : (rwNumber ?? 0),
    randomRunIos: isRandom ? (rwNumber ?? 1) : 1,
    rwSequencer: choice('rw_sequencer') ?? 'sequential',
    readPercent: readPercentOf(options),
    randomPercent: numbers('percentage_random', 100),
    blocks: blocksOf(
      numbers('bs', BLOCK_BYTES),
      directions<ByteRange | undefined>('bsrange', undefined, (value) =>
        value.kind === 'ranges' ? value.values : [],
      ),
      directions<readonly SplitPart[] | undefined>('bssplit', undefined, (value) =>
        value.kind === 'split' ? value.values : [],
      ),
    ),
    blockAlignBytes: numbers('ba', 0),
    blockSizesUnaligned: flag('bs_unaligned'),
    size: amount('size'),
    ioSize: amount('io_size'),
    offset: amount('offset') ?? { kind: 'number', value: 0 },
    offsetIncrement: amount('offset_increment') ?? { kind: 'number', value: 0 },
    numberIos: number('number_ios'),
    nrFiles: number('nrfiles', 1),
    runtimeNs: number('runtime'),
    timeBased: flag('time_based'),
    rampTimeNs: number('ramp_time'),
    startDelayNs: { low: delayLow?.value ?? 0, high: delayHigh?.value ?? delayLow?.value ?? 0 },
    stonewall: flag('stonewall'),
    waitFor: text('wait_for'),
    newGroup: flag('new_group'),
    groupReporting: flag('group_reporting'),
    exitall: flag('exitall'),
    iodepth,
    iodepthBatch: within(number('iodepth_batch', 1)),
    iodepthBatchCompleteMin: completeMin,
    iodepthBatchCompleteMax: Math.max(completeMin, number('iodepth_batch_complete_max', completeMin)),
    iodepthLow: within(number('iodepth_low')),
    submitMode: choice('io_submit_mode') ?? 'inline',
    rateBytesPerSecond: numbers('rate', 0),
    rateMinBytesPerSecond: numbers('rate_min', 0),
    rateIops: numbers('rate_iops', 0),
    rateMinIops: numbers('rate_iops_min', 0),
    rateProcess: choice('rate_process') ?? 'linear',
    rateCycleMs: number('rate_cycle', 1000),
    thinktimeNs: number('thinktime'),
    thinktimeSpinNs: Math.min(number('thinktime'), number('thinktime_spin')),
    thinktimeBlocks: number('thinktime_blocks', 1),
    thinktimeBlocksType: choice('thinktime_blocks_type') ?? 'complete',
    thinktimeIotimeNs: number('thinktime_iotime'),
    fsync: number('fsync'),
    fdatasync: number('fdatasync'),
    endFsync: flag('end_fsync'),
    norandommap: flag('norandommap'),
    randomDistribution: directions<RandomDistribution>('random_distribution', { kind: 'random' }, (value) =>
      value.kind === 'distribution' ? value.values : [],
    ),
    randomGenerator: choice('random_generator') ?? 'tausworthe',
    randRepeat: flag('randrepeat', true),
    randSeed: amount('randseed')?.value,
    zoneMode: choice('zonemode') ?? (zoneSizeBytes > 0 ? 'strided' : undefined),
    zoneSizeBytes,
    zoneRangeBytes: number('zonerange', zoneSizeBytes),
    zoneSkip: amount('zoneskip'),
    latencyTargetNs: number('latency_target'),
    latencyWindowNs: number('latency_window'),
    latencyPercentile: percentile?.kind === 'numbers' ? (percentile.values[0] ?? 100) : 100,
    latencyRun: flag('latency_run'),
    maxLatencyNs: numbers('max_latency', 0),
    steadyState: steadyState?.kind === 'steady-state' ? steadyState.value : undefined,
    steadyStateDurationNs: number('steadystate_duration'),
    steadyStateRampNs: number('steadystate_ramp_time'),
    readIolog: text('read_iolog'),
  };
}

function restNumber(rest: string, kbBase: 1000 | 1024): number | undefined {
  const amount = parseQuantity(rest.trim(), { kbBase })?.amount;
  return amount?.kind === 'number' ? amount.value : undefined;
}

/** rwmixread and rwmixwrite set each other: the later one counts. */
function readPercentOf(options: readonly NamedValue[]): number {
  let percent = 50;
  for (const { name, value } of options) {
    const amount = value?.kind === 'amounts' ? value.values[0]?.value : undefined;
    if (amount === undefined) continue;
    if (name === 'rwmixread') percent = amount;
    if (name === 'rwmixwrite') percent = 100 - amount;
  }
  return percent;
}

function blocksOf(
  bs: PerDirection<number>,
  ranges: PerDirection<ByteRange | undefined>,
  splits: PerDirection<readonly SplitPart[] | undefined>,
): [BlockSizes, BlockSizes, BlockSizes] {
  const of = (direction: 0 | 1 | 2): BlockSizes => {
    const split = splits[direction];
    if (split !== undefined) {
      const sizes = split.map(({ bytes }) => bytes);
      return { minBytes: Math.min(...sizes), maxBytes: Math.max(...sizes), split };
    }
    const range = ranges[direction];
    return {
      minBytes: range?.minBytes ?? bs[direction],
      maxBytes: range?.maxBytes ?? bs[direction],
      split: undefined,
    };
  };
  return [of(0), of(1), of(2)];
}
