/** From the figures of a cluster run to those of the run document. */
import type { PartsByLatency } from '../../reference/cluster/parts-by-latency.ts';
import { type ClusterResult, type KindResult, sumOfPart } from '../../reference/cluster/run-cluster.ts';
import {
  type HostCounters,
  PART_DATASTORE,
  PART_LOCAL_FLASH,
  PART_NETWORK_FLASH,
  PART_ORDER,
  PART_THROTTLE,
  PARTS,
} from '../../reference/fvp/host-state.ts';
import { histogramIndex, LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import type {
  Latencies,
  LatencyKind,
  LatencyParts,
  LatencyRecording,
  LatencySummary,
  LayerLatency,
  ModeResult,
  RunEvents,
  SanByCause,
  SlowestIos,
  Timeline,
  VmResult,
} from '../../results/schema/run-document.ts';

const KIND_OPS: readonly (readonly [LatencyKind, number])[] = [
  ['reads', OP_READ],
  ['writes', OP_WRITE],
  ['flushes', OP_FLUSH],
];

/** Of the response times, whose I/Os the document tells part by part. */
const SLOWEST_PERCENTILES = [99, 99.9];

/** @returns the figures of one workload in one mode, but the verdicts */
export function modeResult(
  workload: string,
  mode: string,
  { vms, counters, ...run }: ClusterResult,
): Omit<ModeResult, 'verdicts'> {
  const { fvp, flash, network, datastore, utilisation } = counters;
  const ofKind = (op: number): KindResult => merged(vms.map((vm) => vm.kinds[op]!));
  const all = merged(vms.flatMap((vm) => vm.kinds));
  const [guest, populate, replica, header] = flash.programmedBytes;
  const programmed = guest! + populate! + replica! + header!;
  return {
    workload,
    mode,
    reads: latencies(ofKind(OP_READ)),
    writes: latencies(ofKind(OP_WRITE)),
    flushes: latencies(ofKind(OP_FLUSH)),
    all: latencies(all),
    vms: vmResults(vms, all.response),
    parts: {
      reads: latencyParts(ofKind(OP_READ), fvp, OP_READ),
      writes: latencyParts(ofKind(OP_WRITE), fvp, OP_WRITE),
      flushes: latencyParts(ofKind(OP_FLUSH), fvp, OP_FLUSH),
    },
    slowest: {
      reads: slowest(ofKind(OP_READ), run.partsByLatency, OP_READ),
      writes: slowest(ofKind(OP_WRITE), run.partsByLatency, OP_WRITE),
      flushes: slowest(ofKind(OP_FLUSH), run.partsByLatency, OP_FLUSH),
    },
    layers: {
      localFlash: layer(sumOfPart(fvp.partNs, PART_LOCAL_FLASH), sumOfPart(fvp.partIos, PART_LOCAL_FLASH)),
      networkFlash: layer(fvp.replicaNs, fvp.replicaAcks),
      datastore: layer(sumOfPart(fvp.partNs, PART_DATASTORE), sumOfPart(fvp.partIos, PART_DATASTORE)),
    },
    hitRatio: counters.vmReadBytes === 0 ? null : fvp.hitBytes / counters.vmReadBytes,
    outstanding: { mean: run.outstandingMean, max: run.outstandingMax },
    flash: {
      reads: flash.reads,
      writes: flash.writes,
      readBytes: flash.readBytes,
      programmedBytes: {
        // A log record is written in one go; its header and what fills its last block are told apart here.
        guest: guest! - fvp.headerBytes,
        headers: header! + fvp.headerBytes,
        populate: populate!,
        replica: replica!,
      },
      writeAmplification: counters.vmWriteBytes === 0 ? null : programmed / counters.vmWriteBytes,
      evictedBytes: counters.evictedBytes,
      populatedBytes: fvp.populatedBytes,
      droppedFills: fvp.droppedFills,
      utilisation: utilisation.flash,
    },
    network: {
      bytes: network.bytes,
      messages: network.messages,
      utilisation: utilisation.network,
      ...(fvp.compressedRecords > 0 && {
        compressedRecords: fvp.compressedRecords,
        compressingNs: fvp.compressingNs,
      }),
    },
    san: {
      reads: byCause(datastore.reads),
      writes: byCause(datastore.writes),
      bytes: byCause(datastore.bytes),
      flushes: datastore.flushes,
      utilisation: utilisation.datastore,
    },
    destage: {
      batches: fvp.batches,
      batchLengths: [...fvp.batchLengths]
        .map((batches, power) => ({ records: batchLength(power, fvp.batchLengths.length), batches }))
        .filter(({ batches }) => batches !== 0),
      peakDirtyBytes: counters.peakDirtyBytes,
      timeToDestageNsMax: fvp.timeToDestageNsMax,
      throttledNs: fvp.throttledNs,
      throttledWrites: fvp.throttledWrites,
      drainNs: run.drainNs,
      logOrderNs: fvp.logOrderNs,
      checkpoints: fvp.checkpoints,
      joinedWrites: fvp.joinedWrites,
    },
    ...(run.devices.length === 0 ? {} : { devices: run.devices }),
    virtualNs: run.loadNs + run.drainNs,
    events: run.events,
  };
}

/** The interval histograms of a run, by kind. */
export function recordings(workload: string, mode: string, { intervals }: ClusterResult): LatencyRecording[] {
  return KIND_OPS.map(([kind, op]) => ({
    workload,
    mode,
    kind,
    intervalNs: intervals.intervalNs,
    response: intervals.response[op]!,
    service: intervals.service[op]!,
  }));
}

/** What happened in a run of a scenario with events. @param measuredFromNs end of the warm-up */
export function runEvents(
  workload: string,
  mode: string,
  measuredFromNs: number,
  { loadNs, completed, failed, history }: ClusterResult,
): RunEvents {
  return { workload, mode, measuredFromNs, loadNs, completed, failed, history };
}

/** The gauges of a run by interval. */
export function timelineOf(workload: string, mode: string, { intervals }: ClusterResult): Timeline {
  const { intervalNs, gauges } = intervals;
  return { workload, mode, intervalNs, intervals: intervals.intervals, ...gauges };
}

function merged(kinds: readonly KindResult[]): KindResult {
  const response = new LatencyHistogram();
  const service = new LatencyHistogram();
  for (const kind of kinds) {
    response.add(kind.response);
    service.add(kind.service);
  }
  return { response, service };
}

function latencies({ response, service }: KindResult): Latencies {
  return { count: response.count, response: summary(response), service: summary(service) };
}

/** What the I/Os of a kind waited for, in all. */
function latencyParts({ response, service }: KindResult, fvp: HostCounters, op: number): LatencyParts {
  return partsOf(Number(response.sum - service.sum), (part) => fvp.partNs[op * PARTS + part]!);
}

/** What the slowest I/Os of a kind waited for. */
function slowest({ response }: KindResult, parts: PartsByLatency, op: number): SlowestIos[] {
  if (response.count === 0) return [];
  return SLOWEST_PERCENTILES.map((percentile) => {
    const { fromNs, count, queueNs, partNs } = parts.from(op, response.percentile(percentile));
    return { percentile, fromNs, count, parts: partsOf(queueNs, (part) => partNs[part]!) };
  });
}

function partsOf(queueNs: number, partNs: (part: number) => number): LatencyParts {
  return {
    queueNs,
    throttleNs: partNs(PART_THROTTLE),
    orderNs: partNs(PART_ORDER),
    localFlashNs: partNs(PART_LOCAL_FLASH),
    networkFlashNs: partNs(PART_NETWORK_FLASH),
    datastoreNs: partNs(PART_DATASTORE),
  };
}

function layer(ns: number, ios: number): LayerLatency {
  return { ios, meanNs: ios === 0 ? null : Math.floor((ns / ios) * 1000 + 0.5) / 1000 };
}

function summary(histogram: LatencyHistogram): LatencySummary | null {
  if (histogram.count === 0) return null;
  return {
    minNs: histogram.min,
    meanNs: histogram.mean,
    stddevNs: histogram.stddev,
    p50Ns: histogram.percentile(50),
    p90Ns: histogram.percentile(90),
    p95Ns: histogram.percentile(95),
    p99Ns: histogram.percentile(99),
    'p99.9Ns': histogram.percentile(99.9),
    'p99.99Ns': histogram.percentile(99.99),
    maxNs: histogram.max,
  };
}

function vmResults(vms: ClusterResult['vms'], all: LatencyHistogram): VmResult[] {
  const own = vms.map((vm) => merged(vm.kinds).response);
  const shares = slowestShares(own, all);
  return vms.map(({ name, host, kinds }, index) => ({
    name,
    host,
    reads: latencies(kinds[OP_READ]!),
    writes: latencies(kinds[OP_WRITE]!),
    flushes: latencies(kinds[OP_FLUSH]!),
    slowestShare: shares[index]!,
  }));
}

/**
 * Each part's share of the slowest 1 % of the whole, at least one value. Values of the bucket in which the slowest
 * 1 % begin are alike: they count in proportion.
 */
export function slowestShares(parts: readonly LatencyHistogram[], all: LatencyHistogram): number[] {
  if (all.count === 0) return parts.map(() => 0);
  const slowest = Math.max(1, Math.floor(all.count / 100));
  let left = slowest;
  const counts = parts.map(() => 0);
  const first = histogramIndex(all.min);
  for (let index = histogramIndex(all.max); index >= first && left > 0; index--) {
    const here = all.countAt(index);
    if (here === 0) continue;
    const taken = Math.min(1, left / here);
    for (const [part, histogram] of parts.entries()) counts[part]! += histogram.countAt(index) * taken;
    left -= here;
  }
  return counts.map((count) => count / slowest);
}

function byCause(values: Float64Array): SanByCause {
  return { guest: values[0]!, destage: values[1]!, record: values[2]!, heartbeat: values[3]! };
}

/** `1`, `2-3`, `4-7`, …; the last class is open. */
function batchLength(power: number, classes: number): string {
  const from = 2 ** power;
  if (power === classes - 1) return `${from}+`;
  return power === 0 ? '1' : `${from}-${2 * from - 1}`;
}
