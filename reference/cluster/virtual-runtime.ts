/**
 * The virtual runtime: hosts running FVP, emulated devices, a network and a shared datastore, driven by one event
 * queue in virtual time.
 */
import {
  BUSY,
  DEVICE_SEND,
  type DeviceContext,
  DONE,
  FAULT_ERROR,
  type Fault,
  type NextDevice,
  REQUEST_FUA,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../devices/api.ts';
import { askModel, GuardedDevice } from '../devices/guard.ts';
import { createStack, type DeviceStack, type Layer } from '../devices/stack.ts';
import type { Station } from '../devices/station.ts';
import { emptyRecord, type FtRecord } from '../fvp/ft-record.ts';
import { Host } from '../fvp/host.ts';
import type { HostSetup, Peer } from '../fvp/host-state.ts';
import { FIELD_KEY, FIELD_TO, MESSAGE_FIELDS } from '../fvp/message.ts';
import { TOKEN_BITS } from '../fvp/op-table.ts';
import {
  CAUSE_HEARTBEAT,
  CAUSE_RECORD,
  type ClockPort,
  type DatastorePort,
  FLASH_READ,
  FLASH_WRITE,
  type FlashPort,
  type GuestPort,
  type NetworkPort,
  type ObserverPort,
  type Ports,
  SAN_FLUSH,
  SAN_READ,
  SAN_WRITE,
  STATUS_ERROR,
  STATUS_OK,
  STATUS_REFUSED,
  type Status,
  type TimerPort,
} from '../fvp/ports.ts';
import { DOUBLE_ZERO } from '../kernel/double-zero.ts';
import { BugError, UsageError } from '../kernel/errors.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import { componentSeed, hash2 } from '../kernel/random.ts';
import type { ClusterContent } from './cluster-content.ts';
import type { FaultPlane, PlaneRuntime } from './faults/fault-plane.ts';
import type { ResolvedDevice, ResolvedScenario } from './scenario/resolved.ts';

/** Kinds of event; an event's target is index * 8 + kind. */
const KIND_BITS = 3;
const EVENT_FLASH = 0;
const EVENT_DATASTORE = 1;
const EVENT_MESSAGE = 2;
const EVENT_TIMER = 3;
/** A time that a device or filter has asked for. */
const EVENT_LAYER = 4;
const EVENT_READY = 5;
/** A completion that did not go well; the token is a number of `faults`. */
const EVENT_FAULT = 6;
/** A request of a run with faults; the token is the fault plane's. */
const EVENT_PLANE = 7;

const TOKEN_MASK = (1 << TOKEN_BITS) - 1;
export const HOSTS_MAX = 1 << (31 - TOKEN_BITS);
const RECORD_BYTES = 512;
/** A submitter's list of refused requests drops its sent part beyond this many numbers. */
const COMPACT_AT = 7 * 1024;

/** What the cluster asks of a host; FVP's `Host`, or something that does without FVP. */
export interface HostMachine {
  attach(disk: number): number;
  submit(
    local: number,
    operation: number,
    offset: number,
    bytes: number,
    flags: number,
    tag: number,
    key: number,
    payload: number,
  ): void;
  onCompletion(token: number, status: Status): void;
  onMessage(message: number): void;
  onTimer(timer: number): void;
}

/** Flash and datastore traffic, by cause; arrays are indexed by the causes of fvp/ports. */
export class FlashTraffic {
  reads = 0;
  writes = 0;
  flushes = 0;
  readBytes = DOUBLE_ZERO;
  readonly programmedBytes = new Float64Array(4);

  count(operation: number, bytes: number, cause: number): void {
    if (operation === FLASH_READ) {
      this.reads++;
      this.readBytes += bytes;
    } else if (operation === FLASH_WRITE) {
      this.writes++;
      this.programmedBytes[cause]! += bytes;
    } else this.flushes++;
  }
}

export class DatastoreTraffic {
  readonly reads = new Float64Array(4);
  readonly writes = new Float64Array(4);
  readonly bytes = new Float64Array(4);
  readBytes = DOUBLE_ZERO;
  writeBytes = DOUBLE_ZERO;
  flushes = 0;

  count(operation: number, bytes: number, cause: number): void {
    if (operation === SAN_READ) {
      this.reads[cause]!++;
      this.readBytes += bytes;
      this.bytes[cause]! += bytes;
    } else if (operation === SAN_FLUSH) this.flushes++;
    else {
      this.writes[cause]!++;
      if (operation === SAN_WRITE) {
        this.writeBytes += bytes;
        this.bytes[cause]! += bytes;
      }
    }
  }
}

export class NetworkTraffic {
  bytes = DOUBLE_ZERO;
  messages = 0;
}

interface PendingFault {
  /** As of a completion that goes well. */
  readonly target: number;
  readonly token: number;
  readonly fault: Fault;
  readonly sector: number;
}

class Context implements DeviceContext {
  readonly name: string;
  private readonly runtime: VirtualRuntime;
  private readonly completionTarget: number;
  /** Number of the layer. */
  private readonly layer: number;
  private readonly station: Station;
  private readonly seed: number;

  constructor(
    runtime: VirtualRuntime,
    { name, station }: Layer,
    completionTarget: number,
    layer: number,
    runSeed: number,
  ) {
    this.name = name;
    this.runtime = runtime;
    this.completionTarget = completionTarget;
    this.layer = layer;
    this.station = station;
    this.seed = componentSeed(runSeed, name);
  }

  get nowNs(): number {
    return this.runtime.nowNs;
  }

  completeAt(timeNs: number, token: number): void {
    if (!(timeNs >= this.runtime.nowNs)) this.reject('completeAt', timeNs);
    this.station.complete(timeNs);
    this.runtime.queue.push(timeNs, this.completionTarget, token);
  }

  faultAt(timeNs: number, token: number, fault: Fault, sector: number): void {
    if (!(timeNs >= this.runtime.nowNs)) this.reject('faultAt', timeNs);
    this.station.complete(timeNs);
    this.runtime.faultAt(timeNs, { target: this.completionTarget, token, fault, sector });
  }

  fireAt(timeNs: number, argument: number): void {
    if (!(timeNs >= this.runtime.nowNs)) this.reject('fireAt', timeNs);
    this.runtime.queue.push(timeNs, (this.layer << KIND_BITS) | EVENT_LAYER, argument);
  }

  ready(): void {
    this.runtime.queue.push(this.runtime.nowNs, (this.layer << KIND_BITS) | EVENT_READY, 0);
  }

  draw(key: number, stage: number): number {
    return hash2(hash2(this.seed, key), stage);
  }

  private reject(call: string, timeNs: number): never {
    throw new UsageError(
      `device ${this.name}: ${call}(${timeNs}) lies before now (${this.runtime.nowNs} ns)`,
      {
        hint: 'a device may only schedule at or after now',
      },
    );
  }
}

/** Submits to one device; keeps what the device is too busy for and submits it again, in order. */
class Submitter {
  private readonly runtime: VirtualRuntime;
  private readonly device: NextDevice;
  private readonly station: Station;
  private readonly completionTarget: number;
  /** Refused requests, seven numbers each, from `head`. */
  private readonly waiting: number[] = [];
  private head = 0;

  constructor(runtime: VirtualRuntime, { top, outerStation }: DeviceStack, completionTarget: number) {
    this.runtime = runtime;
    this.device = top;
    this.station = outerStation;
    this.completionTarget = completionTarget;
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): void {
    if (this.head === this.waiting.length) {
      const answer = this.device.submit(operation, unit, address, bytes, flags, token, key);
      if (answer !== BUSY) {
        this.accepted(answer, token);
        return;
      }
    }
    this.waiting.push(operation, unit, address, bytes, flags, token, key);
  }

  ready(): void {
    const { waiting } = this;
    while (this.head < waiting.length) {
      const at = this.head;
      const token = waiting[at + 5]!;
      const answer = this.device.submit(
        waiting[at]!,
        waiting[at + 1]!,
        waiting[at + 2]!,
        waiting[at + 3]!,
        waiting[at + 4]!,
        token,
        waiting[at + 6]!,
      );
      if (answer === BUSY) {
        if (at > COMPACT_AT) {
          waiting.splice(0, at);
          this.head = 0;
        }
        return;
      }
      this.accepted(answer, token);
      this.head += 7;
    }
    waiting.length = 0;
    this.head = 0;
  }

  private accepted(answer: SubmitAnswer, token: number): void {
    const { nowNs } = this.runtime;
    this.station.accept(nowNs);
    if (answer !== DONE) return;
    this.station.complete(nowNs);
    this.runtime.queue.push(nowNs, this.completionTarget, token);
  }
}

class VirtualFlash implements FlashPort {
  private readonly traffic: FlashTraffic;
  private readonly submitter: Submitter;
  private readonly host: number;
  private readonly content: ClusterContent | null;

  constructor(submitter: Submitter, traffic: FlashTraffic, host: number, content: ClusterContent | null) {
    this.submitter = submitter;
    this.traffic = traffic;
    this.host = host;
    this.content = content;
  }

  submit(operation: number, address: number, bytes: number, cause: number, token: number, key: number): void {
    this.traffic.count(operation, bytes, cause);
    if (this.content !== null)
      this.content.flashSubmitted(
        this.host,
        operation,
        address,
        bytes,
        token,
        (this.host << TOKEN_BITS) | token,
      );
    this.submitter.submit(operation, 0, address, bytes, 0, token, key);
  }
}

/** Who may write a disk. */
export interface Lock {
  /** Host that holds it; -1 for none. */
  holder: number;
  /** Rises whenever it is taken or renewed. */
  counter: number;
  /** Rises whenever it is taken. */
  fence: number;
}

/** The shared datastore: one device, and the locks, fences and FT records that live on it. */
export class VirtualDatastore {
  readonly traffic = new DatastoreTraffic();
  readonly records: FtRecord[] = [];
  readonly locks: Lock[] = [];
  /** Applied when the request with this datastore token completes; says how it went. */
  readonly effects = new Map<number, () => Status>();
  submitter!: Submitter;

  lock(disk: number, host: number, holder: number, counter: number): Status {
    const lock = this.locks[disk]!;
    if (lock.holder !== holder || lock.counter !== counter) return STATUS_REFUSED;
    lock.holder = host;
    lock.counter++;
    lock.fence++;
    return STATUS_OK;
  }

  unlock(disk: number, host: number): Status {
    const lock = this.locks[disk]!;
    if (lock.holder !== host) return STATUS_REFUSED;
    lock.holder = -1;
    lock.counter++;
    return STATUS_OK;
  }

  renew(disk: number, host: number): Status {
    const lock = this.locks[disk]!;
    if (lock.holder !== host) return STATUS_REFUSED;
    lock.counter++;
    return STATUS_OK;
  }

  replace(disk: number, host: number, expected: FtRecord, next: FtRecord): Status {
    const current = this.records[disk]!;
    if (this.locks[disk]!.holder !== host) return STATUS_REFUSED;
    if (current.epoch !== expected.epoch || current.version !== expected.version) return STATUS_REFUSED;
    this.records[disk] = next;
    return STATUS_OK;
  }
}

class HostDatastore implements DatastorePort {
  private readonly datastore: VirtualDatastore;
  private readonly traffic: DatastoreTraffic;
  private readonly submitter: Submitter;
  private readonly host: number;
  private readonly hostBits: number;
  private readonly metadataUnit: number;
  private readonly content: ClusterContent | null;

  constructor(
    datastore: VirtualDatastore,
    host: number,
    metadataUnit: number,
    content: ClusterContent | null,
  ) {
    this.content = content;
    this.datastore = datastore;
    this.traffic = datastore.traffic;
    this.submitter = datastore.submitter;
    this.host = host;
    this.hostBits = host << TOKEN_BITS;
    this.metadataUnit = metadataUnit;
  }

  submit(
    operation: number,
    disk: number,
    offset: number,
    bytes: number,
    fua: boolean,
    cause: number,
    token: number,
    key: number,
  ): void {
    this.traffic.count(operation, bytes, cause);
    if (this.content !== null)
      this.content.datastoreSubmitted(
        this.host,
        operation,
        disk,
        offset,
        bytes,
        token,
        this.hostBits | token,
      );
    this.submitter.submit(operation, disk, offset, bytes, fua ? REQUEST_FUA : 0, this.hostBits | token, key);
  }

  inspect(disk: number, token: number): void {
    this.traffic.count(SAN_READ, RECORD_BYTES, CAUSE_RECORD);
    const address = disk * RECORD_BYTES;
    const hostToken = this.hostBits | token;
    this.submitter.submit(SAN_READ, this.metadataUnit, address, RECORD_BYTES, 0, hostToken, disk);
  }

  lock(disk: number, holder: number, counter: number, token: number): void {
    this.metadata(disk, token, CAUSE_RECORD, 0, () => this.datastore.lock(disk, this.host, holder, counter));
  }

  unlock(disk: number, token: number): void {
    this.metadata(disk, token, CAUSE_RECORD, 0, () => this.datastore.unlock(disk, this.host));
  }

  heartbeat(disk: number, token: number): void {
    this.metadata(disk, token, CAUSE_HEARTBEAT, REQUEST_RESERVED, () =>
      this.datastore.renew(disk, this.host),
    );
  }

  holder(disk: number): number {
    return this.datastore.locks[disk]!.holder;
  }

  counter(disk: number): number {
    return this.datastore.locks[disk]!.counter;
  }

  record(disk: number): FtRecord {
    return this.datastore.records[disk]!;
  }

  compareAndWrite(disk: number, expected: FtRecord, next: FtRecord, token: number): void {
    this.metadata(disk, token, CAUSE_RECORD, 0, () =>
      this.datastore.replace(disk, this.host, expected, next),
    );
  }

  private metadata(disk: number, token: number, cause: number, flags: number, effect: () => Status): void {
    this.traffic.count(SAN_WRITE, RECORD_BYTES, cause);
    const datastoreToken = this.hostBits | token;
    this.datastore.effects.set(datastoreToken, effect);
    const address = disk * RECORD_BYTES;
    this.submitter.submit(
      SAN_WRITE,
      this.metadataUnit,
      address,
      RECORD_BYTES,
      flags | REQUEST_FUA,
      datastoreToken,
      disk,
    );
  }
}

/** Rows of messages in flight, shared by all hosts. */
class MessageRows {
  fields = new Float64Array(256 * MESSAGE_FIELDS);
  private free = new Int32Array(256);
  private freeCount = 0;
  private used = 0;

  allocate(): number {
    if (this.freeCount !== 0) return this.free[--this.freeCount]!;
    if ((this.used + 1) * MESSAGE_FIELDS > this.fields.length) {
      const grown = new Float64Array(this.fields.length * 2);
      grown.set(this.fields);
      this.fields = grown;
      const free = new Int32Array(this.free.length * 2);
      free.set(this.free);
      this.free = free;
    }
    return this.used++;
  }

  release(message: number): void {
    this.free[this.freeCount++] = message;
  }

  get inFlight(): number {
    return this.used - this.freeCount;
  }
}

class VirtualNetwork implements NetworkPort {
  private readonly rows: MessageRows;
  private readonly traffic: NetworkTraffic;
  private readonly submitter: Submitter;

  constructor(rows: MessageRows, traffic: NetworkTraffic, submitter: Submitter) {
    this.rows = rows;
    this.traffic = traffic;
    this.submitter = submitter;
  }

  get fields(): Float64Array {
    return this.rows.fields;
  }

  allocate(): number {
    return this.rows.allocate();
  }

  send(toHost: number, message: number, bytes: number): void {
    const fields = this.rows.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_TO] = toHost;
    this.traffic.bytes += bytes;
    this.traffic.messages++;
    this.submitter.submit(DEVICE_SEND, toHost, 0, bytes, 0, message, fields[base + FIELD_KEY]!);
  }
}

