/** A virtual disk as its owner sees it. Data only; the parts of the host act on it. */
import { DOUBLE_ZERO } from '../kernel/double-zero.ts';
import type { FtRecord } from './ft-record.ts';
import { emptyRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { BlockIndex } from './index/block-index.ts';
import { BUCKET_CLEAN, BUCKET_DIRTY } from './log/bucket-store.ts';
import { LogSpace } from './log/log-space.ts';
import { PENDING_FAILED, PENDING_LOCAL, RecordRing } from './log/record-ring.ts';
import { type Mode, modeOf } from './mode.ts';

/** States of fvp-protocol.md 12.2. */
export const STATE_OFF = 0;
export const STATE_WT = 1;
export const STATE_WB_ARMING = 2;
export const STATE_WB = 3;
export const STATE_DRAINING = 4;
/** As WT; write-back is wanted but could not be had. */
export const STATE_WT_TEMP = 5;
export const STATE_WT_NOFLASH = 6;
/** A holder of the log is lost and membership has not changed yet. */
export const STATE_WB_REPAIR = 7;
/** A new holder is copying the log. */
export const STATE_WB_RESYNC = 8;
/** The record says dirty and its owner is gone: nobody may open the disk. */
export const STATE_ORPHANED = 9;
export const STATE_REPLAYING = 10;
/** No complete log is left of a dirty disk: the operator decides. */
export const STATE_LOST = 11;
/** Another host has taken the disk: this one's VM must stop. */
export const STATE_FENCED = 12;

/** By state. */
export const STATE_NAMES = [
  'OFF',
  'WT',
  'WB_ARMING',
  'WB',
  'DRAINING',
  'WT_TEMP',
  'WT_NOFLASH',
  'WB_REPAIR',
  'WB_RESYNC',
  'ORPHANED',
  'REPLAYING',
  'LOST',
  'FENCED',
] as const;

/** After so many times in a row that data of the log can be read nowhere, it is given up. @source assumed */
export const UNREADABLE_MOST = 20;

/** A peer that holds, or is about to hold, the log of a disk. */
export interface Member {
  readonly host: number;
  /** Its bit in a record's `pending`. */
  readonly bit: number;
  /** In the durable record. */
  named: boolean;
  /** Records are sent to it as they come. */
  sending: boolean;
  /** Time from the append of a write to its acknowledgement, smoothed, ns. */
  ackNs: number;
  /** Since when that is longer than it may be; negative: it is not. */
  slowSinceNs: number;
  /** While resynchronising: every record before this one was sent to it. */
  resyncNext: number;
}

export class VirtualDisk {
  /** Cluster-wide number: the disk's unit on the datastore. */
  readonly id: number;
  /** Place in its host's list of disks. */
  readonly local: number;
  state = STATE_OFF;
  requested: Mode = modeOf('none');
  /** Reasons to stay in write-through whatever is requested: second openers, snapshots, drains. */
  sharers = 0;
  /** Closed for good, or lost to another host: what is still under way is dropped as it completes. */
  dead = false;

  index = new BlockIndex();
  ring = new RecordRing();
  log: LogSpace;
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
  /** Leaving write-back, or short of a holder: writes are acknowledged when a checkpoint covers them (12.2). */
  throughCheckpoint = false;
  /** Appends to this host's log have failed: what it holds is read where it can be, else from a holder. */
  logBroken = false;
  /** Flash writes of the log under way: its space is not given back before they are over. */
  appending = 0;

  record: FtRecord;
  /** An update of the record is under way. */
  recordBusy = false;
  /** Peers that hold the log beside the owner. */
  members: Member[] = [];
  /** Copies that a write must have before it is acknowledged, as bits of a record's `pending`. */
  required = PENDING_LOCAL | PENDING_FAILED;
  /** Copies that are awaited of a new record. */
  copies = PENDING_LOCAL;
  /** Epoch of messages to holders: the record's, or the next one while that is being written. */
  epoch = 0;
  /** Epoch at which the present log began. */
  firstEpoch = 0;
  /** This host's flash has promised room for the log. */
  reserved = false;
  replicaTimerSet = false;

  /** Newcomers wait (arming, the end of draining). */
  holding = false;
  /** Writes not yet admitted, oldest first. */
  queueHead = -1;
  queueTail = -1;
  /** Pacing: no write is admitted before this. */
  nextAdmitNs = DOUBLE_ZERO;
  pumpTimerSet = false;
  dirtyBytes = DOUBLE_ZERO;
  /** Flash slots that the log has ever taken, and those of them that are released. */
  logSlots = 0;
  releasedSlots = 0;
  /** Those of them that are on the datastore and await a checkpoint. */
  unreleasedBytes = DOUBLE_ZERO;
  /** Log bytes destaged per nanosecond of destaging, smoothed; 0 until measured. */
  destageRate = DOUBLE_ZERO;
  /** The dirty quota, or what can be destaged within the drain bound where that is less. */
  limitBytes: number;
  measuredBytes = DOUBLE_ZERO;
  measuredNs = DOUBLE_ZERO;

  /** Reads waiting for a commit, linked; and the least sequence number any of them waits for. */
  waitingReads = -1;
  waitingFor = Number.POSITIVE_INFINITY;

  /** The batch being destaged. */
  batchFirst = 0;
  batchLast = 0;
  batchPending = 0;
  batchStartNs = DOUBLE_ZERO;
  batchLogBytes = DOUBLE_ZERO;
  readonly batchKeys: Float64Array;
  /** Records of the batch by address: sequence numbers from `batchFirst`. */
  readonly batchPlaces: Int32Array;
  /** Runs of the batch that wait for the lease or for a retry, linked. */
  waitingRuns = -1;
  destageTimerSet = false;
  /** Times in a row that data of the batch could be read nowhere. */
  unreadable = 0;

  lastCheckpointNs = Number.NEGATIVE_INFINITY;
  checkpointTimerSet = false;

  /** End of the lease by this host's clock: nothing is acknowledged and nothing written to the datastore from then on. */
  leaseEndsNs = Number.POSITIVE_INFINITY;
  heartbeatTimerSet = false;
  heartbeatUnderWay = false;
  /** Guest requests that are done and wait for the lease to be renewed, linked. */
  withheld = -1;

  /** The transition under way: its index, its step, how many answers the step awaits, and until when. */
  transition = -1;
  step = 0;
  awaiting = 0;
  stepDeadlineNs = Number.POSITIVE_INFINITY;
  /** Rises with every step begun and left: answers to another one are ignored. */
  attempt = 0;
  /** What the transitions remember from step to step. */
  readonly work = {
    /** The lock as last seen, and when its counter was first seen to be this. */
    seenHolder: -1,
    seenCounter: -1,
    seenSinceNs: 0,
    lockIssuedNs: 0,
    /** This host was asked to open the disk; else it only recovers it and lets it go. */
    wanted: false,
    /** Its last owner, -1 for none. */
    formerHost: -1,
    /** The operator gives up what is dirty. */
    discard: false,
    /** A fault forced the disk out of write-back. */
    forced: false,
    /** Every holder has answered and none has a complete log. */
    isLost: false,
    /** Hosts asked to hold the log, with the number of the question. */
    asked: new Map<number, number>(),
    /** Hosts that refused to hold the log, or did not answer. */
    refused: [] as number[],
    repairUntilNs: 0,
    /** New holders, not yet in the record. */
    joining: [] as Member[],
    /** They must have every record up to this one before they are named. */
    resyncThrough: 0,
    /** Answers of holders to SEAL, by host. */
    sealed: new Map<number, SealedLog>(),
    /** How often holders have been asked. */
    questions: 0,
    /** Holders of the log that is being replayed. */
    holders: [] as number[],
    /** Hosts that have what this one lacks of the log; the first one is asked first. */
    sources: [] as number[],
    loadedThrough: 0,
    lastSequence: 0,
    /** The step is over when everything up to this is on the datastore and released. */
    drainThrough: 0,
  };
  /** A control step waits for the record to be free, to write this. */
  recordWaits: (() => FtRecord) | undefined = undefined;
  /** The log has records on this host's own flash. */
  ownLog = false;
  /** Write-back failed: it is tried again after this long, twice as long each time (hysteresis, 12.4-19). */
  retryNs = 0;
  /** When write-back was reached; infinite while it has not been since it last failed. */
  armedNs = Number.POSITIVE_INFINITY;
  /** When a holder was last dropped because it was slow. */
  slowHolderNs = Number.NEGATIVE_INFINITY;
  retryAtNs = 0;
  retryTimerSet = false;

  /** Former owner that may have clean copies of blocks not written since `remoteFrom`; -1 for none. */
  remoteHost = -1;
  /** Epoch of the record that its ownership ended with: proof that nobody has written in between. */
  remoteEpoch = 0;
  remoteFrom = 0;
  remoteUntilNs = 0;

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

/** What a holder answered to SEAL. */
export interface SealedLog {
  readonly firstEpoch: number;
  /** The last record of an unbroken run; -1: no intact log. */
  readonly tail: number;
  readonly committedThrough: number;
  readonly releasedThrough: number;
  /** Beyond the tail lies a record that cannot be read: nobody knows whether it was acknowledged. */
  readonly isDamaged: boolean;
}
