/**
 * Between the hosts and their devices, network and datastore, where a run has faults: hosts crash and start again, pause,
 * are cut off; flash is lost or damaged; messages are lost, doubled, delayed; requests are stalled and applied late.
 * What was under way at a crash may have happened, or not, or in part; a command that a dead host sent may be applied
 * all the same.
 *
 * Runs without faults do without it and pay nothing.
 */
import { FAULT_CORRUPT, FAULT_ERROR, FAULT_TORN, type Fault } from '../../devices/api.ts';
import type { FtRecord } from '../../fvp/ft-record.ts';
import type { Host } from '../../fvp/host.ts';
import { FIELD_KEY, MESSAGE_FIELDS } from '../../fvp/message.ts';
import {
  CAUSE_HEARTBEAT,
  CAUSE_RECORD,
  type ClockPort,
  type DatastorePort,
  FLASH_FOR_HEADER,
  FLASH_READ,
  FLASH_WRITE,
  type FlashPort,
  type GuestPort,
  type NetworkPort,
  type ObserverPort,
  type Ports,
  SAN_DISCARD,
  SAN_WRITE,
  STATUS_CORRUPT,
  STATUS_ERROR,
  STATUS_GONE,
  STATUS_OK,
  STATUS_REFUSED,
  type Status,
  type TimerPort,
} from '../../fvp/ports.ts';
import { RandomStream } from '../../kernel/random.ts';
import type { ClusterContent } from '../cluster-content.ts';
import { FlashMedium, type LogNote, MediumOfHost } from './flash-medium.ts';

/** How messages and late commands behave beside the faults of a schedule; probabilities from 0 to 1. */
export interface Weather {
  readonly loseMessage: number;
  readonly doubleMessage: number;
  readonly delayMessage: number;
  /** Longest extra time of a delayed or doubled message. */
  readonly messageDelayNs: number;
  /** Of data writes to the datastore: applied late by up to `datastoreDelayNs`. */
  readonly delayDatastore: number;
  readonly datastoreDelayNs: number;
  /** Of flash requests and of datastore requests: fail. */
  readonly flashError: number;
  readonly datastoreError: number;
}

export const CALM: Weather = {
  loseMessage: 0,
  doubleMessage: 0,
  delayMessage: 0,
  messageDelayNs: 0,
  delayDatastore: 0,
  datastoreDelayNs: 0,
  flashError: 0,
  datastoreError: 0,
};

/** A host's clock: how far it is off, and how much faster it runs. */
export interface ClockError {
  readonly offsetNs: number;
  readonly drift: number;
}

/** Where a host may be stopped by a tester: at an output, or around what it consumes. */
export interface Probe {
  /** @returns true: the host crashes here */
  crashes(host: number, what: string): boolean;
}

/** What the plane needs of the runtime. */
export interface PlaneRuntime {
  readonly nowNs: number;
  /** `fire(id)` of the plane is called at `timeNs`. */
  wake(timeNs: number, id: number): void;
  submitFlash(host: number, operation: number, address: number, bytes: number, id: number, key: number): void;
  submitDatastore(
    operation: number,
    unit: number,
    offset: number,
    bytes: number,
    fua: boolean,
    reserved: boolean,
    id: number,
    key: number,
  ): void;
  submitMessage(host: number, toHost: number, bytes: number, id: number, key: number): void;
  readonly messages: { readonly fields: Float64Array; allocate(): number; release(message: number): void };
  readonly metadataUnit: number;
  readonly datastore: {
    lock(disk: number, host: number, holder: number, counter: number): Status;
    unlock(disk: number, host: number): Status;
    renew(disk: number, host: number): Status;
    replace(disk: number, host: number, expected: FtRecord, next: FtRecord): Status;
    readonly locks: readonly { readonly holder: number; readonly counter: number; readonly fence: number }[];
    readonly records: readonly FtRecord[];
  };
  countFlash(host: number, operation: number, bytes: number, cause: number): void;
  countDatastore(operation: number, bytes: number, cause: number): void;
  countMessage(bytes: number): void;
  createHost(host: number, ports: Ports, life: number): Host;
  /** The host's machine from now on. */
  replaceHost(host: number, machine: Host): void;
}

