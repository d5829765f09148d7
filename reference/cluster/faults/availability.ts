/**
 * What a hypervisor cluster does for its VMs beside storage: it starts those of a dead host elsewhere, powers off those
 * that have lost their datastore, and moves them while they run. FVP knows nothing of it: a VM can be powered on at any
 * host, and waits there until the disk is open (fvp-protocol.md 12.4-20).
 */
import type { Host } from '../../fvp/host.ts';
import { type ModeName, modeOf } from '../../fvp/mode.ts';
import {
  STATE_DRAINING,
  STATE_FENCED,
  STATE_LOST,
  STATE_OFF,
  STATE_ORPHANED,
  STATE_WB,
  STATE_WB_ARMING,
  STATE_WT,
  STATE_WT_NOFLASH,
  STATE_WT_TEMP,
} from '../../fvp/virtual-disk.ts';
import { formatNs } from '../../kernel/units.ts';
import type { Guests } from '../guests.ts';
import type { ResolvedScenario } from '../scenario/resolved.ts';
import type { HostMachine } from '../virtual-runtime.ts';
import type { ClusterEvent, HistoryEntry } from './cluster-event.ts';
import type { FaultPlane } from './fault-plane.ts';

/** A host counts as dead after this. @source vSphere HA declares a host failed after 15 s without heartbeats (assumed) */
export const HOST_DEAD_NS = 15e9;
/** A VM without its datastore is powered off this long after its lease has ended. @source assumed */
export const POWER_OFF_NS = 4e9;
/** Where no host can take a VM, another look is taken after this. @source assumed */
const LOOK_AGAIN_NS = 1e9;

/** A virtual disk's whereabouts; the cluster's own list. */
export interface DiskPlace {
  readonly vm: number;
  host: number;
  local: number;
  mode: ModeName;
  state: number;
}

interface VmState {
  /** `starting`: powered on, and its disks are not all open yet. */
  phase: 'runs' | 'stopped' | 'starting' | 'moving' | 'lost' | 'ended';
  host: number;
  /** Where it goes, while moving. */
  to: number;
  /** Rises whenever it stops: what was planned before is void. */
  turn: number;
  /** Host that owned its disks last, and closed them in good order; -1 for none. */
  formerHost: number;
  movePhase: 'draining' | 'quiescing' | 'closing' | 'opening';
}

export interface AvailabilityParts {
  readonly plane: FaultPlane;
  readonly guests: Guests;
  readonly disks: readonly DiskPlace[];
  readonly scenario: ResolvedScenario;
  readonly machine: (host: number) => HostMachine;
  /** @param forNs how long it lasts */
  readonly record: (entry: Omit<HistoryEntry, 'atNs' | 'untilNs'>, forNs?: number) => void;
}

export class Availability {
  private readonly parts: AvailabilityParts;
  private readonly vms: VmState[];
  private closing = false;
  /** When each host was last cut off from the datastore. */
  private readonly cutOffSinceNs: number[] = [];

  constructor(parts: AvailabilityParts) {
    this.parts = parts;
    this.vms = parts.scenario.vms.map((vm) => ({
      phase: 'runs',
      host: vm.host,
      to: -1,
      turn: 0,
      formerHost: -1,
      movePhase: 'draining',
    }));
  }

  /** VMs that will do something yet. */
  get busy(): boolean {
    return this.vms.some(({ phase }) => phase === 'starting' || phase === 'stopped' || phase === 'moving');
  }

  isLost(vm: number): boolean {
    return this.vms[vm]!.phase === 'lost';
  }