class HostTimer implements TimerPort {
  private readonly runtime: VirtualRuntime;
  private readonly target: number;

  constructor(runtime: VirtualRuntime, host: number) {
    this.runtime = runtime;
    this.target = (host << KIND_BITS) | EVENT_TIMER;
  }

  set(timeNs: number, timer: number): void {
    this.runtime.queue.push(timeNs, this.target, timer);
  }
}

/** A host in a run with faults, as the guests see it: it may be down, paused, or crash while it is asked. */
class AskedHost implements HostMachine {
  private readonly plane: FaultPlane;
  private readonly host: number;

  constructor(plane: FaultPlane, host: number) {
    this.plane = plane;
    this.host = host;
  }

  attach(disk: number): number {
    return this.plane.machineOf(this.host)!.attach(disk);
  }

  submit(
    local: number,
    operation: number,
    offset: number,
    bytes: number,
    flags: number,
    tag: number,
    key: number,
    payload: number,
  ): void {
    this.plane.ask(this.host, (machine) =>
      machine.submit(local, operation, offset, bytes, flags, tag, key, payload),
    );
  }

  onCompletion(): void {
    throw new BugError('the fault plane tells hosts of completions itself');
  }

  onMessage(): void {
    throw new BugError('the fault plane delivers messages itself');
  }

