/**
 * Runs one workload through one mode on one scenario, in virtual time: arms every disk, plays the load, drains.
 *
 * The run advances in slices, so that the caller can show progress, yield to the event loop and stop it; the result
 * does not depend on how it is sliced.
 */
import type { FilterStatistics } from '../devices/api.ts';
import type { DeviceStack } from '../devices/stack.ts';
import type { HostSetup } from '../fvp/host-state.ts';
import { HostCounters, PART_DATASTORE, PART_LOCAL_FLASH, PARTS } from '../fvp/host-state.ts';
import { CLASS_NAMES } from '../fvp/latency-classes.ts';
import { type ModeName, modeOf } from '../fvp/mode.ts';
import { CAUSE_DESTAGE, CAUSE_GUEST } from '../fvp/ports.ts';
import {
  STATE_NAMES,
  STATE_OFF,
  STATE_ORPHANED,
  STATE_WB,
  STATE_WT,
  STATE_WT_NOFLASH,
  STATE_WT_TEMP,
} from '../fvp/virtual-disk.ts';
import { assert, BugError, UsageError } from '../kernel/errors.ts';
import { type LatencyHistogram, mergeSparse, type SparseHistogram } from '../kernel/histogram.ts';
import { type IoSource, OP_READ, OP_WRITE, type RowCursor } from '../kernel/io.ts';
import { hash2 } from '../kernel/random.ts';
import { halve } from '../kernel/recorder.ts';
import { formatBytes, formatNs } from '../kernel/units.ts';
import type { ClusterContent } from './cluster-content.ts';
import { Availability, type DiskPlace, ENDED_STATES } from './faults/availability.ts';
import type { ClusterEvent, HistoryEntry } from './faults/cluster-event.ts';
import {
  type ClockError,
  FaultPlane,
  type PlaneWatcher,
  type Probe,
  type Weather,
} from './faults/fault-plane.ts';
import { Guests, KINDS } from './guests.ts';
import type { PartsByLatency } from './parts-by-latency.ts';
import type { ResolvedScenario } from './scenario/resolved.ts';
import {
  DatastoreTraffic,
  FlashTraffic,
  type HostMachine,
  NetworkTraffic,
  VirtualRuntime,
} from './virtual-runtime.ts';

export interface VmLoad {
  readonly source: IoSource;
}

export interface RunOptions {
  /** Of every VM for which the scenario names none. */
  readonly mode: ModeName;
  readonly seed: number;
  /** Load time that is excluded from every figure. @default 0 */
  readonly warmupNs?: number;
  /** Most I/Os of a virtual disk under way at once. @default 64 */
  readonly queueDepth?: number;
  /** Rows whose blocks are in the cache at the start, for each VM. */
  readonly preload?: ((vm: number) => RowCursor) | undefined;
  /** Share of the preload rows' 4 KiB blocks that is cached, 0 to 1. @default 1 */
  readonly preloadFraction?: number;
  /** Takes no more load after this much load time; the drain follows all the same. */
  readonly durationNs?: number | undefined;
  /**
   * How long the load is thought to last: intervals start at a width that gives about 200 of them, and double where
   * it lasts longer.
   */
  readonly expectedNs?: number | undefined;
  /** Follows the data, for checkers. */
  readonly content?: ClusterContent | undefined;
  /** What testers add to the scenario's events. */
  readonly faults?: RunFaults | undefined;
  /** Runs without FVP's code; for the proof that OFF is the same. */
  readonly createHost?: ((setup: HostSetup) => HostMachine) | undefined;
}

export interface RunFaults {
  /** Beside those of the scenario. */
  readonly events?: readonly ClusterEvent[];
  readonly weather?: Weather;
  readonly clocks?: readonly ClockError[];
  readonly watcher?: PlaneWatcher;
  readonly probe?: Probe;
  /** False: what is under way at a crash happens whole or not at all. @default true */
  readonly tearing?: boolean;
}

/** Latencies of one VM and kind of operation. */
export interface KindResult {
  readonly response: LatencyHistogram;
  readonly service: LatencyHistogram;
}

/** Names of the gauges and counts kept by interval; those of a timeline in the run documents. */
export const GAUGE_NAMES = [
  'dirtyBytes',
  'dirtyBytesMax',
  'outstanding',
  'throttledNs',
  'vmReadBytes',
  'vmWriteBytes',
  'hitBytes',
  'flashReadBytes',
  'flashWriteBytes',
  'networkBytes',
  'sanReadBytes',
  'sanWriteBytes',
  'sanIos',
  'evictedBytes',
  'flashIos',
  'networkMessages',
  'localFlashNs',
  'localFlashIos',
  'networkFlashNs',
  'networkFlashIos',
  'datastoreNs',
  'datastoreIos',
  'flashBusyShare',
  'networkBusyShare',
  'sanBusyShare',
  'timeToDestageNsMax',
  'checkpoints',
] as const;
export type GaugeName = (typeof GAUGE_NAMES)[number];
type Gauges = Record<GaugeName, number>;

