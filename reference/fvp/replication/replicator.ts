/** The owner's side of replication: what it sends to the holders of a disk's log, and what it does about silence. */
import { DOUBLE_ZERO } from '../../kernel/double-zero.ts';
import type { HostState } from '../host-state.ts';
import { BLOCK_BYTES } from '../index/block-index.ts';
import { CLASS_VM_WRITE } from '../latency-classes.ts';
import {
  PENDING_FAILED,
  PENDING_LOCAL,
  RECORD_APPENDED_NS,
  RECORD_BYTES,
  RECORD_COMPRESSED,
  RECORD_DISCARD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_PENDING,
  RECORD_SLOT,
} from '../log/record-ring.ts';
import {
  FIELD_BYTES,
  FIELD_COMMITTED_THROUGH,
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_FIRST_EPOCH,
  FIELD_FROM,
  FIELD_KEY,
  FIELD_KIND,
  FIELD_OFFSET,
  FIELD_PAYLOAD,
  FIELD_PAYLOAD_OFFSET,
  FIELD_RELEASED_THROUGH,
  FIELD_REQUEST,
  FIELD_SEQUENCE,
  FIELD_TYPE,
  MESSAGE_APPEND,
  MESSAGE_FIELDS,
  MESSAGE_FORGET,
  MESSAGE_PREPARE,
  MESSAGE_RELEASE,
} from '../message.ts';
import { OP_DISK, OP_KEY, OP_SEQUENCE, OP_TAG, STAGE_SEND } from '../op-table.ts';
import { CAUSE_DESTAGE, FLASH_READ, STATUS_OK, type Status } from '../ports.ts';
import { TIMER_REPLICAS, timerOf } from '../timers.ts';
import type { Member, VirtualDisk } from '../virtual-disk.ts';
import { Compressor } from './compressor.ts';

export class Replicator {
  private readonly state: HostState;
  /** Called when holders have been silent too long: they are lost. */
  private readonly onLost: (disk: VirtualDisk, hosts: readonly number[]) => void;
  readonly compressor: Compressor;
  /** Called when replication is slow whoever holds: the disk is better off in write-through for a time. */
  private readonly onSlow: (disk: VirtualDisk) => void;

  constructor(
    state: HostState,
    onLost: (disk: VirtualDisk, hosts: readonly number[]) => void,
    onSlow: (disk: VirtualDisk) => void,
  ) {
    this.state = state;
    this.onLost = onLost;
    this.onSlow = onSlow;
    this.compressor = new Compressor(state, (disk, sequence) => this.compressed(disk, sequence));
  }

  /** A new member with a bit of its own; it is awaited by no write yet. */
  join(disk: VirtualDisk, host: number): Member {
    let bit = PENDING_LOCAL << 1;
    while (disk.members.some((member) => member.bit === bit)) bit <<= 1;
    const member: Member = {
      host,
      bit,
      named: false,
      sending: true,
      ackNs: DOUBLE_ZERO,
      slowSinceNs: -1,
      resyncNext: Number.POSITIVE_INFINITY,
    };
    disk.members.push(member);
    return member;
  }

  /** Sends a new record to every holder, in the order of the record's holders. */
  append(disk: VirtualDisk, sequence: number): void {
    const { members } = disk;
    if (this.state.options.replication.compression !== null) this.appendCompressed(disk, sequence);
    else
      for (let i = 0; i < members.length; i++) {
        const member = members[i]!;
        if (member.sending) this.send(disk, member.host, sequence);
      }
    if (!disk.replicaTimerSet) this.setTimer(disk);
  }

  /** Sends a new record at once to holders that get it as it is, and to the others when it is compressed. */
  private appendCompressed(disk: VirtualDisk, sequence: number): void {
    const { ring } = disk;
    const at = ring.at(sequence);
    const mayCompress = ring.words[at + RECORD_KIND] !== RECORD_DISCARD;
    let bits = 0;
    for (const { sending, bit, host } of disk.members) {
      if (!sending) continue;
      if (mayCompress && this.compressor.wants(host, sequence)) bits |= bit;
      else this.send(disk, host, sequence);
    }
    ring.words[at + RECORD_COMPRESSED] = bits;
    if (bits !== 0) this.compressor.add(disk, sequence, ring.numbers[at + RECORD_BYTES]!);
  }

  /** A record has been compressed. */
  private compressed(disk: VirtualDisk, sequence: number): void {
    const { ring } = disk;
    if (disk.dead || !disk.logging || sequence < ring.first || sequence >= ring.next) return;
    const at = ring.at(sequence);
    const bits = ring.words[at + RECORD_COMPRESSED]! & ring.words[at + RECORD_PENDING]!;
    const { share } = this.state.options.replication.compression!;
    for (const { sending, bit, host } of disk.members)
      if (sending && (bits & bit) !== 0) this.send(disk, host, sequence, share);
  }