  /** Something of the schedule happens. */
  apply(event: ClusterEvent): void {
    const { plane, disks } = this.parts;
    const { hosts: names, vms } = this.parts.scenario;
    const lasts = 'forNs' in event ? event.forNs : undefined;
    const note = (detail: string, more: Partial<HistoryEntry> = {}) =>
      this.parts.record({ event: event.kind, ...(detail === '' ? {} : { detail }), ...more }, lasts);
    const list = (hosts: readonly number[]) => hosts.map((host) => names[host]!.name).join(', ');
    switch (event.kind) {
      case 'crash':
        note(list(event.hosts));
        for (const host of event.hosts) this.crash(host);
        return;
      case 'restart':
        note(list(event.hosts) + (event.emptyFlash === true ? ', with empty flash' : ''));
        for (const host of event.hosts) {
          if (plane.isUp(host)) continue;
          if (event.emptyFlash === true) plane.loseFlash(host);
          plane.replaceFlash(host);
          plane.restart(host);
        }
        return;
      case 'lose-flash':
        note(list([event.host]));
        plane.loseFlash(event.host);
        return;
      case 'partition':
        note(
          [
            event.b.length > 0 ? `${list(event.a)} from ${list(event.b)}` : '',
            event.fromDatastore.length > 0 ? `${list(event.fromDatastore)} from the datastore` : '',
          ]
            .filter((text) => text !== '')
            .join('; '),
        );
        for (const a of event.a) {
          for (const b of event.b) {
            plane.cutLink(a, b);
            plane.cutLink(b, a);
          }
        }
        for (const host of event.fromDatastore) this.cutOff(host);
        return;
      case 'heal':
        note('');
        this.heal();
        return;
      case 'slow':
        note(`${this.nameOf(event.device)}, ${event.factor} times, for ${formatNs(event.forNs)}`);
        this.setSlow(event.device, event.factor);
        plane.at(plane.nowNs + event.forNs, () => this.setSlow(event.device, 1));
        return;
      case 'stall': {
        note(`${this.nameOf(event.device)} for ${formatNs(event.forNs)}`);
        const untilNs = plane.nowNs + event.forNs;
        if (event.device === 'datastore') plane.datastoreStalledUntilNs = untilNs;
        else plane.places[event.device.flashOf]!.flashStalledUntilNs = untilNs;
        return;
      }
      case 'pause':
        note(`${list([event.host])} for ${formatNs(event.forNs)}`);
        if (event.atOutput === true) plane.pauseAtOutput(event.host, event.forNs);
        else plane.pause(event.host, event.forNs);
        return;
      case 'corrupt':
        note(list([event.host]) + (plane.corrupt(event.host) ? '' : ': no record is there'));
        return;
      case 'migrate':
        note(`to ${names[event.to]!.name}`, { vm: vms[event.vm]!.name });
        this.migrate(event.vm, event.to);
        return;
      case 'set-mode':
        note(event.mode, { vm: vms[event.vm]!.name });
        for (const place of disks) {
          if (place.vm !== event.vm) continue;
          place.mode = event.mode;
          if (this.isOn(event.vm) && !this.isLeaving(event.vm)) this.request(place);
        }
        return;
      case 'drain':
        note(`for ${formatNs(event.forNs)}`, { vm: vms[event.vm]!.name });
        this.share(event.vm, event.forNs);
        return;
      case 'datastore-down':
        note(`for ${formatNs(event.forNs)}`);
        plane.setDatastoreDown(true);
        plane.at(plane.nowNs + event.forNs, () => plane.setDatastoreDown(false));
        return;
      case 'discard':
        note('', { vm: vms[event.vm]!.name });
        this.discard(event.vm);
        return;
    }
  }

  /** Every partition and every slowness ends; hosts that are down stay so. */
  heal(): void {
    const { plane } = this.parts;
    const count = plane.places.length;
    for (let a = 0; a < count; a++) for (let b = 0; b < count; b++) plane.mendLink(a, b);
    plane.setDatastoreDown(false);
    for (let host = 0; host < count; host++) plane.reconnect(host);
  }

  crash(host: number): void {
    const { plane } = this.parts;
    if (!plane.isUp(host)) return;
    plane.crash(host);
    this.hostCrashed(host);
  }

