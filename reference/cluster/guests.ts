/**
 * The virtual machines: they take I/Os from their sources, queue them at their virtual disks, submit them to their
 * host, and record how long each took.
 *
 * Response time runs from the intended arrival, service time from admission by the disk's queue.
 */
import { PARTS } from '../fvp/host-state.ts';
import type { ClockPort, GuestPort, Status } from '../fvp/ports.ts';
import { DOUBLE_ZERO } from '../kernel/double-zero.ts';
import { mergeSparse, type SparseHistogram } from '../kernel/histogram.ts';
import {
  FLAG_FUA,
  FLAG_UNMEASURED,
  IoBatch,
  type IoSource,
  OP_READ,
  OP_WRITE,
  SOURCE_END,
  SOURCE_IDLE,
  SOURCE_READY,
  SOURCE_WAIT,
} from '../kernel/io.ts';
import { Recorder } from '../kernel/recorder.ts';
import type { ClusterContent } from './cluster-content.ts';
import { PartsByLatency } from './parts-by-latency.ts';
import type { HostMachine } from './virtual-runtime.ts';

/** Reads, writes, flushes and discards, as numbered in kernel/io. */
export const KINDS = 4;
/** Low bits of a key are left to the parts of an I/O that is split. */
const KEY_SHIFT = 4;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Columns of a slot; those from OFFSET and FLAGS on are set only while the I/O waits for admission, or always where VMs
 * may be stopped.
 */
const SLOT_NUMBERS = 4;
const ARRIVAL = 0;
const ADMITTED = 1;
const OFFSET = 2;
const BYTES = 3;
const SLOT_WORDS = 8;
const VM = 0;
const DISK = 1;
const OPERATION = 2;
const TAG = 3;
const NEXT = 4;
const FLAGS = 5;
const KEY = 6;
const PAYLOAD = 7;

export interface GuestVm {
  readonly source: IoSource;
  readonly host: HostMachine;
  /** Its place in the scenario. */
  readonly hostIndex: number;
  /** By disk of the source: local number at the host. */
  readonly locals: readonly number[];
}

/** A tag is a slot, and above it how often what was in the slot has been asked anew: an old answer is known by that. */
const TAG_SLOT_BITS = 20;
const TAG_SLOT_MASK = (1 << TAG_SLOT_BITS) - 1;
const TAG_TIMES_MASK = 0x3ff;

export class Guests implements GuestPort {
  /** I/Os that have arrived and not completed. */
  outstanding = 0;
  outstandingMax = 0;
  /** Integral of `outstanding` over time, I/Os x ns. */
  outstandingNs = DOUBLE_ZERO;
  completed = 0;
  failed = 0;
  readBytes = DOUBLE_ZERO;
  writeBytes = DOUBLE_ZERO;
  /** Virtual time of the next arrival; Infinity when none is known. */
  nextArrivalNs = NEVER;
  /** Virtual time of the last completion. */
  lastCompletionNs = DOUBLE_ZERO;
  /** By vm * KINDS + kind. */
  readonly recorders: Recorder[] = [];
  /** Over all VMs. */
  readonly partsByLatency = new PartsByLatency(KINDS);

  private vms: GuestVm[] = [];
  private clock: ClockPort = { nowNs: 0 };
  private readonly queueDepth: number;
  private readonly batches: IoBatch[] = [];
  private batchAt = new Int32Array(0);
  /** Time of each VM's next arrival or question to its source, load time; NEVER while it waits or has ended. */
  private nextAt = new Float64Array(0);
  private ended = new Uint8Array(0);
  private polling = new Uint8Array(0);
  private endedCount = 0;
  private ioCount = new Float64Array(0);
  private keySalt = new Int32Array(0);
  /** Winner tree over `nextAt`: node 1 is the VM with the earliest; leaves start at `leaves`. */
  private winners = new Int32Array(0);
  private leaves = 1;

  /** Virtual disks: first disk of each VM, and by disk: I/Os admitted, and those waiting. */
  private firstDisk = new Int32Array(0);
  private local = new Int32Array(0);
  private admitted = new Int32Array(0);
  private waitHead = new Int32Array(0);
  private waitTail = new Int32Array(0);

