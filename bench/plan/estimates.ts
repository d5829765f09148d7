/**
 * Estimates that spare replays: bounds below which a latency cannot be, by the service times of devices, by queueing
 * and by the miss-ratio curve. They are bounds, not predictions: a point that is pruned by one could not have met the
 * objective, and `--no-prune` shows it.
 */

import type { ResolvedDevice, ResolvedScenario } from '../../reference/cluster/scenario/resolved.ts';
import type { Scenario } from '../../reference/cluster/scenario/scenario.ts';
import type { ArrayParameters } from '../../reference/devices/array/array-parameters.ts';
import { predictDevice } from '../../reference/devices/theory/predict.ts';
import { modeOf } from '../../reference/fvp/mode.ts';
import {
  formatBytes,
  formatNs,
  formatPercent,
  NS_PER_S,
  SECTOR_BYTES,
} from '../../reference/kernel/units.ts';
import { percentileOf } from '../../results/compare/measured.ts';
import type { Threshold } from '../../results/gate/expression.ts';
import type { TraceInfo } from '../../traces/stats/describe-trace.ts';

/** What is known of a load before it is replayed. */
export interface LoadFacts {
  readonly workload: string;
  readonly ios: number;
  readonly reads: number;
  readonly writes: number;
  readonly durationNs: number;
  /** Each I/O is sent at its time, whatever has completed. */
  readonly openLoop: boolean;
  readonly speed: number;
  /** Least share of reads (by I/Os) that a cache of so many bytes misses: LRU's, with room. */
  missedReads(cacheBytes: number): number;
  /** Of blocks read, by an LRU cache; null without reads. */
  lruHitRatio(cacheBytes: number): number | null;
}

/** Standard errors of a percentile's rank that chance is given. Assumed: one in ten thousand goes beyond. */
const RANK_ERRORS = 4;
/** LRU is not the best of policies, so it is asked of a cache that is larger by this. Assumed. */
const LRU_ROOM = 4;

/** The facts of a load from what is in its trace. */
export function factsOf(
  info: TraceInfo,
  replay: { readonly openLoop: boolean; readonly speed: number },
): LoadFacts {
  const { name, ios, reads, writes, durationNs } = info;
  return {
    workload: name,
    ios,
    reads,
    writes,
    durationNs,
    ...replay,
    missedReads: (cacheBytes) => missedReads(info, cacheBytes),
    lruHitRatio: (cacheBytes) => lruHitRatio(info, cacheBytes),
  };
}

function lruHitRatio(info: TraceInfo, cacheBytes: number): number | null {
  const ratios = info.missRatios;
  if (ratios === null) return null;
  const curve = ratios.exact ?? ratios.sampled;
  // The largest size of the curve that is not beyond the cache.
  const index = ratios.cacheBytes.findLastIndex((bytes) => bytes <= cacheBytes);
  const missed = index < 0 ? 1 : curve.reads[index];
  return missed == null ? null : 1 - missed;
}

function missedReads(info: TraceInfo, cacheBytes: number): number {
  const curve = info.missRatios?.exact;
  if (curve == null || info.reads === 0) return 0;
  const sizes = info.missRatios!.cacheBytes;
  const index = sizes.findIndex((bytes) => bytes >= cacheBytes * LRU_ROOM);
  const missed = curve.reads[index < 0 ? sizes.length - 1 : index] ?? 0;
  // Of bytes; the fewest I/Os that can hold them are the largest ones.
  const largest = Math.max(...info.sizes.map(({ bytes, reads }) => (reads > 0 ? bytes : 0)), SECTOR_BYTES);
  return (missed * (info.readBytes / info.reads)) / largest;
}

/** Why this mode cannot meet the objective on this scenario; undefined where nothing says so. */
export function hopeless(
  objective: Threshold,
  facts: LoadFacts,
  scenario: Scenario,
  resolved: ResolvedScenario,
): string | undefined {
  const percentile = percentileOf(objective.stat);
  if (percentile === undefined || objective.limit.kind !== 'value') return undefined;
  if (scenario.vms.some((vm) => vm.mode !== undefined)) return undefined;
  if (objective.direction !== 'reads' && objective.direction !== 'writes') return undefined;
  const limitNs = objective.limit.ns;
  const bound = lowerBound(objective.direction, percentile / 100, facts, resolved, objective.mode);
  if (bound === undefined || bound.ns <= limitNs) return undefined;
  return `${bound.why}: ${objective.text} cannot hold`;
}

