/** What is replayed: the traces of a request, opened, and how each becomes load. */
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
import { OpenSource } from './open-source.ts';
import type { ReplayTiming } from './replay-timing.ts';

export type ReplayKind = 'open' | 'dependent' | 'closed';

/** Share of rows with a recorded latency from which a trace counts as recording completions. Assumed. */
const RECORDED_SHARE = 0.9;
/** I/Os kept outstanding by a closed loop. @source fio's default iodepth */
const DEFAULT_IODEPTH = 1;

/** One workload of the run: a trace for every VM. */
export interface PlannedWorkload {
  readonly name: string;
  readonly summary: WorkloadSummary;
  /** By VM, in the scenario's order. */
  readonly vms: readonly PlannedVm[];
}

export interface PlannedVm {
  readonly trace: Trace;
  readonly replay: ReplayKind;
  readonly startNs: number;
}

/** The traces of a request, each opened once. */
export class WorkloadPlan {
  readonly workloads: readonly PlannedWorkload[];
  readonly traces: readonly Trace[];
  private readonly request: BenchRequest;

  private constructor(
    request: BenchRequest,
    workloads: readonly PlannedWorkload[],
    traces: readonly Trace[],
  ) {
    this.request = request;
    this.workloads = workloads;
    this.traces = traces;
  }

  /**
   * Opens every trace that is asked for.
   * @throws UsageError when request, scenario and traces do not fit; what `openTrace` throws
   */
  static async open(request: BenchRequest, scenario: Scenario, hooks: BenchHooks): Promise<WorkloadPlan> {
    checkRequest(request, scenario);
    const named = [...new Set(scenario.vms.map((vm) => vm.workload))].filter(
      (name) => name !== INPUT_WORKLOAD,
    );
    const inputs = inputsOf(request, scenario);
    const opened: Trace[] = [];
    const open = async (workload: string, folder: string): Promise<Trace> => {
      const sample = SAMPLES.find((candidate) => candidate.name === workload);
      const path =
        sample?.file ?? (workload === '-' || folder === '.' ? workload : resolvePath(folder, workload));
      const text = `reading ${workload}`;
      const trace = await openTrace([path], {
        format: sample === undefined ? request.format : undefined,
        event: request.event,
        signal: hooks.signal,
        onProgress: (done, total) => hooks.onPhase({ text, done, total: total ?? 0 }),
      });
      opened.push(trace);
      if (trace.summary.ios === 0) throw new UsageError(`${workload} holds no I/O`);
      return trace;
    };
    try {
      const byName = new Map<string, Trace>();
      for (const name of named) byName.set(name, await open(name, scenario.folder));
      const workloads: PlannedWorkload[] = [];
      const names = new Set<string>();
      for (const input of inputs.length === 0 ? [undefined] : inputs) {
        const trace = input === undefined ? undefined : await open(input, '.');
        const vms = scenario.vms.map((vm) =>
          plannedVm(request, vm, trace ?? byName.get(vm.workload)!, byName),
        );
        const summary = summaryOf(trace === undefined ? [...byName.values()] : [trace], names);
        workloads.push({ name: summary.name, summary, vms });
      }
      return new WorkloadPlan(request, workloads, opened);
    } catch (error) {
      for (const trace of opened) trace.close();
      throw error;
    }
  }

  /** A fresh source for each VM of a workload. @param onRows told of rows as they are read */
  sources(workload: PlannedWorkload, onRows: (rows: number) => void): IoSource[] {
    return workload.vms.map((vm) => this.source(vm, onRows));
  }

  close(): void {
    for (const trace of this.traces) trace.close();
  }

  private source({ trace, replay, startNs }: PlannedVm, onRows: (rows: number) => void): IoSource {
    const { speed, durationNs, iodepth } = this.request;
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
  const text = (kinds: readonly ReplayKind[]): string =>
    [...new Set(kinds)]
      .map((kind) => (kind === 'closed' ? `closed, iodepth ${iodepth ?? DEFAULT_IODEPTH}` : kind))
      .join(' and ');
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
  input: Trace,
  named: ReadonlyMap<string, Trace>,
): PlannedVm {
  const trace = named.get(vm.workload) ?? input;
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
  if (request.durationNs !== undefined && request.durationNs <= vm.startNs) {
    throw new UsageError(`--duration ends before ${vm.name} starts`, { hint: 'see "start" in the scenario' });
  }
  return { trace, replay, startNs: vm.startNs };
}

/** The summary of what is replayed, under a name that is not yet taken. */
function summaryOf(traces: readonly Trace[], names: Set<string>): WorkloadSummary {
  const first = traces[0]!.summary;
  const base = traces.map((trace) => trace.name).join('+');
  let name = base;
  for (let number = 2; names.has(name); number++) name = `${base}-${number}`;
  names.add(name);
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
  for (const trace of plan.traces) {
    const { ios, recorded } = trace.summary;
    notes.push(...trace.warnings.map((warning) => `${trace.name}: ${warning}`));
    const used = plan.workloads.flatMap((workload) => workload.vms).find((vm) => vm.trace === trace)?.replay;
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
