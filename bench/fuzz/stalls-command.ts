/** What `fvp cluster stalls` does: every row of the failure matrix in every mode, and how long a guest waits at most. */
import { setImmediate } from 'node:timers/promises';
import { BugError } from '../../reference/kernel/errors.ts';
import { formatNs } from '../../reference/kernel/units.ts';
import {
  COMPARATOR_NS,
  FAILURES,
  MATRIX_MODES,
  type MatrixMode,
  NOT_RUN,
} from '../../reference/testing/matrix/failure-matrix.ts';
import { type FailureOutcome, runFailure } from '../../reference/testing/matrix/run-failure.ts';
import { ProgressLine } from '../render/progress.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';

interface StallCell {
  readonly mode: MatrixMode;
  readonly promise: string;
  readonly lost: boolean;
  readonly finalState: string;
  /** null: never answered, the data is lost. */
  readonly worstStallNs: number | null;
  /** null: without a bound. */
  readonly boundNs: number | null;
  readonly broken: readonly string[];
}

interface StallTable {
  readonly schema: 'fvp.stalls/1';
  readonly comparatorNs: number;
  readonly failures: readonly { readonly name: string; readonly modes: readonly StallCell[] }[];
  readonly notRun: readonly { readonly name: string; readonly why: string }[];
}

/** @throws BugError when a promise is broken */
export async function stallsCommand(print: (line: string) => void): Promise<StallTable> {
  const progress = new ProgressLine(process.stderr, () => performance.now());
  const failures: { name: string; modes: StallCell[] }[] = [];
  try {
    for (const [done, failure] of FAILURES.entries()) {
      const modes: StallCell[] = [];
      for (const mode of MATRIX_MODES) {
        const promise = failure.promises[mode];
        if (promise === undefined) continue;
        progress.show({ text: 'failures', done, total: FAILURES.length });
        await setImmediate();
        const outcome = runFailure(failure, mode);
        modes.push({
          mode,
          promise: promise.words,
          ...pick(outcome),
          boundNs: finite(promise.stallNs),
        });
      }
      failures.push({ name: failure.name, modes });
    }
  } finally {
    progress.clear();
  }
  const table: StallTable = {
    schema: 'fvp.stalls/1',
    comparatorNs: COMPARATOR_NS,
    failures,
    notRun: NOT_RUN,
  };
  for (const line of stallLines(table)) print(line);
  const broken = failures.flatMap(({ name, modes }) =>
    modes
      .filter((cell) => cell.broken.length > 0)
      .map((cell) => `${name}, ${cell.mode}: ${cell.broken.join('; ')}`),
  );
  if (broken.length > 0) throw new BugError(`promises are broken: ${broken.join('. ')}`);
  return table;
}

const NAME_COLUMNS = 46;
const CELL_COLUMNS = 13;

function stallLines({ failures, comparatorNs, notRun }: StallTable): string[] {
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(NAME_COLUMNS) + cells.map((cell) => cell.padStart(CELL_COLUMNS)).join('');
  const lines = [
    `Longest wait of a guest I/O; VirtuCache promises at most ${formatNs(comparatorNs)}.`,
    '',
    row('Failure', ['write-', 'write-', 'write-', 'write-']),
    row('', ['through', 'back', 'back+1', 'back+2']),
  ];
  const notes: string[] = [];
  for (const { name, modes } of failures) {
    const cells = MATRIX_MODES.map((mode) => {
      const cell = modes.find((one) => one.mode === mode);
      if (cell === undefined) return '–';
      const text =
        cell.worstStallNs === null ? 'lost' : formatNs(Math.floor(cell.worstStallNs / 1e5 + 0.5) * 1e5);
      if (cell.broken.length === 0) return `${text}${cell.finalState === 'ORPHANED' ? '*' : ''}`;
      notes.push(`${name}, ${mode}: ${cell.broken.join('; ')}.`);
      return `${text} [${notes.length}]`;
    });
    lines.push(row(name, cells));
  }
  const below = [
    'lost: the loss is declared and the VM stays off.  *: until its host was started again, 55 s after the failure.',
    ...notes.map((note, number) => `[${number + 1}] ${note}`),
    ...notRun.map(({ name, why }) => `Not run: ${name}: ${why}.`),
  ];
  return [...lines, '', ...below.flatMap((line) => wrapText(line, COLUMNS_MAX))];
}

function pick({ lost, finalState, worstStallNs, broken }: FailureOutcome) {
  return { lost, finalState, worstStallNs: finite(worstStallNs), broken };
}

function finite(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : value;
}
