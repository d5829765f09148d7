/** The gate: results against a baseline and thresholds, as the document `fvp.gate/1`. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { formatCount, formatNs } from '../../reference/kernel/units.ts';
import { compareDirection, pairResults } from '../compare/compare.ts';
import { meanSentence, signedPercent, slowestSentence } from '../compare/comparison-text.ts';
import { type InputDifference, inputDifferences } from '../compare/input-differences.ts';
import {
  DIRECTIONS,
  type Direction,
  type Measured,
  type MeasuredResult,
  percentileOf,
  statOf,
  type TimeName,
} from '../compare/measured.ts';
import { LATENCY_KINDS, type ModeResult } from '../schema/run-document.ts';
import type { GateRun } from './baseline.ts';
import { parseThreshold, type Threshold } from './expression.ts';
import { type ChangedResult, type FigureChange, figureChanges, neighbourhood } from './figure-changes.ts';
import { ALPHA, decide, type GateVerdict, percentileInterval, RUNS_MAX } from './noise.ts';
import { type SpanChange, spanChange } from './spans.ts';

export const GATE_SCHEMA = 'fvp.gate/1';
export const EXIT_FAIL = 99;
export const EXIT_INCONCLUSIVE = 98;

/** Of measured results, where no threshold is given. Assumed: what most gates of this kind use. */
const MEASURED_DEFAULT = ['p50', 'p99'].flatMap((stat) =>
  ['reads', 'writes'].map((direction) => parseThreshold(`${direction}.${stat}<=+10%`)),
);
export interface GateCheck {
  readonly workload: string;
  readonly mode: string;
  /** `writes.p99<=+5%`, or `every figure<=+0%`. */
  readonly threshold: string;
  readonly verdict: GateVerdict;
  readonly baselineNs: number | null;
  readonly valueNs: number | null;
  readonly limitNs: number | null;
  /** One sentence with the numbers that carry the verdict. */
  readonly why: string;
}

/** What a virtual-time result has otherwise than its baseline. */
export interface GateChange {
  readonly workload: string;
  readonly mode: string;
  readonly figures: readonly FigureChange[];
  readonly intervals: readonly SpanChange[];
  /** Which parts of the mean and of the slowest I/Os moved, a sentence each. */
  readonly components: readonly string[];
}

export interface GateDocument {
  readonly schema: typeof GATE_SCHEMA;
  readonly verdict: GateVerdict;
  readonly kind: 'exact' | 'measured';
  readonly baseline: string;
  readonly results: readonly string[];
  readonly inputDifferences: readonly InputDifference[];
  readonly checks: readonly GateCheck[];
  readonly changes: readonly GateChange[];
  /** Where to look first, in sentences. */
  readonly neighbourhood: readonly string[];
  readonly notes: readonly string[];
}

function worst(verdicts: readonly GateVerdict[]): GateVerdict {
  return verdicts.includes('fail') ? 'fail' : verdicts.includes('inconclusive') ? 'inconclusive' : 'pass';
}

function within(value: number, limit: number, operator: '<' | '<='): boolean {
  return operator === '<' ? value < limit : value <= limit;
}

/**
 * The results a threshold is about.
 * @throws UsageError where its names are in none, or several modes could be meant
 */
function resultsOf<Result extends { readonly workload: string; readonly mode: string }>(
  threshold: Threshold,
  results: readonly Result[],
  modes: readonly string[] | undefined,
): Result[] {
  const { text, workload, mode } = threshold;
  const known = (what: 'workload' | 'mode'): string[] => [...new Set(results.map((result) => result[what]))];
  const refuse = (what: 'workload' | 'mode', name: string): never => {
    throw new UsageError(`threshold ${JSON.stringify(text)}: no ${what} ${JSON.stringify(name)}`, {
      hint: didYouMean(name, known(what)) ?? `there are: ${known(what).join(', ')}`,
    });
  };
  if (workload !== null && !known('workload').includes(workload)) refuse('workload', workload);
  if (mode !== null && !known('mode').includes(mode)) refuse('mode', mode);
  for (const name of modes ?? []) if (!known('mode').includes(name)) refuse('mode', name);
  if (mode === null && modes === undefined && known('mode').length > 1) {
    throw new UsageError(`threshold ${JSON.stringify(text)}: which mode?`, {
      hint: `write MODE: before it, or choose with --mode: ${known('mode').join(', ')}`,
    });
  }
  return results.filter(
    (result) =>
      (workload === null || result.workload === workload) &&
      (mode === null ? (modes ?? [result.mode]).includes(result.mode) : result.mode === mode),
  );
}

