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
export type Status = 0 | 1 | 2;

export interface ClockPort {
  readonly nowNs: number;
}

export interface FlashPort {
  /** @param address bytes from the start of this host's flash */
  submit(operation: number, address: number, bytes: number, cause: number, token: number, key: number): void;
}

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
  /** Tries to take the lock of a disk and raises its fence. STATUS_REFUSED while another host holds it. */
  lock(disk: number, token: number): void;
  unlock(disk: number, token: number): void;
  heartbeat(disk: number, token: number): void;
  /** The FT record as it is now; meaningful when a lock or record request has completed. */
  record(disk: number): FtRecord;
  /**
   * Replaces the FT record if its epoch and version are those given: one sector, never half visible. Durable at its
   * completion; STATUS_REFUSED when it was not as expected.
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
}

export interface TimerPort {
  /** `Host.onTimer(timer)` will be called at `timeNs`. Timers cannot be taken back; a late one is ignored. */
  set(timeNs: number, timer: number): void;
}

/** Told of every change that an administrator could see. */
export interface ObserverPort {
  stateChanged(disk: number, state: number): void;
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
}
