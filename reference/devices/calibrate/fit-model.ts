/**
 * Fits an ssd or array to measurements: the few parameters that latencies by size and depth tell of, one after the
 * other, each by the one figure that depends on it most. What they do not tell of is that of a base preset.
 */
import { UsageError } from '../../kernel/errors.ts';
import { formatBytes, formatNs, formatSignificant } from '../../kernel/units.ts';
import { histogramQuantile } from '../empirical/latency-grid.ts';
import type { DevicePreset, PresetValue } from '../presets.ts';
import { type LoadedDevice, resolveParameters } from '../registry.ts';
import { type FittedDevice, type Measurement, measuredPerSecond, replayMeasurement } from './measurement.ts';

/** What a parameter is fitted by. */
type Figure = 'p50' | 'p99' | 'rate';

interface Knob {
  readonly parameter: string;
  /** Of a service time: its median, or its 99th percentile as a multiple of that. */
  readonly part?: 'median' | 'spread';
  readonly operation: 'read' | 'write';
  readonly at: keyof typeof DECISIVE;
  readonly figure: Figure;
  readonly least: number;
  readonly most: number;
  /** Whether the figure rises with the parameter. */
  readonly rises: boolean;
  /** Of a parameter without parts: as a scenario has it. */
  readonly written?: (value: number) => unknown;
}

/** Which measurement decides: the greatest by this; -Infinity where it cannot. */
const DECISIVE: Readonly<
  Record<'one by one' | 'most requests' | 'most bytes', (each: Measurement) => number>
> = {
  'one by one': ({ depth, sizeBytes }) => -depth * 2 ** 40 - sizeBytes,
  'most requests': (each) => (each.depth > 1 ? measuredPerSecond(each) : Number.NEGATIVE_INFINITY),
  // Small requests do not fill a wire.
  'most bytes': (each) =>
    each.sizeBytes >= LARGE_BYTES ? measuredPerSecond(each) * each.sizeBytes : Number.NEGATIVE_INFINITY,
};
const LARGE_BYTES = 32 * 1024;
/** What a measurement of each kind is, in the words of a note. */
const WANTED: Readonly<Record<keyof typeof DECISIVE, string>> = {
  'one by one': '',
  'most requests': ' with several under way',
  'most bytes': ' of 32 KiB or more',
};

const ns = (value: number): string => `${Math.round(value)}ns`;
const bytesPerSecond = (value: number): string => `${Math.round(value / 1e3)}kB/s`;
const MICROSECOND = 1e3;
const TENTH = 1e8;

function serviceTime(parameter: string, operation: 'read' | 'write'): readonly Knob[] {
  const common = { parameter, operation, at: 'one by one', rises: true } as const;
  return [
    { ...common, part: 'median', figure: 'p50', least: 100, most: TENTH },
    { ...common, part: 'spread', figure: 'p99', least: 1, most: 1000 },
  ];
}

const bandwidth = (parameter: string, operation: 'read' | 'write'): Knob => ({
  parameter,
  operation,
  at: 'most bytes',
  figure: 'rate',
  least: 1e6,
  most: 1e11,
  rises: true,
  written: bytesPerSecond,
});

/** How many requests are worked on at once. */
const parallel = (parameter: string, most: number): Knob => ({
  parameter,
  operation: 'read',
  at: 'most requests',
  figure: 'rate',
  least: 1,
  most,
  rises: true,
  written: Math.round,
});

/** In the order in which they are fitted: what a later one adds to, first. */
const KNOBS: Readonly<Record<'ssd' | 'array', readonly Knob[]>> = {
  ssd: [
    // A write is answered from the buffer: what it takes is the way there.
    {
      parameter: 'overhead',
      operation: 'write',
      at: 'one by one',
      figure: 'p50',
      least: 100,
      most: TENTH,
      rises: true,
      written: ns,
    },
    ...serviceTime('read', 'read'),
    parallel('channels', 64),
    bandwidth('readBandwidth', 'read'),
    // A write that waits for room waits for programs.
    {
      parameter: 'program',
      operation: 'write',
      at: 'most requests',
      figure: 'rate',
      least: MICROSECOND,
      most: TENTH,
      rises: false,
      written: ns,
    },
  ],
  array: [
    // A write is answered from the cache: what it takes is the front end.
    ...serviceTime('frontEnd', 'write'),
    ...serviceTime('spindleRead', 'read'),
    parallel('spindles', 4096),
    bandwidth('portBandwidth', 'read'),
  ],
};

