/**
 * A whole run made from seeded draws, shaped like one of the default preset: two workloads, five modes, three VMs.
 * Its figures agree with each other (totals, summaries, interval histograms, timelines) but no device stands behind them.
 */
import { LatencyHistogram, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { mergeAll, percentilesOf, summarise } from '../hdr/summary.ts';
import {
  LATENCY_KINDS,
  type Latencies,
  type LatencyKind,
  type LatencyParts,
  type LatencyRecording,
  type ModeResult,
  RUN_SCHEMA,
  type RunRecording,
  type SlowestIos,
  type Timeline,
  type Verdict,
  type VmResult,
  type WorkloadSummary,
} from '../schema/run-document.ts';

export interface SampleOptions {
  readonly seed?: number;
  readonly workloads?: readonly string[];
  readonly modes?: readonly string[];
  readonly intervals?: number;
  /** I/Os of one VM. */
  readonly iosPerVm?: number;
  /** Verdicts by mode, for every workload. */
  readonly verdicts?: Readonly<Record<string, readonly Verdict[]>>;
  readonly scenario?: Readonly<Record<string, unknown>>;
}

export const SAMPLE_MODES = ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'] as const;

interface Typical {
  readonly readNs: number;
  readonly writeNs: number;
  readonly flushNs: number;
  readonly hitRatio: number;
}

const TYPICAL: Readonly<Record<string, Typical>> = {
  none: { readNs: 1_900_000, writeNs: 740_000, flushNs: 460_000, hitRatio: 0 },
  'write-through': { readNs: 1_500_000, writeNs: 750_000, flushNs: 460_000, hitRatio: 0.25 },
  'write-back': { readNs: 1_500_000, writeNs: 62_000, flushNs: 61_000, hitRatio: 0.25 },
  'write-back+1': { readNs: 1_510_000, writeNs: 109_000, flushNs: 62_000, hitRatio: 0.25 },
  'write-back+2': { readNs: 1_515_000, writeNs: 152_000, flushNs: 64_000, hitRatio: 0.25 },
};

const KIND_SHARE: Readonly<Record<LatencyKind, number>> = { reads: 0.2, writes: 0.72, flushes: 0.08 };
const VMS = ['vm1', 'vm2', 'vm3'];
const INTERVAL_NS = 250e6;

/** Service time with a tail; now and then the array is busy and everything takes longer. */
function drawNs(stream: RandomStream, typicalNs: number, busy: number): number {
  const around = 0.6 + stream.nextFraction() * stream.nextFraction() * 1.6;
  const rare = stream.nextBelow(400) === 0 ? 3 + stream.nextFraction() * 20 : 1;
  return Math.floor(typicalNs * around * rare * busy);
}

function latencies(response: LatencyHistogram, service: LatencyHistogram): Latencies {
  return { count: response.count, response: summarise(response), service: summarise(service) };
}

/** The sums of a recording, shared out among the parts; the rest is the datastore's. */
function parts(
  { response, service }: LatencyRecording,
  { localFlash = 0, networkFlash = 0 }: { localFlash?: number; networkFlash?: number },
): LatencyParts {
  const sumOf = (histograms: readonly SparseHistogram[]): number =>
    histograms.reduce((sum, { sumLow, sumHigh }) => sum + sumLow + sumHigh * 2 ** 52, 0);
  const serviceNs = sumOf(service);
  const localFlashNs = Math.floor(serviceNs * localFlash);
  const networkFlashNs = Math.floor(serviceNs * networkFlash);
  return {
    queueNs: sumOf(response) - serviceNs,
    throttleNs: 0,
    orderNs: 0,
    localFlashNs,
    networkFlashNs,
    datastoreNs: serviceNs - localFlashNs - networkFlashNs,
  };
}

/** As if the slowest 1 % had waited for the SAN alone. */
function slowest({ response }: LatencyRecording): SlowestIos[] {
  const all = mergeAll(response);
  if (all.count === 0) return [];
  const [p99Ns] = percentilesOf(all, [99]);
  const count = Math.max(1, Math.floor(all.count / 100));
  const waits = { queueNs: 0, throttleNs: 0, orderNs: 0, localFlashNs: 0, networkFlashNs: 0 };
  return [{ percentile: 99, fromNs: p99Ns!, count, parts: { ...waits, datastoreNs: count * p99Ns! } }];
}

interface Drawn {
  readonly result: ModeResult;
  readonly recordings: LatencyRecording[];
  readonly timeline: Timeline;
}

function drawMode(workload: string, mode: string, options: Required<SampleOptions>): Drawn {
  const stream = new RandomStream(options.seed, `${workload}/${mode}`);
  const typical = TYPICAL[mode] ?? TYPICAL['write-back']!;
  const { intervals } = options;
  const perVm = VMS.map(() =>
    LATENCY_KINDS.map(() => ({ response: new LatencyHistogram(), service: new LatencyHistogram() })),
  );
  const recordings: LatencyRecording[] = [];
  for (const [k, kind] of LATENCY_KINDS.entries()) {
    const typicalNs =
      kind === 'reads' ? typical.readNs : kind === 'writes' ? typical.writeNs : typical.flushNs;
    const response: SparseHistogram[] = [];
    const service: SparseHistogram[] = [];
    const perInterval = Math.floor((options.iosPerVm * KIND_SHARE[kind]) / intervals);
    for (let i = 0; i < intervals; i++) {
      const busy = 1 + (i % 37 < 3 ? 1.5 : 0) + (i % 11) / 30;
      const both = VMS.map((_, vm) => {
        const one = { response: new LatencyHistogram(), service: new LatencyHistogram() };
        const ios = kind === 'flushes' && i % 3 !== 0 ? 0 : perInterval;
        for (let io = 0; io < ios; io++) {
          const serviceNs = drawNs(stream, typicalNs, vm === 1 ? busy * 1.05 : busy);
          one.service.record(serviceNs);
          one.response.record(
            serviceNs + (stream.nextBelow(8) === 0 ? Math.floor(serviceNs * stream.nextFraction()) : 0),
          );
        }
        perVm[vm]![k]!.response.add(one.response);
        perVm[vm]![k]!.service.add(one.service);
        return one;
      });
      response.push(mergeAll(both.map((one) => one.response.toSparse())));
      service.push(mergeAll(both.map((one) => one.service.toSparse())));
    }
    recordings.push({ workload, mode, kind, intervalNs: INTERVAL_NS, response, service });
  }
  const total = (vms: readonly number[], kinds: readonly number[]): Latencies => {
    const response = new LatencyHistogram();
    const service = new LatencyHistogram();
    for (const vm of vms) {
      for (const k of kinds) {
        response.add(perVm[vm]![k]!.response);
        service.add(perVm[vm]![k]!.service);
      }
    }
    return latencies(response, service);
  };
  const everyVm = VMS.map((_, vm) => vm);
  const vms: VmResult[] = VMS.map((name, vm) => ({
    name,
    host: `host${vm + 1}`,
    reads: total([vm], [0]),
    writes: total([vm], [1]),
    flushes: total([vm], [2]),
    slowestShare: [0.31, 0.38, 0.31][vm]!,
  }));
  const writeBack = mode.startsWith('write-back');
  const replicas = writeBack ? Number(mode.split('+')[1] ?? 0) : 0;
  const series = (scale: number): number[] =>
    Array.from({ length: intervals }, (_, i) =>
      Math.floor(scale * (1 + (i % 37 < 3 ? 2 : 0)) * (0.7 + stream.nextFraction() * 0.6)),
    );
  const dirtyBytes = Array.from({ length: intervals }, (_, i) =>
    writeBack && i < intervals - 3
      ? Math.floor((8 + (i % 37) * 1.5 + stream.nextFraction() * 4) * 2 ** 20)
      : 0,
  );
  const timeline: Timeline = {
    workload,
    mode,
    intervalNs: INTERVAL_NS,
    intervals,
    dirtyBytes,
    dirtyBytesMax: dirtyBytes.map((bytes) => Math.floor(bytes * 1.2)),
    outstanding: series(3),
    throttledNs: series(0),
    vmReadBytes: series(900_000),
    vmWriteBytes: series(2_500_000),
    hitBytes: series(900_000 * typical.hitRatio),
    flashReadBytes: series(900_000 * typical.hitRatio),
    flashWriteBytes: series(mode === 'none' ? 0 : 3_000_000),
    networkBytes: series(2_500_000 * replicas),
    sanReadBytes: series(900_000 * (1 - typical.hitRatio)),
    sanWriteBytes: series(2_500_000),
    sanIos: series(200),
    evictedBytes: series(0),
    flashIos: series(mode === 'none' ? 0 : 300),
    networkMessages: series(200 * replicas),
    localFlashNs: series(mode === 'none' ? 0 : 20e6),
    localFlashIos: series(mode === 'none' ? 0 : 300),
    networkFlashNs: series(20e6 * replicas),
    networkFlashIos: series(200 * replicas),
    datastoreNs: series(90e6),
    datastoreIos: series(100),
    flashBusyShare: dirtyBytes.map((_, i) => (mode === 'none' ? 0 : (i % 11) / 100)),
    networkBusyShare: dirtyBytes.map((_, i) => (replicas * (i % 7)) / 100),
    sanBusyShare: dirtyBytes.map((_, i) => (20 + (i % 17)) / 100),
    timeToDestageNsMax: series(writeBack ? 800e6 : 0),
    checkpoints: series(writeBack ? 1 : 0),
  };
  const writes = total(everyVm, [1]).count;
  const reads = total(everyVm, [0]).count;
  const guestBytes = writes * 14_000;
  const none = { guest: 0, destage: 0, record: 0, heartbeat: 0 };
  const result: ModeResult = {
    workload,
    mode,
    verdicts: options.verdicts[mode] ?? [],
    reads: total(everyVm, [0]),
    writes: total(everyVm, [1]),
    flushes: total(everyVm, [2]),
    all: total(everyVm, [0, 1, 2]),
    vms,
    parts: {
      reads: parts(recordings[0]!, { localFlash: typical.hitRatio / 4 }),
      writes: parts(
        recordings[1]!,
        writeBack ? { localFlash: 1 / (1 + replicas), networkFlash: replicas / (1 + replicas) } : {},
      ),
      flushes: parts(recordings[2]!, writeBack ? { localFlash: 1 } : {}),
    },
    slowest: {
      reads: slowest(recordings[0]!),
      writes: slowest(recordings[1]!),
      flushes: slowest(recordings[2]!),
    },
    layers: {
      localFlash: { ios: mode === 'none' ? 0 : writes, meanNs: mode === 'none' ? null : typical.writeNs },
      networkFlash: { ios: writes * replicas, meanNs: replicas === 0 ? null : typical.writeNs * 0.9 },
      datastore: { ios: reads, meanNs: typical.readNs },
    },
    hitRatio: typical.hitRatio,
    outstanding: { mean: 2.25, max: 71 },
    flash: {
      reads: Math.floor(reads * typical.hitRatio),
      writes: mode === 'none' ? 0 : writes,
      readBytes: Math.floor(reads * 16_000 * typical.hitRatio),
      programmedBytes: {
        guest: mode === 'none' ? 0 : guestBytes,
        headers: writeBack ? writes * 64 : 0,
        populate: mode === 'none' ? 0 : Math.floor(reads * 16_000 * 0.7),
        replica: guestBytes * replicas,
      },
      writeAmplification: mode === 'none' ? 0 : 1.2 + replicas,
      evictedBytes: 0,
      populatedBytes: mode === 'none' ? 0 : Math.floor(reads * 16_000 * 0.7),
      droppedFills: 0,
      utilisation: mode === 'none' ? 0 : 0.07,
    },
    network: { bytes: guestBytes * replicas, messages: writes * 2 * replicas, utilisation: 0.02 * replicas },
    san: {
      reads: { ...none, guest: Math.floor(reads * (1 - typical.hitRatio)) },
      writes: writeBack
        ? { ...none, destage: Math.floor(writes * 0.8), record: 12, heartbeat: 40 }
        : { ...none, guest: writes },
      bytes: writeBack
        ? { guest: reads * 12_000, destage: guestBytes, record: 12_288, heartbeat: 20_480 }
        : { ...none, guest: reads * 12_000 + guestBytes },
      flushes: 300,
      utilisation: 0.34,
    },
    destage: {
      batches: writeBack ? 420 : 0,
      batchLengths: writeBack
        ? [
            { records: '1', batches: 20 },
            { records: '2-3', batches: 150 },
            { records: '4-7', batches: 250 },
          ]
        : [],
      peakDirtyBytes: Math.max(...timeline.dirtyBytesMax),
      timeToDestageNsMax: writeBack ? 1_900_000_000 : 0,
      throttledNs: 0,
      throttledWrites: 0,
      drainNs: writeBack ? 740_000_000 : 0,
      logOrderNs: 0,
      checkpoints: writeBack ? 90 : 0,
      joinedWrites: writeBack ? Math.floor(writes * 0.2) : 0,
    },
    virtualNs: intervals * INTERVAL_NS,
    events: writes * 9,
  };
  return { result, recordings, timeline };
}

/** A recording as `writeRun` takes it; the same for the same options. */
export function sampleRecording(given: SampleOptions = {}): RunRecording {
  const options: Required<SampleOptions> = {
    seed: 1,
    workloads: ['database', 'email'],
    modes: SAMPLE_MODES,
    intervals: 64,
    iosPerVm: 12_000,
    verdicts: {},
    scenario: {
      name: 'datacentre-2014',
      hosts: VMS.map((_, i) => ({
        name: `host${i + 1}`,
        flash: { device: 'flash', preset: 'intel-dc-s3700' },
        link: { device: 'link', bandwidth: '10Gbit/s' },
      })),
      datastore: { device: 'array', preset: 'fc-array-15k', flush: 'roundtrip' },
      vms: VMS.map((name, i) => ({ name, host: `host${i + 1}`, workload: 'input' })),
    },
    ...given,
  };
  const drawn = options.workloads.flatMap((workload) =>
    options.modes.map((mode) => drawMode(workload, mode, options)),
  );
  const workloads: WorkloadSummary[] = options.workloads.map((name, i) => {
    const { result } = drawn[i * options.modes.length]!;
    const perVm = (count: number): number => Math.floor(count / VMS.length);
    const [reads, writes, flushes] = [
      perVm(result.reads.count),
      perVm(result.writes.count),
      perVm(result.flushes.count),
    ];
    return {
      name,
      format: 'blkparse',
      ios: reads + writes + flushes,
      reads,
      writes,
      flushes,
      discards: 0,
      readBytes: reads * 16_000,
      writeBytes: writes * 14_000,
      footprintBytes: 210_763_776,
      spanBytes: 8_589_934_592,
      durationNs: options.intervals * INTERVAL_NS,
      readCeiling: reads === 0 ? null : 0.272,
      disks: 1,
      contentSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      reorderedRows: 0,
      recorded: {
        latencies: reads + writes,
        p50Ns: 310_000,
        p99Ns: 8_900_000,
        outstandingMean: 1.8,
        outstandingMax: 40,
      },
    };
  });
  return {
    document: {
      schema: RUN_SCHEMA,
      seed: options.seed,
      scenario: options.scenario,
      replay: 'dependent',
      workloads,
      results: drawn.map(({ result }) => result),
    },
    timelines: drawn.map(({ timeline }) => timeline),
    latencies: drawn.flatMap(({ recordings }) => recordings),
    timing: {
      timing: drawn.map(({ result }) => ({
        workload: result.workload,
        mode: result.mode,
        wallSeconds: 0.2,
        iosPerSecond: 180_000,
      })),
      run: {
        dir: 'results/runs/x',
        id: 'x',
        startedAt: '2026-01-01T00:00:00.000Z',
        fvp: '0.1.0',
        node: 'v20.19.0',
        cpu: 'a CPU',
      },
    },
  };
}
