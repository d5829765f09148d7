/** What is in a trace, in one pass over its rows: the document `fvp.trace/1`. */
import { availableParallelism } from 'node:os';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { OP_NAMES, OP_READ, OP_WRITE, type RowBlock } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { Trace } from '../trace.ts';
import { ArrivalCounts, type Dispersion, hurst } from './arrival-counts.ts';
import { type BlockFindings, FollowedBlocks, type FollowedSpan } from './followed-blocks.ts';
import { FollowingThread } from './following-thread.ts';
import { HEAT_BANDS, HeatMap } from './heat-map.ts';
import { type MissRatios, missRatios } from './miss-ratio-curve.ts';
import { REUSE_BLOCK_BYTES } from './reuse-distances.ts';
import { SampledReuse } from './sampled-reuse.ts';
import { type RunSummary, SequentialRuns } from './sequential-runs.ts';
import type { TraceSummary } from './trace-summary.ts';

export const TRACE_SCHEMA = 'fvp.trace/1';

/** A thread takes some 0.1 s to start. Assumed: below this it is not worth it. */
const THREADED_IOS = 1_000_000;
/** Intervals of everything over time: more no screen can tell apart. */
const INTERVALS = 240;
/** Disks, by I/Os, whose heat map is kept. Assumed: more nobody looks at. */
const MAPPED_DISKS = 4;
/** Lengths up to 2 MiB are counted one by one, longer ones by powers of two. */
const COUNTED_SECTORS = 4096;
const SIZES = COUNTED_SECTORS + 64;
const PERCENTILES = [50, 90, 99, 99.9] as const;

export interface LatencyFigures {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly 'p99.9Ns': number;
  readonly maxNs: number;
}

export interface SizeCount {
  /** Length, or the power of two that a length above 2 MiB reaches. */
  readonly bytes: number;
  readonly reads: number;
  readonly writes: number;
}

export interface DiskFigures {
  readonly name: string;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly discards: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Null when too many blocks were touched to follow each. */
  readonly footprintBytes: number | null;
  /** Highest byte touched by reads and writes + 1. */
  readonly endBytes: number;
}

export interface TraceInfo extends TraceSummary {
  readonly schema: typeof TRACE_SCHEMA;
  readonly provenance: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly arrivals: {
    /** I/Os a second from the first row to the last; null without duration. */
    readonly meanIops: number | null;
    readonly peakSecondIos: number;
    readonly gaps: LatencyFigures | null;
    /** Coefficient of variation of the gaps. */
    readonly gapVariation: number | null;
    readonly dispersion: readonly Dispersion[];
    readonly hurst: number | null;
  };
  readonly sizes: readonly SizeCount[];
  readonly sequential: { readonly reads: RunSummary; readonly writes: RunSummary };
  /** Distinct blocks by what was done with them; null when too many were touched to follow each. */
  readonly overlap: {
    readonly readOnlyBytes: number;
    readonly writtenOnlyBytes: number;
    readonly readAndWrittenBytes: number;
    /** Share of blocks read whose last touch before was a write; null without reads. */
    readonly readsOfWritten: number | null;
  } | null;
  readonly latency: { readonly [kind in (typeof OP_NAMES)[number]]: LatencyFigures | null };
  readonly byDisk: readonly DiskFigures[];
  readonly timeline: {
    readonly intervalNs: number;
    readonly reads: readonly number[];
    readonly writes: readonly number[];
    readonly flushes: readonly number[];
    readonly discards: readonly number[];
    readonly readBytes: readonly number[];
    readonly writeBytes: readonly number[];
    /** Distinct bytes touched within each interval, and since the start; null as above. */
    readonly workingSetBytes: readonly number[] | null;
    readonly footprintBytes: readonly number[] | null;
  };
  /** I/Os by interval and band of offsets, of the disks with the most. */
  readonly heat: readonly {
    readonly disk: string;
    readonly bandBytes: number;
    /** By interval, by band; bands without any I/O at the end are left out. */
    readonly counts: readonly (readonly number[])[];
  }[];
  readonly missRatios: MissRatios | null;
}

/**
 * Reads all rows once.
 * @param onRows called with rows done, now and then; what it throws ends the work
 */
export async function describeTrace(
  trace: Trace,
  onRows: (done: number) => void | Promise<void> = () => {},
): Promise<TraceInfo> {
  const description = new Description(trace);
  const { span } = description;
  const thread =
    trace.summary.ios >= THREADED_IOS && availableParallelism() > 1 ? new FollowingThread(span) : undefined;
  try {
    const followed = thread ?? new FollowedBlocks(span);
    const cursor = trace.cursor();
    let done = 0;
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
      await followed.add(block);
      description.add(block);
      done += block.length;
      await onRows(done);
    }
    cursor.close();
    return description.finish(await followed.finish());
  } finally {
    await thread?.close();
  }
}

