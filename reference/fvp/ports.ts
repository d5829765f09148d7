/**
 * What the protocol core needs of the world. The core is a pure state machine: its inputs are the methods of `Host`,
 * its outputs the calls on these ports. A port never calls back from within a call: completions, messages and timers
 * arrive later as inputs of their own.
 *
 * Tokens and keys are int32. A token names one request of one host until its completion. A key names an I/O for
 * random draws: the same I/O has the same key in every mode.
 */
import type { FtRecord } from './ft-record.ts';

export const FLASH_READ = 0;
export const FLASH_WRITE = 1;
export const FLASH_FLUSH = 2;

export const SAN_READ = 0;
export const SAN_WRITE = 1;
export const SAN_FLUSH = 2;
export const SAN_DISCARD = 3;

/** Why a datastore request was made; reported apart. */
export const CAUSE_GUEST = 0;
export const CAUSE_DESTAGE = 1;
export const CAUSE_RECORD = 2;
export const CAUSE_HEARTBEAT = 3;

/** Why flash was programmed; reported apart. */
export const FLASH_FOR_GUEST = 0;
export const FLASH_FOR_POPULATE = 1;
export const FLASH_FOR_REPLICA = 2;
export const FLASH_FOR_HEADER = 3;

/** How a completion went. */
export const STATUS_OK = 0;
export const STATUS_ERROR = 1;
/** The datastore refused: an older fence, a held lock, or a record that is not as expected. */
export const STATUS_REFUSED = 2;
/** What was read does not match its checksum. */
export const STATUS_CORRUPT = 3;
/** The flash has failed for good, with all that it held: nothing that is sent to it will ever succeed. */
export const STATUS_GONE = 4;
export type Status = 0 | 1 | 2 | 3 | 4;

/** The host's own monotonic clock; its offset and drift against other hosts' are unknown. */
export interface ClockPort {
  readonly nowNs: number;
}

export interface FlashPort {
  /** @param address bytes from the start of this host's flash */
  submit(operation: number, address: number, bytes: number, cause: number, token: number, key: number): void;
}

/**
 * The shared datastore. It applies a write of a locked disk only if it carries the fence that the latest `lock` of the
 * disk raised, and checks that when it applies it. The fence of a host's latest `lock` goes with its later requests.
 */
export interface DatastorePort {
  /** @param fua the data must be durable before completion, whatever the array's cache */
  submit(
    operation: number,
    disk: number,
    offset: number,
    bytes: number,
    fua: boolean,
    cause: number,
    token: number,
    key: number,
  ): void;
  /** Reads a disk's lock and FT record: `holder`, `counter` and `record` are then as read. */
  inspect(disk: number, token: number): void;
  /**
   * Takes the lock of a disk and raises its fence, if holder and counter are still those seen: of a free lock, of one
   * whose holder has let its lease expire, or of this host's own from before a restart. Else STATUS_REFUSED.
   */
  lock(disk: number, holder: number, counter: number, token: number): void;
  unlock(disk: number, token: number): void;
  /** Raises the lock's counter. STATUS_REFUSED when this host no longer holds it. */
  heartbeat(disk: number, token: number): void;
  /** Host that holds the lock, -1 for none; these three are meaningful when a request for the disk has just completed. */
  holder(disk: number): number;
  /** Rises whenever the lock is taken or renewed. */
  counter(disk: number): number;
  record(disk: number): FtRecord;
  /**
   * Replaces the FT record if its epoch and version are those given: one sector, never half visible. Durable at its
   * completion; STATUS_REFUSED when it was not as expected or the lock is not this host's.
   */
  compareAndWrite(disk: number, expected: FtRecord, next: FtRecord, token: number): void;
}

export interface NetworkPort {
  /**
   * Rows of MESSAGE_FIELDS numbers; a row belongs to the sender until `send`, then to the network, then to the
   * receiver's `onMessage`, after which it is free. Read anew after `allocate`: the array may have grown.
   */
  readonly fields: Float64Array;
  allocate(): number;
  send(toHost: number, message: number, bytes: number): void;
}

