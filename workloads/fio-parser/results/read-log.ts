/** Latency, bandwidth and IOPS logs (`write_lat_log`, `write_bw_log`, `write_iops_log`), in columns and in base units. */
import { FioError } from '../fio-error.ts';
import { LogLines } from './log-lines.ts';

/** What a log's values are: slat, clat and lat logs are all `latency`. */
export type FioLogKind = 'latency' | 'bandwidth' | 'iops';

/** A column of a log, in the order of the file. */
export type FioLogColumn =
  | 'time'
  | 'value'
  | 'maximum'
  | 'direction'
  | 'blockBytes'
  | 'offset'
  | 'priority'
  | 'issueTime';

export interface ReadLogOptions {
  /** The name for messages; `-` by default. */
  readonly file?: string;
  /** fio's major version, 3 by default: version 2 logs latencies in microseconds. */
  readonly fioMajor?: 2 | 3;
  /** Where the columns are not those that the first rows suggest; see `readFioLog`. */
  readonly columns?: readonly FioLogColumn[];
}

/** Rows of a log in columns; `length` of each are in use. The next block overwrites it. */
export interface FioLogBlock {
  length: number;
  /** Milliseconds since the job's start, or since 1970 with `log_unix_epoch`. */
  readonly timeMs: Float64Array;
  /** Nanoseconds, bytes per second or I/Os per second, by the log's kind. */
  readonly value: Float64Array;
  /** The greatest value of the interval (`log_max_value=both`); NaN where the log has none. */
  readonly maximum: Float64Array;
  /** 0 read, 1 write, 2 trim, 3 sync. */
  readonly direction: Uint8Array;
  /** Size of the I/O; 0 in rows that are averages (`log_avg_msec`). */
  readonly blockBytes: Float64Array;
  /** With `log_offset`; NaN where the log has none. */
  readonly offset: Float64Array;
  /** With `log_prio` fio's priority value, else 1 for the highest class and 0 for the rest; NaN where there is none. */
  readonly priority: Float64Array;
  /** With `log_issue_time`, in nanoseconds; NaN where the log has none. */
  readonly issueTimeNs: Float64Array;
}

const BLOCK_ROWS = 4096;
const DIRECTIONS = 4;
const UNITS: Readonly<Record<FioLogKind, number>> = { latency: 1, bandwidth: 1024, iops: 1 };
const FIO_2_LATENCY_NS = 1000;

/** The kind that a log's name tells: `x_clat.1.log` is a latency log. */
export function logKindOfName(name: string): FioLogKind | undefined {
  const match = /_(?:(slat|clat|lat)|(bw)|(iops))(?:\.[0-9]+)?\.log$/.exec(name);
  if (match === null) return undefined;
  return match[1] !== undefined ? 'latency' : match[2] !== undefined ? 'bandwidth' : 'iops';
}

/**
 * Reads a log block by block, in memory that does not depend on its length.
 *
 * A row of 4 columns is time, value, direction, block size. What more there is depends on fio's version and options
 * and is not written down, so the first block of rows decides: a fifth column of only 0, 1 or 0x… is the priority, else
 * the offset; six columns are offset and priority, or priority and issue time where the fifth is 0x…, or average and
 * maximum first where the third is no direction. `columns` says it where that guess is wrong.
 *
 * @throws FioError with the place where a row is not as the ones before.
 */
export async function* readFioLog(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  kind: FioLogKind,
  options: ReadLogOptions = {},
): AsyncGenerator<FioLogBlock> {
  const reader = new LogReader(kind, options);
  for await (const chunk of chunks) {
    // A row has at least 8 bytes: portions that cannot overfill the rows in waiting.
    for (let from = 0; from < chunk.length; from += BLOCK_ROWS) {
      reader.push(chunk.subarray(from, from + BLOCK_ROWS));
      if (reader.full) yield reader.take();
    }
  }
  reader.end();
  if (reader.rows > 0) yield reader.take();
}

const VALUES_PER_ROW = 8;

class LogReader {
  rows = 0;
  readonly #lines: LogLines;
  readonly #file: string;
  readonly #unit: number;
  #columns: readonly FioLogColumn[] | undefined;
  #width = 0;
  /** Rows as read. */
  readonly #raw = new Float64Array(2 * BLOCK_ROWS * VALUES_PER_ROW);
  #firstLine = 1;
  #hexColumn = -1;
  readonly #block = createBlock(2 * BLOCK_ROWS);

  constructor(kind: FioLogKind, options: ReadLogOptions) {
    this.#file = options.file ?? '-';
    this.#unit = kind === 'latency' && options.fioMajor === 2 ? FIO_2_LATENCY_NS : UNITS[kind];
    this.#columns = options.columns;
    this.#width = options.columns?.length ?? 0;
    this.#lines = new LogLines(this.#file, () => this.#row());
  }

