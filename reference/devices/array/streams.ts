/** Recognises sequential reads: a small table of where the latest streams of reads would go on. */

/** Streams followed at once. @source assumed: enough for tens of virtual disks */
const STREAMS = 32;
/** Reads in sequence before a stream counts as sequential. @source assumed */
const SEQUENTIAL_AFTER = 2;
/** A stream is given up only after it has been passed over this often. @source assumed */
const LIVES = 4;

export class SequentialStreams {
  /** Up to where the stream has been read ahead, bytes. */
  readonly aheadTo = new Float64Array(STREAMS);
  private readonly unit = new Int32Array(STREAMS).fill(-1);
  private readonly next = new Float64Array(STREAMS);
  private readonly run = new Int32Array(STREAMS);
  private readonly lives = new Int32Array(STREAMS);
  private hand = 0;

  /** Notes a read. @returns the index of its stream once that is sequential, else -1 */
  note(unit: number, address: number, bytes: number): number {
    const end = address + bytes;
    for (let i = 0; i < STREAMS; i++) {
      if (this.next[i] === address && this.unit[i] === unit) {
        this.next[i] = end;
        this.run[i]!++;
        this.lives[i] = LIVES;
        return this.run[i]! >= SEQUENTIAL_AFTER ? i : -1;
      }
    }
    let victim = this.hand;
    while (this.run[victim]! >= SEQUENTIAL_AFTER && this.lives[victim]! > 0) {
      this.lives[victim]!--;
      victim = victim + 1 === STREAMS ? 0 : victim + 1;
    }
    this.hand = victim + 1 === STREAMS ? 0 : victim + 1;
    this.unit[victim] = unit;
    this.next[victim] = end;
    this.run[victim] = 0;
    this.lives[victim] = 0;
    this.aheadTo[victim] = end;
    return -1;
  }
}
