/**
 * One host running FVP: a pure state machine. Inputs are the methods below, each called with the world at one instant;
 * outputs are calls on the ports. It reads no clock but the one it is given and keeps nothing alive.
 */
import { Checkpointer } from './checkpointer.ts';
import { Control } from './control.ts';
import { Destager } from './destager.ts';
import { type HostSetup, HostState, PART_DATASTORE, PART_LOCAL_FLASH } from './host-state.ts';
import { ENTRY_META, FULL_MASK } from './index/block-index.ts';
import { CLASS_VM_WRITE } from './latency-classes.ts';
import { Lease } from './lease.ts';
import {
  FIELD_DISK,
  FIELD_FIRST_EPOCH,
  FIELD_FROM,
  FIELD_SEQUENCE,
  FIELD_TYPE,
  MESSAGE_APPEND,
  MESSAGE_APPENDED,
  MESSAGE_FETCH,
  MESSAGE_FETCHED,
  MESSAGE_FIELDS,
  MESSAGE_FORGET,
  MESSAGE_PREPARE,
  MESSAGE_PULL,
  MESSAGE_READ,
  MESSAGE_READ_DONE,
  MESSAGE_RELEASE,
  MESSAGE_SEAL,
} from './message.ts';
import type { Mode } from './mode.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_FLAGS,
  OP_KEY,
  OP_NEXT,
  OP_OFFSET,
  OP_OPERATION,
  OP_PARENT,
  OP_PAYLOAD,
  OP_SLOT,
  OP_START_NS,
  OP_TAG,
  STAGE_CONTROL,
  STAGE_DESTAGE_READ,
  STAGE_DESTAGE_WRITE,
  STAGE_FILL,
  STAGE_FLUSH,
  STAGE_HEARTBEAT,
  STAGE_HELD,
  STAGE_LOG_APPEND,
  STAGE_MASK,
  STAGE_PASS,
  STAGE_READ_FLASH,
  STAGE_READ_SAN,
  STAGE_RECORD,
  STAGE_REPLICA_APPEND,
  STAGE_SEND,
  STAGE_THROUGH_CACHE,
  STAGE_THROUGH_SAN,
} from './op-table.ts';
import {
  CAUSE_GUEST,
  FLASH_FLUSH,
  FLASH_FOR_GUEST,
  SAN_FLUSH,
  STATUS_ERROR,
  STATUS_GONE,
  STATUS_OK,
  type Status,
} from './ports.ts';
import { ReadPath } from './read-path.ts';
import { RecordWriter } from './record-writer.ts';
import { FormerDisks } from './recovery/former-disks.ts';
import { Questions } from './recovery/questions.ts';
import { type HeldLog, HeldLogs } from './replication/held-logs.ts';
import { Replicator } from './replication/replicator.ts';
import {
  TIMER_CHECKPOINT,
  TIMER_COMPRESSOR,
  TIMER_HEARTBEAT,
  TIMER_HELD,
  TIMER_PUMP,
  TIMER_QUESTION,
  TIMER_REPLICAS,
  TIMER_RETRY,
  TIMER_STEP,
  timerIndex,
  timerKind,
} from './timers.ts';
import { OPEN } from './transitions/transition.ts';
import { transitionsOf } from './transitions/transitions.ts';
import { STATE_OFF, VirtualDisk } from './virtual-disk.ts';
import { WRITE_FUA, WritePath } from './write-path.ts';

/** Guest operations, as in kernel/io. */
const READ = 0;
const WRITE = 1;
const FLUSH = 2;

export class Host {
  readonly state: HostState;
  readonly disks: VirtualDisk[] = [];
  readonly control: Control;
  readonly held: HeldLogs;
  private readonly reads: ReadPath;
  private readonly writes: WritePath;
  private readonly destager: Destager;
  private readonly checkpointer: Checkpointer;
  private readonly replicator: Replicator;
  private readonly records: RecordWriter;
  private readonly lease: Lease;
  private readonly questions: Questions;
  private readonly former: FormerDisks;
  /** The disk that acts for a cluster-wide number here; sparse. */
  private readonly diskById: (VirtualDisk | undefined)[] = [];

