/** Gets points replayed: from the cache, or by an executor, each once, and tells how far it is. */

import type { ResolvedScenario } from '../../reference/cluster/scenario/resolved.ts';
import type { Scenario } from '../../reference/cluster/scenario/scenario.ts';
import { InterruptedError, UsageError } from '../../reference/kernel/errors.ts';
import { formatCount } from '../../reference/kernel/units.ts';
import type { Trace } from '../../traces/open-trace.ts';
import { describeTrace, type TraceInfo } from '../../traces/stats/describe-trace.ts';
import type { BenchHooks } from '../replay/bench-request.ts';
import { type PreparedBench, prepareScenario, scenarioOf } from '../replay/run-bench.ts';
import { factsOf, type LoadFacts } from './estimates.ts';
import type { PointFailure } from './execute-point.ts';
import { type PointRequest, type PointResult, pointKey } from './point.ts';
import { type PointCache, parsePoint } from './point-cache.ts';
import { codeVersion } from './point-key.ts';
import type { PointExecutor } from './thread-executor.ts';
import { TraceShelf } from './trace-shelf.ts';

export type PointOutcome =
  | { readonly kind: 'result'; readonly result: PointResult }
  /** The scenario cannot run it: why. */
  | { readonly kind: 'refused'; readonly why: PointFailure };

/** A point before it is replayed. */
export interface Prospect {
  readonly workload: string;
  readonly scenario: Scenario;
  readonly resolved: ResolvedScenario;
  /** Undefined where VMs play different loads, or fio jobs: nothing is estimated then. */
  readonly facts: LoadFacts | undefined;
}

export type ProspectOutcome =
  | { readonly kind: 'prospect'; readonly prospect: Prospect }
  | { readonly kind: 'refused'; readonly why: PointFailure };

export interface RunnerOptions {
  readonly executor: PointExecutor;
  readonly cache: PointCache;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: {
    readonly text: string;
    readonly done: number;
    readonly total: number;
  }) => void;
}

/** How often progress is told. Assumed: as often as a person sees. */
const TELL_MS = 200;

export class PointRunner {
  private readonly options: RunnerOptions;
  private readonly code = codeVersion();
  private readonly shelf = new TraceShelf();
  private readonly scenarios = new Map<string, Promise<Scenario>>();
  private readonly described = new Map<string, Promise<TraceInfo>>();
  private readonly outcomes = new Map<string, Promise<PointOutcome>>();
  /** Points under way and waiting, at most `width` of them handed over. */
  private readonly waiting: (() => void)[] = [];
  private handedOver = 0;
  private total = 0;
  private done = 0;
  private fromCache = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(options: RunnerOptions) {
    this.options = options;
    this.timer = setInterval(() => this.tell(), TELL_MS);
    options.signal.addEventListener('abort', () => this.wakeAll());
  }

  /** How many points were replayed, and how many known already. */
  get counts(): { readonly replayed: number; readonly cached: number } {
    return { replayed: this.done - this.fromCache, cached: this.fromCache };
  }

  /** How many points it is sensible to ask for at once. */
  get width(): number {
    return this.options.executor.width;
  }

  /** Says how many points there may be in all, for the estimate of what is left. */
  expect(points: number): void {
    this.total = points;
  }

  /**
   * The same request gives the same outcome, without another replay.
   * @throws what is wrong with the request itself: a trace that cannot be read, a parameter that does not exist
   */
  outcome(request: PointRequest): Promise<PointOutcome> {
    const name = JSON.stringify(request);
    let outcome = this.outcomes.get(name);
    if (outcome === undefined) {
      outcome = this.find(request);
      this.outcomes.set(name, outcome);
      // Whoever asks for it hears of its error; who only wanted it begun does not.
      outcome.catch(() => {});
    }
    return outcome;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.options.executor.close();
    await Promise.allSettled(this.outcomes.values());
    await this.shelf.close();
  }

