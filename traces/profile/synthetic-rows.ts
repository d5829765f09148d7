/**
 * Rows drawn from a profile, phase by phase; the same profile and seed give the same rows anywhere. Memory follows the
 * blocks touched and the longest phase, not the number of rows.
 */
import {
  createRowBlock,
  OP_DISCARD,
  OP_FLUSH,
  OP_READ,
  type RowBlock,
  type RowCursor,
} from '../../reference/kernel/io.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { BlockStack } from './block-stack.ts';
import { LOADS, loadOf, OutstandingCount } from './outstanding-count.ts';
import {
  BANDS,
  NEAR_BUCKETS,
  PLACE_NEAR,
  PLACE_REUSE,
  PLACE_STREAM,
  PLACE_STREAM_REUSE,
  PLACES,
  type Profile,
  type ProfileLocality,
  QUANTILES,
  RECENT,
  TIMING_BUSY,
  TIMING_REACTION,
} from './profile.ts';
import { RecentList } from './recent-list.ts';

const BLOCK_BYTES = 4096;
const BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES;
const DISK_BLOCKS = 2 ** 37;
const ROWS_PER_BLOCK = 4096;
/** Gaps from here on are idle time, which gives way so that a phase holds its I/Os. Assumed. */
const IDLE_NS = 100_000;
/** Draws of a new block that is not a touched one before it is let be. */
const TRIES = 8;

/** Draws an index by weight: by halving over running sums. */
class Weighted {
  private readonly sums: Float64Array;
  private readonly values: Int32Array;

  /** @param pairs value and weight by turns */
  constructor(pairs: readonly number[]) {
    this.sums = new Float64Array(pairs.length / 2);
    this.values = new Int32Array(pairs.length / 2);
    let sum = 0;
    for (let i = 0; i < this.sums.length; i++) {
      sum += pairs[2 * i + 1]!;
      this.sums[i] = sum;
      this.values[i] = pairs[2 * i]!;
    }
  }

  get total(): number {
    return this.sums.length === 0 ? 0 : this.sums[this.sums.length - 1]!;
  }

  draw(random: RandomStream): number {
    const target = random.nextFraction() * this.total;
    let low = 0;
    let high = this.sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sums[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return this.values[low]!;
  }
}

const indexed = (weights: readonly number[]): Weighted =>
  new Weighted(weights.flatMap((weight, i) => [i, weight]));

/** A value between two quantiles. */
function between(quantiles: readonly number[], random: RandomStream): number {
  const at = random.nextFraction() * (QUANTILES - 1);
  const i = Math.floor(at);
  return Math.floor(quantiles[i]! + (quantiles[i + 1]! - quantiles[i]!) * (at - i));
}

interface Kind {
  readonly next: readonly (Weighted | undefined)[];
  /** Where a chain starts that comes from a symbol this kind does not know. */
  readonly start: Weighted;
  /** By operation * PLACES + place. */
  readonly sizes: readonly (Weighted | undefined)[];
}

interface Side {
  readonly depths: Weighted;
  readonly streams: Weighted;
  readonly near: Weighted;
  /** Index into the profile's zones. */
  readonly zones: Weighted;
  readonly locality: ProfileLocality;
  /** Ends of streams, with their disks. */
  readonly ends: RecentList;
}

export interface SynthesisOptions {
  readonly seed: number;
  /** I/Os in all; the phases come again when they are over. */
  readonly ios: number;
}

/** A cursor over rows drawn from a profile. */
export function syntheticRows(profile: Profile, options: SynthesisOptions): RowCursor {
  const synthesis = new Synthesis(profile, options);
  let open = true;
  return {
    next: () => (open ? synthesis.next() : undefined),
    close: () => {
      open = false;
    },
  };
}

class Synthesis {
  private readonly profile: Profile;
  private readonly random: RandomStream;
  private readonly kinds: readonly Kind[];
  private readonly sides: readonly [Side, Side];
  private readonly anySize: Weighted;
  private readonly stack = new BlockStack();
  private readonly processes = new RecentList(RECENT);
  private readonly processRanks: Weighted | undefined;
  private nextPid = 1;
  private readonly block = createRowBlock(ROWS_PER_BLOCK);
  /** Rows of the phase at hand; times are gaps until the phase is whole. */
  private rows = createRowBlock(1024);
  /** The part of each gap that may be stretched. */
  private idleNs = new Float64Array(1024);
  /** Time of the last row before phases are filled, and the latest completion of each process on that clock. */
  private nowNs = 0;
  private readonly done = new Map<number, number>();
  private given = 0;
  private left: number;
  private phase = 0;
  private symbol = -1;
  private readonly outstanding = new OutstandingCount();
  private load = 0;
  private disk = 0;

