/** `fvp bench run` without its flags and printing: every workload through every mode, in virtual time. */
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { ClusterRun, type RunOptions } from '../../reference/cluster/run-cluster.ts';
import { loadScenario } from '../../reference/cluster/scenario/load-scenario.ts';
import type { ResolvedScenario } from '../../reference/cluster/scenario/resolved.ts';
import type { Scenario } from '../../reference/cluster/scenario/scenario.ts';
import { MODE_NAMES, type ModeName } from '../../reference/fvp/mode.ts';
import { assert, InterruptedError, UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatCount, formatNs } from '../../reference/kernel/units.ts';
import {
  type ModeResult,
  RUN_SCHEMA,
  type RunEvents,
  type RunRecording,
} from '../../results/schema/run-document.ts';
import type { BenchHooks, BenchRequest } from './bench-request.ts';
import { DependentSource } from './dependent-source.ts';
import { latenessOf, outcomeNotes } from './job-notes.ts';
import { LoadTally } from './load-tally.ts';
import { modeResult, recordings, runEvents, timelineOf } from './mode-result.ts';
import { runUnits, type Unit, type UnitOutcome } from './units.ts';
import { highMarkReached, verdictsOf } from './verdicts.ts';
import {
  disksOf,
  footprintOf,
  iosOf,
  lastArrivalNs,
  loadOf,
  type PlannedVm,
  type PlannedWorkload,
  planNotes,
  preloadOf,
  rampNsOf,
  replayText,
  WorkloadPlan,
} from './workload-plan.ts';
import { writtenForAll } from './written-for-all.ts';

export interface PreparedBench {
  /** The plan in words, a line each. */
  describe(): string[];
  /**
   * Runs everything. `recording.timing.run` is left blank but for `node`: who writes the run knows it.
   * @throws InterruptedError when the signal aborts
   */
  run(): Promise<{ readonly recording: RunRecording; readonly notes: readonly string[] }>;
  /**
   * Runs one workload through one mode. @param onShare told how much of it is done, 0 to 1; NaN where that is not known
   * @throws as `run`
   */
  runUnit(unit: Unit, onShare: (share: number) => void): Promise<UnitOutcome>;
  /** By workload. */
  readonly resolved: readonly ResolvedScenario[];
  readonly workloads: readonly PlannedWorkload[];
  /** Everything that a workload's figures come from, besides the request and fvp itself. */
  inputs(): readonly BenchInput[];
  close(): Promise<void>;
}

/** What one workload of a run is made of, as plain data. */
export interface BenchInput {
  readonly workload: string;
  /** As resolved: every parameter, and where each plug-in is from, with its content's hash. */
  readonly scenario: Readonly<Record<string, unknown>>;
  /** By VM: how it is replayed, and what: a trace's summary holds the hash of its rows. */
  readonly vms: readonly { readonly replay: string; readonly startNs: number; readonly load: unknown }[];
}

/** Depth of a virtual disk's queue. design.md 6 */
const QUEUE_DEPTH = 64;
/** How long a load is thought to last where nothing says so; assumed. */
const UNKNOWN_NS = 60e9;
/** Events between two looks at the signal: some 50 ms. */
const SLICE_EVENTS = 200_000;

/**
 * Loads the scenario and opens the traces.
 * @throws UsageError, DataError, NoInputError for what does not fit or cannot be read
 */
export async function prepareBench(request: BenchRequest, hooks: BenchHooks): Promise<PreparedBench> {
  return prepareScenario(request, hooks, await scenarioOf(request));
}

/** The scenario of a request, with its settings. @throws as `loadScenario` */
export function scenarioOf(request: BenchRequest): Promise<Scenario> {
  return loadScenario(request.scenario, { fromFolder: process.cwd(), settings: request.settings });
}

/**
 * As `prepareBench`, of a scenario that is loaded.
 * @throws UsageError for what does not fit it
 */