export interface IntervalResult {
  readonly intervalNs: number;
  readonly intervals: number;
  /** By kind (OP_READ, OP_WRITE, OP_FLUSH, OP_DISCARD), then by interval, merged over VMs. */
  readonly response: readonly (readonly SparseHistogram[])[];
  readonly service: readonly (readonly SparseHistogram[])[];
  readonly gauges: Readonly<Record<GaugeName, readonly number[]>>;
}

/** Sums over hosts of the measured time, warm-up excluded. */
export interface ClusterCounters {
  readonly fvp: HostCounters;
  readonly flash: FlashTraffic;
  readonly network: NetworkTraffic;
  readonly datastore: DatastoreTraffic;
  readonly vmReadBytes: number;
  readonly vmWriteBytes: number;
  readonly evictedBytes: number;
  readonly peakDirtyBytes: number;
  /** Busy time over servers x elapsed time, mean over the devices of the role; whole run. */
  readonly utilisation: { readonly flash: number; readonly network: number; readonly datastore: number };
}

/** What the filters of a device measured, and whether it began as after long use. */
export interface DeviceNote {
  readonly name: string;
  /** Why it did not start at steady state; null when it did. */
  readonly fresh: string | null;
  readonly filters: readonly {
    readonly name: string;
    readonly statistics: FilterStatistics;
    /** Empty where the filter writes nothing down. */
    readonly log: readonly string[];
  }[];
}

export interface ClusterResult {
  readonly vms: readonly {
    readonly name: string;
    readonly host: string;
    readonly kinds: readonly KindResult[];
  }[];
  /** What I/Os waited for, by kind and by how long they took; over all VMs. */
  readonly partsByLatency: PartsByLatency;
  readonly intervals: IntervalResult;
  readonly counters: ClusterCounters;
  /** From the start of the load to the end of the last I/O. */
  readonly loadNs: number;
  /** From then until every disk is clean on the datastore. */
  readonly drainNs: number;
  readonly events: number;
  /** Devices about which there is something to say; whole run. */
  readonly devices: readonly DeviceNote[];
  readonly outstandingMean: number;
  readonly outstandingMax: number;
  readonly completed: number;
  readonly failed: number;
  /** What happened, in runs with events; else empty. */
  readonly history: readonly HistoryEntry[];
}

/** Most intervals kept; half as many at least, once there were that many. @source assumed: what a chart can show */
const INTERVALS_MAX = 256;
const LEAST_INTERVAL_NS = 1_000_000;

/** No device takes this long for one request. @source assumed; SCSI commands time out after 60 s at most */
const STUCK_NS = 600e9;
/** No drain takes this long: it is bounded by the dirty limit. @source assumed */
const STUCK_QUIET_NS = 86_400e9;

/** After faults: what has not come to rest by then does not. @source assumed, well above lease, retries and drain bound */
const UNSETTLED_NS = 300e9;

const PHASE_ARMING = 0;
const PHASE_LOAD = 1;
const PHASE_DRAINING = 2;
const PHASE_DONE = 3;

export class ClusterRun {
  readonly runtime: VirtualRuntime;
  private readonly scenario: ResolvedScenario;
  private readonly options: RunOptions;
  private readonly guests: Guests;
  private readonly disks: DiskPlace[] = [];
  /** Runs with events or faults have these. */
  readonly plane: FaultPlane | undefined;
  private readonly availability: Availability | undefined;
  private readonly history: HistoryEntry[] = [];
  private phase = PHASE_ARMING;
  private startNs = 0;
  private loadEndNs = 0;
  private drainedNs = Number.NaN;
  private eventsLeft = 0;
  private stuck = false;

  private intervalNs = LEAST_INTERVAL_NS;
  private nextRollNs = Number.POSITIVE_INFINITY;
  private readonly response: SparseHistogram[][] = [];
  private readonly service: SparseHistogram[][] = [];
  private readonly gauges: Gauges[] = [];
  /** Counters at the start of the measured time, and at the start of the interval. */
  private baseline: Snapshot | undefined;
  private rolled: Snapshot | undefined;
  private rolledNs = 0;
  private peakDirtyBytes = 0;
  /** Of the intervals that are over; the hosts hold that of the present one. */
  private timeToDestageNsMax = 0;
  /** False until the warm-up is over. */
  private measuring = true;

