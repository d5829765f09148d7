/** What `fvp cluster fuzz` does once its flags are parsed. */
import { formatCount } from '../../reference/kernel/units.ts';
import { type Bounds, flagQuantity, parseWhole, SEED_BOUNDS } from '../program/flag-quantity.ts';
import { interruptible } from '../program/interrupt.ts';
import { ProgressLine } from '../render/progress.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import type { FuzzCoverage } from './fuzz-coverage.ts';
import { type FuzzFailure, type FuzzSummary, runFuzz } from './run-fuzz.ts';

const SEEDS_DEFAULT = 100;
const SEEDS: Bounds = { least: 1, most: 1e9, words: '1 to 1000000000' };
const MINUTES: Bounds = { least: 1, most: 100_000, words: '1 to 100000' };
const LIVENESS_CHECKERS = ['liveness', 'nothing-leaked'];

export interface FuzzFlags {
  readonly seed: string | undefined;
  readonly seeds: string | undefined;
  readonly minutes: string | undefined;
  readonly beyond: boolean;
  readonly coverage: boolean;
}

export interface FuzzAnswer {
  readonly summary: FuzzSummary;
  /** 0: every checker has passed. */
  readonly exitCode: number;
}

/** @returns the document for `--json`, of seeds that fail too */
export async function fuzzCommand(flags: FuzzFlags, print: (line: string) => void): Promise<FuzzAnswer> {
  const firstSeed = flags.seed === undefined ? 1 : flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS);
  const seeds =
    flags.seeds === undefined
      ? flags.seed === undefined
        ? SEEDS_DEFAULT
        : 1
      : flagQuantity('seeds', flags.seeds, parseWhole, SEEDS);
  const milliseconds =
    flags.minutes === undefined
      ? Number.POSITIVE_INFINITY
      : flagQuantity('minutes', flags.minutes, parseWhole, MINUTES) * 60_000;
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const summary = await interruptible((signal) =>
      runFuzz({ firstSeed, seeds, milliseconds, beyond: flags.beyond }, signal, (done) =>
        progress.show({ text: 'seeds', done, total: seeds }),
      ),
    );
    progress.clear();
    for (const line of describe(summary)) print(line);
    if (flags.coverage) for (const line of coverageTable(summary.coverage)) print(line);
    return { summary, exitCode: exitCodeOf(summary.failures) };
  } finally {
    progress.clear();
  }
}

function describe(summary: FuzzSummary): string[] {
  const { seeds, firstSeed, operations, faults, failures } = summary;
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${formatCount(count)}`);
  const lines = [
    `${formatCount(seeds)} ${seeds === 1 ? 'seed' : 'seeds'} from ${firstSeed}: ${formatCount(operations)} guest I/Os; events per seed, median: ${summary.faultsPerSeedMedian}.`,
    `Events: ${kinds.length === 0 ? 'none' : kinds.join(', ')}.`,
    `Recoveries ${formatCount(summary.recoveries)}, new holders copied to ${formatCount(summary.repairs)}, migrations ${formatCount(summary.migrations)}, VMs declared lost ${formatCount(summary.declaredLost)}.`,
    ...wrapText(crashPointLine(summary.coverage), COLUMNS_MAX),
    `Hash of all events: ${summary.hash}.`,
  ];
  for (const failure of failures) lines.push('', ...describeFailure(failure));
  const count = failures.length;
  lines.push(
    ...(count === 0
      ? ['Every checker passed.']
      : ['', `${formatCount(count)} ${count === 1 ? 'seed fails' : 'seeds fail'}.`]),
  );
  return lines;
}

/** Names so many points at which no host was stopped; `--coverage` and `--json` have them all. */
const NAMED_MOST = 6;

function crashPointLine({ points, crashed, steps }: FuzzCoverage): string {
  const left = steps.flatMap(({ step, notCrashed }) => notCrashed.map((point) => `${step} ${point}`));
  const named = left.slice(0, NAMED_MOST).join(', ');
  const more = left.length > NAMED_MOST ? ` and ${left.length - NAMED_MOST} more` : '';
  const rest = left.length === 0 ? '' : `, not ${named}${more}`;
  return `Crash points: a host was stopped at ${crashed} of the ${points} that transitions came by${rest}.`;
}

const STEP_COLUMNS = 44;

/** By step: crash points, and in how many seeds which event took place during it. */
function coverageTable({ steps }: FuzzCoverage): string[] {
  const lines = ['', `${'Transition/step'.padEnd(STEP_COLUMNS)}stopped at  events meanwhile`];
  for (const { step, points, notCrashed, faults } of steps) {
    const kinds = Object.entries(faults).map(([kind, seeds]) => `${kind} ${seeds}`);
    const row = `${step.padEnd(STEP_COLUMNS)}${`${points - notCrashed.length} of ${points}`.padEnd(12)}`;
    const [first = '–', ...rest] = wrapText(kinds.join(', ') || '–', COLUMNS_MAX - row.length);
    lines.push(row + first, ...rest.map((line) => ' '.repeat(row.length) + line));
  }
  return lines;
}

function describeFailure({ seed, crash, objections, events, replay }: FuzzFailure): string[] {
  return [
    `Seed ${seed} fails:`,
    ...(crash === undefined ? [] : [`  crash: ${crash.split('\n').slice(0, 4).join('\n    ')}`]),
    ...objections.flatMap(({ checker, valid, evidence }) => [
      `  ${checker}${valid === 'unknown' ? ' cannot tell' : ''}:`,
      ...evidence.map((line) => `    ${line}`),
    ]),
    `  Events that suffice (${events.length}):`,
    ...events.map((event) => `    ${JSON.stringify(event)}`),
    `  Replay: ${replay}`,
  ];
}

function exitCodeOf(failures: readonly FuzzFailure[]): number {
  if (failures.length === 0) return 0;
  if (failures.some(({ crash }) => crash !== undefined)) return 90;
  const refuted = failures.flatMap(({ objections }) => objections).filter(({ valid }) => valid === false);
  if (refuted.length === 0) return 93;
  return refuted.every(({ checker }) => LIVENESS_CHECKERS.includes(checker)) ? 91 : 92;
}
