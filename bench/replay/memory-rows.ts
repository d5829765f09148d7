/** Traces for tests: rows held in memory, and a loop that plays a source against given latencies. */
import {
  createRowBlock,
  IoBatch,
  type IoSource,
  OP_WRITE,
  type RowBlock,
  type RowCursor,
  SOURCE_END,
  SOURCE_IDLE,
  SOURCE_READY,
} from '../../reference/kernel/io.ts';

export interface MemoryRow {
  readonly timeNs: number;
  /** @default unknown */
  readonly latencyNs?: number;
  /** @default -1 */
  readonly pid?: number;
  /** @default a write */
  readonly op?: number;
  readonly disk?: number;
}

/** A cursor over the rows in blocks of `blockRows`; row i has offset i * 4096, so that it can be told apart. */
export function memoryRows(rows: readonly MemoryRow[], blockRows = 3): RowCursor & { closed: boolean } {
  let at = 0;
  const block: RowBlock = createRowBlock(blockRows);
  return {
    closed: false,
    next() {
      if (at >= rows.length) return undefined;
      block.length = Math.min(blockRows, rows.length - at);
      for (let i = 0; i < block.length; i++) {
        const row = rows[at + i]!;
        block.timeNs[i] = row.timeNs;
        block.offset[i] = (at + i) * 4096;
        block.lengthBytes[i] = 4096;
        block.latencyNs[i] = row.latencyNs ?? Number.NaN;
        block.pid[i] = row.pid ?? -1;
        block.disk[i] = row.disk ?? 0;
        block.op[i] = row.op ?? OP_WRITE;
        block.flags[i] = 0;
      }
      at += block.length;
      return block;
    },
    close() {
      this.closed = true;
    },
  };
}

export interface PlayedRow {
  readonly row: number;
  readonly arrivalNs: number;
  readonly completedNs: number;
}

/**
 * Plays the source against devices that complete row i after `latencyNs(i)`, and gives the rows in the order in which
 * they were handed out.
 */
export function play(source: IoSource, latencyNs: (row: number) => number, batchCapacity = 4): PlayedRow[] {
  const played: PlayedRow[] = [];
  const pending: { completedNs: number; tag: number }[] = [];
  const batch = new IoBatch(batchCapacity);
  let nowNs = 0;
  for (;;) {
    const answer = source.next(nowNs, batch);
    if (answer === SOURCE_READY) {
      for (let i = 0; i < batch.length; i++) {
        const row = batch.offset[i]! / 4096;
        const arrivalNs = batch.arrivalNs[i]!;
        const completedNs = arrivalNs + latencyNs(row);
        played.push({ row, arrivalNs, completedNs });
        pending.push({ completedNs, tag: batch.tag[i]! });
      }
      pending.sort((a, b) => a.completedNs - b.completedNs);
      continue;
    }
    const idleUntilNs = answer === SOURCE_IDLE ? batch.idleUntilNs : Number.POSITIVE_INFINITY;
    if (pending.length !== 0 && pending[0]!.completedNs <= idleUntilNs) {
      const { completedNs, tag } = pending.shift()!;
      nowNs = completedNs;
      if (source.wantsCompletions) source.completed(tag, nowNs);
    } else if (answer === SOURCE_IDLE) nowNs = idleUntilNs;
    else if (answer === SOURCE_END) return played;
    else throw new Error('the source waits for a completion, but nothing is outstanding');
  }
}
