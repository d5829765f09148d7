/** What all questions share: the load and scenario they are asked of, and configurations of it as points. */
import type { Scenario } from '../../reference/cluster/scenario/scenario.ts';
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { parseSpeed } from '../../reference/kernel/units.ts';
import type { Threshold } from '../../results/gate/expression.ts';
import {
  PLAN_SCHEMA,
  type PlanConfig,
  type PlanDocument,
  type PlanPoint,
  type PlanQuestion,
  type PrunedPoint,
} from '../../results/schema/plan-document.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import { shellWord } from '../program/next-command.ts';
import type { BenchRequest } from '../replay/bench-request.ts';
import { takeName } from '../replay/workload-plan.ts';
import { costOf, type PriceList } from './cost.ts';
import { checksOf, spreadOf } from './objectives.ts';
import type { PointRequest, PointResult } from './point.ts';
import type { PointRunner, Prospect } from './point-runner.ts';

export interface Question {
  /** Workloads, scenario, settings, replay; of `modes` a question takes what it needs. */
  readonly base: BenchRequest;
  /** How many seeds, from the base's on. */
  readonly seeds: number;
  readonly objectives: readonly Threshold[];
  readonly prices: PriceList | undefined;
  readonly runner: PointRunner;
}

/** A configuration: what is different from the question's base. */
export type Variation = Readonly<Record<string, string>>;

/** All its points, by workload, then seed; or why the scenario cannot run it. */
export type Replayed =
  | { readonly kind: 'point'; readonly point: PlanPoint; readonly results: readonly PointResult[] }
  | { readonly kind: 'pruned'; readonly pruned: PrunedPoint };

export class Configuration {
  readonly variation: Variation;
  readonly config: PlanConfig;
  private readonly question: Question;
  private readonly request: Omit<BenchRequest, 'workloads'>;

  /** @param mode where the variation has none */
  constructor(question: Question, variation: Variation, mode: ModeName) {
    const { base } = question;
    const { mode: ownMode = mode, speed, ...paths } = variation;
    const settings = [
      ...(base.settings ?? []).filter((text) => !(text.slice(0, text.indexOf('=')).trim() in paths)),
      ...Object.entries(paths).map(([path, value]) => `${path}=${value}`),
    ];
    this.question = question;
    this.variation = variation;
    this.request = {
      ...base,
      modes: [ownMode as ModeName],
      speed: speed === undefined ? base.speed : base.speed * parseSpeed(speed),
      settings,
    };
    const seeds = Array.from({ length: question.seeds }, (_, index) => base.seed + index);
    const { workloads } = base;
    this.config = {
      workloads,
      scenario: base.scenario,
      settings,
      mode: ownMode,
      speed: this.request.speed,
      seeds,
      command: commandOf({ ...this.request, workloads }),
    };
  }

  get mode(): ModeName {
    return this.config.mode as ModeName;
  }

  /** Says that it will be wanted soon. */
  begin(): void {
    for (const request of this.requests()) void this.question.runner.outcome(request).catch(() => {});
  }

  /** @param figures of the question itself, for the document */
  async replay(
    figures: (results: readonly PointResult[]) => PlanPoint['figures'] = () => ({}),
  ): Promise<Replayed> {
    const { runner, objectives, prices } = this.question;
    const outcomes = await Promise.all(this.requests().map((request) => runner.outcome(request)));
    const results: PointResult[] = [];
    for (const outcome of outcomes) {
      if (outcome.kind === 'refused') return { kind: 'pruned', pruned: this.pruned(outcome.why.message) };
      results.push(outcome.result);
    }
    this.tellApart(results);
    const checks = checksOf(results, objectives);
    const saturated = results.some(({ result }) => isSaturated(result));
    const point: PlanPoint = {
      config: this.config,
      met: objectives.length === 0 ? null : !saturated && checks.every(({ met }) => met),
      cost: costOf(results[0]!.scenario, this.mode, prices),
      objectives: checks,
      results: results.map(({ result }) => result),
      spread: this.question.seeds > 1 ? spreadOf(results) : [],
      figures: figures(results),
    };
    return { kind: 'point', point, results };
  }

  /** By workload: what is known without a replay; or why the scenario cannot run it. */
  async prospects(): Promise<
    | { readonly kind: 'prospects'; readonly prospects: readonly Prospect[] }
    | { readonly kind: 'refused'; readonly why: { readonly message: string } }
  > {
    const prospects: Prospect[] = [];
    const taken = new Set<string>();
    for (const request of this.requests()) {
      if (request.seed !== this.question.base.seed) continue;
      const outcome = await this.question.runner.prospect(request);
      if (outcome.kind === 'refused') return outcome;
      const { prospect } = outcome;
      const workload = takeName(prospect.workload, taken);
      prospects.push({ ...prospect, workload, facts: prospect.facts && { ...prospect.facts, workload } });
    }
    return { kind: 'prospects', prospects };
  }

