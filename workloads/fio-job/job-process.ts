/**
 * One process of a fio job: decides what it issues next and when, as fio's main loop does, in virtual time and without
 * a line of its own for each I/O. Submitting takes no time.
 *
 * @source fio 3.33 and 3.42: backend.c (do_io, thread_main, handle_thinktime), io_u.c (get_io_u and what it calls)
 */
import {
  FLAG_FUA,
  FLAG_UNMEASURED,
  type IoBatch,
  OP_DISCARD,
  OP_FLUSH,
  OP_READ,
  OP_WRITE,
  type RowBlock,
  type RowCursor,
} from '../../reference/kernel/io.ts';
import { processSeeds, STREAM_MIX, STREAM_START_DELAY, Tausworthe } from './fio-random.ts';
import { JobLimits } from './job-limits.ts';
import { type PlannedProcess, READ, TRIM, usesDirection, WRITE } from './job-plan.ts';
import { LatencySearch } from './latency-search.ts';
import { Placement } from './placement.ts';
import { RateClock } from './rate-clock.ts';

const DIRECTION_OPS = [OP_READ, OP_WRITE, OP_DISCARD] as const;
/** A slot that holds a flush. */
const FLUSH = 3;
const NEVER = Number.POSITIVE_INFINITY;
/** Parts of the runtime in which lateness is kept: a verdict looks for a trend in the last ten. */
const LATE_PARTS = 30;

/** What a process waits for. */
const WAIT_NOTHING = 0;
const WAIT_TIME = 1;
/** Until every I/O under way has completed. */
const WAIT_ALL = 2;
/** Until fio would have reaped enough. */
const WAIT_REAP = 3;
const WAIT_FLUSH = 4;

/** What it does when it need not wait any more. */
const DO_BEGIN = 0;
const DO_CHOOSE = 1;
const DO_SLEEP_FOR_RATE = 2;
const DO_PLACE = 3;
const DO_AFTER_ISSUE = 4;
const DO_SLEEP_FOR_THINKTIME = 5;
const DO_AFTER_THINKTIME = 6;
const DO_END_PASS = 7;
const DO_END_FLUSHES = 8;
const DO_NEXT_PASS = 9;
const DO_NOTHING = 10;

export interface ProcessRun {
  readonly seed: number;
  /** Added to thread numbers, so that every VM draws otherwise. */
  readonly threadsBefore: number;
  /** Disks before those of the process's iolog. */
  readonly firstDisk: number;
  /** Rows of `read_iolog`. */
  readonly rows: RowCursor | undefined;
}

/** What a process came to, for the notes of a run. */
export interface ProcessOutcome {
  readonly job: string;
  /** I/Os of a rate that were issued later than meant, and by how much at most. */
  readonly lateIos: number;
  readonly latestNs: number;
  readonly ratedIos: number;
  /** Mean lateness in equal parts of the runtime; undefined without a runtime or a rate. */
  readonly lateNsByPart: readonly number[] | undefined;
  /** Of `max_latency` or `rate_min`: when it was not kept, since the job began, and how. */
  readonly failure: { readonly afterNs: number; readonly why: string } | undefined;
  /** Of `latency_target`: the depth found; undefined where none was looked for. */
  readonly search: { readonly iodepth: number; readonly settled: boolean; readonly met: boolean } | undefined;
}

export class JobProcess {
  readonly plan: PlannedProcess;
  /** Not before `begin`, no more after the end. */
  running = false;
  finished = false;
  /** The time until which there is nothing to do unless an I/O completes. */
  wakeNs = NEVER;
  /** Reads, writes, trims: I/Os, bytes and time (issue to completion) of those that have completed. */
  readonly doneIos = new Float64Array(3);
  readonly doneBytes = new Float64Array(3);
  doneLatencyNs = 0;

  private readonly seeds: Int32Array;
  private readonly placement: Placement;
  private readonly rates: RateClock;
  private readonly mix: Tausworthe;
  private readonly isRandom: boolean;
  private readonly isMixed: boolean;
  private readonly isTrimWrite: boolean;
  private readonly onlyDirection: number;
  private readonly maxBytes: number;

  private wait = WAIT_NOTHING;
  private next = DO_BEGIN;
  private beganNs = 0;
  private epochNs = 0;
  private ramping = false;
  private terminated = false;
  private ended = false;
  private loopsLeft: number;

