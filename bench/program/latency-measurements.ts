/** Latency distributions from whatever holds latencies: results and logs of fio, histogram logs, traces with completions. */
import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import {
  bucketAt,
  bucketIndex,
  FioError,
  histogramBuckets,
  LAYOUT_NS,
  readFioHistogramLog,
  readFioLog,
} from '#fio-parser';
import type { Measurement } from '../../reference/devices/calibrate/measurement.ts';
import { TimeHeap } from '../../reference/devices/time-heap.ts';
import { DataError, IoError, NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { highestOfIndex, lowestOfIndex } from '../../reference/kernel/histogram.ts';
import { OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { readHlog } from '../../results/hdr/hlog.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { type FioMeasurements, readFioText } from './fio-measurements.ts';

/** What a person says of logs that do not say it themselves. */
export interface SaidOfLogs {
  readonly operation: 'read' | 'write' | undefined;
  readonly sizeBytes: number | undefined;
  readonly depth: number | undefined;
}

const HEAD_BYTES = 4096;

/**
 * Reads files of any of these kinds, told by their content and by fio's names of logs.
 * @throws NoInputError, IoError, DataError with its place, UsageError where something must be said
 */
export async function readLatencyFiles(
  files: readonly string[],
  said: SaidOfLogs,
  signal: AbortSignal,
): Promise<FioMeasurements> {
  const all: FioMeasurements[] = [];
  for (const file of files) all.push(await readLatencyFile(file, said, signal));
  return {
    measurements: all.flatMap(({ measurements }) => measurements),
    notes: all.flatMap(({ notes }) => notes),
  };
}

function textOf(file: string): string {
  return reading(file, () => readFileSync(file, 'utf8'));
}

function headOf(file: string): string {
  return reading(file, () => {
    const head = Buffer.alloc(HEAD_BYTES);
    const descriptor = openSync(file, 'r');
    try {
      return head.toString('latin1', 0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  });
}

function reading(file: string, read: () => string): string {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new NoInputError(`no such file: ${file}`, {
        cause: error,
        hint: 'write one with fio --output-format=json+ --output=FILE',
      });
    throw new IoError(`cannot read ${file}: ${code}`, { cause: error });
  }
}

function readLatencyFile(
  file: string,
  said: SaidOfLogs,
  signal: AbortSignal,
): Promise<FioMeasurements> | FioMeasurements {
  if (/_(?:clat|lat)(?:\.[0-9]+)?\.log$/.test(file)) return placed(() => readLog(file, said));
  if (/_[a-z]+_hist(?:\.[0-9]+)?\.log$/.test(file)) return placed(() => readHistogramLog(file, said));
  const head = headOf(file);
  if (/^(?:#\[|"StartTimestamp"|Tag=)/m.test(head)) return readHistograms(file, textOf(file), said);
  if (/"fio version"|^\s*\{/m.test(head) || /\.json$/i.test(file)) return readFioText(file, textOf(file));
  return readTrace(file, signal);
}

/** Gives fio-parser's errors the form of ours. */
async function placed<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FioError)) {
      const { code, path } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw new NoInputError(`no such file: ${path}`, { cause: error });
      throw error;
    }
    const { what, place, found, expected, hint } = error;
    throw new DataError(what, place, { found, expected, hint, cause: error });
  }
}

/** Counts by fio's buckets, 64 to a doubling: finer no preset need be. */
class Bins {
  private readonly counts = new Map<number, number>();

  add(ns: number, count: number): void {
    const bucket = bucketIndex(LAYOUT_NS, Math.max(0, Math.round(ns)));
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + count);
  }

  histogram(): readonly (readonly [number, number])[] {
    return [...this.counts]
      .sort(([a], [b]) => a - b)
      .map(([bucket, count]) => [Math.round(bucketAt(LAYOUT_NS, bucket).midNs), count] as const);
  }
}

const OPERATIONS = ['read', 'write'] as const;

/** Latencies of a log, gathered by direction and size; the depth is one for all of it. */
class Gathered {
  private readonly tables = new Map<string, Bins>();
  private sumNs = 0;
  private fromMs = Number.POSITIVE_INFINITY;
  private toMs = 0;

  add(operation: 'read' | 'write', sizeBytes: number, timeMs: number, ns: number, count: number): void {
    const key = `${operation} ${sizeBytes}`;
    const bins = this.tables.get(key) ?? new Bins();
    this.tables.set(key, bins);
    bins.add(ns, count);
    this.sumNs += ns * count;
    if (timeMs < this.fromMs) this.fromMs = timeMs;
    if (timeMs > this.toMs) this.toMs = timeMs;
  }

  measurements(file: string, said: SaidOfLogs): FioMeasurements {
    if (this.tables.size === 0) throw new DataError('no latencies of reads or writes', { file });
    const notes: string[] = [];
    let { depth } = said;
    if (depth === undefined) {
      // Little's law: what is under way on average is the sum of the times over the time.
      const spanNs = (this.toMs - this.fromMs) * 1e6;
      if (!(spanNs > 0)) {
        throw new UsageError(`${file} does not say how many I/Os were under way`, {
          hint: 'say it with --depth N',
        });
      }
      depth = Math.min(65536, Math.max(1, Math.round(this.sumNs / spanNs)));
      notes.push(`${file}: ${depth} under way, by Little's law; --depth says otherwise`);
    }
    const measurements: Measurement[] = [];
    for (const [key, bins] of this.tables) {
      const [operation, size] = key.split(' ') as ['read' | 'write', string];
      measurements.push({
        name: file,
        operation,
        sizeBytes: Number(size),
        depth,
        histogram: bins.histogram(),
      });
    }
    return { measurements, notes };
  }
}

/** fio's latency log: a row for each I/O. */
async function readLog(file: string, said: SaidOfLogs): Promise<FioMeasurements> {
  const gathered = new Gathered();
  for await (const block of readFioLog(createReadStream(file), 'latency', { file })) {
    for (let i = 0; i < block.length; i++) {
      const operation = OPERATIONS[block.direction[i]!];
      if (operation === undefined) continue;
      const sizeBytes = block.blockBytes[i]!;
      if (sizeBytes === 0) {
        throw new DataError(
          'rows are averages, which say nothing of a distribution',
          { file },
          { hint: 'run fio without log_avg_msec, or with write_hist_log' },
        );
      }
      gathered.add(operation, sizeBytes, block.timeMs[i]!, block.value[i]!, 1);
    }
  }
  return gathered.measurements(file, said);
}

/** fio's histogram log: a row for each interval. */
async function readHistogramLog(file: string, said: SaidOfLogs): Promise<FioMeasurements> {
  const gathered = new Gathered();
  for await (const { direction, timeMs, blockBytes, histogram } of readFioHistogramLog(
    createReadStream(file),
    { file },
  )) {
    const operation = OPERATIONS[direction];
    if (operation === undefined) continue;
    for (const { midNs, count } of histogramBuckets(histogram))
      gathered.add(operation, said.sizeBytes ?? blockBytes, timeMs, midNs, count);
  }
  return gathered.measurements(file, said);
}

/** What our own logs say of themselves in their first line. */
const OWN_LOG = /^#\[Latency of (read|write|flush)e?s in nanoseconds/m;

/** An HdrHistogram log: only its tags, or our own first line, say what the latencies are of. */
function readHistograms(file: string, text: string, said: SaidOfLogs): FioMeasurements {
  const intervals = readHlog(text, file);
  const own = OWN_LOG.exec(text.slice(0, HEAD_BYTES))?.[1];
  const tables = new Map<'read' | 'write', Bins>();
  for (const { tag, histogram } of intervals) {
    // Of our own logs the time of the device, not the wait before it.
    if (own !== undefined && tag !== 'service') continue;
    const operation = own ?? said.operation ?? /read|write/i.exec(tag)?.[0].toLowerCase();
    if (operation === undefined) {
      throw new UsageError(`${file} does not say whether its latencies are of reads or writes`, {
        hint: 'say it with --operation read or --operation write',
      });
    }
    if (operation !== 'read' && operation !== 'write') continue;
    const bins = tables.get(operation) ?? new Bins();
    tables.set(operation, bins);
    for (let i = 0; i < histogram.index.length; i++) {
      const at = histogram.index[i]!;
      bins.add((lowestOfIndex(at) + highestOfIndex(at)) / 2, histogram.counts[i]!);
    }
  }
  const { sizeBytes, depth } = said;
  if (sizeBytes === undefined || depth === undefined) {
    throw new UsageError(`${file} does not say of what size its I/Os are, and how many were under way`, {
      hint: 'say it with --size 4KiB --depth 8',
    });
  }
  const measurements = [...tables].map(
    ([operation, bins]): Measurement => ({
      name: file,
      operation,
      sizeBytes,
      depth,
      histogram: bins.histogram(),
    }),
  );
  if (measurements.every(({ histogram }) => histogram.length === 0))
    throw new DataError('no latencies of reads or writes', { file });
  return { measurements, notes: [] };
}

/** Classes with fewer I/Os say nothing of a distribution. Assumed. */
const CLASS_IOS = 100;

/** What a trace has in one class of operation, size and depth, each a doubling wide. */
class TraceClass {
  readonly bins = new Bins();
  ios = 0;
  bytes = 0;
  depths = 0;
}

/** A trace that records completions, such as blktrace's: each I/O in the class of its size and of what was under way. */
async function readTrace(file: string, signal: AbortSignal): Promise<FioMeasurements> {
  const trace = await openTrace([file], { event: 'D', signal });
  try {
    const classes = new Map<string, TraceClass>();
    /** Ends of what is under way, by disk. */
    const disks: TimeHeap[] = [];
    let known = 0;
    const cursor = trace.cursor();
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
      for (let i = 0; i < block.length; i++) {
        const op = block.op[i]!;
        const latencyNs = block.latencyNs[i]!;
        if ((op !== OP_READ && op !== OP_WRITE) || !(latencyNs >= 0)) continue;
        known++;
        const startNs = block.timeNs[i]!;
        disks[block.disk[i]!] ??= new TimeHeap(64);
        const underWay = disks[block.disk[i]!]!;
        while (underWay.min <= startNs) underWay.pop();
        underWay.push(startNs + latencyNs);
        const depth = underWay.size;
        const bytes = block.lengthBytes[i]!;
        if (bytes === 0) continue;
        const key = `${op === OP_READ ? 'read' : 'write'} ${Math.ceil(Math.log2(bytes))} ${Math.floor(Math.log2(depth))}`;
        const own = classes.get(key) ?? new TraceClass();
        classes.set(key, own);
        own.bins.add(latencyNs, 1);
        own.ios++;
        own.bytes += bytes;
        own.depths += depth;
      }
    }
    cursor.close();
    const measurements: Measurement[] = [];
    let few = 0;
    for (const [key, { bins, ios, bytes, depths }] of classes) {
      if (ios < CLASS_IOS) {
        few += ios;
        continue;
      }
      measurements.push({
        name: file,
        operation: key.startsWith('read') ? 'read' : 'write',
        sizeBytes: Math.max(512, Math.round(bytes / ios / 512) * 512),
        depth: Math.round(depths / ios),
        histogram: bins.histogram(),
        unlikeRandom: 'the times and addresses of a trace are its own',
      });
    }
    if (measurements.length === 0) {
      throw new DataError(
        known === 0 ? 'no completions are recorded' : 'too few I/Os with a latency',
        { file },
        {
          expected: 'a result or latency log of fio, an .hlog file, or a trace with completions (blktrace)',
        },
      );
    }
    const notes =
      few === 0
        ? []
        : [`${file}: ${few} I/Os of rare sizes and depths are left out (fewer than ${CLASS_IOS} of a class)`];
    return { measurements, notes };
  } finally {
    trace.close();
  }
}
