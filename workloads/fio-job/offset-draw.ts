/**
 * Which block of a file a random job touches next, by `random_distribution`.
 *
 * @source fio 3.33: io_u.c (__get_next_rand_offset and its kin), lib/zipf.c, lib/gauss.c, zone-dist.c
 */
import type { RandomDistribution } from '#fio-parser';
import { negativeLog, power } from './exact-power.ts';
import { scatter, type Tausworthe } from './fio-random.ts';
import type { RandomMap, ShiftRegister } from './random-map.ts';

/** What the blocks of a file are drawn from. */
export interface OffsetRandom {
  readonly random: Tausworthe;
  readonly zone: Tausworthe;
  /** Undefined where a block may come again at any time. */
  readonly map: RandomMap | undefined;
  /** Set where `random_generator=lfsr`. */
  readonly register: ShiftRegister | undefined;
}

export interface OffsetDraw {
  /**
   * @param blocks how many of the direction's blocks there are
   * @param issued I/Os of the direction before this one
   * @returns a block, or -1 where all have been used in this pass
   */
  next(blocks: number, issued: number): number;
}

/** Every block alike, each once per pass where there is a map or a shift register. */
class UniformDraw implements OffsetDraw {
  private readonly from: OffsetRandom;

  constructor(from: OffsetRandom) {
    this.from = from;
  }

  next(blocks: number): number {
    const { random, map, register } = this.from;
    const block = register === undefined ? Math.floor(blocks * (random.next() / 2 ** 32)) : register.next();
    if (map === undefined || block < 0 || block >= map.blocks || !map.isUsed(block)) return block;
    return map.nextFree(block);
  }
}

/** Zones of the file, each with its share of the accesses. */
class ZonedDraw implements OffsetDraw {
  private readonly inZone: UniformDraw;
  private readonly zone: Tausworthe;
  /** By percent of the accesses, 1 to 100. Shares of the file in percent, or blocks. */
  private readonly start = new Float64Array(101);
  private readonly end = new Float64Array(101);
  private readonly isShare: boolean;

  constructor(
    from: OffsetRandom,
    zones: readonly { readonly access: number; readonly size: number }[],
    isShare: boolean,
  ) {
    this.inZone = new UniformDraw(from);
    this.zone = from.zone;
    this.isShare = isShare;
    let percent = 0;
    let before = 0;
    for (const { access, size } of zones) {
      for (let i = 0; i < access; i++) {
        this.start[++percent] = before;
        this.end[percent] = before + size;
      }
      before += size;
    }
  }

  next(blocks: number): number {
    const percent = this.zone.percent();
    const start = this.start[percent]!;
    const end = this.end[percent]!;
    const from = this.isShare ? Math.floor((start * blocks) / 100) : start;
    const count = this.isShare ? Math.floor((blocks * (end - start)) / 100) : end - start;
    const block = this.inZone.next(count);
    return block < 0 ? -1 : block + from;
  }
}

/** Most terms of the sum that normalises Zipf's law. @source fio lib/zipf.c, ZIPF_MAX_GEN */
const ZIPF_TERMS_MAX = 1e7;
/** Terms that are added one by one; the rest by Euler and Maclaurin. */
const ZIPF_TERMS_ADDED = 1e4;

function zipfSum(terms: number, theta: number): number {
  const added = Math.min(terms, ZIPF_TERMS_ADDED);
  let sum = 0;
  for (let i = 1; i <= added; i++) sum += power(1 / i, theta);
  if (terms === added) return sum;
  const integral = (power(terms, 1 - theta) - power(added, 1 - theta)) / (1 - theta);
  const first = power(1 / added, theta);
  const last = power(1 / terms, theta);
  return sum + integral + (last - first) / 2 + (theta * (first / added - last / terms)) / 12;
}

/** A few blocks get most of the accesses; ranks are scattered over the file. */
class ZipfDraw implements OffsetDraw {
  private readonly random: Tausworthe;
  private readonly blocks: number;
  private readonly shift: number;
  private readonly alpha: number;
  private readonly eta: number;
  private readonly sum: number;
  private readonly second: number;

  constructor(random: Tausworthe, blocks: number, theta: number, center: number | undefined) {
    this.random = random;
    this.blocks = blocks;
    this.shift = shiftOf(random, blocks, center);
    this.second = 1 + power(0.5, theta);
    this.sum = zipfSum(Math.min(blocks, ZIPF_TERMS_MAX), theta);
    this.alpha = 1 / (1 - theta);
    this.eta = (1 - power(2 / blocks, 1 - theta)) / (1 - this.second / this.sum);
  }

