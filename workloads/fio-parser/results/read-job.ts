/** One job of a document, from fio's fields to ours. */
import type {
  FioDirection,
  FioDiskUtil,
  FioJob,
  FioLatency,
  FioLatencyShare,
  FioLatencyTarget,
  FioPercentile,
  FioShare,
  FioSteadyState,
} from './fio-results.ts';
import { type BucketLayout, bucketCount, bucketsByMiddle, LAYOUT_NS, LAYOUT_US } from './latency-buckets.ts';
import { type FioHistogram, histogramOf, isSaturated } from './latency-histogram.ts';
import { FieldMismatch, Fields } from './result-fields.ts';

const BYTES_PER_KIB = 1024;

const NO_LATENCY: FioLatency = {
  count: 0,
  minNs: 0,
  maxNs: 0,
  meanNs: 0,
  stddevNs: 0,
  percentiles: [],
  histogram: undefined,
  saturated: false,
};

const NO_DIRECTION: FioDirection = {
  totalIos: 0,
  shortIos: 0,
  droppedIos: 0,
  ioBytes: 0,
  runtimeMs: 0,
  bytesPerSecond: 0,
  iops: 0,
  slat: NO_LATENCY,
  clat: NO_LATENCY,
  lat: NO_LATENCY,
  priorities: [],
  bandwidth: {
    minBytesPerSecond: 0,
    maxBytesPerSecond: 0,
    meanBytesPerSecond: 0,
    stddevBytesPerSecond: 0,
    sharePercent: 0,
    samples: 0,
  },
  iopsSamples: { minIops: 0, maxIops: 0, meanIops: 0, stddevIops: 0, samples: 0 },
  cacheHitPercent: undefined,
};

/** @throws FieldMismatch */
export function readJob(value: unknown): FioJob {
  const job = new Fields(value);
  const name = job.requiredText('jobname');
  const hostname = job.optionalText('hostname');
  const totalErrors = job.optionalNumber('total_err');
  const mixed = job.optionalFields('mixed');
  const sync = job.optionalFields('sync');
  return {
    name,
    groupId: job.number('groupid'),
    description: job.optionalText('desc'),
    client: hostname === undefined ? undefined : { hostname, port: job.number('port') },
    error: job.number('error'),
    errors: totalErrors === undefined ? undefined : { total: totalErrors, first: job.number('first_error') },
    etaS: job.optionalNumber('eta'),
    elapsedS: job.optionalNumber('elapsed'),
    startMs: job.optionalNumber('job_start'),
    runtimeMs: job.optionalNumber('job_runtime'),
    options: job.optionalFields('job options')?.texts() ?? {},
    read: readDirection(job.optionalFields('read')),
    write: readDirection(job.optionalFields('write')),
    trim: readDirection(job.optionalFields('trim')),
    mixed: mixed === undefined ? undefined : readDirection(mixed),
    sync: { totalIos: sync?.number('total_ios') ?? 0, lat: readLatency(sync, 'lat') },
    userCpuPercent: job.number('usr_cpu'),
    systemCpuPercent: job.number('sys_cpu'),
    contextSwitches: job.number('ctx'),
    majorFaults: job.number('majf'),
    minorFaults: job.number('minf'),
    depthShares: readShares(job.optionalFields('iodepth_level')),
    submitShares: readShares(job.optionalFields('iodepth_submit')),
    completeShares: readShares(job.optionalFields('iodepth_complete')),
    latencyShares: readLatencyShares(job),
    latencyTarget: readLatencyTarget(job),
    steadyState: readSteadyState(job.optionalFields('steadystate')),
    zoneResets: job.optionalNumber('zone_resets'),
  };
}

