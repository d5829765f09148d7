/**
 * One host running FVP: a pure state machine. Inputs are the methods below, each called with the world at one instant;
 * outputs are calls on the ports. It reads no clock but the one it is given and keeps nothing alive.
 */
import { Checkpointer, TIMER_CHECKPOINT } from './checkpointer.ts';
import { Control, TIMER_HEARTBEAT } from './control.ts';
import { Destager } from './destager.ts';
import { type HostSetup, HostState, PART_DATASTORE, PART_LOCAL_FLASH } from './host-state.ts';
import { ENTRY_META, FULL_MASK } from './index/block-index.ts';
import {
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_SEQUENCE,
  FIELD_TYPE,
  MESSAGE_APPEND,
  MESSAGE_APPENDED,
  MESSAGE_FIELDS,
  MESSAGE_FORGET,
  MESSAGE_PREPARE,
  MESSAGE_PREPARED,
  MESSAGE_REFUSED,
  MESSAGE_RELEASE,
} from './message.ts';
import type { Mode } from './mode.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_FLAGS,
  OP_KEY,
  OP_OFFSET,
  OP_OPERATION,
  OP_PAYLOAD,
  OP_SLOT,
  OP_START_NS,
  OP_TAG,
  STAGE_CHECKPOINT,
  STAGE_CONTROL,
  STAGE_DESTAGE_READ,
  STAGE_DESTAGE_WRITE,
  STAGE_FILL,
  STAGE_FLUSH,
  STAGE_HEARTBEAT,
  STAGE_LOG_APPEND,
  STAGE_MASK,
  STAGE_PASS,
  STAGE_READ_FLASH,
  STAGE_READ_SAN,
  STAGE_REPLICA_APPEND,
  STAGE_REPLICA_PREPARE,
  STAGE_THROUGH_CACHE,
  STAGE_THROUGH_SAN,
} from './op-table.ts';
import { CAUSE_GUEST, FLASH_FLUSH, FLASH_FOR_GUEST, SAN_FLUSH, type Status } from './ports.ts';
import { ReadPath } from './read-path.ts';
import { ReplicaLogs } from './replication/replica-log.ts';
import { Replicator } from './replication/replicator.ts';
import { STATE_OFF, VirtualDisk } from './virtual-disk.ts';
import { TIMER_PUMP, WRITE_FUA, WritePath } from './write-path.ts';

/** Guest operations, as in kernel/io. */
const READ = 0;
const WRITE = 1;
const FLUSH = 2;

export class Host {
  readonly state: HostState;
  readonly disks: VirtualDisk[] = [];
  private readonly reads: ReadPath;
  private readonly writes: WritePath;
  private readonly destager: Destager;
  private readonly checkpointer: Checkpointer;
  private readonly control: Control;
  private readonly replicas: ReplicaLogs;
  /** Local disk by cluster-wide number; sparse. */
  private readonly diskById: (VirtualDisk | undefined)[] = [];

  constructor(setup: HostSetup) {
    const state = new HostState(setup);
    this.state = state;
    const replicator = new Replicator(state);
    this.replicas = new ReplicaLogs(state);
    this.reads = new ReadPath(state);
    this.checkpointer = new Checkpointer(state, replicator, (disk) => {
      this.control.onReleased(disk);
      this.writes.pump(disk);
    });
    this.destager = new Destager(state, this.checkpointer);
    this.writes = new WritePath(state, this.reads, this.destager, replicator, (disk) =>
      this.control.onQuiet(disk),
    );
    this.control = new Control(state, replicator, this.checkpointer, (disk) => this.writes.pump(disk));
  }

  /** Gives this host a virtual disk, OFF. @param id cluster-wide number @returns its local number, for `submit` */
  attach(id: number): number {
    const disk = new VirtualDisk(id, this.disks.length, this.state);
    this.disks.push(disk);
    this.diskById[id] = disk;
    return disk.local;
  }

