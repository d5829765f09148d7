/** What a run means for a workload, in plain words with the numbers that carry them. */
import { formatNs, formatPercent } from '../../reference/kernel/units.ts';
import type { LatencyKind, LatencySummary, ModeResult, RunDocument } from '../schema/run-document.ts';
import { BASELINE_MODE, isSaturated, resultsOf, workloadOf } from './comparison.ts';
import { describeEvents } from './describe-events.ts';
import { listed, plainText } from './plain-text.ts';
import { type VerdictGroup, verdictGroups } from './verdict-groups.ts';

/**
 * A latency counts as changed when it is at least this many times as long or as short, and the difference is at least
 * NOTICED_NS. Assumed: below that, seeds and tuning of a guest matter more.
 */
const NOTICED_FACTOR = 1.25;
/** Assumed: about what the I/O path of a guest itself takes. */
const NOTICED_NS = 20_000;
/** A change of the median counts only where the mean follows by this factor. Assumed. */
const MEAN_FACTOR = 1.1;
/** A replica that adds less than this share of the median write adds "next to nothing". Assumed. */
const REPLICA_SHARE = 0.05;
/** Longest sentence, in characters; those of a real run stay far below (assumed). */
const SENTENCE_LENGTH = 1000;
/** A cache that serves more than the ceiling by this much did not start empty. */
const CEILING_SLACK = 0.005;
/** Share of the ceiling from which it counts as reached; a replay may order I/Os a little otherwise than the trace. */
const CEILING_REACHED = 0.99;

const NOUNS: Readonly<Record<LatencyKind, string>> = { reads: 'read', writes: 'write', flushes: 'flush' };

type Change = 'faster' | 'same' | 'slower';

interface Pair {
  readonly base: LatencySummary;
  readonly own: LatencySummary;
}

function changeOf(baseNs: number, ownNs: number): Change {
  if (baseNs >= ownNs * NOTICED_FACTOR && baseNs - ownNs >= NOTICED_NS) return 'faster';
  return ownNs >= baseNs * NOTICED_FACTOR && ownNs - baseNs >= NOTICED_NS ? 'slower' : 'same';
}

/**
 * Whether a guest would notice. Where half of the I/Os hit a cache and half do not, the median jumps between the two
 * though hardly any I/O has become faster; then the mean stays, and the change is `median only`.
 */
function changeOfPair({ base, own }: Pair): Change | 'median only' {
  const median = changeOf(base.p50Ns, own.p50Ns);
  if (median === 'faster' && base.meanNs < own.meanNs * MEAN_FACTOR) return 'median only';
  if (median === 'slower' && own.meanNs < base.meanNs * MEAN_FACTOR) return 'median only';
  return median;
}

/** `3.6x`; undefined where there is nothing to divide by. */
function factorText(baseNs: number, ownNs: number): string | undefined {
  if (ownNs === 0) return undefined;
  const factor = baseNs / ownNs;
  return `${factor >= 10 ? factor.toFixed(0) : factor.toFixed(1).replace(/\.0$/, '')}x`;
}

/** ` (a; b)` of the parts there are. */
function bracketed(parts: readonly (string | undefined)[]): string {
  const given = parts.filter((part) => part !== undefined && part !== '');
  return given.length === 0 ? '' : ` (${given.join('; ')})`;
}

/** Where p99 does not do what the median does. */
function tailText({ base, own }: Pair): string {
  const moved = `from ${formatNs(base.p99Ns)} to ${formatNs(own.p99Ns)}`;
  switch (changeOf(base.p99Ns, own.p99Ns)) {
    case 'faster':
      return `, but p99 falls ${moved}${bracketed([factorText(base.p99Ns, own.p99Ns)])}`;
    case 'slower':
      return `, and p99 rises ${moved}`;
    case 'same':
      return '';
  }
}

