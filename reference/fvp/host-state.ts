/** What the parts of one host share: its ports, its flash, its requests under way, its counters. */
import { DOUBLE_ZERO } from '../kernel/double-zero.ts';
import { hash2 } from '../kernel/random.ts';
import {
  CLASS_DATASTORE_READ,
  CLASS_LOCAL_READ,
  CLASS_REMOTE_READ,
  CLASS_VM_WRITE,
  LatencyClasses,
} from './latency-classes.ts';
import { BucketStore } from './log/bucket-store.ts';
import { RECORD_APPENDED_BYTES, type RecordRing } from './log/record-ring.ts';
import {
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_FROM,
  FIELD_KEY,
  FIELD_REQUEST,
  FIELD_TYPE,
  MESSAGE_FIELDS,
} from './message.ts';
import { OP_FLAGS, OP_NEXT, OP_OPERATION, OP_SLOT, OP_TAG, OpTable } from './op-table.ts';
import type { FvpOptions } from './options.ts';
import type { Ports, Status } from './ports.ts';

/** Batch lengths are counted by power of two: [1], [2-3], [4-7], ... */
export const BATCH_LENGTH_CLASSES = 10;

/** What a guest I/O waits for, one after the other; `HostCounters.partNs` adds up to the service times. */
export const PART_THROTTLE = 0;
export const PART_ORDER = 1;
export const PART_LOCAL_FLASH = 2;
export const PART_NETWORK_FLASH = 3;
export const PART_DATASTORE = 4;
export const PARTS = 5;
/** Guest operations, as numbered in kernel/io. */
const OPERATIONS = 4;

/** By operation x PARTS + part: the latency class it tells of; -1 for none. */
const CLASS_OF = new Int8Array(OPERATIONS * PARTS).fill(-1);
CLASS_OF[PART_LOCAL_FLASH] = CLASS_LOCAL_READ;
CLASS_OF[PART_NETWORK_FLASH] = CLASS_REMOTE_READ;
CLASS_OF[PART_DATASTORE] = CLASS_DATASTORE_READ;
CLASS_OF[PARTS + PART_LOCAL_FLASH] = CLASS_VM_WRITE;

export class HostCounters {
  /**
   * Service time of guest I/Os by operation x PARTS + part. Of what goes on at once the part that is waited for last
   * counts; of a replicated write local flash counts whole, and its replicas with what they take beyond it.
   */
  readonly partNs = new Float64Array(OPERATIONS * PARTS);
  /** I/Os that waited for the part. */
  readonly partIos = new Float64Array(OPERATIONS * PARTS);
  /** From the append of a write to a peer's acknowledgement that it is durable there. */
  replicaNs = 0;
  replicaAcks = 0;
  /** Read bytes that flash served. */
  hitBytes = DOUBLE_ZERO;
  populatedBytes = DOUBLE_ZERO;
  /** Fills dropped because a write came between, or because no bucket could be had. */
  droppedFills = 0;
  headerBytes = DOUBLE_ZERO;
  throttledNs = DOUBLE_ZERO;
  throttledWrites = 0;
  throttledNsMax = DOUBLE_ZERO;
  batches = 0;
  readonly batchLengths = new Float64Array(BATCH_LENGTH_CLASSES);
  destagedBytes = DOUBLE_ZERO;
  destageReadBytes = DOUBLE_ZERO;
  joinedWrites = 0;
  timeToDestageNsMax = DOUBLE_ZERO;
  checkpoints = 0;
  /** Time that durable writes waited for an earlier sequence number. */
  logOrderNs = DOUBLE_ZERO;
  /** Reads that waited for an uncommitted write. */
  waitedReads = 0;
  heartbeats = 0;
  /** Heartbeats that had not been answered when the next one was due. */
  leasesAtRisk = 0;
  /** Records sent again to a holder that had not acknowledged them. */
  resentRecords = 0;
  /** Records that holders were sent compressed, and the time that the compressor took for them. */
  compressedRecords = 0;
  compressingNs = DOUBLE_ZERO;
  /** Bytes of records copied to new holders. */
  resyncBytes = 0;
  /** Bytes that were read from another host's flash: dirty data, and clean data after a migration. */
  remoteReadBytes = 0;
  /** Bytes served to other hosts. */
  servedBytes = 0;
  /** Reads whose data failed its checksum. */
  corruptReads = 0;
}

/** A host that may hold replicas. */
export interface Peer {
  readonly host: number;
  /** Fault domain: hosts that may fail together. */
  readonly domain: string;
}

export interface HostSetup {
  readonly id: number;
  readonly ports: Ports;
  readonly options: FvpOptions;
  /** 0 without flash. */
  readonly flashCapacityBytes: number;
  /** The datastore acknowledges before data is durable: checkpoints are preceded by a flush. */
  readonly volatileDatastore: boolean;
  /** Hosts that may hold replicas of this host's disks, in order of preference. */
  readonly peers: readonly Peer[];
  /** This host's own fault domain. */
  readonly domain: string;
  /** For back-off, so that hosts that try at the same time do not do so for ever. */
  readonly seed: number;
}

/** What the end of a lease needs of a virtual disk. */
interface Leased {
  readonly dead: boolean;
  readonly leaseEndsNs: number;
  withheld: number;
}

