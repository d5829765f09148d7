/**
 * The documents of a run: what `fvp bench run --json` prints and what stands in a run directory. All of it is plain
 * data. Units are in the names; latencies are integers in nanoseconds (means and deviations are not).
 */
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';

export const RUN_SCHEMA = 'fvp.run/1';
export const TIMELINE_SCHEMA = 'fvp.timeline/1';
export const TIMING_SCHEMA = 'fvp.timing/1';

export interface LatencySummary {
  readonly minNs: number;
  readonly meanNs: number;
  readonly stddevNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly 'p99.9Ns': number;
  readonly 'p99.99Ns': number;
  readonly maxNs: number;
}

/** `response` is completion - intended arrival; `service` is completion - admission by the disk's queue. */
export interface Latencies {
  readonly count: number;
  readonly response: LatencySummary | null;
  readonly service: LatencySummary | null;
}

export interface WorkloadSummary {
  /** Base name without suffixes. */
  readonly name: string;
  readonly format: string;
  /** reads + writes + flushes + discards. */
  readonly ios: number;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly discards: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Distinct 4 KiB blocks touched by reads and writes, in bytes. */
  readonly footprintBytes: number;
  /** Highest byte touched + 1, less the lowest touched; over all disks. */
  readonly spanBytes: number;
  readonly durationNs: number;
  /** Share of read bytes that an infinite, initially empty cache would serve; null without reads. */
  readonly readCeiling: number | null;
  readonly disks: number;
  /** SHA-256 of the rows as replayed, hex. */
  readonly contentSha256: string;
  /** Rows out of time order that were sorted into place. */
  readonly reorderedRows: number;
  readonly recorded: {
    readonly latencies: number;
    readonly p50Ns: number | null;
    readonly p99Ns: number | null;
    readonly outstandingMean: number | null;
    readonly outstandingMax: number | null;
  };
}

export type VerdictName = 'saturated' | 'burst' | 'cold' | 'no-pressure' | 'overdriven';

export interface Verdict {
  readonly name: VerdictName;
  /** One sentence with the numbers that carry it. */
  readonly why: string;
}

export interface SanByCause {
  readonly guest: number;
  readonly destage: number;
  readonly record: number;
  readonly heartbeat: number;
}

export interface VmResult {
  readonly name: string;
  readonly host: string;
  readonly reads: Latencies;
  readonly writes: Latencies;
  readonly flushes: Latencies;
  /** Share of the slowest 1 % of all I/Os that are this VM's. */
  readonly slowestShare: number;
}

/**
 * What the guest I/Os of one kind waited for, summed over them, one part after the other: together their response
 * times. Of what went on at once, the part that was waited for last counts; of a replicated write local flash counts
 * whole, and its replicas with what they took beyond it. With a warm-up the sums include I/Os that were under way at its end.
 */
export interface LatencyParts {
  /** In the virtual disk's queue. */
  readonly queueNs: number;
  /** Held back by flow control, or while the write policy changed. */
  readonly throttleNs: number;
  /** For an earlier write to be durable: in the order of the log, or before a block could be read. */
  readonly orderNs: number;
  readonly localFlashNs: number;
  readonly networkFlashNs: number;
  readonly datastoreNs: number;
}

/** The parts in the order of documents and tables. */
export const LATENCY_PARTS = [
  'queueNs',
  'throttleNs',
  'orderNs',
  'localFlashNs',
  'networkFlashNs',
  'datastoreNs',
] as const satisfies readonly (keyof LatencyParts)[];

/** What the slowest I/Os of a kind waited for. */
export interface SlowestIos {
  /** Of the response time: 99 or 99.9. */
  readonly percentile: number;
  /** Response times from here on are in it: the percentile's, or up to 3.2 % less. */
  readonly fromNs: number;
  readonly count: number;
  /** Sums over them, which add up to their response times. */
  readonly parts: LatencyParts;
}

/** A layer as a guest's I/Os meet it: how many went there and were waited for, and how long one took. */
export interface LayerLatency {
  readonly ios: number;
  /** null without I/Os. */
  readonly meanNs: number | null;
}

