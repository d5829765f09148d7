/** What a run means for a workload, in plain words with the numbers that carry them. */
import { formatNs, formatPercent } from '../../reference/kernel/units.ts';
import type {
  LatencyKind,
  LatencySummary,
  ModeResult,
  RunDocument,
  VerdictName,
} from '../schema/run-document.ts';
import { BASELINE_MODE, isSaturated, resultsOf, workloadOf } from './comparison.ts';
import { listed, plainText } from './plain-text.ts';

/** Within 10 % of the baseline, either way, a mode "gains little or nothing". */
const LITTLE = 1.1;
/** Longest sentence, in characters; those of a real run stay far below (assumed). */
const SENTENCE_LENGTH = 1000;
/** A cache that serves more than the ceiling by this much did not start empty. */
const CEILING_SLACK = 0.005;

function factorText(factor: number): string {
  return `${factor >= 10 ? factor.toFixed(0) : factor.toFixed(1).replace(/\.0$/, '')}x`;
}

type Change = 'faster' | 'same' | 'slower';

function change(baselineNs: number, ns: number): Change {
  if (baselineNs > ns * LITTLE) return 'faster';
  return ns > baselineNs * LITTLE ? 'slower' : 'same';
}

/** The scenario's devices are `null`: what is measured is fvp-bench itself. */
function measuresHarness({ name, datastore }: Readonly<Record<string, unknown>>): boolean {
  const device =
    typeof datastore === 'object' && datastore !== null && 'device' in datastore && datastore.device;
  return name === 'null' || device === 'null';
}

/** `in 62 µs where the array alone takes 740 µs (12x)`, and the same of p99. */
function fasterText(what: string, mode: string, base: LatencySummary, own: LatencySummary): string {
  const median = `${mode} answers the median ${what} in ${formatNs(own.p50Ns)} where the array alone takes ${formatNs(base.p50Ns)} (${factorText(base.p50Ns / own.p50Ns)})`;
  const tail = `99 % within ${formatNs(own.p99Ns)}`;
  switch (change(base.p99Ns, own.p99Ns)) {
    case 'faster':
      return `${median}, and ${tail} instead of ${formatNs(base.p99Ns)} (${factorText(base.p99Ns / own.p99Ns)}).`;
    case 'same':
      return `${median}, but ${tail}, much as with the array alone (${formatNs(base.p99Ns)}).`;
    case 'slower':
      return `${median}, but ${tail}, longer than with the array alone (${formatNs(base.p99Ns)}).`;
  }
}

function comparedText(what: string, mode: string, base: LatencySummary, own: LatencySummary): string {
  // A median of 0 ns has no factor; such devices are `null` or nearly so.
  const median = own.p50Ns === 0 ? 'same' : change(base.p50Ns, own.p50Ns);
  const tail = own.p99Ns === 0 ? 'same' : change(base.p99Ns, own.p99Ns);
  const medians = `median ${formatNs(own.p50Ns)} against ${formatNs(base.p50Ns)} with the array alone`;
  const tails = `99 % within ${formatNs(own.p99Ns)} against ${formatNs(base.p99Ns)}`;
  if (median === 'faster') return fasterText(what, mode, base, own);
  if (median === 'slower') return `${mode} is slower here: ${medians}, ${tails}.`;
  if (tail === 'faster') {
    return `${mode} gains little or nothing at the median (${medians}), but 99 % are answered within ${formatNs(own.p99Ns)} instead of ${formatNs(base.p99Ns)} (${factorText(base.p99Ns / own.p99Ns)}).`;
  }
  if (tail === 'slower')
    return `${mode} gains little or nothing at the median (${medians}), and its tail is slower: ${tails}.`;
  return `${mode} gains little or nothing here: ${medians}, ${tails}.`;
}

function answersText(what: string, mode: string, own: LatencySummary): string {
  return `${mode} answers the median ${what} in ${formatNs(own.p50Ns)} and 99 % within ${formatNs(own.p99Ns)}`;
}

/** One kind of I/O under `mode`, set against the baseline if there is one to be set against. */
function kindText(
  kind: LatencyKind,
  baseline: ModeResult | undefined,
  result: ModeResult,
): string | undefined {
  const what = kind === 'reads' ? 'read' : kind === 'writes' ? 'write' : 'flush';
  const own = result[kind].response;
  const base = baseline?.[kind].response;
  if (own === null) return undefined;
  if (base === undefined || base === null || result === baseline)
    return `${answersText(what, result.mode, own)}.`;
  if (isSaturated(baseline)) return `${answersText(what, result.mode, own)}.`;
  return comparedText(what, result.mode, base, own);
}

function replicaText(byMode: ReadonlyMap<string, ModeResult>): string | undefined {
  const p50 = (mode: string): number | undefined => byMode.get(mode)?.writes.response?.p50Ns;
  const alone = p50('write-back');
  const one = p50('write-back+1');
  const two = p50('write-back+2');
  if (alone === undefined || one === undefined) return undefined;
  const first = one - alone;
  const added = (ns: number): string => (ns <= alone / 100 ? 'next to nothing' : `about ${formatNs(ns)}`);
  if (two === undefined) return `A replica adds ${added(first)} to the median write.`;
  const second = two - one;
  if (first > alone / 100 && second > 0 && second * 1.25 >= first && first * 1.25 >= second) {
    return `Each replica adds about ${formatNs((two - alone) / 2)} to the median write.`;
  }
  if (first <= alone / 100 && second <= alone / 100)
    return 'Replicas add next to nothing to the median write.';
  return `The first replica adds ${added(first)} to the median write, the second ${added(second)}.`;
}