  onTimer(): void {
    throw new BugError('the fault plane tells hosts the time itself');
  }
}

export interface RuntimeSetup {
  readonly scenario: ResolvedScenario;
  readonly seed: number;
  /** Virtual disks in the whole cluster. */
  readonly disks: number;
  readonly guest: GuestPort;
  readonly observer: (host: number) => ObserverPort;
  readonly content: ClusterContent | null;
  /** Faults of this run; without it none can happen. */
  readonly plane?: FaultPlane | undefined;
  /** Makes a host; FVP's unless a test does without. */
  readonly createHost?: (setup: HostSetup) => HostMachine;
}

export class VirtualRuntime implements ClockPort {
  readonly queue = new EventQueue();
  nowNs = DOUBLE_ZERO;
  events = 0;
  readonly hosts: HostMachine[] = [];
  /** FVP hosts, in the same order; empty where a test does without FVP. */
  readonly fvpHosts: Host[] = [];
  /** Hosts that have crashed, for their counters. */
  readonly pastHosts: Host[] = [];
  readonly devices: DeviceStack[] = [];
  readonly flash: (FlashTraffic | null)[] = [];
  readonly network = new NetworkTraffic();
  readonly datastore = new VirtualDatastore();
  private readonly rows = new MessageRows();
  private readonly layers: Layer[] = [];
  private readonly faults = new Map<number, PendingFault>();
  private faultNumber = 0;
  private readonly content: ClusterContent | null;
  private readonly plane: FaultPlane | undefined;