  /**
   * @param loads one for each VM of the scenario, in its order
   * @throws UsageError when a device refuses its parameters or the flash is too small for the mode
   */
  constructor(scenario: ResolvedScenario, loads: readonly VmLoad[], options: RunOptions) {
    assert(loads.length === scenario.vms.length, 'one load for each VM');
    this.scenario = scenario;
    this.options = options;
    for (let vm = 0; vm < loads.length; vm++) {
      const { host, mode } = scenario.vms[vm]!;
      for (let disk = 0; disk < loads[vm]!.source.disks; disk++) {
        this.disks.push({ vm, host, local: -1, mode: mode ?? options.mode, state: STATE_OFF });
      }
    }
    const faults = options.faults;
    const mayFail = faults !== undefined || scenario.events.length > 0;
    this.guests = new Guests(options.queueDepth ?? 64, mayFail);
    if (mayFail) this.plane = this.createPlane(faults ?? {});
    this.runtime = new VirtualRuntime({
      scenario,
      seed: options.seed,
      disks: this.disks.length,
      guest: this.guests,
      observer: (host) => ({
        stateChanged: (disk, state) => {
          this.disks[disk]!.state = state;
        },
        fenced: (disk) => {
          throw new BugError(`virtual disk ${disk} was lost to another host in a run without faults`);
        },
        degraded: (latencyClass, forNs) => this.degraded(host, latencyClass, forNs),
      }),
      content: options.content ?? null,
      plane: this.plane,
      ...(options.createHost === undefined ? {} : { createHost: options.createHost }),
    });
    if (this.plane !== undefined) {
      this.availability = new Availability({
        plane: this.plane,
        guests: this.guests,
        disks: this.disks,
        scenario,
        machine: (host) => this.runtime.hosts[host]!,
        record: (entry, forNs) => this.record(entry, forNs),
      });
    }
    const { hosts } = this.runtime;
    this.disks.forEach((place, disk) => {
      place.local = hosts[place.host]!.attach(disk);
    });
    this.guests.attach(
      loads.map(({ source }, vm) => ({
        source,
        host: hosts[scenario.vms[vm]!.host]!,
        hostIndex: scenario.vms[vm]!.host,
        locals: this.disks.filter((place) => place.vm === vm).map((place) => place.local),
      })),
      this.runtime,
    );
    for (let kind = 0; kind < KINDS; kind++) {
      this.response.push([]);
      this.service.push([]);
    }
    const intervals = INTERVALS_MAX * 0.8;
    while (this.intervalNs * intervals < (options.expectedNs ?? 0)) this.intervalNs *= 2;
    for (const place of this.disks) this.fvpHost(place)?.request(place.local, modeOf(place.mode));
  }

  private createPlane(faults: RunFaults): FaultPlane {
    const { scenario, options } = this;
    const plane = new FaultPlane({
      hosts: scenario.hosts.length,
      seed: options.seed,
      content: options.content ?? null,
      guest: {
        complete: (tag, status) => this.guests.completeOnce(tag, status),
        waited: (tag, part, ns) => this.guests.waitedOnce(tag, part, ns),
      },
      watcher: {
        ...faults.watcher,
        stateChanged: (host, disk, state) => this.stateChanged(host, disk, state),
        degraded: (host, latencyClass, forNs) => this.degraded(host, latencyClass, forNs),
        fenced: (host, disk) => {
          faults.watcher?.fenced?.(host, disk);
          this.availability?.fenced(host, disk);
        },
        crashed: (host) => {
          this.record({ event: 'crash', detail: this.scenario.hosts[host]!.name });
          this.availability?.hostCrashed(host);
          faults.watcher?.crashed?.(host);
        },
      },
      ...(faults.clocks === undefined ? {} : { clocks: faults.clocks }),
      ...(faults.tearing === undefined ? {} : { tearing: faults.tearing }),
    });
    if (faults.weather !== undefined) plane.weather = faults.weather;
    plane.probe = faults.probe;
    return plane;
  }

  private degraded(host: number, latencyClass: number, forNs: number): void {
    const { name } = this.scenario.hosts[host]!;
    this.record({ event: 'degraded', host: name, detail: CLASS_NAMES[latencyClass]! }, forNs);
  }

  private stateChanged(host: number, disk: number, state: number): void {
    const place = this.disks[disk]!;
    this.record({
      event: 'state',
      host: this.scenario.hosts[host]!.name,
      vm: this.scenario.vms[place.vm]!.name,
      disk: this.disks.slice(0, disk).filter((other) => other.vm === place.vm).length,
      state: STATE_NAMES[state]!,
    });
    this.options.faults?.watcher?.stateChanged?.(host, disk, state);
    if (this.availability === undefined || this.phase === PHASE_ARMING) place.state = state;
    else this.availability.stateChanged(host, disk, state);
  }