  /** A holder has acknowledged a record. */
  acknowledged(disk: VirtualDisk, sequence: number, member: Member, ns: number): void {
    if (this.state.options.replication.compression === null) return;
    const bits = disk.ring.words[disk.ring.at(sequence) + RECORD_COMPRESSED]!;
    this.compressor.acknowledged(member.host, (bits & member.bit) !== 0, ns);
  }

  prepare(disk: VirtualDisk, peer: number, firstEpoch: number, epoch: number, request: number): void {
    const { options } = this.state;
    const message = this.control(disk, MESSAGE_PREPARE, epoch, disk.checkpoint + 1);
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_FIRST_EPOCH] = firstEpoch;
    fields[base + FIELD_BYTES] = options.dirtyLimitBytes;
    fields[base + FIELD_REQUEST] = request;
    this.state.ports.network.send(peer, message, options.messageBytes);
  }

  /** Tells every holder up to where the datastore has everything; also when idle, as a sign of life. */
  release(disk: VirtualDisk): void {
    for (const { host } of disk.members) {
      const message = this.control(disk, MESSAGE_RELEASE, disk.epoch, disk.checkpoint);
      this.state.ports.network.send(host, message, this.state.options.messageBytes);
    }
  }

  forget(disk: VirtualDisk, peer: number): void {
    const message = this.control(disk, MESSAGE_FORGET, disk.epoch, disk.checkpoint);
    this.state.ports.network.send(peer, message, this.state.options.messageBytes);
  }

  /** Looks for records that holders have not acknowledged: sends them again, or gives the holder up. */
  onTimer(disk: VirtualDisk): void {
    disk.replicaTimerSet = false;
    if (disk.dead || !disk.logging || disk.members.length === 0) return;
    const { ports, options } = this.state;
    const nowNs = ports.clock.nowNs;
    const ring = disk.ring;
    const first = Math.max(disk.checkpoint, disk.destaged) + 1;
    const lost: number[] = [];
    for (const member of disk.members) {
      if (!member.sending || !member.named) continue;
      for (let sequence = first; sequence < ring.next; sequence++) {
        const at = ring.at(sequence);
        if ((ring.words[at + RECORD_PENDING]! & member.bit) === 0) continue;
        const isSlow = this.isSlow(member, nowNs);
        // Another one would be no better: the way there is slow, not the holder.
        if (isSlow && nowNs - disk.slowHolderNs < options.retry.firstNs) {
          this.onSlow(disk);
          break;
        }
        if (isSlow) disk.slowHolderNs = nowNs;
        if (isSlow || nowNs - ring.numbers[at + RECORD_APPENDED_NS]! >= options.replication.timeoutNs) {
          member.sending = false;
          lost.push(member.host);
        }
        break;
      }
    }
    if (lost.length > 0) this.onLost(disk, lost);
    let waiting = false;
    let resent = 0;
    for (let sequence = first; sequence < ring.next; sequence++) {
      const at = ring.at(sequence);
      const pending = ring.words[at + RECORD_PENDING]! & ~PENDING_LOCAL & ~PENDING_FAILED;
      if (pending === 0) continue;
      waiting = true;
      if (nowNs - ring.numbers[at + RECORD_APPENDED_NS]! < options.replication.resendNs) break;
      if (++resent > options.replication.resyncRecords) break;
      for (const member of disk.members) {
        // A lost one is sent nothing; one that is being copied to gets again what it has been sent.
        if (!member.sending && member.resyncNext === Number.POSITIVE_INFINITY) continue;
        if ((pending & member.bit) === 0 || sequence >= member.resyncNext) continue;
        this.resend(disk, member, sequence);
      }
    }
    if (waiting) this.setTimer(disk);
  }

  /** True when a holder has kept the guest waiting for too long, for as long as one that is silent is borne with. */
  private isSlow(member: Member, nowNs: number): boolean {
    const { timeoutNs } = this.state.options.replication;
    if (!this.state.classes.isSlow(CLASS_VM_WRITE, member.ackNs)) member.slowSinceNs = -1;
    else if (member.slowSinceNs < 0) member.slowSinceNs = nowNs;
    return member.slowSinceNs >= 0 && nowNs - member.slowSinceNs >= timeoutNs;
  }

  /** Copies the log to a new holder, a window of records ahead of its acknowledgements. */
  resync(disk: VirtualDisk, member: Member): void {
    const ring = disk.ring;
    // What a checkpoint has covered meanwhile no holder needs, and its place in flash may be another's.
    member.resyncNext = Math.max(member.resyncNext, disk.checkpoint + 1);
    let window = 0;
    for (let sequence = disk.checkpoint + 1; sequence < member.resyncNext; sequence++) {
      if ((ring.words[ring.at(sequence) + RECORD_PENDING]! & member.bit) !== 0) window++;
    }
    while (member.resyncNext < ring.next && window < this.state.options.replication.resyncRecords) {
      this.resend(disk, member, member.resyncNext++);
      window++;
    }
    // From here on it gets new records as they come.
    if (member.resyncNext >= ring.next) {
      member.sending = true;
      member.resyncNext = Number.POSITIVE_INFINITY;
    }
    if (!disk.replicaTimerSet) this.setTimer(disk);
  }

  /** The data of a record to be sent again has been read. */
  onRead(disk: VirtualDisk, op: number, status: Status): void {
    const { ops } = this.state;
    this.state.unpin(op);
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    const host = ops.words[op + OP_TAG]!;
    ops.release(op);
    if (disk.dead || status !== STATUS_OK || sequence < disk.ring.first || sequence >= disk.ring.next) return;
    if (disk.members.some((member) => member.host === host)) this.send(disk, host, sequence);
  }

  /** Sends a record once more; its data comes from memory while the guest waits for it or the destager keeps it, else from flash. */
  private resend(disk: VirtualDisk, member: Member, sequence: number): void {
    const { ops, ports, counters } = this.state;
    const ring = disk.ring;
    const at = ring.at(sequence);
    const bytes = ring.numbers[at + RECORD_BYTES]!;
    counters.resentRecords++;
    counters.resyncBytes += bytes;
    const isKept = sequence > disk.committed || this.state.isBuffered(ring, at);
    if (isKept || ring.words[at + RECORD_KIND] === RECORD_DISCARD) {
      this.send(disk, member.host, sequence);
      return;
    }
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.words[op + OP_TAG] = member.host;
    ops.words[op + OP_KEY] = ring.words[at + RECORD_KEY]!;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    counters.destageReadBytes += bytes;
    this.state.pin(op, ring.words[at + RECORD_SLOT]!);
    const token = op | STAGE_SEND;
    const offset = ring.numbers[at + RECORD_OFFSET]!;
    if (ports.content !== null) {
      ports.content.reading(
        token,
        ring.words[at + RECORD_PAYLOAD]!,
        ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
        bytes,
      );
    }
    const address = ring.words[at + RECORD_SLOT]! * BLOCK_BYTES + (offset & (BLOCK_BYTES - 1));
    ports.flash!.submit(FLASH_READ, address, bytes, CAUSE_DESTAGE, token, ring.words[at + RECORD_KEY]!);
  }

  /** @param share what is left of the data on the wire */
  private send(disk: VirtualDisk, host: number, sequence: number, share = 1): void {
    const { ports, options, id } = this.state;
    const network = ports.network;
    const ring = disk.ring;
    const at = ring.at(sequence);
    const bytes = ring.numbers[at + RECORD_BYTES]!;
    const kind = ring.words[at + RECORD_KIND]!;
    const payload = ring.words[at + RECORD_PAYLOAD]!;
    const payloadOffset = ring.numbers[at + RECORD_PAYLOAD_OFFSET]!;
    const dataBytes = kind === RECORD_DISCARD ? 0 : bytes;
    const message = network.allocate();
    const fields = network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_TYPE] = MESSAGE_APPEND;
    fields[base + FIELD_FROM] = id;
    fields[base + FIELD_DISK] = disk.id;
    fields[base + FIELD_EPOCH] = disk.epoch;
    fields[base + FIELD_FIRST_EPOCH] = disk.firstEpoch;
    fields[base + FIELD_SEQUENCE] = sequence;
    fields[base + FIELD_OFFSET] = ring.numbers[at + RECORD_OFFSET]!;
    fields[base + FIELD_BYTES] = bytes;
    fields[base + FIELD_KIND] = kind;
    fields[base + FIELD_COMMITTED_THROUGH] = disk.committed;
    fields[base + FIELD_RELEASED_THROUGH] = disk.checkpoint;
    fields[base + FIELD_KEY] = ring.words[at + RECORD_KEY]!;
    fields[base + FIELD_PAYLOAD] = payload;
    fields[base + FIELD_PAYLOAD_OFFSET] = payloadOffset;
    if (ports.content !== null && dataBytes !== 0)
      ports.content.sending(message, payload, payloadOffset, bytes);
    network.send(host, message, options.recordHeaderBytes + Math.ceil(dataBytes * share));
  }

  private setTimer(disk: VirtualDisk): void {
    const { ports, options } = this.state;
    disk.replicaTimerSet = true;
    ports.timer.set(ports.clock.nowNs + options.replication.resendNs, timerOf(TIMER_REPLICAS, disk.local));
  }

  private control(disk: VirtualDisk, type: number, epoch: number, sequence: number): number {
    const message = this.state.message(type, disk.id, epoch);
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_FIRST_EPOCH] = disk.firstEpoch;
    fields[base + FIELD_SEQUENCE] = sequence;
    fields[base + FIELD_BYTES] = 0;
    fields[base + FIELD_COMMITTED_THROUGH] = disk.committed;
    fields[base + FIELD_RELEASED_THROUGH] = disk.checkpoint;
    return message;
  }
}
