/** Thresholds as people write them: `[WORKLOAD/][MODE:]DIRECTION.STAT[.service] (<|<=) VALUE|+N%`. */
import { DataError, UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { parseDurationNs } from '../../reference/kernel/units.ts';
import {
  DIRECTIONS,
  type Direction,
  percentileOf,
  type StatName,
  type TimeName,
} from '../compare/measured.ts';

export interface Threshold {
  /** As written. */
  readonly text: string;
  /** null: every workload. */
  readonly workload: string | null;
  /** null: every mode that was chosen. */
  readonly mode: string | null;
  readonly direction: Direction;
  readonly stat: StatName;
  readonly time: TimeName;
  readonly operator: '<' | '<=';
  /** A latency, or how many percent above the baseline. */
  readonly limit:
    | { readonly kind: 'value'; readonly ns: number }
    | { readonly kind: 'relative'; readonly percent: number };
}

const EXAMPLES = "such as 'writes.p99<2ms' or 'database/write-back:reads.p99.9<=+5%'";
const SUBJECT = /^(?:(.+)\/)?(?:([^/:]+):)?([^./:]+)\.([^/:]+)$/;
const RELATIVE = /^\+([0-9]+(?:\.[0-9]+)?)\s*%$/;

function fail(text: string, what: string, hint = `write a threshold ${EXAMPLES}`): never {
  throw new UsageError(`threshold ${JSON.stringify(text)}: ${what}`, { hint });
}

/** @throws UsageError naming the part that does not fit */
export function parseThreshold(text: string): Threshold {
  const at = text.lastIndexOf('<');
  if (at < 0)
    fail(
      text,
      text.includes('>') ? 'only < and <= are known: latencies are better when small' : 'no < or <=',
    );
  const operator = text[at + 1] === '=' ? '<=' : '<';
  const subject = SUBJECT.exec(text.slice(0, at).trim());
  if (subject === null) fail(text, 'no DIRECTION.STAT before the sign');
  const [, workload, mode, direction, rest] = subject as unknown as [
    string,
    string?,
    string?,
    string?,
    string?,
  ];
  if (!DIRECTIONS.includes(direction as Direction))
    fail(
      text,
      `no direction ${JSON.stringify(direction)}`,
      didYouMean(direction!, DIRECTIONS) ?? `there are: ${DIRECTIONS.join(', ')}`,
    );
  const service = rest!.endsWith('.service');
  const stat = service ? rest!.slice(0, -'.service'.length) : rest!;
  const known = ['min', 'mean', 'max', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'p99.99'];
  if (!known.includes(stat) && percentileOf(stat) === undefined)
    fail(
      text,
      `no figure ${JSON.stringify(stat)}`,
      didYouMean(stat, known) ?? 'there are min, mean, max and percentiles such as p50 or p99.9',
    );
  const value = text.slice(at + operator.length).trim();
  const relative = RELATIVE.exec(value);
  let limit: Threshold['limit'];
  if (relative !== null) limit = { kind: 'relative', percent: Number(relative[1]) };
  else {
    try {
      limit = { kind: 'value', ns: parseDurationNs(value) };
    } catch {
      fail(text, `${JSON.stringify(value)} is neither a time nor +N%`, 'write 2ms, 350us or +5%');
    }
  }
  return {
    text: text.trim(),
    workload: workload ?? null,
    mode: mode ?? null,
    direction: direction as Direction,
    stat,
    time: service ? 'service' : 'response',
    operator,
    limit,
  };
}

/**
 * A file of thresholds: one a line, empty lines and what follows `#` are passed over.
 * @throws DataError with the line
 */
export function parseThresholds(text: string, file: string): Threshold[] {
  const thresholds: Threshold[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.replace(/(?:^|\s)#.*$/, '').trim();
    if (content === '') continue;
    try {
      thresholds.push(parseThreshold(content));
    } catch (cause) {
      if (!(cause instanceof UsageError)) throw cause;
      throw new DataError(cause.message, { file, line: index + 1 }, { hint: cause.hint, cause });
    }
  }
  if (thresholds.length === 0)
    throw new DataError('no threshold in the file', { file }, { expected: `lines ${EXAMPLES}` });
  return thresholds;
}
