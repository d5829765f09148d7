/** A fio job file as the load of one VM: starts its processes in their turn and hands on what they issue. */
import {
  type IoBatch,
  type IoSource,
  type RowCursor,
  SOURCE_END,
  SOURCE_IDLE,
  SOURCE_READY,
  SOURCE_WAIT,
  type SourceAnswer,
} from '../../reference/kernel/io.ts';
import type { FioJobPlan } from './job-plan.ts';
import { JobProcess, type ProcessOutcome } from './job-process.ts';
import { SteadyState } from './steady-state.ts';

/** What a process reads instead of inventing it. */
export interface ProcessIolog {
  /** By process, in the plan's order. */
  readonly process: number;
  readonly rows: RowCursor;
  readonly disks: number;
}

export interface FioJobRun {
  /** Virtual time at which the file's first job may start. */
  readonly startNs: number;
  /** Nothing arrives at or after this time; undefined for no limit. */
  readonly durationNs: number | undefined;
  /** 1 draws exactly as fio does. */
  readonly seed: number;
  /** Which of the VMs with this load it is, from 0; each draws otherwise. */
  readonly vm: number;
  /** One for every process with `read_iolog`. */
  readonly iologs?: readonly ProcessIolog[];
}

/** How a watched criterion ended. */
export interface SteadyStateOutcome {
  readonly jobs: readonly string[];
  readonly attainedNs: number | undefined;
  readonly lastValue: number | undefined;
}

interface Watch {
  readonly state: SteadyState;
  /** Numbers of the processes it looks at. */
  readonly members: readonly number[];
  /** Of the first member; NaN before. */
  beganNs: number;
  nextNs: number;
  over: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;

export class FioJobSource implements IoSource {
  readonly disks: number;
  readonly wantsCompletions = true;
  private readonly plan: FioJobPlan;
  private readonly processes: readonly JobProcess[];
  private readonly slots: number;
  private readonly startNs: number;
  private readonly endNs: number;
  /** Processes that may have something to do. */
  private readonly ready: Uint8Array;
  /** Since the file's start; when a process may begin at the earliest. */
  private readonly delayNs: Float64Array;
  private readonly watches: readonly Watch[];
  private unfinished: number;
  private unstarted: number;
  private stopped = false;

  constructor(plan: FioJobPlan, run: FioJobRun) {
    this.plan = plan;
    this.startNs = run.startNs;
    this.endNs = run.durationNs ?? NEVER;
    let disks = plan.disks.length;
    const threadsBefore = run.vm * plan.processes.length;
    this.processes = plan.processes.map((process, index) => {
      const iolog = run.iologs?.find((candidate) => candidate.process === index);
      const firstDisk = disks;
      disks += iolog?.disks ?? 0;
      return new JobProcess(process, { seed: run.seed, threadsBefore, firstDisk, rows: iolog?.rows });
    });
    this.disks = disks;
    this.slots = Math.max(0, ...this.processes.map((process) => process.slots));
    const count = this.processes.length;
    this.ready = new Uint8Array(count);
    this.delayNs = Float64Array.from(this.processes, (process) => process.startDelayNs);
    this.watches = watchesOf(plan);
    this.unfinished = count;
    this.unstarted = count;
  }

  next(nowNs: number, batch: IoBatch): SourceAnswer {
    batch.length = 0;
    if (this.stopped) return SOURCE_END;
    if (nowNs < this.startNs) return this.idle(this.startNs, batch);
    if (nowNs >= this.endNs) {
      this.stopped = true;
      return SOURCE_END;
    }
    this.watch(nowNs);
    do this.start(nowNs);
    while (this.stepAll(nowNs, batch));
    if (batch.length > 0) return SOURCE_READY;
    if (this.unfinished === 0) {
      this.stopped = true;
      return SOURCE_END;
    }
    const wakeNs = this.wakeNs(nowNs);
    return wakeNs === NEVER ? SOURCE_WAIT : this.idle(wakeNs, batch);
  }

  completed(tag: number, nowNs: number): void {
    const process = this.processOf(tag);
    this.processes[process]!.completed(tag % this.slots, nowNs);
    this.ready[process] = 1;
  }

  /** Which of the plan's processes an I/O is of. */
  processOf(tag: number): number {
    return Math.floor(tag / this.slots);
  }

  /** What became of rates and searches, by process. */
  outcomes(): ProcessOutcome[] {
    return this.processes.map((process) => process.outcome());
  }

  steadyStates(): SteadyStateOutcome[] {
    return this.watches.map(({ state, members }) => ({
      jobs: [...new Set(members.map((member) => this.plan.processes[member]!.job))],
      attainedNs: state.attainedNs,
      lastValue: state.lastValue,
    }));
  }

  private idle(untilNs: number, batch: IoBatch): SourceAnswer {
    batch.idleUntilNs = Math.min(untilNs, this.endNs);
    return SOURCE_IDLE;
  }