  constructor(setup: RuntimeSetup) {
    const { scenario, plane } = setup;
    this.plane = plane;
    this.content = setup.content;
    if (scenario.hosts.length > HOSTS_MAX)
      throw new UsageError(`${scenario.hosts.length} hosts; the most is ${HOSTS_MAX}`);
    for (let disk = 0; disk < setup.disks; disk++) {
      this.datastore.records.push(emptyRecord(disk));
      this.datastore.locks.push({ holder: -1, counter: 0, fence: 0 });
    }
    const target = (index: number, kind: number) =>
      plane === undefined ? (index << KIND_BITS) | kind : EVENT_PLANE;
    this.datastore.submitter = this.createDevice(
      scenario.datastore,
      'datastore',
      target(0, EVENT_DATASTORE),
      setup.seed,
    );
    const flashSubmitters: (Submitter | null)[] = [];
    const links: Submitter[] = [];
    for (const [host, { name, flash, link }] of scenario.hosts.entries()) {
      const kept =
        flash === null
          ? null
          : this.createDevice(flash, `${name}/flash`, target(host, EVENT_FLASH), setup.seed);
      flashSubmitters.push(kept);
      this.flash.push(flash === null ? null : new FlashTraffic());
      links.push(this.createDevice(link, `${name}/link`, target(host, EVENT_MESSAGE), setup.seed));
    }
    if (plane !== undefined) {
      plane.connect(this.planeRuntime(setup, flashSubmitters, links));
      return;
    }
    for (let host = 0; host < scenario.hosts.length; host++) {
      const submitter = flashSubmitters[host]!;
      const machineSetup = this.hostSetup(setup, host, 0, {
        clock: this,
        flash:
          submitter === null ? null : new VirtualFlash(submitter, this.flash[host]!, host, setup.content),
        datastore: new HostDatastore(this.datastore, host, setup.disks, setup.content),
        network: new VirtualNetwork(this.rows, this.network, links[host]!),
        guest: setup.guest,
        timer: new HostTimer(this, host),
        observer: setup.observer(host),
        content: setup.content?.port(host) ?? null,
        medium: null,
      });
      if (setup.createHost === undefined) {
        const machine = new Host(machineSetup);
        this.hosts.push(machine);
        this.fvpHosts.push(machine);
      } else this.hosts.push(setup.createHost(machineSetup));
    }
  }