  private record(entry: Omit<HistoryEntry, 'atNs' | 'untilNs'>, forNs?: number): void {
    const atNs = this.phase === PHASE_ARMING ? 0 : this.runtime.nowNs - this.startNs;
    this.history.push({ atNs, ...entry, ...(forNs === undefined ? {} : { untilNs: atNs + forNs }) });
  }

  /** The events of the schedule take place. */
  private schedule(): void {
    const { plane, availability } = this;
    if (plane === undefined || availability === undefined) return;
    const events = [...this.scenario.events, ...(this.options.faults?.events ?? [])];
    for (const event of events) {
      this.eventsLeft++;
      plane.at(this.startNs + event.atNs, () => {
        this.eventsLeft--;
        if (this.phase !== PHASE_LOAD) return;
        this.options.faults?.watcher?.eventBegins?.(event.kind);
        availability.apply(event);
      });
    }
  }

  /**
   * Goes on with the run.
   * @param maxEvents how many events and arrivals to handle at most
   * @returns true while there is more to do
   */
  advance(maxEvents: number): boolean {
    let left = maxEvents;
    while (left > 0 && this.phase !== PHASE_DONE) {
      if (this.phase === PHASE_LOAD) left = this.advanceLoad(left);
      else left = this.advanceQuiet(left);
    }
    return this.phase !== PHASE_DONE;
  }

  /** What has happened so far, in runs with events. */
  get historySoFar(): readonly HistoryEntry[] {
    return this.history;
  }

  /** True when acknowledged data of this disk was declared gone. */
  isLost(disk: number): boolean {
    return this.availability?.isLost(this.disks[disk]!.vm) ?? false;
  }

  /** Disks that are neither closed nor given up, or whose VM still waits for I/Os. */
  unsettled(): { readonly disk: number; readonly state: number; readonly open: number }[] {
    return this.disks
      .map((place, disk) => ({ disk, state: place.state, open: this.guests.open(place.vm) }))
      .filter(({ disk, open }) => !this.isEnded(disk) || open > 0);
  }

  /** The disk is closed or given up; or its host has died since the load ended, and others have left it clean. */
  private isEnded(disk: number): boolean {
    const { state } = this.disks[disk]!;
    if (ENDED_STATES.includes(state)) return true;
    const { records } = this.runtime.datastore;
    return this.phase !== PHASE_LOAD && state === STATE_ORPHANED && !records[disk]!.dirty;
  }

  /** Load time reached, ns. */
  get progressNs(): number {
    return this.phase === PHASE_ARMING ? 0 : this.runtime.nowNs - this.startNs;
  }

  /** Figures of the finished run. */
  result(): ClusterResult {
    assert(this.phase === PHASE_DONE, 'the run has finished');
    const { scenario, guests, runtime } = this;
    const total = snapshot(runtime, guests);
    const measured = subtract(total, this.baseline!);
    measured.fvp.timeToDestageNsMax = Math.max(measured.fvp.timeToDestageNsMax, this.timeToDestageNsMax);
    const loadNs = this.loadEndNs - this.startNs;
    // Where VMs stop and ask anew, the same bytes are read and written more than once.
    if ((this.options.warmupNs ?? 0) === 0 && this.plane === undefined) assertConserved(measured);
    runtime.checkStations();
    return {
      vms: scenario.vms.map((vm, index) => ({
        name: vm.name,
        host: scenario.hosts[vm.host]!.name,
        kinds: Array.from({ length: KINDS }, (_, kind) => ({
          response: guests.recorders[index * KINDS + kind]!.response,
          service: guests.recorders[index * KINDS + kind]!.service,
        })),
      })),
      partsByLatency: guests.partsByLatency,
      intervals: {
        intervalNs: this.intervalNs,
        intervals: this.gauges.length,
        response: this.response,
        service: this.service,
        gauges: Object.fromEntries(
          GAUGE_NAMES.map((name) => [name, this.gauges.map((gauge) => gauge[name])]),
        ) as unknown as Record<GaugeName, number[]>,
      },
      counters: {
        ...measured,
        peakDirtyBytes: this.peakDirtyBytes,
        utilisation: {
          flash: this.utilisation(total, 0),
          network: this.utilisation(total, 1),
          datastore: this.utilisation(total, 2),
        },
      },
      loadNs,
      drainNs: this.drainedNs - this.loadEndNs,
      events: runtime.events,
      devices: runtime.devices
        .map(deviceNote)
        .filter(({ fresh, filters }) => fresh !== null || filters.length > 0),
      outstandingMean: loadNs === 0 ? 0 : guests.outstandingNs / loadNs,
      outstandingMax: guests.outstandingMax,
      completed: guests.completed,
      failed: guests.failed,
      history: this.history,
    };
  }

