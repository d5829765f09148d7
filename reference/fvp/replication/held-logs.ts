/**
 * Logs that this host holds for disks it does not own: those of peers, and its own from before it lost a disk or was
 * restarted. A log is kept until its owner says that it is no longer needed, or the FT record says so; whoever recovers
 * the disk seals it and reads it (fvp-protocol.md 12.3).
 */
import { segmentOf } from '../ft-record.ts';
import type { HostState } from '../host-state.ts';
import { BLOCK_BYTES } from '../index/block-index.ts';
import { BUCKET_REPLICA } from '../log/bucket-store.ts';
import { LogSpace } from '../log/log-space.ts';
import {
  PENDING_FAILED,
  PENDING_LOCAL,
  RECORD_BYTES,
  RECORD_DISCARD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_PENDING,
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
  FIELD_STATUS,
  MESSAGE_APPENDED,
  MESSAGE_FETCHED,
  MESSAGE_FIELDS,
  MESSAGE_PREPARED,
  MESSAGE_RECORD,
  MESSAGE_REFUSED,
  MESSAGE_SEALED,
} from '../message.ts';
import {
  OP_BYTES,
  OP_DISK,
  OP_KEY,
  OP_OFFSET,
  OP_OPERATION,
  OP_PAYLOAD,
  OP_SEQUENCE,
  OP_START_NS,
  OP_TAG,
  STAGE_HELD,
  STAGE_REPLICA_APPEND,
} from '../op-table.ts';
import {
  CAUSE_DESTAGE,
  FLASH_FOR_HEADER,
  FLASH_FOR_REPLICA,
  FLASH_READ,
  FLASH_WRITE,
  type FoundLog,
  type LogHeader,
  STATUS_CORRUPT,
  STATUS_ERROR,
  STATUS_OK,
  type Status,
} from '../ports.ts';
import { TIMER_HELD, timerOf } from '../timers.ts';
import type { SealedLog, VirtualDisk } from '../virtual-disk.ts';

/** What a request of STAGE_HELD is. */
const HELD_PREPARE = 0;
const HELD_SEAL = 1;
const HELD_SERVE = 2;
const HELD_ERASE = 3;
const HELD_FOUND = 4;
const HELD_INSPECT = 5;
const HELD_OWN = 6;

const HEADER_WRITES: readonly number[] = [HELD_PREPARE, HELD_SEAL, HELD_ERASE, HELD_OWN];

/** Records described in answer to one PULL. @source assumed */
export const PULL_RECORDS = 64;
/** Buckets beyond its quota that a held log may have, as it hears late of releases, and out of order. @source assumed */
const LATE_BUCKETS = 4;

export class HeldLog {
  /** One of this host's alone; what is under way for a log is told by it. */
  serial = 0;
  readonly disk: number;
  readonly firstEpoch: number;
  readonly ring: RecordRing;
  readonly space: LogSpace;
  owner: number;
  /** Newest epoch persisted here; messages of an older one are refused. */
  epoch: number;
  /** Somebody is recovering the disk: nothing is appended any more. */
  sealed = false;
  committedThrough = 0;
  releasedThrough: number;
  readonly quotaBytes: number;
  /** Promised to it. */
  reservedBuckets = 0;
  /** Flash writes under way; the space is not given back before they are over. */
  appending = 0;
  closing = false;
  /** Read back from flash after a restart and not yet usable. */
  loading = false;
  /** Last record that was found damaged after a restart; -1 for none. */
  damagedThrough = -1;
  /** Its size on flash, as found after a restart. */
  foundBytes = 0;
  /** This host's own log of a disk that it has lost: flash writes of that disk may be under way. */
  disowned: VirtualDisk | undefined = undefined;
  /** When the owner was last heard of, and what its lock's counter was then. */
  heardNs = 0;
  /** When that is looked at next. */
  watchAtNs = 0;
  seenHolder = -1;
  seenCounter = -1;
  seenSinceNs = 0;

  constructor(
    disk: number,
    firstEpoch: number,
    epoch: number,
    owner: number,
    quotaBytes: number,
    ring: RecordRing,
    space: LogSpace,
  ) {
    this.disk = disk;
    this.firstEpoch = firstEpoch;
    this.epoch = epoch;
    this.owner = owner;
    this.quotaBytes = quotaBytes;
    this.ring = ring;
    this.space = space;
    this.releasedThrough = ring.first - 1;
  }
}

