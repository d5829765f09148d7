/**
 * `.hlog` files: interval histograms as text lines, version 1.3 of HdrHistogram's log format, which its own tools read.
 *
 * The histograms are encoded by hdr-histogram-js. The lines are put together here, since the library's writer formats
 * numbers through Intl and the start time through the machine's time zone.
 */
import { DataError, quoteFound } from '../../reference/kernel/errors.ts';
import { histogramIndex, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { NS_PER_MS, NS_PER_S } from '../../reference/kernel/units.ts';
import type { LatencyRecording } from '../schema/run-document.ts';
import { decodeHistogram } from './decode.ts';
import { HdrEncoder } from './encode.ts';

/** One interval's line of an `.hlog` file. */
export interface HlogInterval {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Empty where the line has none. */
  readonly tag: string;
  /** As written in the file, in seconds. */
  readonly startSeconds: number;
  readonly lengthSeconds: number;
  readonly histogram: SparseHistogram;
}

/** `12.500` from 12500 and 1000: a decimal number with 3 places, or as many as it takes to be exact. */
function decimal(value: number, one: number): string {
  const whole = Math.floor(value / one);
  const digits = String(one).length - 1;
  let fraction = String(value - whole * one).padStart(digits, '0');
  while (fraction.length > 3 && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  return `${whole}.${fraction}`;
}

function sameCounts(a: SparseHistogram, b: SparseHistogram): boolean {
  if (a.count !== b.count || a.index.length !== b.index.length) return false;
  for (let i = 0; i < a.index.length; i++) {
    if (a.index[i] !== b.index[i] || a.counts[i] !== b.counts[i]) return false;
  }
  return true;
}

/**
 * The text of a recording's `.hlog` file. Every interval has two lines, tagged `response` and `service`, empty ones
 * too, so that the n-th line of a tag is interval n. Times are seconds of virtual time from 0 and the largest value
 * of a line is in milliseconds, both exact to the nanosecond.
 */
export function writeHlog(recording: LatencyRecording): string {
  let maxNs = 0;
  for (const histogram of recording.response) maxNs = Math.max(maxNs, histogram.max);
  for (const histogram of recording.service) maxNs = Math.max(maxNs, histogram.max);
  const encoder = new HdrEncoder(maxNs);
  const name = `${quoteFound(recording.workload)}, mode ${quoteFound(recording.mode)}`;
  const lines = [
    `#[Latency of ${recording.kind} in nanoseconds, workload ${name}]`,
    '#[Histogram log format version 1.3]',
    `#[Interval: ${recording.intervalNs} (nanoseconds of virtual time)]`,
    '#[StartTime: 0.000 (seconds since epoch), Thu Jan 01 00:00:00 UTC 1970]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ];
  const lengthText = decimal(recording.intervalNs, NS_PER_S);
  let empty: string | undefined;
  let last: SparseHistogram | undefined;
  let lastText = '';
  const put = (tag: string, index: number, histogram: SparseHistogram): void => {
    let text: string;
    if (histogram.count === 0) text = empty ??= encoder.encode(histogram);
    // Where nothing queues, service and response time are the same histogram: encoding is the costly part.
    else if (last !== undefined && sameCounts(last, histogram)) text = lastText;
    else {
      text = encoder.encode(histogram);
      last = histogram;
      lastText = text;
    }
    const start = decimal(index * recording.intervalNs, NS_PER_S);
    lines.push(`Tag=${tag},${start},${lengthText},${decimal(histogram.max, NS_PER_MS)},${text}`);
  };
  const intervals = Math.max(recording.response.length, recording.service.length);
  for (let i = 0; i < intervals; i++) {
    if (i < recording.response.length) put('response', i, recording.response[i]!);
    if (i < recording.service.length) put('service', i, recording.service[i]!);
  }
  lines.push('');
  return lines.join('\n');
}

/**
 * The text of a log with one line for each of `histograms`, tagged with its name: whole runs, that need no intervals.
 * @param spanNs length of the run; all lines span it
 */
export function writeTotalsHlog(
  histograms: readonly (readonly [tag: string, histogram: SparseHistogram])[],
  spanNs: number,
): string {
  const encoder = new HdrEncoder(histograms.reduce((most, [, { max }]) => Math.max(most, max), 0));
  const length = decimal(spanNs, NS_PER_S);
  return [
    '#[Latency of whole runs in nanoseconds]',
    '#[Histogram log format version 1.3]',
    '#[StartTime: 0.000 (seconds since epoch), Thu Jan 01 00:00:00 UTC 1970]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...histograms.map(
      ([tag, histogram]) =>
        `Tag=${tag},0.000,${length},${decimal(histogram.max, NS_PER_MS)},${encoder.encode(histogram)}`,
    ),
    '',
  ].join('\n');
}

const NUMBER = /^[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/** The exact maximum where the line's own maximum (in ms) lies in the last bucket. */
function withLineMax(histogram: SparseHistogram, maxMs: number): SparseHistogram {
  const maxNs = Math.floor(maxMs * NS_PER_MS + 0.5);
  if (histogram.count === 0 || !Number.isSafeInteger(maxNs)) return histogram;
  const last = histogram.index[histogram.index.length - 1]!;
  return histogramIndex(maxNs) === last
    ? { ...histogram, max: maxNs, min: Math.min(histogram.min, maxNs) }
    : histogram;
}

/**
 * Reads an `.hlog` file of any writer (format versions 1.0 to 1.3, histograms V0 to V2), in the file's order.
 * @param file name for messages
 * @throws DataError at the first line that is no interval, comment or legend
 */
export function readHlog(text: string, file: string): HlogInterval[] {
  const intervals: HlogInterval[] = [];
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(at, end).trim();
    at = end + 1;
    line++;
    if (content === '' || content.startsWith('#') || content.startsWith('"')) continue;
    const fields = content.split(',');
    let tag = '';
    if (fields[0]!.startsWith('Tag=')) tag = fields.shift()!.slice('Tag='.length);
    if (fields.length !== 4) {
      throw new DataError(
        'not an interval of a histogram log',
        { file, line },
        {
          found: content,
          expected: 'start, length, maximum and histogram, separated by commas',
        },
      );
    }
    const [start, length, max, histogram] = fields as [string, string, string, string];
    for (const field of [start, length, max]) {
      if (!NUMBER.test(field.trim())) throw new DataError('not a number', { file, line }, { found: field });
    }
    const decoded = decodeHistogram(histogram, { file, line });
    intervals.push({
      line,
      tag,
      startSeconds: Number(start),
      lengthSeconds: Number(length),
      histogram: withLineMax(decoded, Number(max)),
    });
  }
  return intervals;
}
