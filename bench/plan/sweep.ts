/** `fvp plan sweep`: every point is replayed; which of them no other beats. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { formatCount } from '../../reference/kernel/units.ts';
import type { Threshold } from '../../results/gate/expression.ts';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import { figureOf } from './objectives.ts';
import type { PointResult } from './point.ts';
import {
  Configuration,
  documentOf,
  isSaturated,
  type Question,
  type Replayed,
  type Variation,
} from './question.ts';

/** Figures that are traded for each other where nobody names any. */
export const PARETO_FIGURES = ['writes.p99', 'reads.p99'];

export interface SweepOptions {
  readonly variations: readonly Variation[];
  /** Of points that do not vary it. */
  readonly mode: ModeName;
  /** Figures of which less is better. */
  readonly pareto: readonly Pick<Threshold, 'direction' | 'time' | 'stat' | 'text'>[];
}

export async function sweep(question: Question, options: SweepOptions): Promise<PlanDocument> {
  const configurations = options.variations.map(
    (variation) => new Configuration(question, variation, options.mode),
  );
  question.runner.expect(
    configurations.length * question.seeds * Math.max(1, question.base.workloads.length),
  );
  for (const configuration of configurations) configuration.begin();
  const replayed: Replayed[] = [];
  for (const configuration of configurations)
    replayed.push(await configuration.replay((results) => paretoFigures(results, options.pareto)));
  const points = replayed.flatMap((each) => (each.kind === 'point' ? [each.point] : []));
  const pruned = replayed.flatMap((each) => (each.kind === 'pruned' ? [each.pruned] : []));
  const pareto = paretoFront(points);
  return documentOf('sweep', question, {
    points,
    pareto,
    pruned,
    notes: sweepNotes(points, pruned.length),
  });
}

function paretoFigures(
  results: readonly PointResult[],
  figures: SweepOptions['pareto'],
): PlanPoint['figures'] {
  const workloads = [...new Set(results.map(({ result }) => result.workload))];
  return Object.fromEntries(
    workloads.flatMap((workload) =>
      figures.map((figure) => {
        const values = results
          .filter(({ result }) => result.workload === workload)
          .flatMap(({ result, times }) => figureOf(result, times, figure) ?? []);
        const name = `${workloads.length > 1 ? `${workload}/` : ''}${figure.direction}.${figure.time}.${figure.stat}Ns`;
        return [name, values.length === 0 ? null : Math.max(...values)];
      }),
    ),
  );
}

/**
 * Numbers of the points that no other beats: as good in all figures and in cost, and better in one. Saturated points
 * are beaten by all that are not.
 */
export function paretoFront(points: readonly PlanPoint[]): number[] {
  const candidates = points.map((point) => ({
    saturated: point.results.some(isSaturated),
    values: [...Object.values(point.figures), ...costsOf(point)].map((value) => value ?? 0),
  }));
  const beats = (a: (typeof candidates)[number], b: (typeof candidates)[number]): boolean => {
    if (a.saturated !== b.saturated) return b.saturated;
    return (
      a.values.every((value, index) => value <= b.values[index]!) &&
      a.values.some((value, index) => value < b.values[index]!)
    );
  };
  return points.flatMap((_, index) =>
    candidates.some((other) => beats(other, candidates[index]!)) ? [] : [index],
  );
}

/** The price, or where there is none, the parts. */
function costsOf({ cost }: PlanPoint): (number | null)[] {
  const { hosts, flashBytes, replicas, spindles } = cost.parts;
  return cost.price === null ? [hosts, flashBytes, replicas, spindles] : [cost.price];
}

function sweepNotes(points: readonly PlanPoint[], pruned: number): string[] {
  const saturated = points.filter(({ results }) => results.some(isSaturated)).length;
  const met = points.filter((point) => point.met === true).length;
  const notes: string[] = [];
  if (points.some((point) => point.met !== null))
    notes.push(`${formatCount(met)} of ${formatCount(points.length)} points meet every objective.`);
  if (saturated > 0)
    notes.push(
      `${formatCount(saturated)} of ${formatCount(points.length)} points saturate: their latencies grow with the length of the load, and say only that it is too much. Try a lower speed, fewer VMs, or a faster array.`,
    );
  if (pruned > 0) notes.push(`${formatCount(pruned)} points cannot be run; why stands with each.`);
  return notes;
}
