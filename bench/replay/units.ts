/**
 * A run is made of units, a workload in a mode each, which know nothing of one another: they are replayed on as many
 * cores as there are, and what comes out is put together in their order.
 */
import { fileURLToPath } from 'node:url';
import type { ModeName } from '../../reference/fvp/mode.ts';
import { InterruptedError } from '../../reference/kernel/errors.ts';
import type {
  LatencyRecording,
  ModeResult,
  RunEvents,
  RunTiming,
  Timeline,
  WorkloadSummary,
} from '../../results/schema/run-document.ts';
import { packageRoot } from '../program/package-root.ts';
import type { BenchHooks, BenchRequest } from './bench-request.ts';

export interface Unit {
  /** Its place among the workloads. */
  readonly workload: number;
  readonly mode: ModeName;
  /** For people. */
  readonly text: string;
  /** Of all VMs; undefined where a job has yet to decide. */
  readonly ios: number | undefined;
}

export interface UnitOutcome {
  readonly result: ModeResult;
  readonly timeline: Timeline;
  readonly latencies: readonly LatencyRecording[];
  readonly events: RunEvents | undefined;
  readonly timing: RunTiming['timing'][number];
  /** Of the workload; of a job what it has issued in this mode. */
  readonly summary: WorkloadSummary;
  readonly notes: readonly string[];
}

export interface UnitRunner {
  /** @param onShare told how much of it is done, 0 to 1; NaN where that is not known */
  runUnit(unit: Unit, onShare: (share: number) => void): Promise<UnitOutcome>;
}

/** What a thread is started with. */
export interface UnitThreadData {
  readonly request: BenchRequest;
  /** By unit: how much of it is done. */
  readonly shares: SharedArrayBuffer;
}

export interface UnitTask {
  readonly unit: Unit;
  readonly index: number;
}

/** Fewer I/Os than that are over before another thread has started and read the traces: some 0.7 s. Assumed. */
const THREADED_IOS = 400_000;
/** Between two looks at what threads have done. */
const LOOK_MS = 100;

/**
 * @param hooks `workers` of it, this thread among them, run units
 * @returns by unit
 * @throws what `runUnit` throws
 */
export async function runUnits(
  units: readonly Unit[],
  runner: UnitRunner,
  request: BenchRequest,
  hooks: BenchHooks,
): Promise<UnitOutcome[]> {
  const shared = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT * units.length);
  const shares = new Float64Array(shared);
  const running = new Set<number>();
  const tell = () => {
    if (running.size === 0) return;
    // A unit of unknown length leaves the whole unknown.
    const weights = units.map(({ ios }) => ios ?? 1);
    const done = weights.reduce((sum, weight, index) => sum + weight * shares[index]!, 0);
    const [first, ...others] = [...running].map((index) => units[index]!.text);
    hooks.onPhase({
      text: `${first}${others.length === 0 ? '' : ` and ${others.length} more`}`,
      done: Number.isNaN(done) ? 0 : done,
      total: Number.isNaN(done) ? 0 : weights.reduce((sum, weight) => sum + weight, 0),
    });
  };
  const outcomes: UnitOutcome[] = [];
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  // The longest first, so that no long one is left when the others are done.
  const order = [...units.keys()].sort((a, b) => (units[b]!.ios ?? 0) - (units[a]!.ios ?? 0) || a - b);
  const takeAll = async (run: (index: number) => Promise<UnitOutcome>) => {
    for (let index = order.shift(); index !== undefined; index = order.shift()) {
      running.add(index);
      try {
        outcomes[index] = await run(index);
      } catch (error) {
        failures.push({ index, error });
        order.length = 0;
      }
      shares[index] = 1;
      running.delete(index);
    }
  };
  const runHere = (index: number) =>
    runner.runUnit(units[index]!, (share) => {
      shares[index] = share;
      tell();
    });
  const threads = Math.min(hooks.workers ?? 1, units.length) - 1;
  const ios = units.reduce((sum, unit) => sum + (unit.ios ?? THREADED_IOS), 0);
  if (threads <= 0 || ios < THREADED_IOS || request.workloads.includes('-')) {
    await takeAll(runHere);
    return allOf(outcomes, failures);
  }
  const { Piscina } = await import('piscina');
  const pool = new Piscina<UnitTask, UnitOutcome>({
    // The built worker, also from the sources under test.
    filename: fileURLToPath(new URL('dist/bench/replay/unit-worker.js', packageRoot())),
    maxThreads: threads,
    workerData: { request, shares: shared } satisfies UnitThreadData,
  });
  const timer = setInterval(tell, LOOK_MS);
  const runThere = async (index: number) => {
    try {
      return await pool.run({ unit: units[index]!, index }, { signal: hooks.signal });
    } catch {
      if (hooks.signal.aborted)
        throw new InterruptedError(`interrupted while replaying ${units[index]!.text}`);
      // Whatever it is, it is found here again, as an error of its own class.
      return runHere(index);
    }
  };
  try {
    const lanes = Array.from({ length: threads }, () => takeAll(runThere));
    await Promise.all([takeAll(runHere), ...lanes]);
  } finally {
    clearInterval(timer);
    await pool.destroy();
  }
  return allOf(outcomes, failures);
}

/** @throws the error of the first unit that failed */
function allOf(
  outcomes: UnitOutcome[],
  failures: readonly { readonly index: number; readonly error: unknown }[],
): UnitOutcome[] {
  const [first] = [...failures].sort((a, b) => a.index - b.index);
  if (first !== undefined) throw first.error;
  return outcomes;
}
