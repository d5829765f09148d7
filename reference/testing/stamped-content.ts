/**
 * Follows the data through a cluster: every guest write stamps its sectors with its own number, and flash, datastore
 * and read buffers hold stamps. Checks as it goes, and records what it finds wrong.
 */

import type { ClusterContent } from '../cluster/cluster-content.ts';
import { FAULT_CORRUPT, type Fault, SECTOR_BYTES as SECTOR } from '../devices/api.ts';
import {
  type ContentPort,
  FLASH_READ,
  FLASH_WRITE,
  SAN_DISCARD,
  SAN_READ,
  SAN_WRITE,
  STATUS_CORRUPT,
  type Status,
} from '../fvp/ports.ts';
import { OP_DISCARD, OP_READ, OP_WRITE } from '../kernel/io.ts';

/** Of a sector that was never written. */
export const UNWRITTEN = 0;
/** Of a discarded sector: any content is right. */
const UNDEFINED = -1;
/** Of a sector whose bytes are not what anybody wrote. */
export const CORRUPT = -2;
/** Of a request that has no fault of that kind. */
const NO_SECTOR = -1;

interface Move {
  readonly payload: number;
  readonly payloadOffset: number;
  readonly bytes: number;
  readonly at: number;
  /** A write's stamps as they were when it was submitted. */
  readonly stamps: readonly number[];
}

interface Request {
  readonly host: number;
  moves: Move[];
  operation: number;
  disk: number;
  start: number;
  bytes: number;
  reading: boolean;
  /** A write's sectors from this on do not reach the medium. */
  tornFrom: number;
  /** The sector that is damaged. */
  corruptAt: number;
}

function untouched(
  host: number,
  operation: number,
  disk: number,
  start: number,
  bytes: number,
  reading: boolean,
): Request {
  const tornFrom = Number.POSITIVE_INFINITY;
  return { host, moves: [], operation, disk, start, bytes, reading, tornFrom, corruptAt: NO_SECTOR };
}

export interface GuestIo {
  /** Where the VM ran when it asked. */
  readonly host: number;
  readonly number: number;
  readonly disk: number;
  readonly operation: number;
  readonly offset: number;
  readonly bytes: number;
  /** Logical times: order of submissions and completions. */
  readonly submitted: number;
  /** 0: not yet. Of an aborted one: when the VM ran again. */
  completed: number;
  /** Its VM was stopped: it may have had its effect, or not. */
  aborted: boolean;
}

export class StampedContent implements ClusterContent {
  readonly violations: string[] = [];
  /** By disk: stamp of each sector on the datastore. */
  readonly datastore: Map<number, number>[] = [];
  /** Called after each change of the datastore. */
  onDatastoreWrite: ((disk: number, offset: number, bytes: number) => void) | undefined;
  /** Called when a guest has been answered. */
  onAcknowledged: ((io: GuestIo) => void) | undefined;
  /** A line for each answer to a guest. */
  readonly completions: string[] = [];
  readsChecked = 0;
  private readonly flash: Map<number, number>[] = [];
  /** By host and token: what the core has said of a request that it is about to make. */
  private readonly announced: Map<number, Request>[] = [];
  /** By id: requests under way. */
  private readonly flashRequests = new Map<number, Request>();
  private readonly datastoreRequests = new Map<number, Request>();
  /** Memory of guests and hosts: by payload, and there by host. */
  private readonly buffers = new Map<number, Map<number, number[]>>();
  /** By message: the data it carries. */
  private readonly messages = new Map<number, number[]>();
  private readonly guestIos = new Map<number, GuestIo>();
  /** By disk and sector: writes in order of submission. */
  private readonly history: Map<number, GuestIo[]>[] = [];
  private readonly writes: GuestIo[][] = [];
  /** By disk and sector: the stamp that a read found when no write was in flight; it must stay until the next write. */
  private readonly settled: Map<number, number>[] = [];
  /** Aborted, and the VM does not run again yet. */
  private unresolved: GuestIo[] = [];
  private clock = 0;

  port(host: number): ContentPort {
    this.flash[host] ??= new Map();
    const requests = new Map<number, Request>();
    this.announced[host] = requests;
    const requestOf = (token: number, reading: boolean) => {
      let request = requests.get(token);
      if (request === undefined) {
        request = untouched(host, -1, -1, 0, 0, reading);
        requests.set(token, request);
      }
      return request;
    };
    return {
      writing: (token, payload, payloadOffset, bytes, at) => {
        const stamps = this.take(host, payload, payloadOffset, bytes);
        requestOf(token, false).moves.push({ payload, payloadOffset, bytes, at, stamps });
      },
      reading: (token, payload, payloadOffset, bytes) => {
        requestOf(token, true).moves.push({ payload, payloadOffset, bytes, at: 0, stamps: [] });
      },
      sending: (message, payload, payloadOffset, bytes) => {
        this.messages.set(message, this.take(host, payload, payloadOffset, bytes));
      },
      receiving: (message, payload, payloadOffset) => {
        const stamps = this.messages.get(message);
        if (stamps === undefined) {
          this.violations.push(`host ${host} receives data with message ${message}, which carries none`);
          return;
        }
        const buffer = this.bufferOf(host, payload);
        for (const [i, stamp] of stamps.entries()) buffer[payloadOffset / SECTOR + i] = stamp;
      },
    };
  }