function isWriting(log: HeldLog): boolean {
  return log.appending !== 0 || (log.disowned !== undefined && log.disowned.appending !== 0);
}

export class HeldLogs {
  private readonly state: HostState;
  /** By disk; sparse. */
  private readonly logs: (HeldLog | undefined)[] = [];
  private lastSerial = 0;
  /** Called when an owner has been silent and its lock's counter stands still: the disk is to be recovered. */
  private readonly onOrphan: (log: HeldLog) => void;
  /** True while this host itself owns the disk or works on owning it. */
  private readonly isOwned: (disk: number) => boolean;
  /** A log of this host's own is sealed, as it asked itself to do. */
  private readonly onOwnSealed: (disk: number, request: number, log: SealedLog) => void;
  /** The header of a log of this host's own is on flash, or could not be written. */
  private readonly onOwnHeader: (disk: number, request: number, status: Status) => void;
  /** By disk whose header is being written: the writes that wait for that. */
  private readonly headers = new Map<number, (() => void)[]>();

  constructor(
    state: HostState,
    onOrphan: (log: HeldLog) => void,
    isOwned: (disk: number) => boolean,
    onOwnSealed: (disk: number, request: number, log: SealedLog) => void,
    onOwnHeader: (disk: number, request: number, status: Status) => void,
  ) {
    this.state = state;
    this.onOrphan = onOrphan;
    this.isOwned = isOwned;
    this.onOwnSealed = onOwnSealed;
    this.onOwnHeader = onOwnHeader;
  }

  of(disk: number): HeldLog | undefined {
    const log = this.logs[disk];
    return log === undefined || log.closing || log.loading ? undefined : log;
  }

  /** True while the log is read back from flash after a restart. */
  isLoading(disk: number): boolean {
    return this.logs[disk]?.loading === true;
  }

  /** Takes over a log of this host's own, whose disk it has lost. */
  adopt(log: HeldLog): void {
    this.keep(log);
    log.heardNs = this.state.ports.clock.nowNs;
    this.watch(log);
  }

  /** Hands a log to this host as the disk's new owner. */
  take(disk: number): HeldLog | undefined {
    const log = this.of(disk);
    if (log !== undefined) this.logs[disk] = undefined;
    return log;
  }

  /** The host has just started: reads the logs that lie on its flash. */
  start(found: readonly FoundLog[]): void {
    const { buckets } = this.state;
    // Released records lie on flash until their place is taken by others: they no longer count.
    const logs = found.map(({ header, records, damaged }) => {
      let committedThrough = 0;
      let releasedThrough = header.firstSequence - 1;
      for (const record of records) {
        committedThrough = Math.max(committedThrough, record.committedThrough);
        releasedThrough = Math.max(releasedThrough, record.releasedThrough);
      }
      const ordered = records
        .filter((record) => record.sequence > releasedThrough)
        .sort((a, b) => a.sequence - b.sequence);
      return { header, ordered, committedThrough, releasedThrough, damagedThrough: Math.max(-1, ...damaged) };
    });
    buckets.restore(logs.map(({ ordered }) => ordered.map((record) => record.slot)));
    for (const { header, ordered, committedThrough, releasedThrough, damagedThrough } of logs) {
      const ring = new RecordRing();
      ring.reset(releasedThrough + 1);
      let bytes = BLOCK_BYTES;
      for (const record of ordered) {
        bytes += record.slots * BLOCK_BYTES;
        ring.skipTo(record.sequence);
        const at = ring.place(record.sequence);
        ring.words[at + RECORD_KIND] = record.kind;
        ring.words[at + RECORD_SLOT] = record.slot;
        ring.words[at + RECORD_SLOTS] = record.slots;
        ring.words[at + RECORD_KEY] = record.key;
        ring.words[at + RECORD_PAYLOAD] = record.payload;
        ring.words[at + RECORD_PENDING] = 0;
        ring.numbers[at + RECORD_OFFSET] = record.offset;
        ring.numbers[at + RECORD_BYTES] = record.bytes;
        ring.numbers[at + RECORD_PAYLOAD_OFFSET] = record.payloadOffset;
      }
      const space = new LogSpace(buckets, BUCKET_REPLICA);
      space.restore(ordered);
      const { disk, firstEpoch, epoch, quotaBytes } = header;
      const log = new HeldLog(disk, firstEpoch, epoch, -1, quotaBytes, ring, space);
      log.sealed = header.sealed;
      log.loading = true;
      log.committedThrough = committedThrough;
      log.damagedThrough = damagedThrough;
      log.reservedBuckets = this.state.quotaBuckets(quotaBytes);
      this.state.reservedBuckets += log.reservedBuckets;
      this.keep(log);
      log.foundBytes = bytes;
      this.readFound(log);
    }
  }