class Description {
  private readonly trace: Trace;
  private readonly intervalNs: number;
  private readonly intervals: number;
  private readonly arrivals = new ArrivalCounts();
  private readonly sampled = new SampledReuse();
  private readonly runs = [new SequentialRuns(), new SequentialRuns()] as const;
  private readonly latencies = OP_NAMES.map(() => new LatencyHistogram());
  /** By operation: counts by sectors, then by powers of two. */
  private readonly sizes = new Float64Array(2 * SIZES);
  /** By operation, by interval. */
  private readonly ios: Float64Array;
  private readonly bytes: Float64Array;
  private readonly heat = new Map<number, HeatMap>();
  /** By disk: I/Os by operation, bytes by operation, end. */
  private readonly disks: Float64Array;
  private interval = 0;

  constructor(trace: Trace) {
    this.trace = trace;
    const { durationNs } = trace.summary;
    this.intervalNs = Math.max(1, Math.ceil((durationNs + 1) / INTERVALS));
    this.intervals = Math.ceil((durationNs + 1) / this.intervalNs);
    this.ios = new Float64Array(OP_NAMES.length * this.intervals);
    this.bytes = new Float64Array(2 * this.intervals);
    this.disks = new Float64Array(trace.diskNames.length * DISK_COLUMNS);
  }

  get span(): FollowedSpan {
    return { intervalNs: this.intervalNs, intervals: this.intervals, disks: this.trace.diskNames.length };
  }

  add(block: RowBlock): void {
    const { timeNs, op: ops, offset: offsets, lengthBytes: lengths, latencyNs, disk: diskOf, length } = block;
    const { arrivals, sampled, disks, ios, bytes: moved, sizes, intervals, intervalNs } = this;
    const [readRuns, writeRuns] = this.runs;
    let intervalEnd = (this.interval + 1) * intervalNs;
    let heatDisk = -1;
    let map: HeatMap | undefined;
    for (let i = 0; i < length; i++) {
      const time = timeNs[i]!;
      const op = ops[i]!;
      const bytes = lengths[i]!;
      const disk = diskOf[i]!;
      if (time >= intervalEnd) {
        this.interval = Math.floor(time / intervalNs);
        intervalEnd = (this.interval + 1) * intervalNs;
      }
      const { interval } = this;
      arrivals.arrive(time);
      ios[op * intervals + interval]!++;
      const at = disk * DISK_COLUMNS;
      disks[at + op]!++;
      if (op > OP_WRITE) continue;
      const offset = offsets[i]!;
      moved[op * intervals + interval]! += bytes;
      disks[at + 4 + op]! += bytes;
      if (offset + bytes > disks[at + 6]!) disks[at + 6] = offset + bytes;
      const sectors = bytes / SECTOR_BYTES;
      if (sectors <= COUNTED_SECTORS) sizes[op * SIZES + sectors]!++;
      else sizes[op * SIZES + COUNTED_SECTORS + exponentOf(bytes)]!++;
      if (op === OP_READ) readRuns.add(disk, offset, bytes);
      else writeRuns.add(disk, offset, bytes);
      if (disk !== heatDisk) {
        heatDisk = disk;
        map = this.mapOf(disk);
      }
      map?.add(interval, offset);
      sampled.touch(disk, op, offset, bytes);
    }
    for (let i = 0; i < length; i++) {
      const latency = latencyNs[i]!;
      if (latency >= 0) this.latencies[ops[i]!]!.record(latency);
    }
  }

  /** @param followed null when there were too many blocks */
  finish(followed: BlockFindings | null): TraceInfo {
    this.sampled.finish();
    const { trace, arrivals, sampled, intervals } = this;
    const { summary } = trace;
    const dispersion = arrivals.dispersions(summary.durationNs);
    const list = (values: Float64Array): number[] => Array.from(values);
    const series = (values: Float64Array, op: number): number[] =>
      list(values.subarray(op * intervals, (op + 1) * intervals));
    const latency = (op: number): LatencyFigures | null => figures(this.latencies[op]!);
    return {
      schema: TRACE_SCHEMA,
      ...summary,
      provenance: trace.provenance ?? {},
      warnings: trace.warnings,
      arrivals: {
        meanIops: summary.durationNs === 0 ? null : (summary.ios / summary.durationNs) * 1e9,
        peakSecondIos: arrivals.peakSecondIos,
        gaps: figures(arrivals.gaps),
        gapVariation: arrivals.gapVariation,
        dispersion,
        hurst: hurst(dispersion),
      },
      sizes: this.sizeCounts(),
      sequential: { reads: this.runs[OP_READ].summary(), writes: this.runs[OP_WRITE].summary() },
      overlap: followed === null ? null : overlapOf(followed),
      latency: { reads: latency(0), writes: latency(1), flushes: latency(2), discards: latency(3) },
      byDisk: this.diskFigures(followed),
      timeline: {
        intervalNs: this.intervalNs,
        reads: series(this.ios, 0),
        writes: series(this.ios, 1),
        flushes: series(this.ios, 2),
        discards: series(this.ios, 3),
        readBytes: series(this.bytes, 0),
        writeBytes: series(this.bytes, 1),
        workingSetBytes: followed === null ? null : list(followed.workingSetBytes),
        footprintBytes: followed === null ? null : list(followed.footprintBytes),
      },
      heat: this.mostUsed().flatMap((disk) => {
        const map = this.heat.get(disk);
        return map === undefined ? [] : [heatOf(trace.diskNames[disk]!, map, intervals)];
      }),
      missRatios:
        sampled.blocks === 0
          ? null
          : missRatios(
              Math.max(1, Math.ceil(summary.footprintBytes / REUSE_BLOCK_BYTES)),
              followed ?? undefined,
              sampled,
            ),
    };
  }

