/** Miss-ratio curves of LRU caches of 4 KiB blocks, exact and sampled, at the same cache sizes. */
import type { DistanceCounts } from './distance-counts.ts';
import { exactSizeFrom } from './distance-counts.ts';
import { REUSE_BLOCK_BYTES } from './reuse-distances.ts';

/** Points to a doubling of the cache size. */
const POINTS_PER_DOUBLING = 4;

export interface MissRatioCurve {
  /** Of all blocks read or written that the cache does not hold; reads and writes both fill it. */
  readonly all: readonly (number | null)[];
  /** Of blocks read. */
  readonly reads: readonly (number | null)[];
}

export interface MissRatios {
  readonly blockBytes: number;
  /** Cache sizes, ascending, up to one that holds everything. */
  readonly cacheBytes: readonly number[];
  /** Null when too many blocks were touched to follow each. */
  readonly exact: MissRatioCurve | null;
  /** SHARDS: from a sample of at most 16,384 blocks, in constant memory. */
  readonly sampled: MissRatioCurve & {
    /** Share of blocks that were sampled at the end. */
    readonly rate: number;
  };
  /** Of the sampled curve from the exact one, over the points; null without the exact one. */
  readonly difference: { readonly mean: number; readonly max: number } | null;
}

interface Counts {
  readonly all: DistanceCounts;
  readonly reads: DistanceCounts;
}

/** @param blocks distinct blocks touched */
export function missRatios(
  blocks: number,
  exact: Counts | undefined,
  sampled: Counts & { readonly rate: number },
): MissRatios {
  const sizes = cacheSizes(blocks);
  const exactCurve = exact === undefined ? null : curve(exact, sizes);
  const sampledCurve = curve(sampled, sizes);
  return {
    blockBytes: REUSE_BLOCK_BYTES,
    cacheBytes: sizes.map((size) => size * REUSE_BLOCK_BYTES),
    exact: exactCurve,
    sampled: { rate: sampled.rate, ...sampledCurve },
    difference: exactCurve === null ? null : difference(exactCurve.all, sampledCurve.all),
  };
}

function curve({ all, reads }: Counts, sizes: readonly number[]): MissRatioCurve {
  return { all: all.missRatios(sizes), reads: reads.missRatios(sizes) };
}

function difference(
  exact: readonly (number | null)[],
  sampled: readonly (number | null)[],
): { mean: number; max: number } {
  let sum = 0;
  let max = 0;
  for (const [i, ratio] of exact.entries()) {
    const apart = Math.abs((ratio ?? 0) - (sampled[i] ?? 0));
    sum += apart;
    if (apart > max) max = apart;
  }
  return { mean: exact.length === 0 ? 0 : sum / exact.length, max };
}

/** Ascending sizes in blocks at which the exact curve is exact. */
function cacheSizes(blocks: number): number[] {
  const sizes: number[] = [];
  const add = (size: number): void => {
    const exact = exactSizeFrom(size);
    if (sizes.length === 0 || exact > sizes[sizes.length - 1]!) sizes.push(exact);
  };
  for (let doubled = 16; doubled < blocks; doubled *= 2)
    for (let step = 0; step < POINTS_PER_DOUBLING; step++) {
      const size = Math.floor((doubled * (POINTS_PER_DOUBLING + step)) / POINTS_PER_DOUBLING);
      if (size < blocks) add(size);
    }
  add(Math.max(1, blocks));
  return sizes;
}
