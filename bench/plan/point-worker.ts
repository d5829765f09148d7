/** One core's part of a plan: replays points, and keeps the traces it has read for the next. */
import { workerData } from 'piscina';
import { type ExecutedPoint, executePoint, type PointTask } from './execute-point.ts';
import { TraceShelf } from './trace-shelf.ts';

export interface ThreadTask extends PointTask {
  /** Where in the shared table this point's progress is told. */
  readonly slot: number;
}

const shelf = new TraceShelf();
// piscina hands over what it was given as it is.
const shares = new Float64Array(workerData as SharedArrayBuffer);

export default async function replay({ slot, ...task }: ThreadTask): Promise<ExecutedPoint> {
  return executePoint(task, {
    // Interrupted points are given up with their thread.
    signal: new AbortController().signal,
    openTrace: shelf.openTrace,
    onPhase: ({ done, total }) => {
      if (total > 0) shares[slot] = Math.min(1, done / total);
    },
  });
}