function slowerReplicasText(
  baseline: ModeResult,
  byMode: ReadonlyMap<string, ModeResult>,
): string | undefined {
  const base = baseline.writes.response;
  if (base === null || isSaturated(baseline)) return undefined;
  const slower = ['write-back+1', 'write-back+2'].filter((mode) => {
    const own = byMode.get(mode)?.writes.response;
    return own !== undefined && own !== null && change(base.p50Ns, own.p50Ns) === 'slower';
  });
  if (slower.length === 0) return undefined;
  return `With replicas the median write takes longer than with the array alone (${listed(slower)}).`;
}

function readsText(
  readCeiling: number | null,
  baseline: ModeResult | undefined,
  result: ModeResult,
): string | undefined {
  const own = result.reads.response;
  if (own === null) return undefined;
  const hit = result.hitRatio ?? 0;
  let reach: string;
  if (readCeiling === null || readCeiling < CEILING_SLACK) {
    reach =
      hit < CEILING_SLACK
        ? 'Reads cannot gain from a cache here: next to nothing is read that was read or written before.'
        : `Reads gain only from what flash held at the start: it served ${formatPercent(hit)} of the read bytes.`;
  } else {
    const served =
      hit > readCeiling + CEILING_SLACK
        ? `this one served ${formatPercent(hit)}, since it did not start empty`
        : `this one served ${formatPercent(hit)}`;
    reach = `Reads: an endless cache that starts empty would serve ${formatPercent(readCeiling)} of the read bytes (the read ceiling), ${served}.`;
  }
  const compared = kindText('reads', baseline, result);
  return compared === undefined ? reach : `${reach} ${compared[0]!.toUpperCase()}${compared.slice(1)}`;
}

/** `saturated` is not among them: it comes before everything, since it decides what the rest is worth. */
const LATER_VERDICTS: readonly VerdictName[] = ['burst', 'overdriven', 'cold', 'no-pressure'];

function verdictWords(name: VerdictName, modes: string, many: boolean): string {
  switch (name) {
    case 'saturated':
      return `${modes} ${many ? 'saturate' : 'saturates'}: the backlog still grows at the end, so that these latencies tell how long the run was, not how fast the storage is`;
    case 'burst':
      return `The gain of ${modes} is that of a burst: writes come in faster than they can be destaged in the long run, and the load ended before the limit was reached`;
    case 'overdriven':
      return `The replay drove ${modes} harder than the recorded system was driven: I/Os were sent on time though the earlier ones had not finished`;
    case 'cold':
      return `The cache was still filling at the end (${modes}): a longer run would serve more reads from flash`;
    case 'no-pressure':
      return `Nothing was evicted or throttled (${modes}): flash is larger than this load needs`;
  }
}

function verdictText(name: VerdictName, results: readonly ModeResult[]): string | undefined {
  const found = results.filter(({ verdicts }) => verdicts.some((verdict) => verdict.name === name));
  if (found.length === 0) return undefined;
  const modes = found.map(({ mode }) => mode);
  const why = found[0]!.verdicts.find((verdict) => verdict.name === name)!.why.replace(/\.\s*$/, '');
  const whose = modes.length > 1 ? `${modes[0]}: ` : '';
  const numbers = why === '' ? '' : ` (${whose}${why})`;
  const noFactor =
    name === 'saturated' && modes.includes(BASELINE_MODE)
      ? ` So no factor against ${BASELINE_MODE} is given.`
      : '';
  return `${verdictWords(name, listed(modes), modes.length > 1)}${numbers}.${noFactor}`;
}

/**
 * What the run means for one workload: saturation if there is any; then writes, reads and flushes under write-back (or
 * the nearest mode there is) against `none`; then the other verdicts. Plain text, one paragraph an element; the same for the same document.
 * @throws BugError when the document has no such workload
 */
export function describeWorkload(document: RunDocument, workloadName: string): string[] {
  const workload = workloadOf(document, workloadName);
  const results = resultsOf(document, workloadName);
  if (measuresHarness(document.scenario)) {
    return ['The devices answer at once (null): this run measures the harness, and says nothing about FVP.'];
  }
  const byMode = new Map(results.map((result) => [result.mode, result]));
  const baseline = byMode.get(BASELINE_MODE);
  const writeBack = byMode.get('write-back') ?? results.find(({ mode }) => mode.startsWith('write-back'));
  const shown = writeBack ?? byMode.get('write-through') ?? baseline ?? results[0];
  const sentences: string[] = [];
  if (shown === undefined) return sentences;
  const saturated = verdictText('saturated', results);
  if (saturated !== undefined) sentences.push(saturated);

  const writes = kindText('writes', baseline, shown);
  if (writes !== undefined) {
    const more = [
      shown === writeBack ? replicaText(byMode) : undefined,
      baseline === undefined || shown !== writeBack ? undefined : slowerReplicasText(baseline, byMode),
    ];
    sentences.push(['Writes: ' + writes, ...more.filter((text) => text !== undefined)].join(' '));
  }
  const reads =
    shown === baseline
      ? kindText('reads', undefined, shown)
      : readsText(workload.readCeiling, baseline, shown);
  if (reads !== undefined) sentences.push(reads.startsWith('Reads') ? reads : `Reads: ${reads}`);
  const flushes = kindText('flushes', baseline, shown);
  if (flushes !== undefined) sentences.push(`Flushes: ${flushes}`);
  if (baseline === undefined && results.length > 0) {
    sentences.push(`Mode ${BASELINE_MODE} was not run, so there is nothing to compare with.`);
  }
  sentences.push(
    ...LATER_VERDICTS.map((name) => verdictText(name, results)).filter((text) => text !== undefined),
  );
  // A document may have been read from a file, and then anything can stand in its names.
  return sentences.map((sentence) => plainText(sentence, SENTENCE_LENGTH));
}
