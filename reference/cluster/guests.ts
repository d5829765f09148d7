/**
 * The virtual machines: they take I/Os from their sources, queue them at their virtual disks, submit them to their
 * host, and record how long each took.
 *
 * Response time runs from the intended arrival, service time from admission by the disk's queue.
 */
import type { GuestPort, Status } from '../fvp/ports.ts';
import { LatencyHistogram } from '../kernel/histogram.ts';
import {
  FLAG_FUA,
  IoBatch,
  type IoSource,
  OP_DISCARD,
  OP_READ,
  OP_WRITE,
  SOURCE_END,
  SOURCE_IDLE,
  SOURCE_READY,
  SOURCE_WAIT,
} from '../kernel/io.ts';
import { Recorder } from '../kernel/recorder.ts';
import type { HostMachine } from './virtual-runtime.ts';

/** Reads, writes, flushes and discards, as numbered in kernel/io. */
export const KINDS = 4;
/** Low bits of a key are left to the parts of an I/O that is split. */
const KEY_SHIFT = 4;
const NEVER = Number.POSITIVE_INFINITY;

export interface GuestVm {
  readonly source: IoSource;
  readonly host: HostMachine;
  /** By disk of the source: local number at the host. */
  readonly locals: readonly number[];
}

export class Guests implements GuestPort {
  /** I/Os that have arrived and not completed. */
  outstanding = 0;
  outstandingMax = 0;
  /** Integral of `outstanding` over time, I/Os x ns. */
  outstandingNs = 0;
  completed = 0;
  failed = 0;
  readBytes = 0;
  writeBytes = 0;
  /** Virtual time of the last completion. */
  lastCompletionNs = 0;
  /** By vm * KINDS + kind. */
  readonly response: Recorder[] = [];
  readonly service: Recorder[] = [];

  private readonly vms: readonly GuestVm[];
  private readonly queueDepth: number;
  private readonly batches: IoBatch[] = [];
  private readonly batchAt: Int32Array;
  /** Time of each VM's next arrival or question to its source, load time; NEVER while it waits or has ended. */
  private readonly nextAt: Float64Array;
  private readonly ended: Uint8Array;
  private readonly polling: Uint8Array;
  private endedCount = 0;
  private readonly ioCount: Float64Array;
  private readonly keySalt: Int32Array;
  /** Winner tree over `nextAt`: node 1 is the VM with the earliest; leaves start at `leaves`. */
  private readonly winners: Int32Array;
  private readonly leaves: number;

  /** Virtual disks: first disk of each VM, and by disk: I/Os admitted, and those waiting. */
  private readonly firstDisk: Int32Array;
  private readonly local: Int32Array;
  private readonly admitted: Int32Array;
  private readonly waitHead: Int32Array;
  private readonly waitTail: Int32Array;

  /** Slots of I/Os that have arrived and not completed. */
  private slotArrival = new Float64Array(256);
  private slotAdmitted = new Float64Array(256);
  private slotOffset = new Float64Array(256);
  private slotBytes = new Float64Array(256);
  private slotVm = new Int32Array(256);
  private slotDisk = new Int32Array(256);
  private slotOperation = new Uint8Array(256);
  private slotFlags = new Uint8Array(256);
  private slotTag = new Int32Array(256);
  private slotKey = new Int32Array(256);
  private slotNext = new Int32Array(256);
  private slotPayload = new Int32Array(256);
  private freeSlot = -1;
  private slotsUsed = 0;

  /** Completions reported by hosts, handled after the host has returned. */
  private done = new Int32Array(256);
  private doneStatus = new Uint8Array(256);
  private doneCount = 0;

  /** Virtual time of the load's start, and load time before which nothing is recorded. */
  private startNs = 0;
  private recordFromNs = 0;
  private lastChangeNs = 0;
  /** Load time after which no more I/Os are taken from the sources. */
  private untilNs = NEVER;
  private payloads = false;
  private nextPayload = 1;

  constructor(vms: readonly GuestVm[], queueDepth: number) {
    this.vms = vms;
    this.queueDepth = queueDepth;
    const count = vms.length;
    this.batchAt = new Int32Array(count);
    this.nextAt = new Float64Array(count).fill(NEVER);
    this.ended = new Uint8Array(count);
    this.polling = new Uint8Array(count);
    this.ioCount = new Float64Array(count);
    this.keySalt = new Int32Array(count);
    this.firstDisk = new Int32Array(count);
    let disks = 0;
    for (let vm = 0; vm < count; vm++) {
      this.batches.push(new IoBatch());
      this.keySalt[vm] = Math.imul(vm, 0x9e3779b1) & ~((1 << KEY_SHIFT) - 1);
      this.firstDisk[vm] = disks;
      disks += vms[vm]!.locals.length;
      for (let kind = 0; kind < KINDS; kind++) {
        this.response.push(new Recorder());
        this.service.push(new Recorder());
      }
    }
    this.local = new Int32Array(disks);
    this.admitted = new Int32Array(disks);
    this.waitHead = new Int32Array(disks).fill(-1);
    this.waitTail = new Int32Array(disks).fill(-1);
    for (let vm = 0; vm < count; vm++) this.local.set(vms[vm]!.locals, this.firstDisk[vm]!);
    let leaves = 1;
    while (leaves < count) leaves *= 2;
    this.leaves = leaves;
    this.winners = new Int32Array(2 * leaves).fill(-1);
    for (let vm = 0; vm < count; vm++) this.winners[leaves + vm] = vm;
  }

