/** `fvp plan san`: what the SAN is spared, how many of its disks could be spared, and where there is nothing to gain. */
import { type ModeName, modeOf } from '../../reference/fvp/mode.ts';
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
} from '../../reference/kernel/units.ts';
import { parseThreshold, type Threshold } from '../../results/gate/expression.ts';
import type { PlanDocument, PlanPoint, PrunedPoint } from '../../results/schema/plan-document.ts';
import type { ModeResult } from '../../results/schema/run-document.ts';
import { checksOf } from './objectives.ts';
import type { PointResult } from './point.ts';
import { Configuration, documentOf, isSaturated, type Question } from './question.ts';

export interface SanOptions {
  /** Without `none`, which is what they are held against. */
  readonly modes: readonly ModeName[];
}

/** A gain below this is none: a tenth is less than what assumed device parameters are uncertain by. Assumed. */
const GAIN_LEAST = 1.1;
const SPINDLES = 'datastore.spindles';

interface Replayed {
  readonly mode: ModeName;
  readonly point: PlanPoint;
  readonly results: readonly PointResult[];
}

export async function san(question: Question, options: SanOptions): Promise<PlanDocument> {
  const modes: readonly ModeName[] = ['none', ...options.modes.filter((mode) => mode !== 'none')];
  const configurations = modes.map((mode) => new Configuration(question, {}, mode));
  for (const configuration of configurations) configuration.begin();
  const replayed: Replayed[] = [];
  const pruned: PrunedPoint[] = [];
  for (const [index, configuration] of configurations.entries()) {
    const one = await configuration.replay(figuresOf);
    if (one.kind === 'pruned') pruned.push(one.pruned);
    else replayed.push({ mode: modes[index]!, point: one.point, results: one.results });
  }
  const base = replayed.find(({ mode }) => mode === 'none');
  const points = replayed.map(({ point }) => point);
  const notes: string[] = [];
  if (base === undefined) notes.push('Mode none cannot be run here, so there is nothing to compare with.');
  else {
    for (const other of replayed) if (other !== base) notes.push(...comparison(base, other));
    const spindles = await sparedSpindles(question, base, replayed.slice(1));
    points.push(...spindles.points);
    notes.push(...spindles.notes);
  }
  return documentOf('san', question, {
    points,
    pruned,
    notes,
  });
}

function total(values: object): number {
  return Object.values(values).reduce((sum: number, value: number) => sum + value, 0);
}

function figuresOf(results: readonly PointResult[]): PlanPoint['figures'] {
  const sum = (of: (result: PointResult) => number): number =>
    results.reduce((all, result) => all + of(result), 0) / (results.length / workloadsOf(results));
  const most = (of: (result: PointResult) => number): number => Math.max(...results.map(of));
  return {
    sanIos: sum(({ result }) => total(result.san.reads) + total(result.san.writes)),
    sanReads: sum(({ result }) => total(result.san.reads)),
    sanWrites: sum(({ result }) => total(result.san.writes)),
    sanOwnIos: sum(
      ({ result: { san: own } }) =>
        own.reads.record + own.reads.heartbeat + own.writes.record + own.writes.heartbeat,
    ),
    sanBytes: sum(({ result }) => total(result.san.bytes)),
    peakSanIops: most(({ pressure }) => pressure.peakSanIops),
    peakSanBytesPerSecond: most(({ pressure }) => pressure.peakSanBytesPerSecond),
    meanSanIops: most(({ pressure }) => pressure.meanSanIops),
    sanUtilisationShare: most(({ result }) => result.san.utilisation),
    spindles: spindlesOf(results[0]!),
  };
}

function workloadsOf(results: readonly PointResult[]): number {
  return new Set(results.map(({ result }) => result.workload)).size;
}

function spindlesOf({ scenario }: PointResult): number | null {
  const { spindles } = scenario.datastore as { readonly spindles?: number };
  return spindles ?? null;
}

/** What a mode does for the SAN and for the guests, in sentences. */
function comparison(base: Replayed, other: Replayed): string[] {
  const figure = ({ point }: Replayed, name: string): number => point.figures[name] ?? 0;
  const less = (name: string): string => {
    const share = 1 - figure(other, name) / Math.max(1, figure(base, name));
    return share >= 0 ? `${formatPercent(share)} less` : `${formatPercent(-share)} more`;
  };
  const notes = [
    `${other.mode}: the SAN does ${formatCount(figure(other, 'sanIos'))} I/Os instead of ${formatCount(figure(base, 'sanIos'))} (${less('sanIos')}) and moves ${formatBytes(figure(other, 'sanBytes'))} instead of ${formatBytes(figure(base, 'sanBytes'))} (${less('sanBytes')}); ${formatCount(figure(other, 'sanOwnIos'))} of the I/Os are FVP's own heartbeats and records; at the busiest second ${formatCount(figure(other, 'peakSanIops'))} IOPS instead of ${formatCount(figure(base, 'peakSanIops'))}.`,
  ];
  for (const workload of new Set(base.results.map(({ result }) => result.workload))) {
    const of = ({ results }: Replayed): ModeResult =>
      results.find(({ result }) => result.workload === workload)!.result;
    notes.push(...gainNotes(workload, of(base), of(other), other.mode));
  }
  return notes;
}

