/** `fvp plan size`: the cheapest configuration that meets the objectives, and what the next cheaper one misses by. */
import { type ModeName, modeOf } from '../../reference/fvp/mode.ts';
import { BugError, UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatCount, formatNs } from '../../reference/kernel/units.ts';
import type { PlanCost, PlanDocument, PlanPoint, PrunedPoint } from '../../results/schema/plan-document.ts';
import { missedText } from '../render/plan-table.ts';
import { byCost, costOf } from './cost.ts';
import { hopeless } from './estimates.ts';
import type { PointResult } from './point.ts';
import type { Prospect } from './point-runner.ts';
import { Configuration, documentOf, isSaturated, type Question, type Variation } from './question.ts';

export interface SizeOptions {
  readonly variations: readonly Variation[];
  readonly mode: ModeName;
  /** Passes over points that cannot be the answer. */
  readonly prune: boolean;
}

interface Candidate {
  readonly configuration: Configuration;
  readonly prospects: readonly Prospect[];
  readonly cost: PlanCost;
}

/** Flash whose latencies do not depend on how full it is: where nothing was evicted, more of it changes nothing. */
const UNAGEING_FLASH = ['flash', 'ram', 'fixed', 'null'];

export async function size(question: Question, options: SizeOptions): Promise<PlanDocument> {
  if (question.objectives.length === 0)
    throw new UsageError('what is the size to be good for?', {
      hint: "give objectives: --threshold 'writes.p99<1ms' --threshold 'reads.p95<5ms'",
    });
  const { candidates, refused } = await candidatesOf(question, options);
  const search = new Search(question, candidates, options.prune);
  return search.run(refused);
}

/** All configurations with their costs, the cheapest first; and those that the scenario cannot run. */
async function candidatesOf(
  question: Question,
  options: SizeOptions,
): Promise<{ candidates: Candidate[]; refused: PrunedPoint[] }> {
  const candidates: Candidate[] = [];
  const refused: PrunedPoint[] = [];
  for (const variation of options.variations) {
    const configuration = new Configuration(question, variation, options.mode);
    const prospects = await configuration.prospects();
    if (prospects.kind === 'refused') {
      refused.push(configuration.pruned(prospects.why.message));
      continue;
    }
    const { written } = prospects.prospects[0]!.resolved;
    const cost = costOf(written, configuration.mode, question.prices);
    candidates.push({ configuration, prospects: prospects.prospects, cost });
  }
  const order = new Map(candidates.map((candidate, index) => [candidate, index]));
  candidates.sort((a, b) => byCost(a.cost, b.cost) || order.get(a)! - order.get(b)!);
  return { candidates, refused };
}

class Search {
  private readonly question: Question;
  private readonly candidates: readonly Candidate[];
  private readonly prune: boolean;
  private readonly points: PlanPoint[] = [];
  private readonly pruned: PrunedPoint[] = [];
  /** What was replayed, for those after it. */
  private readonly known: { readonly candidate: Candidate; readonly results: readonly PointResult[] }[] = [];

  constructor(question: Question, candidates: readonly Candidate[], prune: boolean) {
    this.question = question;
    this.candidates = candidates;
    this.prune = prune;
  }

  async run(refused: readonly PrunedPoint[]): Promise<PlanDocument> {
    const { candidates, question } = this;
    question.runner.expect(candidates.length * question.seeds * Math.max(1, question.base.workloads.length));
    let answer: PlanPoint | null = null;
    for (const [index, candidate] of candidates.entries()) {
      if (answer !== null && this.prune) {
        this.pruned.push(
          candidate.configuration.pruned(`it costs no less than the answer (${costText(answer.cost)})`),
        );
        continue;
      }
      const why = this.prune ? this.reasonAgainst(candidate) : undefined;
      if (why !== undefined) {
        this.pruned.push(candidate.configuration.pruned(why));
        continue;
      }
      this.beginNext(index);
      const point = await this.replay(candidate);
      if (point?.met === true && answer === null) {
        answer = point;
      }
    }
    const runnerUp = answer === null ? null : await this.runnerUp(answer);
    return documentOf('size', question, {
      answer,
      runnerUp,
      points: this.points,
      pruned: [...this.pruned, ...refused],
      notes: notesOf(this.points, answer, runnerUp, candidates.length, refused),
    });
  }