  constructor(profile: Profile, { seed, ios }: SynthesisOptions) {
    this.profile = profile;
    this.random = new RandomStream(seed, 'synthetic trace');
    this.left = ios;
    this.kinds = profile.kinds.map(({ next, sizes }) => {
      const nexts: (Weighted | undefined)[] = [];
      const starts: number[] = [];
      for (const [symbol, pairs] of next) {
        nexts[symbol] = new Weighted(pairs);
        starts.push(...pairs);
      }
      const bySize: (Weighted | undefined)[] = [];
      for (const [op, place, pairs] of sizes) bySize[op * PLACES + place] = new Weighted(pairs);
      return { next: nexts, start: new Weighted(starts), sizes: bySize };
    });
    const side = (locality: ProfileLocality): Side => ({
      depths: indexed(locality.depths),
      streams: indexed(locality.streams.slice(0, RECENT)),
      near: indexed(locality.near),
      zones: indexed(locality.zones.map(([, , weight]) => weight)),
      locality,
      ends: new RecentList(RECENT),
    });
    this.sides = [side(profile.reads), side(profile.writes)];
    this.anySize = indexed(profile.sizes.map(() => 1));
    this.processRanks = profile.processes === null ? undefined : indexed(profile.processes.slice(2));
  }

  next(): RowBlock | undefined {
    const { block } = this;
    block.length = 0;
    while (block.length < ROWS_PER_BLOCK) {
      if (this.given === this.rows.length) {
        if (this.left === 0) break;
        this.drawPhase();
        continue;
      }
      const count = Math.min(ROWS_PER_BLOCK - block.length, this.rows.length - this.given);
      this.copy(this.given, count);
      this.given += count;
    }
    return block.length === 0 ? undefined : block;
  }

  private copy(from: number, count: number): void {
    const { rows, block } = this;
    for (const column of [
      'timeNs',
      'offset',
      'lengthBytes',
      'latencyNs',
      'pid',
      'disk',
      'op',
      'flags',
    ] as const)
      block[column].set(rows[column].subarray(from, from + count), block.length);
    block.length += count;
  }

  private drawPhase(): void {
    const { phases, kinds } = { phases: this.profile.phases, kinds: this.kinds };
    const index = this.phase % phases.kind.length;
    const count = Math.min(this.left, phases.ios[index]!);
    const startNs = this.phase * phases.intervalNs;
    this.phase++;
    if (this.rows.timeNs.length < count) {
      this.rows = createRowBlock(count);
      this.idleNs = new Float64Array(count);
    }
    const { rows } = this;
    rows.length = count;
    this.given = 0;
    this.left -= count;
    const kind = kinds[phases.kind[index]!]!;
    for (let row = 0; row < count; row++) this.drawRow(kind, row);
    this.place(startNs, phases.intervalNs, count);
  }

  /** Turns gaps into times that fill the phase: idle time is stretched or shrunk, what follows closely is not. */
  private place(startNs: number, intervalNs: number, count: number): void {
    const { timeNs } = this.rows;
    const { idleNs } = this;
    let close = 0;
    let idle = 0;
    for (let row = 0; row < count; row++) {
      close += timeNs[row]! - idleNs[row]!;
      idle += idleNs[row]!;
    }
    // The last I/O is, on average, half a gap before the end of its phase.
    const room = intervalNs * (count / (count + 0.5));
    const fits = close < room && idle > 0;
    const idleFactor = fits ? (room - close) / idle : 1;
    const factor = fits ? 1 : Math.min(1, room / (close + idle));
    let now = startNs;
    const lastNs = startNs + intervalNs - 1;
    for (let row = 0; row < count; row++) {
      now += (timeNs[row]! - idleNs[row]! + idleNs[row]! * idleFactor) * factor;
      timeNs[row] = Math.min(lastNs, Math.floor(now));
    }
  }