  private advanceLoad(maxEvents: number): number {
    const { runtime, guests } = this;
    const { queue } = runtime;
    let left = maxEvents;
    while (left-- > 0) {
      const eventNs = queue.peekTimeNs();
      const arrivalNs = guests.nextArrivalNs;
      const nextNs = eventNs <= arrivalNs ? eventNs : arrivalNs;
      if (nextNs >= this.nextRollNs) this.rollTo(nextNs);
      if (eventNs <= arrivalNs) {
        if (eventNs - guests.lastCompletionNs > STUCK_NS) {
          this.reportStuck(eventNs);
          if (this.stuck) {
            this.endLoad();
            return left;
          }
        }
        runtime.step();
      } else {
        runtime.nowNs = arrivalNs;
        guests.arrive();
      }
      if (guests.hasCompletions) {
        guests.settle();
        if (this.isLoadOver()) {
          this.endLoad();
          return left;
        }
      } else if (this.isLoadOver()) {
        this.endLoad();
        return left;
      }
    }
    return 0;
  }

  private isLoadOver(): boolean {
    if (!this.guests.finished) return false;
    return this.availability === undefined || (this.eventsLeft === 0 && !this.availability.busy);
  }

  /** Nothing has completed for very long: either the load pauses, or an I/O is lost. */
  private reportStuck(eventNs: number): void {
    const { guests } = this;
    // With faults the end may be that VMs wait for ever: whoever made the faults looks at that.
    if (this.plane !== undefined) {
      this.stuck = true;
      return;
    }
    if (eventNs === Number.POSITIVE_INFINITY || guests.stuck || guests.outstanding > 0) {
      this.runtime.checkPlugIns();
      const last = formatNs(guests.lastCompletionNs);
      throw new BugError(`${guests.outstanding} I/Os are under way and none has completed since ${last}`, {
        hint: 'a device that never completes a request does this; so would a fault in FVP',
      });
    }
  }

  /** Arming and draining: no guest I/O. */
  private advanceQuiet(maxEvents: number): number {
    let left = maxEvents;
    while (left > 0) {
      if (this.phase === PHASE_ARMING) {
        if (this.isArmed()) {
          this.beginLoad();
          return left;
        }
      } else if (this.isDrained()) {
        this.phase = PHASE_DONE;
        return left;
      }
      const { nowNs, queue } = this.runtime;
      const since = this.phase === PHASE_ARMING ? 0 : this.loadEndNs;
      if (queue.size === 0) this.runtime.checkPlugIns();
      assert(queue.size !== 0 && nowNs - since < STUCK_QUIET_NS, 'arming and draining end');
      this.runtime.step();
      left--;
    }
    return left;
  }

  /** Every disk is clean on the datastore, and nothing is under way any more: no copy to flash, no message. */
  private isDrained(): boolean {
    const { runtime } = this;
    if (this.plane !== undefined) return this.isSettled();
    if (!this.disks.every((place) => place.state === STATE_OFF)) return false;
    if (Number.isNaN(this.drainedNs)) this.drainedNs = runtime.nowNs;
    return runtime.messagesInFlight === 0 && runtime.fvpHosts.every(({ state }) => state.ops.used === 0);
  }

  /** As `isDrained`, after faults: every VM's disks are closed or given up, or there is no more to be hoped for. */
  private isSettled(): boolean {
    const { runtime, disks } = this;
    if (disks.every((_, disk) => this.isEnded(disk))) {
      if (Number.isNaN(this.drainedNs)) this.drainedNs = runtime.nowNs;
    } else if (runtime.nowNs - this.loadEndNs < UNSETTLED_NS && runtime.queue.size > 0) return false;
    if (Number.isNaN(this.drainedNs)) this.drainedNs = runtime.nowNs;
    const quiet = runtime.messagesInFlight === 0 && runtime.fvpHosts.every((host) => host.underWay === 0);
    return quiet || runtime.queue.size === 0 || runtime.nowNs - this.loadEndNs >= UNSETTLED_NS;
  }