  get full(): boolean {
    return this.rows >= BLOCK_ROWS;
  }
  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }
  end(): void {
    this.#lines.end();
  }

  #row(): void {
    const { columns, values, hexColumn, line } = this.#lines;
    if (this.#width === 0) {
      this.#width = columns;
      this.#hexColumn = hexColumn;
      if (columns < 4 || columns > VALUES_PER_ROW) {
        throw new FioError('not a latency, bandwidth or IOPS log', this.#lines.place(), {
          found: `${columns} columns`,
          expected: '4 to 8 columns: time, value, direction, block size and so on',
          hint: columns > VALUES_PER_ROW ? 'histogram logs are read with readFioHistogramLog' : undefined,
        });
      }
    } else if (columns !== this.#width) {
      throw new FioError('the row is torn', this.#lines.place(), {
        found: `${columns} columns`,
        expected: `${this.#width}, as in the rows before`,
      });
    }
    if (this.rows === 0) this.#firstLine = line;
    const at = this.rows++ * VALUES_PER_ROW;
    for (let i = 0; i < columns; i++) this.#raw[at + i] = values[i]!;
  }

  /** The rows read so far; forgets them. */
  take(): FioLogBlock {
    const raw = this.#raw;
    const { rows } = this;
    this.#columns ??= this.#guessColumns();
    const block = this.#block;
    block.length = rows;
    const targets = this.#columns.map((column) => targetOf(block, column));
    const scales = this.#columns.map((column) =>
      column === 'value' || column === 'maximum' ? this.#unit : 1,
    );
    for (let column = 0; column < targets.length; column++) {
      const target = targets[column]!;
      const scale = scales[column]!;
      const bounded = this.#columns[column] === 'direction';
      const guessedPriority = this.#columns[column] === 'priority' && this.#hexColumn === -1;
      for (let row = 0; row < rows; row++) {
        const value = raw[row * VALUES_PER_ROW + column]!;
        if (bounded && !(value >= 0 && value < DIRECTIONS)) {
          this.#fail(row, column, value, 'a direction: 0 read, 1 write, 2 trim, 3 sync');
        }
        if (guessedPriority && value > 1)
          this.#fail(row, column, value, 'a priority: 0 or 1, as in the rows before');
        target[row] = value * scale;
      }
    }
    this.rows = 0;
    return block;
  }

  #fail(row: number, column: number, value: number, expected: string): never {
    // Empty lines between rows are not counted: the line is the least it can be.
    throw new FioError(
      `column ${column + 1} is not what it was taken for`,
      {
        file: this.#file,
        line: this.#firstLine + row,
        column: 1,
      },
      { found: String(value), expected, hint: 'name the columns with the option `columns`' },
    );
  }

  #guessColumns(): readonly FioLogColumn[] {
    const width = this.#width;
    const plain: FioLogColumn[] = ['time', 'value', 'direction', 'blockBytes'];
    const ranges = (column: number, limit: number): boolean => {
      for (let row = 0; row < this.rows; row++) {
        const value = this.#raw[row * VALUES_PER_ROW + column]!;
        if (value < 0 || value > limit) return false;
      }
      return true;
    };
    const first: FioLogColumn[] = ranges(2, DIRECTIONS - 1)
      ? plain
      : ['time', 'value', 'maximum', 'direction', 'blockBytes'];
    const more = width - first.length;
    const priorityAt = this.#hexColumn;
    if (more <= 0) return first.slice(0, width);
    if (more === 1) {
      return [...first, priorityAt === width - 1 || ranges(width - 1, 1) ? 'priority' : 'offset'];
    }
    if (more === 2) {
      const issueLast =
        priorityAt === -1 ? ranges(width - 2, 1) && !ranges(width - 1, 1) : priorityAt === width - 2;
      return issueLast ? [...first, 'priority', 'issueTime'] : [...first, 'offset', 'priority'];
    }
    return [...first, 'offset', 'priority', 'issueTime'];
  }
}

function createBlock(rows: number): FioLogBlock {
  const absent = () => new Float64Array(rows).fill(Number.NaN);
  return {
    length: 0,
    timeMs: new Float64Array(rows),
    value: new Float64Array(rows),
    maximum: absent(),
    direction: new Uint8Array(rows),
    blockBytes: new Float64Array(rows),
    offset: absent(),
    priority: absent(),
    issueTimeNs: absent(),
  };
}

function targetOf(block: FioLogBlock, column: FioLogColumn): Float64Array | Uint8Array {
  if (column === 'time') return block.timeMs;
  if (column === 'issueTime') return block.issueTimeNs;
  return block[column];
}