  /** Reads a log that lies on flash; which of its records are whole is known already. */
  private readFound({ disk, foundBytes }: HeldLog): void {
    const token = this.token(HELD_FOUND, disk);
    this.state.ports.flash!.submit(FLASH_READ, 0, foundBytes, CAUSE_DESTAGE, token, this.state.ops.used);
  }

  /** Persists the epoch and an empty log, and reserves the disk's quota, or refuses (12.3, arming, step 2). */
  onPrepare(message: number): void {
    const { ports } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const owner = fields[base + FIELD_FROM]!;
    const epoch = fields[base + FIELD_EPOCH]!;
    const firstEpoch = fields[base + FIELD_FIRST_EPOCH]!;
    const request = fields[base + FIELD_REQUEST]!;
    const quotaBytes = fields[base + FIELD_BYTES]!;
    const firstSequence = fields[base + FIELD_SEQUENCE]!;
    let log = this.logs[disk];
    const older = log !== undefined && log.epoch > epoch;
    if (
      older ||
      this.isOwned(disk) ||
      log?.loading === true ||
      (log?.sealed === true && log.epoch >= epoch)
    ) {
      this.reply(owner, MESSAGE_REFUSED, disk, epoch, 0, request, STATUS_ERROR);
      return;
    }
    if (log === undefined || log.firstEpoch !== firstEpoch) {
      if (log !== undefined) this.close(log);
      const buckets = this.state.quotaBuckets(quotaBytes);
      if (!this.state.hasFlash || !this.state.reserve(buckets)) {
        this.reply(owner, MESSAGE_REFUSED, disk, epoch, 0, request, STATUS_ERROR);
        return;
      }
      const ring = new RecordRing();
      ring.reset(firstSequence);
      const space = new LogSpace(this.state.buckets, BUCKET_REPLICA);
      log = new HeldLog(disk, firstEpoch, epoch, owner, quotaBytes, ring, space);
      log.reservedBuckets = buckets;
      this.keep(log);
      this.watch(log);
    }
    log.owner = owner;
    log.epoch = epoch;
    log.heardNs = ports.clock.nowNs;
    this.persist(log, HELD_PREPARE, request, owner, fields[base + FIELD_KEY]!);
  }