function needed(value: number | null | undefined, threshold: Threshold, whose: string): number {
  if (value === undefined)
    throw new UsageError(`threshold ${JSON.stringify(threshold.text)}: ${whose} has no ${threshold.stat}`, {
      hint: 'a baseline file holds min, mean, max, p50, p90, p95, p99, p99.9 and p99.99; use a run as the baseline for others',
    });
  if (value === null)
    throw new UsageError(
      `threshold ${JSON.stringify(threshold.text)}: ${whose} has no ${threshold.direction}`,
    );
  return value;
}

function exactCheck(
  threshold: Threshold,
  result: MeasuredResult,
  base: MeasuredResult | undefined,
): GateCheck {
  const { direction, time, stat, operator, limit } = threshold;
  const { workload, mode } = result;
  const value = needed(statOf(result, direction, time, stat), threshold, 'the result');
  if (limit.kind === 'value') {
    const verdict = within(value, limit.ns, operator) ? 'pass' : 'fail';
    const why = `${formatNs(value)} against the limit ${formatNs(limit.ns)}`;
    return {
      workload,
      mode,
      threshold: threshold.text,
      verdict,
      baselineNs: null,
      valueNs: value,
      limitNs: limit.ns,
      why,
    };
  }
  if (base === undefined)
    throw new UsageError(`threshold ${JSON.stringify(threshold.text)} is relative and needs a baseline`, {
      hint: 'name one with --baseline',
    });
  const baselineNs = needed(statOf(base, direction, time, stat), threshold, 'the baseline');
  const limitNs = baselineNs * (1 + limit.percent / 100);
  const verdict = within(value, limitNs, operator) ? 'pass' : 'fail';
  const why = `${formatNs(baselineNs)} -> ${formatNs(value)} (${signedPercent(baselineNs === 0 ? null : value / baselineNs)})`;
  return { workload, mode, threshold: threshold.text, verdict, baselineNs, valueNs: value, limitNs, why };
}

/** The figure that a reader should see first: a percentile of writes if one changed. */
function firstFigure(changes: readonly FigureChange[]): FigureChange {
  const wanted = [
    'writes.response.p99Ns',
    'reads.response.p99Ns',
    'writes.response.meanNs',
    'reads.response.meanNs',
    'flushes.response.meanNs',
  ];
  for (const path of wanted) {
    const found = changes.find((change) => change.path === path);
    if (found !== undefined) return found;
  }
  return changes[0]!;
}

/** `writes.response.p99Ns 986 µs -> 990 µs (+0.4 %)` */
export function figureText({ path, base, other }: FigureChange): string {
  if (typeof base !== 'number' || typeof other !== 'number') return `${path} ${base} -> ${other}`;
  const text = path.endsWith('Ns') ? formatNs : (value: number) => String(value);
  const percent = base === 0 ? '' : ` (${signedPercent(other / base)})`;
  return `${path.replace(/Ns$/, '')} ${text(base)} -> ${text(other)}${percent}`;
}

function zeroBudgetCheck(base: ModeResult, changes: readonly FigureChange[]): GateCheck {
  const { workload, mode } = base;
  const shared = { workload, mode, threshold: 'every figure<=+0%', limitNs: null };
  if (changes.length === 0)
    return { ...shared, verdict: 'pass', baselineNs: null, valueNs: null, why: 'no figure changed' };
  const first = firstFigure(changes);
  const latency = first.path.endsWith('Ns');
  return {
    ...shared,
    verdict: 'fail',
    baselineNs: latency ? (first.base as number) : null,
    valueNs: latency ? (first.other as number) : null,
    why: `${formatCount(changes.length)} figures changed; ${figureText(first)}`,
  };
}

/** Which parts of each kind's latency moved: of the mean, and of the slowest. */
function componentSentences(base: MeasuredResult, other: MeasuredResult): string[] {
  return LATENCY_KINDS.flatMap((kind) => {
    const compared = compareDirection(base, other, kind, 'response');
    if (compared === undefined) return [];
    const mean = meanSentence(compared);
    return [...mean, ...compared.slowest.flatMap(slowestSentence)].map((text) => `${kind}: ${text}`);
  });
}

