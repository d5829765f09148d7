/**
 * Sequential runs: I/Os of one kind that start where one of the last few streams of their disk ended, whatever lies
 * between.
 */

/** Streams followed by disk and kind. @source assumed; Linux and disk arrays detect a few dozen at a time */
const STREAMS = 16;

interface Streams {
  readonly ends: Float64Array;
  next: number;
}

export interface RunSummary {
  /** Share of I/Os that continue a run; null without any. */
  readonly share: number | null;
  readonly meanIos: number | null;
  readonly meanBytes: number | null;
}

export class SequentialRuns {
  private readonly byDisk: Streams[] = [];
  private lastDisk = -1;
  private streams: Streams = { ends: new Float64Array(0), next: 0 };
  private continued = 0;
  private ios = 0;
  private bytes = 0;

  /** @returns true when the I/O continues a run */
  add(disk: number, offset: number, lengthBytes: number): boolean {
    if (disk !== this.lastDisk) this.goTo(disk);
    const streams = this.streams;
    const { ends } = streams;
    this.ios++;
    this.bytes += lengthBytes;
    for (let i = 0; i < STREAMS; i++) {
      if (ends[i] === offset) {
        ends[i] = offset + lengthBytes;
        this.continued++;
        return true;
      }
    }
    ends[streams.next] = offset + lengthBytes;
    streams.next = (streams.next + 1) % STREAMS;
    return false;
  }

  summary(): RunSummary {
    const { ios, continued, bytes } = this;
    if (ios === 0) return { share: null, meanIos: null, meanBytes: null };
    const runs = ios - continued;
    return { share: continued / ios, meanIos: ios / runs, meanBytes: bytes / runs };
  }

  private goTo(disk: number): void {
    let streams = this.byDisk[disk];
    if (streams === undefined) {
      streams = { ends: new Float64Array(STREAMS).fill(-1), next: 0 };
      this.byDisk[disk] = streams;
    }
    this.lastDisk = disk;
    this.streams = streams;
  }
}