function readDirection(fields: Fields | undefined): FioDirection {
  if (fields === undefined) return NO_DIRECTION;
  const bytes = fields.number('io_bytes');
  return {
    totalIos: fields.number('total_ios'),
    shortIos: fields.number('short_ios'),
    droppedIos: fields.number('drop_ios'),
    // Before fio 2.21 io_bytes was in KiB; since then io_kbytes stands beside it.
    ioBytes: fields.has('io_kbytes') ? bytes : bytes * BYTES_PER_KIB,
    runtimeMs: fields.number('runtime'),
    bytesPerSecond: fields.optionalNumber('bw_bytes') ?? fields.number('bw') * BYTES_PER_KIB,
    iops: fields.number('iops'),
    slat: readLatency(fields, 'slat'),
    clat: readLatency(fields, 'clat'),
    lat: readLatency(fields, 'lat'),
    priorities: fields.fieldsList('prios').map((entry) => {
      const kind = entry.has('clat_ns') ? 'clat' : 'lat';
      return {
        priorityClass: entry.number('prioclass'),
        priority: entry.number('prio'),
        kind,
        latency: readLatency(entry, kind),
      };
    }),
    bandwidth: {
      minBytesPerSecond: fields.number('bw_min') * BYTES_PER_KIB,
      maxBytesPerSecond: fields.number('bw_max') * BYTES_PER_KIB,
      meanBytesPerSecond: fields.number('bw_mean') * BYTES_PER_KIB,
      stddevBytesPerSecond: fields.number('bw_dev') * BYTES_PER_KIB,
      sharePercent: fields.number('bw_agg'),
      samples: fields.number('bw_samples'),
    },
    iopsSamples: {
      minIops: fields.number('iops_min'),
      maxIops: fields.number('iops_max'),
      meanIops: fields.number('iops_mean'),
      stddevIops: fields.number('iops_stddev'),
      samples: fields.number('iops_samples'),
    },
    cacheHitPercent: fields.optionalNumber('cachehit'),
  };
}

/** @param kind `clat` reads `clat_ns`, or fio 2's `clat` in microseconds. */
function readLatency(parent: Fields | undefined, kind: 'slat' | 'clat' | 'lat'): FioLatency {
  const inNs = parent?.optionalFields(`${kind}_ns`);
  const fields = inNs ?? parent?.optionalFields(kind);
  if (fields === undefined) return NO_LATENCY;
  const layout = inNs === undefined ? LAYOUT_US : LAYOUT_NS;
  const { unitNs } = layout;
  const maxNs = fields.number('max') * unitNs;
  const histogram = readBins(fields.optionalFields('bins'), layout);
  const none = parent?.optionalNumber('total_ios') === 0 ? 0 : undefined;
  const count = fields.optionalNumber('N') ?? histogram?.count ?? none;
  return {
    count,
    minNs: fields.number('min') * unitNs,
    maxNs,
    meanNs: fields.number('mean') * unitNs,
    stddevNs: fields.number('stddev') * unitNs,
    // fio 2 lists zeros for the percentiles of nothing.
    percentiles: count === 0 ? [] : readPercentiles(fields.optionalFields('percentile'), unitNs),
    histogram,
    saturated:
      maxNs >= 2 ** (layout.groups + 5) * unitNs &&
      (histogram === undefined || isSaturated(histogram, maxNs)),
  };
}

function readPercentiles(fields: Fields | undefined, unitNs: number): FioPercentile[] {
  if (fields === undefined) return [];
  const percentiles: FioPercentile[] = [];
  for (const name of fields.names()) {
    const percent = Number(name);
    if (!(percent >= 0 && percent <= 100)) {
      throw new FieldMismatch([...fields.path, name], 'a percentile from 0 to 100 as the name', name);
    }
    // fio 2 fills its list of 20 up with "0.00".
    if (percent > 0) percentiles.push({ percent, ns: fields.number(name) * unitNs });
  }
  return percentiles.sort((a, b) => a.percent - b.percent);
}

const BINS_COUNT = 'FIO_IO_U_PLAT_NR';