  private mapOf(disk: number): HeatMap | undefined {
    const map = this.heat.get(disk);
    // Which disks have the most I/O is not known yet; the first ones are kept, which of few disks are all.
    if (map !== undefined || this.heat.size === HEATED_DISKS) return map;
    const fresh = new HeatMap(this.intervals);
    this.heat.set(disk, fresh);
    return fresh;
  }

  private mostUsed(): number[] {
    const ios = (disk: number): number =>
      this.disks[disk * DISK_COLUMNS]! + this.disks[disk * DISK_COLUMNS + 1]!;
    return [...this.heat.keys()].sort((a, b) => ios(b) - ios(a) || a - b).slice(0, MAPPED_DISKS);
  }

  private sizeCounts(): SizeCount[] {
    const found: SizeCount[] = [];
    for (let size = 1; size < SIZES; size++) {
      const reads = this.sizes[OP_READ * SIZES + size]!;
      const writes = this.sizes[OP_WRITE * SIZES + size]!;
      if (reads + writes === 0) continue;
      const bytes = size <= COUNTED_SECTORS ? size * SECTOR_BYTES : 2 ** (size - COUNTED_SECTORS);
      found.push({ bytes, reads, writes });
    }
    return found;
  }

  private diskFigures(followed: BlockFindings | null): DiskFigures[] {
    const { disks } = this;
    return this.trace.diskNames.map((name, disk) => {
      const value = (column: number): number => disks[disk * DISK_COLUMNS + column]!;
      return {
        name,
        reads: value(0),
        writes: value(1),
        flushes: value(2),
        discards: value(3),
        readBytes: value(4),
        writeBytes: value(5),
        footprintBytes: followed === null ? null : followed.byDisk[disk]! * REUSE_BLOCK_BYTES,
        endBytes: value(6),
      };
    });
  }
}

function overlapOf({ kinds, blocksRead, readsOfWritten }: BlockFindings): TraceInfo['overlap'] {
  return {
    readOnlyBytes: kinds.readOnlyBlocks * REUSE_BLOCK_BYTES,
    writtenOnlyBytes: kinds.writtenOnlyBlocks * REUSE_BLOCK_BYTES,
    readAndWrittenBytes: kinds.bothBlocks * REUSE_BLOCK_BYTES,
    readsOfWritten: blocksRead === 0 ? null : readsOfWritten / blocksRead,
  };
}

const DISK_COLUMNS = 7;
/** Heat maps in memory: 120 KiB each. */
const HEATED_DISKS = 256;

function exponentOf(bytes: number): number {
  let exponent = 0;
  for (let power = 1; power * 2 <= bytes; power *= 2) exponent++;
  return exponent;
}

function figures(histogram: LatencyHistogram): LatencyFigures | null {
  if (histogram.count === 0) return null;
  const [p50Ns, p90Ns, p99Ns, p999Ns] = PERCENTILES.map((percentile) => histogram.percentile(percentile));
  return {
    count: histogram.count,
    meanNs: Math.floor(histogram.mean * 1000 + 0.5) / 1000,
    p50Ns: p50Ns!,
    p90Ns: p90Ns!,
    p99Ns: p99Ns!,
    'p99.9Ns': p999Ns!,
    maxNs: histogram.max,
  };
}

function heatOf(disk: string, map: HeatMap, intervals: number): TraceInfo['heat'][number] {
  let used = 0;
  const cell = (interval: number, band: number): number => map.counts[interval * HEAT_BANDS + band]!;
  for (let interval = 0; interval < intervals; interval++)
    for (let band = used; band < HEAT_BANDS; band++) if (cell(interval, band) > 0) used = band + 1;
  const counts = Array.from({ length: intervals }, (_, interval) =>
    Array.from({ length: used }, (__, band) => cell(interval, band)),
  );
  return { disk, bandBytes: map.bandBytes, counts };
}