  /** Begins what may begin: in the file's order, as fio's run_threads does. */
  private start(nowNs: number): void {
    if (this.unstarted === 0) return;
    const { processes, plan } = this;
    for (let i = 0; i < processes.length; i++) {
      const process = processes[i]!;
      if (process.running || process.finished) continue;
      if (nowNs - this.startNs < this.delayNs[i]!) continue;
      const { stonewall, waitFor } = plan.processes[i]!;
      if (stonewall && this.isAnyRunning()) return;
      if (waitFor !== undefined && this.isJobLeft(waitFor)) continue;
      process.begin(nowNs);
      this.ready[i] = 1;
      this.unstarted--;
      for (const watch of this.watches) {
        if (!watch.members.includes(i) || !Number.isNaN(watch.beganNs)) continue;
        watch.beganNs = nowNs;
        watch.nextNs = nowNs + watch.state.setup.intervalNs;
      }
    }
  }

  private isAnyRunning(): boolean {
    return this.processes.some((process) => process.running && !process.finished);
  }

  private isJobLeft(name: string): boolean {
    return this.processes.some((process, i) => this.plan.processes[i]!.job === name && !process.finished);
  }

  /** Lets every process go on. @returns true when one has ended, so that another may begin */
  private stepAll(nowNs: number, batch: IoBatch): boolean {
    const { processes, ready } = this;
    let ended = false;
    for (let i = 0; i < processes.length; i++) {
      const process = processes[i]!;
      if (process.finished || !process.running) continue;
      if (ready[i] === 0 && process.wakeNs > nowNs) continue;
      ready[i] = 0;
      process.step(nowNs, batch, i * this.slots);
      if (process.finished) {
        ended = true;
        this.ended(i);
      }
    }
    return ended;
  }

  private ended(index: number): void {
    this.unfinished--;
    const { plan, processes } = this;
    const own = plan.processes[index]!;
    if (!plan.exitAll && !(own.exitAllOnError && processes[index]!.failed)) return;
    for (let i = 0; i < processes.length; i++) {
      const other = plan.processes[i]!;
      const process = processes[i]!;
      if (process.finished) continue;
      if (own.exitWhat === 'group' && other.group !== own.group) continue;
      if (own.exitWhat === 'stonewall' && other.wall !== own.wall) continue;
      this.terminate(i);
    }
  }

  private terminate(index: number): void {
    const process = this.processes[index]!;
    const started = process.running;
    process.terminate();
    this.ready[index] = 1;
    if (started) return;
    this.unfinished--;
    this.unstarted--;
  }

  private watch(nowNs: number): void {
    for (const watch of this.watches) {
      while (!watch.over && watch.nextNs <= nowNs) {
        const { members, state } = watch;
        let ios = 0;
        let bytes = 0;
        let latencyNs = 0;
        let left = false;
        for (const member of members) {
          const process = this.processes[member]!;
          left ||= !process.finished;
          latencyNs += process.doneLatencyNs;
          for (let direction = 0; direction < 3; direction++) {
            ios += process.doneIos[direction]!;
            bytes += process.doneBytes[direction]!;
          }
        }
        const steady = left && state.take(watch.nextNs - watch.beganNs, ios, bytes, latencyNs);
        watch.nextNs += state.setup.intervalNs;
        if (!left || steady) watch.over = true;
        if (steady)
          for (const member of members) if (!this.processes[member]!.finished) this.terminate(member);
      }
    }
  }

  private wakeNs(nowNs: number): number {
    const { processes } = this;
    let wakeNs = NEVER;
    for (let i = 0; i < processes.length; i++) {
      const process = processes[i]!;
      if (process.finished) continue;
      const atNs = process.running ? process.wakeNs : this.startNs + this.delayNs[i]!;
      // One whose time has come and that still has not begun waits for another to end.
      if (atNs < wakeNs && (process.running || atNs > nowNs)) wakeNs = atNs;
    }
    for (const watch of this.watches) if (!watch.over && watch.nextNs < wakeNs) wakeNs = watch.nextNs;
    return wakeNs;
  }
}

/** One per job with a criterion; jobs reported as a group are watched as one. */
function watchesOf({ processes }: FioJobPlan): Watch[] {
  const watches = new Map<string, { members: number[]; state: SteadyState }>();
  for (const [index, { settings, group, steadyStateIntervalNs }] of processes.entries()) {
    const { steadyState } = settings;
    if (steadyState === undefined) continue;
    const key = settings.groupReporting ? `group ${group}` : `process ${index}`;
    const watch = watches.get(key);
    if (watch !== undefined) {
      watch.members.push(index);
      continue;
    }
    const state = new SteadyState({
      criterion: steadyState,
      durationNs: settings.steadyStateDurationNs,
      rampNs: settings.steadyStateRampNs,
      intervalNs: steadyStateIntervalNs,
    });
    watches.set(key, { members: [index], state });
  }
  return [...watches.values()].map(({ members, state }) => ({
    state,
    members,
    beganNs: Number.NaN,
    nextNs: NEVER,
    over: false,
  }));
}