  onAppend(message: number): void {
    const { ports, ops, options } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const log = this.logs[disk];
    if (log === undefined || log.firstEpoch !== fields[base + FIELD_FIRST_EPOCH]! || log.sealed) return;
    if (fields[base + FIELD_EPOCH]! < log.epoch || log.closing || log.loading) return;
    log.heardNs = ports.clock.nowNs;
    log.owner = fields[base + FIELD_FROM]!;
    const sequence = fields[base + FIELD_SEQUENCE]!;
    const offset = fields[base + FIELD_OFFSET]!;
    const kind = fields[base + FIELD_KIND]!;
    const bytes = fields[base + FIELD_BYTES]!;
    this.advance(log, fields[base + FIELD_COMMITTED_THROUGH]!, fields[base + FIELD_RELEASED_THROUGH]!);
    const ring = log.ring;
    if (sequence <= log.releasedThrough) {
      this.reply(log.owner, MESSAGE_APPENDED, disk, log.epoch, sequence, log.firstEpoch, STATUS_OK);
      return;
    }
    if (sequence < ring.next) {
      const pending = ring.words[ring.at(sequence) + RECORD_PENDING]!;
      // Sent again: it is here, or on its way to flash.
      if (pending === 0)
        this.reply(log.owner, MESSAGE_APPENDED, disk, log.epoch, sequence, log.firstEpoch, STATUS_OK);
      if ((pending & PENDING_FAILED) === 0) return;
    }
    const data = kind === RECORD_DISCARD ? 0 : bytes;
    const slots = recordSlots(offset, data, options.recordHeaderBytes);
    // What is released while flash does not keep up stays until it is written: the owner sends it again then.
    const { space } = log;
    if (!space.hasRoom(slots) && space.heldBuckets >= this.state.quotaBuckets(log.quotaBytes) + LATE_BUCKETS)
      return;
    const slot = space.take(slots, sequence);
    // The quota was reserved, so this is a holder whose reservation was broken: it stays silent and is found missing.
    if (slot < 0) return;
    ring.skipTo(sequence);
    const at = ring.place(sequence);
    const key = fields[base + FIELD_KEY]!;
    const payload = fields[base + FIELD_PAYLOAD]!;
    ring.words[at + RECORD_KIND] = kind;
    ring.words[at + RECORD_SLOT] = slot;
    ring.words[at + RECORD_SLOTS] = slots;
    ring.words[at + RECORD_PENDING] = PENDING_LOCAL;
    ring.numbers[at + RECORD_OFFSET] = offset;
    ring.numbers[at + RECORD_BYTES] = bytes;
    ring.words[at + RECORD_KEY] = key;
    ring.words[at + RECORD_PAYLOAD] = payload;
    ring.numbers[at + RECORD_PAYLOAD_OFFSET] = fields[base + FIELD_PAYLOAD_OFFSET]!;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ops.words[op + OP_KEY] = log.serial;
    this.state.pin(op, slot);
    log.appending++;
    const token = op | STAGE_REPLICA_APPEND;
    if (ports.content !== null && data !== 0) {
      const payloadOffset = ring.numbers[at + RECORD_PAYLOAD_OFFSET]!;
      ports.content.receiving(message, payload, payloadOffset);
      ports.content.writing(token, payload, payloadOffset, bytes, offset & (BLOCK_BYTES - 1));
    }
    if (ports.medium !== null) {
      ports.medium.record(token, disk, {
        epoch: fields[base + FIELD_EPOCH]!,
        sequence,
        kind,
        offset,
        bytes,
        slot,
        slots,
        key,
        payload,
        payloadOffset: ring.numbers[at + RECORD_PAYLOAD_OFFSET]!,
        committedThrough: log.committedThrough,
        releasedThrough: log.releasedThrough,
      });
    }
    ports.flash!.submit(FLASH_WRITE, slot * BLOCK_BYTES, slots * BLOCK_BYTES, FLASH_FOR_REPLICA, token, key);
  }

  onAppended(op: number, status: Status): void {
    const ops = this.state.ops;
    const disk = ops.words[op + OP_DISK]!;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    const serial = ops.words[op + OP_KEY]!;
    this.state.unpin(op);
    ops.release(op);
    const log = this.logOf(disk, serial);
    if (log === undefined) return;
    log.appending--;
    if (log.closing) {
      this.finishClosing(log);
      return;
    }
    const at = log.ring.at(sequence);
    log.ring.words[at + RECORD_PENDING] = status === STATUS_OK ? 0 : PENDING_LOCAL | PENDING_FAILED;
    if (sequence <= log.releasedThrough) this.trim(log);
    if (status === STATUS_OK && !log.sealed)
      this.reply(log.owner, MESSAGE_APPENDED, disk, log.epoch, sequence, log.firstEpoch, STATUS_OK);
  }

  onRelease(message: number): void {
    const base = message * MESSAGE_FIELDS;
    const fields = this.state.ports.network.fields;
    const log = this.of(fields[base + FIELD_DISK]!);
    if (log === undefined || log.firstEpoch !== fields[base + FIELD_FIRST_EPOCH]!) return;
    if (fields[base + FIELD_EPOCH]! < log.epoch) return;
    log.heardNs = this.state.ports.clock.nowNs;
    this.advance(log, fields[base + FIELD_COMMITTED_THROUGH]!, fields[base + FIELD_RELEASED_THROUGH]!);
  }

  onForget(message: number): void {
    const base = message * MESSAGE_FIELDS;
    const fields = this.state.ports.network.fields;
    const log = this.of(fields[base + FIELD_DISK]!);
    if (log !== undefined && log.epoch <= fields[base + FIELD_EPOCH]!) this.discard(log);
  }

