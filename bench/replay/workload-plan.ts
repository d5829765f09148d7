/** What is run: the traces and job files of a request, opened, and how each becomes load. */
import { resolve as resolvePath } from 'node:path';
import type { LoadedVm, Scenario } from '../../reference/cluster/scenario/scenario.ts';
import { INPUT_WORKLOAD } from '../../reference/cluster/scenario/schema.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import type { IoSource, RowCursor } from '../../reference/kernel/io.ts';
import { formatCount, formatPercent } from '../../reference/kernel/units.ts';
import type { WorkloadSummary } from '../../results/schema/run-document.ts';
import { openTrace, type Trace } from '../../traces/open-trace.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import type { BenchHooks, BenchRequest } from './bench-request.ts';
import { ClosedSource } from './closed-source.ts';
import { DependentSource } from './dependent-source.ts';
import { jobNotes } from './job-notes.ts';
import { checkJobFlags, isJobFile, JobWorkload } from './job-workload.ts';
import { OpenSource } from './open-source.ts';
import type { ReplayTiming } from './replay-timing.ts';
import { shippedFile } from './shipped-workloads.ts';

export type ReplayKind = 'open' | 'dependent' | 'closed';
/** A fio job has rules of its own. */
type VmReplay = ReplayKind | 'job';

/** Share of rows with a recorded latency from which a trace counts as recording completions. Assumed. */
const RECORDED_SHARE = 0.9;
/** I/Os kept outstanding by a closed loop. @source fio's default iodepth */
const DEFAULT_IODEPTH = 1;

type Input = Trace | JobWorkload;

/** One workload of the run: a trace or a job file for every VM. */
export interface PlannedWorkload {
  readonly name: string;
  /** Undefined until a job has run: what it issues is not known before. */
  summary: WorkloadSummary | undefined;
  /** By VM, in the scenario's order. */
  readonly vms: readonly PlannedVm[];
}

export type PlannedVm = PlannedTrace | PlannedJob;

interface PlannedTrace {
  readonly trace: Trace;
  readonly replay: ReplayKind;
  readonly startNs: number;
}

interface PlannedJob {
  readonly job: JobWorkload;
  readonly replay: 'job';
  readonly startNs: number;
}

export function disksOf(vm: PlannedVm): number {
  return vm.replay === 'job' ? vm.job.disks : vm.trace.summary.disks;
}

export function footprintOf(vm: PlannedVm): number {
  return vm.replay === 'job' ? vm.job.footprintBytes : vm.trace.summary.footprintBytes;
}

/** What a VM plays, as plain data: no two loads that differ have the same. */
export function loadOf(vm: PlannedVm): unknown {
  return vm.replay === 'job' ? { name: vm.job.name, job: vm.job.content } : vm.trace.summary;
}

/** Every I/O counts once for each VM that plays it; undefined where a job has yet to decide. */
export function iosOf({ vms }: PlannedWorkload): number | undefined {
  let sum = 0;
  for (const vm of vms) {
    if (vm.replay === 'job') return undefined;
    sum += vm.trace.summary.ios;
  }
  return sum;
}

/** When the last I/O arrives; undefined where nothing says so. */
export function lastArrivalNs({ vms }: PlannedWorkload, speed: number): number | undefined {
  let last = 0;
  for (const vm of vms) {
    const ownNs = vm.replay === 'job' ? vm.job.expectedNs : vm.trace.summary.durationNs / speed;
    if (ownNs === undefined) return undefined;
    last = Math.max(last, vm.startNs + ownNs);
  }
  return last;
}

/** Load time that jobs themselves want left out: where all of them start with a ramp. */
export function rampNsOf({ vms }: PlannedWorkload): number {
  const ramps = vms.map((vm) => (vm.replay === 'job' ? vm.startNs + vm.job.plan.rampNs : 0));
  return vms.some((vm) => vm.replay !== 'job' || vm.job.plan.rampNs === 0) ? 0 : Math.max(...ramps);
}

/** The rows whose blocks may lie in the cache at the start. */
export function preloadOf(vm: PlannedVm): RowCursor {
  return vm.replay === 'job' ? vm.job.preload() : vm.trace.cursor();
}

/** The traces and job files of a request, each opened once. */
export class WorkloadPlan {
  readonly workloads: readonly PlannedWorkload[];
  readonly inputs: readonly Input[];
  private readonly request: BenchRequest;

  private constructor(
    request: BenchRequest,
    workloads: readonly PlannedWorkload[],
    inputs: readonly Input[],
  ) {
    this.request = request;
    this.workloads = workloads;
    this.inputs = inputs;
  }

