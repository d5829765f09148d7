/** What of the space of faults the seeds of a run have reached; steps are written `transition/step`. */
import { STEP_NAMES } from '../../reference/testing/fuzz/cells.ts';
import type { CaseResult } from '../../reference/testing/fuzz/run-case.ts';

export interface FuzzCoverage {
  /** Crash points come by: before and after whatever a host emits and consumes while a transition is under way. */
  readonly points: number;
  /** Of those, at which a host was stopped. */
  readonly crashed: number;
  readonly steps: readonly StepCoverage[];
}

export interface StepCoverage {
  readonly step: string;
  readonly points: number;
  /** What hosts emitted or consumed where none was stopped. */
  readonly notCrashed: readonly string[];
  /** By kind of event of the schedule: in how many seeds it took place during the step. */
  readonly faults: Readonly<Record<string, number>>;
}

export function coverageOf(results: readonly CaseResult[]): FuzzCoverage {
  const points = new Set(results.flatMap((result) => result.points));
  const crashed = new Set(results.flatMap(({ crashedAt }) => crashedAt ?? []));
  const steps = STEP_NAMES.map((step): StepCoverage => {
    const here = [...points].filter((point) => point.startsWith(`${step}|`)).sort();
    const faults: Record<string, number> = {};
    for (const kind of results.flatMap(({ faultsAt }) => faultsAt).filter((at) => at.startsWith(`${step}|`)))
      faults[kind.slice(step.length + 1)] = (faults[kind.slice(step.length + 1)] ?? 0) + 1;
    return {
      step,
      points: here.length,
      notCrashed: here.filter((point) => !crashed.has(point)).map((point) => point.slice(step.length + 1)),
      faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  });
  return { points: points.size, crashed: [...points].filter((point) => crashed.has(point)).length, steps };
}
