/** What is in a trace, computed while it is read. */
import { createHash } from 'node:crypto';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE, type RowBlock } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { Outstanding } from './outstanding.ts';
import { TouchedSectors } from './touched-sectors.ts';

const BLOCK_BYTES = 4096;
/** Disks with a flat bitmap of touched sectors; assumed: a trace that matters has few. */
const FLAT_DISKS_MAX = 4;

export interface TraceSummary {
  /** Base name without suffixes. */
  readonly name: string;
  readonly format: string;
  /** reads + writes + flushes + discards. */
  readonly ios: number;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly discards: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Distinct 4 KiB blocks touched by reads and writes, in bytes; each disk's own. */
  readonly footprintBytes: number;
  /** Highest byte touched by reads and writes + 1, less the lowest touched; over all disks. */
  readonly spanBytes: number;
  /** From the first row to the last. */
  readonly durationNs: number;
  /** Share of read bytes whose sectors an earlier read or write of the trace touched; null without reads. */
  readonly readCeiling: number | null;
  readonly disks: number;
  /** SHA-256 of the packed rows (store/packed-block.ts), hex: equal for equal rows, whatever format held them. */
  readonly contentSha256: string;
  /** Rows out of time order that were sorted into place. */
  readonly reorderedRows: number;
  readonly recorded: {
    /** Rows with a recorded latency. */
    readonly latencies: number;
    readonly p50Ns: number | null;
    readonly p99Ns: number | null;
    /** Mean over time from the first row to the last; null without latencies or without duration. */
    readonly outstandingMean: number | null;
    readonly outstandingMax: number | null;
  };
}

export class SummaryBuilder {
  private readonly counts = new Float64Array(4);
  private readonly bytes = new Float64Array(4);
  private lowest = Number.POSITIVE_INFINITY;
  private highest = 0;
  private knownSectors = 0;
  private readonly touched: TouchedSectors[] = [];
  private disksTouched = 0;
  private readonly latencies = new LatencyHistogram();
  private readonly outstanding = new Outstanding();
  private readonly hash = createHash('sha256');
  private lastNs = 0;

  /** Takes rows in order of time. @param packed the same rows as bytes */
  add(block: RowBlock, packed: Uint8Array): void {
    const { length: rows, op: ops, offset: offsets, lengthBytes: lengths, disk: disks } = block;
    const { counts, bytes } = this;
    let lowest = this.lowest;
    let highest = this.highest;
    let knownSectors = 0;
    let disk = -1;
    let touched: TouchedSectors | undefined;
    for (let i = 0; i < rows; i++) {
      const op = ops[i]!;
      const length = lengths[i]!;
      counts[op]!++;
      bytes[op]! += length;
      if (op > OP_WRITE) continue;
      const offset = offsets[i]!;
      if (offset < lowest) lowest = offset;
      if (offset + length > highest) highest = offset + length;
      if (disks[i]! !== disk) {
        disk = disks[i]!;
        touched = this.touched[disk] ?? this.addDisk(disk);
      }
      const known = touched!.touch(offset, length);
      if (op === OP_READ) knownSectors += known;
    }
    this.lowest = lowest;
    this.highest = highest;
    this.knownSectors += knownSectors;
    for (let i = 0; i < rows; i++) {
      const latency = block.latencyNs[i]!;
      if (latency >= 0) {
        this.latencies.record(latency);
        this.outstanding.arrive(block.timeNs[i]!, latency);
      }
    }
    this.lastNs = block.timeNs[rows - 1]!;
    this.hash.update(packed);
  }

  /** The summary of all rows taken; call it once. */
  finish(facts: { name: string; format: string; disks: number; reorderedRows: number }): TraceSummary {
    const reads = this.counts[OP_READ]!;
    const writes = this.counts[OP_WRITE]!;
    const flushes = this.counts[OP_FLUSH]!;
    const discards = this.counts[OP_DISCARD]!;
    const readBytes = this.bytes[OP_READ]!;
    let blocks = 0;
    for (const disk of this.touched) if (disk !== undefined) blocks += disk.blocks;
    const recorded = this.latencies.count;
    const insideNs = Number(this.latencies.sum) - this.outstanding.overhangNs(this.lastNs);
    const outstandingMax = recorded === 0 ? null : (this.outstanding.max ?? null);
    return {
      name: facts.name,
      format: facts.format,
      ios: reads + writes + flushes + discards,
      reads,
      writes,
      flushes,
      discards,
      readBytes,
      writeBytes: this.bytes[OP_WRITE]!,
      footprintBytes: blocks * BLOCK_BYTES,
      spanBytes: this.highest === 0 ? 0 : this.highest - this.lowest,
      durationNs: this.lastNs,
      readCeiling: readBytes === 0 ? null : (this.knownSectors * SECTOR_BYTES) / readBytes,
      disks: facts.disks,
      contentSha256: this.hash.digest('hex'),
      reorderedRows: facts.reorderedRows,
      recorded: {
        latencies: recorded,
        p50Ns: recorded === 0 ? null : this.latencies.percentile(50),
        p99Ns: recorded === 0 ? null : this.latencies.percentile(99),
        outstandingMean: outstandingMax === null || this.lastNs === 0 ? null : insideNs / this.lastNs,
        outstandingMax,
      },
    };
  }

  private addDisk(disk: number): TouchedSectors {
    return (this.touched[disk] = new TouchedSectors(++this.disksTouched <= FLAT_DISKS_MAX));
  }
}
