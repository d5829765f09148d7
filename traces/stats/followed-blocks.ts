/** What follows from each block's last touch: exact reuse distances, kinds, working set and footprint over time. */
import { OP_WRITE, type RowBlock } from '../../reference/kernel/io.ts';
import type { DistanceCounts } from './distance-counts.ts';
import { type BlockKinds, REUSE_BLOCK_BYTES, ReuseDistances } from './reuse-distances.ts';

/** The columns that are looked at. */
export type Touches = Pick<RowBlock, 'length' | 'timeNs' | 'offset' | 'lengthBytes' | 'disk' | 'op'>;

export interface FollowedSpan {
  readonly intervalNs: number;
  readonly intervals: number;
  readonly disks: number;
}

export interface BlockFindings {
  readonly reads: DistanceCounts;
  readonly all: DistanceCounts;
  readonly kinds: BlockKinds;
  /** Distinct blocks by disk. */
  readonly byDisk: Float64Array;
  readonly blocksRead: number;
  /** Of those the ones whose last touch before was a write. */
  readonly readsOfWritten: number;
  /** Distinct bytes touched within each interval, and since the start. */
  readonly workingSetBytes: Float64Array;
  readonly footprintBytes: Float64Array;
}

export class FollowedBlocks {
  private readonly span: FollowedSpan;
  private readonly reuse = new ReuseDistances();
  private readonly workingSet: Float64Array;
  private readonly footprint: Float64Array;
  private interval = 0;

  constructor(span: FollowedSpan) {
    this.span = span;
    this.workingSet = new Float64Array(span.intervals);
    this.footprint = new Float64Array(span.intervals);
  }

  add({ length, timeNs, offset, lengthBytes, disk, op }: Touches): void {
    const { reuse } = this;
    const { intervalNs } = this.span;
    let intervalEnd = (this.interval + 1) * intervalNs;
    for (let i = 0; i < length; i++) {
      const time = timeNs[i]!;
      if (time >= intervalEnd) {
        this.advance(Math.floor(time / intervalNs));
        intervalEnd = (this.interval + 1) * intervalNs;
      }
      if (op[i]! <= OP_WRITE) reuse.touch(disk[i]!, op[i]!, offset[i]!, lengthBytes[i]!);
    }
  }

  /** Null when too many blocks were touched to follow each. */
  finish(): BlockFindings | null {
    const { reuse, span } = this;
    if (!reuse.followed) return null;
    this.advance(span.intervals);
    return {
      reads: reuse.reads,
      all: reuse.all,
      kinds: reuse.kinds(),
      byDisk: reuse.blocksByDisk(span.disks),
      blocksRead: reuse.blocksRead,
      readsOfWritten: reuse.readsOfWritten,
      workingSetBytes: this.workingSet,
      footprintBytes: this.footprint,
    };
  }

  /** Closes the interval at hand and those without I/O up to `next`. */
  private advance(next: number): void {
    const { reuse } = this;
    this.workingSet[this.interval] = reuse.workingSet * REUSE_BLOCK_BYTES;
    this.footprint.fill(reuse.blocks * REUSE_BLOCK_BYTES, this.interval, next);
    reuse.beginInterval();
    this.interval = next;
  }
}
