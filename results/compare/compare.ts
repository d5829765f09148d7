/** Compares runs, logs and results of fio with the first of them: the document `fvp.compare/1`. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import {
  LATENCY_PARTS,
  type LatencyKind,
  type LatencyParts,
  type ModeResult,
} from '../schema/run-document.ts';
import { type DistributionDifference, distributionDifference } from './distribution.ts';
import { type InputDifference, inputDifferences } from './input-differences.ts';
import {
  DIRECTIONS,
  type Direction,
  LISTED_STATS,
  type Measured,
  type MeasuredResult,
  type StatName,
  statOf,
  type TimeName,
} from './measured.ts';

export const COMPARE_SCHEMA = 'fvp.compare/1';

export interface StatDifference {
  readonly stat: StatName;
  readonly baseNs: number;
  readonly otherNs: number;
  readonly differenceNs: number;
  /** Other over base; null where the base is 0. */
  readonly ratio: number | null;
}

/** What an I/O waits for on average, and how that moved; the differences add up to that of the mean response time. */
export interface PartDifference {
  readonly part: keyof LatencyParts;
  readonly baseMeanNs: number;
  readonly otherMeanNs: number;
  readonly differenceNs: number;
}

/** What the I/Os at and beyond a percentile wait for on average, and how that moved. */
export interface SlowestDifference {
  readonly percentile: number;
  readonly baseCount: number;
  readonly otherCount: number;
  readonly parts: readonly PartDifference[];
}

export interface DirectionComparison {
  readonly direction: Direction;
  readonly time: TimeName;
  readonly baseCount: number;
  readonly otherCount: number;
  readonly stats: readonly StatDifference[];
  /** null where an input has figures only. */
  readonly distribution: DistributionDifference | null;
  /** Empty but for the response times of two runs in virtual time. */
  readonly parts: readonly PartDifference[];
  /** The same for the slowest I/Os, one element for each percentile; empty where `parts` is. */
  readonly slowest: readonly SlowestDifference[];
  /** Not one figure differs. */
  readonly same: boolean;
}

export interface ResultComparison {
  readonly base: { readonly workload: string; readonly mode: string };
  readonly other: { readonly workload: string; readonly mode: string };
  readonly directions: readonly DirectionComparison[];
}

export interface InputComparison {
  readonly name: string;
  readonly source: Measured['source'];
  /** What differs before a single I/O: said first. */
  readonly inputDifferences: readonly InputDifference[];
  readonly results: readonly ResultComparison[];
  /** Results that only one of the two has. */
  readonly onlyInBase: readonly { readonly workload: string; readonly mode: string }[];
  readonly onlyInOther: readonly { readonly workload: string; readonly mode: string }[];
}

export interface CompareDocument {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly base: { readonly name: string; readonly source: Measured['source'] };
  readonly others: readonly InputComparison[];
  readonly notes: readonly string[];
}

export interface CompareChoice {
  readonly workloads?: readonly string[] | undefined;
  readonly modes?: readonly string[] | undefined;
  readonly time: TimeName;
}

type Named = { readonly workload: string; readonly mode: string };

function named({ workload, mode }: Named): Named {
  return { workload, mode };
}

/**
 * The results that were asked for.
 * @throws UsageError when a name is in none of the inputs
 */
export function chosenResults(
  inputs: readonly Measured[],
  { workloads, modes }: Pick<CompareChoice, 'workloads' | 'modes'>,
): MeasuredResult[][] {
  const check = (what: 'workload' | 'mode', asked: readonly string[] | undefined): void => {
    const known = [...new Set(inputs.flatMap(({ results }) => results.map((result) => result[what])))];
    for (const name of asked ?? []) {
      if (known.includes(name)) continue;
      throw new UsageError(
        `no ${what} ${JSON.stringify(name)} in ${inputs.map((input) => input.name).join(', ')}`,
        {
          hint: didYouMean(name, known) ?? `there are: ${known.filter((each) => each !== '').join(', ')}`,
        },
      );
    }
  };
  check('workload', workloads);
  check('mode', modes);
  return inputs.map(({ results }) =>
    results.filter(
      ({ workload, mode }) =>
        (workloads === undefined || workloads.includes(workload)) &&
        (modes === undefined || modes.includes(mode)),
    ),
  );
}

/** Results of the same name; where each side has one result only, those two. */
export function pairResults(
  base: readonly MeasuredResult[],
  other: readonly MeasuredResult[],
): { pairs: (readonly [MeasuredResult, MeasuredResult])[]; onlyInBase: Named[]; onlyInOther: Named[] } {
  const [onlyBase, onlyOther] = [base[0], other[0]];
  if (base.length === 1 && other.length === 1 && onlyBase !== undefined && onlyOther !== undefined)
    return { pairs: [[onlyBase, onlyOther]], onlyInBase: [], onlyInOther: [] };
  const key = ({ workload, mode }: Named): string => JSON.stringify([workload, mode]);
  const byName = new Map(other.map((result) => [key(result), result]));
  const pairs: (readonly [MeasuredResult, MeasuredResult])[] = [];
  const onlyInBase: Named[] = [];
  for (const result of base) {
    const same = byName.get(key(result));
    if (same === undefined) onlyInBase.push(named(result));
    else {
      pairs.push([result, same]);
      byName.delete(key(result));
    }
  }
  return { pairs, onlyInBase, onlyInOther: [...byName.values()].map(named) };
}