  /** The next cheaper one than the answer, replayed even if it was passed over. */
  private async runnerUp(answer: PlanPoint): Promise<PlanPoint | null> {
    const dearest = this.candidates.findLast(({ cost }) => byCost(cost, answer.cost) < 0);
    if (dearest === undefined) return null;
    const candidate = this.candidates.find(({ cost }) => byCost(cost, dearest.cost) === 0)!;
    const { config } = candidate.configuration;
    const replayed = this.points.find((point) => point.config === config);
    if (replayed !== undefined) return replayed;
    const passedOver = this.pruned.findIndex((pruned) => pruned.config === config);
    if (passedOver >= 0) this.pruned.splice(passedOver, 1);
    return this.replay(candidate);
  }

  private async replay(candidate: Candidate): Promise<PlanPoint | null> {
    const replayed = await candidate.configuration.replay();
    if (replayed.kind === 'pruned') throw new BugError('a configuration that resolved was refused');
    this.points.push(replayed.point);
    this.known.push({ candidate, results: replayed.results });
    return replayed.point;
  }

  /** So that no core waits: which of those after it will be needed is not known yet, but likely. */
  private beginNext(index: number): void {
    let begun = 0;
    for (const candidate of this.candidates.slice(index)) {
      if (begun >= this.question.runner.width) return;
      if (this.prune && this.reasonAgainst(candidate) !== undefined) continue;
      candidate.configuration.begin();
      begun++;
    }
  }

  private reasonAgainst(candidate: Candidate): string | undefined {
    return this.estimateAgainst(candidate) ?? this.evidenceAgainst(candidate);
  }

  /** What no replay is needed for. */
  private estimateAgainst({ prospects, configuration }: Candidate): string | undefined {
    for (const prospect of prospects) {
      if (prospect.facts === undefined) continue;
      for (const objective of this.question.objectives) {
        if (objective.workload !== null && objective.workload !== prospect.workload) continue;
        if (objective.mode !== null && objective.mode !== configuration.mode) continue;
        const own = { ...objective, mode: configuration.mode };
        const why = hopeless(own, prospect.facts, prospect.scenario, prospect.resolved);
        if (why !== undefined) return why;
      }
    }
    return undefined;
  }

  /** What a replay has shown: the same but for flash that is not used, or was not full. */
  private evidenceAgainst(candidate: Candidate): string | undefined {
    const { configuration, prospects } = candidate;
    for (const { candidate: other, results } of this.known) {
      if (other.configuration.mode !== configuration.mode) continue;
      if (!onlyCapacityDiffers(other.configuration, configuration)) continue;
      const { accelerated } = modeOf(configuration.mode);
      const fixed = prospects[0]!.scenario.vms.some((vm) => vm.mode !== undefined);
      if (!accelerated && !fixed)
        return 'mode none uses no flash, so it is the same as a cheaper or equal one';
      const ageing = prospects[0]!.resolved.hosts.some(
        ({ flash }) => flash !== null && !UNAGEING_FLASH.includes(flash.model.name),
      );
      const pressed = results.some(
        ({ result }) => result.flash.evictedBytes > 0 || result.destage.throttledNs > 0,
      );
      const smaller = other.cost.parts.flashBytes <= candidate.cost.parts.flashBytes;
      if (!ageing && !pressed && smaller)
        return `flash of ${formatBytes(other.cost.parts.flashBytes / Math.max(1, other.cost.parts.flashHosts))} a host was never full and held no write back, so more of it changes nothing`;
    }
    return undefined;
  }
}

function onlyCapacityDiffers(a: Configuration, b: Configuration): boolean {
  const rest = ({ config }: Configuration): string =>
    JSON.stringify([config.speed, config.settings.filter((text) => !text.startsWith('flash.capacity='))]);
  return rest(a) === rest(b);
}