export interface GuestPort {
  complete(tag: number, status: Status): void;
  /** The I/O has waited `ns` for a part (host-state.ts). */
  waited(tag: number, part: number, ns: number): void;
}

export interface TimerPort {
  /** `Host.onTimer(timer)` will be called at `timeNs` of the host's clock. Timers cannot be taken back; a late one is ignored. */
  set(timeNs: number, timer: number): void;
}

/** Told of what an administrator could see. */
export interface ObserverPort {
  stateChanged(disk: number, state: number): void;
  /** The host has lost the disk to another one: its VM must stop. */
  fenced(disk: number): void;
  /** A class of operations is slow and left alone for so long; fvp/latency-classes.ts. */
  degraded(latencyClass: number, forNs: number): void;
}

/**
 * The data itself, kept apart from control so that a benchmark, which has none, pays nothing. Before each request
 * that moves data the core says what it moves; what the request's completion (or a crash before it) makes of that is
 * the port's business. `payload` is an opaque handle.
 */
export interface ContentPort {
  /** The write `token` carries `bytes` of `payload` from `payloadOffset` to `at` bytes past its start. */
  writing(token: number, payload: number, payloadOffset: number, bytes: number, at: number): void;
  /** The read `token` delivers `bytes` into `payload` at `payloadOffset`. */
  reading(token: number, payload: number, payloadOffset: number, bytes: number): void;
  /** The message carries `bytes` of `payload` from `payloadOffset`. */
  sending(message: number, payload: number, payloadOffset: number, bytes: number): void;
  /** The message's data becomes `payload` from `payloadOffset` on. */
  receiving(message: number, payload: number, payloadOffset: number): void;
}

/** Header of a log on flash; without one there is no log (fvp-protocol.md 12.1). */
export interface LogHeader {
  readonly disk: number;
  /** Of the first record that this log could hold: the epoch at which its segment began. */
  readonly firstEpoch: number;
  /** Newest epoch this log's host has persisted for the disk: appends of an older one are refused. */
  readonly epoch: number;
  readonly firstSequence: number;
  /** Somebody has begun to recover the disk: nothing is appended any more. */
  readonly sealed: boolean;
  /** Bytes of dirty data for which room is reserved. */
  readonly quotaBytes: number;
}

/** What a log record on flash says of itself, its data apart. */
export interface LogRecord {
  readonly epoch: number;
  readonly sequence: number;
  readonly kind: number;
  readonly offset: number;
  readonly bytes: number;
  readonly slot: number;
  readonly slots: number;
  readonly key: number;
  readonly payload: number;
  readonly payloadOffset: number;
  readonly committedThrough: number;
  readonly releasedThrough: number;
}

/** A log as found on flash: records whose checksums are right, by sequence number. */
export interface FoundLog {
  readonly header: LogHeader;
  readonly records: readonly LogRecord[];
  /** Sequence numbers of those whose checksums fail: torn while they were written, or gone bad since. */
  readonly damaged: readonly number[];
}

/**
 * What makes the logs on this host's flash self-describing. Before each flash write that carries a header or record
 * the core says which; it is there once that write is durable. null where no crash can come: then nobody reads it.
 */
export interface MediumPort {
  header(token: number, header: LogHeader): void;
  record(token: number, disk: number, record: LogRecord): void;
  /** The write takes the header of the disk's log away. */
  erase(token: number, disk: number): void;
  /** Logs found on flash, by disk; asked once, when the host starts. */
  logs(): readonly FoundLog[];
}

export interface Ports {
  readonly clock: ClockPort;
  /** null: the host has no flash. */
  readonly flash: FlashPort | null;
  readonly datastore: DatastorePort;
  readonly network: NetworkPort;
  readonly guest: GuestPort;
  readonly timer: TimerPort;
  readonly observer: ObserverPort;
  readonly content: ContentPort | null;
  readonly medium: MediumPort | null;
}