  private isArmed(): boolean {
    if (this.runtime.fvpHosts.length === 0) return true;
    for (const place of this.disks) {
      const mode = modeOf(place.mode);
      const { state } = place;
      if (!mode.accelerated) continue;
      // With faults it may take several tries until write-back is there: the load does not wait for that.
      if (this.plane !== undefined && (state === STATE_WT_TEMP || state === STATE_WT)) continue;
      if (state === (mode.writeBack ? STATE_WB : STATE_WT) || (!mode.writeBack && state === STATE_WT_NOFLASH))
        continue;
      if (mode.writeBack && state !== STATE_OFF && this.fvpHost(place)!.disks[place.local]!.transition < 0) {
        this.refuse(place);
      }
      return false;
    }
    return true;
  }

  private refuse(place: DiskPlace): never {
    const { fvp, hosts } = this.scenario;
    const name = hosts[place.host]!.name;
    const { replicas } = modeOf(place.mode);
    const withFlash = hosts.filter((host) => host.flash !== null).length;
    if (hosts[place.host]!.flash === null) {
      throw new UsageError(`${place.mode} needs flash, and host ${name} has none`);
    }
    if (withFlash <= replicas) {
      throw new UsageError(
        `${place.mode} needs ${replicas + 1} hosts with flash; the scenario has ${withFlash}`,
      );
    }
    throw new UsageError(
      `${place.mode}: the flash has no room for the dirty data of every disk and its replicas (${formatBytes(fvp.dirtyLimitBytes)} each)`,
      { hint: 'raise flash.capacity or lower fvp.dirtyLimit in the scenario' },
    );
  }

  private beginLoad(): void {
    const { runtime, options } = this;
    this.phase = PHASE_LOAD;
    this.startNs = runtime.nowNs;
    const warmupNs = options.warmupNs ?? 0;
    this.preload();
    this.baseline = snapshot(runtime, this.guests);
    this.rolled = this.baseline;
    this.rolledNs = this.startNs;
    this.nextRollNs = this.startNs + (warmupNs > 0 ? warmupNs : this.intervalNs);
    this.measuring = warmupNs === 0;
    for (const host of runtime.fvpHosts) host.state.dirtyBytesMax = host.state.dirtyBytes;
    const untilNs = options.durationNs ?? Number.POSITIVE_INFINITY;
    this.guests.start(warmupNs, untilNs, options.content ?? null);
    this.schedule();
    if (this.isLoadOver()) this.endLoad();
  }

  private endLoad(): void {
    this.loadEndNs = this.runtime.nowNs;
    if (!this.measuring) this.startMeasuring();
    if (this.nextRollNs - this.intervalNs <= this.loadEndNs || this.gauges.length === 0)
      this.endInterval(this.loadEndNs);
    this.nextRollNs = Number.POSITIVE_INFINITY;
    this.phase = PHASE_DRAINING;
    if (this.availability !== undefined) this.availability.close();
    else for (const place of this.disks) this.fvpHost(place)?.request(place.local, modeOf('none'));
  }

  /** Ends the intervals that are over before the next event. */
  private rollTo(nextNs: number): void {
    while (nextNs >= this.nextRollNs && nextNs !== Number.POSITIVE_INFINITY) {
      if (!this.measuring) this.startMeasuring();
      else this.endInterval(this.nextRollNs);
      this.nextRollNs += this.intervalNs;
    }
  }

  private startMeasuring(): void {
    this.measuring = true;
    this.guests.outstandingMax = this.guests.outstanding;
    this.baseline = snapshot(this.runtime, this.guests);
    this.rolled = this.baseline;
    this.rolledNs = this.startNs + (this.options.warmupNs ?? 0);
    for (const host of this.runtime.fvpHosts) {
      host.state.dirtyBytesMax = host.state.dirtyBytes;
      host.state.counters.timeToDestageNsMax = 0;
      host.state.counters.throttledNsMax = 0;
    }
  }