  /**
   * Opens every trace and job file that is asked for.
   * @throws UsageError when request, scenario and workloads do not fit; what `openTrace` and `JobWorkload.open` throw
   */
  static async open(request: BenchRequest, scenario: Scenario, hooks: BenchHooks): Promise<WorkloadPlan> {
    checkRequest(request, scenario);
    const named = [...new Set(scenario.vms.map((vm) => vm.workload))].filter(
      (name) => name !== INPUT_WORKLOAD,
    );
    const inputs = inputsOf(request, scenario);
    const opened: Input[] = [];
    const open = async (workload: string, folder: string): Promise<Input> => {
      const shipped = shippedFile(workload);
      const path = shipped ?? (workload === '-' || folder === '.' ? workload : resolvePath(folder, workload));
      const text = `reading ${workload}`;
      const options = {
        format: shipped === undefined ? request.format : undefined,
        event: request.event,
        lenient: request.lenient,
        signal: hooks.signal,
        onProgress: (done: number, total: number | undefined) =>
          hooks.onPhase({ text, done, total: total ?? 0 }),
      };
      if (isJobFile(path)) {
        checkJobFlags(workload, request);
        const job = await JobWorkload.open(path, options);
        opened.push(job);
        return job;
      }
      const trace = await (hooks.openTrace ?? openTrace)([path], options);
      opened.push(trace);
      if (trace.summary.ios === 0) throw new UsageError(`${workload} holds no I/O`);
      return trace;
    };
    try {
      const byName = new Map<string, Input>();
      for (const name of named) byName.set(name, await open(name, scenario.folder));
      const workloads: PlannedWorkload[] = [];
      const names = new Set<string>();
      for (const name of inputs.length === 0 ? [undefined] : inputs) {
        const input = name === undefined ? undefined : await open(name, '.');
        const vms = scenario.vms.map((vm) =>
          plannedVm(request, vm, input ?? byName.get(vm.workload)!, byName),
        );
        const played = input === undefined ? [...byName.values()] : [input];
        const own = freeName(played, names);
        const traces = played.filter((each): each is Trace => !(each instanceof JobWorkload));
        workloads.push({
          name: own,
          summary: traces.length === played.length ? summaryOf(traces, own) : undefined,
          vms,
        });
      }
      return new WorkloadPlan(request, workloads, opened);
    } catch (error) {
      for (const input of opened) input.close();
      throw error;
    }
  }

  /** A fresh source for each VM of a workload. @param onRows told of rows as they are read */
  sources(workload: PlannedWorkload, onRows: (rows: number) => void): IoSource[] {
    return workload.vms.map((vm, index) => this.source(vm, index, onRows));
  }

  close(): void {
    for (const input of this.inputs) input.close();
  }

  private source(vm: PlannedVm, index: number, onRows: (rows: number) => void): IoSource {
    const { speed, durationNs, iodepth, seed } = this.request;
    const { startNs, replay } = vm;
    if (replay === 'job') return vm.job.source({ startNs, durationNs, seed, vm: index });
    const { trace } = vm;
    const timing: ReplayTiming = { speed, startNs, durationNs };
    const cursor = counted(trace.cursor(), onRows);
    const { disks } = trace.summary;
    switch (replay) {
      case 'open':
        return new OpenSource(cursor, disks, timing);
      case 'dependent':
        return new DependentSource(cursor, disks, timing);
      case 'closed':
        return new ClosedSource(cursor, disks, iodepth ?? DEFAULT_IODEPTH, timing);
    }
  }
}

/** `dependent`, or each workload's own where they differ. */
export function replayText(workloads: readonly PlannedWorkload[], iodepth: number | undefined): string {
  const one = (kind: VmReplay): string => {
    if (kind === 'job') return 'as the jobs say';
    return kind === 'closed' ? `closed, iodepth ${iodepth ?? DEFAULT_IODEPTH}` : kind;
  };
  const text = (kinds: readonly VmReplay[]): string => [...new Set(kinds)].map(one).join(' and ');
  const all = workloads.map((workload) => text(workload.vms.map((vm) => vm.replay)));
  if (new Set(all).size === 1) return all[0]!;
  return workloads.map(({ name }, index) => `${name}: ${all[index]}`).join(', ');
}

function checkRequest(request: BenchRequest, scenario: Scenario): void {
  if (request.workloads.length > 0 && scenario.vms.every((vm) => vm.workload !== INPUT_WORKLOAD)) {
    throw new UsageError(`scenario ${scenario.name} has a place for no further workload`, {
      hint: 'write "workload: input" for a VM of the scenario, or name no workload on the command line',
    });
  }
  for (const mode of request.modes ?? []) {
    const obstacle = scenario.obstacle(mode);
    if (obstacle !== undefined)
      throw new UsageError(obstacle, { hint: `scenario ${scenario.name} cannot run it` });
  }
}

function inputsOf(request: BenchRequest, scenario: Scenario): readonly string[] {
  if (request.workloads.length > 0) return request.workloads;
  return scenario.vms.some((vm) => vm.workload === INPUT_WORKLOAD)
    ? SAMPLES.map((sample) => sample.name)
    : [];
}

