/** The owner's side of replication: what it sends to the holders of a disk's log. */
import type { HostState } from '../host-state.ts';
import {
  RECORD_BYTES,
  RECORD_DISCARD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
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
  MESSAGE_APPEND,
  MESSAGE_FIELDS,
  MESSAGE_FORGET,
  MESSAGE_PREPARE,
  MESSAGE_RELEASE,
} from '../message.ts';
import type { VirtualDisk } from '../virtual-disk.ts';

export class Replicator {
  private readonly state: HostState;

  constructor(state: HostState) {
    this.state = state;
  }

  /** Sends one record to every holder, in the order of the record's holders. */
  append(disk: VirtualDisk, sequence: number): void {
    const { ports, options, id } = this.state;
    const network = ports.network;
    const ring = disk.ring;
    const at = ring.at(sequence);
    const bytes = ring.numbers[at + RECORD_BYTES]!;
    const kind = ring.words[at + RECORD_KIND]!;
    const wireBytes = options.recordHeaderBytes + (kind === RECORD_DISCARD ? 0 : bytes);
    const holders = disk.holders;
    for (let holder = 0; holder < holders.length; holder++) {
      const message = network.allocate();
      const fields = network.fields;
      const base = message * MESSAGE_FIELDS;
      fields[base + FIELD_TYPE] = MESSAGE_APPEND;
      fields[base + FIELD_FROM] = id;
      fields[base + FIELD_DISK] = disk.id;
      fields[base + FIELD_EPOCH] = disk.record.epoch;
      fields[base + FIELD_SEQUENCE] = sequence;
      fields[base + FIELD_OFFSET] = ring.numbers[at + RECORD_OFFSET]!;
      fields[base + FIELD_BYTES] = bytes;
      fields[base + FIELD_KIND] = kind;
      fields[base + FIELD_COMMITTED_THROUGH] = disk.committed;
      fields[base + FIELD_RELEASED_THROUGH] = disk.checkpoint;
      fields[base + FIELD_KEY] = ring.words[at + RECORD_KEY]!;
      fields[base + FIELD_PAYLOAD] = ring.words[at + RECORD_PAYLOAD]!;
      fields[base + FIELD_PAYLOAD_OFFSET] = ring.numbers[at + RECORD_PAYLOAD_OFFSET]!;
      network.send(holders[holder]!, message, wireBytes);
    }
  }

  prepare(disk: VirtualDisk, peer: number, epoch: number): void {
    this.send(disk, peer, MESSAGE_PREPARE, epoch, disk.ring.next, this.state.options.dirtyLimitBytes);
  }

  release(disk: VirtualDisk): void {
    for (let holder = 0; holder < disk.holders.length; holder++) {
      this.send(disk, disk.holders[holder]!, MESSAGE_RELEASE, disk.record.epoch, disk.checkpoint, 0);
    }
  }

  forget(disk: VirtualDisk, peer: number): void {
    this.send(disk, peer, MESSAGE_FORGET, disk.record.epoch, disk.checkpoint, 0);
  }

  private send(
    disk: VirtualDisk,
    to: number,
    type: number,
    epoch: number,
    sequence: number,
    bytes: number,
  ): void {
    const { ports, options, id } = this.state;
    const message = ports.network.allocate();
    const fields = ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_TYPE] = type;
    fields[base + FIELD_FROM] = id;
    fields[base + FIELD_DISK] = disk.id;
    fields[base + FIELD_EPOCH] = epoch;
    fields[base + FIELD_SEQUENCE] = sequence;
    fields[base + FIELD_BYTES] = bytes;
    fields[base + FIELD_COMMITTED_THROUGH] = disk.committed;
    fields[base + FIELD_RELEASED_THROUGH] = disk.checkpoint;
    fields[base + FIELD_KEY] = disk.id;
    ports.network.send(to, message, options.messageBytes);
  }
}