function gainNotes(workload: string, before: ModeResult, after: ModeResult, mode: ModeName): string[] {
  if (isSaturated(before))
    return [
      isSaturated(after)
        ? `${workload}: without FVP the SAN cannot keep up, and with ${mode} it cannot either: the load is more than it can take for good. Try a lower --speed, or a faster array.`
        : `${workload}: without FVP the SAN cannot keep up with the load; with ${mode} it does, so that no factor can be given.`,
    ];
  const gain = (
    kind: 'reads' | 'writes' | 'flushes',
    figure: 'p50Ns' | 'p99Ns' | 'meanNs',
  ): number | null => {
    const [was, is] = [before[kind].response, after[kind].response];
    return was === null || is === null ? null : was[figure] / Math.max(1, is[figure]);
  };
  const gains = (['writes', 'reads', 'flushes'] as const).map((kind) => ({
    kind,
    median: gain(kind, 'p50Ns'),
    mean: gain(kind, 'meanNs'),
  }));
  const writes = gains[0]!;
  const notes: string[] = [];
  if (modeOf(mode).writeBack && writes.median !== null && writes.mean !== null) {
    const text = `the median write takes ${formatNs(after.writes.response!.p50Ns)} with it and ${formatNs(before.writes.response!.p50Ns)} without, the mean ${formatNs(after.writes.response!.meanNs)} and ${formatNs(before.writes.response!.meanNs)}`;
    notes.push(
      writes.median < GAIN_LEAST && writes.mean < GAIN_LEAST
        ? `${workload}: ${mode} gains nothing on this array: ${text}. The array acknowledges a write about as fast as flash ${modeOf(mode).replicas > 0 ? 'and a peer can' : 'can'}; keep write-through, or no FVP at all.`
        : `${workload}: with ${mode} ${text} (${formatSignificant(writes.median)}x and ${formatSignificant(writes.mean)}x).`,
    );
  }
  const reads = gains[1]!;
  if (reads.mean !== null)
    notes.push(
      `${workload}: ${formatPercent(after.hitRatio ?? 0)} of the read bytes come from flash; the mean read takes ${formatNs(after.reads.response!.meanNs)} instead of ${formatNs(before.reads.response!.meanNs)}${reads.mean < 1 / GAIN_LEAST ? ': reads lose, because this flash takes longer than the array' : reads.mean < GAIN_LEAST ? ': reads gain little or nothing' : ''}.`,
    );
  return notes;
}

/**
 * The fewest disks with which a mode still does as well as the array does without FVP: by bisection, each step a replay.
 * As well: no slower in the mean of reads, nor in p99 of writes; or what the question asks for.
 */
async function sparedSpindles(
  question: Question,
  base: Replayed,
  others: readonly Replayed[],
): Promise<{ points: PlanPoint[]; notes: string[] }> {
  const all = base.point.figures.spindles ?? null;
  if (all === null)
    return { points: [], notes: ['The datastore is no array with disks, so none can be spared.'] };
  if (base.results.some(({ result }) => isSaturated(result)) && question.objectives.length === 0)
    return {
      points: [],
      notes: ['Without FVP the array saturates, so there is no latency to do as well as: give --threshold.'],
    };
  const targets =
    question.objectives.length > 0
      ? question.objectives
      : base.results.flatMap(({ result }) => targetsOf(result));
  const points: PlanPoint[] = [];
  const notes: string[] = [];
  const candidates = question.objectives.length > 0 ? [base, ...others] : others;
  for (const candidate of candidates) {
    const search = await fewest(question, candidate, all, targets);
    points.push(...search.points);
    const asWell = question.objectives.length > 0 ? 'the objectives' : 'what the array does without FVP';
    notes.push(
      search.fewest === null
        ? `${candidate.mode} does not keep to ${asWell} with all ${all} disks (${search.why}), so that it spares none.`
        : `${candidate.mode} keeps to ${asWell} with ${search.fewest} of ${all} disks${search.fewest === 1 ? '' : `, and not with ${search.below}`}: ${all - search.fewest === 0 ? 'it spares none' : `${all - search.fewest} could be spared or deferred`}.`,
    );
  }
  if (question.objectives.length === 0)
    notes.push(
      `Without --threshold, as well means: reads no slower in the mean, writes no slower at p99 (${targets.map(({ text }) => text).join(', ')}). Disks are the fewest for latency on this trace; room for the data is not looked at.`,
    );
  return { points, notes };
}

function targetsOf(result: ModeResult): Threshold[] {
  const targets: string[] = [];
  if (result.reads.response !== null)
    targets.push(`${result.workload}/reads.mean<=${Math.ceil(result.reads.response.meanNs)}ns`);
  if (result.writes.response !== null)
    targets.push(`${result.workload}/writes.p99<=${result.writes.response.p99Ns}ns`);
  return targets.map(parseThreshold);
}

async function fewest(
  question: Question,
  candidate: Replayed,
  all: number,
  targets: readonly Threshold[],
): Promise<{ fewest: number | null; below: number; why: string; points: PlanPoint[] }> {
  const missed = (results: readonly PointResult[]) => checksOf(results, targets).filter(({ met }) => !met);
  const holds = (results: readonly PointResult[]): boolean =>
    missed(results).length === 0 && !results.some(({ result }) => isSaturated(result));
  if (!holds(candidate.results)) {
    const [first] = missed(candidate.results);
    const why = first === undefined ? 'it saturates' : `${first.threshold}: ${formatNs(first.valueNs ?? 0)}`;
    return { fewest: null, below: all, why, points: [] };
  }
  const points: PlanPoint[] = [];
  let [low, high] = [0, all];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const configuration = new Configuration(question, { [SPINDLES]: `${middle}` }, candidate.mode);
    const replayed = await configuration.replay(figuresOf);
    if (replayed.kind === 'point') points.push(replayed.point);
    if (replayed.kind === 'point' && holds(replayed.results)) high = middle;
    else low = middle;
  }
  return { fewest: high, below: low, why: '', points };
}