  /** A host has crashed by whatever cause. */
  hostCrashed(host: number): void {
    const { plane, disks } = this.parts;
    for (const place of disks)
      if (place.host === host && !this.isLost(place.vm) && place.state !== STATE_OFF)
        place.state = STATE_ORPHANED;
    for (const [vm, state] of this.vms.entries()) {
      const here = state.phase === 'moving' && state.movePhase === 'opening' ? state.to : state.host;
      if (here !== host || state.phase === 'lost' || state.phase === 'ended') continue;
      this.stop(vm);
      const { turn } = state;
      plane.at(plane.nowNs + HOST_DEAD_NS, () => this.powerOn(vm, turn));
    }
  }

  /** A host has been told that one of its disks is another's now. */
  fenced(host: number, disk: number): void {
    const place = this.parts.disks[disk]!;
    const state = this.vms[place.vm]!;
    if (place.host !== host || state.phase === 'lost' || state.phase === 'ended') return;
    if (place.state === STATE_LOST) {
      this.lose(place.vm);
      return;
    }
    this.stop(place.vm);
    const { turn } = state;
    this.parts.plane.at(this.parts.plane.nowNs, () => this.powerOn(place.vm, turn));
  }

  /** A disk's state has changed at the host where its VM is, or is going to be. */
  stateChanged(host: number, disk: number, state: number): void {
    const place = this.parts.disks[disk]!;
    if (place.host !== host) return;
    place.state = state;
    const vm = this.vms[place.vm]!;
    if (vm.phase === 'starting') {
      if (state === STATE_LOST) this.lose(place.vm);
      else if (this.isOpen(place.vm)) this.run(place.vm);
    } else if (vm.phase === 'moving') this.goOnMoving(place.vm);
  }

  /** The load is over: everything is to be closed. */
  close(): void {
    this.closing = true;
    for (const [vm, state] of this.vms.entries()) {
      if (!this.isOn(vm)) continue;
      if (state.phase === 'runs' || state.phase === 'moving') {
        state.phase = 'ended';
        state.turn++;
      }
      for (const place of this.parts.disks) if (place.vm === vm) this.request(place, 'none');
    }
  }

  /** True while its disks are open somewhere, or about to be. */
  private isOn(vm: number): boolean {
    const { phase } = this.vms[vm]!;
    return phase === 'runs' || phase === 'moving' || phase === 'starting';
  }

  /** Its disks are being closed where it was; the mode counts where they are opened next. */
  private isLeaving(vm: number): boolean {
    const { phase, movePhase } = this.vms[vm]!;
    return phase === 'moving' && (movePhase === 'closing' || movePhase === 'opening');
  }

  private nameOf(device: 'datastore' | { readonly flashOf: number }): string {
    return device === 'datastore'
      ? device
      : `the flash of ${this.parts.scenario.hosts[device.flashOf]!.name}`;
  }

  private setSlow(device: 'datastore' | { readonly flashOf: number }, factor: number): void {
    const { plane } = this.parts;
    if (device === 'datastore') plane.datastoreSlow = factor;
    else plane.places[device.flashOf]!.flashSlow = factor;
  }

  private cutOff(host: number): void {
    const { plane, scenario } = this.parts;
    const place = plane.places[host]!;
    if (place.cutOff) return;
    plane.cutOff(host);
    const sinceNs = plane.nowNs;
    this.cutOffSinceNs[host] = sinceNs;
    plane.at(plane.nowNs + scenario.fvp.lease.durationNs + POWER_OFF_NS, () => {
      if (!place.cutOff || this.cutOffSinceNs[host] !== sinceNs || plane.datastoreDown) return;
      for (const [vm, state] of this.vms.entries()) {
        if (state.host !== host || state.phase === 'lost' || state.phase === 'ended') continue;
        if (this.target(vm) < 0) continue;
        for (const disk of this.parts.disks) {
          if (disk.vm !== vm) continue;
          this.tell(disk, (machine, local) => machine.powerOff(local));
        }
        this.stop(vm);
        const { turn } = state;
        plane.at(plane.nowNs, () => this.powerOn(vm, turn));
      }
    });
  }

  private stop(vm: number): void {
    const state = this.vms[vm]!;
    state.turn++;
    if (state.phase !== 'stopped') {
      this.parts.guests.stop(vm);
      this.parts.record({ event: 'vm', vm: this.parts.scenario.vms[vm]!.name, detail: 'stopped' });
    }
    state.phase = 'stopped';
    state.formerHost = -1;
  }

