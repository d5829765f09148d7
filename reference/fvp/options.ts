/** What an administrator can set of FVP itself; one set for the whole cluster. Times in ns, sizes in bytes. */

export interface Compression {
  /** What is left of a record's data on the wire, 0 to 1. */
  readonly share: number;
  /** Rate at which a host compresses; one record at a time. */
  readonly bytesPerSecond: number;
}

/** @source assumed: LZ4 on one core of about 2014, which makes about half of what databases and mail servers write */
export const DEFAULT_COMPRESSION: Compression = { share: 0.5, bytesPerSecond: 400e6 };

export interface FvpOptions {
  /** Flash is handed out in buckets of this size; one bucket belongs to one disk and one purpose. @default 512 KiB (assumed) */
  readonly bucketBytes: number;
  /** Reads that miss are copied into flash ("false writes"). @default true, fvp-protocol.md 2.3 */
  readonly populate: boolean;
  /** Dirty bytes a virtual disk may have, at the owner and so at each replica. @default 4 GiB (assumed) */
  readonly dirtyLimitBytes: number;
  /** Above this share of the limit writes are delayed. @default 0.5 (assumed) */
  readonly lowWater: number;
  /** At this share of the limit the admitted rate equals the destage rate. @default 0.9 (assumed) */
  readonly highWater: number;
  /** Longest time that dirty data may take to drain: the limit is also destage rate x this. @default 30 s, fvp-protocol.md 12.4-18 */
  readonly drainBoundNs: number;
  readonly destage: {
    /** Most records in a batch. @default 64 (assumed) */
    readonly batchRecords: number;
    /** Most bytes in a batch. @default 4 MiB (assumed) */
    readonly batchBytes: number;
    /** Adjacent records of a batch are joined into one SAN write up to this size. @default 512 KiB (assumed) */
    readonly joinBytes: number;
    /** Newest bytes per host still in memory, destaged without reading flash. @default 16 MiB (assumed) */
    readonly bufferBytes: number;
  };
  /** Least time between two checkpoints of a disk. @default 100 ms (assumed) */
  readonly checkpointIntervalNs: number;
  /** Header of a log record on flash and on the wire. @default 64 B (assumed) */
  readonly recordHeaderBytes: number;
  /** An acknowledgement or other control message on the wire. @default 64 B (assumed) */
  readonly messageBytes: number;
  readonly lease: {
    /** @default 3 s, fvp-protocol.md 12.1 */
    readonly renewNs: number;
    /** @default 16 s, fvp-protocol.md 12.1 */
    readonly durationNs: number;
    /** No two hosts' clocks drift apart by more than this. @default 0.001, fvp-protocol.md 12.1 */
    readonly drift: number;
  };
  readonly replication: {
    /** A record that a holder has not acknowledged is sent again after this. @default 200 ms (assumed) */
    readonly resendNs: number;
    /** A holder that has not acknowledged a record for this long is lost. @default 1 s, fvp-protocol.md 12.4-18 */
    readonly timeoutNs: number;
    /** How long a replacement for a lost holder is sought. @default 5 s, fvp-protocol.md 12.4-18 */
    readonly replacementNs: number;
    /** Of the replicas, how many lie outside the owner's fault domain. @default 0, fvp-protocol.md 8 */
    readonly outside: number;
    /** Most records sent to a new holder ahead of its acknowledgements. @default 64 (assumed) */
    readonly resyncRecords: number;
    /** Adaptive compression of records on their way to holders; null: off. @default null (assumed) */
    readonly compression: Compression | null;
  };
  /**
   * When a class of operations is slow, and left alone for a time as `retry` says; when a holder's acknowledgements are,
   * and it is dropped if they stay so for as long as `replication.timeoutNs`. fvp-protocol.md 2.4.
   */
  readonly degrade: {
    /** Its smoothed latency is above this, ... @default 10 ms (assumed) */
    readonly aboveNs: number;
    /** ... and above this many times the datastore's. @default 2 (assumed) */
    readonly factor: number;
  };
  readonly retry: {
    /** Write-back that failed is tried again after this, and after twice as long each time. @default 10 s (assumed) */
    readonly firstNs: number;
    /** @default 5 min (assumed) */
    readonly mostNs: number;
  };
  /** For this long after a migration reads ask the former host. @default 10 min, VirtuCache, fvp-protocol.md 7 */
  readonly remoteReadsNs: number;
}

export const DEFAULT_FVP_OPTIONS: FvpOptions = {
  bucketBytes: 512 * 1024,
  populate: true,
  dirtyLimitBytes: 4 * 1024 ** 3,
  lowWater: 0.5,
  highWater: 0.9,
  drainBoundNs: 30e9,
  destage: {
    batchRecords: 64,
    batchBytes: 4 * 1024 ** 2,
    joinBytes: 512 * 1024,
    bufferBytes: 16 * 1024 ** 2,
  },
  checkpointIntervalNs: 100e6,
  recordHeaderBytes: 64,
  messageBytes: 64,
  lease: { renewNs: 3e9, durationNs: 16e9, drift: 1e-3 },
  replication: {
    resendNs: 200e6,
    timeoutNs: 1e9,
    replacementNs: 5e9,
    outside: 0,
    resyncRecords: 64,
    compression: null,
  },
  degrade: { aboveNs: 10e6, factor: 2 },
  retry: { firstNs: 10e9, mostNs: 300e9 },
  remoteReadsNs: 600e9,
};
