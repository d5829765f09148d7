/** The dirty lines that no destage has taken yet, oldest first, in one list per spindle. */
import { LINE_NEXT, LINE_PREVIOUS, LINE_WORDS, type LineCache } from './line-cache.ts';

export class DirtyLists {
  private readonly cache: LineCache;
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;

  constructor(cache: LineCache, spindles: number) {
    this.cache = cache;
    this.heads = new Int32Array(spindles).fill(-1);
    this.tails = new Int32Array(spindles).fill(-1);
  }

  /** @returns the line that has been listed longest, or -1 */
  first(spindle: number): number {
    return this.heads[spindle]!;
  }

  append(line: number, spindle: number): void {
    const { rows } = this.cache;
    const tail = this.tails[spindle]!;
    rows[LINE_WORDS * line + LINE_PREVIOUS] = tail;
    rows[LINE_WORDS * line + LINE_NEXT] = -1;
    if (tail < 0) this.heads[spindle] = line;
    else rows[LINE_WORDS * tail + LINE_NEXT] = line;
    this.tails[spindle] = line;
    this.cache.setListed(line, true);
  }

  remove(line: number, spindle: number): void {
    const { rows } = this.cache;
    const previous = rows[LINE_WORDS * line + LINE_PREVIOUS]!;
    const next = rows[LINE_WORDS * line + LINE_NEXT]!;
    if (previous < 0) this.heads[spindle] = next;
    else rows[LINE_WORDS * previous + LINE_NEXT] = next;
    if (next < 0) this.tails[spindle] = previous;
    else rows[LINE_WORDS * next + LINE_PREVIOUS] = previous;
    this.cache.setListed(line, false);
  }
}