  private readonly issues = new Float64Array(3);
  private readonly issuedBytes = new Float64Array(3);
  private passBytes = 0;
  private passDoneBefore = 0;
  private mixDirection = READ;
  private mixUntil = 0;
  private lastIssued = -1;

  private chosen = READ;
  private intendedNs = 0;
  private sleptUntilNs = 0;

  private lastThinkIos = 0;
  private lastThinkNs = 0;

  private endFlushAt = 0;

  private readonly slotIssuedNs: Float64Array;
  private readonly slotBytes: Float64Array;
  private readonly slotKind: Uint8Array;
  private readonly freeSlots: Int32Array;
  private freeCount: number;
  private underWay = 0;
  private unreaped = 0;
  private flushes = 0;
  private readonly search: LatencySearch | undefined;
  private readonly limits: JobLimits;
  private failedAfterNs = 0;

  private readonly rows: RowCursor | undefined;
  private readonly firstDisk: number;
  private row: RowBlock | undefined;
  private rowAt = 0;

  private lateIos = 0;
  private readonly lateNs = new Float64Array(LATE_PARTS);
  private readonly latePartIos = new Float64Array(LATE_PARTS);
  private latestNs = 0;
  private ratedTotal = 0;

  constructor(plan: PlannedProcess, run: ProcessRun) {
    this.plan = plan;
    const { settings } = plan;
    const thread = plan.threadNumber + run.threadsBefore;
    const seeds = processSeeds(thread, plan.randSeedSaid ? settings.randSeed : undefined, run.seed);
    this.seeds = seeds;
    this.placement = new Placement(plan, seeds, thread);
    this.rates = new RateClock(plan, seeds);
    this.mix = new Tausworthe(seeds[STREAM_MIX]!);
    this.isRandom = settings.rw.startsWith('rand');
    this.isMixed = settings.rw === 'rw' || settings.rw === 'randrw';
    this.isTrimWrite = settings.rw.endsWith('trimwrite');
    this.onlyDirection = [READ, WRITE, TRIM].find((direction) => usesDirection(settings, direction)) ?? READ;
    this.maxBytes = Math.max(...settings.blocks.map(({ maxBytes }) => maxBytes));
    this.loopsLeft = settings.loops;
    const slots = plan.iodepth + 1;
    this.slotIssuedNs = new Float64Array(slots);
    this.slotBytes = new Float64Array(slots);
    this.slotKind = new Uint8Array(slots);
    this.freeSlots = Int32Array.from({ length: slots }, (_, slot) => slots - 1 - slot);
    this.freeCount = slots;
    this.search = settings.latencyTargetNs > 0 ? new LatencySearch(settings, plan.iodepth) : undefined;
    this.limits = new JobLimits(settings);
    this.rows = run.rows;
    this.firstDisk = run.firstDisk;
  }

  /** Slots its I/Os are numbered by. */
  get slots(): number {
    return this.slotKind.length;
  }

  /** `startdelay`, drawn where it is a range. */
  get startDelayNs(): number {
    const { low, high } = this.plan.settings.startDelayNs;
    if (high <= low) return low;
    const drawn = new Tausworthe(this.seeds[STREAM_START_DELAY]!).next() / 2 ** 32;
    return low + Math.floor(drawn * (high - low + 1000));
  }

  /** Whether it ended with an error, as fio's does where a limit is not kept. */
  get failed(): boolean {
    return this.limits.failure !== undefined;
  }

  outcome(): ProcessOutcome {
    const { search } = this;
    const { failure } = this.limits;
    return {
      job: this.plan.job,
      lateIos: this.lateIos,
      latestNs: this.latestNs,
      ratedIos: this.ratedTotal,
      lateNsByPart:
        this.ratedTotal === 0 || this.plan.settings.runtimeNs === 0
          ? undefined
          : Array.from(this.lateNs, (sumNs, part) => sumNs / Math.max(1, this.latePartIos[part]!)),
      failure: failure === undefined ? undefined : { afterNs: this.failedAfterNs, why: failure },
      search:
        search === undefined
          ? undefined
          : { iodepth: search.iodepth, settled: search.final, met: search.everMet },
    };
  }