export async function prepareScenario(
  request: BenchRequest,
  hooks: BenchHooks,
  scenario: Scenario,
): Promise<PreparedBench> {
  if (request.replay === 'closed' && request.speed !== 1) {
    throw new UsageError('a closed loop has no recorded times, so it has no speed');
  }
  if (request.iodepth !== undefined && request.replay !== 'closed') {
    throw new UsageError('only a closed loop has an iodepth');
  }
  const modes = modesOf(request, scenario);
  const plan = await WorkloadPlan.open(request, scenario, hooks);
  try {
    return new Bench(request, hooks, scenario, modes, plan);
  } catch (error) {
    plan.close();
    throw error;
  }
}

function modesOf(request: BenchRequest, scenario: Scenario): readonly ModeName[] {
  if (request.modes !== undefined) return request.modes;
  const fixed = scenario.vms.map((vm) => vm.mode);
  const [first] = fixed;
  // Where the scenario fixes every VM's mode there is one run.
  if (first !== undefined && fixed.every((mode) => mode !== undefined)) return [first];
  const possible = MODE_NAMES.filter((mode) => scenario.obstacle(mode) === undefined);
  if (possible.length === 0) throw new UsageError(`scenario ${scenario.name} can run no mode`);
  return possible;
}

class Bench implements PreparedBench {
  private readonly request: BenchRequest;
  private readonly hooks: BenchHooks;
  private readonly scenario: Scenario;
  private readonly modes: readonly ModeName[];
  private readonly plan: WorkloadPlan;
  /** By workload. */
  readonly resolved: readonly ResolvedScenario[];

  constructor(
    request: BenchRequest,
    hooks: BenchHooks,
    scenario: Scenario,
    modes: readonly ModeName[],
    plan: WorkloadPlan,
  ) {
    this.request = request;
    this.hooks = hooks;
    this.scenario = scenario;
    this.modes = modes;
    this.plan = plan;
    this.resolved = plan.workloads.map(({ vms }) =>
      scenario.resolve({
        footprintBytes: Math.max(...vms.map(footprintOf)),
        disks: vms.map(disksOf),
        modes,
      }),
    );
  }

  get workloads(): readonly PlannedWorkload[] {
    return this.plan.workloads;
  }

  describe(): string[] {
    const { scenario, plan, request, modes } = this;
    const hosts = scenario.hostNames;
    const lines = [
      `Scenario ${scenario.name}: ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}, ${scenario.vms.length} ${scenario.vms.length === 1 ? 'VM' : 'VMs'}. ${scenario.description}`.trim(),
    ];
    for (const [index, workload] of plan.workloads.entries()) {
      const { fvp, hosts: resolvedHosts } = this.resolved[index]!;
      const flash = resolvedHosts.map((host) =>
        host.flash === null ? 'none' : formatBytes(host.flash.capacityBytes),
      );
      lines.push(
        `${workload.name}: ${loadText(workload)}, ${workload.vms.every(({ replay }) => replay === 'job') ? 'run' : 'replay'} ${replayText([workload], request.iodepth)}.`,
        `  flash ${[...new Set(flash)].join(', ')}; dirty limit ${formatBytes(fvp.dirtyLimitBytes)} for each virtual disk.`,
      );
    }
    lines.push(`Modes: ${modes.join(', ')}. Seed ${request.seed}.`);
    return [...lines, ...this.notes()];
  }