  next(): number {
    const u = this.random.next() / 0xffffffff;
    const z = u * this.sum;
    let rank = Math.floor(this.blocks * power(this.eta * u - this.eta + 1, this.alpha));
    if (z < 1) rank = 0;
    else if (z < this.second) rank = 1;
    return scatter(rank, this.shift, this.blocks);
  }
}

class ParetoDraw implements OffsetDraw {
  private readonly random: Tausworthe;
  private readonly blocks: number;
  private readonly shift: number;
  private readonly exponent: number;

  constructor(random: Tausworthe, blocks: number, h: number, center: number | undefined) {
    this.random = random;
    this.blocks = blocks;
    this.shift = shiftOf(random, blocks, center);
    this.exponent = negativeLog(h) / negativeLog(1 - h);
  }

  next(): number {
    const rank = Math.floor((this.blocks - 1) * power(this.random.next() / 0xffffffff, this.exponent));
    return scatter(rank, this.shift, this.blocks);
  }
}

/** Draws of which the mean is taken. @source fio lib/gauss.c */
const NORMAL_DRAWS = 12;

class NormalDraw implements OffsetDraw {
  private readonly random: Tausworthe;
  private readonly blocks: number;
  private readonly shift: number;
  private readonly deviation: number;

  constructor(random: Tausworthe, blocks: number, deviationPercent: number, center: number | undefined) {
    this.random = random;
    this.blocks = blocks;
    this.deviation = Math.min(Math.ceil((blocks * deviationPercent) / 100), Math.floor(blocks / 2));
    const shift = center === undefined ? 0 : Math.trunc(blocks * (center - 0.5));
    this.shift = shift < 0 ? shift + blocks : shift;
  }

  next(): number {
    const { random, blocks, deviation } = this;
    let sum = 0;
    for (let i = 0; i < NORMAL_DRAWS; i++) sum += random.next() % (blocks + 1);
    sum = Math.floor((sum + NORMAL_DRAWS - 1) / NORMAL_DRAWS);
    if (deviation > 0) {
      let off = Math.floor(deviation * (random.next() / 2 ** 32)) - Math.floor(deviation / 2);
      while (off !== 0 && (sum + off < 0 || sum + off >= blocks)) off = Math.trunc(off / 2);
      sum += off;
    }
    return scatter(sum, this.shift, blocks);
  }
}

class PatternDraw implements OffsetDraw {
  private readonly pattern: readonly number[];

  constructor(pattern: readonly number[]) {
    this.pattern = pattern;
  }

  next(_blocks: number, issued: number): number {
    return this.pattern[issued % this.pattern.length]!;
  }
}

/** Where the most popular block lies: as said, or anywhere. */
function shiftOf(random: Tausworthe, blocks: number, center: number | undefined): number {
  const drawn = random.next();
  return center === undefined ? drawn : Math.floor(blocks * center);
}

export interface DrawSetup extends OffsetRandom {
  /** Of the file, in units of the smallest block of reads and writes. */
  readonly blocks: number;
  /** Unit of the direction's blocks, in bytes. */
  readonly blockBytes: number;
  /** Seed of the draws that popularity makes. */
  readonly popularity: Tausworthe;
}

export function createDraw(distribution: RandomDistribution, setup: DrawSetup): OffsetDraw {
  const { blocks, blockBytes, popularity } = setup;
  switch (distribution.kind) {
    case 'random':
      return new UniformDraw(setup);
    case 'zipf':
      return new ZipfDraw(popularity, blocks, distribution.theta, distribution.center);
    case 'pareto':
      return new ParetoDraw(popularity, blocks, distribution.h, distribution.center);
    case 'normal':
      return new NormalDraw(popularity, blocks, distribution.deviationPercent, distribution.center);
    case 'zoned':
      return new ZonedDraw(
        setup,
        distribution.zones.map(({ accessPercent, sizePercent }) => ({
          access: accessPercent,
          size: sizePercent,
        })),
        true,
      );
    case 'zoned_abs':
      return new ZonedDraw(
        setup,
        distribution.zones.map(({ accessPercent, sizeBytes }) => ({
          access: accessPercent,
          size: Math.floor(sizeBytes / blockBytes),
        })),
        false,
      );
    case 'sequence':
      return new PatternDraw(distribution.pattern);
  }
}
