/** The fault-tolerance record of a virtual disk on the shared datastore (fvp-protocol.md 12.1). */

export interface Segment {
  readonly firstEpoch: number;
  /** Infinity while open. */
  readonly lastEpoch: number;
  readonly firstSequence: number;
  /** Infinity while open. */
  readonly lastSequence: number;
  /** Hosts that hold this part of the log; the owner first. */
  readonly holders: readonly number[];
}

export interface FtRecord {
  readonly disk: number;
  /** Fences; rises with every change of owner or holders and with every leaving of OFF. */
  readonly epoch: number;
  /** Rises with every update. */
  readonly version: number;
  /** Owning host, -1 before the first. */
  readonly owner: number;
  readonly mode: 'WT' | 'WB';
  readonly dirty: boolean;
  readonly segments: readonly Segment[];
  /** Everything up to this sequence number is durable on the datastore. */
  readonly checkpoint: number;
}

/** Every host named by a segment, once, in the order of the segments. */
export function holdersOf(record: FtRecord): number[] {
  return [...new Set(record.segments.flatMap((segment) => segment.holders))];
}

/** The segment for which a log that began at this epoch on this host counts; undefined: the log is worthless. */
export function segmentOf(record: FtRecord, host: number, firstEpoch: number): Segment | undefined {
  if (!record.dirty) return undefined;
  return record.segments.find(
    (segment) => segment.firstEpoch === firstEpoch && segment.holders.includes(host),
  );
}

export function emptyRecord(disk: number): FtRecord {
  return { disk, epoch: 0, version: 0, owner: -1, mode: 'WT', dirty: false, segments: [], checkpoint: 0 };
}
