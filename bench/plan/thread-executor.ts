/** Replays points on the cores of this machine. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { packageRoot } from '../program/package-root.ts';
import type { ExecutedPoint, PointTask } from './execute-point.ts';
import type { ThreadTask } from './point-worker.ts';

/** Who replays points, and where. */
export interface PointExecutor {
  /** How many it replays at once. */
  readonly width: number;
  /** @throws when the signal aborts, or for a bug */
  run(task: PointTask, signal: AbortSignal): Promise<ExecutedPoint>;
  /** How much of the points under way is done, each from 0 to 1, in all. */
  underWay(): number;
  close(): Promise<void>;
}

export class ThreadExecutor implements PointExecutor {
  readonly width: number;
  private readonly pool: Piscina<ThreadTask, ExecutedPoint>;
  private readonly shares: Float64Array;
  private readonly free: number[];

  /** @param workers threads; one for each core without it */
  constructor(workers: number = availableParallelism()) {
    this.width = workers;
    // More than threads: a slot is taken when a point is handed over, before a thread is free.
    const shared = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT * workers * 4);
    this.shares = new Float64Array(shared);
    this.free = [...this.shares.keys()];
    this.pool = new Piscina({
      // The built worker, also from the sources under test.
      filename: fileURLToPath(new URL('dist/bench/plan/point-worker.js', packageRoot())),
      minThreads: 0,
      maxThreads: workers,
      // A search pauses between points; a thread that has read its traces is worth keeping.
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: shared,
    });
  }

  async run(task: PointTask, signal: AbortSignal): Promise<ExecutedPoint> {
    const slot = this.free.pop()!;
    this.shares[slot] = 0;
    try {
      return await this.pool.run({ ...task, slot }, { signal });
    } finally {
      this.shares[slot] = 0;
      this.free.push(slot);
    }
  }

  underWay(): number {
    return this.shares.reduce((sum, share) => sum + share, 0);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