  constructor(setup: HostSetup) {
    const state = new HostState(setup, (latencyClass, untilNs) => this.degraded(latencyClass, untilNs));
    this.state = state;
    const fenced = (disk: VirtualDisk) => this.control.fence(disk);
    const unreadable = (disk: VirtualDisk, isSilent: boolean) => {
      // A replay begins anew, with the log that is then the longest whole one, if there is any.
      if (isSilent || disk.transition === OPEN) this.control.giveAway(disk);
      else this.control.lost(disk);
    };
    this.replicator = new Replicator(
      state,
      (disk) => this.control.membersLost(disk),
      (disk) => this.control.logSlow(disk),
    );
    this.held = new HeldLogs(
      state,
      (log) => this.recover(log),
      (id) => this.owns(id),
      (id, request, log) => {
        const disk = this.diskById[id];
        if (disk !== undefined) this.control.onOwnSealed(disk, request, log);
      },
      (id, request, status) => {
        const disk = this.diskById[id];
        if (disk !== undefined) this.control.onOwnHeader(disk, request, status);
      },
    );
    this.records = new RecordWriter(state, fenced, (disk) => this.control.onRecordFree(disk));
    this.questions = new Questions(state);
    this.reads = new ReadPath(state, this.questions, unreadable);
    this.checkpointer = new Checkpointer(
      state,
      this.replicator,
      this.records,
      (disk, through) => this.writes.commitThrough(disk, through),
      (disk) => {
        this.control.onReleased(disk);
        this.writes.pump(disk);
      },
    );
    this.destager = new Destager(state, this.checkpointer, this.questions, fenced, unreadable);
    this.writes = new WritePath(state, this.reads, this.destager, this.replicator, {
      quiet: (disk) => this.control.onQuiet(disk),
      logBroken: (disk) => this.control.logBroken(disk),
      appendOver: () => this.held.sweep(),
      fenced,
    });
    this.lease = new Lease(
      state,
      (disk) => this.renewed(disk),
      fenced,
      (disk) => {
        if (disk.logging) this.replicator.release(disk);
      },
    );
    this.former = new FormerDisks(state, this.reads);
    this.control = new Control(state, {
      replicator: this.replicator,
      checkpointer: this.checkpointer,
      destager: this.destager,
      writes: this.writes,
      held: this.held,
      records: this.records,
      lease: this.lease,
      detached: (disk) => {
        if (this.diskById[disk.id] === disk) this.diskById[disk.id] = undefined;
      },
      closed: (disk) => this.former.keep(disk),
    });
    this.control.transitions = transitionsOf(this.control);
  }

  /** The host has been started: it reads what logs its flash holds. */
  start(): void {
    const { medium } = this.state.ports;
    if (medium !== null) this.held.start(medium.logs());
  }

  /** Gives this host a virtual disk, OFF. @param id cluster-wide number @returns its local number, for `submit` */
  attach(id: number): number {
    const before = this.diskById[id];
    if (before !== undefined) {
      before.work.wanted = true;
      return before.local;
    }
    const disk = this.newDisk(id);
    disk.work.wanted = true;
    return disk.local;
  }

  /**
   * What the administrator wants for a disk; the observer is told as the state follows.
   * @param formerHost its last owner, whose clean cache may be read; -1 for none
   */
  request(local: number, mode: Mode, formerHost = -1): void {
    const disk = this.disks[local]!;
    if (disk.dead) return;
    if (formerHost >= 0) disk.work.formerHost = formerHost;
    this.control.request(disk, mode);
  }

  /** One more, or one less, reason to stay in write-through: a second opener, a snapshot, a drain. */
  share(local: number, change: 1 | -1): void {
    const disk = this.disks[local]!;
    if (!disk.dead) this.control.share(disk, change);
  }

  /** The VM of the disk has been stopped, and will run elsewhere: nothing of it is answered here any more. */
  powerOff(local: number): void {
    const disk = this.disks[local]!;
    if (!disk.dead) this.control.fence(disk);
  }