export class HostState {
  readonly id: number;
  readonly ports: Ports;
  readonly options: FvpOptions;
  readonly peers: readonly Peer[];
  readonly domain: string;
  readonly volatileDatastore: boolean;
  /** There is flash, and it has not failed for good. */
  hasFlash: boolean;
  readonly ops = new OpTable();
  readonly buckets: BucketStore;
  readonly counters = new HostCounters();
  readonly classes: LatencyClasses;
  /** Un-released bytes in the logs of the disks this host owns. */
  dirtyBytes = DOUBLE_ZERO;
  /** Highest `dirtyBytes` since it was last reset by whoever samples it. */
  dirtyBytesMax = DOUBLE_ZERO;
  /** Bytes of log data ever appended here, for the destage buffer. */
  appendedBytes = DOUBLE_ZERO;
  /** Most buckets that the log of a disk of this host may hold. */
  readonly logBuckets: number;
  /** Buckets promised to logs and replica logs. */
  reservedBuckets = 0;
  private readonly seed: number;
  private lastRequest = 0;
  private draws = 0;

  /** @param degraded a class of operations has become slow and is left alone until then */
  constructor(setup: HostSetup, degraded: (latencyClass: number, untilNs: number) => void) {
    this.id = setup.id;
    this.ports = setup.ports;
    this.options = setup.options;
    this.peers = setup.peers;
    this.domain = setup.domain;
    this.seed = setup.seed;
    this.volatileDatastore = setup.volatileDatastore;
    this.hasFlash = setup.ports.flash !== null;
    this.logBuckets = this.quotaBuckets(setup.options.dirtyLimitBytes) - 1;
    this.classes = new LatencyClasses(setup.options, degraded);
    // An empty log is plain zero to whoever looks; the field keeps holding doubles.
    this.dirtyBytes += 0;
    this.buckets = new BucketStore(setup.flashCapacityBytes, setup.options.bucketBytes);
  }

  /** Buckets to reserve for a log with this quota: the quota, and one while a bucket is being filled. */
  quotaBuckets(dirtyLimitBytes: number): number {
    return Math.max(2, Math.ceil(dirtyLimitBytes / this.options.bucketBytes)) + 1;
  }

  /** I/O to a slot begins: its bucket is not handed out anew before `unpin`, even if its log is given up or taken. */
  pin(op: number, slot: number): void {
    const { buckets, ops } = this;
    const bucket = slot >>> buckets.slotShift;
    ops.words[op + OP_SLOT] = bucket;
    buckets.pins[bucket]!++;
  }

  unpin(op: number): void {
    this.buckets.pins[this.ops.words[op + OP_SLOT]!]!--;
  }

  /** The destage buffer still has the data of a record. @param at the record's place in its ring */
  isBuffered(ring: RecordRing, at: number): boolean {
    return this.appendedBytes - ring.numbers[at + RECORD_APPENDED_BYTES]! < this.options.destage.bufferBytes;
  }

  /** A guest I/O has waited `ns` for a part. */
  waited(op: number, part: number, ns: number): void {
    const { words } = this.ops;
    const at = words[op + OP_OPERATION]! * PARTS + part;
    this.counters.partNs[at]! += ns;
    this.counters.partIos[at]!++;
    this.ports.guest.waited(words[op + OP_TAG]!, part, ns);
    const latencyClass = CLASS_OF[at]!;
    if (latencyClass >= 0) this.classes.sample(latencyClass, ns, this.ports.clock.nowNs);
  }

  /** A lock whose counter has stood still for so long by this host's clock is nobody's (fvp-protocol.md 12.1). */
  get silentNs(): number {
    const { durationNs, drift } = this.options.lease;
    return Math.ceil(durationNs * (1 + 2 * drift));
  }

  /** Promises room for a log, leaving at least one bucket for the cache. @returns false when there is none */
  reserve(buckets: number): boolean {
    if (this.reservedBuckets + buckets > this.buckets.capacityBuckets - 1) return false;
    this.reservedBuckets += buckets;
    return true;
  }

  /**
   * Ends a guest's request. After the end of the lease nobody is told anything any more, until it is renewed: another
   * host may own the disk by then (fvp-protocol.md 12.4-4).
   */
  complete(disk: Leased, op: number, status: Status): void {
    const { ops, ports } = this;
    if (ports.clock.nowNs < disk.leaseEndsNs) {
      ports.guest.complete(ops.words[op + OP_TAG]!, status);
      ops.release(op);
      return;
    }
    if (disk.dead) {
      ops.release(op);
      return;
    }
    ops.words[op + OP_FLAGS] = status;
    ops.words[op + OP_NEXT] = disk.withheld;
    disk.withheld = op;
  }

  /**
   * Begins a message: who sends it, about which disk and under which epoch.
   * @param request of a question, and repeated in its answer
   * @returns its row, for `network.send`
   */
  message(type: number, disk: number, epoch: number, request = 0): number {
    const { network } = this.ports;
    const message = network.allocate();
    const { fields } = network;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_TYPE] = type;
    fields[base + FIELD_FROM] = this.id;
    fields[base + FIELD_DISK] = disk;
    fields[base + FIELD_EPOCH] = epoch;
    fields[base + FIELD_REQUEST] = request;
    fields[base + FIELD_KEY] = disk;
    return message;
  }

  /** A number that names a question to another host; never used twice in a host's life. */
  nextRequest(): number {
    return ++this.lastRequest;
  }

  /** A seeded number from 0 to `bound` - 1. */
  draw(bound: number): number {
    return Math.floor((hash2(this.seed, ++this.draws) / 2 ** 32) * bound);
  }
}