export type FittedModelName = keyof typeof KNOBS;

/** One parameter, and what it was fitted by. */
export interface FittedParameter {
  readonly parameter: string;
  /** As a scenario has it. */
  readonly value: unknown;
  /** `p50 of reads of 4KiB, 1 under way`. */
  readonly by: readonly string[];
}

export interface ModelFit {
  readonly device: FittedDevice;
  /** Every parameter, with where it is from. */
  readonly parameters: Readonly<Record<string, PresetValue>>;
  readonly fitted: readonly FittedParameter[];
  /** What could not be fitted, and why; sentences. */
  readonly notes: readonly string[];
}

/** Requests of one trial: some hundred beyond the 99th percentile. */
const TRIAL = 20_000;
/** Rounds over all parameters: a later one may move the figure of an earlier one. */
const ROUNDS = 3;
/** How near a figure must come, as a logarithm; and what of it a parameter must move to be told by it. */
const NEAR = 0.003;
const NEAR_ENOUGH = 0.01;

/**
 * @param base a preset of the model
 * @param onTrial called before each parameter is fitted
 * @throws UsageError where nothing of the measurements tells of the model
 */
export function fitModel(
  name: FittedModelName,
  loaded: LoadedDevice,
  base: DevicePreset,
  all: readonly Measurement[],
  onTrial: (parameter: string, done: number, total: number) => void = () => {},
): ModelFit {
  const { notes, measurements } = usable(all);
  const trial = new Trial(loaded, base, measurements);
  const verdicts = new Map<Knob, Verdict>();
  for (let round = 0; round < ROUNDS; round++) {
    let moved = false;
    for (const [at, knob] of KNOBS[name].entries()) {
      onTrial(knob.parameter, round * KNOBS[name].length + at, ROUNDS * KNOBS[name].length);
      const verdict = trial.fit(knob);
      if (verdict === undefined) continue;
      if (verdict.moved) moved = true;
      verdicts.set(knob, verdict);
    }
    if (!moved) break;
  }
  for (const knob of KNOBS[name]) {
    const verdict = verdicts.get(knob);
    const what = knob.part === undefined ? knob.parameter : `${knob.parameter} (${knob.part})`;
    if (verdict === undefined)
      notes.push(
        `${what} is that of ${base.name}: no random ${knob.operation}s${WANTED[knob.at]} were measured`,
      );
    else if (verdict.outcome === 'untold')
      notes.push(`${what} is that of ${base.name}: ${verdict.by} does not depend on it`);
    else if (verdict.outcome === 'unmet')
      notes.push(
        `${what} stands at ${trial.shown(knob)}, and ${verdict.by} still is ${percent(verdict.residual)} off: other parameters of ${base.name} keep it there`,
      );
  }
  return trial.result(verdicts, notes);
}

function percent(logarithm: number): string {
  const share = 100 * (Math.exp(logarithm) - 1);
  return `${share >= 0 ? '+' : ''}${share.toFixed(0)} %`;
}

/** Random loads of one direction: what the loop of a trial plays. */
function usable(all: readonly Measurement[]): {
  readonly notes: string[];
  readonly measurements: readonly Measurement[];
} {
  const notes: string[] = [];
  const measurements = all.filter(({ name, unlikeRandom }) => {
    if (unlikeRandom !== undefined) notes.push(`${name} is left out of the fit: ${unlikeRandom}`);
    return unlikeRandom === undefined;
  });
  if (measurements.length === 0) {
    throw new UsageError('nothing measured tells of the parts of a device', {
      hint: 'measure random reads and random writes, each alone, at several depths; or fit --model empirical',
    });
  }
  return { notes: [...new Set(notes)], measurements };
}

interface Verdict {
  readonly outcome: 'met' | 'unmet' | 'untold';
  /** What is left, as a logarithm of model / measured. */
  readonly residual: number;
  readonly by: string;
  readonly moved: boolean;
}