/** ` in 62 µs instead of 740 µs (12x; p99 8x)` */
function insteadText(pair: Pair, note?: string): string {
  const { base, own } = pair;
  const tail = changeOf(base.p99Ns, own.p99Ns);
  const better = note === undefined && tail === 'faster' ? factorText(base.p99Ns, own.p99Ns) : undefined;
  const p99 = tail === 'same' ? 'p99 much the same' : better && `p99 ${better}`;
  const factors = bracketed([factorText(base.p50Ns, own.p50Ns), p99, note]);
  const rise =
    tail === 'slower' ? `, but p99 rises from ${formatNs(base.p99Ns)} to ${formatNs(own.p99Ns)}` : '';
  return `${formatNs(own.p50Ns)} instead of ${formatNs(base.p50Ns)}${factors}${rise}`;
}

function againstText(baseNs: number, ownNs: number): string {
  return `${formatNs(ownNs)} against ${formatNs(baseNs)}`;
}

function mediansText({ base, own }: Pair): string {
  return againstText(base.p50Ns, own.p50Ns);
}

function meansText({ base, own }: Pair): string {
  const direction = own.p50Ns < base.p50Ns ? 'falls' : 'rises';
  return `mean ${againstText(base.meanNs, own.meanNs)}, though the median ${direction} from ${formatNs(base.p50Ns)} to ${formatNs(own.p50Ns)}`;
}

/** The first clause: the mode, and what it does for `kind`. */
function modeClause(mode: string, kind: LatencyKind, pair: Pair, note?: string): string {
  const noun = NOUNS[kind];
  switch (changeOfPair(pair)) {
    case 'faster':
      return `${mode} answers the median ${noun} in ${insteadText(pair, note)}`;
    case 'same':
      return `${mode} gains little or nothing: median ${noun} ${mediansText(pair)} with the array alone${tailText(pair)}`;
    case 'median only':
      return `${mode} gains little or nothing: ${kind}, ${meansText(pair)}${tailText(pair)}`;
    case 'slower':
      return `${mode} is slower than the array alone: median ${noun} ${mediansText(pair)}${tailText(pair)}`;
  }
}

/** A clause on another kind, behind one that names the mode. */
function kindClause(kind: LatencyKind, pair: Pair, note?: string): string {
  switch (changeOfPair(pair)) {
    case 'faster':
      return `the median ${NOUNS[kind]} takes ${insteadText(pair, note)}`;
    case 'same':
      return `${kind} gain little or nothing (median ${mediansText(pair)})${tailText(pair)}`;
    case 'median only':
      return `${kind} gain little or nothing (${meansText(pair)})${tailText(pair)}`;
    case 'slower':
      return `${kind} are slower than with the array alone (median ${mediansText(pair)})${tailText(pair)}`;
  }
}

/** The clause on a kind where there is nothing to compare with. */
function aloneClause(mode: string, kind: LatencyKind, own: LatencySummary): string {
  return `${mode} answers the median ${NOUNS[kind]} in ${formatNs(own.p50Ns)} and 99 % within ${formatNs(own.p99Ns)}`;
}

/** What the replicas cost; undefined where that was not run or cannot be said. */
function replicasClause(results: readonly ModeResult[], baseline: ModeResult): string | undefined {
  const p50 = (mode: string): number | undefined => {
    const result = results.find((each) => each.mode === mode);
    return isSaturated(result) ? undefined : result?.writes.response?.p50Ns;
  };
  const alone = p50('write-back');
  const one = p50('write-back+1');
  const two = p50('write-back+2');
  if (alone === undefined || one === undefined) return undefined;
  const base = baseline.writes.response?.p50Ns;
  if (base !== undefined && changeOf(base, alone) !== 'slower') {
    const slower = [one, ...(two === undefined ? [] : [two])].filter((ns) => changeOf(base, ns) === 'slower');
    const what = slower.length === 1 && one !== slower[0] ? 'two replicas' : 'replicas';
    if (slower.length > 0)
      return `with ${what} it is slower than the array alone (${listed(slower.map(formatNs))})`;
  }
  const first = one - alone;
  const little = alone * REPLICA_SHARE;
  const added = (ns: number): string => (ns <= little ? 'next to nothing' : `about ${formatNs(ns)}`);
  if (two === undefined) return `a replica adds ${added(first)}`;
  const second = two - one;
  if (first <= little && second <= little) return 'replicas add next to nothing';
  if (first > little && second * 1.25 >= first && first * 1.25 >= second)
    return `each replica adds about ${formatNs((two - alone) / 2)}`;
  return `the first replica adds ${added(first)}, the second ${added(second)}`;
}