  /** @param endNs the interval's end */
  private endInterval(endNs: number): void {
    const { runtime, guests } = this;
    for (const [kind, { response, service }] of guests.fold().entries()) {
      this.response[kind]!.push(response);
      this.service[kind]!.push(service);
    }
    const now = snapshot(runtime, guests);
    const change = subtract(now, this.rolled!);
    this.rolled = now;
    let dirtyBytes = 0;
    let dirtyBytesMax = 0;
    for (const { state } of runtime.fvpHosts) {
      dirtyBytes += state.dirtyBytes;
      dirtyBytesMax += state.dirtyBytesMax;
      state.dirtyBytesMax = state.dirtyBytes;
    }
    if (dirtyBytesMax > this.peakDirtyBytes) this.peakDirtyBytes = dirtyBytesMax;
    const { fvp, flash, datastore } = change;
    if (fvp.timeToDestageNsMax > this.timeToDestageNsMax) this.timeToDestageNsMax = fvp.timeToDestageNsMax;
    for (const { state } of runtime.fvpHosts) state.counters.timeToDestageNsMax = 0;
    const sinceNs = endNs - this.rolledNs;
    this.rolledNs = endNs;
    const share = (role: number): number =>
      Math.floor(busyShare(change.busyNs[role]!, now.servers[role]!, sinceNs) * 1e4 + 0.5) / 1e4;
    this.gauges.push({
      dirtyBytes,
      dirtyBytesMax,
      outstanding: guests.outstanding,
      throttledNs: change.fvp.throttledNs,
      vmReadBytes: change.vmReadBytes,
      vmWriteBytes: change.vmWriteBytes,
      hitBytes: change.fvp.hitBytes,
      flashReadBytes: flash.readBytes,
      flashWriteBytes: sum(flash.programmedBytes),
      networkBytes: change.network.bytes,
      sanReadBytes: datastore.readBytes,
      sanWriteBytes: datastore.writeBytes,
      sanIos: sum(datastore.reads) + sum(datastore.writes) + datastore.flushes,
      evictedBytes: change.evictedBytes,
      flashIos: flash.reads + flash.writes + flash.flushes,
      networkMessages: change.network.messages,
      localFlashNs: sumOfPart(fvp.partNs, PART_LOCAL_FLASH),
      localFlashIos: sumOfPart(fvp.partIos, PART_LOCAL_FLASH),
      networkFlashNs: fvp.replicaNs,
      networkFlashIos: fvp.replicaAcks,
      datastoreNs: sumOfPart(fvp.partNs, PART_DATASTORE),
      datastoreIos: sumOfPart(fvp.partIos, PART_DATASTORE),
      flashBusyShare: share(0),
      networkBusyShare: share(1),
      sanBusyShare: share(2),
      timeToDestageNsMax: fvp.timeToDestageNsMax,
      checkpoints: fvp.checkpoints,
    });
    if (this.gauges.length === INTERVALS_MAX) this.halveIntervals();
  }

  private halveIntervals(): void {
    this.intervalNs *= 2;
    for (let kind = 0; kind < KINDS; kind++) {
      halve(this.response[kind]!, mergeSparse);
      halve(this.service[kind]!, mergeSparse);
    }
    halve(this.gauges, (a, b) => {
      const merged = { ...a };
      for (const name of GAUGE_NAMES) merged[name] = a[name] + b[name];
      merged.dirtyBytes = b.dirtyBytes;
      merged.outstanding = b.outstanding;
      for (const name of GAUGE_NAMES) if (name.endsWith('Max')) merged[name] = Math.max(a[name], b[name]);
      for (const name of GAUGE_NAMES) if (name.endsWith('Share')) merged[name] = (a[name] + b[name]) / 2;
      return merged;
    });
  }

  private preload(): void {
    const { options } = this;
    const fraction = options.preloadFraction ?? 1;
    if (options.preload === undefined || fraction === 0) return;
    const threshold = fraction * 2 ** 32;
    for (let vm = 0; vm < this.scenario.vms.length; vm++) {
      const places = this.disks.filter((place) => place.vm === vm);
      const host = this.fvpHost(places[0]!);
      if (host === undefined || !host.state.hasFlash || !modeOf(places[0]!.mode).accelerated) continue;
      const cursor = options.preload(vm);
      fillCache: for (let rows = cursor.next(); rows !== undefined; rows = cursor.next()) {
        for (let row = 0; row < rows.length; row++) {
          const operation = rows.op[row]!;
          if (operation !== OP_READ && operation !== OP_WRITE) continue;
          const { local } = places[rows.disk[row]!]!;
          const end = rows.offset[row]! + rows.lengthBytes[row]!;
          for (let at = Math.floor(rows.offset[row]! / 4096) * 4096; at < end; at += 4096) {
            if (hash2(Math.floor(at / 4096) | 0, rows.disk[row]!) >= threshold) continue;
            if (!host.preload(local, at)) break fillCache;
          }
        }
      }
      cursor.close();
    }
  }

  private fvpHost(place: DiskPlace) {
    return this.runtime.fvpHosts[place.host];
  }

  private utilisation({ busyNs, servers }: Snapshot, role: number): number {
    return busyShare(busyNs[role]!, servers[role]!, this.runtime.nowNs);
  }
}

/**
 * Every byte that a guest read came from flash or the datastore, and every byte that it wrote is on the datastore.
 * Holds for whole runs: with a warm-up, I/Os are under way at its end.
 */
