/** `fvp plan flash`: what each size of flash would serve and absorb, how it fills, and how fast it wears. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { modeOf } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
  NS_PER_S,
} from '../../reference/kernel/units.ts';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import type { PointResult } from './point.ts';
import { Configuration, documentOf, type Question } from './question.ts';

export interface FlashOptions {
  /** Capacities, each a size or a share of the footprint. */
  readonly sizes: readonly string[];
  readonly mode: ModeName;
  /** What the flash may be written, in all its life; undefined: not told. */
  readonly enduranceBytes: number | undefined;
}

const DAY_NS = 86_400 * NS_PER_S;
const YEAR_DAYS = 365;

export async function flash(question: Question, options: FlashOptions): Promise<PlanDocument> {
  const { mode, sizes, enduranceBytes } = options;
  if (!modeOf(mode).accelerated)
    throw new UsageError('mode none uses no flash', { hint: 'choose another with --mode' });
  const configurations = sizes.map(
    (capacity) => new Configuration(question, { 'flash.capacity': capacity }, mode),
  );
  question.runner.expect(sizes.length * question.seeds * Math.max(1, question.base.workloads.length));
  for (const configuration of configurations) configuration.begin();
  const points: PlanPoint[] = [];
  const pruned: PlanDocument['pruned'][number][] = [];
  const all: (readonly PointResult[])[] = [];
  for (const configuration of configurations) {
    const curve = await configuration.lruHitRatio();
    const replayed = await configuration.replay((results) => figuresOf(results, curve, enduranceBytes));
    if (replayed.kind === 'pruned') pruned.push(replayed.pruned);
    else {
      points.push(replayed.point);
      all.push(replayed.results);
    }
  }
  const met = points.find((point) => point.met === true) ?? null;
  return documentOf('flash', question, {
    answer: met,
    points,
    pruned,
    notes: notesOf(points, all, mode, enduranceBytes),
  });
}