/** Told of what happens, for checkers and the log of events. */
export interface PlaneWatcher {
  recordReplaced?(host: number, disk: number, before: FtRecord, after: FtRecord): void;
  /** An event of the schedule is about to take place. */
  eventBegins?(kind: string): void;
  /** A host has taken a disk's lock, or renewed it, with a request that it made at `issuedNs`. */
  leaseBegun?(host: number, disk: number, issuedNs: number): void;
  lockReleased?(host: number, disk: number): void;
  /** A write of a disk has been applied to the datastore. */
  datastoreWritten?(host: number, disk: number, offset: number, bytes: number, cause: number): void;
  /** A host's write was refused by its fence. */
  writeRefused?(host: number, disk: number): void;
  stateChanged?(host: number, disk: number, state: number): void;
  fenced?(host: number, disk: number): void;
  degraded?(host: number, latencyClass: number, forNs: number): void;
  /** A host has crashed at a point where a probe stopped it. */
  crashed?(host: number): void;
  message?(from: number, to: number, message: number, fields: Float64Array): void;
  /** A header or record is on its way to flash. */
  flashRecordSubmitted?(host: number, note: LogNote): void;
}

interface Machine {
  readonly host: number;
  machine: Host | undefined;
  alive: boolean;
  readonly medium: MediumOfHost;
  /** Fence that its latest lock of each disk raised; absent: it holds none. */
  readonly fences: Map<number, number>;
  /** Lock and record of each disk, as the latest answer of the datastore had them. */
  readonly seen: Map<
    number,
    { readonly holder: number; readonly counter: number; readonly record: FtRecord }
  >;
  /** Messages it has begun to write and not sent. */
  readonly unsent: Set<number>;
}

interface Place {
  machine: Machine | undefined;
  lives: number;
  readonly medium: FlashMedium;
  flashLost: boolean;
  /** It has failed before: what it held then is gone, whatever it holds now. */
  everLostFlash: boolean;
  /** Cannot reach the datastore: its requests wait. */
  cutOff: boolean;
  /** What it will learn of when it runs again; undefined: it runs. */
  pausedWith: (() => void)[] | undefined;
  /** When its last pause ended. */
  resumedNs: number;
  /** Requests to the datastore that wait for the way there. */
  readonly waiting: (() => void)[];
  /** It will be paused for so long before its next output; 0: it will not. */
  pauseAtOutputNs: number;
  flashSlow: number;
  flashStalledUntilNs: number;
  clock: ClockError;
}

interface FlashRequest {
  readonly kind: 'flash';
  readonly id: number;
  readonly machine: Machine;
  readonly token: number;
  readonly operation: number;
  readonly address: number;
  readonly bytes: number;
  readonly isHeader: boolean;
  readonly note: LogNote | undefined;
  readonly submittedNs: number;
  slowed: boolean;
  fault: Fault | 0;
  sector: number;
}

interface DatastoreRequest {
  readonly kind: 'datastore';
  readonly id: number;
  readonly machine: Machine;
  readonly token: number;
  readonly operation: number;
  readonly disk: number;
  readonly offset: number;
  readonly bytes: number;
  readonly cause: number;
  /** -1: without a fence. */
  readonly fence: number;
  /** Of locks, heartbeats and records: what the request does when it is applied. */
  readonly effect: (() => Status) | undefined;
  readonly submittedNs: number;
  delayed: boolean;
  fault: Fault | 0;
  sector: number;
}

interface MessageRequest {
  readonly kind: 'message';
  readonly from: Machine;
  readonly to: number;
  readonly message: number;
  /** Deliveries still to come. */
  copies: number;
  delayed: boolean;
}

interface Wake {
  readonly kind: 'wake';
  readonly run: () => void;
}

