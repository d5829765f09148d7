/** What `fvp cluster fuzz` does once its flags are parsed. */
import { AppError, UsageError } from '../../reference/kernel/errors.ts';
import { formatCount } from '../../reference/kernel/units.ts';
import { interruptible } from '../program/interrupt.ts';
import { ProgressLine } from '../render/progress.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import type { FuzzCoverage } from './fuzz-coverage.ts';
import { type FuzzFailure, type FuzzSummary, runFuzz } from './run-fuzz.ts';

const SEEDS_DEFAULT = 100;
const SEEDS_MOST = 1e9;
const LIVENESS_CHECKERS = ['liveness', 'nothing-leaked'];

/** Checkers have found something. */
class CheckerError extends AppError {
  readonly code = 'E_CHECKER';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, hint: string) {
    super(message, { hint });
    this.exitCode = exitCode;
  }
}

export interface FuzzFlags {
  readonly seed: string | undefined;
  readonly seeds: string | undefined;
  readonly minutes: string | undefined;
  readonly beyond: boolean;
  readonly coverage: boolean;
}

/** @returns the document for `--json` @throws CheckerError when a seed fails */
export async function fuzzCommand(flags: FuzzFlags, print: (line: string) => void): Promise<FuzzSummary> {
  const firstSeed =
    flags.seed === undefined ? 1 : wholeNumber('seed', flags.seed, 0, Number.MAX_SAFE_INTEGER);
  const seeds =
    flags.seeds === undefined
      ? flags.seed === undefined
        ? SEEDS_DEFAULT
        : 1
      : wholeNumber('seeds', flags.seeds, 1, SEEDS_MOST);
  const milliseconds =
    flags.minutes === undefined
      ? Number.POSITIVE_INFINITY
      : wholeNumber('minutes', flags.minutes, 1, 100_000) * 60_000;
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
    const [first] = summary.failures;
    if (first !== undefined) throw errorOf(summary.failures, first);
    return summary;
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
  if (failures.length === 0) lines.push('Every checker passed.');
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

function errorOf(failures: readonly FuzzFailure[], first: FuzzFailure): CheckerError {
  const objections = failures.flatMap((failure) => failure.objections);
  const exitCode = failures.some(({ crash }) => crash !== undefined)
    ? 90
    : objections.some(({ checker, valid }) => valid === false && !LIVENESS_CHECKERS.includes(checker))
      ? 92
      : objections.some(({ valid }) => valid === false)
        ? 91
        : 93;
  return new CheckerError(
    `${failures.length} ${failures.length === 1 ? 'seed fails' : 'seeds fail'}, the first is ${first.seed}`,
    exitCode,
    `replay it with: ${first.replay}`,
  );
}

function wholeNumber(flag: string, written: string, least: number, most: number): number {
  const value = Number(written);
  if (/^\d+$/.test(written) && value >= least && value <= most) return value;
  throw new UsageError(`--${flag} ${written} is not a whole number from ${least} to ${most}`);
}
