/** The names of a run directory's files. */
import { slug } from '../../reference/kernel/units.ts';
import { LATENCY_KINDS, type LatencyKind } from '../schema/run-document.ts';

export const RUN_FILE = 'run.json';
export const TIMING_FILE = 'timing.json';
export const TIMELINE_FILE = 'timeline.json';
/** Whole-run histograms, so that a reader of many runs need not merge their intervals. */
export const TOTALS_FILE = 'totals.hlog';
export const REPORT_FILE = 'report.html';

/** What files begin with while they are being written. */
export const TEMPORARY_PREFIX = '.fvp-';

interface NamedResult {
  readonly workload: string;
  readonly mode: string;
}

/**
 * One file-name stem for each result of a document, in its order: `database.write-back`. Where two names share a slug
 * the later one gets `-2`, `-3`, …, so that the stems follow from the document alone.
 */
export function hlogStems(results: readonly NamedResult[]): string[] {
  const used = new Set<string>();
  return results.map(({ workload, mode }) => {
    const base = `${slug(workload)}.${slug(mode)}`;
    let stem = base;
    for (let i = 2; used.has(stem); i++) stem = `${base}-${i}`;
    used.add(stem);
    return stem;
  });
}

/** `database.write-back.reads.hlog`. */
export function hlogName(stem: string, kind: LatencyKind): string {
  return `${stem}.${kind}.hlog`;
}

/** `database.write-back.reads.response`: the tag of a line of `totals.hlog`. */
export function totalsTag(stem: string, kind: LatencyKind, time: 'response' | 'service'): string {
  return `${stem}.${kind}.${time}`;
}

/** Every file a run directory with these results may hold. */
export function runFileNames(results: readonly NamedResult[]): string[] {
  const hlogs = hlogStems(results).flatMap((stem) => LATENCY_KINDS.map((kind) => hlogName(stem, kind)));
  return [...hlogs, TOTALS_FILE, TIMELINE_FILE, REPORT_FILE, TIMING_FILE, RUN_FILE];
}