function partDifferences(
  base: MeasuredResult,
  other: MeasuredResult,
  direction: Direction,
): PartDifference[] {
  if (direction === 'all' || base.exact === null || other.exact === null) return [];
  const [a, b] = [base.exact, other.exact];
  return meansOfParts(
    { parts: a.parts[direction], count: a[direction].count },
    { parts: b.parts[direction], count: b[direction].count },
  );
}

interface SummedParts {
  readonly parts: LatencyParts;
  readonly count: number;
}

function meansOfParts(base: SummedParts, other: SummedParts): PartDifference[] {
  const mean = ({ parts, count }: SummedParts, part: keyof LatencyParts): number =>
    Math.floor((parts[part] / count) * 1000 + 0.5) / 1000;
  return LATENCY_PARTS.map((part) => {
    const [baseMeanNs, otherMeanNs] = [mean(base, part), mean(other, part)];
    return { part, baseMeanNs, otherMeanNs, differenceNs: rounded(otherMeanNs - baseMeanNs) };
  }).filter(({ baseMeanNs, otherMeanNs }) => baseMeanNs !== 0 || otherMeanNs !== 0);
}

/** The slowest I/Os of two results, percentile by percentile; empty where one document does not tell. */
export function slowestDifferences(
  base: ModeResult,
  other: ModeResult,
  kind: LatencyKind,
): SlowestDifference[] {
  return (base.slowest?.[kind] ?? []).flatMap((a) => {
    const b = other.slowest?.[kind].find(({ percentile }) => percentile === a.percentile);
    if (b === undefined || a.count === 0 || b.count === 0) return [];
    return [{ percentile: a.percentile, baseCount: a.count, otherCount: b.count, parts: meansOfParts(a, b) }];
  });
}

function rounded(ns: number): number {
  return Math.floor(ns * 1000 + 0.5) / 1000;
}

/** @returns undefined where one of the two has no I/O of this direction */
export function compareDirection(
  base: MeasuredResult,
  other: MeasuredResult,
  direction: Direction,
  time: TimeName,
): DirectionComparison | undefined {
  const [a, b] = [base.times[direction], other.times[direction]];
  if (a === undefined || b === undefined || a.count === 0 || b.count === 0) return undefined;
  const stats = LISTED_STATS.flatMap((stat): StatDifference[] => {
    const baseNs = statOf(base, direction, time, stat);
    const otherNs = statOf(other, direction, time, stat);
    if (baseNs === undefined || baseNs === null || otherNs === undefined || otherNs === null) return [];
    const ratio = baseNs === 0 ? null : otherNs / baseNs;
    return [{ stat, baseNs, otherNs, differenceNs: rounded(otherNs - baseNs), ratio }];
  });
  if (stats.length === 0) return undefined;
  const [x, y] = [a[time], b[time]];
  const distribution = x === null || y === null ? null : distributionDifference(x, y);
  return {
    direction,
    time,
    baseCount: a.count,
    otherCount: b.count,
    stats,
    distribution,
    parts: time === 'response' ? partDifferences(base, other, direction) : [],
    slowest:
      time !== 'response' || direction === 'all' || base.exact === null || other.exact === null
        ? []
        : slowestDifferences(base.exact, other.exact, direction),
    same:
      a.count === b.count &&
      stats.every(({ differenceNs }) => differenceNs === 0) &&
      (distribution === null || distribution.areaNs === 0),
  };
}

/** Directions but `all`; `all` where there is nothing else. */
function directionsOf(base: MeasuredResult, other: MeasuredResult, time: TimeName): DirectionComparison[] {
  const found = DIRECTIONS.flatMap((direction) => compareDirection(base, other, direction, time) ?? []);
  return found.length > 1 ? found.filter(({ direction }) => direction !== 'all') : found;
}

/** @throws UsageError when nothing of the two can be paired */
export function compareTwo(base: Measured, other: Measured, choice: CompareChoice): InputComparison {
  const [baseResults, otherResults] = chosenResults([base, other], choice);
  const { pairs, onlyInBase, onlyInOther } = pairResults(baseResults!, otherResults!);
  const results = pairs
    .map(([a, b]) => ({ base: named(a), other: named(b), directions: directionsOf(a, b, choice.time) }))
    .filter(({ directions }) => directions.length > 0);
  if (results.length === 0) {
    throw new UsageError(`${base.name} and ${other.name} have nothing to compare`, {
      hint: 'they need a workload, mode and direction of the same names; --mode and --workload choose one of each',
    });
  }
  return {
    name: other.name,
    source: other.source,
    inputDifferences:
      base.document === null || other.document === null
        ? base.source === other.source
          ? []
          : [{ about: 'kind', path: 'kind', base: base.source, other: other.source, places: 1 }]
        : inputDifferences(base.document, other.document),
    results,
    onlyInBase,
    onlyInOther,
  };
}
