/**
 * What may be done to the rows of a trace on their way to another form: cut, thinned by disk, shrunk, moved, made
 * faster, made anonymous. Thinning takes whole disks, never single I/Os, so that each disk's bursts and locality stay.
 */
import { createHmac } from 'node:crypto';
import { UsageError } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, type RowBlock, type RowCursor } from '../../reference/kernel/io.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { formatCount } from '../../reference/kernel/units.ts';
import { DiskTable } from '../rows/disk-table.ts';
import { BlockRanks, RANKED_BLOCK_BYTES } from './block-ranks.ts';
import type { DiskMove } from './disk-moves.ts';

/** Blocks that stay together when a footprint is shrunk: sequential runs inside stay sequential. Assumed: 1 MiB. */
const RUN_BLOCKS = 256;
const NAME_DIGITS = 12;
/** @source Linux: PID_MAX_LIMIT, 4 Mi */
const PIDS = 4 * 1024 * 1024;

/** By OP_ number. */
const ROW_OPS = ['read', 'write', 'flush', 'discard'] as const;
export type RowOp = (typeof ROW_OPS)[number];

export interface RowShape {
  /** From this time on, on the trace's clock; 0 without it. */
  readonly fromNs?: number | undefined;
  /** Before this time. */
  readonly untilNs?: number | undefined;
  /** Names of the disks to keep. */
  readonly disks?: readonly string[] | undefined;
  /** Operations to keep. */
  readonly ops?: readonly RowOp[] | undefined;
  /** Bytes [from, until) to keep; rows are cut at the edges, flushes stay. */
  readonly range?: readonly [number, number] | undefined;
  /** Times as fast. */
  readonly speed?: number | undefined;
  /** Share of the touched blocks to fold the trace onto, above 0 and at most 1. */
  readonly footprint?: number | undefined;
  readonly moves?: readonly DiskMove[] | undefined;
  /** Share of the disks to keep, above 0 and at most 1; drawn by the seed. */
  readonly thinDisks?: number | undefined;
  /** Key under which names and process ids are hashed. */
  readonly anonymise?: string | undefined;
  readonly seed: number;
}

/** Where rows are taken from. */
export interface ShapedSource {
  readonly diskNames: readonly string[];
  cursor(): RowCursor;
}

export class ShapedRows {
  /** Names of the disks that are left, by their new numbers. */
  readonly diskNames: readonly string[];
  private readonly source: ShapedSource;
  private readonly shape: RowShape;
  private readonly keptDisks: Uint8Array;
  private readonly keptOps = new Uint8Array(OP_DISCARD + 1);
  /** New number of each disk; -1 where a move has not named it. */
  private readonly plainNumber: Int32Array;
  /** By disk: its moves with their targets' numbers. */
  private readonly movesOf: (readonly (DiskMove & { readonly number: number })[])[] = [];
  private readonly ranks: BlockRanks[] = [];
  private readonly pids = new Map<number, number>();
  private firstNs = Number.NaN;
  private outside = 0;

  /** @throws UsageError when a disk is not in the trace */
  constructor(source: ShapedSource, shape: RowShape) {
    this.source = source;
    this.shape = shape;
    this.keptDisks = keptDisks(source.diskNames, shape);
    this.keptOps.fill(shape.ops === undefined ? 1 : 0);
    for (const op of shape.ops ?? []) this.keptOps[ROW_OPS.indexOf(op)] = 1;
    const table = new DiskTable();
    this.plainNumber = new Int32Array(source.diskNames.length).fill(-1);
    const moves = shape.moves ?? [];
    for (const move of moves) known(move.disk, source.diskNames);
    for (const [disk, name] of source.diskNames.entries()) {
      if (this.keptDisks[disk] === 0) continue;
      const own = moves.filter((move) => move.disk === name);
      this.movesOf[disk] = own.map((move) => ({ ...move, number: table.intern(move.to, 'the map') }));
      if (!own.some((move) => move.from === 0 && move.until === Number.POSITIVE_INFINITY)) {
        this.plainNumber[disk] = table.intern(name, 'the trace');
      }
    }
    const key = shape.anonymise;
    this.diskNames =
      key === undefined
        ? table.names
        : table.names.map((name) => `disk-${keyed(key, `disk ${name}`).slice(0, NAME_DIGITS)}`);
    if (shape.footprint !== undefined && shape.footprint < 1) this.rankBlocks();
  }

  /** The rows in their new form; the first stands at time 0. The block is reused. */
  *blocks(fromNs = this.shape.fromNs ?? 0, untilNs = this.shape.untilNs): Generator<RowBlock> {
    this.firstNs = Number.NaN;
    for (const block of this.kept(fromNs, untilNs)) {
      this.place(block);
      this.retime(block);
      if (this.shape.anonymise !== undefined) this.hidePids(block, this.shape.anonymise);
      yield block;
    }
  }

  /** What a person should know of the shaping. */
  notes(): string[] {
    if (this.outside === 0) return [];
    return [`rows that a move puts below offset 0, left out: ${formatCount(this.outside)}`];
  }

