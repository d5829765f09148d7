/** A holder's side of one disk's log: records kept on its flash until the owner says they are on the datastore. */
import type { HostState } from '../host-state.ts';
import { BLOCK_BYTES } from '../index/block-index.ts';
import { BUCKET_REPLICA } from '../log/bucket-store.ts';
import { LogSpace } from '../log/log-space.ts';
import {
  RECORD_BYTES,
  RECORD_DISCARD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_SLOT,
  RECORD_SLOTS,
  RecordRing,
  recordSlots,
} from '../log/record-ring.ts';
import {
  FIELD_BYTES,
  FIELD_COMMITTED_THROUGH,
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_FROM,
  FIELD_KEY,
  FIELD_KIND,
  FIELD_OFFSET,
  FIELD_PAYLOAD,
  FIELD_PAYLOAD_OFFSET,
  FIELD_RELEASED_THROUGH,
  FIELD_SEQUENCE,
  FIELD_TYPE,
  MESSAGE_APPENDED,
  MESSAGE_FIELDS,
  MESSAGE_PREPARED,
  MESSAGE_REFUSED,
} from '../message.ts';
import { OP_DISK, OP_KEY, OP_SEQUENCE, STAGE_REPLICA_APPEND, STAGE_REPLICA_PREPARE } from '../op-table.ts';
import { FLASH_FOR_HEADER, FLASH_FOR_REPLICA, FLASH_WRITE, STATUS_OK, type Status } from '../ports.ts';

class ReplicaLog {
  readonly disk: number;
  readonly space: LogSpace;
  readonly ring = new RecordRing();
  owner: number;
  epoch = 0;
  committedThrough = 0;
  releasedThrough = 0;
  reservedBuckets = 0;
  readonly firstSequence: number;

  constructor(state: HostState, disk: number, owner: number, epoch: number, firstSequence: number) {
    this.disk = disk;
    this.owner = owner;
    this.epoch = epoch;
    this.firstSequence = firstSequence;
    this.space = new LogSpace(state.buckets, BUCKET_REPLICA);
    this.ring.reset(firstSequence);
  }
}

export class ReplicaLogs {
  private readonly state: HostState;
  /** By disk; sparse. */
  private readonly logs: (ReplicaLog | undefined)[] = [];

  constructor(state: HostState) {
    this.state = state;
  }

  /** Persists the epoch and an empty log, and reserves the disk's quota, or refuses (12.3, arming, step 2). */
  onPrepare(message: number): void {
    const { ports, ops } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const owner = fields[base + FIELD_FROM]!;
    const epoch = fields[base + FIELD_EPOCH]!;
    const firstSequence = fields[base + FIELD_SEQUENCE]!;
    const buckets = this.state.quotaBuckets(fields[base + FIELD_BYTES]!);
    const held = this.logs[disk];
    if (held !== undefined) this.forget(disk);
    if (!this.state.hasFlash || !this.state.reserve(buckets)) {
      this.reply(owner, MESSAGE_REFUSED, disk, epoch, firstSequence);
      return;
    }
    const log = new ReplicaLog(this.state, disk, owner, epoch, firstSequence);
    log.reservedBuckets = buckets;
    this.logs[disk] = log;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk;
    const token = op | STAGE_REPLICA_PREPARE;
    ports.flash!.submit(FLASH_WRITE, 0, BLOCK_BYTES, FLASH_FOR_HEADER, token, fields[base + FIELD_KEY]!);
  }

  onHeaderWritten(op: number, status: Status): void {
    const ops = this.state.ops;
    const log = this.logs[ops.words[op + OP_DISK]!];
    ops.release(op);
    if (log === undefined) return;
    const type = status === STATUS_OK ? MESSAGE_PREPARED : MESSAGE_REFUSED;
    this.reply(log.owner, type, log.disk, log.epoch, log.firstSequence);
  }

