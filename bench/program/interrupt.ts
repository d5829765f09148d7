/** Ctrl-C: the first asks the work to stop cleanly, the second stops the process at once. */
import { InterruptedError } from '../../reference/kernel/errors.ts';

const EXIT_INTERRUPTED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** assumed: work that has not stopped by then will not. */
const GRACE_MS = 5000;

/**
 * Runs `work` with a signal that is aborted by Ctrl-C (or SIGTERM). Work that ends all the same has its result kept.
 * @param message what is told then
 * @throws InterruptedError when the work ended with an error after an interruption.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  message = 'interrupted; the run was given up and nothing of it was written',
): Promise<T> {
  const controller = new AbortController();
  const stopAtOnce = () => {
    process.stderr.write('fvp: interrupted\n');
    process.exit(EXIT_INTERRUPTED);
  };
  const interrupt = () => {
    if (controller.signal.aborted) stopAtOnce();
    controller.abort(new InterruptedError(message));
    setTimeout(stopAtOnce, GRACE_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}
