/**
 * Transitions between states (fvp-protocol.md 12.3), each a table of steps in their mandatory order. A step emits its
 * outputs and says how many completions it awaits; the next one starts when they are in.
 */
import type { Checkpointer } from './checkpointer.ts';
import type { FtRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { BLOCK_BYTES } from './index/block-index.ts';
import { FIELD_DISK, FIELD_EPOCH, FIELD_TYPE, MESSAGE_FIELDS, MESSAGE_PREPARED } from './message.ts';
import { OP_DISK, OP_START_NS, STAGE_CONTROL, STAGE_HEARTBEAT } from './op-table.ts';
import { CAUSE_RECORD, FLASH_FOR_HEADER, FLASH_WRITE, SAN_FLUSH, STATUS_OK, type Status } from './ports.ts';
import type { Replicator } from './replication/replicator.ts';
import {
  STATE_DRAINING,
  STATE_OFF,
  STATE_WB,
  STATE_WB_ARMING,
  STATE_WT,
  STATE_WT_NOFLASH,
  STATE_WT_TEMP,
  type VirtualDisk,
} from './virtual-disk.ts';

export const TIMER_HEARTBEAT = 2;

interface Step {
  readonly name: string;
  /** What ends the step beside completions: no write in flight any more, or everything destaged and released. */
  readonly until?: 'quiet' | 'destaged';
  /** Emits the step's outputs. @returns how many completions to await; 0 goes on at once, -1 gives up */
  run(disk: VirtualDisk): number;
}

interface Transition {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The state when the last step is done. */
  readonly end: (disk: VirtualDisk) => number;
}

export class Control {
  private readonly state: HostState;
  private readonly replicator: Replicator;
  private readonly checkpointer: Checkpointer;
  private readonly pump: (disk: VirtualDisk) => void;
  /** In the order of the constants below. */
  readonly transitions: readonly Transition[];

  constructor(
    state: HostState,
    replicator: Replicator,
    checkpointer: Checkpointer,
    pump: (disk: VirtualDisk) => void,
  ) {
    this.state = state;
    this.replicator = replicator;
    this.checkpointer = checkpointer;
    this.pump = pump;
    this.transitions = [
      {
        name: 'open',
        steps: [
          { name: 'take lock', run: (disk) => this.lock(disk) },
          { name: 'write record: WT, clean', run: (disk) => this.openRecord(disk) },
          { name: 'start heartbeat', run: (disk) => this.startHeartbeat(disk) },
        ],
        end: () => (this.state.hasFlash ? STATE_WT : STATE_WT_NOFLASH),
      },
      {
        name: 'arm',
        steps: [
          { name: 'prepare holders', run: (disk) => this.prepareHolders(disk) },
          { name: 'finish write-through writes', until: 'quiet', run: (disk) => this.quiesce(disk) },
          { name: 'flush datastore', run: (disk) => this.flushDatastore(disk) },
          {
            name: 'write record: WB, dirty, holders',
            run: (disk) => this.writeRecord(disk, this.armedRecord(disk)),
          },
          { name: 'acknowledge from flash', run: (disk) => this.startLogging(disk) },
        ],
        end: () => STATE_WB,
      },
      {
        name: 'drain',
        steps: [
          { name: 'stop early acknowledgements', until: 'quiet', run: (disk) => this.quiesce(disk) },
          { name: 'destage all', until: 'destaged', run: (disk) => this.destageAll(disk) },
          { name: 'flush datastore', run: (disk) => this.flushDatastore(disk) },
          { name: 'write record: WT, clean', run: (disk) => this.writeRecord(disk, this.cleanRecord(disk)) },
          { name: 'release holders', run: (disk) => this.releaseHolders(disk) },
        ],
        end: () => STATE_WT,
      },
      {
        name: 'close',
        steps: [
          { name: 'finish writes', until: 'quiet', run: (disk) => this.quiesce(disk) },
          { name: 'release lock', run: (disk) => this.unlock(disk) },
        ],
        end: () => STATE_OFF,
      },
    ];
  }

  /** Works towards a requested mode, one transition after the other. */
  request(disk: VirtualDisk, requested: VirtualDisk['requested']): void {
    disk.requested = requested;
    if (disk.transition < 0) this.advance(disk);
  }

  onCompletion(disk: VirtualDisk, op: number, status: Status): void {
    this.state.ops.release(op);
    if (status !== STATUS_OK) {
      this.giveUp(disk);
      return;
    }
    this.arrived(disk);
  }

  /** A holder answered PREPARE. */
  onPrepared(disk: VirtualDisk, message: number): void {
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    if (disk.state !== STATE_WB_ARMING || fields[base + FIELD_DISK] !== disk.id) return;
    if (fields[base + FIELD_EPOCH] !== disk.record.epoch + 1) return;
    if (fields[base + FIELD_TYPE] === MESSAGE_PREPARED) this.arrived(disk);
    else this.giveUp(disk);
  }

  /** No write of the disk is in flight any more. */
  onQuiet(disk: VirtualDisk): void {
    if (this.until(disk) === 'quiet' && disk.awaiting > 0) this.arrived(disk);
  }

  /** A checkpoint released log records. */
  onReleased(disk: VirtualDisk): void {
    if (this.until(disk) === 'destaged' && disk.awaiting > 0 && this.isDestaged(disk)) this.arrived(disk);
  }

  onHeartbeatTimer(disk: VirtualDisk): void {
    disk.heartbeatTimerSet = false;
    if (disk.state !== STATE_OFF) this.startHeartbeat(disk);
  }

  onHeartbeat(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    if (status === STATUS_OK) disk.leaseFromNs = ops.numbers[(op >> 2) + OP_START_NS]!;
    ops.release(op);
  }

  private advance(disk: VirtualDisk): void {
    const { requested } = disk;
    if (disk.state === STATE_OFF && requested.accelerated) this.begin(disk, OPEN);
    else if (disk.state === STATE_WT && requested.writeBack) this.begin(disk, ARM);
    else if (
      disk.state === STATE_WB &&
      (!requested.writeBack || requested.replicas !== disk.holders.length)
    ) {
      this.begin(disk, DRAIN);
    } else if (disk.state !== STATE_OFF && disk.state !== STATE_WB && !requested.accelerated)
      this.begin(disk, CLOSE);
    else {
      disk.holding = false;
      this.pump(disk);
    }
  }

  private begin(disk: VirtualDisk, transition: number): void {
    disk.transition = transition;
    disk.step = -1;
    if (transition === ARM) this.enter(disk, STATE_WB_ARMING);
    if (transition === DRAIN) this.enter(disk, STATE_DRAINING);
    this.next(disk);
  }

  private arrived(disk: VirtualDisk): void {
    if (--disk.awaiting === 0) this.next(disk);
  }

  private next(disk: VirtualDisk): void {
    const { steps, end } = this.transitions[disk.transition]!;
    while (++disk.step < steps.length) {
      const awaited = steps[disk.step]!.run(disk);
      if (awaited < 0) {
        this.giveUp(disk);
        return;
      }
      if (awaited > 0) {
        disk.awaiting = awaited;
        return;
      }
    }
    disk.transition = -1;
    this.enter(disk, end(disk));
    this.advance(disk);
  }

  /** The transition cannot be finished: the disk stays in write-through. */
  private giveUp(disk: VirtualDisk): void {
    const arming = disk.transition === ARM;
    disk.transition = -1;
    disk.awaiting = 0;
    disk.holding = false;
    if (arming) {
      if (disk.reserved) this.unreserve(disk);
      for (const peer of disk.holders) this.replicator.forget(disk, peer);
      disk.holders = [];
      this.enter(disk, STATE_WT_TEMP);
      this.pump(disk);
    }
  }

  private enter(disk: VirtualDisk, state: number): void {
    disk.state = state;
    this.state.ports.observer.stateChanged(disk.id, state);
  }

  /** What the step under way waits for. */
  private until(disk: VirtualDisk): Step['until'] {
    return disk.transition < 0 ? undefined : this.transitions[disk.transition]!.steps[disk.step]!.until;
  }

  // ---- steps ----

  private token(disk: VirtualDisk): number {
    const ops = this.state.ops;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    return op | STAGE_CONTROL;
  }

  private lock(disk: VirtualDisk): number {
    this.state.ports.datastore.lock(disk.id, this.token(disk));
    return 1;
  }

  private unlock(disk: VirtualDisk): number {
    this.state.ports.datastore.unlock(disk.id, this.token(disk));
    return 1;
  }

  private writeRecord(disk: VirtualDisk, next: FtRecord): number {
    const { datastore } = this.state.ports;
    datastore.compareAndWrite(disk.id, datastore.record(disk.id), next, this.token(disk));
    return 1;
  }

  /** Takes the disk over in write-through; not while its record says that somebody's log holds newer data. */
  private openRecord(disk: VirtualDisk): number {
    const before = this.state.ports.datastore.record(disk.id);
    if (before.dirty) return -1;
    const { epoch, version } = before;
    return this.writeRecord(disk, {
      ...before,
      epoch: epoch + 1,
      version: version + 1,
      owner: this.state.id,
      mode: 'WT',
    });
  }

  private armedRecord(disk: VirtualDisk): FtRecord {
    const before = this.state.ports.datastore.record(disk.id);
    const epoch = before.epoch + 1;
    const segment = {
      firstEpoch: epoch,
      lastEpoch: Number.POSITIVE_INFINITY,
      firstSequence: disk.ring.next,
      lastSequence: Number.POSITIVE_INFINITY,
      holders: [this.state.id, ...disk.holders],
    };
    const checkpoint = disk.ring.next - 1;
    return {
      ...before,
      epoch,
      version: before.version + 1,
      mode: 'WB',
      dirty: true,
      segments: [segment],
      checkpoint,
    };
  }

  private cleanRecord(disk: VirtualDisk): FtRecord {
    const before = this.state.ports.datastore.record(disk.id);
    const epoch = before.epoch + 1;
    return { ...before, epoch, version: before.version + 1, mode: 'WT', dirty: false, segments: [] };
  }

  private startHeartbeat(disk: VirtualDisk): number {
    const { ops, ports, options, counters } = this.state;
    if (disk.heartbeatTimerSet) return 0;
    const nowNs = ports.clock.nowNs;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.numbers[(op >> 2) + OP_START_NS] = nowNs;
    counters.heartbeats++;
    ports.datastore.heartbeat(disk.id, op | STAGE_HEARTBEAT);
    disk.heartbeatTimerSet = true;
    ports.timer.set(nowNs + options.lease.renewNs, disk.local * 4 + TIMER_HEARTBEAT);
    return 0;
  }

  /** Each holder persists the next epoch and an empty log and reserves the quota, the owner included. */
  private prepareHolders(disk: VirtualDisk): number {
    const { ports, peers, options } = this.state;
    const wanted = disk.requested.replicas;
    if (!this.state.hasFlash || peers.length < wanted) return -1;
    if (!this.state.reserve(this.state.quotaBuckets(options.dirtyLimitBytes))) return -1;
    disk.reserved = true;
    disk.record = ports.datastore.record(disk.id);
    disk.holders = peers.slice(0, wanted);
    ports.flash!.submit(FLASH_WRITE, 0, BLOCK_BYTES, FLASH_FOR_HEADER, this.token(disk), disk.id);
    for (const peer of disk.holders) this.replicator.prepare(disk, peer, disk.record.epoch + 1);
    return 1 + wanted;
  }

  private quiesce(disk: VirtualDisk): number {
    disk.holding = true;
    return disk.committed === disk.ring.next - 1 ? 0 : 1;
  }

  private flushDatastore(disk: VirtualDisk): number {
    if (!this.state.volatileDatastore) return 0;
    this.state.ports.datastore.submit(
      SAN_FLUSH,
      disk.id,
      0,
      0,
      false,
      CAUSE_RECORD,
      this.token(disk),
      disk.id,
    );
    return 1;
  }

  private startLogging(disk: VirtualDisk): number {
    disk.record = this.state.ports.datastore.record(disk.id);
    disk.logging = true;
    disk.destaged = disk.ring.next - 1;
    disk.checkpoint = disk.destaged;
    return 0;
  }

  private isDestaged(disk: VirtualDisk): boolean {
    return disk.checkpoint === disk.ring.next - 1;
  }

  private destageAll(disk: VirtualDisk): number {
    if (this.isDestaged(disk)) return 0;
    this.checkpointer.consider(disk);
    return 1;
  }

  private unreserve(disk: VirtualDisk): void {
    disk.reserved = false;
    this.state.reservedBuckets -= this.state.quotaBuckets(this.state.options.dirtyLimitBytes);
  }

  private releaseHolders(disk: VirtualDisk): number {
    const { datastore } = this.state.ports;
    disk.record = datastore.record(disk.id);
    disk.logging = false;
    disk.log.close();
    this.unreserve(disk);
    for (const peer of disk.holders) this.replicator.forget(disk, peer);
    disk.holders = [];
    return 0;
  }
}

const OPEN = 0;
const ARM = 1;
const DRAIN = 2;
const CLOSE = 3;