type Item = FlashRequest | DatastoreRequest | MessageRequest | Wake;

/** @source assumed: about as many as a batch of the destager */
const NEWEST_RECORDS = 32;

class Crashed extends Error {}

export interface FaultPlaneOptions {
  readonly hosts: number;
  readonly seed: number;
  readonly content: ClusterContent | null;
  readonly watcher: PlaneWatcher;
  readonly guest: GuestPort;
  readonly clocks?: readonly ClockError[];
  /** Share of what was under way at a crash that is torn; the rest happened, or not. */
  readonly tearing?: boolean;
}

export class FaultPlane {
  weather: Weather = CALM;
  probe: Probe | undefined;
  readonly places: readonly Place[];
  /** Requests that the datastore answers to nobody: it is down. */
  datastoreDown = false;
  datastoreSlow = 1;
  datastoreStalledUntilNs = 0;
  private readonly options: FaultPlaneOptions;
  private readonly random: RandomStream;
  private readonly items = new Map<number, Item>();
  private readonly cut = new Set<number>();
  private lastId = 0;
  private runtime!: PlaneRuntime;

  constructor(options: FaultPlaneOptions) {
    this.options = options;
    this.random = new RandomStream(options.seed, 'fault plane');
    this.places = Array.from({ length: options.hosts }, (_, host) => ({
      machine: undefined,
      lives: 0,
      medium: new FlashMedium(),
      flashLost: false,
      everLostFlash: false,
      cutOff: false,
      pausedWith: undefined,
      resumedNs: Number.NEGATIVE_INFINITY,
      waiting: [],
      pauseAtOutputNs: 0,
      flashSlow: 1,
      flashStalledUntilNs: 0,
      clock: options.clocks?.[host] ?? { offsetNs: 0, drift: 0 },
    }));
  }

  connect(runtime: PlaneRuntime): void {
    this.runtime = runtime;
    for (let host = 0; host < this.places.length; host++) this.start(host);
  }

  get nowNs(): number {
    return this.runtime.nowNs;
  }

  // ---- faults ----

  isUp(host: number): boolean {
    return this.places[host]!.machine !== undefined;
  }

  /** The host stops, and its memory is gone. */
  crash(host: number): void {
    const place = this.places[host]!;
    const { machine } = place;
    if (machine === undefined) return;
    machine.alive = false;
    for (const message of machine.unsent) this.runtime.messages.release(message);
    place.machine = undefined;
    const unheard = place.pausedWith ?? [];
    place.pausedWith = undefined;
    for (const run of unheard) run();
    for (const item of this.items.values())
      if (item.kind === 'flash' && item.machine === machine) this.settleAtCrash(place, item);
    this.options.content?.hostCrashed(host);
  }

  /** A host that is down starts again, with what its flash has. */
  restart(host: number): void {
    if (!this.isUp(host)) this.start(host);
  }

  /** The flash of a host fails: every request to it does from now on, and what it held is gone. */
  loseFlash(host: number): void {
    const place = this.places[host]!;
    place.flashLost = true;
    place.everLostFlash = true;
    place.medium.clear();
    this.options.content?.flashLost(host);
  }

  /** The failed flash has been replaced by an empty one, with the next start of the host. */
  replaceFlash(host: number): void {
    this.places[host]!.flashLost = false;
  }

  /** No message passes between the two, in this direction. */
  cutLink(from: number, to: number): void {
    this.cut.add(from * this.places.length + to);
  }

  mendLink(from: number, to: number): void {
    this.cut.delete(from * this.places.length + to);
  }

  /** The host can no longer reach the datastore; its requests wait. */
  cutOff(host: number): void {
    this.places[host]!.cutOff = true;
  }

  reconnect(host: number): void {
    this.places[host]!.cutOff = false;
    this.resume(this.places[host]!.waiting);
  }

  setDatastoreDown(down: boolean): void {
    this.datastoreDown = down;
    if (!down) for (const place of this.places) if (!place.cutOff) this.resume(place.waiting);
  }

