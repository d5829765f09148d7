/** One thread of a run: opens what the whole run opens, once, and replays the units that it is given. */
import { workerData } from 'piscina';
import { type PreparedBench, prepareBench } from './run-bench.ts';
import type { UnitOutcome, UnitTask, UnitThreadData } from './units.ts';

const { request, shares } = workerData as UnitThreadData;
const done = new Float64Array(shares);
let prepared: Promise<PreparedBench> | undefined;

export default async function runUnit({ unit, index }: UnitTask): Promise<UnitOutcome> {
  prepared ??= prepareBench(request, {
    // A thread is stopped with all that it has.
    signal: new AbortController().signal,
    onPhase: () => {},
  });
  return (await prepared).runUnit(unit, (share) => {
    done[index] = share;
  });
}