export interface ExactGate {
  readonly name: string;
  readonly run: GateRun;
  readonly measured: Measured;
  readonly baseline:
    | { readonly name: string; readonly run: GateRun; readonly measured: Measured }
    | undefined;
  readonly thresholds: readonly Threshold[];
  readonly modes: readonly string[] | undefined;
}

/**
 * Virtual time: the same inputs give the same numbers, so that the budget is 0 % where no threshold says otherwise.
 * @throws UsageError where a threshold fits no result, or nothing can be paired
 */
export function gateExact({ name, run, measured, baseline, thresholds, modes }: ExactGate): GateDocument {
  const pairing = pairResults(baseline?.measured.results ?? [], measured.results);
  const chosen = (mode: string): boolean => modes === undefined || modes.includes(mode);
  const pairs = pairing.pairs.filter(([, result]) => chosen(result.mode));
  if (baseline !== undefined && pairs.length === 0)
    throw new UsageError(`nothing in ${name} can be paired with ${baseline.name}`, {
      hint: `the baseline has ${baseline.measured.results.map(({ workload, mode }) => `${workload} ${mode}`).join(', ')}`,
    });
  if (baseline === undefined && thresholds.length === 0)
    throw new UsageError('nothing to hold the results against', {
      hint: "give --baseline, or --threshold 'writes.p99<2ms'",
    });
  const changed: ChangedResult[] = [];
  const calm: string[] = [];
  const changes: GateChange[] = [];
  for (const [a, b] of pairs) {
    if (a.exact === null || b.exact === null) continue;
    const figures = figureChanges(a.exact, b.exact);
    if (figures.length === 0) calm.push(b.mode);
    else {
      const { workload, mode } = b;
      changed.push({ workload, mode, base: a.exact, other: b.exact, changes: figures });
      const intervals = (baseline?.run.spans ?? []).flatMap((span) => {
        const other = run.spans.find(
          (each) => each.workload === workload && each.mode === mode && each.kind === span.kind,
        );
        const same = span.workload === a.workload && span.mode === a.mode;
        return same && other !== undefined ? (spanChange(span, other) ?? []) : [];
      });
      changes.push({ workload, mode, figures, intervals, components: componentSentences(a, b) });
    }
  }
  const checks =
    thresholds.length === 0
      ? pairs.map(([a, b]) =>
          zeroBudgetCheck(
            a.exact!,
            changes.find(({ workload, mode }) => workload === b.workload && mode === b.mode)?.figures ?? [],
          ),
        )
      : thresholds.flatMap((threshold) =>
          resultsOf(threshold, measured.results, modes).map((result) =>
            exactCheck(threshold, result, pairing.pairs.find(([, other]) => other === result)?.[0]),
          ),
        );
  const inputs = baseline === undefined ? [] : inputDifferences(baseline.run.document, run.document);
  const missing = pairing.onlyInBase.filter(({ mode }) => chosen(mode));
  return {
    schema: GATE_SCHEMA,
    verdict: worst(checks.map(({ verdict }) => verdict)),
    kind: 'exact',
    baseline: baseline?.name ?? '',
    results: [name],
    inputDifferences: inputs,
    checks,
    changes,
    neighbourhood: neighbourhood(inputs, changed, calm),
    notes:
      missing.length === 0
        ? []
        : [`Only in the baseline: ${missing.map(({ workload, mode }) => `${workload} ${mode}`).join(', ')}.`],
  };
}

export interface MeasuredGate {
  readonly baseline: readonly Measured[];
  readonly results: readonly Measured[];
  readonly thresholds: readonly Threshold[];
  readonly modes: readonly string[] | undefined;
  readonly floorNs: number;
}

/** One figure of all the inputs that have it. */
function valuesOf(
  inputs: readonly Measured[],
  result: { workload: string; mode: string },
  direction: Direction,
  time: TimeName,
  stat: string,
): number[] {
  return inputs
    .flatMap(({ results }) =>
      results.filter(({ workload, mode }) => workload === result.workload && mode === result.mode),
    )
    .flatMap((each) => statOf(each, direction, time, stat) ?? [])
    .slice(0, RUNS_MAX);
}