function datastoreOf(scenario: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { datastore } = scenario;
  return typeof datastore === 'object' && datastore !== null ? { ...datastore } : {};
}

/** The datastore is the device `null`, so that what is measured is fvp-bench itself. */
function measuresHarness(scenario: Readonly<Record<string, unknown>>): boolean {
  return datastoreOf(scenario).device === 'null';
}

/** How the scenario's array answers a flush: `roundtrip` or `drain`; undefined where it is no array. */
export function arrayFlush(scenario: Readonly<Record<string, unknown>>): 'roundtrip' | 'drain' | undefined {
  const { device, flush } = datastoreOf(scenario);
  return device === 'array' && (flush === 'roundtrip' || flush === 'drain') ? flush : undefined;
}

/** The gain of flushes depends on this setting more than on anything else. */
function flushNote(scenario: Readonly<Record<string, unknown>>): string | undefined {
  switch (arrayFlush(scenario)) {
    case 'roundtrip':
      return 'array.flush: roundtrip, with drain the array would take longer';
    case 'drain':
      return 'array.flush: drain, with roundtrip the array would take less';
    case undefined:
      return undefined;
  }
}

function ceilingText(readCeiling: number | null, hitRatio: number | null): string {
  const hit = hitRatio ?? 0;
  if (readCeiling === null || readCeiling < CEILING_SLACK)
    return `flash held data at the start and served ${formatPercent(hit)} of the read bytes; one that starts empty could serve next to nothing`;
  if (hit > readCeiling + CEILING_SLACK)
    return `flash served ${formatPercent(hit)} of the read bytes, more than the read ceiling of ${formatPercent(readCeiling)}, since it did not start empty`;
  const ceiling = `a cache that starts empty can serve at most ${formatPercent(readCeiling)} of the read bytes (the read ceiling)`;
  return hit >= readCeiling * CEILING_REACHED
    ? `${ceiling}, and this one did`
    : `${ceiling}, this one served ${formatPercent(hit)}`;
}

/** Reads against the baseline, or alone, and against the read ceiling. */
function readsSentence(readCeiling: number | null, shown: ModeResult, pair: Pair | undefined): string {
  const own = shown.reads.response!;
  const cannotGain =
    (readCeiling === null || readCeiling < CEILING_SLACK) && (shown.hitRatio ?? 0) < CEILING_SLACK;
  if (cannotGain) {
    const cause =
      'reads cannot gain from a cache, since next to nothing is read that was read or written before';
    if (pair === undefined) return `${cause} (median ${formatNs(own.p50Ns)})`;
    return changeOfPair(pair) === 'same'
      ? `${cause} (median ${mediansText(pair)})${tailText(pair)}`
      : `${cause}; ${kindClause('reads', pair)}`;
  }
  const clause = pair === undefined ? aloneClause(shown.mode, 'reads', own) : kindClause('reads', pair);
  return `${clause}: ${ceilingText(readCeiling, shown.hitRatio)}`;
}