  flashSubmitted(
    host: number,
    operation: number,
    address: number,
    bytes: number,
    token: number,
    id: number,
  ): void {
    const request = this.announced[host]!.get(token);
    this.announced[host]!.delete(token);
    if (request === undefined) return;
    request.operation = operation;
    request.start = address;
    request.bytes = bytes;
    this.flashRequests.set(id, request);
  }

  flashFaulted(id: number, fault: Fault, sector: number): void {
    damage(this.flashRequests.get(id), fault, sector);
  }

  datastoreFaulted(id: number, fault: Fault, sector: number): void {
    damage(this.datastoreRequests.get(id), fault, sector);
  }

  flashCompleted(id: number, status: Status): void {
    const request = this.flashRequests.get(id);
    if (request === undefined) return;
    this.flashRequests.delete(id);
    if (status === STATUS_CORRUPT) this.spoil(request);
    if (status !== 0 && (request.operation !== FLASH_WRITE || !isTorn(request))) return;
    const sectors = this.flash[request.host]!;
    if (request.operation === FLASH_WRITE) this.apply(request, sectors, request.start);
    else if (request.operation === FLASH_READ) this.deliver(request, sectors, request.start);
  }

  datastoreSubmitted(
    host: number,
    operation: number,
    disk: number,
    offset: number,
    bytes: number,
    token: number,
    id: number,
  ): void {
    let request = this.announced[host]!.get(token);
    this.announced[host]!.delete(token);
    if (request === undefined) {
      if (operation !== SAN_DISCARD) return;
      request = untouched(host, operation, disk, offset, bytes, false);
    }
    request.operation = operation;
    request.disk = disk;
    request.start = offset;
    request.bytes = bytes;
    this.datastoreRequests.set(id, request);
  }

  datastoreCompleted(id: number, status: Status): void {
    const request = this.datastoreRequests.get(id);
    if (request === undefined) return;
    this.datastoreRequests.delete(id);
    if (status !== 0 && (request.operation !== SAN_WRITE || !isTorn(request))) return;
    const sectors = this.image(request.disk);
    if (request.operation === SAN_READ) this.deliver(request, sectors, request.start);
    else if (request.operation === SAN_WRITE) {
      const moved = request.moves.reduce((sum, move) => sum + move.bytes, 0);
      if (moved !== request.bytes) {
        this.violations.push(`a datastore write of ${request.bytes} bytes carries ${moved} bytes of data`);
      }
      this.apply(request, sectors, request.start);
      this.onDatastoreWrite?.(request.disk, request.start, request.bytes);
    } else if (request.operation === SAN_DISCARD) {
      for (let at = request.start; at < request.start + request.bytes; at += SECTOR)
        sectors.set(at / SECTOR, UNDEFINED);
    }
  }

  hostCrashed(host: number): void {
    for (const hosts of this.buffers.values()) hosts.delete(host);
    this.announced[host] = new Map();
    for (const [id, request] of this.datastoreRequests)
      if (request.host === host && request.reading) this.datastoreRequests.delete(id);
  }

  flashLost(host: number): void {
    this.flash[host] = new Map();
  }

  guestAborted(payload: number): void {
    const io = this.guestIos.get(payload)!;
    io.aborted = true;
    this.unresolved.push(io);
  }

  guestsResumed(disk: number): void {
    for (const io of this.unresolved) if (io.disk === disk) io.completed = ++this.clock;
    this.unresolved = this.unresolved.filter((io) => io.disk !== disk);
  }