  /** Persists the recovering host's epoch before anything of the log is read (12.3, recovery). */
  onSeal(message: number): void {
    const base = message * MESSAGE_FIELDS;
    const fields = this.state.ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const epoch = fields[base + FIELD_EPOCH]!;
    const from = fields[base + FIELD_FROM]!;
    const request = fields[base + FIELD_REQUEST]!;
    const log = this.logs[disk];
    // Still being read after a restart: silence, so that it is not taken for a log that is gone.
    if (log?.loading === true || this.isOwned(disk)) return;
    if (log === undefined || log.closing) {
      this.reply(from, MESSAGE_SEALED, disk, epoch, -1, request, STATUS_ERROR);
      return;
    }
    if (epoch < log.epoch) return;
    log.heardNs = this.state.ports.clock.nowNs;
    this.seal(log, epoch, fields[base + FIELD_RELEASED_THROUGH]!, request, from);
  }

  /**
   * @param checkpoint of the FT record
   * @param to host to answer, this one for itself
   */
  seal(log: HeldLog, epoch: number, checkpoint: number, request: number, to: number): void {
    log.epoch = epoch;
    log.sealed = true;
    this.advance(log, 0, checkpoint);
    this.persist(log, HELD_SEAL, request, to, log.disk);
  }

  /** The unbroken run that the log holds; a hole at or below `committedThrough` makes it worthless (12.4-15). */
  sealedLog(log: HeldLog): SealedLog {
    const { ring, releasedThrough, committedThrough, firstEpoch } = log;
    let tail = Math.max(releasedThrough, ring.first - 1);
    while (tail + 1 < ring.next && ring.words[ring.at(tail + 1) + RECORD_PENDING] === 0) tail++;
    const isDamaged = log.damagedThrough > tail;
    return {
      firstEpoch,
      tail: tail < committedThrough ? -1 : tail,
      committedThrough,
      releasedThrough,
      isDamaged,
    };
  }

  onPull(message: number): void {
    const { ports } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const from = fields[base + FIELD_FROM]!;
    const epoch = fields[base + FIELD_EPOCH]!;
    const request = fields[base + FIELD_REQUEST]!;
    const first = fields[base + FIELD_SEQUENCE]!;
    const log = this.of(disk);
    if (log !== undefined) log.heardNs = ports.clock.nowNs;
    for (let sequence = first; sequence < first + PULL_RECORDS; sequence++) {
      const absent =
        log === undefined ||
        sequence < log.ring.first ||
        sequence >= log.ring.next ||
        log.ring.words[log.ring.at(sequence) + RECORD_PENDING] !== 0;
      if (absent) {
        this.reply(from, MESSAGE_RECORD, disk, epoch, sequence, request, STATUS_ERROR);
        return;
      }
      const ring = log.ring;
      const at = ring.at(sequence);
      const message = this.answer(MESSAGE_RECORD, disk, epoch, sequence, request, STATUS_OK);
      const fields = ports.network.fields;
      const base = message * MESSAGE_FIELDS;
      fields[base + FIELD_OFFSET] = ring.numbers[at + RECORD_OFFSET]!;
      fields[base + FIELD_BYTES] = ring.numbers[at + RECORD_BYTES]!;
      fields[base + FIELD_KIND] = ring.words[at + RECORD_KIND]!;
      fields[base + FIELD_KEY] = ring.words[at + RECORD_KEY]!;
      fields[base + FIELD_PAYLOAD] = ring.words[at + RECORD_PAYLOAD]!;
      fields[base + FIELD_PAYLOAD_OFFSET] = ring.numbers[at + RECORD_PAYLOAD_OFFSET]!;
      ports.network.send(from, message, this.state.options.recordHeaderBytes);
    }
  }