  /** @param life how often the host has been started before */
  private hostSetup({ scenario, seed }: RuntimeSetup, host: number, life: number, ports: Ports): HostSetup {
    const { hosts, datastore, fvp } = scenario;
    const count = hosts.length;
    const peers: Peer[] = [];
    for (let step = 1; step < count; step++) {
      const peer = (host + step) % count;
      if (hosts[peer]!.flash !== null) peers.push({ host: peer, domain: hosts[peer]!.domain });
    }
    return {
      id: host,
      ports,
      options: fvp,
      flashCapacityBytes: hosts[host]!.flash?.capacityBytes ?? 0,
      volatileDatastore:
        askModel(datastore.plugIn, 'volatileCache()', () =>
          datastore.model.volatileCache?.(datastore.parameters),
        ) ?? false,
      peers,
      domain: hosts[host]!.domain,
      seed: hash2(componentSeed(seed, hosts[host]!.name), life),
    };
  }

  private planeRuntime(
    setup: RuntimeSetup,
    flash: readonly (Submitter | null)[],
    links: readonly Submitter[],
  ): PlaneRuntime {
    const runtime = this;
    const { datastore, queue, rows } = this;
    return {
      get nowNs() {
        return runtime.nowNs;
      },
      wake: (timeNs, id) => queue.push(timeNs, EVENT_PLANE, id),
      submitFlash: (host, operation, address, bytes, id, key) =>
        flash[host]!.submit(operation, 0, address, bytes, 0, id, key),
      submitDatastore: (operation, unit, offset, bytes, fua, reserved, id, key) =>
        datastore.submitter.submit(
          operation,
          unit,
          offset,
          bytes,
          (fua ? REQUEST_FUA : 0) | (reserved ? REQUEST_RESERVED : 0),
          id,
          key,
        ),
      submitMessage: (host, toHost, bytes, id, key) =>
        links[host]!.submit(DEVICE_SEND, toHost, 0, bytes, 0, id, key),
      messages: rows,
      metadataUnit: setup.disks,
      datastore,
      countFlash: (host, operation, bytes, cause) => this.flash[host]!.count(operation, bytes, cause),
      countDatastore: (operation, bytes, cause) => datastore.traffic.count(operation, bytes, cause),
      countMessage: (bytes) => {
        this.network.bytes += bytes;
        this.network.messages++;
      },
      createHost: (host, ports, life) =>
        new Host(this.hostSetup(setup, host, life, flash[host] === null ? { ...ports, flash: null } : ports)),
      replaceHost: (host, machine) => {
        const before = this.fvpHosts[host];
        if (before !== undefined) this.pastHosts.push(before);
        this.hosts[host] = new AskedHost(this.plane!, host);
        this.fvpHosts[host] = machine;
      },
    };
  }