  begin(nowNs: number): void {
    this.running = true;
    this.beganNs = nowNs;
    this.epochNs = nowNs;
    this.lastThinkNs = nowNs;
    this.ramping = this.plan.settings.rampTimeNs > 0;
    this.search?.begin(nowNs, this.completedIos());
    this.next = DO_NEXT_PASS;
  }

  /** Issues no more; what is under way completes. */
  terminate(): void {
    this.terminated = true;
    if (this.wait === WAIT_TIME) this.wait = WAIT_NOTHING;
    if (!this.running) this.finished = true;
  }

  /** Ends with an error: what is under way completes, and nothing more is issued. */
  private fail(nowNs: number): void {
    this.failedAfterNs = nowNs - this.beganNs;
    this.terminate();
  }

  /** @param slot of an I/O that has completed */
  completed(slot: number, nowNs: number): void {
    const kind = this.slotKind[slot]!;
    this.freeSlots[this.freeCount++] = slot;
    this.underWay--;
    if (kind === FLUSH) {
      this.flushes--;
      if (this.plan.flushIsQueued) this.unreaped++;
      return;
    }
    const latencyNs = nowNs - this.slotIssuedNs[slot]!;
    this.unreaped++;
    this.doneIos[kind]!++;
    this.doneBytes[kind] = this.doneBytes[kind]! + this.slotBytes[slot]!;
    this.doneLatencyNs += latencyNs;
    if (!this.ramping && this.limits.completed(kind, latencyNs)) this.fail(nowNs);
    if (this.search === undefined || this.ramping) return;
    if (this.search.completed(latencyNs, nowNs, this.completedIos())) this.quiesceForSearch();
  }

  /**
   * Goes on until there is nothing to do now or the batch is full.
   * @param firstTag the tag of slot 0
   */
  step(nowNs: number, batch: IoBatch, firstTag: number): void {
    while (!this.finished) {
      if (this.mustWait(nowNs)) return;
      if (batch.length === batch.capacity) {
        this.wakeNs = nowNs;
        return;
      }
      this.wakeNs = NEVER;
      switch (this.next) {
        case DO_CHOOSE:
          this.choose(nowNs, batch, firstTag);
          break;
        case DO_SLEEP_FOR_RATE:
          this.sleepForRate(nowNs);
          break;
        case DO_PLACE:
          this.placeAndIssue(nowNs, batch, firstTag);
          break;
        case DO_AFTER_ISSUE:
          this.afterIssue(nowNs);
          break;
        case DO_SLEEP_FOR_THINKTIME:
          this.sleepForThinktime(nowNs);
          break;
        case DO_AFTER_THINKTIME:
          this.afterThinktime(nowNs);
          break;
        case DO_END_PASS:
          this.next = DO_END_FLUSHES;
          this.endFlushAt = 0;
          this.wait = WAIT_ALL;
          break;
        case DO_END_FLUSHES:
          this.endFlush(nowNs, batch, firstTag);
          break;
        case DO_NEXT_PASS:
          this.nextPass();
          break;
        default:
          return;
      }
    }
  }

  private mustWait(nowNs: number): boolean {
    switch (this.wait) {
      case WAIT_TIME:
        if (nowNs < this.wakeNs) return true;
        break;
      case WAIT_ALL:
        if (this.underWay > 0) return true;
        this.unreaped = 0;
        break;
      case WAIT_REAP:
        if (!this.reap()) return true;
        break;
      case WAIT_FLUSH:
        if (this.flushes > 0) return true;
        break;
    }
    this.wait = WAIT_NOTHING;
    return false;
  }

  /** Takes completions as fio's wait_for_completions does. @returns false until there are enough */
  private reap(): boolean {
    const { iodepthBatchCompleteMin, iodepthBatchCompleteMax, iodepthLow } = this.plan.settings;
    for (;;) {
      const depth = this.underWay + this.unreaped;
      if (depth === 0) return true;
      const least = Math.max(1, Math.min(iodepthBatchCompleteMin, depth));
      if (this.unreaped < least) return false;
      this.unreaped -= Math.min(this.unreaped, Math.max(least, iodepthBatchCompleteMax));
      if (this.underWay + this.unreaped <= Math.min(iodepthLow, this.plan.iodepth)) return true;
    }
  }

  private completedIos(): number {
    return this.doneIos[0]! + this.doneIos[1]! + this.doneIos[2]!;
  }

