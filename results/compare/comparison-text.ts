/** A comparison in words and rows, for terminal, markdown and page alike. Names from outside are made safe here. */
import { formatCount, formatNs, formatPercent } from '../../reference/kernel/units.ts';
import { PART_NAMES } from '../report/part-names.ts';
import { listed, plainText } from '../report/plain-text.ts';
import type {
  DirectionComparison,
  InputComparison,
  PartDifference,
  ResultComparison,
  SlowestDifference,
} from './compare.ts';
import { differenceText } from './input-differences.ts';
import { resultName } from './measured.ts';

/** Differences of the scenario that are listed one by one. */
const DIFFERENCES_SHOWN = 12;
const NAME_LENGTH = 60;

/** `+2.6 µs`, `-120 ns`, `0`. */
export function signedNs(ns: number): string {
  if (ns === 0) return '0';
  return ns < 0 ? `-${formatNs(-ns)}` : `+${formatNs(ns)}`;
}

/** `+4.5 %` of a ratio 1.045; `+0.0012 %` where it is that small; empty where there is nothing to divide by. */
export function signedPercent(ratio: number | null): string {
  if (ratio === null) return '';
  if (ratio === 1) return '0 %';
  if (ratio >= 10) return `${ratio.toFixed(ratio >= 100 ? 0 : 1)}x`;
  const percent = (ratio - 1) * 100;
  const size = Math.abs(percent);
  const text = size >= 100 ? percent.toFixed(0) : size >= 0.1 ? percent.toFixed(1) : percent.toFixed(4);
  return `${percent > 0 ? '+' : ''}${text} %`;
}

export function pairTitle({ base, other }: ResultComparison): string {
  const [a, b] = [base, other].map((each) => plainText(resultName(each), NAME_LENGTH));
  return a === b ? a! : `${a} against ${b}`;
}

/** Header and rows: figure, base, other, difference, in percent. */
export function statRows({ stats }: DirectionComparison): string[][] {
  return stats.map(({ stat, baseNs, otherNs, differenceNs, ratio }) => [
    stat,
    formatNs(baseNs),
    formatNs(otherNs),
    signedNs(differenceNs),
    signedPercent(ratio),
  ]);
}

/** `SAN +9.2 µs of +10 µs`: the parts that moved, the largest first. */
export function movedParts(parts: readonly PartDifference[]): string {
  const moved = parts
    .filter(({ differenceNs }) => differenceNs !== 0)
    .sort((a, b) => Math.abs(b.differenceNs) - Math.abs(a.differenceNs));
  return listed(moved.map(({ part, differenceNs }) => `${PART_NAMES[part]} ${signedNs(differenceNs)}`));
}

/** `Of the mean's +10 µs: SAN +9.2 µs and queueing +0.8 µs.`; nothing where nothing moved. */
export function meanSentence({ parts, stats }: DirectionComparison): string[] {
  const mean = stats.find(({ stat }) => stat === 'mean');
  const moved = movedParts(parts);
  if (mean === undefined || mean.differenceNs === 0 || moved === '') return [];
  return [`Of the mean's ${signedNs(mean.differenceNs)}: ${moved}.`];
}

/** `Of the slowest 1 %, whose mean moved by +2 ms: SAN +2 ms.`; nothing where nothing moved. */
export function slowestSentence({ percentile, parts }: SlowestDifference): string[] {
  const moved = movedParts(parts);
  if (moved === '') return [];
  const total = parts.reduce((sum, { differenceNs }) => sum + differenceNs, 0);
  const share = formatPercent(Math.floor((100 - percentile) * 1000 + 0.5) / 1e5);
  return [`Of the slowest ${share}, whose mean moved by ${signedNs(total)}: ${moved}.`];
}

/** Whole-distribution measures and attribution, a sentence each. */
export function directionSentences(direction: DirectionComparison): string[] {
  const { distribution, slowest, baseCount, otherCount } = direction;
  const sentences: string[] = [];
  if (baseCount !== otherCount)
    sentences.push(`${formatCount(baseCount)} I/Os against ${formatCount(otherCount)}.`);
  sentences.push(...meanSentence(direction), ...slowest.flatMap(slowestSentence));
  if (distribution !== null && distribution.areaNs > 0) {
    const { areaNs, largestShare, largestShareNs, crossings } = distribution;
    sentences.push(
      `Area between the curves ${formatNs(areaNs)} per I/O; they are furthest apart at ${formatNs(largestShareNs)}, within which ${formatPercent(Math.abs(largestShare))} ${largestShare > 0 ? 'more' : 'fewer'} of the I/Os end.`,
    );
    if (crossings.length > 0) {
      const shown = crossings
        .slice(0, 3)
        .map(
          ({ percentile, ns, fasterBeyond }) =>
            `at ${percentile} % (${formatNs(ns)}), beyond which the ${fasterBeyond === 'base' ? 'base' : 'other'} is faster`,
        );
      const more = crossings.length > 3 ? `, and ${crossings.length - 3} times more` : '';
      sentences.push(`The curves cross ${listed(shown)}${more}.`);
    }
  }
  return sentences;
}

/** What differs before a single I/O, a line each; one line where nothing does. */
export function inputLines({ inputDifferences, source }: InputComparison): string[] {
  if (inputDifferences.length === 0) {
    return source === 'run' ? ['Same traces, scenario, replay and seed.'] : [];
  }
  const shown = inputDifferences.slice(0, DIFFERENCES_SHOWN).map(differenceText);
  const more = inputDifferences.length - shown.length;
  return more > 0 ? [...shown, `and ${formatCount(more)} more differences of the scenario`] : shown;
}

/** `Only in the base: database, none.` */
export function unpairedLines({ onlyInBase, onlyInOther }: InputComparison): string[] {
  const line = (where: string, results: InputComparison['onlyInBase']): string[] =>
    results.length === 0
      ? []
      : [
          `Only in the ${where}: ${results.map((each) => plainText(resultName(each), NAME_LENGTH)).join('; ')}.`,
        ];
  return [...line('base', onlyInBase), ...line('other', onlyInOther)];
}
