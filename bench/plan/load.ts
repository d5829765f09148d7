/** `fvp plan load`: how far a load can grow before an objective breaks, proved by a replay on either side. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatPercent } from '../../reference/kernel/units.ts';
import type { PlanDocument, PlanPoint, PrunedPoint } from '../../results/schema/plan-document.ts';
import { Configuration, documentOf, isSaturated, type Question } from './question.ts';
import { missText } from './size.ts';
import { parseRange, shortNumber } from './vary.ts';

export interface LoadOptions {
  /** `speed`, `vms.perHost`, `hosts.count`, or any parameter with a number. */
  readonly name: string;
  /** `1..64`, with a unit where the parameter has one. */
  readonly range: string;
  readonly mode: ModeName;
  /** How near the two sides must come, as a share of the load; of whole numbers they are neighbours. */
  readonly resolution: number;
}

/** Parameters that are counted. */
const WHOLE = ['vms.perHost', 'hosts.count'];
/** Points replayed between the two sides in each round: fixed, so that the answer does not depend on the cores. */
const POINTS_A_ROUND = 2;
/** Digits of a load, so that its command says it exactly. */
const DIGITS = 4;

export async function load(question: Question, options: LoadOptions): Promise<PlanDocument> {
  const { name, resolution } = options;
  const range = parseRange(name, options.range);
  const whole = WHOLE.includes(name);
  if (whole && !(Number.isInteger(range.from) && Number.isInteger(range.to)))
    throw new UsageError(`${name}=${options.range}: expected whole numbers`, { hint: `write ${name}=1..64` });
  const rounds = whole
    ? Math.log(range.to - range.from + 1)
    : Math.log(Math.log(range.to / range.from) / Math.log(1 + resolution) + 1);
  question.runner.expect(
    (2 + POINTS_A_ROUND * Math.ceil(rounds / Math.log(POINTS_A_ROUND + 1))) *
      question.seeds *
      Math.max(1, question.base.workloads.length),
  );
  const search = new Knee(question, options, range.unit);
  let [low, high] = await search.replay([range.from, range.to]);
  let [holds, breaks] = [range.from, range.to];
  if (low!.met && high!.met !== true)
    for (;;) {
      const between = betweenOf(holds, breaks, whole, resolution);
      if (between.length === 0) break;
      const points = await search.replay(between);
      // Where it holds above a load at which it breaks, the lowest that breaks counts.
      const first = points.findIndex(({ met }) => !met);
      if (first > 0) [low, holds] = [points[first - 1]!, between[first - 1]!];
      if (first < 0) [low, holds] = [points.at(-1)!, between.at(-1)!];
      else [high, breaks] = [points[first]!, between[first]!];
    }
  const found = low!.met && high!.met !== true;
  const answer = low!.met ? (high!.met ? high! : low!) : null;
  return documentOf('load', question, {
    answer: answer?.point ?? null,
    runnerUp: answer === null ? low!.point : found ? high!.point : null,
    points: search.points(),
    pruned: search.pruned,
    notes: [...notesOf(name, range, low!, high!, found), ...search.notes()],
  });
}

interface Side {
  readonly load: number;
  readonly text: string;
  /** False too where the scenario cannot run it. */
  readonly met: boolean;
  readonly point: PlanPoint | null;
  readonly why: string;
}

/** Loads between two sides that part the way evenly, in ratio; none where the sides are near enough. */
export function betweenOf(holds: number, breaks: number, whole: boolean, resolution: number): number[] {
  if (whole) {
    const gap = breaks - holds;
    const inner = Array.from({ length: POINTS_A_ROUND }, (_, index) =>
      Math.round(holds + (gap * (index + 1)) / (POINTS_A_ROUND + 1)),
    );
    return [...new Set(inner)].filter((value) => value > holds && value < breaks);
  }
  if (breaks / holds <= 1 + resolution) return [];
  const step = Math.log(breaks / holds) / (POINTS_A_ROUND + 1);
  return Array.from({ length: POINTS_A_ROUND }, (_, index) =>
    Number((holds * Math.exp(step * (index + 1))).toPrecision(DIGITS)),
  ).filter((value, index, all) => value > holds && value < breaks && all.indexOf(value) === index);
}

class Knee {
  readonly pruned: PrunedPoint[] = [];
  private readonly question: Question;
  private readonly options: LoadOptions;
  private readonly unit: string;
  private readonly sides: Side[] = [];

  constructor(question: Question, options: LoadOptions, unit: string) {
    this.question = question;
    this.options = options;
    this.unit = unit;
  }

  async replay(loads: readonly number[]): Promise<Side[]> {
    const { name, mode } = this.options;
    const asked = loads.map((value) => {
      const text = `${shortNumber(value)}${this.unit}`;
      return { value, text, configuration: new Configuration(this.question, { [name]: text }, mode) };
    });
    for (const { configuration } of asked) configuration.begin();
    const sides: Side[] = [];
    for (const { value, text, configuration } of asked) {
      const replayed = await configuration.replay();
      if (replayed.kind === 'pruned') {
        this.pruned.push(replayed.pruned);
        sides.push({ load: value, text, met: false, point: null, why: replayed.pruned.why });
        continue;
      }
      const { point } = replayed;
      // Without objectives, what counts is that the load is kept up with.
      const met = point.met ?? !point.results.some(isSaturated);
      sides.push({ load: value, text, met, point, why: met ? '' : missText(point) });
    }
    this.sides.push(...sides);
    return sides;
  }

  points(): PlanPoint[] {
    return [...this.sides]
      .sort((a, b) => a.load - b.load)
      .flatMap(({ point }) => (point === null ? [] : [point]));
  }

  notes(): string[] {
    const ordered = [...this.sides].sort((a, b) => a.load - b.load);
    const broken = ordered.findIndex(({ met }) => !met);
    const above = broken < 0 ? undefined : ordered.slice(broken).find(({ met }) => met);
    return above === undefined
      ? []
      : [
          `It is not that more is always worse: ${this.options.name}=${above.text} holds again. The lowest load that breaks an objective counts.`,
        ];
  }
}

function notesOf(
  name: string,
  range: { readonly from: number; readonly to: number; readonly unit: string },
  low: Side,
  high: Side,
  found: boolean,
): string[] {
  if (!low.met)
    return [
      `The objectives do not hold even at ${name}=${low.text}: ${low.why}.`,
      `Try a lower load, such as --vary ${name}=${shortNumber(range.from / 8)}${range.unit}..${low.text}, another mode, or other devices.`,
    ];
  if (!found)
    return [
      `The objectives hold up to ${name}=${high.text}, the end of the range: the knee lies beyond.`,
      `Try --vary ${name}=${high.text}..${shortNumber(range.to * 8)}${range.unit}.`,
    ];
  return [
    `The knee: the objectives hold at ${name}=${low.text} and break at ${name}=${high.text} (${formatPercent(high.load / low.load - 1)} more), both replayed.`,
    high.point === null ? `There: ${high.why}` : `There it misses ${high.why}.`,
  ];
}