export function costText({ price, currency, parts }: PlanCost): string {
  if (price !== null) return `${formatCount(price)} ${currency ?? ''}`.trim();
  const flash =
    parts.flashBytes === 0
      ? 'no flash'
      : `${formatBytes(parts.flashBytes / parts.flashHosts)} of flash in each of ${parts.flashHosts}`;
  return `${parts.hosts} ${parts.hosts === 1 ? 'host' : 'hosts'}, ${flash}`;
}

/** How far off: the worst objective's share above its limit; more where it saturates. */
function missOf(point: PlanPoint): number {
  const missed = Math.max(0, ...point.objectives.map(({ missedByShare }) => missedByShare ?? 0));
  return point.results.some(isSaturated) ? 1e9 + missed : missed;
}

export function bestOf(points: readonly PlanPoint[]): PlanPoint | null {
  return points.reduce<PlanPoint | null>(
    (best, point) => (best === null || missOf(point) < missOf(best) ? point : best),
    null,
  );
}

/** In words: which objectives a point misses, and by how much. */
export function missText(point: PlanPoint): string {
  const missed = point.objectives.filter(({ met }) => !met);
  const parts = missed.map(
    ({ threshold, workload, valueNs, missedByShare }) =>
      `${threshold}, ${missedText(missedByShare ?? 0)} (${formatNs(valueNs ?? 0)} for ${workload})`,
  );
  if (point.results.some(isSaturated)) parts.push('it saturates: the load is more than it can do');
  return parts.join('; ');
}

export function configText({ config }: Pick<PlanPoint, 'config'>): string {
  const settings = config.settings.length === 0 ? '' : ` with ${config.settings.join(', ')}`;
  const speed = config.speed === 1 ? '' : ` at ${config.speed}x`;
  return `${config.mode}${settings}${speed}`;
}

function notesOf(
  points: readonly PlanPoint[],
  answer: PlanPoint | null,
  runnerUp: PlanPoint | null,
  candidates: number,
  refused: readonly PrunedPoint[],
): string[] {
  const notes: string[] = [];
  if (answer === null) {
    notes.push(
      `None of the ${formatCount(candidates + refused.length)} configurations meets the objectives.`,
    );
    const nearest = bestOf(points);
    if (nearest !== null)
      notes.push(`Nearest of those replayed is ${configText(nearest)}: it misses ${missText(nearest)}.`);
    else if (candidates > 0)
      notes.push(
        'Estimates rule out every one of them: why stands above; --no-prune replays them all the same.',
      );
    notes.push(
      'Try what is not varied yet: another mode, datastore.preset=all-flash-array, flash.preset=nvme-tlc, datastore.spindles; or a limit that the devices can keep.',
    );
    return notes;
  }
  notes.push(`The cheapest that meets the objectives: ${configText(answer)} (${costText(answer.cost)}).`);
  if (runnerUp === null)
    notes.push('It is the cheapest of all; cheaper ones may do as well: widen --vary downwards.');
  else if (runnerUp.met === true) notes.push(`${configText(runnerUp)} costs as much and does as well.`);
  else
    notes.push(
      `The next cheaper, ${configText(runnerUp)} (${costText(runnerUp.cost)}), misses ${missText(runnerUp)}.`,
    );
  const verdicts = new Map(
    answer.results.flatMap(({ verdicts: own }) => own.map(({ name, why }) => [name, why])),
  );
  if (verdicts.has('no-pressure'))
    notes.push(
      'In the answer nothing was evicted and no write was held back: a trace this short does not fill that flash, so a smaller one would do as well for it, and a longer trace might need more. Try a longer trace, or capacities as shares: --vary flash.capacity=5%..80%.',
    );
  if (verdicts.has('burst')) notes.push(`Its gain is not the sustained one: ${verdicts.get('burst')}.`);
  if (verdicts.has('cold')) notes.push(`Its cache was still filling: ${verdicts.get('cold')}.`);
  if (points.some((point) => point.results.some(isSaturated)))
    notes.push(
      'Points that saturate meet no objective, whatever their percentiles: these grow with the length of the load.',
    );
  return notes;
}