  /** Messages sent and not yet delivered. */
  get messagesInFlight(): number {
    return this.rows.inFlight;
  }

  /** Takes the next event and lets its receiver act. The caller has seen that there is one. */
  step(): void {
    const queue = this.queue;
    queue.pop();
    this.nowNs = queue.timeNs;
    this.events++;
    const token = queue.token;
    const kind = queue.target & ((1 << KIND_BITS) - 1);
    const index = queue.target >>> KIND_BITS;
    switch (kind) {
      case EVENT_FLASH:
        if (this.content !== null) this.content.flashCompleted((index << TOKEN_BITS) | token, STATUS_OK);
        this.hosts[index]!.onCompletion(token, STATUS_OK);
        return;
      case EVENT_DATASTORE: {
        const host = token >>> TOKEN_BITS;
        const status = this.datastore.effects.size === 0 ? STATUS_OK : this.applyEffect(token);
        if (this.content !== null) this.content.datastoreCompleted(token, status);
        this.hosts[host]!.onCompletion(token & TOKEN_MASK, status);
        return;
      }
      case EVENT_MESSAGE:
        this.hosts[this.rows.fields[token * MESSAGE_FIELDS + FIELD_TO]!]!.onMessage(token);
        this.rows.release(token);
        return;
      default:
        this.stepRarely(kind, index, token);
    }
  }