/** The model with the values so far. */
class Trial {
  private readonly loaded: LoadedDevice;
  private readonly base: DevicePreset;
  private readonly measurements: readonly Measurement[];
  private readonly overrides: Record<string, unknown> = {};
  private readonly values = new Map<string, number>();

  constructor(loaded: LoadedDevice, base: DevicePreset, measurements: readonly Measurement[]) {
    this.loaded = loaded;
    this.base = base;
    this.measurements = measurements;
    // A measurement has its own depth: a drive that refuses more has a host that keeps them.
    if ('queueDepth' in loaded.model.parameters) this.overrides.queueDepth = 0;
  }

  /** Moves one parameter until its figure is that of the measurement. */
  fit(knob: Knob): Verdict | undefined {
    const measurement = this.decisive(knob);
    if (measurement === undefined) return undefined;
    const wanted = figureOf(measurement, knob.figure);
    const by = `${knob.figure === 'rate' ? 'the rate' : knob.figure} of ${knob.operation}s of ${formatBytes(measurement.sizeBytes)}, ${measurement.depth} under way`;
    const start = this.start(knob);
    const miss = (value: number): number => {
      this.set(knob, value);
      const { latency, perSecond } = replayMeasurement(this.device(), measurement, TRIAL);
      const found = knob.figure === 'rate' ? perSecond : latency.percentile(knob.figure === 'p50' ? 50 : 99);
      return Math.log(found / wanted) * (knob.rises ? 1 : -1);
    };
    const { value, residual, told } = solve(miss, start, knob.least, knob.most);
    const met = Math.abs(residual) <= NEAR_ENOUGH;
    if (told) this.set(knob, value);
    else this.unset(knob);
    // That the base's value happens to be near says nothing of the parameter.
    const outcome = !told ? 'untold' : met ? 'met' : 'unmet';
    return {
      outcome,
      residual: knob.rises ? residual : -residual,
      by,
      moved: told && Math.abs(Math.log(value / start)) > NEAR,
    };
  }

  /** A parameter, or its part, as it stands. */
  shown(knob: Knob): string {
    const value = this.values.get(keyOf(knob))!;
    if (knob.part === undefined) return String(knob.written!(value));
    return knob.part === 'median' ? formatNs(value) : `${formatSignificant(value)} x the median`;
  }

  result(verdicts: ReadonlyMap<Knob, Verdict>, notes: readonly string[]): ModelFit {
    const byParameter = new Map<string, string[]>();
    for (const [{ parameter }, { outcome, by }] of verdicts)
      if (outcome !== 'untold') byParameter.set(parameter, [...(byParameter.get(parameter) ?? []), by]);
    const { written } = this.resolve();
    const parameters: Record<string, PresetValue> = {};
    for (const [parameter, value] of Object.entries(written)) {
      const by = byParameter.get(parameter);
      const { source } = this.base.parameters[parameter] ?? {
        source: this.loaded.model.parameters[parameter]!.source,
      };
      parameters[parameter] =
        by !== undefined
          ? { value, source: `fitted: ${by.join('; ')}` }
          : {
              value,
              source: parameter in this.overrides ? 'assumed: the host keeps what is too much' : source,
            };
    }
    return {
      device: this.device(),
      parameters,
      fitted: [...byParameter].map(([parameter, by]) => ({ parameter, value: written[parameter], by })),
      notes,
    };
  }

  private device(): FittedDevice {
    return { model: this.loaded.model, parameters: this.resolve().parameters };
  }

  private resolve(): ReturnType<typeof resolveParameters> {
    const values = Object.entries(this.base.parameters).map(([key, { value }]) => [key, value]);
    return resolveParameters(this.loaded, {
      overrides: { ...Object.fromEntries(values), ...this.overrides },
    });
  }

