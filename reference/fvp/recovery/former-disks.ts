/**
 * Clean caches of disks that this host has owned and another one owns now: the new owner reads from them what it has not
 * written itself (fvp-protocol.md 2.3, 12.4-13). They are never written again, and evicted like any other cache.
 */
import type { HostState } from '../host-state.ts';
import {
  FIELD_BYTES,
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_FROM,
  FIELD_KEY,
  FIELD_OFFSET,
  FIELD_PAYLOAD,
  FIELD_PAYLOAD_OFFSET,
  FIELD_REQUEST,
  FIELD_STATUS,
  MESSAGE_FIELDS,
  MESSAGE_READ_DONE,
} from '../message.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_FLAGS,
  OP_KEY,
  OP_PARENT,
  OP_PAYLOAD,
  OP_PENDING,
  OP_SEQUENCE,
  OP_SLOT,
  OP_START_NS,
  OP_TAG,
  STAGE_SEND,
} from '../op-table.ts';
import { STATUS_ERROR, STATUS_OK, type Status } from '../ports.ts';
import type { ReadPath } from '../read-path.ts';
import type { VirtualDisk } from '../virtual-disk.ts';

export class FormerDisks {
  private readonly state: HostState;
  private readonly reads: ReadPath;
  /** By disk; sparse. */
  private readonly disks: (VirtualDisk | undefined)[] = [];

  constructor(state: HostState, reads: ReadPath) {
    this.state = state;
    this.reads = reads;
  }

  keep(disk: VirtualDisk): void {
    this.disks[disk.id] = disk;
  }

  /** This host owns the disk again, and others have written to it meanwhile. */
  forget(id: number): void {
    this.disks[id] = undefined;
  }

  onRead(message: number): void {
    const { ports, ops } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const id = fields[base + FIELD_DISK]!;
    const from = fields[base + FIELD_FROM]!;
    const request = fields[base + FIELD_REQUEST]!;
    const disk = this.disks[id];
    // Only to the very next owner: anybody later may miss writes of those in between.
    if (disk === undefined || fields[base + FIELD_EPOCH] !== disk.record.epoch) {
      this.reply(from, id, request, STATUS_ERROR, 0, 0, 0);
      return;
    }
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.words[op + OP_TAG] = from;
    ops.words[op + OP_KEY] = fields[base + FIELD_KEY]!;
    ops.words[op + OP_PAYLOAD] = fields[base + FIELD_PAYLOAD]!;
    ops.numbers[(op >> 2) + OP_BYTES] = fields[base + FIELD_BYTES]!;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = fields[base + FIELD_PAYLOAD_OFFSET]!;
    ops.numbers[(op >> 2) + OP_START_NS] = request;
    const offset = fields[base + FIELD_OFFSET]!;
    if (this.reads.readCached(disk, op, offset, fields[base + FIELD_BYTES]!, STAGE_SEND)) return;
    ops.release(op);
    this.reply(from, id, request, STATUS_ERROR, 0, 0, 0);
  }

  /** One read of several for another host is complete. */
  onFlash(disk: VirtualDisk, child: number, status: Status): void {
    const { ops, buckets, counters } = this.state;
    const op = ops.words[child + OP_PARENT]!;
    buckets.pins[ops.words[child + OP_SLOT]!]!--;
    ops.release(child);
    if (status !== STATUS_OK) ops.words[op + OP_FLAGS] = status;
    if (--ops.words[op + OP_PENDING]! !== 0) return;
    const bytes = ops.numbers[(op >> 2) + OP_BYTES]!;
    const result = ops.words[op + OP_FLAGS] as Status;
    if (result === STATUS_OK) counters.servedBytes += bytes;
    this.reply(
      ops.words[op + OP_TAG]!,
      disk.id,
      ops.numbers[(op >> 2) + OP_START_NS]!,
      result,
      bytes,
      ops.words[op + OP_PAYLOAD]!,
      ops.numbers[(op >> 2) + OP_SEQUENCE]!,
    );
    ops.release(op);
  }

  private reply(
    to: number,
    disk: number,
    request: number,
    status: Status,
    bytes: number,
    payload: number,
    payloadOffset: number,
  ): void {
    const { ports, options } = this.state;
    const message = this.state.message(MESSAGE_READ_DONE, disk, 0, request);
    ports.network.fields[message * MESSAGE_FIELDS + FIELD_STATUS] = status;
    if (status === STATUS_OK) ports.content?.sending(message, payload, payloadOffset, bytes);
    ports.network.send(to, message, options.messageBytes + (status === STATUS_OK ? bytes : 0));
  }
}