  private drawRow(kind: Kind, row: number): void {
    const { random, profile, rows } = this;
    const chain = this.symbol < 0 ? undefined : kind.next[this.symbol * LOADS + this.load];
    this.symbol = (chain ?? kind.start).draw(random);
    const [op, flags, gap, latency, place, process, timing] = profile.symbols[this.symbol]!;
    const pid = this.processOf(process);
    const drawn = between(profile.gaps[gap]!, random);
    // Time the I/O has to wait for its process before anything else.
    const waits = timing === TIMING_BUSY ? 0 : Math.max(0, (this.done.get(pid) ?? 0) - this.nowNs);
    const gapNs = timing === TIMING_REACTION ? waits + drawn : Math.max(waits, drawn);
    rows.timeNs[row] = gapNs;
    this.idleNs[row] = drawn < IDLE_NS ? 0 : Math.max(0, gapNs - waits);
    this.nowNs += gapNs;
    rows.op[row] = op;
    rows.flags[row] = flags;
    const latencyNs = latency < 0 ? Number.NaN : between(profile.latencies[latency]!, random);
    rows.latencyNs[row] = latencyNs;
    this.load = loadOf(this.outstanding.arrive(this.nowNs, latencyNs));
    if (latencyNs >= 0) this.done.set(pid, Math.max(this.done.get(pid) ?? 0, this.nowNs + latencyNs));
    rows.pid[row] = pid;
    rows.offset[row] = 0;
    rows.lengthBytes[row] = 0;
    if (op !== OP_FLUSH) {
      const size = (kind.sizes[op * PLACES + place] ?? this.anySize).draw(random);
      const lengthBytes = Math.floor((profile.sizes[size] ?? BLOCK_BYTES) / SECTOR_BYTES) * SECTOR_BYTES;
      rows.lengthBytes[row] = lengthBytes;
      rows.offset[row] = this.offsetOf(op, place, lengthBytes);
    }
    rows.disk[row] = this.disk;
  }

  private processOf(process: number): number {
    const { processes, processRanks } = this;
    if (processRanks === undefined) return -1;
    const rank = process < 2 ? process : 2 + processRanks.draw(this.random);
    const known = rank < Math.min(RECENT, processes.length);
    const pid = known ? processes.at(rank) : this.nextPid++;
    // What falls out of the list is never drawn again.
    if (!known && processes.length === RECENT) this.done.delete(processes.at(RECENT - 1));
    processes.use(known ? rank : -1, pid);
    return pid;
  }