  guestSubmitted(
    host: number,
    disk: number,
    operation: number,
    offset: number,
    bytes: number,
    payload: number,
  ): void {
    const io: GuestIo = {
      host,
      number: payload,
      disk,
      operation,
      offset,
      bytes,
      submitted: ++this.clock,
      completed: 0,
      aborted: false,
    };
    this.guestIos.set(payload, io);
    const stamp = operation === OP_WRITE ? payload : UNDEFINED;
    if (operation === OP_READ || operation === OP_WRITE) {
      this.buffers.set(payload, new Map([[host, new Array<number>(bytes / SECTOR).fill(stamp)]]));
    }
    if (operation === OP_WRITE) {
      this.writes[disk] ??= [];
      this.writes[disk].push(io);
    }
    if (operation === OP_WRITE || operation === OP_DISCARD) {
      const history = this.historyOf(disk);
      for (let at = offset; at < offset + bytes; at += SECTOR) {
        this.settledOf(disk).delete(at / SECTOR);
        const writes = history.get(at / SECTOR);
        if (writes === undefined) history.set(at / SECTOR, [io]);
        else writes.push(io);
      }
    }
  }

  guestCompleted(payload: number, status: Status): void {
    const io = this.guestIos.get(payload)!;
    io.completed = ++this.clock;
    // Nobody knows what became of it.
    if (status !== 0) io.aborted = true;
    this.completions.push(`${payload} ${status}`);
    this.onAcknowledged?.(io);
    if (io.operation === OP_READ && status === 0) this.checkRead(io);
  }

  /** The newest write to each sector, by disk: what the datastore must hold when everything is drained. */
  newest(disk: number): Map<number, number> {
    const stamps = new Map<number, number>();
    for (const [sector, writes] of this.historyOf(disk)) {
      const last = writes[writes.length - 1]!;
      stamps.set(sector, last.operation === OP_WRITE ? last.number : UNDEFINED);
    }
    return stamps;
  }

  /** Disks that anybody has written to. */
  disks(): number[] {
    return [...new Set([...this.history.keys(), ...this.datastore.keys()])].filter(
      (disk) => this.history[disk] !== undefined || this.datastore[disk] !== undefined,
    );
  }

  guestIo(payload: number): GuestIo | undefined {
    return this.guestIos.get(payload);
  }

  /** True when write `a` was asked for before write `b`. */
  isOlder(a: number, b: number): boolean {
    const [first, second] = [this.guestIos.get(a), this.guestIos.get(b)];
    return first !== undefined && second !== undefined && first.submitted < second.submitted;
  }

  /** True when the datastore has this write, or one that may stand in its place, in every sector of the range. */
  isOnDatastore(io: GuestIo, offset = io.offset, bytes = io.bytes): boolean {
    const image = this.image(io.disk);
    for (let sector = offset / SECTOR; sector < (offset + bytes) / SECTOR; sector++) {
      const stamp = image.get(sector) ?? UNWRITTEN;
      if (stamp === io.number || stamp === UNDEFINED) continue;
      const other = this.guestIos.get(stamp);
      // An older one will not do, unless both were under way at once.
      if (other === undefined || (other.completed > 0 && other.completed < io.submitted)) return false;
    }
    return true;
  }

  /** By sector: what it may hold when nothing is under way any more. */
  acknowledged(disk: number): Map<number, number[]> {
    const allowed = new Map<number, number[]>();
    for (const [sector, writes] of this.historyOf(disk)) {
      if (writes.some((write) => write.operation === OP_DISCARD)) continue;
      // The newest acknowledged one, and whatever was not wholly before it.
      let newest: GuestIo | undefined;
      for (const write of writes)
        if (
          !write.aborted &&
          write.completed > 0 &&
          (newest === undefined || write.submitted > newest.submitted)
        )
          newest = write;
      const stamps = writes
        .filter(
          (write) => newest === undefined || write.completed === 0 || write.completed > newest.submitted,
        )
        .map((write) => write.number);
      allowed.set(sector, newest === undefined ? [UNWRITTEN, ...stamps] : stamps);
    }
    return allowed;
  }

  /** Writes of a disk in order of submission, which is the order of its log. */
  writesOf(disk: number): readonly GuestIo[] {
    return this.writes[disk] ?? [];
  }

  image(disk: number): Map<number, number> {
    let sectors = this.datastore[disk];
    if (sectors === undefined) {
      sectors = new Map();
      this.datastore[disk] = sectors;
    }
    return sectors;
  }

  /** What reads found when nothing was in flight; the datastore must hold the same in the end. */
  settledOf(disk: number): Map<number, number> {
    this.settled[disk] ??= new Map();
    return this.settled[disk];
  }

  /** What a host has of a payload; a guest's own is at the host where it runs. */
  private bufferOf(host: number, payload: number): number[] {
    let hosts = this.buffers.get(payload);
    if (hosts === undefined) {
      hosts = new Map();
      this.buffers.set(payload, hosts);
    }
    let buffer = hosts.get(host);
    if (buffer === undefined) {
      buffer = [];
      hosts.set(host, buffer);
    }
    return buffer;
  }

