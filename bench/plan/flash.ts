/** `fvp plan flash`: what each size of flash would serve and absorb, how it fills, and how fast it wears. */
import type { ModeName } from '../../reference/fvp/mode.ts';
import { modeOf } from '../../reference/fvp/mode.ts';
import { BugError, UsageError } from '../../reference/kernel/errors.ts';
import {
  formatBytes,
  formatCount,
  formatNs,
  formatPercent,
  formatSignificant,
  NS_PER_S,
  parseBytes,
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

const DIRTY_LIMIT = 'fvp.dirtyLimit';
/** Replays that the search for it takes, more or less. */
const ROOM_STEPS = 7;
/** Buckets of the smallest dirty limit that a scenario may have. */
const LIMIT_BUCKETS_LEAST = 2;
/** How near the least limit and the one that is too small come, where they are no neighbours. */
const LIMIT_RESOLUTION = 1.05;
const DAY_NS = 86_400 * NS_PER_S;
const YEAR_DAYS = 365;

export async function flash(question: Question, options: FlashOptions): Promise<PlanDocument> {
  const { mode, sizes, enduranceBytes } = options;
  if (!modeOf(mode).accelerated)
    throw new UsageError('mode none uses no flash', { hint: 'choose another with --mode' });
  const configurations = sizes.map(
    (capacity) => new Configuration(question, { 'flash.capacity': capacity }, mode),
  );
  question.runner.expect(
    (sizes.length + ROOM_STEPS) * question.seeds * Math.max(1, question.base.workloads.length),
  );
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
  const notes = notesOf(points, all, mode, enduranceBytes);
  const unhindered = points.findLastIndex(({ figures }) => figures.throttledNs === 0);
  const from = points[unhindered];
  if (
    modeOf(mode).writeBack &&
    from !== undefined &&
    settingOf(question.base.settings ?? [], DIRTY_LIMIT) === undefined
  ) {
    const lru = from.figures.lruHitRatio ?? null;
    const room = await dirtyRoom(
      question,
      from,
      all[unhindered]!.map(({ scenario }) => scenario),
      (results) => figuresOf(results, lru, enduranceBytes),
    );
    points.push(...room.points);
    notes.splice(1, 0, room.note);
  }
  return documentOf('flash', question, { answer: met, points, pruned, notes });
}

/**
 * The room for dirty data that the worst burst needs: the least dirty limit with which no write is held back, by
 * bisection, each step a replay.
 * @param from a point that holds nothing back
 * @returns the points replayed, and the finding in a sentence
 */
async function dirtyRoom(
  question: Question,
  from: PlanPoint,
  scenarios: readonly PointResult['scenario'][],
  figures: (results: readonly PointResult[]) => PlanPoint['figures'],
): Promise<{ points: PlanPoint[]; note: string }> {
  const options = scenarios.map(
    ({ fvp }) =>
      fvp as { readonly dirtyLimit: string; readonly bucketSize: string; readonly lowWater: number },
  );
  const { bucketSize, lowWater } = options[0]!;
  const bucketBytes = parseBytes(bucketSize);
  const ample = Math.min(...options.map(({ dirtyLimit }) => parseBytes(dirtyLimit) / bucketBytes));
  const capacity = sizeOf(from);
  const points: PlanPoint[] = [];
  const textOf = (buckets: number): string => `${(buckets * bucketBytes) / 2 ** 20}MiB`;
  const heldBackNs = async (buckets: number): Promise<number> => {
    const variation = { 'flash.capacity': capacity, [DIRTY_LIMIT]: textOf(buckets) };
    const configuration = new Configuration(question, variation, from.config.mode as ModeName);
    const replayed = await configuration.replay(figures);
    // Less than the scenario's own limit, which it can run.
    if (replayed.kind === 'pruned') throw new BugError(replayed.pruned.why);
    points.push(replayed.point);
    return replayed.point.figures.throttledNs ?? 0;
  };
  // Delays begin at the low mark: this much would hold nothing back even were all that is dirty one disk's.
  let high = Math.min(ample, Math.ceil((from.figures.peakDirtyBytes ?? 0) / lowWater / bucketBytes) + 1);
  let low = LIMIT_BUCKETS_LEAST - 1;
  let tooLittleNs = 0;
  // Another limit draws other service times, and what is dirty then may be more.
  for (let ns = 0; high < ample; high = Math.min(ample, high * 2)) {
    ns = await heldBackNs(high);
    if (ns === 0) break;
    [low, tooLittleNs] = [high, ns];
  }
  while (high - low > 1 && high / low > LIMIT_RESOLUTION) {
    const middle = Math.min(high - 1, Math.max(low + 1, Math.round(Math.sqrt(low * high))));
    const ns = await heldBackNs(middle);
    if (ns === 0) high = middle;
    else [low, tooLittleNs] = [middle, ns];
  }
  points.sort((a, b) => limitOf(a) - limitOf(b));
  const below =
    low < LIMIT_BUCKETS_LEAST
      ? ', the least that there is'
      : `, and with ${textOf(low)} for ${formatNs(tooLittleNs)} in all`;
  return {
    points,
    note: `The worst burst needs this much room for dirty data: with ${DIRTY_LIMIT}=${textOf(high)} for each disk no write is held back${below} (flash.capacity=${capacity}; delays begin at ${formatPercent(lowWater)} of it).`,
  };
}

function limitOf({ config }: PlanPoint): number {
  return parseBytes(settingOf(config.settings, DIRTY_LIMIT)!);
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
    const unhindered = points.filter((point) => figure(point, 'throttledNs') === 0);
    notes.push(
      unhindered.length === 0
        ? `Writes are held back with every size: the worst burst needs more dirty data than any of them allows (${formatBytes(figure(largest, 'peakDirtyBytes'))} at the most). Try larger sizes, or --set fvp.dirtyLimit=4GiB.`
        : `Where no write is held back (from ${sizeOf(unhindered[0]!)} on), the worst burst leaves up to ${formatBytes(Math.max(...unhindered.map((point) => figure(point, 'peakDirtyBytes'))))} dirty, over all disks. Everything is destaged ${formatNs(figure(largest, 'drainNs'))} after the load.`,
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
  return settingOf(config.settings, 'flash.capacity')!;
}

function settingOf(settings: readonly string[], path: string): string | undefined {
  return settings.find((text) => text.startsWith(`${path}=`))?.slice(path.length + 1);
}