  /** Reads part of a record's data from flash and sends it. */
  onFetch(message: number): void {
    const { ports, ops } = this.state;
    const base = message * MESSAGE_FIELDS;
    const fields = ports.network.fields;
    const disk = fields[base + FIELD_DISK]!;
    const from = fields[base + FIELD_FROM]!;
    const request = fields[base + FIELD_REQUEST]!;
    const sequence = fields[base + FIELD_SEQUENCE]!;
    const within = fields[base + FIELD_OFFSET]!;
    const bytes = fields[base + FIELD_BYTES]!;
    // What flash has is not known yet: a no would pass for an answer.
    if (this.isLoading(disk)) return;
    const log = this.of(disk);
    const here =
      log !== undefined &&
      sequence >= log.ring.first &&
      sequence < log.ring.next &&
      log.ring.words[log.ring.at(sequence) + RECORD_PENDING] === 0;
    if (!here) {
      this.reply(from, MESSAGE_FETCHED, disk, fields[base + FIELD_EPOCH]!, sequence, request, STATUS_ERROR);
      return;
    }
    log.heardNs = ports.clock.nowNs;
    const ring = log.ring;
    const at = ring.at(sequence);
    const token = this.token(HELD_SERVE, disk);
    const op = token - STAGE_HELD;
    ops.words[op + OP_TAG] = from;
    ops.words[op + OP_PAYLOAD] = ring.words[at + RECORD_PAYLOAD]!;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = sequence;
    ops.numbers[(op >> 2) + OP_START_NS] = request;
    ops.numbers[(op >> 2) + OP_OFFSET] = ring.numbers[at + RECORD_PAYLOAD_OFFSET]! + within;
    ops.numbers[(op >> 2) + OP_BYTES] = bytes;
    const offset = ring.numbers[at + RECORD_OFFSET]! + within;
    const slot = ring.words[at + RECORD_SLOT]! + Math.floor(offset / BLOCK_BYTES);
    const firstBlock = Math.floor(ring.numbers[at + RECORD_OFFSET]! / BLOCK_BYTES);
    const address = (slot - firstBlock) * BLOCK_BYTES + (offset & (BLOCK_BYTES - 1));
    this.state.pin(op, slot - firstBlock);
    if (ports.content !== null)
      ports.content.reading(token, ops.words[op + OP_PAYLOAD]!, ops.numbers[(op >> 2) + OP_OFFSET]!, bytes);
    ports.flash!.submit(FLASH_READ, address, bytes, CAUSE_DESTAGE, token, ring.words[at + RECORD_KEY]!);
  }

  /** A request of STAGE_HELD is complete. */
  onCompletion(op: number, status: Status): void {
    const { ops, counters, ports, options } = this.state;
    const disk = ops.words[op + OP_DISK]!;
    const request = ops.numbers[(op >> 2) + OP_START_NS]!;
    const to = ops.words[op + OP_TAG]!;
    const log = this.logs[disk];
    const operation = ops.words[op + OP_OPERATION]!;
    switch (operation) {
      case HELD_OWN:
        this.onOwnHeader(disk, request, status);
        break;
      case HELD_PREPARE:
        if (log !== undefined && log.serial === ops.words[op + OP_KEY]) {
          const type = status === STATUS_OK ? MESSAGE_PREPARED : MESSAGE_REFUSED;
          this.reply(to, type, disk, log.epoch, 0, request, status);
          if (status !== STATUS_OK) this.discard(log);
        }
        break;
      case HELD_SEAL:
        if (log === undefined || log.serial !== ops.words[op + OP_KEY] || status !== STATUS_OK) break;
        if (to === this.state.id) this.onOwnSealed(disk, request, this.sealedLog(log));
        else this.replySealed(log, to, request);
        break;
      case HELD_SERVE: {
        this.state.unpin(op);
        const bytes = ops.numbers[(op >> 2) + OP_BYTES]!;
        if (status === STATUS_CORRUPT) counters.corruptReads++;
        counters.servedBytes += bytes;
        const message = this.answer(
          MESSAGE_FETCHED,
          disk,
          0,
          ops.numbers[(op >> 2) + OP_SEQUENCE]!,
          request,
          status === STATUS_OK ? STATUS_OK : STATUS_CORRUPT,
        );

        if (ports.content !== null && status === STATUS_OK)
          ports.content.sending(
            message,
            ops.words[op + OP_PAYLOAD]!,
            ops.numbers[(op >> 2) + OP_OFFSET]!,
            bytes,
          );
        ports.network.send(to, message, options.messageBytes + (status === STATUS_OK ? bytes : 0));
        break;
      }
      case HELD_FOUND:
        if (log !== undefined) {
          // Tried again later: what cannot be read now is not gone.
          this.watch(log);
          if (status !== STATUS_OK && status !== STATUS_CORRUPT) break;
          log.loading = false;
          this.inspect(log);
        }
        break;
      case HELD_INSPECT:
        if (log !== undefined && status === STATUS_OK && !this.isOwned(disk)) this.judge(log);
        break;
    }
    ops.release(op);
    if (HEADER_WRITES.includes(operation)) this.headerWritten(disk);
  }

