/** The dirty lines that no destage has taken yet, oldest first, in one list per spindle. */
import type { LineCache } from './line-cache.ts';

/** A line's links: words per line, and what each holds. */
const LINK_WORDS = 2;
const NEXT = 0;
const PREVIOUS = 1;

export class DirtyLists {
  private readonly cache: LineCache;
  private readonly links: Int32Array;
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;

  constructor(cache: LineCache, spindles: number) {
    this.cache = cache;
    this.links = new Int32Array(LINK_WORDS * cache.capacity);
    this.heads = new Int32Array(spindles).fill(-1);
    this.tails = new Int32Array(spindles).fill(-1);
  }

  /** @returns the line that has been listed longest, or -1 */
  first(spindle: number): number {
    return this.heads[spindle]!;
  }

  append(line: number, spindle: number): void {
    const { links } = this;
    const tail = this.tails[spindle]!;
    links[LINK_WORDS * line + PREVIOUS] = tail;
    links[LINK_WORDS * line + NEXT] = -1;
    if (tail < 0) this.heads[spindle] = line;
    else links[LINK_WORDS * tail + NEXT] = line;
    this.tails[spindle] = line;
    this.cache.setListed(line, true);
  }

  remove(line: number, spindle: number): void {
    const { links } = this;
    const previous = links[LINK_WORDS * line + PREVIOUS]!;
    const next = links[LINK_WORDS * line + NEXT]!;
    if (previous < 0) this.heads[spindle] = next;
    else links[LINK_WORDS * previous + NEXT] = next;
    if (next < 0) this.tails[spindle] = previous;
    else links[LINK_WORDS * next + PREVIOUS] = previous;
    this.cache.setListed(line, false);
  }
}