  /** The host does nothing for so long; its devices go on, and so does time. */
  pause(host: number, durationNs: number): void {
    const place = this.places[host]!;
    if (place.machine === undefined || place.pausedWith !== undefined) return;
    const paused: (() => void)[] = [];
    place.pausedWith = paused;
    this.at(this.nowNs + durationNs, () => {
      if (place.pausedWith !== paused) return;
      place.pausedWith = undefined;
      place.resumedNs = this.nowNs;
      for (const run of paused) run();
    });
  }

  /** Damages a record on a host's flash, by a seeded choice. @returns false when there is none */
  corrupt(host: number): boolean {
    const { medium } = this.places[host]!;
    const sectors = medium.recordSectors();
    if (sectors.length === 0) return false;
    // One of the newest as often as any: old ones have been destaged, and nobody reads them again.
    const newest = this.random.nextBelow(2) === 0 ? NEWEST_RECORDS : sectors.length;
    medium.damage(
      sectors[
        Math.max(0, sectors.length - newest) + this.random.nextBelow(Math.min(newest, sectors.length))
      ]!,
    );
    return true;
  }

  /** What guests and administrators ask of a host; a host that is down hears nothing. */
  ask(host: number, act: (machine: Host) => void): void {
    const { machine } = this.places[host]!;
    if (machine !== undefined) this.tell(machine, 'request', () => act(machine.machine!));
  }

  /** The host's machine; undefined while it is down. */
  machineOf(host: number): Host | undefined {
    return this.places[host]!.machine?.machine;
  }

  /** Runs something at a time. */
  at(timeNs: number, run: () => void): void {
    this.runtime.wake(timeNs, this.add({ kind: 'wake', run }));
  }

  // ---- what the runtime tells ----

  /** A request is complete, a message has come through its link, or a time has come. */
  fire(id: number, fault: Fault | 0 = 0, sector = 0): void {
    const item = this.items.get(id);
    if (item === undefined) return;
    switch (item.kind) {
      case 'flash':
        item.fault ||= fault;
        item.sector ||= sector;
        this.flashDone(item);
        return;
      case 'datastore':
        item.fault ||= fault;
        item.sector ||= sector;
        this.datastoreDone(item);
        return;
      case 'message':
        this.messageDone(id, item, fault !== 0);
        return;
      case 'wake':
        this.items.delete(id);
        item.run();
        return;
    }
  }

  // ---- hosts ----

  private start(host: number): void {
    const place = this.places[host]!;
    const machine: Machine = {
      host,
      machine: undefined,
      alive: true,
      medium: new MediumOfHost(place.medium),
      fences: new Map(),
      seen: new Map(),
      unsent: new Set(),
    };
    place.machine = machine;
    const fvp = this.runtime.createHost(host, this.portsOf(machine), place.lives++);
    machine.machine = fvp;
    this.runtime.replaceHost(host, fvp);
    this.run(machine, () => fvp.start());
  }