  /** A host that can take the VM: the next one that is up and reaches the datastore, with flash if there is one. */
  private target(vm: number): number {
    const { plane, scenario } = this.parts;
    const count = scenario.hosts.length;
    let found = -1;
    for (let step = 1; step <= count; step++) {
      const host = (this.vms[vm]!.host + step) % count;
      const place = plane.places[host]!;
      if (!plane.isUp(host) || place.cutOff || place.pausedWith !== undefined) continue;
      if (scenario.hosts[host]!.flash !== null && !place.flashLost) return host;
      if (found < 0) found = host;
    }
    return found;
  }

  private powerOn(vm: number, turn: number): void {
    const { plane } = this.parts;
    const state = this.vms[vm]!;
    if (state.turn !== turn || state.phase !== 'stopped') return;
    const host = this.target(vm);
    if (host < 0) {
      plane.at(plane.nowNs + LOOK_AGAIN_NS, () => this.powerOn(vm, turn));
      return;
    }
    state.phase = 'starting';
    this.openAt(vm, host);
  }

  private openAt(vm: number, host: number): void {
    const { plane, disks, scenario } = this.parts;
    const state = this.vms[vm]!;
    state.host = host;
    const name = scenario.hosts[host]!.name;
    this.parts.record({ event: 'vm', vm: scenario.vms[vm]!.name, host: name, detail: 'powered on' });
    for (const [disk, place] of disks.entries()) {
      if (place.vm !== vm) continue;
      place.host = host;
      place.local = -1;
      place.state = STATE_OFF;
      plane.ask(host, (machine) => {
        // A paused host hears of it late: by then the VM may have gone elsewhere.
        if (place.host !== host) return;
        place.local = machine.attach(disk);
        const opened = machine.disks[place.local]!;
        place.state = opened.state;
        machine.request(place.local, modeOf(this.closing ? 'none' : place.mode), state.formerHost);
        // A mode without FVP needs no opening.
        if (!modeOf(place.mode).accelerated && opened.transition < 0)
          this.stateChanged(host, disk, STATE_OFF);
      });
    }
    if (state.phase === 'starting' && this.isOpen(vm)) this.run(vm);
  }

  private isOpen(vm: number): boolean {
    return this.parts.disks.every(
      ({ vm: of, state, mode }) =>
        of !== vm || OPEN_STATES.includes(state) || (state === STATE_OFF && !modeOf(mode).accelerated),
    );
  }

  private run(vm: number): void {
    const { guests, disks, machine, scenario } = this.parts;
    const state = this.vms[vm]!;
    state.phase = this.closing ? 'ended' : 'runs';
    state.formerHost = -1;
    const locals = disks.filter((place) => place.vm === vm).map((place) => place.local);
    const name = scenario.hosts[state.host]!.name;
    this.parts.record({ event: 'vm', vm: scenario.vms[vm]!.name, host: name, detail: 'runs' });
    guests.resume(vm, machine(state.host), state.host, locals);
  }

  /** Acknowledged data is gone, and it is said: the VM stays off until an operator decides. */
  private lose(vm: number): void {
    const state = this.vms[vm]!;
    if (state.phase === 'lost') return;
    state.turn++;
    state.phase = 'lost';
    this.parts.record({ event: 'vm', vm: this.parts.scenario.vms[vm]!.name, detail: 'lost' });
    this.parts.guests.kill(vm);
  }

  private discard(vm: number): void {
    const { plane, disks } = this.parts;
    for (const place of disks) {
      if (place.vm !== vm || !plane.isUp(place.host)) continue;
      this.tell(place, (machine, local) => machine.discardDirty(local));
    }
  }

  /** A host that is paused hears it later, and by then the disk may have another number there, or be elsewhere. */
  private tell(place: DiskPlace, act: (machine: Host, local: number) => void): void {
    const { host } = place;
    this.parts.plane.ask(host, (machine) => {
      if (place.host === host && place.local >= 0) act(machine, place.local);
    });
  }