function verdictsSentence(groups: readonly VerdictGroup[]): string | undefined {
  const parts: string[] = [];
  for (const modes of new Set(groups.map((group) => group.modes))) {
    const same = groups.filter((group) => group.modes === modes);
    parts.push(`${listed(same.map(({ name, meaning }) => `${name} (${meaning})`))} in ${modes}`);
  }
  return parts.length === 0 ? undefined : `Verdicts: ${parts.join('; ')}.`;
}

/** A sentence begins with a capital, but `None` would be read as "no one". */
function asSentence(text: string): string {
  return `${text.startsWith(`${BASELINE_MODE} `) ? text : `${text[0]!.toUpperCase()}${text.slice(1)}`}.`;
}

/**
 * What the run means for one workload: where the scenario has faults, what they did; a sentence on writes and flushes under write-back (or the nearest mode there is)
 * against `none`, one on reads and their ceiling, and a line of verdicts if there are any. A gain counts when a guest
 * would notice it: at least 1.25x and 20 µs at the median, with the mean following. Plain text; the same for the same document.
 * @throws BugError when the document has no such workload
 */
export function describeWorkload(document: RunDocument, workloadName: string): string[] {
  const { scenario } = document;
  const workload = workloadOf(document, workloadName);
  const results = resultsOf(document, workloadName);
  if (measuresHarness(scenario)) {
    return [
      'The datastore answers at once (null): this run measures the harness, and says nothing about FVP.',
    ];
  }
  const baseline = results.find(({ mode }) => mode === BASELINE_MODE);
  const shown =
    results.find(({ mode }) => mode === 'write-back') ??
    results.find(({ mode }) => mode.startsWith('write-back')) ??
    results.find(({ mode }) => mode === 'write-through') ??
    baseline ??
    results[0];
  if (shown === undefined) return [];
  const compared = baseline === shown || isSaturated(baseline) || isSaturated(shown) ? undefined : baseline;
  const pairOf = (kind: LatencyKind): Pair | undefined => {
    const base = compared?.[kind].response ?? null;
    const own = shown[kind].response;
    return base === null || own === null ? undefined : { base, own };
  };
  const sentences: string[] = [];

  const clauses: string[] = [];
  for (const kind of ['writes', 'flushes'] as const) {
    const own = shown[kind].response;
    if (own === null) continue;
    const pair = pairOf(kind);
    const note = kind === 'flushes' ? flushNote(scenario) : undefined;
    const first = clauses.length === 0;
    if (pair === undefined)
      clauses.push(
        first ? aloneClause(shown.mode, kind, own) : `the median ${NOUNS[kind]} takes ${formatNs(own.p50Ns)}`,
      );
    else clauses.push(first ? modeClause(shown.mode, kind, pair, note) : kindClause(kind, pair, note));
    if (kind === 'writes' && compared !== undefined && shown.mode === 'write-back') {
      const replicas = replicasClause(results, compared);
      if (replicas !== undefined) clauses.push(replicas);
    }
  }
  if (clauses.length > 0) sentences.push(clauses.join('; '));
  if (shown.reads.response !== null) {
    sentences.push(
      shown === baseline
        ? aloneClause(shown.mode, 'reads', shown.reads.response)
        : readsSentence(workload.readCeiling, shown, pairOf('reads')),
    );
  }
  const lead = isSaturated(baseline)
    ? `${BASELINE_MODE} saturates, so no gain is given: `
    : isSaturated(shown)
      ? `${shown.mode} saturates, so no gain is given: `
      : baseline === undefined
        ? `Mode ${BASELINE_MODE} was not run, so there is nothing to compare with: `
        : '';
  const said = sentences.map((sentence, i) => asSentence(i === 0 ? lead + sentence : sentence));
  const verdicts = verdictsSentence(verdictGroups(results));
  if (verdicts !== undefined) said.push(verdicts);
  const events = describeEvents(document, workloadName);
  if (events !== undefined) said.unshift(events);
  // A document may have been read from a file, and then anything can stand in its names.
  return said.map((sentence) => plainText(sentence, SENTENCE_LENGTH));
}