  private take(host: number, payload: number, payloadOffset: number, bytes: number): number[] {
    const buffer = this.bufferOf(host, payload);
    const stamps: number[] = [];
    for (let at = payloadOffset / SECTOR; at < (payloadOffset + bytes) / SECTOR; at++) {
      const stamp = buffer[at];
      if (stamp === undefined) {
        this.violations.push(`host ${host} uses sector ${at} of payload ${payload}, which it does not have`);
        return new Array<number>(bytes / SECTOR).fill(UNDEFINED);
      }
      stamps.push(stamp);
    }
    return stamps;
  }

  private historyOf(disk: number): Map<number, GuestIo[]> {
    let history = this.history[disk];
    if (history === undefined) {
      history = new Map();
      this.history[disk] = history;
    }
    return history;
  }

  private apply(request: Request, sectors: Map<number, number>, start: number): void {
    for (const move of request.moves) {
      for (let i = 0; i < move.stamps.length; i++) {
        const sector = move.at / SECTOR + i;
        if (sector >= request.tornFrom) break;
        sectors.set(start / SECTOR + sector, sector === request.corruptAt ? CORRUPT : move.stamps[i]!);
      }
    }
  }

  /** What a host reads from flash it does not have in memory: it has rubbish now, until it gets the data elsewhere. */
  private spoil({ host, moves }: Request): void {
    for (const { payload, payloadOffset, bytes } of moves) {
      const buffer = this.bufferOf(host, payload);
      for (let at = payloadOffset / SECTOR; at < (payloadOffset + bytes) / SECTOR; at++) buffer[at] = CORRUPT;
    }
  }

  private deliver(request: Request, sectors: Map<number, number>, start: number): void {
    for (const move of request.moves) {
      const buffer = this.bufferOf(request.host, move.payload);
      const io = this.guestIos.get(move.payload);
      if (io === undefined) {
        this.violations.push(
          `host ${request.host} reads for payload ${move.payload}, which no guest has asked for`,
        );
        continue;
      }
      const own = io.operation === OP_WRITE;
      for (let i = 0; i < move.bytes / SECTOR; i++) {
        const found = sectors.get(start / SECTOR + i) ?? UNWRITTEN;
        const stamp = i === request.corruptAt ? CORRUPT : found;
        const at = move.payloadOffset / SECTOR + i;
        const had = buffer[at];
        if (own && had !== undefined && had !== CORRUPT && had !== stamp) {
          this.violations.push(`destaging write ${move.payload} read stamp ${stamp} from flash`);
        }
        buffer[at] = stamp;
      }
    }
  }

  /** Two reads with no write in flight or between must agree: no value ever goes back in time. */
  private settle(read: GuestIo, sector: number, writes: readonly GuestIo[], stamp: number): void {
    if (!writes.every((write) => write.completed > 0 && write.completed < read.submitted)) return;
    const settled = this.settledOf(read.disk);
    const before = settled.get(sector);
    if (before === undefined) settled.set(sector, stamp);
    else if (before !== stamp) {
      this.violations.push(
        `read ${read.number} found stamp ${stamp} at sector ${sector}, an earlier read ${before}`,
      );
    }
  }

  /**
   * A read may return, sector by sector, any write that was submitted before the read completed, unless another write
   * came wholly after that one and was acknowledged before the read was submitted (a regular register).
   */
  private checkRead(read: GuestIo): void {
    this.readsChecked++;
    const buffer = this.bufferOf(read.host, read.number);
    const history = this.historyOf(read.disk);
    for (let i = 0; i < buffer.length; i++) {
      const sector = read.offset / SECTOR + i;
      const writes = history.get(sector) ?? [];
      // What a sector holds after a discard is undefined.
      if (writes.some((write) => write.operation === OP_DISCARD)) continue;
      const stamp = buffer[i]!;
      const source = stamp > 0 ? this.guestIos.get(stamp) : undefined;
      if (stamp > 0 && (source === undefined || !writes.includes(source))) {
        this.violations.push(
          `read ${read.number} found stamp ${stamp} at sector ${sector}, never written there`,
        );
        continue;
      }
      this.settle(read, sector, writes, stamp);
      for (const write of writes) {
        const after = source === undefined || (source.completed > 0 && write.submitted > source.completed);
        if (after && !write.aborted && write.completed > 0 && write.completed < read.submitted) {
          this.violations.push(
            `read ${read.number} found stamp ${stamp} at sector ${sector}, older than acknowledged write ${write.number}`,
          );
          break;
        }
      }
    }
  }
}

function damage(request: Request | undefined, fault: Fault, sector: number): void {
  if (request === undefined) return;
  if (fault === FAULT_CORRUPT) request.corruptAt = sector;
  else request.tornFrom = sector;
}

function isTorn(request: Request): boolean {
  return request.tornFrom !== Number.POSITIVE_INFINITY;
}
