/** `fvp plan failure`: the same objectives while something is broken; what one host fewer does, in numbers. */
import { type ModeName, modeOf } from '../../reference/fvp/mode.ts';
import { formatCount, formatNs } from '../../reference/kernel/units.ts';
import type { PlanCheck, PlanDocument, PlanPoint, PrunedPoint } from '../../results/schema/plan-document.ts';
import { checksOf } from './objectives.ts';
import type { PointResult } from './point.ts';
import { Configuration, documentOf, isSaturated, type Question, type Variation } from './question.ts';
import { missText } from './size.ts';

interface FailureCase {
  readonly name: string;
  readonly words: string;
  readonly variation: Variation;
}

/** A disk of 600 GB in a day and a half, which leaves its neighbours half their time for others. Assumed. */
const REBUILD_RATE = '5MB';

/** What can break, as the shipped scenarios have it; the rebuild lasts for all of the load. */
export const FAILURE_CASES: readonly FailureCase[] = [
  { name: 'healthy', words: 'nothing is broken', variation: { events: 'none' } },
  { name: 'host', words: 'a host dies, and its VM starts on another', variation: { events: 'owner-crash' } },
  { name: 'peer', words: 'a host that holds replicas dies', variation: { events: 'peer-lost' } },
  {
    name: 'upgrade',
    words: 'every host in turn is emptied and restarted',
    variation: { events: 'rolling-upgrade' },
  },
  {
    name: 'rebuild',
    words: 'the array rebuilds a failed disk throughout',
    variation: { events: 'none', 'datastore.failedSpindles': '1', 'datastore.rebuildRate': REBUILD_RATE },
  },
];

export interface FailureOptions {
  readonly mode: ModeName;
  /** Names of `FAILURE_CASES`. */
  readonly cases: readonly string[];
}

interface Outcome {
  readonly failure: FailureCase;
  readonly point: PlanPoint;
  readonly results: readonly PointResult[];
  /** From the first event on. */
  readonly disturbed: readonly PlanCheck[];
}

export async function failure(question: Question, options: FailureOptions): Promise<PlanDocument> {
  const cases = FAILURE_CASES.filter(({ name }) => name === 'healthy' || options.cases.includes(name));
  const asked = cases.map((each) => ({
    failure: each,
    configuration: new Configuration(question, each.variation, options.mode),
  }));
  question.runner.expect(cases.length * question.seeds * Math.max(1, question.base.workloads.length));
  for (const { configuration } of asked) configuration.begin();
  const outcomes: Outcome[] = [];
  const pruned: PrunedPoint[] = [];
  for (const { failure: each, configuration } of asked) {
    const replayed = await configuration.replay(figuresOf);
    if (replayed.kind === 'pruned') {
      pruned.push(replayed.pruned);
      continue;
    }
    const { results } = replayed;
    const disturbed = checksOf(results, question.objectives, (result) => result.disturbed?.times ?? null);
    const lost = results.some(({ events }) => (events?.failed ?? 0) > 0);
    // What holds over the whole run may not hold while it is broken, which is what is asked.
    const point: PlanPoint = {
      ...replayed.point,
      met:
        replayed.point.met === null ? null : replayed.point.met && !lost && disturbed.every(({ met }) => met),
      objectives: [
        ...replayed.point.objectives,
        ...disturbed.map((check) => ({ ...check, threshold: `${check.threshold} from the event on` })),
      ],
    };
    outcomes.push({ failure: each, point, results, disturbed });
  }
  const broken = outcomes.filter(({ point }) => point.met === false);
  const whole =
    outcomes.length > 0 && question.objectives.length > 0 && broken.length === 0 && pruned.length === 0;
  return documentOf('failure', question, {
    answer: whole ? outcomes[0]!.point : null,
    points: outcomes.map(({ point }) => point),
    pruned,
    notes: outcomes
      .flatMap((outcome) => notesOf(outcome, outcomes[0]!))
      .concat(verdictOf(question, outcomes, options.mode)),
  });
}

function figuresOf(results: readonly PointResult[]): PlanPoint['figures'] {
  const most = (of: (result: PointResult) => number): number => Math.max(...results.map(of));
  const from = (kind: 'reads' | 'writes') =>
    most(({ disturbed }) =>
      disturbed === null || disturbed.times[kind].response.count === 0
        ? 0
        : disturbed.times[kind].response.max,
    );
  return {
    longestWaitNs: most(({ result }) => result.all.response?.maxNs ?? 0),
    longestWriteFromEventNs: from('writes'),
    longestReadFromEventNs: from('reads'),
    failedIos: results.reduce((sum, { events }) => sum + (events?.failed ?? 0), 0),
    drainNs: most(({ result }) => result.destage.drainNs),
  };
}

function notesOf(outcome: Outcome, healthy: Outcome): string[] {
  const { failure: each, point, results } = outcome;
  const notes: string[] = [];
  const missed = point.objectives.filter(({ met }) => !met);
  const verdict =
    point.met === null
      ? ''
      : point.met
        ? 'the objectives hold'
        : missed.length > 0 || point.results.some(isSaturated)
          ? `it misses ${missText(point)}`
          : 'I/Os are lost';
  const wait = point.figures.longestWaitNs ?? 0;
  const failed = point.figures.failedIos ?? 0;
  const parts = [
    verdict,
    outcome === healthy
      ? ''
      : `the longest that a guest waits is ${formatNs(wait)}, for ${waitedFor(results, wait)} (${formatNs(healthy.point.figures.longestWaitNs ?? 0)} when nothing is broken)`,
    failed > 0 ? `${formatCount(failed)} I/Os fail or are lost with their VM` : '',
  ].filter((part) => part !== '');
  notes.push(`${each.words[0]!.toUpperCase()}${each.words.slice(1)}: ${parts.join('; ')}.`);
  const late = results.find(({ disturbed, events }) => events !== null && disturbed === null);
  if (late !== undefined)
    notes.push(
      `The load of ${late.workload.name} ends before anything happens: use a longer trace, or a lower --speed.`,
    );
  return notes;
}

/** The kind of I/O that took the longest. */
function waitedFor(results: readonly PointResult[], waitNs: number): string {
  const is = (kind: 'reads' | 'writes'): boolean =>
    results.some(({ result }) => result[kind].response?.maxNs === waitNs);
  return is('writes') ? 'a write' : is('reads') ? 'a read' : 'a flush or a discard';
}

/** N+1 in one sentence. */
function verdictOf(question: Question, outcomes: readonly Outcome[], mode: ModeName): string[] {
  const host = outcomes.find(({ failure: each }) => each.name === 'host');
  const healthy = outcomes.find(({ failure: each }) => each.name === 'healthy');
  if (host === undefined || healthy === undefined) return [];
  const hosts = host.point.cost.parts.hosts;
  if (question.objectives.length === 0)
    return ["Give objectives to be told whether they hold: --threshold 'writes.p99<5ms'."];
  if (healthy.point.met !== true)
    return [
      'The objectives do not hold even when nothing is broken: fvp plan size looks for what meets them.',
    ];
  const without = modeOf(mode).writeBack && modeOf(mode).replicas === 0;
  return [
    host.point.met === true
      ? `N+1: ${hosts} hosts carry the load with one of them gone, and the objectives hold from its death on.`
      : `N+1: ${hosts} hosts do not: with one of them gone the objectives break${without ? ', because write-back without a replica waits until the host is back (or loses what only its flash had)' : ''}. Try another host (--set hosts.count=${hosts + 1}), ${modeOf(mode).replicas === 0 ? '--mode write-back+1' : 'a percentile that the stall itself does not reach, or another mode'}.`,
  ];
}
