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

export function emptyRecord(disk: number): FtRecord {
  return { disk, epoch: 0, version: 0, owner: -1, mode: 'WT', dirty: false, segments: [], checkpoint: 0 };
}
