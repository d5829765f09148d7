/** The verdicts of a workload, each once, with the modes it holds for. */
import type { ModeResult, Verdict, VerdictName } from '../schema/run-document.ts';
import { BASELINE_MODE } from './comparison.ts';
import { listed } from './plain-text.ts';

/** In the order of their weight for whoever reads the latencies. */
const VERDICT_NAMES: readonly VerdictName[] = ['saturated', 'burst', 'overdriven', 'cold', 'no-pressure'];

export interface VerdictGroup {
  readonly name: VerdictName;
  /** The modes it holds for, in words: `every mode`, `every mode but none`, or their names. */
  readonly modes: string;
  /** What the verdict says, in a few words without numbers. */
  readonly meaning: string;
  /** The sentence with the numbers of one mode, `whyMode`: plain write-back where it holds, else the first. */
  readonly why: string;
  readonly whyMode: string;
}

function meaningOf(name: VerdictName): string {
  switch (name) {
    case 'saturated':
      return 'the backlog still grew at the end, so the latencies tell how long the run was';
    case 'burst':
      return 'writes came faster than they can be destaged for good, so the gain would not last';
    case 'overdriven':
      return 'driven harder than the recorded system was';
    case 'cold':
      return 'the cache was still filling at the end';
    case 'no-pressure':
      return 'nothing was evicted or throttled';
  }
}

function modesText(found: readonly ModeResult[], all: readonly ModeResult[]): string {
  if (found.length > 1) {
    if (found.length === all.length) return 'every mode';
    const accelerated = all.filter(({ mode }) => mode !== BASELINE_MODE);
    if (found.length === accelerated.length && found.every((result) => accelerated.includes(result)))
      return `every mode but ${BASELINE_MODE}`;
  }
  return listed(found.map(({ mode }) => mode));
}

/** @param results those of one workload */
export function verdictGroups(results: readonly ModeResult[]): VerdictGroup[] {
  return VERDICT_NAMES.flatMap((name): VerdictGroup[] => {
    const verdictOf = ({ verdicts }: ModeResult): Verdict | undefined =>
      verdicts.find((verdict) => verdict.name === name);
    const found = results.filter((result) => verdictOf(result) !== undefined);
    const shown = found.find(({ mode }) => mode === 'write-back') ?? found[0];
    if (shown === undefined) return [];
    return [
      {
        name,
        modes: modesText(found, results),
        meaning: meaningOf(name),
        why: verdictOf(shown)!.why,
        whyMode: shown.mode,
      },
    ];
  });
}