  /** Chooses disk and offset, and remembers both. */
  private offsetOf(op: number, place: number, lengthBytes: number): number {
    const side = this.sides[op === OP_READ ? 0 : 1];
    let block: number | undefined;
    let offset = 0;
    let rank = -1;
    if ((place === PLACE_STREAM || place === PLACE_STREAM_REUSE) && side.ends.length > 0) {
      rank = this.streamRank(side, place === PLACE_STREAM_REUSE, lengthBytes);
      if (rank >= 0) {
        offset = this.goTo(side.ends.at(rank));
        block = 0;
      }
    }
    if (place === PLACE_NEAR && side.ends.length > 0) {
      for (let tries = 0; tries < TRIES && block === undefined; tries++) {
        offset = this.nearOffset(side, lengthBytes);
        if (offset >= 0 && !this.touched(offset) && !this.touched(offset + lengthBytes - 1)) block = 0;
      }
    }
    if (block === undefined && place === PLACE_REUSE && this.stack.size > 0 && side.depths.total > 0) {
      block = this.stack.blockAt(Math.min(this.stack.size - 1, this.depth(side)));
      this.disk = Math.floor(block / DISK_BLOCKS);
      offset = (block - this.disk * DISK_BLOCKS) * BLOCK_BYTES;
    }
    if (block === undefined) {
      for (let tries = 0; tries < TRIES; tries++) {
        offset = this.newOffset(side, lengthBytes);
        if (!this.touched(offset) && !this.touched(offset + lengthBytes - 1)) break;
      }
    }
    offset = Math.max(
      0,
      Math.min(offset, Math.floor((this.end() - lengthBytes) / SECTOR_BYTES) * SECTOR_BYTES),
    );
    if (op === OP_DISCARD) return offset;
    side.ends.use(rank, this.disk * DISK_BLOCKS * BLOCK_SECTORS + (offset + lengthBytes) / SECTOR_BYTES);
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + lengthBytes - 1) / BLOCK_BYTES);
    for (let at = last; at >= first; at--) this.stack.touch(this.disk * DISK_BLOCKS + at);
    return offset;
  }

  /**
   * A stream by how recently it was used, or the nearest to it that leads into blocks that were touched before, or
   * were not, as asked; -1 when none does.
   */
  private streamRank(side: Side, reuse: boolean, lengthBytes: number): number {
    const { ends } = side;
    const wanted = Math.min(ends.length - 1, side.streams.draw(this.random));
    for (let apart = 0; apart < 2 * ends.length; apart++) {
      const rank = wanted + ((apart & 1) === 0 ? apart >> 1 : -((apart + 1) >> 1));
      if (rank < 0 || rank >= ends.length) continue;
      const offset = this.goTo(ends.at(rank));
      if (offset + lengthBytes <= this.end() && this.touched(offset) === reuse) return rank;
    }
    return -1;
  }

  /** Makes the disk of a stream's end the one at hand. @returns the end's offset */
  private goTo(end: number): number {
    this.disk = Math.floor(end / (DISK_BLOCKS * BLOCK_SECTORS));
    return (end - this.disk * DISK_BLOCKS * BLOCK_SECTORS) * SECTOR_BYTES;
  }

  private touched(offset: number): boolean {
    return this.stack.depthOf(this.disk * DISK_BLOCKS + Math.floor(offset / BLOCK_BYTES)) >= 0;
  }

  private end(): number {
    return this.profile.disks[this.disk]!.endBytes;
  }

  private depth(side: Side): number {
    const bucket = side.depths.draw(this.random);
    const exponent = bucket >> 1;
    const half = 2 ** exponent / 2;
    const low = (bucket & 1) === 0 ? 2 * half : 3 * half;
    return bucket === 0 ? this.random.nextBelow(2) : Math.floor(low + this.random.nextFraction() * half);
  }

  /** An offset near the end of a stream; below 0 when there is none. */
  private nearOffset(side: Side, lengthBytes: number): number {
    const rank = Math.min(side.ends.length - 1, side.streams.draw(this.random));
    const end = this.goTo(side.ends.at(rank));
    const drawn = side.near.draw(this.random);
    const low = 2 ** (drawn % NEAR_BUCKETS) * 1024;
    const align = lengthBytes % BLOCK_BYTES === 0 ? BLOCK_BYTES : SECTOR_BYTES;
    const distance = Math.ceil((low + this.random.nextFraction() * low) / align) * align;
    const offset = drawn < NEAR_BUCKETS ? end + distance : end - distance;
    return offset + lengthBytes > this.end() ? -1 : Math.floor(offset / align) * align;
  }

  private newOffset(side: Side, lengthBytes: number): number {
    const zone = side.zones.total > 0 ? side.locality.zones[side.zones.draw(this.random)] : undefined;
    this.disk = zone?.[0] ?? 0;
    const band = this.end() / BANDS;
    const from = (zone?.[1] ?? this.random.nextBelow(BANDS)) * band;
    // Aligned to its length up to 4 KiB, as file systems and databases place their blocks.
    const align = Math.min(BLOCK_BYTES, lengthBytes % BLOCK_BYTES === 0 ? BLOCK_BYTES : SECTOR_BYTES);
    return Math.floor((from + this.random.nextFraction() * band) / align) * align;
  }
}
