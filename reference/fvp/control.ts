/**
 * Transitions between states, each a table of steps in their mandatory order. A step emits its outputs and says how
 * many answers it awaits; the next one starts when they are in. Answers to a step that is over are ignored.
 */
import type { Checkpointer } from './checkpointer.ts';
import type { Destager } from './destager.ts';
import type { FtRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { BlockIndex } from './index/block-index.ts';
import type { Lease } from './lease.ts';
import { PENDING_FAILED, PENDING_LOCAL, RECORD_PENDING } from './log/record-ring.ts';
import { OP_DISK, OP_SEQUENCE, STAGE_CONTROL } from './op-table.ts';
import { CAUSE_RECORD, SAN_FLUSH, STATUS_OK, type Status } from './ports.ts';
import type { RecordWriter } from './record-writer.ts';
import { HeldLog, type HeldLogs } from './replication/held-logs.ts';
import type { Replicator } from './replication/replicator.ts';
import { TIMER_RETRY, TIMER_STEP, timerOf } from './timers.ts';
import { ARM, CLOSE, DRAIN, OPEN, REPAIR, type Step, type Transition } from './transitions/transition.ts';
import {
  type Member,
  type SealedLog,
  STATE_DRAINING,
  STATE_FENCED,
  STATE_LOST,
  STATE_OFF,
  STATE_ORPHANED,
  STATE_WB,
  STATE_WB_ARMING,
  STATE_WB_REPAIR,
  STATE_WT,
  STATE_WT_NOFLASH,
  STATE_WT_TEMP,
  type VirtualDisk,
} from './virtual-disk.ts';
import type { WritePath } from './write-path.ts';

export interface ControlParts {
  readonly replicator: Replicator;
  readonly checkpointer: Checkpointer;
  readonly destager: Destager;
  readonly writes: WritePath;
  readonly held: HeldLogs;
  readonly records: RecordWriter;
  readonly lease: Lease;
  /** The disk is no longer this host's to act for. */
  readonly detached: (disk: VirtualDisk) => void;
  /** The disk has been closed in good order. */
  readonly closed: (disk: VirtualDisk) => void;
}

export class Control {
  readonly state: HostState;
  readonly parts: ControlParts;
  /** In the order of transitions/transition.ts; set once, before anything is asked. */
  transitions: readonly Transition[] = [];

  constructor(state: HostState, parts: ControlParts) {
    this.state = state;
    this.parts = parts;
  }

  // ---- what others ask and tell ----

  /** Works towards a requested mode, one transition after the other. */
  request(disk: VirtualDisk, requested: VirtualDisk['requested']): void {
    disk.requested = requested;
    disk.retryNs = 0;
    if (disk.state === STATE_WT_TEMP) this.enter(disk, this.clean());
    if (disk.transition < 0) this.advance(disk);
  }

  /** One more, or one less, reason to stay in write-through: a second opener, a snapshot, a drain. */
  share(disk: VirtualDisk, change: 1 | -1): void {
    disk.sharers += change;
    if (disk.transition < 0) this.advance(disk);
  }

  /** Members have been silent for too long. */
  membersLost(disk: VirtualDisk): void {
    if (disk.transition === REPAIR) this.giveUpRepair(disk);
    else if (disk.transition < 0 && disk.state === STATE_WB) this.begin(disk, REPAIR);
  }

  /** At once, or when its record is written: what is wrong is seen again then. */
  private giveUpRepair(disk: VirtualDisk): void {
    if (this.stepOf(disk).isSettling !== true) this.fail(disk);
  }

  /** This host's part of the log has failed: out of write-back by way of the other holders. */
  logBroken(disk: VirtualDisk): void {
    if (disk.logBroken || disk.dead) return;
    disk.logBroken = true;
    if (disk.transition === REPAIR) this.giveUpRepair(disk);
    else if (disk.transition < 0 && disk.state === STATE_WB) this.begin(disk, DRAIN);
  }

  /** Appends to this host's log are slow: out of write-back for a time. */
  logSlow(disk: VirtualDisk): void {
    if (disk.transition >= 0 || disk.state !== STATE_WB) return;
    disk.work.forced = true;
    this.begin(disk, DRAIN);
  }

  /** This host's flash has failed for good. */
  flashGone(disk: VirtualDisk): void {
    if (disk.logging) this.logBroken(disk);
    else if (disk.transition < 0 && (disk.state === STATE_WT || disk.state === STATE_WT_TEMP))
      this.enter(disk, STATE_WT_NOFLASH);
  }

  /** Another host owns the disk: nothing of it is acknowledged here any more. */
  fence(disk: VirtualDisk): void {
    this.bury(disk, STATE_FENCED);
  }

  /**
   * Dirty data is only at holders that do not answer this host: it lets the disk go, so that one of them, or a host that
   * reaches them, can replay it.
   */
  giveAway(disk: VirtualDisk): void {
    if (disk.dead) return;
    this.state.ports.datastore.unlock(disk.id, this.token(disk));
    this.bury(disk, STATE_FENCED);
  }

  /** Acknowledged data is gone: the disk stays closed until an operator decides. */
  lost(disk: VirtualDisk): void {
    if (disk.dead) return;
    // After the end of the lease it is for the next owner to say, which may have the data.
    if (this.state.ports.clock.nowNs >= disk.leaseEndsNs) {
      this.giveAway(disk);
      return;
    }
    this.state.ports.datastore.unlock(disk.id, this.token(disk));
    this.bury(disk, STATE_LOST);
  }

  /** A datastore or flash request of a step is complete. */
  onCompletion(disk: VirtualDisk, op: number, status: Status): void {
    const { ops } = this.state;
    const attempt = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    ops.release(op);
    if (disk.dead || disk.transition < 0 || attempt !== disk.attempt) return;
    const step = this.stepOf(disk);
    if (step.completed !== undefined) step.completed(disk, status);
    else if (status === STATUS_OK) this.arrived(disk);
    else this.fail(disk);
  }

  onMessage(disk: VirtualDisk, message: number): void {
    if (disk.dead || disk.transition < 0) return;
    this.stepOf(disk).message?.(disk, message);
  }

  /** This host's own log of the disk is sealed. */
  onOwnSealed(disk: VirtualDisk, request: number, log: SealedLog): void {
    if (disk.dead || disk.transition !== OPEN || request !== disk.attempt) return;
    if (disk.work.sealed.has(this.state.id)) return;
    disk.work.sealed.set(this.state.id, log);
    this.arrived(disk);
  }

  /** The header of this host's own log is on flash, or is not. */
  onOwnHeader(disk: VirtualDisk, request: number, status: Status): void {
    if (disk.dead || disk.transition !== ARM || request !== disk.attempt) return;
    if (status === STATUS_OK) this.arrived(disk);
    else this.fail(disk);
  }

  /** The operator gives up dirty data: the disk is opened as the datastore has it. */
  discardDirty(disk: VirtualDisk): void {
    if (disk.state !== STATE_LOST && disk.state !== STATE_ORPHANED) return;
    disk.work.discard = true;
    if (disk.transition >= 0) return;
    this.enter(disk, STATE_OFF);
    this.advance(disk);
  }

  /** No write of the disk is in flight any more. */
  onQuiet(disk: VirtualDisk): void {
    if (this.waitsFor(disk, 'quiet')) this.arrived(disk);
  }

  /** A checkpoint released log records. */
  onReleased(disk: VirtualDisk): void {
    if (!this.isWaiting(disk)) return;
    const step = this.stepOf(disk);
    if (step.until === 'destaged' && disk.checkpoint >= disk.work.drainThrough) this.arrived(disk);
    else step.released?.(disk);
  }

  onStepTimer(disk: VirtualDisk): void {
    if (disk.dead || disk.transition < 0) return;
    const { ports } = this.state;
    if (disk.stepDeadlineNs === Number.POSITIVE_INFINITY) return;
    if (ports.clock.nowNs < disk.stepDeadlineNs) {
      ports.timer.set(disk.stepDeadlineNs, timerOf(TIMER_STEP, disk.local));
      return;
    }
    disk.stepDeadlineNs = Number.POSITIVE_INFINITY;
    const step = this.stepOf(disk);
    if (step.timeout !== undefined) step.timeout(disk);
    else this.fail(disk);
  }

  /** Time to try write-back again, or to look once more for the log of an orphaned disk. */
  onRetryTimer(disk: VirtualDisk): void {
    const { ports } = this.state;
    if (disk.dead || !disk.retryTimerSet || ports.clock.nowNs < disk.retryAtNs) return;
    disk.retryTimerSet = false;
    if (disk.transition >= 0) return;
    if (disk.state === STATE_WT_TEMP) this.enter(disk, this.clean());
    else if (disk.state === STATE_ORPHANED) this.enter(disk, STATE_OFF);
    this.advance(disk);
  }

  // ---- for the steps ----

  /** One of the answers that the step awaits is in. */
  arrived(disk: VirtualDisk): void {
    if (disk.awaiting > 0 && --disk.awaiting === 0) this.next(disk);
  }

  fail(disk: VirtualDisk): void {
    const transition = this.transitions[disk.transition]!;
    this.leave(disk);
    transition.failed(disk);
  }

  begin(disk: VirtualDisk, transition: number): void {
    disk.transition = transition;
    disk.step = -1;
    if (transition === ARM) this.enter(disk, STATE_WB_ARMING);
    if (transition === DRAIN) this.enter(disk, STATE_DRAINING);
    if (transition === REPAIR) this.enter(disk, STATE_WB_REPAIR);
    this.next(disk);
  }

  /** Goes on with another step of the transition under way. */
  goTo(disk: VirtualDisk, step: string): void {
    const { steps } = this.transitions[disk.transition]!;
    disk.step = steps.findIndex(({ name }) => name === step) - 1;
    this.next(disk);
  }

  /** The step's `timeout` is called in `durationNs`, unless the step is over by then. */
  setDeadline(disk: VirtualDisk, durationNs: number): void {
    const { ports } = this.state;
    disk.stepDeadlineNs = ports.clock.nowNs + durationNs;
    ports.timer.set(disk.stepDeadlineNs, timerOf(TIMER_STEP, disk.local));
  }

  enter(disk: VirtualDisk, state: number): void {
    if (disk.state === state) return;
    disk.state = state;
    this.state.ports.observer.stateChanged(disk.id, state);
  }

  /** Stops a transition; what it has sent is answered to nobody. */
  leave(disk: VirtualDisk): void {
    disk.transition = -1;
    disk.attempt++;
    disk.awaiting = 0;
    disk.stepDeadlineNs = Number.POSITIVE_INFINITY;
  }

  token(disk: VirtualDisk): number {
    const { ops } = this.state;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = disk.attempt;
    return op | STAGE_CONTROL;
  }

  /** Writes the FT record as a step; waits for a checkpoint that is being written. */
  writeRecord(disk: VirtualDisk, next: () => FtRecord): number {
    const { attempt } = disk;
    if (disk.recordBusy) disk.recordWaits = next;
    else
      this.parts.records.write(disk, next(), () => {
        if (disk.attempt === attempt) this.arrived(disk);
        this.parts.checkpointer.consider(disk);
      });
    return 1;
  }

  /** The record is free again. */
  onRecordFree(disk: VirtualDisk): void {
    const next = disk.recordWaits;
    if (next === undefined || disk.dead) return;
    disk.recordWaits = undefined;
    if (disk.transition >= 0) this.writeRecord(disk, next);
  }

  quiesce(disk: VirtualDisk): number {
    disk.holding = true;
    return disk.committed === disk.ring.next - 1 ? 0 : 1;
  }

  flushDatastore(disk: VirtualDisk): number {
    if (!this.state.volatileDatastore) return 0;
    const { datastore } = this.state.ports;
    datastore.submit(SAN_FLUSH, disk.id, 0, 0, false, CAUSE_RECORD, this.token(disk), disk.id);
    return 1;
  }

  /** Waits until everything that the log has now is on the datastore and released. */
  destageAll(disk: VirtualDisk): number {
    disk.work.drainThrough = disk.ring.next - 1;
    if (disk.checkpoint === disk.work.drainThrough) return 0;
    this.parts.destager.kick(disk);
    this.parts.checkpointer.consider(disk);
    return 1;
  }

  cleanRecord(disk: VirtualDisk): FtRecord {
    const { record } = disk;
    const epoch = Math.max(record.epoch, disk.epoch) + 1;
    const version = record.version + 1;
    return {
      ...record,
      epoch,
      version,
      mode: 'WT',
      dirty: false,
      segments: [],
      checkpoint: disk.ring.next - 1,
    };
  }

  /** The log is empty and no longer needed: its space becomes cache, its holders forget it. */
  endLogging(disk: VirtualDisk, holders: readonly number[]): void {
    disk.logging = false;
    disk.throughCheckpoint = false;
    disk.log.close();
    if (disk.reserved) this.unreserve(disk);
    disk.epoch = disk.record.epoch;
    for (const host of holders) if (host !== this.state.id) this.parts.replicator.forget(disk, host);
    this.eraseHeader(disk);
    this.setMembers(disk, []);
    disk.work.sources = [];
    disk.unreadable = 0;
  }

  /** Takes the header of this host's own log from flash. */
  eraseHeader(disk: VirtualDisk): void {
    this.parts.held.erase(disk.id);
  }

  /** The record names these members: from now on a write needs their copies beside the one here. */
  setMembers(disk: VirtualDisk, members: Member[]): void {
    disk.members = members;
    for (const member of members) member.named = true;
    const bits = members.reduce((mask, member) => mask | member.bit, 0);
    disk.copies = PENDING_LOCAL | bits;
    disk.required = PENDING_LOCAL | PENDING_FAILED | bits;
  }

  unreserve(disk: VirtualDisk): void {
    disk.reserved = false;
    this.state.reservedBuckets -= this.state.quotaBuckets(this.state.options.dirtyLimitBytes);
  }

  /** Write-back is tried again later, each time after a longer while. */
  retryLater(disk: VirtualDisk): void {
    const { options, ports } = this.state;
    const { firstNs, mostNs } = options.retry;
    // Write-back that lasted longer than the wait before it was no failure of the try.
    const lasted = ports.clock.nowNs - disk.armedNs > disk.retryNs;
    disk.retryNs = disk.retryNs === 0 || lasted ? firstNs : Math.min(mostNs, disk.retryNs * 2);
    disk.armedNs = Number.POSITIVE_INFINITY;
    disk.retryAtNs = ports.clock.nowNs + disk.retryNs;
    disk.retryTimerSet = true;
    ports.timer.set(disk.retryAtNs, timerOf(TIMER_RETRY, disk.local));
  }

  /** The state of a clean disk here. */
  clean(): number {
    return this.state.hasFlash ? STATE_WT : STATE_WT_NOFLASH;
  }

  /** True when write-back is requested and nothing speaks against it. */
  wantsWriteBack(disk: VirtualDisk): boolean {
    return disk.requested.writeBack && disk.sharers === 0;
  }

  advance(disk: VirtualDisk): void {
    const { requested } = disk;
    const writeBack = this.wantsWriteBack(disk);
    if (disk.state === STATE_OFF && requested.accelerated) this.begin(disk, OPEN);
    else if (disk.state === STATE_WT && writeBack) this.begin(disk, ARM);
    else if (disk.state === STATE_WB && (!writeBack || requested.replicas !== disk.members.length)) {
      this.begin(disk, DRAIN);
    } else if (
      (disk.state === STATE_WT || disk.state === STATE_WT_TEMP || disk.state === STATE_WT_NOFLASH) &&
      !requested.accelerated
    ) {
      this.begin(disk, CLOSE);
    } else if (
      disk.state === STATE_WB &&
      (disk.logBroken || disk.members.some((member) => !member.sending))
    ) {
      this.begin(disk, disk.logBroken ? DRAIN : REPAIR);
    } else {
      disk.holding = false;
      this.parts.writes.pump(disk);
    }
  }

  private next(disk: VirtualDisk): void {
    const { steps, end } = this.transitions[disk.transition]!;
    while (++disk.step < steps.length) {
      const { attempt } = disk;
      disk.attempt = attempt + 1;
      disk.stepDeadlineNs = Number.POSITIVE_INFINITY;
      disk.awaiting = 0;
      const awaited = steps[disk.step]!.run(disk);
      if (disk.dead || disk.attempt !== attempt + 1) return;
      if (awaited < 0) {
        this.fail(disk);
        return;
      }
      disk.awaiting = awaited;
      if (awaited > 0) return;
    }
    this.leave(disk);
    this.enter(disk, end(disk));
    // Who was told of the state may have asked for something at once.
    if (disk.transition < 0 && !disk.dead) this.advance(disk);
  }

  private stepOf(disk: VirtualDisk): Step {
    return this.transitions[disk.transition]!.steps[disk.step]!;
  }

  private waitsFor(disk: VirtualDisk, until: Step['until']): boolean {
    return this.isWaiting(disk) && this.stepOf(disk).until === until;
  }

  /** A step of a transition awaits something. */
  private isWaiting(disk: VirtualDisk): boolean {
    return !disk.dead && disk.transition >= 0 && disk.awaiting > 0;
  }

  /** Ends a disk's life here. Its log may still be wanted by whoever recovers it: it is kept as a held one. */
  bury(disk: VirtualDisk, state: number): void {
    if (disk.dead) return;
    const { parts } = this;
    this.leave(disk);
    disk.dead = true;
    disk.leaseEndsNs = Number.NEGATIVE_INFINITY;
    parts.writes.abandon(disk);
    parts.destager.retry(disk);
    this.state.dirtyBytes -= disk.dirtyBytes;
    disk.dirtyBytes = 0;
    parts.detached(disk);
    disk.clean.close();
    if (disk.logging && disk.ownLog && this.state.hasFlash) {
      const { firstEpoch, epoch, ring, log } = disk;
      const quotaBytes = this.state.options.dirtyLimitBytes;
      for (let sequence = disk.checkpoint + 1; sequence < ring.next; sequence++)
        ring.words[ring.at(sequence) + RECORD_PENDING]! &= PENDING_LOCAL | PENDING_FAILED;
      const held = new HeldLog(disk.id, firstEpoch, epoch, -1, quotaBytes, ring, log);
      held.committedThrough = disk.committed;
      held.releasedThrough = disk.checkpoint;
      held.reservedBuckets = disk.reserved ? this.state.quotaBuckets(quotaBytes) : 0;
      held.disowned = disk;
      disk.reserved = false;
      parts.held.adopt(held);
    } else {
      if (disk.logging) disk.log.close();
      if (disk.reserved) this.unreserve(disk);
    }
    this.enter(disk, state);
    this.state.ports.observer.fenced(disk.id);
  }

  /** Everything that the cache knows of a disk is forgotten: others may have written to it. */
  forgetCache(disk: VirtualDisk): void {
    disk.index = new BlockIndex();
  }
}