  private endPass(): void {
    this.next = DO_END_PASS;
  }

  /** Lets all complete before the search goes on at another depth. */
  private quiesceForSearch(): void {
    if (this.wait === WAIT_NOTHING || this.wait === WAIT_REAP) this.wait = WAIT_ALL;
  }

  /** Looks whether the load goes on, and in which direction. */
  private choose(nowNs: number, batch: IoBatch, firstTag: number): void {
    const { settings } = this.plan;
    this.endRamp(nowNs);
    const { timeBased, runtimeNs } = settings;
    if (this.terminated || this.ended) {
      this.endPass();
      return;
    }
    if (runtimeNs > 0 && !this.ramping && nowNs - this.epochNs >= runtimeNs) {
      this.terminated = true;
      this.endPass();
      return;
    }
    if (this.rows !== undefined) {
      this.chooseRow(nowNs);
      return;
    }
    const endless = timeBased && runtimeNs > 0;
    if (!endless && (this.issueExceeded() || this.passExceeded())) {
      this.endPass();
      return;
    }
    if (this.placement.isOver) {
      this.endPass();
      return;
    }
    this.placement.chooseFile();
    const { fsync, fdatasync } = settings;
    const writes = this.issues[WRITE]!;
    if (
      this.lastIssued === WRITE &&
      ((fsync > 0 && writes % fsync === 0) || (fdatasync > 0 && writes % fdatasync === 0))
    ) {
      this.flush(this.placement.file!.plan.disk, nowNs, batch, firstTag);
      return;
    }
    let direction = this.isMixed ? this.mixedDirection() : this.onlyDirection;
    this.intendedNs = nowNs;
    this.next = DO_PLACE;
    if (this.rates.isRated) direction = this.ratedDirection(direction, nowNs);
    this.mixDirection = direction;
    this.chosen = direction;
  }

  private endRamp(nowNs: number): void {
    if (!this.ramping || nowNs - this.epochNs < this.plan.settings.rampTimeNs) return;
    this.ramping = false;
    this.restartCounts(nowNs);
  }

  /** fio's reset_all_stats: everything but the bytes issued counts from now. */
  private restartCounts(nowNs: number): void {
    this.epochNs = nowNs;
    this.lastThinkNs = nowNs;
    this.lastThinkIos = 0;
    this.mixUntil = 0;
    this.placement.restartZone();
    this.rates.restart();
    this.issues.fill(0);
    this.doneIos.fill(0);
    this.doneBytes.fill(0);
    this.passDoneBefore = 0;
    this.limits.restart();
    this.search?.begin(nowNs, 0);
  }

  private issueExceeded(): boolean {
    const { settings, sizeBytes, ioSizeBytes } = this.plan;
    const bytes = this.isMixed
      ? this.issuedBytes[READ]! + this.issuedBytes[WRITE]!
      : this.isTrimWrite
        ? this.issuedBytes[WRITE]!
        : this.issuedBytes[this.onlyDirection]!;
    return bytes >= (ioSizeBytes || sizeBytes) * settings.loops || this.numberExceeded();
  }

  private numberExceeded(): boolean {
    const { numberIos, loops } = this.plan.settings;
    if (numberIos === 0) return false;
    const count = this.completedIos() + this.underWay - this.flushes;
    return count >= numberIos * loops * (this.isTrimWrite ? 2 : 1);
  }

  /** Whether a pass over the files has issued its bytes; fio does not count them where the engine is synchronous. */
  private passExceeded(): boolean {
    const { settings, sizeBytes, ioSizeBytes, engine } = this.plan;
    if (engine === 'sync') return false;
    const writes = usesDirection(settings, WRITE);
    let limit = sizeBytes;
    if (writes && (!this.isRandom || settings.norandommap)) limit = Math.max(limit, ioSizeBytes);
    // Every byte is trimmed and then written.
    if (this.isTrimWrite) limit += (ioSizeBytes || sizeBytes) * settings.loops;
    return this.passBytes >= limit;
  }

