/** Hands points to workers on other machines, through BullMQ; the asker needs no core of its own. */
import { setMaxListeners } from 'node:events';
import { type Job, Queue, QueueEvents } from 'bullmq';
import { InterruptedError } from '../../reference/kernel/errors.ts';
import type { ExecutedPoint, PointTask } from './execute-point.ts';
import { connect } from './queue-connection.ts';
import { checkedJob, jobOf, POINT_QUEUE, type PointJob } from './queue-job.ts';
import type { PointExecutor } from './thread-executor.ts';

/** Points in the queue at once: enough for many machines. Assumed. */
const HANDED_OVER = 256;
/** A finished point stays for those who ask for the same one, seconds. Assumed. */
const KEPT_S = 3600;

export class QueueExecutor implements PointExecutor {
  readonly width = HANDED_OVER;
  private readonly queue: Queue<PointJob, ExecutedPoint>;
  private readonly events: QueueEvents;
  private readonly closers: (() => void)[];
  private readonly waiting = new Set<Job<PointJob, ExecutedPoint>>();
  private readonly left = new AbortController();

  /**
   * @param onNobody told when no worker is there yet
   * @throws as `connect`
   */
  static async open(url: string, onNobody: () => void): Promise<QueueExecutor> {
    const [first, second] = [await connect(url), await connect(url)];
    const queue = new Queue<PointJob, ExecutedPoint>(POINT_QUEUE, { connection: first });
    const events = new QueueEvents(POINT_QUEUE, { connection: second });
    await events.waitUntilReady();
    if ((await queue.getWorkersCount()) === 0) onNobody();
    return new QueueExecutor(queue, events, [() => first.disconnect(), () => second.disconnect()]);
  }

  private constructor(
    queue: Queue<PointJob, ExecutedPoint>,
    events: QueueEvents,
    closers: readonly (() => void)[],
  ) {
    this.queue = queue;
    this.events = events;
    this.closers = [...closers];
    // One for each point that is waited for.
    this.events.setMaxListeners(0);
    this.queue.setMaxListeners(0);
    setMaxListeners(0, this.left.signal);
  }

  async run(task: PointTask, signal: AbortSignal): Promise<ExecutedPoint> {
    setMaxListeners(0, signal);
    const data = await jobOf(task);
    // What a worker would refuse is refused here, where the person is. Packages are the worker's to allow.
    checkedJob(data, packagesOf(data));
    // The same point has the same name: who asks for it again gets the same job, whether it waits or is done.
    const jobId = `p-${task.key}`;
    const known = (await this.queue.getJob(jobId)) as Job<PointJob, ExecutedPoint> | undefined;
    // What one worker has refused another may take, or the same one when it has been started anew.
    if (known?.returnvalue?.kind === 'failed') await known.remove().catch(() => {});
    const job = await this.queue.add('point', data, {
      jobId,
      removeOnComplete: { age: KEPT_S },
      removeOnFail: true,
      attempts: 1,
    });
    this.waiting.add(job);
    try {
      return await new Promise<ExecutedPoint>((resolve, reject) => {
        for (const end of [signal, this.left.signal])
          end.addEventListener('abort', () => reject(end.reason as Error), { once: true });
        job
          .waitUntilFinished(this.events)
          .then(resolve, (error: Error) =>
            resolve({ kind: 'failed', error: { message: error.message, hint: null } }),
          );
      });
    } finally {
      if (!signal.aborted && !this.left.signal.aborted) this.waiting.delete(job);
    }
  }

  underWay(): number {
    return 0;
  }

  async close(): Promise<void> {
    // What nobody waits for any more is not begun; what is under way cannot be taken back.
    for (const job of this.waiting) await job.remove().catch(() => {});
    // After this nobody tells of a job any more: who still waits would do so for ever.
    this.left.abort(new InterruptedError('the queue has been left'));
    await this.events.close().catch(() => {});
    await this.queue.close().catch(() => {});
    for (const close of this.closers) close();
  }
}

/** Whatever a scenario names that looks like a package. */
function packagesOf({ scenario, settings }: PointJob): string[] {
  const text = ['text' in scenario ? scenario.text : '', ...settings].join('\n');
  return [...text.matchAll(/(?:device|filter)["']?\s*[:=]\s*["']?(@?[\w.-]+(?:\/[\w.-]+)?)/g)].map(
    (match) => match[1]!,
  );
}