  /** The owner has been silent for the length of a lease. */
  onTimer(disk: number): void {
    const log = this.logs[disk];
    if (log === undefined || log.closing) return;
    if (this.state.ports.clock.nowNs < log.watchAtNs) return;
    if (log.loading) {
      this.readFound(log);
      return;
    }
    this.watch(log);
    if (this.state.ports.clock.nowNs - log.heardNs >= this.state.options.lease.durationNs / 2)
      this.inspect(log);
  }

  /** Logs held, for those who look for leaks. */
  get count(): number {
    return this.logs.reduce((sum, log) => sum + (log === undefined ? 0 : 1), 0);
  }

  private keep(log: HeldLog): void {
    log.serial = ++this.lastSerial;
    this.logs[log.disk] = log;
  }

  private logOf(disk: number, serial: number): HeldLog | undefined {
    const log = this.logs[disk];
    return log?.serial === serial ? log : this.leaving.find((other) => other.serial === serial);
  }

  /** Logs that wait for their last flash writes. */
  private readonly leaving: HeldLog[] = [];

  private inspect(log: HeldLog): void {
    this.state.ports.datastore.inspect(log.disk, this.token(HELD_INSPECT, log.disk));
  }

  /** Looks at the disk's record and lock: the log may be worthless, and its owner may be gone. */
  private judge(log: HeldLog): void {
    const { ports, id, silentNs } = this.state;
    const record = ports.datastore.record(log.disk);
    const listed = segmentOf(record, id, log.firstEpoch) !== undefined;
    const nowNs = ports.clock.nowNs;
    const holder = ports.datastore.holder(log.disk);
    // A log made ready for a segment that is not yet in the record has an epoch beyond the record's: its owner may name
    // it, as long as there is one.
    if (!listed && (record.epoch >= log.epoch || holder < 0)) {
      this.discard(log);
      return;
    }
    const counter = ports.datastore.counter(log.disk);
    if (holder !== log.seenHolder || counter !== log.seenCounter) {
      log.seenHolder = holder;
      log.seenCounter = counter;
      log.seenSinceNs = nowNs;
    }
    const orphaned = holder < 0 || holder === id || nowNs - log.seenSinceNs >= silentNs;
    // Of a disk that is clean too: its lock is let go, and logs that nobody will name are given up.
    if (orphaned) this.onOrphan(log);
  }

  private watch(log: HeldLog): void {
    const { ports, options } = this.state;
    log.watchAtNs = ports.clock.nowNs + Math.floor(options.lease.durationNs / 4);
    ports.timer.set(log.watchAtNs, timerOf(TIMER_HELD, log.disk));
  }

  private advance(log: HeldLog, committedThrough: number, releasedThrough: number): void {
    if (committedThrough > log.committedThrough) log.committedThrough = committedThrough;
    if (releasedThrough <= log.releasedThrough) return;
    log.releasedThrough = releasedThrough;
    this.trim(log);
  }

  /** Gives back the space of released records, but not of those whose flash write is still under way. */
  private trim(log: HeldLog): void {
    const { ring, releasedThrough } = log;
    if (ring.next <= releasedThrough) ring.skipTo(releasedThrough + 1);
    let first = ring.first;
    while (first <= releasedThrough && ring.words[ring.at(first) + RECORD_PENDING] !== PENDING_LOCAL) first++;
    if (first === ring.first) return;
    ring.first = first;
    log.space.release(first - 1);
  }

  /** Writes the log's header to flash. */
  private persist(log: HeldLog, operation: number, request: number, to: number, key: number): void {
    const { disk, firstEpoch, epoch, quotaBytes, sealed, serial } = log;
    const firstSequence = log.releasedThrough + 1;
    const header = { disk, firstEpoch, epoch, firstSequence, quotaBytes, sealed };
    this.writeHeader(operation, disk, request, to, serial, header, key);
  }

  /** Writes the header of this host's own log, of a disk that it owns. @param request told to `onOwnHeader` */
  persistOwn(header: LogHeader, request: number): void {
    this.writeHeader(HELD_OWN, header.disk, request, this.state.id, 0, header, header.disk);
  }