  /** Apart from `step`, so that what happens often is small enough to be inlined. */
  private stepRarely(kind: number, index: number, token: number): void {
    switch (kind) {
      case EVENT_TIMER:
        this.hosts[index]!.onTimer(token);
        return;
      case EVENT_LAYER:
        this.layers[index]!.self!.fire(token);
        return;
      case EVENT_READY:
        this.layers[index]!.above!.ready();
        return;
      case EVENT_FAULT:
        this.completeFaulty(token);
        return;
      case EVENT_PLANE:
        this.plane!.fire(token);
        return;
    }
  }

  /** A request ends at `timeNs`, but not well. */
  faultAt(timeNs: number, fault: PendingFault): void {
    this.faultNumber = (this.faultNumber + 1) & 0x7fffffff;
    this.faults.set(this.faultNumber, fault);
    this.queue.push(timeNs, EVENT_FAULT, this.faultNumber);
  }

  private completeFaulty(number: number): void {
    const { target, token, fault, sector } = this.faults.get(number)!;
    this.faults.delete(number);
    const { content } = this;
    const status = fault === FAULT_ERROR ? STATUS_ERROR : STATUS_OK;
    const index = target >>> KIND_BITS;
    switch (target & ((1 << KIND_BITS) - 1)) {
      case EVENT_FLASH:
        if (content !== null) {
          const id = (index << TOKEN_BITS) | token;
          content.flashFaulted(id, fault, sector);
          content.flashCompleted(id, status);
        }
        this.hosts[index]!.onCompletion(token, status);
        return;
      case EVENT_DATASTORE: {
        const host = token >>> TOKEN_BITS;
        const hostToken = token & TOKEN_MASK;
        // A lock or a record is one sector with a checksum of its own: it is never half there.
        const metadata = this.datastore.effects.delete(token);
        if (content !== null && !metadata) content.datastoreFaulted(token, fault, sector);
        const told = metadata ? STATUS_ERROR : status;
        if (content !== null) content.datastoreCompleted(token, told);
        this.hosts[host]!.onCompletion(hostToken, told);
        return;
      }
      case EVENT_MESSAGE:
        this.rows.release(token);
        return;
      case EVENT_PLANE:
        this.plane!.fire(token, fault, sector);
        return;
    }
  }

  private applyEffect(token: number): Status {
    const effect = this.datastore.effects.get(token);
    if (effect === undefined) return STATUS_OK;
    this.datastore.effects.delete(token);
    return effect();
  }

  private createDevice(
    resolved: ResolvedDevice,
    name: string,
    completionTarget: number,
    seed: number,
  ): Submitter {
    let outermost: Layer | undefined;
    const stack = createStack(resolved, name, (layer) => {
      this.layers.push(layer);
      outermost = layer;
      return new Context(this, layer, completionTarget, this.layers.length - 1, seed);
    });
    const submitter = new Submitter(this, stack, completionTarget);
    outermost!.above = submitter;
    this.devices.push(stack);
    return submitter;
  }

  /**
   * Little's law, station by station. Nothing may be under way.
   * @throws UsageError where the figures of a plug-in are not what was seen, BugError for a model of ours
   */
  checkStations(): void {
    for (const { name, device, station } of this.devices) {
      const wrong = station.disagreement(device.statistics());
      if (wrong === undefined) continue;
      if (device instanceof GuardedDevice) throw device.miscounted(wrong);
      throw new BugError(`${name}: ${wrong}`);
    }
  }

  /** What a plug-in has left undone, where nothing goes on because of it. @throws UsageError that names it */
  checkPlugIns(): void {
    for (const { guarded } of this.devices) {
      for (const guard of guarded) {
        const unfinished = guard.unfinished();
        if (unfinished !== undefined) throw unfinished;
      }
    }
  }
}
