/** The shortest list of events, and the calmest weather, with which a case still fails in the same way. */
import { CALM } from '../../cluster/faults/fault-plane.ts';
import type { FuzzCase } from './draw-case.ts';
import { type CaseResult, runCase } from './run-case.ts';

/** Most runs that shrinking may take. */
const RUNS_MOST = 80;

export interface Shrunk {
  readonly fuzz: FuzzCase;
  readonly result: CaseResult;
  readonly runs: number;
}

export function shrink(fuzz: FuzzCase, failed: CaseResult, runsMost = RUNS_MOST): Shrunk {
  let best = fuzz;
  let result = failed;
  let runs = 0;
  const fails = (candidate: FuzzCase): boolean => {
    runs++;
    const again = runCase(candidate);
    const same =
      (again.crash !== undefined && failed.crash !== undefined) ||
      again.objections.some(({ checker }) => failed.objections.some((before) => before.checker === checker));
    if (!same) return false;
    best = candidate;
    result = again;
    return true;
  };
  fails({ ...best, aim: undefined });
  fails({ ...best, weather: CALM });
  fails({ ...best, clocks: best.clocks.map(() => ({ offsetNs: 0, drift: 0 })), tearing: false });
  // Halves first, then ever smaller pieces.
  for (let size = Math.ceil(best.events.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.events.length && runs < runsMost; ) {
      const events = best.events.filter((_, at) => at < from || at >= from + size);
      if (!fails({ ...best, events })) from += size;
    }
  }
  return { fuzz: best, result, runs };
}