  /**
   * Writes a header, or takes it away, when the write before of the same disk's is over: of two in flight at once either
   * could be the one that stays.
   */
  private writeHeader(
    operation: number,
    disk: number,
    request: number,
    to: number,
    serial: number,
    header: LogHeader | undefined,
    key: number,
  ): void {
    const write = () => {
      const { ports, ops } = this.state;
      const token = this.token(operation, disk);
      const op = token - STAGE_HELD;
      ops.words[op + OP_TAG] = to;
      ops.words[op + OP_KEY] = serial;
      ops.numbers[(op >> 2) + OP_START_NS] = request;
      if (header === undefined) ports.medium?.erase(token, disk);
      else ports.medium?.header(token, header);
      ports.flash!.submit(FLASH_WRITE, 0, BLOCK_BYTES, FLASH_FOR_HEADER, token, key);
    };
    const waiting = this.headers.get(disk);
    if (waiting !== undefined) waiting.push(write);
    else {
      this.headers.set(disk, []);
      write();
    }
  }

  private headerWritten(disk: number): void {
    const next = this.headers.get(disk)!.shift();
    if (next === undefined) this.headers.delete(disk);
    else next();
  }

  /** This host's flash has failed, and every log with it. */
  flashGone(): void {
    for (const log of this.logs) if (log !== undefined) this.close(log);
  }

  /** Gives the log up, on flash too. */
  discard(log: HeldLog): void {
    this.erase(log.disk);
    this.close(log);
  }

  /** Takes the header of a disk's log from flash, and with it the log. */
  erase(disk: number): void {
    if (!this.state.hasFlash) return;
    this.writeHeader(HELD_ERASE, disk, 0, this.state.id, 0, undefined, disk);
  }

  private close(log: HeldLog): void {
    log.closing = true;
    this.logs[log.disk] = undefined;
    if (isWriting(log)) this.leaving.push(log);
    else this.finishClosing(log);
  }

  /** An append of a disk that this host has lost is over. */
  sweep(): void {
    for (const log of [...this.leaving]) this.finishClosing(log);
  }

  private finishClosing(log: HeldLog): void {
    if (isWriting(log)) return;
    const at = this.leaving.indexOf(log);
    if (at >= 0) this.leaving.splice(at, 1);
    log.space.close();
    this.state.reservedBuckets -= log.reservedBuckets;
  }

  private token(operation: number, disk: number): number {
    const ops = this.state.ops;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk;
    ops.words[op + OP_OPERATION] = operation;
    return op | STAGE_HELD;
  }

  private replySealed(log: HeldLog, to: number, request: number): void {
    const { ports, options } = this.state;
    const { tail, committedThrough, releasedThrough, isDamaged } = this.sealedLog(log);
    const message = this.answer(
      MESSAGE_SEALED,
      log.disk,
      log.epoch,
      tail,
      request,
      tail < 0 ? STATUS_ERROR : STATUS_OK,
    );

    const fields = ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_FIRST_EPOCH] = log.firstEpoch;
    fields[base + FIELD_KIND] = isDamaged ? 1 : 0;
    fields[base + FIELD_COMMITTED_THROUGH] = committedThrough;
    fields[base + FIELD_RELEASED_THROUGH] = releasedThrough;
    ports.network.send(to, message, options.messageBytes);
  }

  /** Begins an answer. @returns its row */
  private answer(
    type: number,
    disk: number,
    epoch: number,
    sequence: number,
    request: number,
    status: Status,
  ): number {
    const message = this.state.message(type, disk, epoch, request);
    const fields = this.state.ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_SEQUENCE] = sequence;
    fields[base + FIELD_STATUS] = status;
    return message;
  }

  /** @param request of the question; of APPENDED the epoch at which the log began */
  private reply(
    to: number,
    type: number,
    disk: number,
    epoch: number,
    sequence: number,
    request: number,
    status: Status,
  ): void {
    const { ports, options } = this.state;
    const message = this.answer(type, disk, epoch, sequence, request, status);

    if (type === MESSAGE_APPENDED)
      ports.network.fields[message * MESSAGE_FIELDS + FIELD_FIRST_EPOCH] = request;
    ports.network.send(to, message, options.messageBytes);
  }
}