  onAppend(message: number): void {
    const { ports, ops, options } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const log = this.logs[disk];
    if (log === undefined || log.epoch !== fields[base + FIELD_EPOCH]!) return;
    const sequence = fields[base + FIELD_SEQUENCE]!;
    const offset = fields[base + FIELD_OFFSET]!;
    const kind = fields[base + FIELD_KIND]!;
    const bytes = fields[base + FIELD_BYTES]!;
    this.take(log, fields[base + FIELD_COMMITTED_THROUGH]!, fields[base + FIELD_RELEASED_THROUGH]!);
    const data = kind === RECORD_DISCARD ? 0 : bytes;
    const slots = recordSlots(offset, data, options.recordHeaderBytes);
    const slot = log.space.take(slots, sequence);
    // The quota was reserved, so this is a holder whose reservation was broken: it stays silent and is found missing.
    if (slot < 0) return;
    const ring = log.ring;
    const at = ring.place(sequence);
    const key = fields[base + FIELD_KEY]!;
    const payload = fields[base + FIELD_PAYLOAD]!;
    ring.words[at + RECORD_KIND] = kind;
    ring.words[at + RECORD_SLOT] = slot;
    ring.words[at + RECORD_SLOTS] = slots;
    ring.numbers[at + RECORD_OFFSET] = offset;
    ring.numbers[at + RECORD_BYTES] = bytes;
    ring.words[at + RECORD_KEY] = key;
    ring.words[at + RECORD_PAYLOAD] = payload;
    ring.numbers[at + RECORD_PAYLOAD_OFFSET] = fields[base + FIELD_PAYLOAD_OFFSET]!;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ops.words[op + OP_KEY] = log.epoch;
    const token = op | STAGE_REPLICA_APPEND;
    if (ports.content !== null && data !== 0) {
      ports.content.writing(
        token,
        payload,
        ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
        bytes,
        offset & (BLOCK_BYTES - 1),
      );
    }
    ports.flash!.submit(FLASH_WRITE, slot * BLOCK_BYTES, slots * BLOCK_BYTES, FLASH_FOR_REPLICA, token, key);
  }

  onAppended(op: number, status: Status): void {
    const ops = this.state.ops;
    const disk = ops.words[op + OP_DISK]!;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    const epoch = ops.words[op + OP_KEY]!;
    ops.release(op);
    const log = this.logs[disk];
    if (status !== STATUS_OK || log === undefined || log.epoch !== epoch) return;
    this.reply(log.owner, MESSAGE_APPENDED, disk, epoch, sequence);
  }

  onRelease(message: number): void {
    const base = message * MESSAGE_FIELDS;
    const fields = this.state.ports.network.fields;
    const log = this.logs[fields[base + FIELD_DISK]!];
    if (log === undefined || log.epoch !== fields[base + FIELD_EPOCH]!) return;
    this.take(log, fields[base + FIELD_COMMITTED_THROUGH]!, fields[base + FIELD_RELEASED_THROUGH]!);
  }

  onForget(message: number): void {
    const base = message * MESSAGE_FIELDS;
    const fields = this.state.ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const log = this.logs[disk];
    if (log !== undefined && log.epoch <= fields[base + FIELD_EPOCH]!) this.forget(disk);
  }

  private take(log: ReplicaLog, committedThrough: number, releasedThrough: number): void {
    if (committedThrough > log.committedThrough) log.committedThrough = committedThrough;
    if (releasedThrough <= log.releasedThrough) return;
    log.releasedThrough = releasedThrough;
    log.ring.first = releasedThrough + 1;
    log.space.release(releasedThrough);
  }

  private forget(disk: number): void {
    const log = this.logs[disk]!;
    log.space.close();
    this.state.reservedBuckets -= log.reservedBuckets;
    this.logs[disk] = undefined;
  }

  private reply(to: number, type: number, disk: number, epoch: number, sequence: number): void {
    const { ports, options, id } = this.state;
    const message = ports.network.allocate();
    const fields = ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_TYPE] = type;
    fields[base + FIELD_FROM] = id;
    fields[base + FIELD_DISK] = disk;
    fields[base + FIELD_EPOCH] = epoch;
    fields[base + FIELD_SEQUENCE] = sequence;
    ports.network.send(to, message, options.messageBytes);
  }
}