/** What the filters of a device measured, and whether it began as after long use. */
export interface DeviceNote {
  /** Such as `esx1/flash`. */
  readonly name: string;
  /** Why it did not start at steady state; null when it did. */
  readonly fresh: string | null;
  /** The first is the outermost. */
  readonly filters: readonly {
    readonly name: string;
    readonly statistics: Readonly<Record<string, number>>;
    readonly log: readonly string[];
  }[];
}

export interface ModeResult {
  readonly workload: string;
  readonly mode: string;
  readonly verdicts: readonly Verdict[];
  readonly reads: Latencies;
  readonly writes: Latencies;
  readonly flushes: Latencies;
  readonly all: Latencies;
  readonly vms: readonly VmResult[];
  readonly parts: {
    readonly reads: LatencyParts;
    readonly writes: LatencyParts;
    readonly flushes: LatencyParts;
  };
  /** By kind; of the percentiles 99 and 99.9. Empty without I/Os; missing in documents of 0.1.0's first weeks. */
  readonly slowest?: Readonly<Record<LatencyKind, readonly SlowestIos[]>> | undefined;
  /** `networkFlash`: from the append of a write to each peer's acknowledgement. */
  readonly layers: {
    readonly localFlash: LayerLatency;
    readonly networkFlash: LayerLatency;
    readonly datastore: LayerLatency;
  };
  /** Share of read bytes served by flash; null without reads. */
  readonly hitRatio: number | null;
  readonly outstanding: { readonly mean: number; readonly max: number };
  readonly flash: {
    readonly reads: number;
    readonly writes: number;
    readonly readBytes: number;
    readonly programmedBytes: {
      readonly guest: number;
      readonly headers: number;
      readonly populate: number;
      readonly replica: number;
    };
    /** Programmed bytes over guest bytes written; null without writes. */
    readonly writeAmplification: number | null;
    readonly evictedBytes: number;
    readonly populatedBytes: number;
    readonly droppedFills: number;
    readonly utilisation: number;
  };
  readonly network: {
    readonly bytes: number;
    readonly messages: number;
    readonly utilisation: number;
    /** Where records were sent compressed: how many, and the time that compressing them took. */
    readonly compressedRecords?: number | undefined;
    readonly compressingNs?: number | undefined;
  };
  readonly san: {
    readonly reads: SanByCause;
    readonly writes: SanByCause;
    readonly bytes: SanByCause;
    readonly flushes: number;
    readonly utilisation: number;
  };
  readonly destage: {
    readonly batches: number;
    /** Records per batch: { "1": n, "2-3": n, "4-7": n, ... } as an ordered list. */
    readonly batchLengths: readonly { readonly records: string; readonly batches: number }[];
    readonly peakDirtyBytes: number;
    readonly timeToDestageNsMax: number;
    readonly throttledNs: number;
    readonly throttledWrites: number;
    readonly drainNs: number;
    readonly logOrderNs: number;
    readonly checkpoints: number;
    readonly joinedWrites: number;
  };
  /** Devices with filters, or that did not start at steady state; absent where there is none. Whole run. */
  readonly devices?: readonly DeviceNote[] | undefined;
  readonly virtualNs: number;
  readonly events: number;
}

/** One line of what happened to the cluster; `fvp cluster run` prints them. */
export interface EventEntry {
  /** From the start of the load; 0 for what came before it. */
  readonly atNs: number;
  /** An event of the scenario by its name; `state`: a virtual disk has changed; `vm`: a VM stopped, runs or is lost. */
  readonly event: string;
  readonly host?: string | undefined;
  readonly vm?: string | undefined;
  /** Of the VM, from 0. */
  readonly disk?: number | undefined;
  readonly state?: string | undefined;
  readonly detail?: string | undefined;
  /** Of what lasts for a given time: its end. */
  readonly untilNs?: number | undefined;
}

