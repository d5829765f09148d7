/** Several jobs' results as one, by fio's own rules for groups; percentiles come from merged histograms or not at all. */
import type { FioDirection, FioJob, FioLatency, FioPercentile, FioSync } from './fio-results.ts';
import { type FioHistogram, mergeHistograms, percentileBucket } from './latency-histogram.ts';

/** What jobs have together. */
export interface FioMergedJobs {
  readonly jobs: number;
  readonly read: FioDirection;
  readonly write: FioDirection;
  readonly trim: FioDirection;
  readonly mixed: FioDirection | undefined;
  readonly sync: FioSync;
  readonly contextSwitches: number;
  readonly majorFaults: number;
  readonly minorFaults: number;
}

/** What `mergeJobs` makes a percentile of, when none of the jobs lists any: fio's own default list. */
const DEFAULT_PERCENTILES = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99];

/**
 * Adds jobs up as fio's `group_reporting` does: counts and bytes are summed, the runtime is the longest, and bandwidth
 * and IOPS are what those make; of sampled bandwidth and IOPS every number is summed.
 *
 * Latencies have the exact count, bounds, mean and deviation. Histograms are added; percentiles are those of the sum,
 * and there are none where a job that did I/O has no histogram (JSON instead of JSON+): percentiles can't be averaged.
 *
 * @throws RangeError for an empty list, and for jobs of fio 2 beside jobs of fio 3, whose histograms share no bounds.
 */
export function mergeJobs(jobs: readonly FioJob[]): FioMergedJobs {
  if (jobs.length === 0) throw new RangeError('there are no jobs to merge');
  const mixed = jobs.map((job) => job.mixed).filter((direction) => direction !== undefined);
  return {
    jobs: jobs.length,
    read: mergeDirections(jobs.map((job) => job.read)),
    write: mergeDirections(jobs.map((job) => job.write)),
    trim: mergeDirections(jobs.map((job) => job.trim)),
    mixed: mixed.length === 0 ? undefined : mergeDirections(mixed),
    sync: {
      totalIos: sum(jobs, (job) => job.sync.totalIos),
      lat: mergeLatencies(jobs.map((job) => job.sync.lat)),
    },
    contextSwitches: sum(jobs, (job) => job.contextSwitches),
    majorFaults: sum(jobs, (job) => job.majorFaults),
    minorFaults: sum(jobs, (job) => job.minorFaults),
  };
}

/** Merges the jobs of each reporting group (`new_group`), by ascending group number. */
export function mergeByGroup(jobs: readonly FioJob[]): Map<number, FioMergedJobs> {
  const groups = new Map<number, FioJob[]>();
  for (const job of [...jobs].sort((a, b) => a.groupId - b.groupId)) {
    const members = groups.get(job.groupId);
    if (members === undefined) groups.set(job.groupId, [job]);
    else members.push(job);
  }
  return new Map([...groups].map(([group, members]) => [group, mergeJobs(members)]));
}

function sum<T>(list: readonly T[], of: (element: T) => number): number {
  let total = 0;
  for (const element of list) total += of(element);
  return total;
}