  private decisive(knob: Knob): Measurement | undefined {
    const by = DECISIVE[knob.at];
    let best: Measurement | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const each of this.measurements) {
      if (each.operation !== knob.operation || by(each) <= most) continue;
      best = each;
      most = by(each);
    }
    return best;
  }

  /** Where a search begins: the value so far, or the base's. */
  private start(knob: Knob): number {
    const known = this.values.get(keyOf(knob));
    if (known !== undefined) return known;
    const parsed = this.resolve().parameters as Readonly<Record<string, unknown>>;
    const value = parsed[knob.parameter];
    if (knob.part === 'spread') return 2;
    const number = typeof value === 'number' ? value : (value as { readonly meanNs: number }).meanNs;
    return Math.min(knob.most, Math.max(knob.least, Number.isFinite(number) && number > 0 ? number : 1e5));
  }

  /** Back to what the base says, where no other part has been fitted. */
  private unset(knob: Knob): void {
    this.values.delete(keyOf(knob));
    if (knob.part !== undefined) {
      const other = this.values.get(keyOf({ ...knob, part: knob.part === 'median' ? 'spread' : 'median' }));
      if (other !== undefined) {
        this.set({ ...knob, part: knob.part === 'median' ? 'spread' : 'median' }, other);
        return;
      }
    }
    delete this.overrides[knob.parameter];
  }

  private set(knob: Knob, value: number): void {
    this.values.set(keyOf(knob), value);
    if (knob.part === undefined) {
      this.overrides[knob.parameter] = knob.written!(value);
      return;
    }
    const medianNs = this.values.get(`${knob.parameter}.median`) ?? this.start({ ...knob, part: 'median' });
    const spread = this.values.get(`${knob.parameter}.spread`) ?? 1;
    this.overrides[knob.parameter] =
      spread * medianNs < medianNs + 1
        ? ns(medianNs)
        : { distribution: 'lognormal', median: ns(medianNs), p99: ns(medianNs * spread) };
  }
}

function keyOf({ parameter, part }: Knob): string {
  return part === undefined ? parameter : `${parameter}.${part}`;
}

function figureOf(measurement: Measurement, figure: Figure): number {
  if (figure === 'rate') return measuredPerSecond(measurement);
  return histogramQuantile(measurement.histogram)(figure === 'p50' ? 0.5 : 0.99);
}

/** Steps of a search. */
const STEPS = 12;
const FACTOR = 3;

/**
 * The root of a function that rises, by regula falsi (Illinois) on a logarithmic axis.
 * @returns the value nearest to it; `told` where the function depends on the value at all
 */
function solve(
  miss: (value: number) => number,
  start: number,
  least: number,
  most: number,
): { readonly value: number; readonly residual: number; readonly told: boolean } {
  let at = Math.log(start);
  let missAt = miss(start);
  const first = missAt;
  const up = missAt < 0;
  const end = Math.log(up ? most : least);
  let other = at;
  let missOther = missAt;
  // A bracket: away from the start until the sign changes.
  for (let factor = FACTOR; ; factor *= FACTOR) {
    other = up ? Math.min(end, at + Math.log(factor)) : Math.max(end, at - Math.log(factor));
    missOther = miss(Math.exp(other));
    if (missOther < 0 !== up || other === end) break;
    at = other;
    missAt = missOther;
  }
  const told = Math.abs(missOther - first) > NEAR_ENOUGH;
  if (missOther < 0 === up && missOther !== 0) {
    const nearer = Math.abs(missOther) < Math.abs(first);
    return { value: nearer ? Math.exp(other) : start, residual: nearer ? missOther : first, told };
  }
  let best = Math.abs(missAt) < Math.abs(missOther) ? at : other;
  let bestMiss = Math.abs(missAt) < Math.abs(missOther) ? missAt : missOther;
  let side = 0;
  for (let step = 0; step < STEPS && Math.abs(bestMiss) > NEAR; step++) {
    const next = (at * missOther - other * missAt) / (missOther - missAt);
    const missNext = miss(Math.exp(next));
    if (Math.abs(missNext) < Math.abs(bestMiss)) {
      best = next;
      bestMiss = missNext;
    }
    // An end that stays for a second time counts half, or it would stay for ever.
    if (missNext < 0 === missAt < 0) {
      at = next;
      missAt = missNext;
      if (side < 0) missOther /= 2;
      side = -1;
    } else {
      other = next;
      missOther = missNext;
      if (side > 0) missAt /= 2;
      side = 1;
    }
  }
  return { value: Math.exp(best), residual: bestMiss, told };
}
