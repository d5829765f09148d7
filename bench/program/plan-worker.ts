/** What `fvp plan worker` does once its flags are parsed. */
import { InterruptedError, UsageError } from '../../reference/kernel/errors.ts';
import { formatCount } from '../../reference/kernel/units.ts';
import { workQueue } from '../plan/queue-worker.ts';
import { visibleText } from '../render/visible-text.ts';
import { workersOf } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';

export interface PlanWorkerFlags {
  readonly queue: string;
  readonly traces?: readonly string[] | undefined;
  readonly 'allow-device'?: readonly string[] | undefined;
  readonly workers?: string | undefined;
  readonly once: boolean;
}

export interface PlanWorkerDocument {
  readonly schema: 'fvp.plan-worker/1';
  readonly points: number;
}

/** Runs until Ctrl-C, which is how a worker ends. */
export async function runPlanWorker(
  flags: PlanWorkerFlags,
  print: (text: string) => void,
): Promise<PlanWorkerDocument> {
  const allowed = flags['allow-device'] ?? [];
  for (const name of allowed)
    if (/^[./~]|\\|^file:/.test(name))
      throw new UsageError(`--allow-device ${name}: a path`, {
        hint: 'a point names its device as the scenario does, and paths are refused: make it a package',
      });
  let points = 0;
  await interruptible(async (signal) => {
    print('Waiting for points; Ctrl-C ends it.');
    await workQueue(
      {
        url: flags.queue,
        workers: workersOf(flags.workers),
        traces: flags.traces ?? [],
        allowed,
        once: flags.once,
        onPoint: (done, outcome, why) => {
          points = done;
          print(outcome === 'done' ? `${formatCount(done)} points` : `refused: ${visibleText(why)}`);
        },
      },
      signal,
    );
  }).catch((error: unknown) => {
    if (!(error instanceof InterruptedError)) throw error;
  });
  return { schema: 'fvp.plan-worker/1', points };
}