  /** fio's get_rw_ddir: draws a direction once the last has had its share. */
  private mixedDirection(): number {
    if (this.issues[this.mixDirection]! < this.mixUntil) return this.mixDirection;
    const { readPercent } = this.plan.settings;
    const direction = this.mix.percent() <= readPercent ? READ : WRITE;
    if (direction !== this.mixDirection) {
      const other = this.mixDirection === READ ? 100 - readPercent : readPercent;
      this.mixUntil = Math.floor((this.issues[this.mixDirection]! * other) / 100);
    }
    return direction;
  }

  /** The direction whose turn it is by the rates; sees to it that the process waits for its time. */
  private ratedDirection(direction: number, nowNs: number): number {
    const sinceNs = nowNs - this.epochNs;
    const nextNs = this.rates.dueNs;
    const { readPercent } = this.plan.settings;
    const other = direction ^ 1;
    const mayTurn = this.isMixed && (other === READ ? readPercent : 100 - readPercent) > 0;
    let turned = direction;
    if (nextNs[direction]! > sinceNs && mayTurn && nextNs[other]! < nextNs[direction]!) turned = other;
    if (nextNs[turned]! > sinceNs) {
      this.next = DO_SLEEP_FOR_RATE;
      // Before it sleeps fio lets all complete, unless another thread submits.
      this.wait = this.plan.settings.submitMode === 'offload' ? WAIT_NOTHING : WAIT_ALL;
    } else this.noteLateness(turned, nowNs);
    return turned;
  }

  private sleepForRate(nowNs: number): void {
    const { runtimeNs } = this.plan.settings;
    const dueNs = this.epochNs + this.rates.dueNs[this.chosen]!;
    if (runtimeNs > 0 && dueNs - this.epochNs > runtimeNs && !this.ramping) {
      this.sleep(this.epochNs + runtimeNs, nowNs);
      this.next = DO_CHOOSE;
      return;
    }
    this.next = DO_PLACE;
    this.sleep(dueNs, nowNs);
    this.intendedNs = dueNs;
    this.rated(dueNs, nowNs);
  }

  private noteLateness(direction: number, nowNs: number): void {
    if (!this.rates.hasRate(direction)) return;
    const dueNs = Math.max(this.epochNs + this.rates.dueNs[direction]!, this.sleptUntilNs);
    this.intendedNs = Math.min(nowNs, dueNs);
    this.rated(dueNs, nowNs);
  }

  /** Counts an I/O that has a time, and how late it is. */
  private rated(dueNs: number, nowNs: number): void {
    this.ratedTotal++;
    const lateNs = nowNs - dueNs;
    const { runtimeNs } = this.plan.settings;
    if (runtimeNs > 0 && !this.ramping) {
      const part = Math.floor(((nowNs - this.epochNs) / runtimeNs) * LATE_PARTS);
      if (part < LATE_PARTS) {
        this.latePartIos[part]!++;
        this.lateNs[part] = this.lateNs[part]! + Math.max(0, lateNs);
      }
    }
    if (lateNs <= 0) return;
    this.lateIos++;
    if (lateNs > this.latestNs) this.latestNs = lateNs;
  }

  private sleep(untilNs: number, nowNs: number): void {
    if (untilNs <= nowNs) return;
    this.wait = WAIT_TIME;
    this.wakeNs = untilNs;
  }

  private placeAndIssue(nowNs: number, batch: IoBatch, firstTag: number): void {
    if (this.rows !== undefined) {
      this.issueRow(nowNs, batch, firstTag);
      return;
    }
    if (this.terminated) {
      this.endPass();
      return;
    }
    const { placement } = this;
    const { disk, baseBytes } = placement.file!.plan;
    const direction = this.isTrimWrite ? placement.trimOrWrite : this.chosen;
    if (!placement.place(direction, this.issues[direction]!)) {
      this.next = DO_CHOOSE;
      return;
    }
    const { offset, bytes } = placement;
    this.passBytes += bytes;
    this.issues[direction]!++;
    this.issuedBytes[direction] = this.issuedBytes[direction]! + bytes;
    this.lastIssued = direction;
    const flags = direction === WRITE && this.plan.writesAreSynchronous ? FLAG_FUA : 0;
    this.emit(direction, disk, baseBytes + offset, bytes, flags, this.intendedNs, nowNs, batch, firstTag);
    this.rates.issued(direction, bytes);
    this.waitForRoom();
    this.next = DO_AFTER_ISSUE;
  }

