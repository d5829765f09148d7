/** Fits a profile to a trace, in two passes over its rows. */
import { DataError } from '../../reference/kernel/errors.ts';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { OP_READ, OP_WRITE, type RowBlock } from '../../reference/kernel/io.ts';
import type { Trace } from '../trace.ts';
import { BlockStack } from './block-stack.ts';
import { LOADS, loadOf, OutstandingCount } from './outstanding-count.ts';
import {
  BANDS,
  NEAR_BUCKETS,
  NEAR_BYTES,
  PLACE_NEAR,
  PLACE_NEW,
  PLACE_REUSE,
  PLACE_STREAM,
  PLACE_STREAM_REUSE,
  PLACES,
  PROFILE_SCHEMA,
  type Profile,
  type ProfileLocality,
  QUANTILES,
  RECENT,
  TIMING_BUSY,
  TIMING_IDLE,
  TIMING_REACTION,
} from './profile.ts';
import { RecentList } from './recent-list.ts';

const BLOCK_BYTES = 4096;
const DISK_BLOCKS = 2 ** 37;
/** Phases are as short as they can be with this many I/Os on average, but not more than so many. Assumed. */
const PHASE_IOS = 40;
const PHASES_MAX = 2000;
/** Kinds of phases: by their rate, each with about the same share of all I/Os, and by whether they read more than most. Assumed. */
const RATES = 5;
const KINDS = 2 * RATES;
const READS_MORE = 1.5;
/** Lengths kept, the most common; others become the next that is kept. */
const SIZES_MAX = 64;
/** Classes of gaps and latencies: below a microsecond, then each four times as wide. */
const CLASSES = 20;
const FIRST_CLASS_NS = 1000;

/** @throws DataError when the trace has no duration */
export function fitProfile(trace: Trace, seed: number): Profile {
  const { summary } = trace;
  if (summary.durationNs === 0) {
    throw new DataError('a profile needs a trace with more than one moment', { file: trace.name });
  }
  const phases = Math.max(1, Math.min(PHASES_MAX, Math.floor(summary.ios / PHASE_IOS)));
  const intervalNs = Math.ceil((summary.durationNs + 1) / phases);
  const first = new FirstPass(intervalNs, trace);
  forEachBlock(trace, (block) => first.add(block));
  const kind = kindsOf(first);
  const second = new SecondPass(trace, intervalNs, kind, first);
  forEachBlock(trace, (block) => second.add(block));
  return second.profile(seed);
}

function forEachBlock(trace: Trace, take: (block: RowBlock) => void): void {
  const cursor = trace.cursor();
  for (let block = cursor.next(); block !== undefined; block = cursor.next()) take(block);
  cursor.close();
}

class FirstPass {
  /** By phase. */
  readonly ios: number[];
  readonly reads: number[];
  readonly ends: Float64Array;
  hasProcesses = false;
  private readonly intervalNs: number;
  private readonly counts = new Map<number, number>();

  constructor(intervalNs: number, trace: Trace) {
    this.intervalNs = intervalNs;
    this.ios = new Array<number>(Math.floor(trace.summary.durationNs / intervalNs) + 1).fill(0);
    this.reads = this.ios.map(() => 0);
    this.ends = new Float64Array(trace.diskNames.length).fill(BLOCK_BYTES);
  }

  add({ length, timeNs, op, offset, lengthBytes, disk, pid }: RowBlock): void {
    const { counts, ends } = this;
    for (let i = 0; i < length; i++) {
      const phase = Math.floor(timeNs[i]! / this.intervalNs);
      this.ios[phase]!++;
      if (op[i] === OP_READ) this.reads[phase]!++;
      if (pid[i] !== -1) this.hasProcesses = true;
      if (lengthBytes[i] === 0) continue;
      // A discard may be longer than any transfer; a profile holds it as the longest transfer there is.
      const bytes = Math.min(lengthBytes[i]!, 2 ** 30);
      counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
      if (op[i]! <= OP_WRITE && offset[i]! + bytes > ends[disk[i]!]!) ends[disk[i]!] = offset[i]! + bytes;
    }
  }

