/** A virtual disk as its owner sees it. Data only; the parts of the host act on it. */
import type { FtRecord } from './ft-record.ts';
import { emptyRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { BlockIndex } from './index/block-index.ts';
import { BUCKET_CLEAN, BUCKET_DIRTY } from './log/bucket-store.ts';
import { LogSpace } from './log/log-space.ts';
import { RecordRing } from './log/record-ring.ts';
import { type Mode, modeOf } from './mode.ts';

/** States of fvp-protocol.md 12.2, as far as faults are not involved. */
export const STATE_OFF = 0;
export const STATE_WT = 1;
export const STATE_WB_ARMING = 2;
export const STATE_WB = 3;
export const STATE_DRAINING = 4;
/** As WT; write-back is wanted but could not be had. */
export const STATE_WT_TEMP = 5;
export const STATE_WT_NOFLASH = 6;

export class VirtualDisk {
  /** Cluster-wide number: the disk's unit on the datastore. */
  readonly id: number;
  /** Place in its host's list of disks. */
  readonly local: number;
  state = STATE_OFF;
  requested: Mode = modeOf('none');

  readonly index = new BlockIndex();
  readonly ring = new RecordRing();
  readonly log: LogSpace;
  readonly clean: LogSpace;

  /** Writes go to the log; the datastore is written by the destager alone. */
  logging = false;
  /**
   * Every sequence number up to this one is committed: while logging, durable at every holder; in write-through,
   * acknowledged by the datastore.
   */
  committed = 0;
  /** Every record up to this one has been written to the datastore. */
  destaged = 0;
  /** ... and a durable checkpoint says so. */
  checkpoint = 0;

  record: FtRecord;
  /** Peers that hold the log beside the owner. */
  holders: number[] = [];
  /** This host's flash has promised room for the log. */
  reserved = false;

  /** Newcomers wait (arming, draining). */
  holding = false;
  /** Writes not yet admitted, oldest first. */
  queueHead = -1;
  queueTail = -1;
  /** Pacing: no write is admitted before this. */
  nextAdmitNs = 0;
  pumpTimerSet = false;
  dirtyBytes = 0;
  /** Flash slots that the log has ever taken, and those of them that are released. */
  logSlots = 0;
  releasedSlots = 0;
  /** Those of them that are on the datastore and await a checkpoint. */
  unreleasedBytes = 0;
  /** Log bytes destaged per nanosecond of destaging, smoothed; 0 until measured. */
  destageRate = 0;
  /** The dirty quota, or what can be destaged within the drain bound where that is less. */
  limitBytes: number;
  measuredBytes = 0;
  measuredNs = 0;

  /** Reads waiting for a commit, linked; and the least sequence number any of them waits for. */
  waitingReads = -1;
  waitingFor = Number.POSITIVE_INFINITY;

  /** The batch being destaged. */
  batchFirst = 0;
  batchLast = 0;
  batchPending = 0;
  batchStartNs = 0;
  batchLogBytes = 0;
  readonly batchKeys: Float64Array;
  /** Records of the batch by address: sequence numbers from `batchFirst`. */
  readonly batchPlaces: Int32Array;

  lastCheckpointNs = Number.NEGATIVE_INFINITY;
  checkpointing = false;
  checkpointTimerSet = false;
  heartbeatTimerSet = false;

  /** The transition under way: its name's index, its step, and how many completions the step awaits. */
  transition = -1;
  step = 0;
  awaiting = 0;
  /** Newest lease renewal, by its issue. */
  leaseFromNs = Number.NEGATIVE_INFINITY;

  constructor(id: number, local: number, state: HostState) {
    this.id = id;
    this.local = local;
    this.log = new LogSpace(state.buckets, BUCKET_DIRTY);
    this.clean = new LogSpace(state.buckets, BUCKET_CLEAN);
    this.record = emptyRecord(id);
    this.batchKeys = new Float64Array(state.options.destage.batchRecords);
    this.batchPlaces = new Int32Array(state.options.destage.batchRecords);
    this.limitBytes = state.options.dirtyLimitBytes;
  }
}