function plannedVm(
  request: BenchRequest,
  vm: LoadedVm,
  given: Input,
  named: ReadonlyMap<string, Input>,
): PlannedVm {
  const input = named.get(vm.workload) ?? given;
  if (request.durationNs !== undefined && request.durationNs <= vm.startNs) {
    throw new UsageError(`--duration ends before ${vm.name} starts`, { hint: 'see "start" in the scenario' });
  }
  if (input instanceof JobWorkload) return { job: input, replay: 'job', startNs: vm.startNs };
  const trace = input;
  const { summary } = trace;
  const recordedShare = summary.recorded.latencies / summary.ios;
  const replay = request.replay ?? (recordedShare >= RECORDED_SHARE ? 'dependent' : 'open');
  if (replay === 'dependent' && summary.recorded.latencies === 0) {
    throw new UsageError(`${trace.name} records no completions, so it cannot be replayed dependent`, {
      hint: 'use --replay open, or --replay closed with --iodepth',
    });
  }
  const lastNs = vm.startNs + summary.durationNs / request.speed;
  if (replay !== 'closed' && request.warmupNs > 0 && request.warmupNs > lastNs) {
    throw new UsageError(`--warmup is longer than ${trace.name} plays`, {
      hint: 'nothing would be measured',
    });
  }
  return { trace, replay, startNs: vm.startNs };
}

/** The name of what is run, which is not yet taken. */
function freeName(inputs: readonly Input[], names: Set<string>): string {
  return takeName(inputs.map((input) => input.name).join('+'), names);
}

/** The name, with a number behind it where it is taken: two files may be called alike. @param taken gets it */
export function takeName(base: string, taken: Set<string>): string {
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}

/** The summary of what is replayed. */
function summaryOf(traces: readonly Trace[], name: string): WorkloadSummary {
  const first = traces[0]!.summary;
  if (traces.length === 1) return { ...first, name };
  const summaries = traces.map((trace) => trace.summary);
  const sum = (value: (summary: WorkloadSummary) => number): number =>
    summaries.reduce((total, summary) => total + value(summary), 0);
  const readBytes = sum((summary) => summary.readBytes);
  return {
    name,
    format: [...new Set(summaries.map((summary) => summary.format))].join('+'),
    ios: sum((summary) => summary.ios),
    reads: sum((summary) => summary.reads),
    writes: sum((summary) => summary.writes),
    flushes: sum((summary) => summary.flushes),
    discards: sum((summary) => summary.discards),
    readBytes,
    writeBytes: sum((summary) => summary.writeBytes),
    footprintBytes: sum((summary) => summary.footprintBytes),
    spanBytes: sum((summary) => summary.spanBytes),
    durationNs: Math.max(...summaries.map((summary) => summary.durationNs)),
    readCeiling:
      readBytes === 0 ? null : sum((summary) => (summary.readCeiling ?? 0) * summary.readBytes) / readBytes,
    disks: sum((summary) => summary.disks),
    contentSha256: summaries.map((summary) => summary.contentSha256).join('+'),
    reorderedRows: sum((summary) => summary.reorderedRows),
    // Percentiles of different traces cannot be joined.
    recorded: {
      latencies: sum((summary) => summary.recorded.latencies),
      p50Ns: null,
      p99Ns: null,
      outstandingMean: null,
      outstandingMax: null,
    },
  };
}

/** What a person should know of how the traces are replayed. */
export function planNotes(plan: WorkloadPlan, request: BenchRequest): string[] {
  const notes: string[] = [];
  const vms = plan.workloads.flatMap((workload) => workload.vms);
  for (const input of plan.inputs) {
    if (input instanceof JobWorkload) {
      notes.push(...jobNotes(input));
      continue;
    }
    const trace = input;
    const { ios, recorded } = trace.summary;
    notes.push(...trace.warnings.map((warning) => `${trace.name}: ${warning}`));
    const used = vms.find((vm) => vm.replay !== 'job' && vm.trace === trace)?.replay;
    if (request.replay === undefined && used === 'open') {
      notes.push(
        recorded.latencies === 0
          ? `${trace.name} records no completions: it is replayed open, each I/O at its recorded time.`
          : `${trace.name} records completions of ${formatPercent(recorded.latencies / ios)} of its I/Os only: it is replayed open.`,
      );
    }
    if (used === 'dependent' && recorded.latencies < ios) {
      notes.push(
        `${trace.name}: ${formatCount(ios - recorded.latencies)} I/Os have no recorded completion, and nothing waits for them.`,
      );
    }
  }
  return notes;
}

/** Tells how many rows have been read. */
function counted(cursor: RowCursor, onRows: (rows: number) => void): RowCursor {
  return {
    next() {
      const block = cursor.next();
      if (block !== undefined) onRows(block.length);
      return block;
    },
    close: () => cursor.close(),
  };
}