  /** Of an LRU cache as large as a host's flash, by the miss-ratio curve; of several workloads none. */
  async lruHitRatio(): Promise<number | null> {
    const outcome = await this.prospects();
    if (outcome.kind === 'refused' || outcome.prospects.length !== 1) return null;
    const { facts, resolved } = outcome.prospects[0]!;
    const capacities = resolved.hosts.map(({ flash }) => flash?.capacityBytes ?? 0);
    return facts?.lruHitRatio(Math.max(...capacities)) ?? null;
  }

  pruned(why: string): PrunedPoint {
    return { config: this.config, why: why.endsWith('.') ? why : `${why}.` };
  }

  /** Workloads of one name get those that `fvp bench run` gives them when it replays them all. */
  private tellApart(results: PointResult[]): void {
    const taken = new Set<string>();
    const seeds = this.config.seeds.length;
    for (let first = 0; first < results.length; first += seeds) {
      const own = results[first]!.workload.name;
      const name = takeName(own, taken);
      if (name === own) continue;
      for (let at = first; at < first + seeds; at++) {
        const { workload, result } = results[at]!;
        results[at] = {
          ...results[at]!,
          workload: { ...workload, name },
          result: { ...result, workload: name },
        };
      }
    }
  }

  private requests(): PointRequest[] {
    const { base } = this.question;
    const workloads = base.workloads.length === 0 ? [undefined] : base.workloads;
    return workloads.flatMap((workload) =>
      this.config.seeds.map((seed) => ({
        ...this.request,
        workloads: workload === undefined ? [] : [workload],
        seed,
      })),
    );
  }
}

/** The document of a question; what a question of this name never has is null, or nothing. */
export function documentOf(
  name: PlanQuestion,
  { objectives }: Question,
  found: Pick<PlanDocument, 'points' | 'pruned' | 'notes'> &
    Partial<Pick<PlanDocument, 'answer' | 'runnerUp' | 'pareto'>>,
): PlanDocument {
  return {
    schema: PLAN_SCHEMA,
    question: name,
    objectives: objectives.map(({ text }) => text),
    answer: found.answer ?? null,
    runnerUp: found.runnerUp ?? null,
    points: found.points,
    pareto: found.pareto ?? [],
    pruned: found.pruned,
    notes: found.notes,
  };
}

export function isSaturated({ verdicts }: PlanPoint['results'][number]): boolean {
  return verdicts.some(({ name }) => name === 'saturated');
}

/** `fvp bench run …`, with all that differs from its defaults. */
export function commandOf(request: BenchRequest): string {
  const words = ['fvp', 'bench', 'run', ...request.workloads.map(shellWord)];
  const say = (flag: string, value: string | undefined): void => {
    if (value !== undefined) words.push(`--${flag}`, shellWord(value));
  };
  say('scenario', request.scenario);
  for (const setting of request.settings ?? []) say('set', setting);
  say('mode', request.modes?.join(','));
  say('replay', request.replay);
  say('speed', request.speed === 1 ? undefined : `${request.speed}x`);
  say('iodepth', request.iodepth?.toString());
  say('warmup', request.warmupNs === 0 ? undefined : `${request.warmupNs}ns`);
  say('preload', request.preloadFraction === 0 ? undefined : `${request.preloadFraction * 100}%`);
  say('duration', request.durationNs === undefined ? undefined : `${request.durationNs}ns`);
  say('seed', request.seed === 1 ? undefined : `${request.seed}`);
  say('format', request.format);
  say('event', request.event === 'D' ? undefined : request.event);
  if (request.lenient === true) words.push('--lenient');
  return words.join(' ');
}

/** The workloads of a request that names none are those that `fvp bench run` takes: the shipped ones. */
export function withWorkloads(request: BenchRequest, scenario: Scenario): BenchRequest {
  const takesInput = scenario.vms.some((vm) => vm.workload === 'input');
  if (request.workloads.includes('-'))
    throw new UsageError('a plan replays its traces many times; standard input can be read once', {
      hint: 'write it to a file first',
    });
  return request.workloads.length > 0 || !takesInput
    ? { ...request, workloads: [...new Set(request.workloads)] }
    : { ...request, workloads: SAMPLES.map(({ name }) => name) };
}
