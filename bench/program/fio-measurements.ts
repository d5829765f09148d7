/** Latency distributions from fio's results: by direction, size and depth. */
import { FioError, type FioJob, type FioLatency, histogramBuckets, parseFioResults } from '#fio-parser';
import type { Measurement } from '../../reference/devices/calibrate/measurement.ts';
import { DataError } from '../../reference/kernel/errors.ts';

export interface FioMeasurements {
  readonly measurements: readonly Measurement[];
  readonly notes: readonly string[];
}

/** Engines that have one I/O under way per process, whatever iodepth says. */
const SYNCHRONOUS = /^(sync|psync|vsync|pvsync2?|mmap|splice)$/;
/** Options that keep the number of I/Os under way from being what iodepth says. */
const THROTTLED = ['rate', 'rate_iops', 'thinktime', 'latency_target'];

/** fio's histogram, or what its percentiles tell of it. */
function binsOf(latency: FioLatency, ios: number): readonly (readonly [number, number])[] {
  if (latency.histogram !== undefined && latency.histogram.count > 0)
    return histogramBuckets(latency.histogram).map(({ midNs, count }) => [Math.round(midNs), count] as const);
  const bins = new Map<number, number>();
  let before = 0;
  for (const { percent, ns } of latency.percentiles) {
    const count = Math.round(((percent - before) / 100) * ios);
    if (count > 0) bins.set(Math.round(ns), (bins.get(Math.round(ns)) ?? 0) + count);
    before = percent;
  }
  return [...bins].sort(([a], [b]) => a - b);
}

function depthOf(options: Readonly<Record<string, string>>): number {
  const number = (text: string | undefined): number => {
    const value = Number(text ?? 1);
    return Number.isInteger(value) && value >= 1 ? value : 1;
  };
  const isSynchronous = SYNCHRONOUS.test(options.ioengine ?? 'psync');
  const jobs = 'group_reporting' in options ? number(options.numjobs) : 1;
  return (isSynchronous ? 1 : number(options.iodepth)) * jobs;
}

/** Where a job's addresses were, as far as a single part of a device could tell. */
function placesOf(
  job: FioJob,
  options: Readonly<Record<string, string>>,
): Pick<Measurement, 'spanBytes' | 'unlikeRandom'> {
  const rw = options.rw ?? options.readwrite ?? 'read';
  if (!rw.includes('rand')) return { unlikeRandom: `its addresses are a sequence (rw=${rw})` };
  if (job.read.totalIos > 0 && job.write.totalIos > 0)
    return { unlikeRandom: 'it mixes reads and writes, which share its depth' };
  const size = /^([0-9]+)([kmgt]?)(?:i?b)?$/i.exec(options.size ?? '');
  if (size === null) return {};
  const unit = ['', 'k', 'm', 'g', 't'].indexOf(size[2]!.toLowerCase());
  return { spanBytes: Number(size[1]) * 1024 ** unit };
}

function measurementsOf(file: string, job: FioJob, options: Readonly<Record<string, string>>): Measurement[] {
  const found: Measurement[] = [];
  for (const operation of ['read', 'write'] as const) {
    const direction = job[operation];
    if (direction.totalIos === 0) continue;
    // The whole latency where fio has its histogram (3.37 and later), else from submission on.
    const latency = direction.lat.histogram === undefined ? direction.clat : direction.lat;
    const histogram = binsOf(latency, direction.totalIos);
    if (histogram.length === 0) continue;
    found.push({
      name: `${file}: ${job.name}`,
      operation,
      // A ramp makes the two counts differ by a few I/Os.
      sizeBytes: Math.max(512, Math.round(direction.ioBytes / direction.totalIos / 512) * 512),
      depth: depthOf(options),
      histogram,
      ...placesOf(job, options),
    });
  }
  return found;
}

/** @param file as messages name it @throws DataError */
export function readFioText(file: string, text: string): FioMeasurements {
  const measurements: Measurement[] = [];
  const notes: string[] = [];
  let runs: ReturnType<typeof parseFioResults>;
  try {
    runs = parseFioResults(text, { file });
  } catch (error) {
    if (!(error instanceof FioError)) throw error;
    throw new DataError(
      'is no result of fio',
      { file },
      {
        cause: error,
        hint: `write it with fio --output-format=json+ (${error.message})`,
      },
    );
  }
  for (const run of runs) {
    for (const job of run.jobs) {
      const options = { ...run.globalOptions, ...job.options };
      const own = measurementsOf(file, job, options);
      measurements.push(...own);
      const throttled = THROTTLED.find((option) => option in options);
      if (throttled !== undefined && own.length > 0)
        notes.push(`${job.name} has ${throttled}: fewer I/Os were under way than iodepth says`);
      if (own.length > 0 && job.read.clat.histogram === undefined && job.write.clat.histogram === undefined)
        notes.push(`${job.name} has percentiles only: run fio with --output-format=json+ for the histogram`);
    }
  }
  if (measurements.length === 0) {
    throw new DataError(
      'no latencies of reads or writes',
      { file },
      {
        expected: 'the result of a run with --output-format=json+',
      },
    );
  }
  return { measurements, notes };
}