function measuredCheck(
  gate: MeasuredGate,
  threshold: Threshold,
  result: MeasuredResult,
  alpha: number,
): GateCheck | undefined {
  const { direction, time, stat, limit } = threshold;
  const { workload, mode } = result;
  const values = valuesOf(gate.results, result, direction, time, stat);
  if (values.length === 0) return undefined;
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const shared = { workload, mode, threshold: threshold.text, valueNs: middle };
  const percentile = percentileOf(stat);
  const histogram = result.times[direction]?.[time] ?? null;
  const interval =
    percentile === undefined || histogram === null ? null : percentileInterval(histogram, percentile);
  if (percentile !== undefined && histogram !== null && interval === null && percentile < 100)
    return {
      ...shared,
      verdict: 'inconclusive',
      baselineNs: null,
      limitNs: null,
      why: `${formatCount(histogram.count)} I/Os are too few for ${stat}: it would be the slowest few of them`,
    };
  if (limit.kind === 'value') {
    const low = values.length > 1 ? Math.min(...values) : (interval?.lowNs ?? middle);
    const high = values.length > 1 ? Math.max(...values) : (interval?.highNs ?? middle);
    const verdict: GateVerdict = within(high, limit.ns, threshold.operator)
      ? 'pass'
      : within(low, limit.ns, threshold.operator)
        ? 'inconclusive'
        : 'fail';
    return {
      ...shared,
      verdict,
      baselineNs: null,
      limitNs: limit.ns,
      why: `${formatNs(low)} to ${formatNs(high)} against the limit ${formatNs(limit.ns)}`,
    };
  }
  const base = valuesOf(gate.baseline, result, direction, time, stat);
  if (base.length === 0)
    return {
      ...shared,
      verdict: 'inconclusive',
      baselineNs: null,
      limitNs: null,
      why: 'the baseline has no such result',
    };
  const budget = 1 + limit.percent / 100;
  const { verdict, why } = decide(base, values, { budget, floorNs: gate.floorNs, alpha });
  const baselineNs = [...base].sort((a, b) => a - b)[Math.floor(base.length / 2)]!;
  return {
    ...shared,
    verdict,
    baselineNs,
    limitNs: baselineNs * budget,
    why: `${formatNs(baselineNs)} -> ${formatNs(middle)}: ${why}`,
  };
}

/**
 * Measured results: several runs against several of the baseline, since one run knows nothing of its noise.
 * @throws UsageError where a threshold fits no result
 */
export function gateMeasured(gate: MeasuredGate): GateDocument {
  const first = gate.results[0]!;
  const thresholds = gate.thresholds.length === 0 ? MEASURED_DEFAULT : gate.thresholds;
  const wanted = thresholds.flatMap((threshold) =>
    resultsOf(threshold, first.results, gate.modes)
      .filter(({ times }) => (times[threshold.direction]?.count ?? 0) > 0)
      .map((result) => [threshold, result] as const),
  );
  // Bonferroni: the chance of any false alarm is that of one check times their number.
  const alpha = ALPHA / Math.max(1, wanted.length);
  const checks = wanted.flatMap(([threshold, result]) => measuredCheck(gate, threshold, result, alpha) ?? []);
  if (checks.length === 0)
    throw new UsageError('no threshold fits a result', {
      hint: `the results have ${DIRECTIONS.filter((direction) => first.results.some(({ times }) => (times[direction]?.count ?? 0) > 0)).join(', ')}`,
    });
  return {
    schema: GATE_SCHEMA,
    verdict: worst(checks.map(({ verdict }) => verdict)),
    kind: 'measured',
    baseline: gate.baseline.map(({ name }) => name).join(', '),
    results: gate.results.map(({ name }) => name),
    inputDifferences: [],
    checks,
    changes: [],
    neighbourhood: [],
    notes: [...new Set([...gate.baseline, ...gate.results].flatMap(({ notes }) => notes))],
  };
}

/**
 * After a rerun: an alarm stands only where the fresh runs alone raise it too; what they do not confirm is inconclusive.
 */
export function confirmed(first: GateDocument, again: GateDocument): GateDocument {
  const checks = first.checks.map((check): GateCheck => {
    if (check.verdict !== 'fail') return check;
    const same = again.checks.find(
      (each) =>
        each.threshold === check.threshold && each.workload === check.workload && each.mode === check.mode,
    );
    if (same?.verdict === 'fail')
      return { ...check, why: `${check.why}; confirmed by a rerun (${same.why})` };
    return {
      ...check,
      verdict: 'inconclusive',
      why: `${check.why}; a rerun did not confirm it (${same?.why ?? 'no such result'})`,
    };
  });
  return { ...first, checks, verdict: worst(checks.map(({ verdict }) => verdict)) };
}
