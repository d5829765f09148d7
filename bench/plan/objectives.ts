/** Objectives on the figures of points: the same expressions, and the same figures, as `fvp bench gate`. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { type MeasuredResult, statOf } from '../../results/compare/measured.ts';
import { parseThreshold, type Threshold } from '../../results/gate/expression.ts';
import type { PlanCheck, PlanSpread } from '../../results/schema/plan-document.ts';
import { LATENCY_KINDS, type ModeResult } from '../../results/schema/run-document.ts';
import { type PointResult, type TimesByKind, timesOf } from './point.ts';

/** @throws UsageError for what is no objective of a plan */
export function parseObjectives(texts: readonly string[]): Threshold[] {
  return texts.map((text) => {
    const threshold = parseThreshold(text);
    if (threshold.limit.kind === 'relative')
      throw new UsageError(`threshold ${JSON.stringify(text)}: a plan has no baseline to be relative to`, {
        hint: "write a time: 'writes.p99<1ms'",
      });
    if (threshold.limit.ns === 0)
      throw new UsageError(`threshold ${JSON.stringify(text)}: nothing takes no time`, {
        hint: 'write a time above 0',
      });
    return threshold;
  });
}

/** @throws UsageError for a workload that is none of these */
export function checkObjectiveNames(objectives: readonly Threshold[], workloads: readonly string[]): void {
  for (const { workload, text } of objectives)
    if (workload !== null && !workloads.includes(workload))
      throw new UsageError(`threshold ${JSON.stringify(text)}: no workload ${JSON.stringify(workload)}`, {
        hint: didYouMean(workload, workloads) ?? `there are: ${workloads.join(', ')}`,
      });
}

export function figureOf(
  result: ModeResult,
  times: TimesByKind,
  { direction, time, stat }: Pick<Threshold, 'direction' | 'time' | 'stat'>,
  exact = true,
): number | null {
  const measured: MeasuredResult = {
    workload: result.workload,
    mode: result.mode,
    times: Object.fromEntries(
      ([...LATENCY_KINDS, 'all'] as const).map((each) => [
        each,
        {
          count: timesOf(times, each, 'response').count,
          response: timesOf(times, each, 'response'),
          service: timesOf(times, each, 'service'),
        },
      ]),
    ),
    exact: exact ? result : null,
  };
  return statOf(measured, direction, time, stat) ?? null;
}

/** @param times of each result; those of the whole run without it */
export function checksOf(
  results: readonly PointResult[],
  objectives: readonly Threshold[],
  times?: (result: PointResult) => TimesByKind | null,
): PlanCheck[] {
  const workloads = [...new Set(results.map(({ result }) => result.workload))];
  return objectives.flatMap((objective) =>
    workloads
      .filter((workload) => objective.workload === null || objective.workload === workload)
      .filter(() => objective.mode === null || objective.mode === results[0]!.result.mode)
      .map((workload) => {
        const values = results
          .filter(({ result }) => result.workload === workload)
          .flatMap((each) => {
            const own = times === undefined ? each.times : times(each);
            return own === null ? [] : (figureOf(each.result, own, objective, times === undefined) ?? []);
          });
        return checkOf(objective, workload, values);
      }),
  );
}

function checkOf(objective: Threshold, workload: string, values: readonly number[]): PlanCheck {
  const limitNs = objective.limit.kind === 'value' ? objective.limit.ns : 0;
  const shared = { threshold: objective.text, workload, limitNs };
  // Without such I/Os nothing is too slow.
  if (values.length === 0) return { ...shared, valueNs: null, bestNs: null, met: true, missedByShare: null };
  const valueNs = Math.max(...values);
  const met = objective.operator === '<' ? valueNs < limitNs : valueNs <= limitNs;
  return {
    ...shared,
    valueNs,
    bestNs: Math.min(...values),
    met,
    missedByShare: met ? null : (valueNs - limitNs) / limitNs,
  };
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom 1 to 30. @source any table of the distribution */
const STUDENT_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** How far seeds lie apart, of the figures that are looked at first. */
export function spreadOf(results: readonly PointResult[]): PlanSpread[] {
  const workloads = [...new Set(results.map(({ result }) => result.workload))];
  return workloads.flatMap((workload) =>
    (['reads', 'writes', 'flushes'] as const).flatMap((kind) =>
      (['p50Ns', 'p99Ns'] as const).flatMap((figure) => {
        const values = results
          .filter(({ result }) => result.workload === workload)
          .flatMap(({ result }) => result[kind].response?.[figure] ?? []);
        return values.length === 0
          ? []
          : [{ workload, figure: `${kind}.response.${figure}`, ...spread(values) }];
      }),
    ),
  );
}

export function spread(
  values: readonly number[],
): Pick<PlanSpread, 'least' | 'mean' | 'most' | 'meanErrorHalfWidth'> {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (count - 1);
  // Beyond the table the normal distribution's.
  const quantile = STUDENT_95[count - 2] ?? 1.96;
  return {
    least: Math.min(...values),
    mean,
    most: Math.max(...values),
    meanErrorHalfWidth: count < 2 ? null : quantile * Math.sqrt(variance / count),
  };
}
