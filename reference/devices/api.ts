/**
 * The contract between the cluster and an emulated device. A device lives in virtual time: it is told of requests,
 * and says when each is complete by `context.completeAt`, or how it went wrong by `context.faultAt`. It reads no clock, draws randomness only from its context,
 * and must be deterministic.
 *
 * Hot path: `submit` and `fire` run once or more for every I/O. They must not allocate.
 */
import type { z } from 'zod';

/** Request operations. */
export const DEVICE_READ = 0;
export const DEVICE_WRITE = 1;
export const DEVICE_FLUSH = 2;
export const DEVICE_DISCARD = 3;
/** On a link: `unit` is the receiving host. */
export const DEVICE_SEND = 4;

/** Bits of a request's `flags`. */
export const REQUEST_FUA = 1;
/** Uses a slot reserved for it and waits behind no queue limit (heartbeats). */
export const REQUEST_RESERVED = 2;

/** Answers of `submit`. */
/** Complete already; `completeAt` is not called for it. */
export const DONE = 0;
/** Accepted; `completeAt` or `faultAt` is or will be called for it exactly once. */
export const QUEUED = 1;
/** Refused for now; the caller keeps it and submits it again after `context.ready()`. */
export const BUSY = 2;
export type SubmitAnswer = 0 | 1 | 2;

/**
 * How a request can end other than well; see `DeviceContext.faultAt`. `sector` counts the 512-byte sectors of the
 * request from 0.
 */
/** The caller is told. Of a write the first `sector` sectors are on the medium (0: none), of a read nothing is delivered. */
export const FAULT_ERROR = 1;
/** The caller is told that all is well, but of a write only the first `sector` sectors are on the medium. */
export const FAULT_TORN = 2;
/**
 * The caller is told that all is well, but the bytes of sector number `sector` are not what they should be: on the
 * medium after a write, in what a read delivers (the medium is then intact).
 */
export const FAULT_CORRUPT = 3;
/** Of a message any fault means that it never arrives: a damaged one is dropped by its checksum. */
export type Fault = 1 | 2 | 3;

export const SECTOR_BYTES = 512;

export type DeviceRole = 'flash' | 'datastore' | 'link';

/** What a device may use of the simulation. One per device instance. */
export interface DeviceContext {
  /** Instance name, unique in the cluster, e.g. `esx1/flash`. */
  readonly name: string;
  /** Virtual time in nanoseconds. */
  readonly nowNs: number;
  /**
   * Completes the request with this token at `timeNs` (an integer, at or after now). Completions of one device may be
   * scheduled in any order; equal times complete in the order of the calls.
   */
  completeAt(timeNs: number, token: number): void;
  /**
   * Instead of `completeAt`, where the request does not end well.
   * @param fault FAULT_ERROR, FAULT_TORN or FAULT_CORRUPT
   * @param sector what it means depends on the fault
   */
  faultAt(timeNs: number, token: number, fault: Fault, sector: number): void;
  /** Calls `device.fire(argument)` at `timeNs`. @param argument int32 */
  fireAt(timeNs: number, argument: number): void;
  /** After a BUSY answer: requests may be submitted again; they are once the caller of the device has returned. */
  ready(): void;
  /** A 32-bit random word (0 to 2^32 - 1) that depends only on (run seed, device name, key, stage). */
  draw(key: number, stage: number): number;
}

export interface Device {
  /**
   * @param operation DEVICE_READ ... DEVICE_SEND
   * @param unit which address space: the virtual disk on a datastore, the receiving host on a link, 0 on flash
   * @param address bytes within the unit
   * @param bytes length; 0 for a flush
   * @param flags REQUEST_* bits
   * @param token the caller's number for the request, int32; unique among those under way
   * @param key names the I/O for random draws: the same I/O has the same key in every mode
   */
  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer;
  /** A time asked for by `fireAt` has come. */
  fire(argument: number): void;
  /** Figures of the whole run, in the units their names say; keys in a fixed order. */
  statistics(): DeviceStatistics;
}