  /** Waits where the engine does, or where no more may be under way. */
  private waitForRoom(): void {
    const { engine, iodepth, settings } = this.plan;
    if (engine === 'sync' && settings.submitMode !== 'offload' && this.rows === undefined)
      this.wait = WAIT_ALL;
    else if (this.underWay + this.unreaped >= Math.min(iodepth, this.search?.iodepth ?? iodepth))
      this.wait = WAIT_REAP;
  }

  private emit(
    kind: number,
    disk: number,
    offset: number,
    bytes: number,
    flags: number,
    arrivalNs: number,
    nowNs: number,
    batch: IoBatch,
    firstTag: number,
  ): void {
    const slot = this.freeSlots[--this.freeCount]!;
    this.slotIssuedNs[slot] = nowNs;
    this.slotBytes[slot] = bytes;
    this.slotKind[slot] = kind;
    this.underWay++;
    const at = batch.length++;
    batch.arrivalNs[at] = arrivalNs;
    batch.offset[at] = offset;
    batch.lengthBytes[at] = bytes;
    batch.tag[at] = firstTag + slot;
    batch.disk[at] = disk;
    batch.op[at] = kind === FLUSH ? OP_FLUSH : DIRECTION_OPS[kind]!;
    const measured = !this.ramping && (this.search === undefined || this.search.isMeasured);
    batch.flags[at] = measured ? flags : flags | FLAG_UNMEASURED;
  }

  private flush(disk: number, nowNs: number, batch: IoBatch, firstTag: number): void {
    this.lastIssued = FLUSH;
    this.flushes++;
    this.emit(FLUSH, disk, 0, 0, 0, nowNs, nowNs, batch, firstTag);
    if (!this.plan.flushIsQueued) this.wait = WAIT_FLUSH;
    else this.waitForRoom();
    this.next = DO_CHOOSE;
  }

  private afterIssue(nowNs: number): void {
    const { settings, thinktimeBlocksSaid } = this.plan;
    this.next = DO_AFTER_THINKTIME;
    if (settings.thinktimeNs === 0) return;
    if (settings.thinktimeIotimeNs > 0) {
      if (nowNs - this.lastThinkNs >= settings.thinktimeIotimeNs) {
        this.next = DO_SLEEP_FOR_THINKTIME;
        this.wait = WAIT_ALL;
        return;
      }
      if (!thinktimeBlocksSaid) return;
    }
    if (this.thinkIos() < this.lastThinkIos + settings.thinktimeBlocks) return;
    this.next = DO_SLEEP_FOR_THINKTIME;
    this.wait = WAIT_ALL;
  }

  private thinkIos(): number {
    if (this.plan.settings.thinktimeBlocksType === 'issue')
      return this.issues[0]! + this.issues[1]! + this.issues[2]!;
    return this.completedIos();
  }

  private sleepForThinktime(nowNs: number): void {
    const { settings, rateIgnoresThinktime } = this.plan;
    const { thinktimeNs, runtimeNs } = settings;
    // Spinning and sleeping are the same to a disk.
    const leftNs = runtimeNs > 0 && !this.ramping ? this.epochNs + runtimeNs - nowNs : thinktimeNs;
    const forNs = Math.max(0, Math.min(thinktimeNs, leftNs));
    this.lastThinkIos = this.thinkIos();
    this.lastThinkNs = nowNs + forNs;
    this.sleptUntilNs = nowNs + forNs;
    if (rateIgnoresThinktime) this.rates.skip(forNs);
    this.sleep(nowNs + forNs, nowNs);
    this.next = DO_AFTER_THINKTIME;
  }

  private afterThinktime(nowNs: number): void {
    this.next = DO_CHOOSE;
    if (this.limits.hasRates && !this.ramping) {
      const { doneBytes, doneIos } = this;
      if (this.limits.checkRates(nowNs, nowNs - this.beganNs, doneBytes, doneIos)) this.fail(nowNs);
    }
    const { search } = this;
    if (search === undefined || this.ramping) return;
    const wasFinal = search.final;
    const step = search.check(nowNs, this.completedIos());
    if (step === 'done') this.ended = true;
    if (step !== 'same') this.wait = WAIT_ALL;
    if (!wasFinal && search.final) this.restartCounts(nowNs);
  }

