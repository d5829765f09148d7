/** Replays a point where it is handed to: in a thread, or on another machine; what a person got wrong comes back as data. */
import { AppError, BugError, DataError, InterruptedError } from '../../reference/kernel/errors.ts';
import type { BenchHooks } from '../replay/bench-request.ts';
import { type PointRequest, runPoint } from './point.ts';
import { formatPoint } from './point-cache.ts';

export interface PointTask {
  readonly request: PointRequest;
  /** As whoever asks has it: another means another trace, plug-in or version of fvp. */
  readonly key: string;
  /** Of the code that is to replay it. */
  readonly code: string;
}

export type ExecutedPoint =
  /** As `formatPoint` writes it. */
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly error: PointFailure };

export interface PointFailure {
  readonly message: string;
  readonly hint: string | null;
}

/** @throws InterruptedError; BugError for bugs of ours; nothing else */
export async function executePoint(task: PointTask, hooks: BenchHooks): Promise<ExecutedPoint> {
  try {
    const result = await runPoint(task.request, hooks, task.code);
    if (result.key !== task.key)
      throw new DataError(
        'what was replayed is not what was asked for',
        { file: task.request.workloads[0] ?? task.request.scenario },
        { hint: 'a trace, scenario or plug-in has changed meanwhile, or differs from machine to machine' },
      );
    return { kind: 'done', text: formatPoint(result) };
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof BugError || error instanceof InterruptedError)
      throw error;
    return { kind: 'failed', error: { message: error.message, hint: error.hint ?? null } };
  }
}
