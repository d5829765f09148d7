/**
 * Random numbers that are the same on every machine: counter-based draws for service times (the same I/O at the same
 * component draws the same number whatever else happens in the run) and seeded streams for everything else.
 */

/** 32-bit FNV-1a of a component's name, as the seed of its draws. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}

/**
 * Mixes two 32-bit words into one; each output bit depends on every input bit.
 * @source the finaliser "lowbias32" of Chris Wellons' hash prospector, applied after each word
 */
export function hash2(a: number, b: number): number {
  let x = a | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x = (x ^ (x >>> 16)) + (b | 0);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The seed of a component's draws within a run. @returns a 32-bit word */
export function componentSeed(runSeed: number, component: string): number {
  const low = hash2(runSeed | 0, hashName(component));
  return hash2(low, Math.floor(runSeed / 2 ** 32) | 0);
}

/**
 * A seeded stream of 32-bit words.
 * @source xoshiro128**, Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2018)
 */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(runSeed: number, component: string) {
    const seed = componentSeed(runSeed, component);
    this.a = hash2(seed, 1) | 0;
    this.b = hash2(seed, 2) | 0;
    this.c = hash2(seed, 3) | 0;
    this.d = hash2(seed, 4) | 1;
  }

  /** 0 to 2^32 - 1. */
  nextU32(): number {
    const scrambled = Math.imul(this.b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** 0 (included) to 1 (excluded), with 32 bits. */
  nextFraction(): number {
    return this.nextU32() / 2 ** 32;
  }

  /** An integer from 0 to `bound` - 1. @param bound 1 to 2^32 */
  nextBelow(bound: number): number {
    // Rejection, so that no value is favoured.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let word = this.nextU32();
    while (word >= limit) word = this.nextU32();
    return word % bound;
  }
}