export interface DeviceStatistics {
  /** Sum over servers (channels, spindles, the wire) of the time they were busy. */
  readonly busyNs: number;
  /** How many servers `busyNs` sums over. */
  readonly servers: number;
  /** Requests taken, those answered BUSY not among them. */
  readonly requests: number;
  /** Sum over requests of completion - acceptance. Every whole run holds it against what was seen: Little's law. */
  readonly residenceNs: number;
  readonly [figure: string]: number;
}

/**
 * Units of a parameter. `time` parameters are written with a unit ("90us") and given to the factory in nanoseconds;
 * `bytes` ("8GiB") in bytes; `bytes-per-second` ("10Gbit/s"); `fraction` ("20%" or 0.2); `count` and `choice` as
 * they are; `service-time` is a distribution (see service-time.ts); `table` is a list in a form of the model's own.
 */
export type ParameterUnit =
  | 'time'
  | 'bytes'
  | 'bytes-per-second'
  | 'fraction'
  | 'count'
  | 'flag'
  | 'choice'
  | 'service-time'
  | 'table';

export interface ParameterDeclaration {
  readonly unit: ParameterUnit;
  /** One sentence: what it is. */
  readonly description: string;
  /** Validates the value as written in YAML and turns it into the factory's unit; holds bounds and default. */
  readonly schema: z.ZodType;
  /** The default as a person would write it; an object is a service time. */
  readonly default: string | number | boolean | Readonly<Record<string, string>>;
  /** Where the default comes from, or the word `assumed`. */
  readonly source: string;
  /** What a value must be, for messages and docs: `a time from 0 to 4s`. */
  readonly expected?: string;
}

/** A fault that only shows when parameters are seen together. */
export interface ParameterFault {
  /** The parameter to blame. */
  readonly parameter: string;
  /** Goes after its name in the message: `must be below highWater`. */
  readonly problem: string;
}

/** What a device module exports (`export default defineDevice({...})`). */
export interface DeviceModel<Parameters> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly roles: readonly DeviceRole[];
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  /** True when acknowledged writes would be lost with power: FVP then flushes before it trusts them. */
  volatileCache?(parameters: Parameters): boolean;
  /** Looks at the parameters together, once each has been validated alone; undefined when they fit. */
  check?(parameters: Parameters): ParameterFault | undefined;
  /**
   * Why the device does not start as it would be after long use, such as `its read cache is empty`; undefined when
   * it does. Goes after its name in results, which say so.
   */
  fresh?(parameters: Parameters): string | undefined;
  create(parameters: Parameters, context: DeviceContext): Device;
}

/** The device below a filter. */
export type NextDevice = Pick<Device, 'submit'>;

/**
 * Stands before a device, as nbdkit's filters do. It is submitted to like a device and submits to `next`; it is told of
 * what `next` would tell its context, and tells its own context. PassThrough (pass-through.ts) is one that does nothing.
 */
export interface Filter {
  /** As of a device. */
  submit: Device['submit'];
  /** A time asked for by this filter's own `context.fireAt` has come. */
  fire(argument: number): void;
  /** `next` completes a request at `timeNs`, which may lie in the future: the call comes when `next` knows it. */
  completed(timeNs: number, token: number): void;
  faulted(timeNs: number, token: number, fault: Fault, sector: number): void;
  /** After a BUSY answer of `next`: it may be submitted to again. */
  ready(): void;
  /** Figures of the whole run, in the units their names say; keys in a fixed order. */
  statistics(): FilterStatistics;
  /** What the filter has noted, line by line. */
  log?(): readonly string[];
}

export interface FilterStatistics {
  readonly [figure: string]: number;
}

/** What a filter module exports (`export default defineFilter({...})`). */
export interface FilterModel<Parameters> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  /** Looks at the parameters together, once each has been validated alone; undefined when they fit. */
  check?(parameters: Parameters): ParameterFault | undefined;
  create(parameters: Parameters, context: DeviceContext, next: NextDevice): Filter;
}

export function defineDevice<Parameters>(model: DeviceModel<Parameters>): DeviceModel<Parameters> {
  return model;
}

export function defineFilter<Parameters>(model: FilterModel<Parameters>): FilterModel<Parameters> {
  return model;
}