  /** Begins the load. @param payloads number each I/O, so that its data can be followed */
  start(nowNs: number, warmupNs: number, untilNs: number, payloads: boolean): void {
    this.startNs = nowNs;
    this.recordFromNs = warmupNs;
    this.untilNs = untilNs;
    this.lastChangeNs = nowNs;
    this.payloads = payloads;
    for (let vm = 0; vm < this.vms.length; vm++) this.poll(vm, 0);
  }

  /** Virtual time of the next arrival; Infinity when none is known. */
  nextArrivalNs(): number {
    return this.nextAt[this.winners[1]!]! + this.startNs;
  }

  /** No source has anything more and every I/O is complete. */
  get finished(): boolean {
    return this.endedCount === this.vms.length && this.outstanding === 0;
  }

  /** Load time may never pass this: nothing is under way and a source waits for a completion all the same. */
  get stuck(): boolean {
    return this.outstanding === 0 && this.endedCount < this.vms.length && this.nextArrivalNs() === NEVER;
  }

  /** The next arrival is due: takes it in. */
  arrive(nowNs: number): void {
    const vm = this.winners[1]!;
    const loadNs = nowNs - this.startNs;
    if (this.polling[vm] !== 0) {
      this.poll(vm, loadNs);
      return;
    }
    const batch = this.batches[vm]!;
    const at = this.batchAt[vm]!++;
    const slot = this.freeSlot >= 0 ? this.takeFreeSlot() : this.newSlot();
    const disk = this.firstDisk[vm]! + batch.disk[at]!;
    const operation = batch.op[at]!;
    const io = this.ioCount[vm]!++;
    this.slotArrival[slot] = batch.arrivalNs[at]!;
    this.slotOffset[slot] = batch.offset[at]!;
    this.slotBytes[slot] = batch.lengthBytes[at]!;
    this.slotVm[slot] = vm;
    this.slotDisk[slot] = disk;
    this.slotOperation[slot] = operation;
    this.slotFlags[slot] = batch.flags[at]! & FLAG_FUA;
    this.slotTag[slot] = batch.tag[at]!;
    this.slotKey[slot] = this.keySalt[vm]! ^ (io << KEY_SHIFT);
    this.slotPayload[slot] = this.payloads ? this.nextPayload++ : 0;
    this.changeOutstanding(nowNs, 1);
    if (this.admitted[disk]! < this.queueDepth) this.admit(slot, disk, loadNs);
    else {
      this.slotNext[slot] = -1;
      if (this.waitHead[disk]! < 0) this.waitHead[disk] = slot;
      else this.slotNext[this.waitTail[disk]!] = slot;
      this.waitTail[disk] = slot;
    }
    if (this.batchAt[vm]! < batch.length) {
      this.nextAt[vm] = batch.arrivalNs[this.batchAt[vm]!]!;
      this.cutOff(vm);
      this.replay(vm);
    } else this.poll(vm, loadNs);
  }

  /** A host has finished an I/O. Handled by `settle`, since hosts must not be called from within. */
  complete(tag: number, status: Status): void {
    if (this.doneCount === this.done.length) {
      const done = new Int32Array(this.doneCount * 2);
      done.set(this.done);
      this.done = done;
      const doneStatus = new Uint8Array(this.doneCount * 2);
      doneStatus.set(this.doneStatus);
      this.doneStatus = doneStatus;
    }
    this.done[this.doneCount] = tag;
    this.doneStatus[this.doneCount++] = status;
  }

  /** Records what has completed, admits what waited, and tells the sources. */
  settle(nowNs: number): void {
    const loadNs = nowNs - this.startNs;
    for (let i = 0; i < this.doneCount; i++) {
      const slot = this.done[i]!;
      const vm = this.slotVm[slot]!;
      const disk = this.slotDisk[slot]!;
      const operation = this.slotOperation[slot]!;
      const arrivalNs = this.slotArrival[slot]!;
      if (this.doneStatus[i] !== 0) this.failed++;
      if (arrivalNs >= this.recordFromNs) {
        const recorder = vm * KINDS + operation;
        this.response[recorder]!.current.record(loadNs - arrivalNs);
        this.service[recorder]!.current.record(loadNs - this.slotAdmitted[slot]!);
        if (operation === OP_READ) this.readBytes += this.slotBytes[slot]!;
        else if (operation === OP_WRITE) this.writeBytes += this.slotBytes[slot]!;
      }
      this.completed++;
      this.changeOutstanding(nowNs, -1);
      const tag = this.slotTag[slot]!;
      this.slotNext[slot] = this.freeSlot;
      this.freeSlot = slot;
      this.admitted[disk]!--;
      const waiting = this.waitHead[disk]!;
      if (waiting >= 0) {
        this.waitHead[disk] = this.slotNext[waiting]!;
        this.admit(waiting, disk, loadNs);
      }
      const { source } = this.vms[vm]!;
      if (source.wantsCompletions) {
        source.completed(tag, loadNs);
        if (this.nextAt[vm] === NEVER && this.ended[vm] === 0) this.poll(vm, loadNs);
      }
    }
    this.doneCount = 0;
    this.lastCompletionNs = nowNs;
  }