  /** Slots of I/Os that have arrived and not completed: SLOT_NUMBERS and SLOT_WORDS elements each. */
  private numbers = new Float64Array(256 * SLOT_NUMBERS);
  private words = new Int32Array(256 * SLOT_WORDS);
  /** What the I/O in a slot has waited for since it was admitted: a bit by part, and PARTS elements each. */
  private partsSeen = new Uint8Array(256);
  private partNs = new Float64Array(256 * PARTS);
  private freeSlot = -1;
  private slotsUsed = 0;

  /** Completions reported by hosts, handled after the host has returned. */
  private done = new Int32Array(256);
  private doneStatus = new Uint8Array(256);
  private doneCount = 0;

  /** Virtual time of the load's start, and load time before which nothing is recorded. */
  private startNs = DOUBLE_ZERO;
  private recordFromNs = DOUBLE_ZERO;
  private lastChangeNs = DOUBLE_ZERO;
  /** Load time after which no more I/Os are taken from the sources. */
  private untilNs = NEVER;
  /** Set: every I/O gets a number as its payload, and the follower is told of it. */
  private content: ClusterContent | null = null;
  private nextPayload = 1;
  /** VMs may be stopped and run again elsewhere: everything that asking anew needs is kept. */
  private readonly mayStop: boolean;
  /** By VM: it is stopped, or about to move. */
  private down = new Uint8Array(0);
  /** By slot, where VMs may stop: how often its I/O has been asked anew. */
  private readonly times: number[] = [];
  private readonly inUse: boolean[] = [];

  /** @param queueDepth most I/Os of a virtual disk under way at once */
  constructor(queueDepth: number, mayStop = false) {
    this.queueDepth = queueDepth;
    this.mayStop = mayStop;
  }

