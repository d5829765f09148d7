/**
 * fio's random numbers: the generator and the seeds of fio 3.33, so that a job draws here what it draws there.
 *
 * @source fio 3.33: lib/rand.c, lib/rand.h, init.c (setup_random_seeds), hash.h
 */
import { componentSeed, hash2 } from '../../reference/kernel/random.ts';

/** What each stream of a process is for. */
export const STREAM_BLOCK_SIZE = [0, 1, 2] as const;
export const STREAM_MIX = 4;
export const STREAM_FILE = 5;
export const STREAM_OFFSET = 6;
export const STREAM_SEQUENTIAL = 10;
export const STREAM_START_DELAY = 13;
export const STREAM_POISSON = [15, 17, 18] as const;
export const STREAM_ZONE = 16;
const STREAMS = 24;

/** @source fio init.c, options.c */
const RANDREPEAT_SEED = 0xb1899bed;
const DEFAULT_RANDSEED = 0x89;
const SEED_STEP = 0x9e370001;

/** The run seed with which the first VM draws exactly as fio does. */
export const SEED_OF_FIO = 1;

/** L'Ecuyer's three-component Tausworthe generator (taus88), as fio seeds it. */
export class Tausworthe {
  private a = 0;
  private b = 0;
  private c = 0;

  constructor(seed: number) {
    this.seed(seed);
  }

  /** @param seed a 32-bit word */
  seed(seed: number): void {
    // fio's source says (2^31) + (2^17) + (2^7), which in C is 29 + 19 + 5.
    this.a = atLeast((Math.imul(53, 69069) ^ seed) >>> 0, 1);
    this.b = atLeast((Math.imul(this.a, 69069) ^ seed) >>> 0, 7);
    this.c = atLeast((Math.imul(this.b, 69069) ^ seed) >>> 0, 15);
    for (let i = 0; i < 6; i++) this.next();
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const { a, b, c } = this;
    this.a = ((a & 0xfffffffe) << 12) ^ (((a << 13) ^ a) >>> 19);
    this.b = ((b & 0xfffffff8) << 4) ^ (((b << 2) ^ b) >>> 25);
    this.c = ((c & 0xfffffff0) << 17) ^ (((c << 3) ^ c) >>> 11);
    return (this.a ^ this.b ^ this.c) >>> 0;
  }

  /** 1 to 100. */
  percent(): number {
    return 1 + Math.floor(100 * (this.next() / 2 ** 32));
  }
}

function atLeast(word: number, least: number): number {
  return word < least ? word + least : word;
}

/**
 * Seeds of a process's streams.
 *
 * @param threadNumber the process's place among all, from 1
 * @param randSeed `randseed`; undefined where the job has none
 * @param runSeed SEED_OF_FIO gives fio's own
 */
export function processSeeds(
  threadNumber: number,
  randSeed: number | undefined,
  runSeed: number,
): Int32Array {
  const seeds = new Int32Array(STREAMS);
  let seed = randSeed ?? DEFAULT_RANDSEED;
  for (let i = 0; i < 4; i++) seed = Math.imul(seed, SEED_STEP);
  for (let i = 0; i < STREAMS; i++) {
    seeds[i] = Math.imul(seed, threadNumber) + i;
    seed = Math.imul(seed, SEED_STEP);
  }
  if (randSeed === undefined) seeds[STREAM_OFFSET] = Math.imul(RANDREPEAT_SEED, threadNumber);
  if (runSeed !== SEED_OF_FIO) {
    const salt = componentSeed(runSeed, 'fio-job');
    for (let i = 0; i < STREAMS; i++) seeds[i] = hash2(seeds[i]!, salt);
  }
  return seeds;
}

/** @source fio hash.h, after Bob Jenkins' lookup3; like fio it takes single bytes where lookup3 takes words. */
export function hashFileName(name: string): number {
  const bytes = new TextEncoder().encode(name);
  let a = (0x61c88647 + bytes.length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  let left = bytes.length;
  while (left > 12) {
    a += bytes[at]!;
    b += bytes[at + 4]!;
    c += bytes[at + 8]!;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
    left -= 12;
    at += 12;
  }
  if (left === 0) return c | 0;
  const byte = (index: number): number => (index < left ? bytes[at + index]! : 0);
  c += (byte(11) << 24) + (byte(10) << 16) + (byte(9) << 8) + byte(8);
  b += (byte(7) << 24) + (byte(6) << 16) + (byte(5) << 8) + byte(4);
  a += (byte(3) << 24) + (byte(2) << 16) + (byte(1) << 8) + byte(0);
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) | 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The multiplier of fio's __hash_u64, 0x61c8864680b583eb. */
const GOLDEN_HIGH = 0x61c88646;
const GOLDEN_LOW = 0x80b583eb;

/**
 * (value x 0x61c8864680b583eb mod 2^64 + shift) mod range: where fio puts the rank `value` of a popularity.
 * @param value, range below 2^37
 * @param shift below 2^37
 */
export function scatter(value: number, shift: number, range: number): number {
  const low = value % 2 ** 32;
  const a0 = low % 65536;
  const a1 = Math.floor(low / 65536);
  const b0 = GOLDEN_LOW % 65536;
  const b1 = Math.floor(GOLDEN_LOW / 65536);
  const least = a0 * b0;
  const middle = a1 * b0 + Math.floor(least / 65536);
  const second = a0 * b1 + (middle % 65536);
  const carried = a1 * b1 + Math.floor(middle / 65536) + Math.floor(second / 65536);
  const crossed =
    (Math.imul(low, GOLDEN_HIGH) >>> 0) + (Math.imul(Math.floor(value / 2 ** 32), GOLDEN_LOW) >>> 0);
  // The product in words of 32, 16 and 16 bits, reduced one after another so that nothing exceeds 2^53.
  let rest = ((carried + crossed) % 2 ** 32) % range;
  rest = (rest * 65536 + (second % 65536)) % range;
  rest = (rest * 65536 + (least % 65536)) % range;
  return (rest + shift) % range;
}