  /** The lengths to keep, ascending. */
  keptSizes(): number[] {
    const byCount = [...this.counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return byCount
      .slice(0, SIZES_MAX)
      .map(([bytes]) => bytes)
      .sort((a, b) => a - b);
  }
}

/** Phases ordered by their rate and cut into classes of about equal weight, each in two by the share of reads. */
function kindsOf({ ios, reads }: FirstPass): number[] {
  const total = ios.reduce((sum, count) => sum + count, 0);
  const readShare = reads.reduce((sum, count) => sum + count, 0) / total;
  const order = ios.map((_, phase) => phase).sort((a, b) => ios[a]! - ios[b]! || a - b);
  const kinds = new Array<number>(ios.length).fill(0);
  let before = 0;
  for (const phase of order) {
    const rate = Math.min(RATES - 1, Math.floor((before / total) * RATES));
    const readsMore = reads[phase]! > READS_MORE * readShare * ios[phase]!;
    kinds[phase] = 2 * rate + (readsMore ? 1 : 0);
    before += ios[phase]!;
  }
  return kinds;
}

export function classOf(ns: number): number {
  let found = 0;
  for (let bound = FIRST_CLASS_NS; ns >= bound && found < CLASSES - 1; bound *= 4) found++;
  return found;
}

class Counts {
  private readonly counts = new Map<number, number>();

  add(key: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** Key and weight by turns, by key. */
  pairs(): number[] {
    return [...this.counts].sort((a, b) => a[0] - b[0]).flat();
  }
}

class Locality {
  readonly depths = new Float64Array(128);
  readonly streams = new Float64Array(RECENT + 1);
  readonly near = new Float64Array(2 * NEAR_BUCKETS);
  private readonly byZone = new Map<number, number>();

  addZone(disk: number, band: number): void {
    const key = disk * BANDS + band;
    this.byZone.set(key, (this.byZone.get(key) ?? 0) + 1);
  }

  result(): ProfileLocality {
    let last = this.depths.length;
    while (last > 0 && this.depths[last - 1] === 0) last--;
    return {
      depths: Array.from(this.depths.subarray(0, last)),
      streams: Array.from(this.streams),
      near: Array.from(this.near),
      zones: [...this.byZone]
        .sort((a, b) => a[0] - b[0])
        .map(([key, weight]): [number, number, number] => [Math.floor(key / BANDS), key % BANDS, weight]),
    };
  }
}

/** Bucket of a depth: two to each doubling. */
export function depthBucket(depth: number): number {
  if (depth < 1) return 0;
  const exponent = 31 - Math.clz32(depth);
  return 2 * exponent + (depth >= 1.5 * 2 ** exponent ? 1 : 0);
}

/** Bucket of a distance from a stream's end. */
function nearBucket(bytes: number): number {
  const kib = Math.max(1, Math.floor(Math.abs(bytes) / 1024));
  const bucket = Math.min(NEAR_BUCKETS - 1, 31 - Math.clz32(kib));
  return bytes > 0 ? bucket : NEAR_BUCKETS + bucket;
}

class SecondPass {
  private readonly trace: Trace;
  private readonly intervalNs: number;
  private readonly kind: readonly number[];
  private readonly first: FirstPass;
  private readonly sizes: readonly number[];
  private readonly stack = new BlockStack();
  private readonly streams = new Map<number, RecentList>();
  private readonly processList = new RecentList(RECENT);
  private readonly processRanks = new Float64Array(RECENT + 1);
  private readonly localities = [new Locality(), new Locality()] as const;
  private readonly gaps = Array.from({ length: CLASSES }, () => new LatencyHistogram());
  private readonly latencies = new Map<number, LatencyHistogram>();
  private readonly symbols = new Map<number, number>();
  private readonly symbolKeys: number[] = [];
  private readonly next: Map<number, Counts>[];
  private readonly sizeCounts: Map<number, Counts>[];
  /** Latest completion by process. */
  private readonly done = new Map<number, number>();
  private lastNs = 0;
  private readonly outstanding = new OutstandingCount();
  private lastSymbol = -1;