function mergeDirections(parts: readonly FioDirection[]): FioDirection {
  const totalIos = sum(parts, (part) => part.totalIos);
  const ioBytes = sum(parts, (part) => part.ioBytes);
  const runtimeMs = parts.reduce((longest, part) => Math.max(longest, part.runtimeMs), 0);
  // fio keeps sums of squared deviations for samples and adds those; the deviation's divisor is samples - 1.
  const deviation = (
    of: (part: FioDirection) => number,
    samplesOf: (part: FioDirection) => number,
  ): number => {
    const samples = sum(parts, samplesOf);
    if (samples < 2) return 0;
    return Math.sqrt(
      sum(parts, (part) => of(part) * of(part) * Math.max(0, samplesOf(part) - 1)) / (samples - 1),
    );
  };
  return {
    totalIos,
    shortIos: sum(parts, (part) => part.shortIos),
    droppedIos: sum(parts, (part) => part.droppedIos),
    ioBytes,
    runtimeMs,
    bytesPerSecond: runtimeMs === 0 ? 0 : Math.floor((1000 * ioBytes) / runtimeMs),
    iops: runtimeMs === 0 ? 0 : (1000 * totalIos) / runtimeMs,
    slat: mergeLatencies(parts.map((part) => part.slat)),
    clat: mergeLatencies(parts.map((part) => part.clat)),
    lat: mergeLatencies(parts.map((part) => part.lat)),
    priorities: [],
    bandwidth: {
      minBytesPerSecond: sum(parts, (part) => part.bandwidth.minBytesPerSecond),
      maxBytesPerSecond: sum(parts, (part) => part.bandwidth.maxBytesPerSecond),
      meanBytesPerSecond: sum(parts, (part) => part.bandwidth.meanBytesPerSecond),
      stddevBytesPerSecond: deviation(
        (part) => part.bandwidth.stddevBytesPerSecond,
        (part) => part.bandwidth.samples,
      ),
      sharePercent: sum(parts, (part) => part.bandwidth.sharePercent),
      samples: sum(parts, (part) => part.bandwidth.samples),
    },
    iopsSamples: {
      minIops: sum(parts, (part) => part.iopsSamples.minIops),
      maxIops: sum(parts, (part) => part.iopsSamples.maxIops),
      meanIops: sum(parts, (part) => part.iopsSamples.meanIops),
      stddevIops: deviation(
        (part) => part.iopsSamples.stddevIops,
        (part) => part.iopsSamples.samples,
      ),
      samples: sum(parts, (part) => part.iopsSamples.samples),
    },
    cacheHitPercent: undefined,
  };
}

/** Merges latencies of one kind; see `mergeJobs`. */
export function mergeLatencies(parts: readonly FioLatency[]): FioLatency {
  const used = parts.filter((part) => part.count !== 0);
  const counted = used.every((part) => part.count !== undefined);
  const count = counted ? sum(used, (part) => part.count ?? 0) : undefined;
  let minNs = Number.POSITIVE_INFINITY;
  let maxNs = 0;
  let samples = 0;
  let meanNs = 0;
  let squares = 0;
  for (const part of used) {
    minNs = Math.min(minNs, part.minNs);
    maxNs = Math.max(maxNs, part.maxNs);
    // Without a count, as in fio 2, every part weighs the same.
    const weight = counted ? (part.count ?? 0) : 1;
    const delta = part.meanNs - meanNs;
    const all = samples + weight;
    meanNs = (meanNs * samples + part.meanNs * weight) / all;
    squares +=
      part.stddevNs * part.stddevNs * Math.max(0, weight - 1) + (delta * delta * samples * weight) / all;
    samples = all;
  }
  const histograms = used.map((part) => part.histogram).filter((histogram) => histogram !== undefined);
  const histogram = histograms.length === used.length ? mergeHistograms(histograms) : undefined;
  return {
    count,
    minNs: used.length === 0 ? 0 : minNs,
    maxNs,
    meanNs,
    stddevNs: samples > 1 ? Math.sqrt(squares / (samples - 1)) : 0,
    percentiles: histogram === undefined ? [] : percentilesOf(histogram, used),
    histogram,
    saturated: used.some((part) => part.saturated),
  };
}

function percentilesOf(histogram: FioHistogram, parts: readonly FioLatency[]): FioPercentile[] {
  const listed = new Set(parts.flatMap((part) => part.percentiles.map(({ percent }) => percent)));
  const percents = listed.size === 0 ? DEFAULT_PERCENTILES : [...listed].sort((a, b) => a - b);
  return percents.flatMap((percent) => {
    const bucket = percentileBucket(histogram, percent);
    return bucket === undefined ? [] : [{ percent, ns: bucket.midNs }];
  });
}