function readBins(fields: Fields | undefined, layout: BucketLayout): FioHistogram | undefined {
  if (fields === undefined) return undefined;
  const dense = new Float64Array(bucketCount(layout));
  // fio 2.8 to 2.20 name each bin by its number and say how many there are; later ones name it by its middle.
  const numbered = fields.has(BINS_COUNT);
  const byMiddle = bucketsByMiddle(layout);
  const bins = fields.object();
  for (const name of Object.keys(bins)) {
    if (numbered && name.startsWith('FIO_')) continue;
    const value = Number(name);
    const index = numbered ? value : byMiddle.get(value);
    if (index === undefined || !Number.isSafeInteger(index) || index < 0 || index >= dense.length)
      throw new FieldMismatch(
        [...fields.path, name],
        "the middle of one of fio's latency bins as the name",
        name,
      );
    // null is fio's nan.
    const count = bins[name] ?? 0;
    if (typeof count !== 'number') throw new FieldMismatch([...fields.path, name], 'a number', count);
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new FieldMismatch([...fields.path, name], 'a count', count);
    }
    dense[index] = count;
  }
  return histogramOf(layout, dense);
}

function readShares(fields: Fields | undefined): FioShare[] {
  return fields?.names().map((label) => ({ label, percent: fields.number(label) })) ?? [];
}

function readLatencyShares(job: Fields): FioLatencyShare[] {
  const shares: FioLatencyShare[] = [];
  for (const [name, unitNs] of [
    ['latency_ns', 1],
    ['latency_us', 1e3],
    ['latency_ms', 1e6],
  ] as const) {
    const fields = job.optionalFields(name);
    if (fields === undefined) continue;
    let fromNs = unitNs === 1 ? 0 : unitNs;
    for (const label of fields.names()) {
      const above = label.startsWith('>=');
      const bound = Number(above ? label.slice(2) : label) * unitNs;
      if (!Number.isSafeInteger(bound)) {
        throw new FieldMismatch([...fields.path, label], 'a bound of latency as the name', label);
      }
      shares.push({
        fromNs: above ? bound : fromNs,
        toNs: above ? undefined : bound,
        percent: fields.number(label),
      });
      fromNs = bound;
    }
  }
  return shares;
}

function readLatencyTarget(job: Fields): FioLatencyTarget | undefined {
  // fio 2 measured it in microseconds, as its latencies.
  const unitNs = job.optionalFields('read')?.has('clat') === true ? 1e3 : 1;
  const targetNs = job.optionalNumber('latency_target_ns') ?? job.number('latency_target') * unitNs;
  if (targetNs === 0) return undefined;
  return {
    targetNs,
    windowNs: (job.optionalNumber('latency_window_us') ?? job.number('latency_window')) * 1e3,
    percent: job.number('latency_percentile'),
    depth: job.number('latency_depth'),
  };
}

function readSteadyState(fields: Fields | undefined): FioSteadyState | undefined {
  if (fields === undefined) return undefined;
  const data = fields.optionalFields('data');
  return {
    criterion: fields.optionalText('ss') ?? '',
    measured: fields.optionalText('criterion') ?? '',
    attained: fields.number('attained') !== 0,
    durationS: fields.number('duration'),
    maxDeviation: fields.number('max_deviation'),
    slope: fields.number('slope'),
    // Bytes per second, unlike every other bw of fio's.
    meanBytesPerSecond: data?.number('bw_mean') ?? 0,
    meanIops: data?.number('iops_mean') ?? 0,
    meanLatencyNs: data?.optionalNumber('lat_mean'),
    bytesPerSecond: data?.numberList('bw') ?? [],
    iops: data?.numberList('iops') ?? [],
    latencyNs: data?.has('lat_ns') === true ? data.numberList('lat_ns') : undefined,
  };
}

/** @throws FieldMismatch */
export function readDiskUtil(fields: Fields): FioDiskUtil {
  return {
    name: fields.optionalText('name') ?? '',
    readIos: fields.number('read_ios'),
    writeIos: fields.number('write_ios'),
    readMerges: fields.number('read_merges'),
    writeMerges: fields.number('write_merges'),
    readTicksMs: fields.number('read_ticks'),
    writeTicksMs: fields.number('write_ticks'),
    inQueueMs: fields.number('in_queue'),
    utilPercent: fields.number('util'),
  };
}