  get hasCompletions(): boolean {
    return this.doneCount !== 0;
  }

  /** Ends an interval: adds each VM's recordings to `response` and `service`, by kind. */
  fold(response: readonly LatencyHistogram[], service: readonly LatencyHistogram[]): void {
    for (let i = 0; i < this.response.length; i++) {
      this.response[i]!.fold(response[i % KINDS]!);
      this.service[i]!.fold(service[i % KINDS]!);
    }
  }

  private admit(slot: number, disk: number, loadNs: number): void {
    this.admitted[disk]!++;
    this.slotAdmitted[slot] = loadNs;
    const operation = this.slotOperation[slot]!;
    this.vms[this.slotVm[slot]!]!.host.submit(
      this.local[disk]!,
      operation,
      this.slotOffset[slot]!,
      this.slotBytes[slot]!,
      this.slotFlags[slot]!,
      slot,
      this.slotKey[slot]!,
      operation === OP_DISCARD ? 0 : this.slotPayload[slot]!,
    );
  }

  /** Asks a source for more. */
  private poll(vm: number, loadNs: number): void {
    const batch = this.batches[vm]!;
    batch.length = 0;
    this.batchAt[vm] = 0;
    this.polling[vm] = 0;
    switch (this.vms[vm]!.source.next(loadNs, batch)) {
      case SOURCE_READY:
        this.nextAt[vm] = batch.arrivalNs[0]! < loadNs ? loadNs : batch.arrivalNs[0]!;
        break;
      case SOURCE_IDLE:
        this.nextAt[vm] = batch.idleUntilNs;
        this.polling[vm] = 1;
        break;
      case SOURCE_WAIT:
        this.nextAt[vm] = NEVER;
        break;
      case SOURCE_END:
        this.end(vm);
        break;
    }
    this.cutOff(vm);
    this.replay(vm);
  }

  private end(vm: number): void {
    this.nextAt[vm] = NEVER;
    if (this.ended[vm] !== 0) return;
    this.ended[vm] = 1;
    this.endedCount++;
  }

  /** Takes nothing that would arrive at or after the end of the load. */
  private cutOff(vm: number): void {
    if (this.nextAt[vm]! >= this.untilNs && this.nextAt[vm] !== NEVER) this.end(vm);
  }

  /** Plays the winner tree again from one leaf up. */
  private replay(vm: number): void {
    const { winners, nextAt } = this;
    let node = (this.leaves + vm) >> 1;
    while (node >= 1) {
      const left = winners[2 * node]!;
      const right = winners[2 * node + 1]!;
      winners[node] = right < 0 || (left >= 0 && nextAt[left]! <= nextAt[right]!) ? left : right;
      node >>= 1;
    }
  }

  private changeOutstanding(nowNs: number, change: number): void {
    this.outstandingNs += this.outstanding * (nowNs - this.lastChangeNs);
    this.lastChangeNs = nowNs;
    this.outstanding += change;
    if (this.outstanding > this.outstandingMax) this.outstandingMax = this.outstanding;
  }

  private takeFreeSlot(): number {
    const slot = this.freeSlot;
    this.freeSlot = this.slotNext[slot]!;
    return slot;
  }

  private newSlot(): number {
    if (this.slotsUsed === this.slotArrival.length) {
      const capacity = this.slotsUsed * 2;
      const float64 = (array: Float64Array) => {
        const grown = new Float64Array(capacity);
        grown.set(array);
        return grown;
      };
      const int32 = (array: Int32Array) => {
        const grown = new Int32Array(capacity);
        grown.set(array);
        return grown;
      };
      const uint8 = (array: Uint8Array) => {
        const grown = new Uint8Array(capacity);
        grown.set(array);
        return grown;
      };
      this.slotArrival = float64(this.slotArrival);
      this.slotAdmitted = float64(this.slotAdmitted);
      this.slotOffset = float64(this.slotOffset);
      this.slotBytes = float64(this.slotBytes);
      this.slotVm = int32(this.slotVm);
      this.slotDisk = int32(this.slotDisk);
      this.slotOperation = uint8(this.slotOperation);
      this.slotFlags = uint8(this.slotFlags);
      this.slotTag = int32(this.slotTag);
      this.slotKey = int32(this.slotKey);
      this.slotNext = int32(this.slotNext);
      this.slotPayload = int32(this.slotPayload);
    }
    return this.slotsUsed++;
  }
}
