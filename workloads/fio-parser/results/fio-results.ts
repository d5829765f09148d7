/**
 * fio's results, typed: every number in base units that its name tells, whatever unit and whatever shape (fio 2 or 3)
 * the document had.
 */
import type { FioHistogram } from './latency-histogram.ts';

/** One document, as fio writes it at its end, or with `--status-interval` several times. */
export interface FioRun {
  /** `fio-3.33`; undefined where the document does not say. */
  readonly fioVersion: string | undefined;
  /** When the document was written, since 1970; fio 2 has whole seconds. */
  readonly timestampMs: number | undefined;
  /** The same as fio's text. */
  readonly time: string | undefined;
  /** Options of [global], by name, as written. With several clients, the last one's. */
  readonly globalOptions: Readonly<Record<string, string>>;
  /** In the order of the document; without `fio`'s "All clients". */
  readonly jobs: readonly FioJob[];
  /** What fio added up over all clients, in client mode with several of them. */
  readonly allClients: FioJob | undefined;
  readonly diskUtil: readonly FioDiskUtil[];
  /** What stood before the document (warnings, progress), at most 4,096 bytes of it. */
  readonly textBefore: string;
}

/** One job, or one reporting group with `group_reporting`. */
export interface FioJob {
  readonly name: string;
  readonly groupId: number;
  readonly description: string | undefined;
  /** Which fio server ran it, in client mode. */
  readonly client: FioClient | undefined;
  /** errno of the failure that ended the job, 0 for none. */
  readonly error: number;
  /** With `continue_on_error`: number of errors and the first one's errno. */
  readonly errors: { readonly total: number; readonly first: number } | undefined;
  readonly etaS: number | undefined;
  readonly elapsedS: number | undefined;
  /** When the job started, in milliseconds since 1970; fio 3.35 and later. */
  readonly startMs: number | undefined;
  readonly runtimeMs: number | undefined;
  /** Options of the job's own section, by name, as written. */
  readonly options: Readonly<Record<string, string>>;
  readonly read: FioDirection;
  readonly write: FioDirection;
  readonly trim: FioDirection;
  /** All three together, with `unified_rw_reporting`; with `mixed` alone, the three are empty. */
  readonly mixed: FioDirection | undefined;
  readonly sync: FioSync;
  readonly userCpuPercent: number;
  readonly systemCpuPercent: number;
  readonly contextSwitches: number;
  readonly majorFaults: number;
  readonly minorFaults: number;
  /** Share of I/Os by the depth they met, by fio's labels ("1" … ">=64"). */
  readonly depthShares: readonly FioShare[];
  readonly submitShares: readonly FioShare[];
  readonly completeShares: readonly FioShare[];
  /** Share of I/Os by latency, ascending. */
  readonly latencyShares: readonly FioLatencyShare[];
  /** The search of `latency_target`; undefined where the job had none. */
  readonly latencyTarget: FioLatencyTarget | undefined;
  readonly steadyState: FioSteadyState | undefined;
  readonly zoneResets: number | undefined;
}

export interface FioClient {
  readonly hostname: string;
  readonly port: number;
}

export interface FioShare {
  readonly label: string;
  readonly percent: number;
}

export interface FioLatencyShare {
  readonly fromNs: number;
  /** Undefined for all above. */
  readonly toNs: number | undefined;
  readonly percent: number;
}

/** Reads, writes or trims of a job. */
export interface FioDirection {
  readonly totalIos: number;
  readonly shortIos: number;
  readonly droppedIos: number;
  readonly ioBytes: number;
  readonly runtimeMs: number;
  readonly bytesPerSecond: number;
  readonly iops: number;
  /** Submission latency. */
  readonly slat: FioLatency;
  /** Completion latency: from submission on. */
  readonly clat: FioLatency;
  /** Total latency. */
  readonly lat: FioLatency;
  /** By priority, where more than one occurred. */
  readonly priorities: readonly FioPriority[];
  /** Samples of bandwidth, one each `bwavgtime`. */
  readonly bandwidth: FioBandwidthSamples;
  readonly iopsSamples: FioIopsSamples;
  readonly cacheHitPercent: number | undefined;
}

/** fsync, fdatasync and sync_file_range of a job. */
export interface FioSync {
  readonly totalIos: number;
  readonly lat: FioLatency;
}

export interface FioLatency {
  /** Undefined in fio 2 and early fio 3, which do not write it. */
  readonly count: number | undefined;
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  readonly stddevNs: number;
  /** Ascending; empty where fio was not asked for them. */
  readonly percentiles: readonly FioPercentile[];
  /** From JSON+ only. */
  readonly histogram: FioHistogram | undefined;
  /**
   * True when values at or above the end of fio's buckets (17.18 s in fio 3) were counted in the last one: high
   * percentiles are then too low.
   */
  readonly saturated: boolean;
}

export interface FioPercentile {
  readonly percent: number;
  readonly ns: number;
}

export interface FioPriority {
  readonly priorityClass: number;
  readonly priority: number;
  readonly kind: 'clat' | 'lat';
  readonly latency: FioLatency;
}

export interface FioBandwidthSamples {
  readonly minBytesPerSecond: number;
  readonly maxBytesPerSecond: number;
  readonly meanBytesPerSecond: number;
  readonly stddevBytesPerSecond: number;
  /** The job's share of its group. */
  readonly sharePercent: number;
  readonly samples: number;
}

export interface FioIopsSamples {
  readonly minIops: number;
  readonly maxIops: number;
  readonly meanIops: number;
  readonly stddevIops: number;
  readonly samples: number;
}

export interface FioLatencyTarget {
  readonly targetNs: number;
  readonly windowNs: number;
  readonly percent: number;
  /** The iodepth it arrived at. */
  readonly depth: number;
}

export interface FioSteadyState {
  /** `iops:30.000000%`, as fio writes it. */
  readonly criterion: string;
  /** What the criterion came to at the end, as fio writes it. */
  readonly measured: string;
  readonly attained: boolean;
  readonly durationS: number;
  readonly maxDeviation: number;
  readonly slope: number;
  readonly meanBytesPerSecond: number;
  readonly meanIops: number;
  readonly meanLatencyNs: number | undefined;
  /** One value each interval. */
  readonly bytesPerSecond: readonly number[];
  readonly iops: readonly number[];
  readonly latencyNs: readonly number[] | undefined;
}

export interface FioDiskUtil {
  readonly name: string;
  readonly readIos: number;
  readonly writeIos: number;
  readonly readMerges: number;
  readonly writeMerges: number;
  readonly readTicksMs: number;
  readonly writeTicksMs: number;
  readonly inQueueMs: number;
  readonly utilPercent: number;
}