  constructor(trace: Trace, intervalNs: number, kind: readonly number[], first: FirstPass) {
    this.trace = trace;
    this.intervalNs = intervalNs;
    this.kind = kind;
    this.first = first;
    this.sizes = first.keptSizes();
    this.next = Array.from({ length: KINDS }, () => new Map<number, Counts>());
    this.sizeCounts = Array.from({ length: KINDS }, () => new Map<number, Counts>());
  }

  add({ length, timeNs, op, offset, lengthBytes, latencyNs, disk, flags, pid }: RowBlock): void {
    for (let i = 0; i < length; i++) {
      const time = timeNs[i]!;
      const kind = this.kind[Math.floor(time / this.intervalNs)]!;
      const done = this.done.get(pid[i]!) ?? 0;
      const timing = done > time ? TIMING_BUSY : done > this.lastNs ? TIMING_REACTION : TIMING_IDLE;
      const gap = time - (timing === TIMING_REACTION ? done : this.lastNs);
      this.lastNs = time;
      if (latencyNs[i]! >= 0) this.done.set(pid[i]!, Math.max(done, time + latencyNs[i]!));
      const gapClass = classOf(gap);
      this.gaps[gapClass]!.record(gap);
      const place =
        op[i]! <= OP_WRITE ? this.placeOf(op[i]!, disk[i]!, offset[i]!, lengthBytes[i]!) : PLACE_NEW;
      const latencyClass = this.latencyClass(op[i]!, latencyNs[i]!);
      const symbol = this.symbol(
        op[i]!,
        flags[i]!,
        gapClass,
        latencyClass,
        place,
        this.processOf(pid[i]!),
        timing,
      );
      if (lengthBytes[i]! > 0) {
        countsAt(this.sizeCounts[kind]!, op[i]! * PLACES + place).add(this.sizeIndex(lengthBytes[i]!));
      }
      // The step into a phase belongs to it, so that every phase that has I/O has steps.
      if (this.lastSymbol >= 0) countsAt(this.next[kind]!, this.lastSymbol).add(symbol);
      this.lastSymbol = symbol * LOADS + loadOf(this.outstanding.arrive(time, latencyNs[i]!));
    }
  }

  profile(seed: number): Profile {
    const { trace, first } = this;
    const used = [...new Set(this.kind)].filter((kind) => this.next[kind]!.size > 0).sort((a, b) => a - b);
    const latencyKeys = [...this.latencies.keys()].sort((a, b) => a - b);
    const gapClasses = this.gaps.map((_, i) => i).filter((i) => this.gaps[i]!.count > 0);
    return {
      schema: PROFILE_SCHEMA,
      seed,
      ios: trace.summary.ios,
      durationNs: trace.summary.durationNs,
      disks: Array.from(first.ends, (endBytes, disk) => ({ name: `disk-${disk}`, endBytes })),
      sizes: [...this.sizes],
      gaps: gapClasses.map((i) => quantilesOf(this.gaps[i]!)),
      latencies: latencyKeys.map((key) => quantilesOf(this.latencies.get(key)!)),
      symbols: this.symbolKeys.map((key) => {
        const [op, flags, gap, latency, place, process, timing] = partsOf(key);
        return [
          op,
          flags,
          gapClasses.indexOf(gap),
          latency < 0 ? -1 : latencyKeys.indexOf(op * CLASSES + latency),
          place,
          process,
          timing,
        ];
      }),
      kinds: used.map((kind) => ({
        next: [...this.next[kind]!]
          .sort((a, b) => a[0] - b[0])
          .map(([symbol, counts]): [number, number[]] => [symbol, counts.pairs()]),
        sizes: [...this.sizeCounts[kind]!]
          .sort((a, b) => a[0] - b[0])
          .map(([key, counts]): [number, number, number[]] => [
            Math.floor(key / PLACES),
            key % PLACES,
            counts.pairs(),
          ]),
      })),
      phases: {
        intervalNs: this.intervalNs,
        kind: this.kind.map((kind) => Math.max(0, used.indexOf(kind))),
        ios: [...first.ios],
      },
      reads: this.localities[OP_READ].result(),
      writes: this.localities[OP_WRITE].result(),
      processes: first.hasProcesses ? Array.from(this.processRanks) : null,
    };
  }