  private request(place: DiskPlace, mode: ModeName = place.mode): void {
    this.tell(place, (machine, local) => machine.request(local, modeOf(mode)));
  }

  private share(vm: number, forNs: number): void {
    const { plane, disks } = this.parts;
    if (!this.isOn(vm)) return;
    const shared: { host: number; local: number; machine: Host }[] = [];
    let isOver = false;
    for (const place of disks) {
      if (place.vm !== vm) continue;
      this.tell(place, (machine, local) => {
        if (isOver) return;
        machine.share(local, 1);
        shared.push({ host: place.host, local, machine });
      });
    }
    plane.at(plane.nowNs + forNs, () => {
      isOver = true;
      for (const { host, local, machine } of shared)
        if (plane.machineOf(host) === machine) plane.ask(host, () => machine.share(local, -1));
    });
  }

  // ---- migration: drain while it runs, stop it for a moment, close there, open here ----

  private migrate(vm: number, to: number): void {
    const { plane, disks } = this.parts;
    const state = this.vms[vm]!;
    if (state.phase !== 'runs' || state.host === to || !plane.isUp(to) || this.closing) return;
    state.phase = 'moving';
    state.movePhase = 'draining';
    state.to = to;
    for (const place of disks) {
      if (place.vm !== vm) continue;
      this.tell(place, (machine, local) => machine.share(local, 1));
    }
    this.goOnMoving(vm);
  }

  private goOnMoving(vm: number): void {
    const { plane, disks, guests } = this.parts;
    const state = this.vms[vm]!;
    const own = disks.filter((place) => place.vm === vm);
    if (state.movePhase === 'draining') {
      if (!own.every((place) => CLEAN_STATES.includes(place.state))) return;
      state.movePhase = 'quiescing';
      guests.hold(vm);
      this.quiesce(vm, state.turn);
    } else if (state.movePhase === 'closing') {
      if (!own.every((place) => place.state === STATE_OFF)) return;
      state.movePhase = 'opening';
      const from = state.host;
      state.formerHost = from;
      // Should the disk come back to this host, nothing is left of its drain.
      for (const { local } of own) plane.ask(from, (machine) => machine.share(local, -1));
      const { turn } = state;
      plane.at(plane.nowNs, () => {
        if (state.turn !== turn) return;
        // The host it was to go to may be gone: any other will do.
        const to = plane.isUp(state.to) && !plane.places[state.to]!.cutOff ? state.to : this.target(vm);
        state.phase = 'starting';
        if (to < 0) {
          state.phase = 'stopped';
          plane.at(plane.nowNs + LOOK_AGAIN_NS, () => this.powerOn(vm, turn));
        } else this.openAt(vm, to);
      });
    }
  }

  /** Waits until the VM has nothing under way. */
  private quiesce(vm: number, turn: number): void {
    const { plane, disks, guests } = this.parts;
    const state = this.vms[vm]!;
    if (state.turn !== turn || state.phase !== 'moving') return;
    if (guests.underWay(vm) > 0) {
      plane.at(plane.nowNs + QUIESCE_LOOK_NS, () => this.quiesce(vm, turn));
      return;
    }
    state.movePhase = 'closing';
    for (const place of disks) if (place.vm === vm) this.request(place, 'none');
    this.goOnMoving(vm);
  }
}

/** How often a VM that is about to move is looked at. @source assumed */
const QUIESCE_LOOK_NS = 100_000;

const OPEN_STATES: readonly number[] = [
  STATE_WT,
  STATE_WT_NOFLASH,
  STATE_WT_TEMP,
  STATE_WB_ARMING,
  STATE_WB,
  STATE_DRAINING,
];
const CLEAN_STATES: readonly number[] = [STATE_OFF, STATE_WT, STATE_WT_NOFLASH, STATE_WT_TEMP];

/** Nobody works on a disk in one of these. */
export const ENDED_STATES: readonly number[] = [STATE_OFF, STATE_LOST, STATE_FENCED];