  async run(): Promise<{ recording: RunRecording; notes: readonly string[] }> {
    const { plan, request } = this;
    const units = plan.workloads.flatMap((workload, index): Unit[] =>
      this.modes.map((mode) => ({
        workload: index,
        mode,
        text: `${workload.name}, ${mode}`,
        ios: iosOf(workload),
      })),
    );
    const outcomes = await runUnits(units, this, request, this.hooks);
    const results = outcomes.map(({ result }) => result);
    const events = outcomes.flatMap((outcome) => outcome.events ?? []);
    for (const [index, workload] of plan.workloads.entries()) {
      // What jobs issue is summed up in the first mode.
      workload.summary ??= outcomes[units.findIndex((unit) => unit.workload === index)]!.summary;
    }
    const run = { dir: '', id: '', startedAt: '', fvp: '', node: process.version, cpu: '' };
    return {
      recording: {
        document: {
          schema: RUN_SCHEMA,
          seed: request.seed,
          scenario: writtenForAll(
            this.resolved.map(({ written }, index) => [plan.workloads[index]!.name, written] as const),
          ),
          replay: replayText(plan.workloads, request.iodepth),
          workloads: plan.workloads.map((workload) => workload.summary!),
          results,
          ...(events.length === 0 ? {} : { events }),
        },
        timelines: outcomes.map(({ timeline }) => timeline),
        latencies: outcomes.flatMap(({ latencies }) => latencies),
        timing: { timing: outcomes.map(({ timing }) => timing), run },
      },
      notes: [...this.notes(), ...outcomes.flatMap(({ notes }) => notes), ...freshNotes(results)],
    };
  }

  inputs(): readonly BenchInput[] {
    return this.plan.workloads.map(({ name, vms }, index) => ({
      workload: name,
      scenario: this.resolved[index]!.written,
      vms: vms.map((vm) => ({ replay: vm.replay, startNs: vm.startNs, load: loadOf(vm) })),
    }));
  }

  async close(): Promise<void> {
    this.plan.close();
  }

  private notes(): string[] {
    const { request, scenario, modes } = this;
    const notes = planNotes(this.plan, request);
    if (request.modes === undefined) {
      for (const mode of MODE_NAMES) {
        const obstacle = modes.includes(mode) ? undefined : scenario.obstacle(mode);
        if (obstacle !== undefined) notes.push(`Not run: ${obstacle}.`);
      }
    }
    for (const vm of scenario.vms) {
      if (vm.mode !== undefined) notes.push(`${vm.name} is in ${vm.mode} throughout: the scenario says so.`);
    }
    return notes;
  }

  async runUnit(unit: Unit, onShare: (share: number) => void): Promise<UnitOutcome> {
    const { request, plan } = this;
    const { mode, text } = unit;
    const workload = plan.workloads[unit.workload]!;
    const resolved = this.resolved[unit.workload]!;
    let rows = 0;
    const sources = plan.sources(workload, (more) => {
      rows += more;
    });
    // What jobs issue is summed up of the first VM that plays one.
    const tallied = workload.summary === undefined ? workload.vms.findIndex(isJob) : -1;
    const tally = tallied < 0 ? undefined : new LoadTally(sources[tallied]!);
    const expectedNs = lastArrivalNs(workload, request.speed);
    const warmupNs = Math.max(request.warmupNs, rampNsOf(workload));
    const options: RunOptions = {
      mode,
      expectedNs: Math.min(expectedNs ?? UNKNOWN_NS, request.durationNs ?? UNKNOWN_NS),
      seed: request.seed,
      warmupNs,
      queueDepth: QUEUE_DEPTH,
      preloadFraction: request.preloadFraction,
      ...(request.preloadFraction === 0 ? {} : { preload: (vm: number) => preloadOf(workload.vms[vm]!) }),
    };
    const ios = iosOf(workload);
    const totalNs = Math.min(expectedNs ?? Number.NaN, request.durationNs ?? Number.POSITIVE_INFINITY);
    const startedMs = performance.now();
    const run = new ClusterRun(
      resolved,
      sources.map((source, vm) => ({ source: vm === tallied ? tally! : source })),
      options,
    );
    let more = true;
    while (more) {
      if (this.hooks.signal.aborted) throw new InterruptedError(`interrupted while replaying ${text}`);
      more = run.advance(SLICE_EVENTS);
      onShare(ios === undefined ? run.progressNs / totalNs : rows / ios);
      await setImmediate();
    }
    const wallSeconds = (performance.now() - startedMs) / 1000;
    const cluster = run.result();
    const notes: string[] = [];
    const events =
      resolved.events.length === 0 ? undefined : runEvents(workload.name, mode, warmupNs, cluster);
    if (events === undefined) {
      assert(cluster.failed === 0, 'no I/O of a run without faults fails');
      if (ios !== undefined && request.durationNs === undefined)
        assert(cluster.completed === ios, 'every I/O of the trace completes once for each VM');
    } else notes.push(...lossNotes(events));
    const summary = workload.summary ?? tally!.summary(workload.name);
    notes.push(...heldNotes(sources, text), ...outcomeNotes(sources, text));
    const result = modeResult(workload.name, mode, cluster);
    const timeline = timelineOf(workload.name, mode, cluster);
    const disks = workload.vms.reduce((sum, vm) => sum + disksOf(vm), 0);
    const verdicts = verdictsOf({
      mode,
      openLoop: workload.vms.every((vm) => vm.replay === 'open'),
      timeline,
      result,
      measuredNs: cluster.loadNs - warmupNs,
      queueDepth: QUEUE_DEPTH,
      batchBytes: resolved.fvp.destage.batchBytes * disks,
      highMarkReached: highMarkReached(result, resolved.fvp, disks, cluster.loadNs),
      recordedP99Ns: summary.recorded.p99Ns,
      lateNsByPart: latenessOf(sources),
    });
    const { workload: name, mode: modeName, ...figures } = result;
    return {
      result: { workload: name, mode: modeName, verdicts, ...figures },
      timeline,
      latencies: recordings(workload.name, mode, cluster),
      events,
      summary,
      notes,
      timing: { workload: workload.name, mode, wallSeconds, iosPerSecond: cluster.completed / wallSeconds },
    };
  }
}