  /** What the administrator wants for a disk; the observer is told as the state follows. */
  request(local: number, mode: Mode): void {
    this.control.request(this.disks[local]!, mode);
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
  onCompletion(token: number, status: Status): void {
    const op = token & ~STAGE_MASK;
    const { ops, ports } = this.state;
    const stage = token & STAGE_MASK;
    switch (stage) {
      case STAGE_PASS:
        this.state.waited(ops.words[op + OP_OPERATION]!, PART_DATASTORE, this.since(op));
        ports.guest.complete(ops.words[op + OP_TAG]!, status);
        ops.release(op);
        return;
      case STAGE_FLUSH:
        this.state.waited(FLUSH, ops.words[op + OP_SLOT]!, this.since(op));
        ports.guest.complete(ops.words[op + OP_TAG]!, status);
        ops.release(op);
        return;
      case STAGE_READ_FLASH:
        this.reads.onFlash(op, status);
        return;
      case STAGE_REPLICA_APPEND:
        this.replicas.onAppended(op, status);
        return;
      case STAGE_REPLICA_PREPARE:
        this.replicas.onHeaderWritten(op, status);
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
      case STAGE_READ_SAN:
        this.reads.onSan(disk, op, status);
        return;
      case STAGE_FILL:
        this.reads.onFill(disk, op, status);
        return;
      case STAGE_DESTAGE_READ:
        this.destager.onRead(disk, op, status);
        return;
      case STAGE_DESTAGE_WRITE:
        this.destager.onWritten(disk, op, status);
        return;
      case STAGE_CHECKPOINT:
        this.checkpointer.onCompletion(disk, op, status);
        return;
      case STAGE_CONTROL:
        this.control.onCompletion(disk, op, status);
        return;
      case STAGE_HEARTBEAT:
        this.control.onHeartbeat(disk, op, status);
        return;
    }
  }

  /** A message has arrived; its row is the network's again when this returns. */
  onMessage(message: number): void {
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    switch (fields[base + FIELD_TYPE]!) {
      case MESSAGE_APPEND:
        this.replicas.onAppend(message);
        return;
      case MESSAGE_APPENDED: {
        const disk = this.diskById[fields[base + FIELD_DISK]!];
        if (disk === undefined || fields[base + FIELD_EPOCH] !== disk.record.epoch) return;
        const sequence = fields[base + FIELD_SEQUENCE]!;
        if (sequence > disk.committed) this.writes.onReplica(disk, sequence);
        return;
      }
      case MESSAGE_RELEASE:
        this.replicas.onRelease(message);
        return;
      case MESSAGE_PREPARE:
        this.replicas.onPrepare(message);
        return;
      case MESSAGE_PREPARED:
      case MESSAGE_REFUSED: {
        const disk = this.diskById[fields[base + FIELD_DISK]!];
        if (disk !== undefined) this.control.onPrepared(disk, message);
        return;
      }
      case MESSAGE_FORGET:
        this.replicas.onForget(message);
        return;
    }
  }

  onTimer(timer: number): void {
    const disk = this.disks[timer >>> 2]!;
    switch (timer & 3) {
      case TIMER_PUMP:
        this.writes.onTimer(disk);
        return;
      case TIMER_CHECKPOINT:
        this.checkpointer.onTimer(disk);
        return;
      case TIMER_HEARTBEAT:
        this.control.onHeartbeatTimer(disk);
        return;
    }
  }

  private since(op: number): number {
    return this.state.ports.clock.nowNs - this.state.ops.numbers[(op >> 2) + OP_START_NS]!;
  }

  /**
   * A guest flush covers the writes acknowledged before it. While logging those are durable already, so it costs one
   * flush of the local flash; else it goes to the datastore.
   */
  private flush(disk: VirtualDisk, op: number): void {
    const { ops, ports } = this.state;
    const token = op | STAGE_FLUSH;
    ops.words[op + OP_SLOT] = disk.logging ? PART_LOCAL_FLASH : PART_DATASTORE;
    if (disk.logging) ports.flash!.submit(FLASH_FLUSH, 0, 0, FLASH_FOR_GUEST, token, ops.words[op + OP_KEY]!);
    else ports.datastore.submit(SAN_FLUSH, disk.id, 0, 0, false, CAUSE_GUEST, token, ops.words[op + OP_KEY]!);
  }
}
