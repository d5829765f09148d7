/** The document of `fvp plan … --json`: a question, its answer, and the replays that the answer rests on. */
import type { ModeResult } from './run-document.ts';

export const PLAN_SCHEMA = 'fvp.plan/1';

export const PLAN_QUESTIONS = ['sweep', 'size', 'load', 'flash', 'failure', 'san'] as const;
export type PlanQuestion = (typeof PLAN_QUESTIONS)[number];

/** What was replayed. */
export interface PlanConfig {
  readonly workloads: readonly string[];
  readonly scenario: string;
  /** `PATH=VALUE`, in place of what the scenario says. */
  readonly settings: readonly string[];
  readonly mode: string;
  /** Times as fast as recorded. */
  readonly speed: number;
  readonly seeds: readonly number[];
  /** The command that replays it with its first seed, and gives the same percentiles. */
  readonly command: string;
}

/** One objective, over all seeds: it is met when each meets it. */
export interface PlanCheck {
  readonly threshold: string;
  readonly workload: string;
  /** The worst of all seeds; null without such I/Os. */
  readonly valueNs: number | null;
  /** The best of all seeds. */
  readonly bestNs: number | null;
  readonly limitNs: number;
  readonly met: boolean;
  /** By how much the worst is above the limit, as a share of it; null where it is met. */
  readonly missedByShare: number | null;
}

export interface PlanParts {
  readonly hosts: number;
  /** Hosts whose flash the mode uses. */
  readonly flashHosts: number;
  /** Of those hosts, in all. */
  readonly flashBytes: number;
  /** Replicas of each write on other hosts. */
  readonly replicas: number;
  /** Disks of the array; null where the datastore has none. */
  readonly spindles: number | null;
}

export interface PlanCost {
  readonly parts: PlanParts;
  /** null without a price list. */
  readonly price: number | null;
  readonly currency: string | null;
}

/** The spread of a figure over seeds. */
export interface PlanSpread {
  readonly workload: string;
  readonly figure: string;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
  /** Half the width of the 95 % confidence interval of the mean (Student); null below two seeds. */
  readonly meanErrorHalfWidth: number | null;
}

export interface PlanPoint {
  readonly config: PlanConfig;
  /** Every objective, and no result saturates; null without objectives. */
  readonly met: boolean | null;
  readonly cost: PlanCost;
  readonly objectives: readonly PlanCheck[];
  /** By workload, then seed. */
  readonly results: readonly ModeResult[];
  /** Of several seeds. */
  readonly spread: readonly PlanSpread[];
  /** What the question is about, units in the names. */
  readonly figures: Readonly<Record<string, number | null>>;
}

export interface PrunedPoint {
  readonly config: PlanConfig;
  /** One sentence. */
  readonly why: string;
}

export interface PlanDocument {
  readonly schema: typeof PLAN_SCHEMA;
  readonly question: PlanQuestion;
  readonly objectives: readonly string[];
  readonly answer: PlanPoint | null;
  /** size: the next cheaper one; load: the lowest load that breaks an objective. */
  readonly runnerUp: PlanPoint | null;
  /** All that were replayed. */
  readonly points: readonly PlanPoint[];
  /** Numbers (in `points`) of those that no other beats in every objective and cost; of a sweep. */
  readonly pareto: readonly number[];
  readonly pruned: readonly PrunedPoint[];
  /** The answer and what must be known of it, in sentences. */
  readonly notes: readonly string[];
}