  /** The operator gives up the dirty data of a LOST or ORPHANED disk, and opens it as the datastore has it. */
  discardDirty(local: number): void {
    const disk = this.disks[local]!;
    if (!disk.dead) this.control.discardDirty(disk);
  }

  /**
   * Puts a 4 KiB block into the cache without any I/O: the state of the flash before the load begins.
   * @returns false when the flash has no room left
   */
  preload(local: number, offset: number): boolean {
    const disk = this.disks[local]!;
    const position = disk.index.ensure(offset);
    if ((disk.index.words[position + ENTRY_META]! & FULL_MASK) !== 0) return true;
    const slot = disk.clean.take(1, 0);
    if (slot < 0) return false;
    const { buckets } = this.state;
    disk.index.set(position, slot, buckets.generation[slot >>> buckets.slotShift]!, FULL_MASK);
    return true;
  }

  /**
   * A guest I/O. Offsets and lengths are bytes, multiples of 512; a flush has both 0.
   * @param operation OP_READ, OP_WRITE, OP_FLUSH or OP_DISCARD of kernel/io
   * @param flags WRITE_FUA or 0
   * @param tag given back by `guest.complete`
   * @param key names the I/O for random draws
   * @param payload opaque; 0 where there is no data
   */
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
    const disk = this.disks[local]!;
    if (disk.dead) return;
    const { ops, ports } = this.state;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = local;
    ops.words[op + OP_TAG] = tag;
    ops.words[op + OP_KEY] = key;
    ops.words[op + OP_OPERATION] = operation;
    ops.numbers[(op >> 2) + OP_START_NS] = ports.clock.nowNs;
    if (disk.state === STATE_OFF && disk.transition < 0) {
      // Operation codes of the guest and of the datastore are the same.
      const token = op | STAGE_PASS;
      if (ports.content !== null && operation !== FLUSH) {
        if (operation === READ) ports.content.reading(token, payload, 0, bytes);
        else if (operation === WRITE) ports.content.writing(token, payload, 0, bytes, 0);
      }
      ports.datastore.submit(
        operation,
        disk.id,
        offset,
        bytes,
        (flags & WRITE_FUA) !== 0,
        CAUSE_GUEST,
        token,
        key,
      );
      return;
    }
    ops.numbers[(op >> 2) + OP_OFFSET] = offset;
    ops.numbers[(op >> 2) + OP_BYTES] = bytes;
    ops.words[op + OP_PAYLOAD] = payload;
    if (operation === READ) this.reads.submit(disk, op);
    else if (operation === FLUSH) this.flush(disk, op);
    else {
      ops.words[op + OP_FLAGS] = flags;
      this.writes.submit(disk, op);
    }
  }

  /** A request submitted to flash or the datastore is complete. */
  onCompletion(token: number, outcome: Status): void {
    let status = outcome;
    if (status === STATUS_GONE) {
      if (this.state.hasFlash) this.flashGone();
      status = STATUS_ERROR;
    }
    const op = token & ~STAGE_MASK;
    const { ops, ports } = this.state;
    const stage = token & STAGE_MASK;
    switch (stage) {
      case STAGE_PASS:
        this.state.waited(op, PART_DATASTORE, this.since(op));
        ports.guest.complete(ops.words[op + OP_TAG]!, status);
        ops.release(op);
        return;
      case STAGE_REPLICA_APPEND:
        this.held.onAppended(op, status);
        return;
      case STAGE_HELD:
        this.held.onCompletion(op, status);
        return;
    }
    const disk = this.disks[ops.words[op + OP_DISK]!]!;
    switch (stage) {
      case STAGE_LOG_APPEND:
        this.writes.onLogAppend(disk, op, status);
        return;
      case STAGE_THROUGH_SAN:
        this.writes.onThroughSan(disk, op, status);
        return;
      case STAGE_THROUGH_CACHE:
        this.writes.onThroughCache(disk, op, status);
        return;
      case STAGE_READ_FLASH:
        this.reads.onFlash(disk, op, status);
        return;
      case STAGE_READ_SAN:
        this.reads.onSan(disk, op, status);
        return;
      case STAGE_FILL:
        this.reads.onFill(disk, op, status);
        return;
      case STAGE_FLUSH:
        this.flushed(disk, op, status);
        return;
      case STAGE_DESTAGE_READ:
        this.destager.onRead(disk, op, status);
        return;
      case STAGE_DESTAGE_WRITE:
        this.destager.onWritten(disk, op, status);
        return;
      case STAGE_RECORD:
        this.records.onCompletion(disk, op, status);
        return;
      case STAGE_CONTROL:
        this.control.onCompletion(disk, op, status);
        return;
      case STAGE_HEARTBEAT:
        this.lease.onHeartbeat(disk, op, status);
        return;
      case STAGE_SEND:
        if (ops.words[op + OP_PARENT]! < 0) this.replicator.onRead(disk, op, status);
        else this.former.onFlash(disk, op, status);
        return;
    }
  }

  /** A message has arrived; its row is the network's again when this returns. */
  onMessage(message: number): void {
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    switch (fields[base + FIELD_TYPE]!) {
      case MESSAGE_APPEND:
        this.held.onAppend(message);
        return;
      case MESSAGE_APPENDED:
        this.onAppended(message);
        return;
      case MESSAGE_RELEASE:
        this.held.onRelease(message);
        return;
      case MESSAGE_PREPARE:
        this.held.onPrepare(message);
        return;
      case MESSAGE_FORGET:
        this.held.onForget(message);
        return;
      case MESSAGE_SEAL:
        this.held.onSeal(message);
        return;
      case MESSAGE_PULL:
        this.held.onPull(message);
        return;
      case MESSAGE_FETCH:
        this.held.onFetch(message);
        return;
      case MESSAGE_READ:
        this.former.onRead(message);
        return;
      case MESSAGE_FETCHED:
      case MESSAGE_READ_DONE:
        this.questions.onAnswer(message);
        return;
      default: {
        const disk = this.diskById[fields[base + FIELD_DISK]!];
        if (disk !== undefined) this.control.onMessage(disk, message);
      }
    }
  }

  onTimer(timer: number): void {
    const index = timerIndex(timer);
    const kind = timerKind(timer);
    if (kind === TIMER_HELD) {
      this.held.onTimer(index);
      return;
    }
    if (kind === TIMER_QUESTION) {
      this.questions.onTimer(index);
      return;
    }
    if (kind === TIMER_COMPRESSOR) {
      this.replicator.compressor.onTimer();
      return;
    }
    const disk = this.disks[index]!;
    switch (kind) {
      case TIMER_PUMP:
        this.writes.onTimer(disk);
        return;
      case TIMER_CHECKPOINT:
        this.checkpointer.onTimer(disk);
        return;
      case TIMER_HEARTBEAT:
        this.lease.onTimer(disk);
        return;
      case TIMER_REPLICAS:
        this.replicator.onTimer(disk);
        return;
      case TIMER_STEP:
        this.control.onStepTimer(disk);
        return;
      case TIMER_RETRY:
        if (disk.destageTimerSet) this.destager.retry(disk);
        this.control.onRetryTimer(disk);
        return;
    }
  }

  /** This host's flash has failed for good: what it cached and held is no longer there. */
  private flashGone(): void {
    this.state.hasFlash = false;
    this.held.flashGone();
    for (const disk of this.disks) if (!disk.dead) this.control.flashGone(disk);
  }

  /** A class of operations is slow: it is left alone until then. */
  private degraded(latencyClass: number, untilNs: number): void {
    const { observer, clock } = this.state.ports;
    observer.degraded(latencyClass, untilNs - clock.nowNs);
    if (latencyClass !== CLASS_VM_WRITE) return;
    for (const disk of this.disks) if (!disk.dead) this.control.logSlow(disk);
  }

  private since(op: number): number {
    return this.state.ports.clock.nowNs - this.state.ops.numbers[(op >> 2) + OP_START_NS]!;
  }

  /** Requests and questions under way, held logs and members: what must be none when all disks are closed. */
  get underWay(): number {
    return this.state.ops.used + this.questions.count + this.held.count;
  }

  private newDisk(id: number): VirtualDisk {
    const disk = new VirtualDisk(id, this.disks.length, this.state);
    this.disks.push(disk);
    this.diskById[id] = disk;
    this.former.forget(id);
    return disk;
  }

  /** True while this host holds the disk's lock, as far as it knows. */
  private owns(id: number): boolean {
    const disk = this.diskById[id];
    return disk !== undefined && disk.leaseEndsNs !== Number.POSITIVE_INFINITY;
  }

  /** The owner of a log held here is gone: this host tries to replay it. */
  private recover(log: HeldLog): void {
    if (this.diskById[log.disk] !== undefined) return;
    const disk = this.newDisk(log.disk);
    disk.work.seenHolder = log.seenHolder;
    disk.work.seenCounter = log.seenCounter;
    disk.work.seenSinceNs = log.seenSinceNs;
    this.control.request(disk, RECOVERED);
  }

  private onAppended(message: number): void {
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    const disk = this.diskById[fields[base + FIELD_DISK]!];
    if (disk === undefined || !disk.logging || fields[base + FIELD_FIRST_EPOCH] !== disk.firstEpoch) return;
    const sequence = fields[base + FIELD_SEQUENCE]!;
    const from = fields[base + FIELD_FROM]!;
    const { members, ring } = disk;
    if (sequence > disk.checkpoint && sequence < ring.next) {
      for (let i = 0; i < members.length; i++)
        if (members[i]!.host === from) this.writes.onReplica(disk, sequence, members[i]!);
    }
    if (disk.transition >= 0) this.control.onMessage(disk, message);
  }

  /** The lease had ended and is valid again: what was withheld goes out, what was stopped goes on. */
  private renewed(disk: VirtualDisk): void {
    const { ops } = this.state;
    let op = disk.withheld;
    disk.withheld = -1;
    while (op >= 0) {
      const next = ops.words[op + OP_NEXT]!;
      ops.words[op + OP_NEXT] = -1;
      this.state.complete(disk, op, ops.words[op + OP_FLAGS]! as Status);
      op = next;
    }
    if (disk.logging) {
      this.writes.commit(disk);
      this.destager.retry(disk);
    }
    this.writes.pump(disk);
  }

  /**
   * A guest flush covers the writes acknowledged before it. While logging those are durable already, so it costs one
   * flush of the local flash; else, or where that flash fails, it goes to the datastore.
   */
  private flush(disk: VirtualDisk, op: number): void {
    const { ops, ports } = this.state;
    const token = op | STAGE_FLUSH;
    const isLocal = disk.logging && !disk.logBroken;
    ops.words[op + OP_SLOT] = isLocal ? PART_LOCAL_FLASH : PART_DATASTORE;
    if (isLocal) ports.flash!.submit(FLASH_FLUSH, 0, 0, FLASH_FOR_GUEST, token, ops.words[op + OP_KEY]!);
    else ports.datastore.submit(SAN_FLUSH, disk.id, 0, 0, false, CAUSE_GUEST, token, ops.words[op + OP_KEY]!);
  }

  private flushed(disk: VirtualDisk, op: number, status: Status): void {
    if (disk.dead) {
      this.state.ops.release(op);
      return;
    }
    if (status !== STATUS_OK && this.state.ops.words[op + OP_SLOT] === PART_LOCAL_FLASH) {
      this.control.logBroken(disk);
      if (!disk.dead) this.flush(disk, op);
      else this.state.ops.release(op);
      return;
    }
    this.state.waited(op, this.state.ops.words[op + OP_SLOT]!, this.since(op));
    this.state.complete(disk, op, status);
  }
}

/** What a host wants of a disk whose log it only recovers: opened, and closed again. */
const RECOVERED: Mode = { accelerated: true, writeBack: false, replicas: 0 };