interface Bound {
  readonly ns: number;
  readonly why: string;
}

function lowerBound(
  direction: 'reads' | 'writes',
  share: number,
  facts: LoadFacts,
  resolved: ResolvedScenario,
  modeName: string | null,
): Bound | undefined {
  const mode = modeOf(modeName as Parameters<typeof modeOf>[0]);
  const count = facts[direction];
  if (count === 0) return undefined;
  const sure = share - RANK_ERRORS * Math.sqrt((share * (1 - share)) / count);
  if (sure <= 0) return undefined;
  const bounds: (Bound | undefined)[] = [];
  if (direction === 'writes') {
    const device = mode.writeBack ? resolved.hosts[resolved.vms[0]!.host]!.flash : resolved.datastore;
    bounds.push(deviceBound(device, sure, mode.writeBack ? 'flash takes' : 'the array takes', 'for a write'));
  } else {
    const capacities = resolved.hosts.map(({ flash }) => flash?.capacityBytes ?? 0);
    const missed = mode.accelerated ? facts.missedReads(Math.max(...capacities)) : 1;
    // Were all hits faster than all misses, the percentile would still lie among the misses.
    const among = (sure - (1 - missed)) / missed;
    const inFlash = mode.accelerated
      ? `at least ${formatPercent(missed)} of the reads miss a cache of ${formatBytes(Math.max(...capacities))} (miss-ratio curve), and the array takes`
      : 'the array takes';
    if (missed > 0 && among > 0)
      bounds.push(deviceBound(resolved.datastore, among, inFlash, 'even from its cache'));
  }
  bounds.push(overloadBound(direction, sure, facts, resolved, mode.writeBack, mode.accelerated));
  return bounds.reduce(
    (most, bound) => (bound !== undefined && bound.ns > (most?.ns ?? 0) ? bound : most),
    undefined,
  );
}

/** The quantile of a device's own time for the smallest request, when it is alone there. */
function deviceBound(
  device: ResolvedDevice | null,
  share: number,
  who: string,
  what: string,
): Bound | undefined {
  if (device === null || (device.filters ?? []).length > 0) return undefined;
  const alone = { perSecond: 1e-6, reads: 0, sizeBytes: SECTOR_BYTES };
  const prediction = predictDevice(device.model.name, device.parameters, alone, [share * 100]);
  if ('reason' in prediction || prediction.write === undefined) return undefined;
  const ns = prediction.write.quantilesNs[0]!;
  return { ns, why: `${who} ${formatNs(ns)} ${what} at the percentile, when nothing else goes on` };
}

/**
 * Work that arrives within T and takes rho x T: of what completes after T (1 + (rho - 1) / 2), a share (rho - 1) / 2 rho
 * of all, each is later than T (rho - 1) / 2. @source conservation of work; holds for any order of service
 */
function overloadBound(
  direction: 'reads' | 'writes',
  share: number,
  facts: LoadFacts,
  resolved: ResolvedScenario,
  writeBack: boolean,
  accelerated: boolean,
): Bound | undefined {
  const { datastore } = resolved;
  if (
    !facts.openLoop ||
    writeBack ||
    datastore.model.name !== 'array' ||
    (datastore.filters ?? []).length > 0
  )
    return undefined;
  const { frontEnd, frontEndServers } = datastore.parameters as ArrayParameters;
  // Reads may hit flash; writes all pass the array.
  const ios = accelerated ? facts.writes : facts.reads + facts.writes;
  const vms = resolved.vms.length;
  const starts = resolved.vms.map(({ startNs }) => startNs);
  const spanNs = facts.durationNs / facts.speed + Math.max(...starts) - Math.min(...starts);
  const load = (ios * vms * frontEnd.meanNs) / frontEndServers / spanNs;
  if (load <= 1 || (accelerated && direction === 'reads')) return undefined;
  const late = (load - 1) / 2 / load;
  const own = (direction === 'writes' ? facts.writes : facts.reads) / ios;
  if ((late - (1 - own)) / own <= 1 - share) return undefined;
  const perSecond = (ios * vms * NS_PER_S) / spanNs;
  return {
    ns: (spanNs * (load - 1)) / 2,
    why: `the array's front end is offered ${formatPercent(load)} of what it can do (${Math.round(perSecond)} I/Os a second), so that the queue grows to the end`,
  };
}
