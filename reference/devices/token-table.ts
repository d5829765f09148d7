/**
 * What a filter remembers of each request under way: a few numbers by token. A hash table in typed arrays (linear
 * probing, closed up on removal), so that nothing is allocated per request.
 */
import { assert } from '../kernel/errors.ts';

const CAPACITY_AT_FIRST = 64;

export class TokenTable {
  /** The numbers that `take` took out. */
  readonly taken: Float64Array;
  /** `columns` numbers a place; see `add`. */
  values: Float64Array;
  size = 0;
  private readonly columns: number;
  private tokens: Int32Array;
  private used: Uint8Array;

  /** @param columns how many numbers belong to a token */
  constructor(columns: number) {
    this.columns = columns;
    this.taken = new Float64Array(columns);
    this.tokens = new Int32Array(CAPACITY_AT_FIRST);
    this.used = new Uint8Array(CAPACITY_AT_FIRST);
    this.values = new Float64Array(columns * CAPACITY_AT_FIRST);
  }

  /**
   * @param token not in the table
   * @returns where in `values` its numbers are to be put; holds until the next call
   */
  add(token: number): number {
    if (2 * this.size >= this.tokens.length) this.grow();
    const mask = this.tokens.length - 1;
    let at = hash(token) & mask;
    while (this.used[at] === 1) {
      assert(this.tokens[at] !== token, `token ${token} is under way once`);
      at = (at + 1) & mask;
    }
    this.used[at] = 1;
    this.tokens[at] = token;
    this.size++;
    return at * this.columns;
  }

  has(token: number): boolean {
    const mask = this.tokens.length - 1;
    let at = hash(token) & mask;
    while (this.used[at] === 1) {
      if (this.tokens[at] === token) return true;
      at = (at + 1) & mask;
    }
    return false;
  }

  /** The token with the least number in a column; the smaller token of equals. Looks at all. */
  leastBy(column: number): number | undefined {
    let least: number | undefined;
    let leastValue = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.tokens.length; at++) {
      if (this.used[at] === 0) continue;
      const value = this.values[at * this.columns + column]!;
      const token = this.tokens[at]!;
      if (value < leastValue || (value === leastValue && token < least!)) {
        least = token;
        leastValue = value;
      }
    }
    return least;
  }

  /** Takes a token out; its numbers are then in `taken`. */
  take(token: number): void {
    const { tokens, used, values, columns } = this;
    const mask = tokens.length - 1;
    let at = hash(token) & mask;
    while (used[at] === 1 && tokens[at] !== token) at = (at + 1) & mask;
    assert(used[at] === 1, `token ${token} is under way`);
    for (let i = 0; i < columns; i++) this.taken[i] = values[at * columns + i]!;
    this.size--;
    let hole = at;
    for (let next = (hole + 1) & mask; used[next] === 1; next = (next + 1) & mask) {
      const home = hash(tokens[next]!) & mask;
      // An entry may move back to the hole unless that lies before the place where looking for it begins.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      tokens[hole] = tokens[next]!;
      for (let i = 0; i < columns; i++) values[hole * columns + i] = values[next * columns + i]!;
      hole = next;
    }
    used[hole] = 0;
  }

  private grow(): void {
    const { tokens, used, values, columns } = this;
    this.tokens = new Int32Array(2 * tokens.length);
    this.used = new Uint8Array(2 * tokens.length);
    this.values = new Float64Array(2 * values.length);
    this.size = 0;
    for (let at = 0; at < tokens.length; at++) {
      if (used[at] === 0) continue;
      const place = this.add(tokens[at]!);
      for (let i = 0; i < columns; i++) this.values[place + i] = values[at * columns + i]!;
    }
  }
}

/** Tokens are often multiples of a power of two. @source Knuth, TAOCP 3, 6.4: multiplication by 2^32 / golden ratio */
function hash(token: number): number {
  return Math.imul(token, 0x9e3779b1) >>> 12;
}
