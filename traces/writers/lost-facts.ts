/** Counts what a form had no place for. */
import { OP_DISCARD, OP_FLUSH, type RowBlock } from '../../reference/kernel/io.ts';
import type { Loss } from '../trace-writer.ts';

/** What a form has a place for, besides time, offset and length of reads and writes. */
export interface Holds {
  readonly flushes: boolean;
  readonly discards: boolean;
  readonly disks: boolean;
  readonly latency: boolean;
  readonly flags: boolean;
  readonly pid: boolean;
  /** The form's step of time in nanoseconds; stamps are rounded down to it. */
  readonly stepNs: number;
}

export class LostFacts {
  private flushes = 0;
  private discards = 0;
  private latencies = 0;
  private flags = 0;
  private pids = 0;
  private finer = 0;
  private disks = 0;
  private readonly holds: Holds;
  private readonly format: string;

  constructor(format: string, holds: Holds) {
    this.format = format;
    this.holds = holds;
  }

  /** Takes rows before they are written. */
  count(block: RowBlock): void {
    const { stepNs } = this.holds;
    for (let i = 0; i < block.length; i++) {
      if (block.op[i] === OP_FLUSH) this.flushes++;
      else if (block.op[i] === OP_DISCARD) this.discards++;
      if (block.latencyNs[i]! >= 0) this.latencies++;
      if (block.flags[i] !== 0) this.flags++;
      if (block.pid[i] !== -1) this.pids++;
      if (block.disk[i]! >= this.disks) this.disks = block.disk[i]! + 1;
      if (stepNs > 1 && block.timeNs[i]! % stepNs !== 0) this.finer++;
    }
  }

  all(): Loss[] {
    const { holds, format } = this;
    const losses: Loss[] = [];
    const say = (count: number, held: boolean, what: string): void => {
      if (!held && count > 0) losses.push({ sentence: `${format} has no place for ${what}: #`, count });
    };
    say(this.flushes, holds.flushes, 'flushes, left out');
    say(this.discards, holds.discards, 'discards, left out');
    say(this.disks > 1 ? this.disks : 0, holds.disks, 'several disks, which became one');
    say(this.latencies, holds.latency, 'recorded latencies');
    say(this.flags, holds.flags, 'flags (FUA, sync, metadata, readahead)');
    say(this.pids, holds.pid, 'process ids');
    say(this.finer, false, `times finer than ${stepName(holds.stepNs)}, rounded down`);
    return losses;
  }
}

function stepName(stepNs: number): string {
  if (stepNs >= 1e9) return `${stepNs / 1e9} s`;
  if (stepNs >= 1e6) return `${stepNs / 1e6} ms`;
  return stepNs >= 1000 ? `${stepNs / 1000} µs` : `${stepNs} ns`;
}
