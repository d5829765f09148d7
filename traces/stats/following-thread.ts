/**
 * Follows the blocks of a long trace on a thread of its own, beside everything else that is found out about it: it is
 * two thirds of the work.
 */
import { Worker } from 'node:worker_threads';
import { DistanceCounts } from './distance-counts.ts';
import type { BlockFindings, FollowedSpan, Touches } from './followed-blocks.ts';

/** Blocks of rows on their way to the thread and back: enough that neither side waits for the other long. */
const BATCHES = 8;

/** Rows as they travel; the same buffers come back and are filled anew. */
export interface TouchBatch {
  length: number;
  readonly timeNs: Float64Array<ArrayBuffer>;
  readonly offset: Float64Array<ArrayBuffer>;
  readonly lengthBytes: Float64Array<ArrayBuffer>;
  readonly disk: Uint16Array<ArrayBuffer>;
  readonly op: Uint8Array<ArrayBuffer>;
}

/** What changes hands with a batch. */
export function buffersOf({ timeNs, offset, lengthBytes, disk, op }: TouchBatch): ArrayBuffer[] {
  return [timeNs.buffer, offset.buffer, lengthBytes.buffer, disk.buffer, op.buffer];
}

/** To the thread: rows, or the question what it has found. */
export type FollowRequest = TouchBatch | 'finish';
/** From the thread: a batch that may be used again, or the findings. */
export type FollowAnswer =
  | { readonly kind: 'free'; readonly batch: TouchBatch }
  | { readonly kind: 'found'; readonly findings: BlockFindings | null };

export class FollowingThread {
  private readonly thread: Worker;
  private readonly free: TouchBatch[] = [];
  private made = 0;
  private failure: Error | undefined;
  private findings: BlockFindings | null | undefined;
  private wake = (): void => {};

  constructor(span: FollowedSpan) {
    this.thread = new Worker(new URL('./following-worker.js', import.meta.url), { workerData: span });
    this.thread.on('message', (answer: FollowAnswer) => {
      if (answer.kind === 'free') this.free.push(answer.batch);
      else this.findings = answer.findings;
      this.wake();
    });
    this.thread.on('error', (error: Error) => {
      this.failure = error;
      this.wake();
    });
  }

  /** Resolves when the rows have been taken over. */
  async add(rows: Touches): Promise<void> {
    while (this.free.length === 0 && this.made === BATCHES) await this.news();
    const { length } = rows;
    const batch = this.take(length);
    batch.length = length;
    batch.timeNs.set(rows.timeNs.subarray(0, length));
    batch.offset.set(rows.offset.subarray(0, length));
    batch.lengthBytes.set(rows.lengthBytes.subarray(0, length));
    batch.disk.set(rows.disk.subarray(0, length));
    batch.op.set(rows.op.subarray(0, length));
    this.thread.postMessage(batch satisfies FollowRequest, buffersOf(batch));
  }

  async finish(): Promise<BlockFindings | null> {
    this.thread.postMessage('finish' satisfies FollowRequest);
    while (this.findings === undefined) await this.news();
    const { findings } = this;
    if (findings === null) return null;
    // What a class can do does not travel.
    return { ...findings, reads: DistanceCounts.of(findings.reads), all: DistanceCounts.of(findings.all) };
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }

  /** @throws what has gone wrong on the thread */
  private async news(): Promise<void> {
    if (this.failure === undefined)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    if (this.failure !== undefined) throw this.failure;
  }

  private take(rows: number): TouchBatch {
    const batch = this.free.pop();
    if (batch === undefined) this.made++;
    else if (batch.op.length >= rows) return batch;
    return {
      length: 0,
      timeNs: new Float64Array(rows),
      offset: new Float64Array(rows),
      lengthBytes: new Float64Array(rows),
      disk: new Uint16Array(rows),
      op: new Uint8Array(rows),
    };
  }
}