/** Of several workloads or seeds: sums of bytes, the worst of times. */
function figuresOf(
  results: readonly PointResult[],
  lruHitRatio: number | null,
  enduranceBytes: number | undefined,
): PlanPoint['figures'] {
  const sum = (of: (result: PointResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const least = (of: (result: PointResult) => number | null): number | null => {
    const values = results.flatMap((result) => of(result) ?? []);
    return values.length === 0 ? null : Math.min(...values);
  };
  const most = (of: (result: PointResult) => number): number => Math.max(...results.map(of));
  const reads = sum(({ pressure }) => pressure.guestReadBytes);
  const writes = sum(({ result }) => result.writes.count);
  const sanWrites = sum(({ result }) => result.san.writes.destage + result.san.writes.guest);
  const wear = most(wearBytesPerDay);
  return {
    hitRatio:
      reads === 0
        ? null
        : sum(({ result, pressure }) => (result.hitRatio ?? 0) * pressure.guestReadBytes) / reads,
    lruHitRatio,
    // Of the guests' writes: those that the SAN was spared, because neighbours were destaged as one.
    absorbedShare: writes === 0 ? null : Math.max(0, 1 - sanWrites / writes),
    peakDirtyBytes: most(({ result }) => result.destage.peakDirtyBytes),
    dirtyFullNs: least(({ pressure }) => pressure.dirtyFullNs),
    cacheFullNs: least(({ pressure }) => pressure.cacheFullNs),
    sustainedWriteBytesPerSecond: least(({ pressure }) => pressure.sustainedWriteBytesPerSecond),
    peakWriteBytesPerSecond: most(({ pressure }) => pressure.peakWriteBytesPerSecond),
    throttledNs: most(({ result }) => result.destage.throttledNs),
    drainNs: most(({ result }) => result.destage.drainNs),
    evictedBytes: sum(({ result }) => result.flash.evictedBytes),
    wearBytesPerDay: wear,
    driveWritesPerDay: most((result) => wearBytesPerDay(result) / capacityOf(result)),
    lifetimeDays: enduranceBytes === undefined || wear === 0 ? null : enduranceBytes / wear,
  };
}

function flashHosts({ scenario }: PointResult): { capacity: string | number }[] {
  return Object.values(
    scenario.hosts as Record<string, { flash: { capacity: string | number } | null }>,
  ).flatMap(({ flash }) => (flash === null ? [] : [flash]));
}

function capacityOf(result: PointResult): number {
  const [first] = flashHosts(result);
  return parsedCapacity(first!.capacity);
}

/** Written by the run document as bytes or MiB. */
function parsedCapacity(capacity: string | number): number {
  const match = /^([0-9]+)(MiB|KiB|GiB|B)?$/.exec(String(capacity))!;
  const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  return Number(match[1]) * (units[match[2] ?? 'B'] ?? 1);
}

/** A host's flash, were every day like the load; hosts share it evenly. */
function wearBytesPerDay(result: PointResult): number {
  const { guest, populate, replica, headers } = result.result.flash.programmedBytes;
  const perHost = (guest + populate + replica + headers) / Math.max(1, flashHosts(result).length);
  return (perHost / result.pressure.loadNs) * DAY_NS;
}

function notesOf(
  points: readonly PlanPoint[],
  all: readonly (readonly PointResult[])[],
  mode: ModeName,
  enduranceBytes: number | undefined,
): string[] {
  if (points.length === 0)
    return ['None of these sizes can hold the logs that this mode needs: why stands above. Try larger ones.'];
  const notes: string[] = [];
  const figure = (point: PlanPoint, name: string): number => point.figures[name] ?? 0;
  const largest = points.at(-1)!;
  const ceiling = Math.max(...all.at(-1)!.map(({ workload }) => workload.readCeiling ?? 0));
  const enough = points.find((point) => figure(point, 'hitRatio') >= figure(largest, 'hitRatio') - 0.01);
  notes.push(
    `Reads: ${formatPercent(figure(largest, 'hitRatio'))} hit with the largest flash, and ${formatPercent(ceiling)} could with an endless one that starts empty; ${sizeOf(enough!)} is within one point of the largest.`,
  );
  if (modeOf(mode).writeBack) {
    const unhindered = points.find((point) => figure(point, 'throttledNs') === 0);
    notes.push(
      unhindered === undefined
        ? `Writes are held back with every size: the worst burst needs more dirty data than any of them allows (${formatBytes(figure(largest, 'peakDirtyBytes'))} at the most). Try larger sizes, or --set fvp.dirtyLimit=4GiB.`
        : `The worst burst leaves ${formatBytes(figure(unhindered, 'peakDirtyBytes'))} dirty over all disks where nothing is held back (from ${sizeOf(unhindered)} on): that is the high-water mark it needs. It is destaged ${formatNs(figure(largest, 'drainNs'))} after the load.`,
    );
    const filled = points.filter(({ figures }) => figures.dirtyFullNs !== null);
    const last = filled.at(-1);
    if (last !== undefined)
      notes.push(
        `With ${sizeOf(last)} dirty data come to their mark within ${formatNs(figure(last, 'dirtyFullNs'))}; from then on guests write ${formatBytes(figure(last, 'sustainedWriteBytesPerSecond'))}/s (at the busiest second ${formatBytes(figure(last, 'peakWriteBytesPerSecond'))}/s): the gain before it is not the sustained one.`,
      );
    else
      notes.push(
        `The load never fills the room for dirty data: there is no sustained rate after it to be measured, and none is guessed. Try a smaller one (--set fvp.dirtyLimit=1%), a longer trace, or --speed 4x.`,
      );
  }
  if (points.every(({ figures }) => figures.cacheFullNs === null))
    notes.push(
      'The trace is too short to fill any of these: nothing was evicted. What a full cache does shows with smaller sizes, as shares of what the trace touches: --sizes 1%,5%,20%.',
    );
  const wear = Math.max(...points.map((point) => figure(point, 'wearBytesPerDay')));
  const loadNs = Math.max(...all.flat().map(({ pressure }) => pressure.loadNs));
  const drive = figure(largest, 'driveWritesPerDay');
  notes.push(
    `Wear: were every day like these ${formatNs(loadNs)}, a host's flash would be written up to ${formatBytes(wear)} a day, ${formatSignificant(drive)} times its capacity with ${sizeOf(largest)}${
      enduranceBytes === undefined
        ? '; --endurance 10PB (from its data sheet) says how many years that is'
        : `: ${formatCount(enduranceBytes / Math.max(1, wear))} days, ${formatSignificant(enduranceBytes / Math.max(1, wear) / YEAR_DAYS)} years, until ${formatBytes(enduranceBytes)} are written`
    }.`,
  );
  return notes;
}

function sizeOf({ config }: PlanPoint): string {
  return config.settings.find((text) => text.startsWith('flash.capacity='))!.slice('flash.capacity='.length);
}