  private endFlush(nowNs: number, batch: IoBatch, firstTag: number): void {
    const { settings, fsyncOnClose, files } = this.plan;
    const flushes = (settings.endFsync || fsyncOnClose) && usesDirection(settings, WRITE) && !this.failed;
    if (!flushes || this.endFlushAt >= files.length) {
      this.next = DO_NEXT_PASS;
      return;
    }
    const { disk } = files[this.endFlushAt++]!;
    this.lastIssued = FLUSH;
    this.flushes++;
    this.emit(FLUSH, disk, 0, 0, 0, nowNs, nowNs, batch, firstTag);
    this.wait = WAIT_FLUSH;
  }

  /** fio's keep_running, and what it sets back between two passes. */
  private nextPass(): void {
    const { settings, sizeBytes, ioSizeBytes } = this.plan;
    this.unreaped = 0;
    const done = this.doneBytes[0]! + this.doneBytes[1]! + this.doneBytes[2]!;
    const begun = this.passBytes > 0;
    if (begun && done === this.passDoneBefore && !this.ramping) this.terminated = true;
    const idle = !begun && this.loopsLeft < settings.loops;
    if (
      this.terminated ||
      this.ended ||
      idle ||
      !this.keepsRunning(settings, done, ioSizeBytes || sizeBytes)
    ) {
      this.finish();
      return;
    }
    if (begun) this.startOver();
    this.passBytes = 0;
    this.passDoneBefore = done;
    this.next = DO_CHOOSE;
  }

  private keepsRunning(settings: PlannedProcess['settings'], done: number, limit: number): boolean {
    if (this.rows !== undefined) return this.loopsLeft-- === settings.loops;
    if (settings.timeBased && settings.runtimeNs > 0) {
      if (this.loopsLeft > 0) this.loopsLeft--;
      return true;
    }
    if (this.loopsLeft > 0) {
      this.loopsLeft--;
      return true;
    }
    if (this.numberExceeded() || done >= limit || limit - done < this.maxBytes) return false;
    return !this.placement.isOver || this.plan.ioSizeBytes > 0;
  }

  /** fio's clear_io_state: the files from their beginning, and the same draws again where they are to repeat. */
  private startOver(): void {
    this.mixUntil = 0;
    const sameDraws = this.plan.settings.randRepeat && !this.plan.randSeedSaid;
    this.placement.startOver(sameDraws);
    if (!sameDraws) return;
    this.mix.seed(this.seeds[STREAM_MIX]!);
    this.rates.reseed();
  }

  private finish(): void {
    this.finished = true;
    this.next = DO_NOTHING;
    this.rows?.close();
  }

  /** The next row of an iolog, at its time. */
  private chooseRow(nowNs: number): void {
    const { replayStalls, replayTimeScale } = this.plan;
    if (this.row === undefined || this.rowAt >= this.row.length) {
      this.row = this.rows!.next();
      this.rowAt = 0;
      if (this.row === undefined) {
        this.ended = true;
        this.endPass();
        return;
      }
    }
    this.next = DO_PLACE;
    this.intendedNs = nowNs;
    if (!replayStalls) return;
    const dueNs = this.epochNs + Math.floor((this.row.timeNs[this.rowAt]! * 100) / replayTimeScale);
    this.intendedNs = dueNs;
    this.rated(dueNs, nowNs);
    this.sleep(dueNs, nowNs);
  }

  private issueRow(nowNs: number, batch: IoBatch, firstTag: number): void {
    if (this.terminated) {
      this.endPass();
      return;
    }
    const row = this.row!;
    const at = this.rowAt++;
    const op = row.op[at]!;
    const kind = op === OP_FLUSH ? FLUSH : op === OP_DISCARD ? TRIM : op === OP_WRITE ? WRITE : READ;
    if (kind === FLUSH) this.flushes++;
    else this.passBytes += row.lengthBytes[at]!;
    this.emit(
      kind,
      this.firstDisk + row.disk[at]!,
      row.offset[at]!,
      row.lengthBytes[at]!,
      row.flags[at]! & FLAG_FUA,
      this.intendedNs,
      nowNs,
      batch,
      firstTag,
    );
    if (kind === FLUSH && !this.plan.flushIsQueued) this.wait = WAIT_FLUSH;
    else this.waitForRoom();
    this.next = kind === FLUSH ? DO_CHOOSE : DO_AFTER_ISSUE;
  }
}
