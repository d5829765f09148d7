/** Counts what a form has no place for. */
import { OP_DISCARD, OP_FLUSH, type RowBlock } from '../../reference/kernel/io.ts';
import type { Loss } from '../trace-writer.ts';

/** What a form has a place for, besides time, offset and length of reads and writes. */
export interface Holds {
  readonly flushes: boolean;
  readonly discards: boolean;
  /** `names`, `numbers` (other names become numbers), or `one` (several disks become one). */
  readonly disks: 'names' | 'numbers' | 'one';
  /** `always`: every row has one, and 0 stands where it is not known. */
  readonly latency: 'sometimes' | 'always' | 'never';
  readonly flags: boolean;
  readonly pid: boolean;
  /** The form's step of time in nanoseconds; stamps and latencies are rounded down to it. */
  readonly stepNs: number;
}

export class LostFacts {
  private flushes = 0;
  private discards = 0;
  private latencies = 0;
  private noLatencies = 0;
  private flags = 0;
  private pids = 0;
  private finer = 0;
  private finerLatencies = 0;
  private readonly disks: readonly string[];
  private readonly holds: Holds;
  private readonly format: string;

  constructor(format: string, holds: Holds, diskNames: readonly string[]) {
    this.format = format;
    this.holds = holds;
    this.disks = diskNames;
  }

  /** Takes rows before they are written. */
  count(block: RowBlock): void {
    const { stepNs } = this.holds;
    for (let i = 0; i < block.length; i++) {
      if (block.op[i] === OP_FLUSH) this.flushes++;
      else if (block.op[i] === OP_DISCARD) this.discards++;
      if (block.latencyNs[i]! >= 0) this.latencies++;
      else this.noLatencies++;
      if (block.flags[i] !== 0) this.flags++;
      if (block.pid[i] !== -1) this.pids++;
      if (stepNs > 1 && block.timeNs[i]! % stepNs !== 0) this.finer++;
      if (stepNs > 1 && block.latencyNs[i]! % stepNs > 0) this.finerLatencies++;
    }
  }

  /** Is there a place for a row of this operation? */
  holdsOp(op: number): boolean {
    return (op !== OP_FLUSH || this.holds.flushes) && (op !== OP_DISCARD || this.holds.discards);
  }

  all(): Loss[] {
    const { holds, format } = this;
    const losses: Loss[] = [];
    const say = (count: number, held: boolean, what: string): void => {
      if (!held && count > 0) losses.push({ sentence: `${format} has no place for ${what}: #`, count });
    };
    const named = this.disks.filter((name) => !isNumber(name)).length;
    say(this.flushes, holds.flushes, 'flushes, left out');
    say(this.discards, holds.discards, 'discards, left out');
    say(
      this.disks.length > 1 ? this.disks.length : 0,
      holds.disks !== 'one',
      'several disks, which became one',
    );
    say(named, holds.disks !== 'numbers', 'names of disks, numbered instead');
    say(this.latencies, holds.latency !== 'never', 'recorded latencies');
    say(this.noLatencies, holds.latency !== 'always', 'latencies that are not known, written as 0');
    say(this.flags, holds.flags, 'flags (FUA, sync, metadata, readahead)');
    say(this.pids, holds.pid, 'process ids');
    const step = stepName(holds.stepNs);
    say(this.finer, false, `times finer than ${step}, rounded down`);
    say(this.finerLatencies, holds.latency === 'never', `latencies finer than ${step}, rounded down`);
    return losses;
  }
}

/** Numbers for disks of which only numbers can be written: their names where those are all numbers. */
export function diskNumbers(names: readonly string[]): readonly number[] {
  return names.every(isNumber) ? names.map(Number) : names.map((_, disk) => disk);
}

function isNumber(name: string): boolean {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name);
}

function stepName(stepNs: number): string {
  if (stepNs >= 1e9) return `${stepNs / 1e9} s`;
  if (stepNs >= 1e6) return `${stepNs / 1e6} ms`;
  return stepNs >= 1000 ? `${stepNs / 1000} µs` : `${stepNs} ns`;
}