  /** Lets a machine act, unless it is dead; a crash in the middle ends it. */
  run(machine: Machine, act: () => void): void {
    if (!machine.alive) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
      this.crash(machine.host);
      this.options.watcher.crashed?.(machine.host);
    }
  }

  /** A machine learns of something: now, or when it runs again. */
  private tell(machine: Machine, what: string, act: () => void): void {
    if (!machine.alive) return;
    const place = this.places[machine.host]!;
    if (place.pausedWith !== undefined) {
      place.pausedWith.push(() => this.tell(machine, what, act));
      return;
    }
    this.run(machine, () => {
      this.pass(machine, `before ${what}`);
      act();
      this.pass(machine, `after ${what}`);
    });
  }

  /** A point where the machine may be stopped. */
  private pass(machine: Machine, what: string): void {
    if (this.probe === undefined || !machine.alive) return;
    if (this.probe.crashes(machine.host, what)) throw new Crashed();
  }

  /** The host stops for so long just before its next output: between a check, say, and what it allows. */
  pauseAtOutput(host: number, durationNs: number): void {
    this.places[host]!.pauseAtOutputNs = durationNs;
  }

  /** An output of a machine, with a point before and one after it. */
  private put(machine: Machine, what: string, act: () => void): void {
    this.pass(machine, `before ${what}`);
    const place = this.places[machine.host]!;
    if (place.pauseAtOutputNs > 0) {
      const durationNs = place.pauseAtOutputNs;
      place.pauseAtOutputNs = 0;
      this.pause(machine.host, durationNs);
    }
    // A host that was paused at an output sends it when it runs again.
    if (place.pausedWith === undefined) act();
    else
      place.pausedWith.push(() => {
        if (machine.alive) act();
      });
    this.pass(machine, `after ${what}`);
  }

  private add(item: Item): number {
    const id = ++this.lastId;
    this.items.set(id, item);
    return id;
  }

  private chance(probability: number): boolean {
    return probability > 0 && this.random.nextFraction() < probability;
  }

  private upTo(ns: number): number {
    return Math.floor(this.random.nextFraction() * ns);
  }

  private resume(waiting: (() => void)[]): void {
    for (const run of waiting.splice(0)) run();
  }

  // ---- flash ----

  private flashDone(item: FlashRequest): void {
    const { machine, operation, address, bytes, id } = item;
    const place = this.places[machine.host]!;
    if (!machine.alive) {
      // Settled at the crash.
      this.items.delete(id);
      return;
    }
    const now = this.nowNs;
    if (now < place.flashStalledUntilNs) {
      this.runtime.wake(place.flashStalledUntilNs, id);
      return;
    }
    if (place.flashSlow > 1 && !item.slowed) {
      item.slowed = true;
      this.runtime.wake(now + Math.ceil((now - item.submittedNs) * (place.flashSlow - 1)), id);
      return;
    }
    this.items.delete(id);
    const { content } = this.options;
    let status: Status = STATUS_OK;
    if (place.flashLost) status = STATUS_GONE;
    else if (item.fault === FAULT_ERROR || this.chance(this.weather.flashError)) status = STATUS_ERROR;
    else if (operation === FLASH_WRITE) {
      const sectors = bytes / 512;
      const whole = item.fault === FAULT_TORN ? Math.min(item.sector, sectors - 1) : sectors;
      if (item.fault === FAULT_TORN) content?.flashFaulted(id, FAULT_TORN, item.sector);
      place.medium.written(address, bytes, item.isHeader, item.note, whole);
      if (item.fault === FAULT_CORRUPT && !item.isHeader) place.medium.damage(address / 512 + item.sector);
    } else if (operation === FLASH_READ && !item.isHeader) {
      if (item.fault === FAULT_CORRUPT || place.medium.isDamaged(address, bytes)) status = STATUS_CORRUPT;
    }
    content?.flashCompleted(id, status);
    this.tell(machine, 'flash', () => machine.machine!.onCompletion(item.token, status));
  }

  /** What becomes of a flash write that was under way when its host crashed. */
  private settleAtCrash(place: Place, item: FlashRequest): void {
    const { operation, address, bytes, id, isHeader, note } = item;
    const { content, tearing } = this.options;
    if (operation !== FLASH_WRITE || place.flashLost) {
      content?.flashCompleted(id, STATUS_ERROR);
      return;
    }
    const sectors = bytes / 512;
    const fate = this.random.nextBelow(tearing === false ? 2 : 3);
    const whole = fate === 0 ? sectors : fate === 1 ? 0 : this.random.nextBelow(sectors);
    if (whole < sectors) content?.flashFaulted(id, FAULT_TORN, whole);
    place.medium.written(address, bytes, isHeader, note, whole);
    content?.flashCompleted(id, whole === 0 ? STATUS_ERROR : STATUS_OK);
  }

  // ---- datastore ----

  private datastoreDone(item: DatastoreRequest): void {
    const { machine, id, effect, operation, disk, offset, bytes } = item;
    const place = this.places[machine.host]!;
    const { content, watcher } = this.options;
    const now = this.nowNs;
    if (now < this.datastoreStalledUntilNs && item.cause !== CAUSE_HEARTBEAT) {
      this.runtime.wake(this.datastoreStalledUntilNs, id);
      return;
    }
    if (this.datastoreSlow > 1 && !item.delayed) {
      item.delayed = true;
      this.runtime.wake(now + Math.ceil((now - item.submittedNs) * (this.datastoreSlow - 1)), id);
      return;
    }
    if (effect === undefined && !item.delayed && this.chance(this.weather.delayDatastore)) {
      item.delayed = true;
      this.runtime.wake(now + this.upTo(this.weather.datastoreDelayNs), id);
      return;
    }
    if (this.datastoreDown) {
      // It is there when the datastore is again.
      place.waiting.push(() => this.datastoreDone(item));
      return;
    }
    this.items.delete(id);
    let status: Status = STATUS_OK;
    const isWrite = operation === SAN_WRITE || operation === SAN_DISCARD;
    if (item.fault === FAULT_ERROR || this.chance(this.weather.datastoreError)) status = STATUS_ERROR;
    else if (effect !== undefined) status = effect();
    else if (isWrite && !this.isFenceValid(item)) {
      status = STATUS_REFUSED;
      watcher.writeRefused?.(machine.host, disk);
    }
    if (effect === undefined) {
      if (item.fault !== 0) content?.datastoreFaulted(id, item.fault, item.sector);
      content?.datastoreCompleted(id, status);
      if (isWrite && status === STATUS_OK)
        watcher.datastoreWritten?.(machine.host, disk, offset, bytes, item.cause);
    }
    const { datastore } = this.runtime;
    const { holder, counter } = datastore.locks[disk]!;
    const seen = { holder, counter, record: datastore.records[disk]! };
    const answer = () =>
      this.tell(machine, 'datastore', () => {
        if (effect !== undefined) machine.seen.set(disk, seen);
        machine.machine!.onCompletion(item.token, status);
      });
    // Done, but the answer finds no way back yet.
    if (place.cutOff && machine.alive) place.waiting.push(answer);
    else answer();
  }

  private isFenceValid(item: DatastoreRequest): boolean {
    const lock = this.runtime.datastore.locks[item.disk]!;
    return item.fence < 0 ? lock.holder < 0 : item.fence === lock.fence;
  }

  // ---- network ----

  private messageDone(id: number, item: MessageRequest, faulty: boolean): void {
    const { from, to, message } = item;
    const { weather } = this;
    if (!item.delayed) {
      item.delayed = true;
      if (faulty || this.chance(weather.loseMessage)) {
        this.dropMessage(id, item);
        return;
      }
      if (this.chance(weather.doubleMessage)) {
        item.copies++;
        this.runtime.wake(this.nowNs + this.random.nextBelow(weather.messageDelayNs + 1), id);
      }
      if (this.chance(weather.delayMessage)) {
        this.runtime.wake(this.nowNs + this.random.nextBelow(weather.messageDelayNs + 1), id);
        return;
      }
    }
    const { machine } = this.places[to]!;
    if (this.cut.has(from.host * this.places.length + to) || machine === undefined) {
      this.dropMessage(id, item);
      return;
    }
    const { messages } = this.runtime;
    this.options.watcher.message?.(from.host, to, message, messages.fields);
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.dropMessage(id, item);
    };
    const deliver = () => {
      try {
        if (machine.alive) machine.machine!.onMessage(message);
      } finally {
        end();
      }
    };
    const hear = () => {
      this.run(machine, () => {
        this.pass(machine, 'before delivery');
        deliver();
        this.pass(machine, 'after delivery');
      });
      if (!machine.alive) end();
    };
    const place = this.places[to]!;
    if (place.pausedWith !== undefined) place.pausedWith.push(hear);
    else hear();
  }

  private dropMessage(id: number, item: MessageRequest): void {
    if (--item.copies > 0) return;
    this.forgetMessage(id);
  }

  /** The row is free again, once. */
  private forgetMessage(id: number): void {
    const item = this.items.get(id);
    if (item?.kind !== 'message' || item.copies > 0) return;
    this.items.delete(id);
    this.runtime.messages.release(item.message);
  }

  // ---- ports ----

  private portsOf(machine: Machine): Ports {
    const { host } = machine;
    const place = this.places[host]!;
    return {
      clock: this.clockOf(place),
      flash: this.flashOf(machine),
      datastore: this.datastoreOf(machine),
      network: this.networkOf(machine),
      guest: {
        complete: (tag, status) =>
          this.put(machine, 'acknowledgement', () => {
            if (machine.alive) this.options.guest.complete(tag, status);
          }),
        waited: (tag, part, ns) => this.options.guest.waited(tag, part, ns),
      },
      timer: this.timerOf(machine, place),
      observer: this.observerOf(machine),
      content: this.options.content?.port(host) ?? null,
      medium: machine.medium,
    };
  }

  private clockOf(place: Place): ClockPort {
    const { runtime } = this;
    return {
      get nowNs() {
        return place.clock.offsetNs + Math.floor(runtime.nowNs * (1 + place.clock.drift));
      },
    };
  }

  private timerOf(machine: Machine, place: Place): TimerPort {
    return {
      set: (timeNs, timer) => {
        const { offsetNs, drift } = place.clock;
        const atNs = Math.max(this.nowNs, Math.ceil((timeNs - offsetNs) / (1 + drift)));
        this.at(atNs, () => this.tell(machine, 'timer', () => machine.machine!.onTimer(timer)));
      },
    };
  }

  private observerOf({ host }: Machine): ObserverPort {
    const { watcher } = this.options;
    return {
      stateChanged: (disk, state) => watcher.stateChanged?.(host, disk, state),
      fenced: (disk) => watcher.fenced?.(host, disk),
      degraded: (latencyClass, forNs) => watcher.degraded?.(host, latencyClass, forNs),
    };
  }

  private flashOf(machine: Machine): FlashPort {
    const { host } = machine;
    return {
      submit: (operation, address, bytes, cause, token, key) =>
        this.put(machine, operation === FLASH_WRITE ? 'flash write' : 'flash request', () => {
          const isHeader = cause === FLASH_FOR_HEADER && operation === FLASH_WRITE;
          const item: FlashRequest = {
            kind: 'flash',
            id: this.lastId + 1,
            machine,
            token,
            operation,
            address,
            bytes,
            isHeader,
            note: machine.medium.take(token),
            submittedNs: this.nowNs,
            slowed: false,
            fault: 0,
            sector: 0,
          };
          const id = this.add(item);
          if (item.note !== undefined) this.options.watcher.flashRecordSubmitted?.(host, item.note);
          this.runtime.countFlash(host, operation, bytes, cause);
          this.options.content?.flashSubmitted(host, operation, address, bytes, token, id);
          this.runtime.submitFlash(host, operation, address, bytes, id, key);
        }),
    };
  }

  private datastoreOf(machine: Machine): DatastorePort {
    const { host } = machine;
    const { datastore } = this.runtime;
    const { watcher } = this.options;
    const submit = (
      operation: number,
      unit: number,
      disk: number,
      offset: number,
      bytes: number,
      fua: boolean,
      cause: number,
      token: number,
      key: number,
      effect: (() => Status) | undefined,
    ) => {
      const item: DatastoreRequest = {
        kind: 'datastore',
        id: this.lastId + 1,
        machine,
        token,
        operation,
        disk,
        offset,
        bytes,
        cause,
        fence: machine.fences.get(disk) ?? -1,
        effect,
        submittedNs: this.nowNs,
        delayed: effect !== undefined,
        fault: 0,
        sector: 0,
      };
      const id = this.add(item);
      this.runtime.countDatastore(operation, bytes, cause);
      if (effect === undefined)
        this.options.content?.datastoreSubmitted(host, operation, disk, offset, bytes, token, id);
      const go = () => {
        if (!machine.alive) {
          // It never left the host.
          this.items.delete(id);
          if (effect === undefined) this.options.content?.datastoreCompleted(id, STATUS_ERROR);
          return;
        }
        const reserved = cause === CAUSE_HEARTBEAT;
        this.runtime.submitDatastore(operation, unit, offset, bytes, fua, reserved, id, key);
      };
      const place = this.places[host]!;
      if (place.cutOff || this.datastoreDown) place.waiting.push(go);
      else go();
    };
    const metadata = (
      what: string,
      disk: number,
      token: number,
      cause: number,
      effect: () => Status,
      operation = SAN_WRITE,
    ) =>
      this.put(machine, what, () =>
        submit(operation, this.runtime.metadataUnit, disk, disk * 512, 512, true, cause, token, disk, effect),
      );
    return {
      submit: (operation, disk, offset, bytes, fua, cause, token, key) =>
        this.put(machine, 'datastore request', () =>
          submit(operation, disk, disk, offset, bytes, fua, cause, token, key, undefined),
        ),
      inspect: (disk, token) => metadata('inspection', disk, token, CAUSE_RECORD, () => STATUS_OK, 0),
      lock: (disk, holder, counter, token) => {
        const issuedNs = this.nowNs;
        metadata('lock', disk, token, CAUSE_RECORD, () => {
          const status = datastore.lock(disk, host, holder, counter);
          if (status === STATUS_OK) {
            machine.fences.set(disk, datastore.locks[disk]!.fence);
            watcher.leaseBegun?.(host, disk, issuedNs);
          }
          return status;
        });
      },
      unlock: (disk, token) =>
        metadata('unlock', disk, token, CAUSE_RECORD, () => {
          if (!this.holds(machine, disk)) return STATUS_REFUSED;
          machine.fences.delete(disk);
          watcher.lockReleased?.(host, disk);
          return datastore.unlock(disk, host);
        }),
      heartbeat: (disk, token) => {
        const issuedNs = this.nowNs;
        metadata('heartbeat', disk, token, CAUSE_HEARTBEAT, () => {
          if (!this.holds(machine, disk)) return STATUS_REFUSED;
          watcher.leaseBegun?.(host, disk, issuedNs);
          return datastore.renew(disk, host);
        });
      },
      holder: (disk) => machine.seen.get(disk)!.holder,
      counter: (disk) => machine.seen.get(disk)!.counter,
      record: (disk) => machine.seen.get(disk)!.record,
      compareAndWrite: (disk, expected, next, token) =>
        metadata('record', disk, token, CAUSE_RECORD, () => {
          if (!this.holds(machine, disk)) return STATUS_REFUSED;
          const before = datastore.records[disk]!;
          const status = datastore.replace(disk, host, expected, next);
          if (status === STATUS_OK) watcher.recordReplaced?.(host, disk, before, next);
          return status;
        }),
    };
  }

  /** True while the lock is this life's of the host: its fence is the newest. */
  private holds(machine: Machine, disk: number): boolean {
    return machine.fences.get(disk) === this.runtime.datastore.locks[disk]!.fence;
  }

  private networkOf(machine: Machine): NetworkPort {
    const { runtime } = this;
    return {
      get fields() {
        return runtime.messages.fields;
      },
      allocate: () => {
        const message = runtime.messages.allocate();
        machine.unsent.add(message);
        return message;
      },
      send: (toHost, message, bytes) =>
        this.put(machine, 'message', () => {
          machine.unsent.delete(message);
          const id = this.add({
            kind: 'message',
            from: machine,
            to: toHost,
            message,
            copies: 1,
            delayed: false,
          });
          runtime.countMessage(bytes);
          runtime.submitMessage(
            machine.host,
            toHost,
            bytes,
            id,
            runtime.messages.fields[message * MESSAGE_FIELDS + FIELD_KEY]!,
          );
        }),
    };
  }
}