function heldNotes(sources: readonly unknown[], text: string): string[] {
  let heldRows = 0;
  for (const source of sources) if (source instanceof DependentSource) heldRows += source.heldRows;
  if (heldRows === 0) return [];
  return [
    `${text}: ${formatCount(heldRows)} I/Os were sent late, because other processes of the trace lay far behind.`,
  ];
}

/** What the events of a scenario cost the VMs for good. */
function lossNotes({ workload, mode, failed, history }: RunEvents): string[] {
  const lost = history
    .filter(({ event, detail }) => event === 'vm' && detail === 'lost')
    .map(({ vm }) => vm!);
  const text = `${workload}, ${mode}`;
  const notes: string[] = [];
  if (lost.length > 0) {
    const names = lost.length === 1 ? `${lost[0]} was` : `${lost.join(', ')} were`;
    notes.push(`${text}: ${names} lost, with data that had been acknowledged.`);
  }
  if (failed > 0) notes.push(`${text}: ${formatCount(failed)} ${failed === 1 ? 'I/O' : 'I/Os'} failed.`);
  return notes;
}

function isJob(vm: PlannedVm): boolean {
  return vm.replay === 'job';
}

/** What is known of a workload before it has run. */
function loadText(workload: PlannedWorkload): string {
  const { summary, vms } = workload;
  if (summary !== undefined) {
    return `${formatCount(summary.ios)} I/Os in ${formatNs(summary.durationNs)} (${summary.format}), footprint ${formatBytes(summary.footprintBytes)}`;
  }
  const expectedNs = lastArrivalNs(workload, 1);
  const processes = Math.max(...vms.map((vm) => (vm.replay === 'job' ? vm.job.plan.processes.length : 1)));
  const length = expectedNs === undefined ? 'until its jobs end' : `for ${formatNs(expectedNs)}`;
  return `fio job with ${formatCount(processes)} ${processes === 1 ? 'process' : 'processes'}, ${length}, footprint ${formatBytes(Math.max(...vms.map(footprintOf)))}`;
}

/** One sentence for each device that did not start at steady state. */
function freshNotes(results: readonly ModeResult[]): string[] {
  const sentences = results.flatMap(({ devices = [] }) =>
    devices.flatMap(({ name, fresh }) => (fresh === null ? [] : [`${name} starts fresh: ${fresh}.`])),
  );
  return [...new Set(sentences)];
}