/** What happened in one workload and mode of a scenario with events. */
export interface RunEvents {
  readonly workload: string;
  readonly mode: string;
  /** Where the figures and timelines begin: the warm-up's end. */
  readonly measuredFromNs: number;
  /** End of the load. */
  readonly loadNs: number;
  /** I/Os that completed; those that failed count. */
  readonly completed: number;
  /** I/Os that completed with an error, or will never complete because their VM is lost. */
  readonly failed: number;
  readonly history: readonly EventEntry[];
}

export interface RunDocument {
  readonly schema: typeof RUN_SCHEMA;
  readonly seed: number;
  /** The scenario as resolved: every default written out. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly replay: string;
  readonly workloads: readonly WorkloadSummary[];
  readonly results: readonly ModeResult[];
  /** One for each of `results`, where the scenario has events. */
  readonly events?: readonly RunEvents[] | undefined;
}

/** What differs from machine to machine; kept apart as `timing.json`. */
export interface RunTiming {
  readonly timing: readonly {
    readonly workload: string;
    readonly mode: string;
    readonly wallSeconds: number;
    readonly iosPerSecond: number;
  }[];
  readonly run: {
    readonly dir: string;
    readonly id: string;
    readonly startedAt: string;
    readonly fvp: string;
    readonly node: string;
    readonly cpu: string;
  };
}

/** The kinds of I/O that have latencies of their own, in the order of documents and tables. */
export const LATENCY_KINDS = ['reads', 'writes', 'flushes'] as const;
export type LatencyKind = (typeof LATENCY_KINDS)[number];

/** Interval histograms of one workload, mode and kind; interval i covers [i * intervalNs, (i + 1) * intervalNs). */
export interface LatencyRecording {
  readonly workload: string;
  readonly mode: string;
  readonly kind: LatencyKind;
  readonly intervalNs: number;
  readonly response: readonly SparseHistogram[];
  readonly service: readonly SparseHistogram[];
}

/** Gauges and counts by interval, over all VMs and hosts; every array has `intervals` elements. */
export interface Timeline {
  readonly workload: string;
  readonly mode: string;
  readonly intervalNs: number;
  readonly intervals: number;
  /** At the interval's end. */
  readonly dirtyBytes: readonly number[];
  readonly dirtyBytesMax: readonly number[];
  /** I/Os that have arrived and not completed, at the interval's end. */
  readonly outstanding: readonly number[];
  readonly throttledNs: readonly number[];
  readonly vmReadBytes: readonly number[];
  readonly vmWriteBytes: readonly number[];
  readonly hitBytes: readonly number[];
  readonly flashReadBytes: readonly number[];
  readonly flashWriteBytes: readonly number[];
  readonly networkBytes: readonly number[];
  readonly sanReadBytes: readonly number[];
  readonly sanWriteBytes: readonly number[];
  readonly sanIos: readonly number[];
  readonly evictedBytes: readonly number[];
  readonly flashIos: readonly number[];
  readonly networkMessages: readonly number[];
  /** Time that guest I/Os waited for a layer, and how many did; `networkFlash` counts every peer's acknowledgement. */
  readonly localFlashNs: readonly number[];
  readonly localFlashIos: readonly number[];
  readonly networkFlashNs: readonly number[];
  readonly networkFlashIos: readonly number[];
  readonly datastoreNs: readonly number[];
  readonly datastoreIos: readonly number[];
  /** Busy time over servers x elapsed time; a request counts where it begins, so that 1 can be passed. */
  readonly flashBusyShare: readonly number[];
  readonly networkBusyShare: readonly number[];
  readonly sanBusyShare: readonly number[];
  /** Longest time from a write's acknowledgement to its release, of those released in the interval. */
  readonly timeToDestageNsMax: readonly number[];
  readonly checkpoints: readonly number[];
}

/** Everything one run hands to this room. */
export interface RunRecording {
  readonly document: RunDocument;
  readonly timelines: readonly Timeline[];
  readonly latencies: readonly LatencyRecording[];
  readonly timing: RunTiming;
}