  /** Gives the guests their machines and their clock; once, before `start`. */
  attach(vms: readonly GuestVm[], clock: ClockPort): void {
    this.vms = [...vms];
    this.clock = clock;
    const count = vms.length;
    this.batchAt = new Int32Array(count);
    this.nextAt = new Float64Array(count).fill(NEVER);
    this.ended = new Uint8Array(count);
    this.polling = new Uint8Array(count);
    this.down = new Uint8Array(count);
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
        this.recorders.push(new Recorder());
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

  /** Begins the load. */
  start(warmupNs: number, untilNs: number, content: ClusterContent | null): void {
    const nowNs = this.clock.nowNs;
    this.startNs = nowNs;
    this.lastCompletionNs = nowNs;
    this.recordFromNs = warmupNs;
    this.untilNs = untilNs;
    this.lastChangeNs = nowNs;
    this.content = content;
    for (let vm = 0; vm < this.vms.length; vm++) this.poll(vm, 0);
  }

  /** No source has anything more and every I/O is complete. */
  get finished(): boolean {
    return this.endedCount === this.vms.length && this.outstanding === 0;
  }

  /** Load time may never pass this: nothing is under way and a source waits for a completion all the same. */
  get stuck(): boolean {
    return this.outstanding === 0 && this.endedCount < this.vms.length && this.nextArrivalNs === NEVER;
  }

  /** The next arrival is due: takes it in. */
  arrive(): void {
    const nowNs = this.clock.nowNs;
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
    const arrivalNs = batch.arrivalNs[at]!;
    const bytes = batch.lengthBytes[at]!;
    const key = this.keySalt[vm]! ^ (this.ioCount[vm]!++ << KEY_SHIFT);
    const payload = this.content === null || this.mayStop ? 0 : this.nextPayload++;
    const words = this.words;
    const word = slot * SLOT_WORDS;
    // What is not to be measured has no arrival that a comparison would let pass.
    this.numbers[slot * SLOT_NUMBERS + ARRIVAL] =
      (batch.flags[at]! & FLAG_UNMEASURED) === 0 ? arrivalNs : Number.NaN;
    words[word + VM] = vm;
    words[word + DISK] = disk;
    words[word + OPERATION] = operation;
    words[word + TAG] = batch.tag[at]!;
    words[word + PAYLOAD] = payload;
    if (this.content !== null && !this.mayStop)
      this.content.guestSubmitted(
        this.vms[vm]!.hostIndex,
        disk,
        operation,
        batch.offset[at]!,
        bytes,
        payload,
      );
    if (arrivalNs >= this.recordFromNs) {
      if (operation === OP_READ) this.readBytes += bytes;
      else if (operation === OP_WRITE) this.writeBytes += bytes;
    }
    this.outstandingNs += this.outstanding * (nowNs - this.lastChangeNs);
    this.lastChangeNs = nowNs;
    if (++this.outstanding > this.outstandingMax) this.outstandingMax = this.outstanding;
    const flags = batch.flags[at]! & FLAG_FUA;
    if (this.mayStop) {
      this.keep(slot, batch.offset[at]!, bytes, flags, key);
      this.queue(disk, slot);
      if (this.down[vm] === 0 && this.admitted[disk]! < this.queueDepth) this.admitWaiting(disk, loadNs);
    } else if (this.admitted[disk]! < this.queueDepth) {
      this.admitted[disk]!++;
      this.numbers[slot * SLOT_NUMBERS + ADMITTED] = loadNs;
      this.partsSeen[slot] = 0;
      const { host } = this.vms[vm]!;
      host.submit(this.local[disk]!, operation, batch.offset[at]!, bytes, flags, slot, key, payload);
    } else {
      this.keep(slot, batch.offset[at]!, bytes, flags, key);
      this.queue(disk, slot);
    }
    if (this.batchAt[vm]! < batch.length) {
      const nextNs = batch.arrivalNs[this.batchAt[vm]!]!;
      this.nextAt[vm] = nextNs < loadNs ? loadNs : nextNs;
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

  /** As `complete`, where VMs may stop: an answer to what has been asked anew since is dropped. */
  completeOnce(tag: number, status: Status): void {
    const slot = tag & TAG_SLOT_MASK;
    if (this.inUse[slot] !== true || tag >>> TAG_SLOT_BITS !== (this.times[slot]! & TAG_TIMES_MASK)) return;
    this.inUse[slot] = false;
    this.complete(slot, status);
  }

  /** The I/O has waited for a part of what is behind the virtual disk. */
  waited(slot: number, part: number, ns: number): void {
    const bit = 1 << part;
    const seen = this.partsSeen[slot]!;
    if ((seen & bit) === 0) {
      this.partsSeen[slot] = seen | bit;
      this.partNs[slot * PARTS + part] = ns;
    } else this.partNs[slot * PARTS + part]! += ns;
  }

  /** As `waited`, where VMs may stop. */
  waitedOnce(tag: number, part: number, ns: number): void {
    const slot = tag & TAG_SLOT_MASK;
    if (this.inUse[slot] === true && tag >>> TAG_SLOT_BITS === (this.times[slot]! & TAG_TIMES_MASK))
      this.waited(slot, part, ns);
  }

  /** The VM is stopped: what it had under way is forgotten, and asked anew when it runs again. */
  stop(vm: number): void {
    this.down[vm] = 1;
    const { words, numbers } = this;
    const again: number[] = [];
    for (let slot = 0; slot < this.slotsUsed; slot++) {
      if (this.inUse[slot] !== true || words[slot * SLOT_WORDS + VM] !== vm) continue;
      this.inUse[slot] = false;
      this.content?.guestAborted(words[slot * SLOT_WORDS + PAYLOAD]!);
      this.admitted[words[slot * SLOT_WORDS + DISK]!]!--;
      again.push(slot);
    }
    // Before those that had not been asked yet, in the order of their arrival.
    again.sort(
      (a, b) => numbers[b * SLOT_NUMBERS + ARRIVAL]! - numbers[a * SLOT_NUMBERS + ARRIVAL]! || b - a,
    );
    for (const slot of again) {
      const word = slot * SLOT_WORDS;
      const disk = words[word + DISK]!;
      this.times[slot]!++;
      words[word + NEXT] = this.waitHead[disk]!;
      if (this.waitHead[disk]! < 0) this.waitTail[disk] = slot;
      this.waitHead[disk] = slot;
    }
  }

  /** The VM asks nothing more for now; what it has under way goes on. */
  hold(vm: number): void {
    this.down[vm] = 1;
  }

  /** I/Os of the VM that its host has and has not answered. */
  underWay(vm: number): number {
    const first = this.firstDisk[vm]!;
    let count = 0;
    for (let disk = first; disk < first + this.vms[vm]!.locals.length; disk++) count += this.admitted[disk]!;
    return count;
  }

  /** I/Os of the VM that have arrived and are not complete. */
  open(vm: number): number {
    const first = this.firstDisk[vm]!;
    let count = this.underWay(vm);
    for (let disk = first; disk < first + this.vms[vm]!.locals.length; disk++)
      for (let slot = this.waitHead[disk]!; slot >= 0; slot = this.words[slot * SLOT_WORDS + NEXT]!) count++;
    return count;
  }

  /** The VM runs, on this host; `locals` as in GuestVm. */
  resume(vm: number, host: HostMachine, hostIndex: number, locals: readonly number[]): void {
    this.vms[vm] = { ...this.vms[vm]!, host, hostIndex, locals };
    const first = this.firstDisk[vm]!;
    this.local.set(locals, first);
    this.down[vm] = 0;
    const loadNs = this.clock.nowNs - this.startNs;
    for (let disk = first; disk < first + locals.length; disk++) {
      this.content?.guestsResumed(disk);
      while (this.down[vm] === 0 && this.waitHead[disk]! >= 0 && this.admitted[disk]! < this.queueDepth)
        this.admitWaiting(disk, loadNs);
    }
  }

  /** The VM never runs again: what it waits for fails, and it asks nothing more. */
  kill(vm: number): void {
    this.stop(vm);
    const first = this.firstDisk[vm]!;
    for (let disk = first; disk < first + this.vms[vm]!.locals.length; disk++) {
      for (let slot = this.waitHead[disk]!; slot >= 0; slot = this.words[slot * SLOT_WORDS + NEXT]!) {
        this.outstanding--;
        this.failed++;
      }
      this.waitHead[disk] = -1;
      this.waitTail[disk] = -1;
    }
    this.end(vm);
    this.replay(vm);
  }

  /** Records what has completed, admits what waited, and tells the sources. */
  settle(): void {
    const nowNs = this.clock.nowNs;
    const loadNs = nowNs - this.startNs;
    for (let i = 0; i < this.doneCount; i++) {
      const slot = this.done[i]!;
      const words = this.words;
      const word = slot * SLOT_WORDS;
      const vm = words[word + VM]!;
      const disk = words[word + DISK]!;
      const arrivalNs = this.numbers[slot * SLOT_NUMBERS + ARRIVAL]!;
      if (this.doneStatus[i] !== 0) this.failed++;
      if (this.content !== null)
        this.content.guestCompleted(words[word + PAYLOAD]!, this.doneStatus[i]! as Status);
      if (arrivalNs >= this.recordFromNs) {
        const admittedNs = this.numbers[slot * SLOT_NUMBERS + ADMITTED]!;
        const operation = words[word + OPERATION]!;
        const responseNs = loadNs - arrivalNs;
        const index = this.recorders[vm * KINDS + operation]!.record(responseNs, loadNs - admittedNs);
        this.partsByLatency.record(
          operation,
          index,
          admittedNs - arrivalNs,
          this.partsSeen[slot]!,
          this.partNs,
          slot * PARTS,
        );
      }
      this.completed++;
      this.outstandingNs += this.outstanding * (nowNs - this.lastChangeNs);
      this.lastChangeNs = nowNs;
      this.outstanding--;
      const tag = words[word + TAG]!;
      words[word + NEXT] = this.freeSlot;
      this.freeSlot = slot;
      this.admitted[disk]!--;
      if (this.waitHead[disk]! >= 0 && this.down[vm] === 0) this.admitWaiting(disk, loadNs);
      const { source } = this.vms[vm]!;
      if (source.wantsCompletions) {
        source.completed(tag, loadNs);
        // A completion can bring the next arrival before the time until which the source was idle.
        const asks = this.nextAt[vm] === NEVER || this.polling[vm] !== 0;
        if (asks && this.ended[vm] === 0) this.poll(vm, loadNs);
      }
    }
    this.doneCount = 0;
    this.lastCompletionNs = nowNs;
  }

  get hasCompletions(): boolean {
    return this.doneCount !== 0;
  }

  /** Ends an interval. @returns its response and service times by kind, merged over VMs */
  fold(): { response: SparseHistogram; service: SparseHistogram }[] {
    const kinds = this.recorders.slice(0, KINDS).map((recorder) => recorder.fold());
    for (let i = KINDS; i < this.recorders.length; i++) {
      const { response, service } = this.recorders[i]!.fold();
      const kind = kinds[i % KINDS]!;
      kind.response = mergeSparse(kind.response, response);
      kind.service = mergeSparse(kind.service, service);
    }
    return kinds;
  }

  /** Keeps what the host will have to be told. */
  private keep(slot: number, offset: number, bytes: number, flags: number, key: number): void {
    const number = slot * SLOT_NUMBERS;
    const word = slot * SLOT_WORDS;
    this.numbers[number + OFFSET] = offset;
    this.numbers[number + BYTES] = bytes;
    this.words[word + FLAGS] = flags;
    this.words[word + KEY] = key;
  }

  private queue(disk: number, slot: number): void {
    this.words[slot * SLOT_WORDS + NEXT] = -1;
    if (this.waitHead[disk]! < 0) this.waitHead[disk] = slot;
    else this.words[this.waitTail[disk]! * SLOT_WORDS + NEXT] = slot;
    this.waitTail[disk] = slot;
  }

  /** Admits the disk's oldest waiting I/O. */
  private admitWaiting(disk: number, loadNs: number): void {
    const slot = this.waitHead[disk]!;
    const { numbers, words } = this;
    const word = slot * SLOT_WORDS;
    const number = slot * SLOT_NUMBERS;
    this.waitHead[disk] = words[word + NEXT]!;
    this.admitted[disk]!++;
    numbers[number + ADMITTED] = loadNs;
    this.partsSeen[slot] = 0;
    const vm = words[word + VM]!;
    const tag = this.mayStop ? this.ask(vm, disk, slot) : slot;
    this.vms[vm]!.host.submit(
      this.local[disk]!,
      words[word + OPERATION]!,
      numbers[number + OFFSET]!,
      numbers[number + BYTES]!,
      words[word + FLAGS]!,
      tag,
      words[word + KEY]!,
      words[word + PAYLOAD]!,
    );
  }

  /** Where VMs may stop, an I/O gets a payload each time it is asked for. @returns its tag this time */
  private ask(vm: number, disk: number, slot: number): number {
    const { numbers, words } = this;
    const word = slot * SLOT_WORDS;
    this.inUse[slot] = true;
    this.times[slot] ??= 0;
    if (this.content !== null) {
      const payload = this.nextPayload++;
      words[word + PAYLOAD] = payload;
      const { hostIndex } = this.vms[vm]!;
      const number = slot * SLOT_NUMBERS;
      const operation = words[word + OPERATION]!;
      this.content.guestSubmitted(
        hostIndex,
        disk,
        operation,
        numbers[number + OFFSET]!,
        numbers[number + BYTES]!,
        payload,
      );
    }
    return slot | ((this.times[slot]! & TAG_TIMES_MASK) << TAG_SLOT_BITS);
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
    this.nextArrivalNs = nextAt[winners[1]!]! + this.startNs;
  }

  private takeFreeSlot(): number {
    const slot = this.freeSlot;
    this.freeSlot = this.words[slot * SLOT_WORDS + NEXT]!;
    return slot;
  }

  private newSlot(): number {
    if (this.slotsUsed * SLOT_WORDS === this.words.length) {
      const numbers = new Float64Array(this.numbers.length * 2);
      numbers.set(this.numbers);
      this.numbers = numbers;
      const words = new Int32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
      const partsSeen = new Uint8Array(this.partsSeen.length * 2);
      partsSeen.set(this.partsSeen);
      this.partsSeen = partsSeen;
      const partNs = new Float64Array(this.partNs.length * 2);
      partNs.set(this.partNs);
      this.partNs = partNs;
    }
    return this.slotsUsed++;
  }
}