  /** The rows that are kept, cut to the range, in their old places. */
  private *kept(fromNs: number, untilNs = Number.POSITIVE_INFINITY): Generator<RowBlock> {
    const cursor = this.source.cursor();
    const [low, high] = this.shape.range ?? [0, Number.POSITIVE_INFINITY];
    try {
      for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
        const rows = block.length;
        let kept = 0;
        for (let i = 0; i < rows; i++) {
          const timeNs = block.timeNs[i]!;
          const op = block.op[i]!;
          if (timeNs < fromNs || timeNs >= untilNs) continue;
          if (this.keptDisks[block.disk[i]!] === 0 || this.keptOps[op] === 0) continue;
          let offset = block.offset[i]!;
          let end = offset + block.lengthBytes[i]!;
          if (op !== OP_FLUSH) {
            if (offset < low) offset = low;
            if (end > high) end = high;
            if (end <= offset) continue;
          }
          moveRow(block, i, kept);
          block.offset[kept] = offset;
          block.lengthBytes[kept] = end - offset;
          kept++;
        }
        block.length = kept;
        if (kept > 0) yield block;
        if (rows > 0 && block.timeNs[rows - 1]! >= untilNs) return;
      }
    } finally {
      cursor.close();
    }
  }

  /** Folds offsets onto the smaller footprint, and moves disks. */
  private place(block: RowBlock): void {
    let kept = 0;
    for (let i = 0; i < block.length; i++) {
      const disk = block.disk[i]!;
      let offset = block.offset[i]!;
      let number = this.plainNumber[disk]!;
      if (block.op[i] !== OP_FLUSH) {
        const ranks = this.ranks[disk];
        if (ranks !== undefined) offset = this.folded(ranks, offset);
        for (const move of this.movesOf[disk]!) {
          if (offset < move.from || offset >= move.until) continue;
          offset += move.shiftBytes;
          number = move.number;
          break;
        }
      }
      if (number < 0) number = this.movesOf[disk]![0]!.number;
      if (offset < 0) {
        this.outside++;
        continue;
      }
      if (kept !== i) moveRow(block, i, kept);
      block.offset[kept] = offset;
      block.disk[kept] = number;
      kept++;
    }
    block.length = kept;
  }

  private retime(block: RowBlock): void {
    const speed = this.shape.speed ?? 1;
    if (Number.isNaN(this.firstNs) && block.length > 0) this.firstNs = block.timeNs[0]!;
    const first = this.firstNs;
    if (speed === 1) for (let i = 0; i < block.length; i++) block.timeNs[i] = block.timeNs[i]! - first;
    else
      for (let i = 0; i < block.length; i++) block.timeNs[i] = Math.floor((block.timeNs[i]! - first) / speed);
  }

  private hidePids(block: RowBlock, key: string): void {
    for (let i = 0; i < block.length; i++) {
      const pid = block.pid[i]!;
      if (pid === -1) continue;
      let hidden = this.pids.get(pid);
      if (hidden === undefined) {
        hidden = Number.parseInt(keyed(key, `pid ${pid}`).slice(0, 8), 16) % PIDS;
        this.pids.set(pid, hidden);
      }
      block.pid[i] = hidden;
    }
  }

  /**
   * Marks the blocks of the rows that are kept. Runs of 256 touched blocks are then laid over one another: each run is
   * touched all over, so that the share asked for is the share that comes out.
   */
  private rankBlocks(): void {
    for (const block of this.kept(this.shape.fromNs ?? 0, this.shape.untilNs)) {
      for (let i = 0; i < block.length; i++) {
        if (block.op[i] === OP_FLUSH) continue;
        const disk = block.disk[i]!;
        const ranks = (this.ranks[disk] ??= new BlockRanks());
        if (block.op[i] === OP_DISCARD) ranks.touch(block.offset[i]!, Math.min(block.lengthBytes[i]!, 512));
        else ranks.touch(block.offset[i]!, block.lengthBytes[i]!);
      }
    }
    for (const ranks of this.ranks) ranks?.settle();
  }

  private folded(ranks: BlockRanks, offset: number): number {
    const block = Math.floor(offset / RANKED_BLOCK_BYTES);
    const rank = ranks.rank(block);
    const run = Math.floor(rank / RUN_BLOCKS);
    const to = Math.floor(run * this.shape.footprint!) * RUN_BLOCKS + (rank % RUN_BLOCKS);
    return to * RANKED_BLOCK_BYTES + (offset - block * RANKED_BLOCK_BYTES);
  }
}

function moveRow(block: RowBlock, from: number, to: number): void {
  if (from === to) return;
  block.timeNs[to] = block.timeNs[from]!;
  block.offset[to] = block.offset[from]!;
  block.lengthBytes[to] = block.lengthBytes[from]!;
  block.latencyNs[to] = block.latencyNs[from]!;
  block.pid[to] = block.pid[from]!;
  block.disk[to] = block.disk[from]!;
  block.op[to] = block.op[from]!;
  block.flags[to] = block.flags[from]!;
}

function known(name: string, names: readonly string[]): number {
  const disk = names.indexOf(name);
  if (disk >= 0) return disk;
  const some = names.slice(0, 8).join(' ');
  throw new UsageError(`the trace has no disk ${JSON.stringify(name)}`, {
    hint: didYouMean(name, names) ?? `its disks: ${some}${names.length > 8 ? ' …' : ''}`,
  });
}

function keptDisks(names: readonly string[], shape: RowShape): Uint8Array {
  const kept = new Uint8Array(names.length).fill(shape.disks === undefined ? 1 : 0);
  for (const name of shape.disks ?? []) kept[known(name, names)] = 1;
  if (shape.thinDisks === undefined) return kept;
  const candidates = names
    .map((name, disk) => ({ disk, draw: new RandomStream(shape.seed, `thin ${name}`).nextFraction() }))
    .filter(({ disk }) => kept[disk] === 1)
    .sort((a, b) => a.draw - b.draw || a.disk - b.disk);
  const keep = Math.max(1, Math.floor(candidates.length * shape.thinDisks + 0.5));
  for (const { disk } of candidates.slice(keep)) kept[disk] = 0;
  return kept;
}

function keyed(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
