/** Histogram logs (`write_hist_log`): one latency histogram for each interval and direction. */
import { FioError } from '../fio-error.ts';
import { type BucketLayout, bucketCount, COARSENESS_MAX, LAYOUT_NS, LAYOUT_US } from './latency-buckets.ts';
import { type FioHistogram, histogramOf } from './latency-histogram.ts';
import { LogLines } from './log-lines.ts';

/** One row: what completed since the row before of the same direction. */
export interface FioHistogramRow {
  /** Milliseconds since the job's start: the end of the interval. */
  readonly timeMs: number;
  /** 0 read, 1 write, 2 trim, 3 sync. */
  readonly direction: number;
  /** Size of the interval's last I/O, as fio logs it. */
  readonly blockBytes: number;
  readonly histogram: FioHistogram;
}

const LEADING_COLUMNS = 3;
const DIRECTIONS = 4;
/** Bytes parsed between two rows handed out; a row has at least 64. */
const PORTION_BYTES = 65_536;

/**
 * Reads a histogram log row by row, in memory that does not depend on its length. The number of columns tells the
 * buckets: 1,856 of nanoseconds (fio 3) or 1,216 of microseconds (fio 2), halved `log_hist_coarseness` times.
 *
 * fio does not log the last, incomplete interval, so the rows add up to less than the job's own histogram.
 *
 * @throws FioError with the place where a row is torn or not of a histogram log.
 */
export async function* readFioHistogramLog(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { readonly file?: string } = {},
): AsyncGenerator<FioHistogramRow> {
  let rows: FioHistogramRow[] = [];
  let layout: BucketLayout | undefined;
  const lines = new LogLines(options.file ?? '-', () => {
    layout ??= layoutOf(lines);
    rows.push(readRow(lines, layout));
  });
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += PORTION_BYTES) {
      lines.push(chunk.subarray(from, from + PORTION_BYTES));
      yield* rows;
      rows = [];
    }
  }
  lines.end();
  yield* rows;
}

function layoutOf(lines: LogLines): BucketLayout {
  const bins = lines.columns - LEADING_COLUMNS;
  for (const base of [LAYOUT_NS, LAYOUT_US]) {
    for (let coarseness = 0; coarseness <= COARSENESS_MAX; coarseness++) {
      const layout = { ...base, coarseness };
      if (bucketCount(layout) === bins) return layout;
    }
  }
  throw new FioError('not a histogram log', lines.place(), {
    found: `${lines.columns} columns`,
    expected: `time, direction, block size and 1,856 bins, or 1,216, or those halved up to ${COARSENESS_MAX} times`,
  });
}

function readRow(lines: LogLines, layout: BucketLayout): FioHistogramRow {
  const { values, columns } = lines;
  const expected = bucketCount(layout) + LEADING_COLUMNS;
  if (columns !== expected) {
    throw new FioError('the row is torn', lines.place(), {
      found: `${columns} columns`,
      expected: `${expected}, as in the rows before`,
    });
  }
  const direction = values[1]!;
  if (!(direction >= 0 && direction < DIRECTIONS)) {
    throw new FioError('no direction', lines.place(), {
      found: String(direction),
      expected: '0 read, 1 write, 2 trim or 3 sync in column 2',
    });
  }
  const bins = values.subarray(LEADING_COLUMNS, columns);
  for (let i = 0; i < bins.length; i++) {
    if (bins[i]! < 0) {
      throw new FioError(`a count below 0 in column ${i + LEADING_COLUMNS + 1}`, lines.place(), {
        found: String(bins[i]),
        expected: 'a count',
      });
    }
  }
  return { timeMs: values[0]!, direction, blockBytes: values[2]!, histogram: histogramOf(layout, bins) };
}