  private async find(request: PointRequest): Promise<PointOutcome> {
    const { signal, cache, executor } = this.options;
    await this.turn();
    try {
      this.checkInterrupted();
      const key = await this.keyOf(request);
      if (typeof key !== 'string') return key;
      const known = await cache.read(key);
      if (known !== undefined) {
        this.done++;
        this.fromCache++;
        return { kind: 'result', result: known };
      }
      const executed = await executor
        .run({ request, key, code: this.code }, signal)
        .catch((error: unknown) => {
          this.checkInterrupted();
          throw error;
        });
      // What can be said of a configuration was said before it was handed over.
      if (executed.kind === 'failed')
        throw new UsageError(executed.error.message, { hint: executed.error.hint ?? undefined });
      const result = parsePoint(executed.text, key);
      if (result === undefined)
        throw new UsageError('a worker sent a point that is not the one asked for', {
          hint: 'the workers must run the same version of fvp',
        });
      await cache.write(result);
      this.done++;
      return { kind: 'result', result };
    } finally {
      this.handedOver--;
      this.waiting.shift()?.();
    }
  }

  /**
   * What is known of a point without replaying it.
   * @throws as `outcome`
   */
  async prospect(request: PointRequest): Promise<ProspectOutcome> {
    const prepared = await this.prepare(request);
    if ('kind' in prepared) return prepared;
    const { bench, scenario } = prepared;
    const { name, vms } = bench.workloads[0]!;
    const [first] = vms;
    const same = vms.every(
      (vm) => vm.replay !== 'job' && first?.replay !== 'job' && vm.trace === first?.trace,
    );
    const facts =
      same && first !== undefined && first.replay !== 'job'
        ? await this.factsOf(first.trace, first.replay === 'open', request.speed)
        : undefined;
    await bench.close();
    return { kind: 'prospect', prospect: { workload: name, scenario, resolved: bench.resolved[0]!, facts } };
  }

  private async factsOf(trace: Trace, openLoop: boolean, speed: number): Promise<LoadFacts> {
    const { contentSha256 } = trace.summary;
    let info = this.described.get(contentSha256);
    if (info === undefined) {
      info = describeTrace(trace, () => this.checkInterrupted());
      this.described.set(contentSha256, info);
    }
    return factsOf(await info, { openLoop, speed });
  }

  /** The key, or why there can be none. */
  private async keyOf(request: PointRequest): Promise<string | PointOutcome> {
    const prepared = await this.prepare(request);
    if ('kind' in prepared) return prepared;
    const key = pointKey(request, prepared.bench, this.code);
    await prepared.bench.close();
    return key;
  }

  private async prepare(
    request: PointRequest,
  ): Promise<
    | { readonly bench: PreparedBench; readonly scenario: Scenario }
    | { readonly kind: 'refused'; readonly why: PointFailure }
  > {
    const name = JSON.stringify([request.scenario, request.settings]);
    let loading = this.scenarios.get(name);
    if (loading === undefined) {
      loading = scenarioOf(request);
      this.scenarios.set(name, loading);
    }
    const scenario = await loading;
    const hooks: BenchHooks = {
      signal: this.options.signal,
      onPhase: (phase) => this.options.onProgress(phase),
      openTrace: this.shelf.openTrace,
    };
    try {
      return { bench: await prepareScenario(request, hooks, scenario), scenario };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { kind: 'refused', why: { message: error.message, hint: error.hint ?? null } };
    }
  }

  /** Waits for one's turn, first come, first served. */
  private async turn(): Promise<void> {
    // One more than are replayed, so that none waits for its key.
    if (this.handedOver > this.width) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.handedOver++;
  }

  private wakeAll(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  private checkInterrupted(): void {
    if (this.options.signal.aborted) throw new InterruptedError('interrupted; the finished points are kept');
  }

  private tell(): void {
    const total = Math.max(this.total, this.outcomes.size);
    if (total === 0) return;
    const text = `${formatCount(this.done)} of ${formatCount(total)} points`;
    this.options.onProgress({ text, done: this.done + this.options.executor.underWay(), total });
  }
}