function assertConserved({ fvp, flash, datastore, vmReadBytes, vmWriteBytes }: Snapshot): void {
  const writtenBytes = datastore.bytes[CAUSE_GUEST]! + datastore.bytes[CAUSE_DESTAGE]! - datastore.readBytes;
  assert(fvp.hitBytes + datastore.readBytes === vmReadBytes, 'bytes read are conserved');
  assert(writtenBytes === vmWriteBytes, 'bytes written are conserved');
  assert(flash.readBytes === fvp.hitBytes + fvp.destageReadBytes, 'bytes read from flash are conserved');
}

type Snapshot = Omit<ClusterCounters, 'peakDirtyBytes' | 'utilisation'> & {
  /** By role, in the order of ROLES. */
  readonly busyNs: Float64Array;
  readonly servers: Float64Array;
};

function deviceNote({ name, fresh, filters }: DeviceStack): DeviceNote {
  return {
    name,
    fresh: fresh ?? null,
    filters: filters.map(({ name: filterName, filter }) => ({
      name: filterName,
      statistics: filter.statistics(),
      log: filter.log?.() ?? [],
    })),
  };
}

/** How the devices of a role are named: the ends of their names. */
const ROLES = ['/flash', '/link', 'datastore'];

function busyShare(busyNs: number, servers: number, elapsedNs: number): number {
  return servers === 0 || elapsedNs === 0 ? 0 : busyNs / servers / elapsedNs;
}

/** One part's figure over all operations. @param values by operation x PARTS + part */
export function sumOfPart(values: Float64Array, part: number): number {
  let total = 0;
  for (let at = part; at < values.length; at += PARTS) total += values[at]!;
  return total;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

function snapshot(runtime: VirtualRuntime, guests: Guests): Snapshot {
  const fvp = new HostCounters();
  const flash = new FlashTraffic();
  let evictedBytes = 0;
  for (const { state } of [...runtime.pastHosts, ...runtime.fvpHosts]) {
    addNumbers(fvp, state.counters, 1);
    evictedBytes += state.buckets.evictedSlots * 4096;
  }
  for (const traffic of runtime.flash) if (traffic !== null) addNumbers(flash, traffic, 1);
  const network = new NetworkTraffic();
  addNumbers(network, runtime.network, 1);
  const datastore = new DatastoreTraffic();
  addNumbers(datastore, runtime.datastore.traffic, 1);
  const busyNs = new Float64Array(ROLES.length);
  const servers = new Float64Array(ROLES.length);
  for (const { name, device } of runtime.devices) {
    const role = ROLES.findIndex((end) => name.endsWith(end));
    const statistics = device.statistics();
    busyNs[role]! += statistics.busyNs;
    servers[role]! += statistics.servers;
  }
  return {
    fvp,
    flash,
    network,
    datastore,
    busyNs,
    servers,
    vmReadBytes: guests.readBytes,
    vmWriteBytes: guests.writeBytes,
    evictedBytes,
  };
}

function subtract(later: Snapshot, earlier: Snapshot): Snapshot {
  const fvp = new HostCounters();
  addNumbers(fvp, later.fvp, 1);
  addNumbers(fvp, earlier.fvp, -1);
  fvp.timeToDestageNsMax = later.fvp.timeToDestageNsMax;
  fvp.throttledNsMax = later.fvp.throttledNsMax;
  const flash = new FlashTraffic();
  addNumbers(flash, later.flash, 1);
  addNumbers(flash, earlier.flash, -1);
  const network = new NetworkTraffic();
  addNumbers(network, later.network, 1);
  addNumbers(network, earlier.network, -1);
  const datastore = new DatastoreTraffic();
  addNumbers(datastore, later.datastore, 1);
  addNumbers(datastore, earlier.datastore, -1);
  return {
    fvp,
    flash,
    network,
    datastore,
    busyNs: later.busyNs.map((ns, role) => ns - earlier.busyNs[role]!),
    servers: later.servers,
    vmReadBytes: later.vmReadBytes - earlier.vmReadBytes,
    vmWriteBytes: later.vmWriteBytes - earlier.vmWriteBytes,
    evictedBytes: later.evictedBytes - earlier.evictedBytes,
  };
}

/** Adds every number of `from`, and of its arrays, times `sign`; fields that end in Max take the larger. */
function addNumbers<Counters extends object>(to: Counters, from: Counters, sign: 1 | -1): void {
  for (const name of Object.keys(from) as (keyof Counters & string)[]) {
    const value: unknown = from[name];
    const sum: unknown = to[name];
    if (value instanceof Float64Array && sum instanceof Float64Array) {
      for (let i = 0; i < value.length; i++) sum[i]! += sign * value[i]!;
    } else if (typeof value === 'number' && typeof sum === 'number') {
      const added = name.endsWith('Max') ? Math.max(sum, value) : sum + sign * value;
      (to as Record<string, unknown>)[name] = added;
    }
  }
}