  private placeOf(op: number, disk: number, offset: number, lengthBytes: number): number {
    const locality = this.localities[op === OP_READ ? OP_READ : OP_WRITE];
    const key = disk * 2 + op;
    let streams = this.streams.get(key);
    if (streams === undefined) {
      streams = new RecentList(RECENT);
      this.streams.set(key, streams);
    }
    const rank = streams.rankOf(offset);
    const near = streams.nearest(offset, NEAR_BYTES);
    streams.use(rank, offset + lengthBytes);
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + lengthBytes - 1) / BLOCK_BYTES);
    const depth = this.stack.depthOf(disk * DISK_BLOCKS + first);
    // The last block first, so that the first one is the latest: depths are those of first blocks.
    for (let block = last; block >= first; block--) this.stack.touch(disk * DISK_BLOCKS + block);
    if (rank >= 0) {
      locality.streams[rank]!++;
      return depth >= 0 ? PLACE_STREAM_REUSE : PLACE_STREAM;
    }
    if (depth >= 0) {
      locality.depths[depthBucket(depth)]!++;
      return PLACE_REUSE;
    }
    if (near !== undefined && near !== 0) {
      locality.near[nearBucket(near)]!++;
      return PLACE_NEAR;
    }
    locality.addZone(disk, Math.min(BANDS - 1, Math.floor((offset / this.first.ends[disk]!) * BANDS)));
    return PLACE_NEW;
  }

  private processOf(pid: number): number {
    if (!this.first.hasProcesses) return 0;
    const rank = this.processList.rankOf(pid);
    this.processList.use(rank, pid);
    this.processRanks[rank < 0 ? RECENT : rank]!++;
    return rank < 0 ? 2 : Math.min(2, rank);
  }

  private latencyClass(op: number, latencyNs: number): number {
    if (!(latencyNs >= 0)) return -1;
    const found = classOf(latencyNs);
    const key = op * CLASSES + found;
    let histogram = this.latencies.get(key);
    if (histogram === undefined) {
      histogram = new LatencyHistogram();
      this.latencies.set(key, histogram);
    }
    histogram.record(latencyNs);
    return found;
  }

  private symbol(
    op: number,
    flags: number,
    gap: number,
    latency: number,
    place: number,
    process: number,
    timing: number,
  ): number {
    const key =
      (((((op * 16 + flags) * CLASSES + gap) * (CLASSES + 1) + latency + 1) * PLACES + place) * 3 + process) *
        3 +
      timing;
    let symbol = this.symbols.get(key);
    if (symbol === undefined) {
      symbol = this.symbolKeys.length;
      this.symbolKeys.push(key);
      this.symbols.set(key, symbol);
    }
    return symbol;
  }

  private sizeIndex(bytes: number): number {
    const { sizes } = this;
    let index = 0;
    while (index < sizes.length - 1 && sizes[index]! < bytes) index++;
    return index;
  }
}

function partsOf(
  key: number,
): [op: number, flags: number, gap: number, latency: number, place: number, process: number, timing: number] {
  let rest = key;
  const take = (size: number): number => {
    const part = rest % size;
    rest = Math.floor(rest / size);
    return part;
  };
  const timing = take(3);
  const process = take(3);
  const place = take(PLACES);
  const latency = take(CLASSES + 1) - 1;
  const gap = take(CLASSES);
  const flags = take(16);
  return [rest, flags, gap, latency, place, process, timing];
}

function countsAt(map: Map<number, Counts>, key: number): Counts {
  let counts = map.get(key);
  if (counts === undefined) {
    counts = new Counts();
    map.set(key, counts);
  }
  return counts;
}

function quantilesOf(histogram: LatencyHistogram): number[] {
  return Array.from({ length: QUANTILES }, (_, i) =>
    i === 0 ? histogram.min : histogram.percentile((100 * i) / (QUANTILES - 1)),
  );
}
