/** `fvp plan worker`: replays the points of others, taken from a queue, on all cores of this machine. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'bullmq';
import { UsageError } from '../../reference/kernel/errors.ts';
import type { ExecutedPoint } from './execute-point.ts';
import { codeVersion } from './point-key.ts';
import { connect } from './queue-connection.ts';
import { checkedJob, fileHash, POINT_QUEUE, type PointJob, requestOf } from './queue-job.ts';
import { ThreadExecutor } from './thread-executor.ts';

export interface WorkerOptions {
  readonly url: string;
  /** Threads; one for each core without it. */
  readonly workers: number | undefined;
  /** Folders and http(s) addresses where traces are looked for by name. */
  readonly traces: readonly string[];
  /** Packages of devices and filters that jobs may name. */
  readonly allowed: readonly string[];
  /** Ends once the queue is empty. */
  readonly once: boolean;
  readonly onPoint: (done: number, outcome: 'done' | 'failed', why: string) => void;
}

/** A job whose worker has said nothing for so long belongs to nobody, and is begun afresh by another. */
const LOCK_MS = 10_000;
const STALLED_MS = 3000;
/** A point that takes its worker down with it is given up after so many. Assumed. */
const STALLED_MOST = 5;
/** @source the same bound as on the trace files that a person may name is the disk's; this is a guard. Assumed */
const FETCH_BYTES_MOST = 64 * 2 ** 30;

/** Replays until the signal aborts. @returns points replayed */
export async function workQueue(options: WorkerOptions, signal: AbortSignal): Promise<number> {
  const connection = await connect(options.url);
  const executor = new ThreadExecutor(options.workers);
  const folder = await mkdtemp(join(tmpdir(), 'fvp-worker-'));
  // Packages that the worker was started beside are found from scenarios as well.
  const packages = join(process.cwd(), 'node_modules');
  if (existsSync(packages)) await symlink(packages, join(folder, 'node_modules'), 'junction');
  const code = codeVersion();
  const scenarios = new Map<string, Promise<string>>();
  const fetched = new Map<string, Promise<string>>();
  let done = 0;

  const scenarioOf = ({ scenario }: PointJob): Promise<string> | string => {
    if ('preset' in scenario) return scenario.preset;
    let path = scenarios.get(scenario.text);
    if (path === undefined) {
      path = mkdtemp(join(folder, 'scenario-')).then(async (own) => {
        const file = join(own, scenario.name);
        await writeFile(file, scenario.text);
        return file;
      });
      scenarios.set(scenario.text, path);
    }
    return path;
  };
  const workloadOf = async ({ workload }: PointJob): Promise<string | undefined> => {
    if (workload === null) return undefined;
    if ('shipped' in workload) return workload.shipped;
    const name = `${workload.sha256}/${workload.file}`;
    let found = fetched.get(name);
    if (found === undefined) {
      found = findTrace(workload, options.traces, folder);
      fetched.set(name, found);
      found.catch(() => fetched.delete(name));
    }
    return found;
  };

  const replay = async (data: unknown): Promise<ExecutedPoint> => {
    const job = checkedJob(data, options.allowed);
    if (job.code !== code)
      throw new UsageError('the asker and this worker run different versions of fvp', {
        hint: 'install the same one on both',
      });
    const request = requestOf(job, await workloadOf(job), await scenarioOf(job));
    return executor.run({ request, key: job.key, code }, signal);
  };

  const worker = new Worker<unknown, ExecutedPoint>(
    POINT_QUEUE,
    async ({ data }) => {
      const executed = await replay(data).catch((error: Error): ExecutedPoint => {
        // Interrupted: another takes the point over.
        if (signal.aborted) throw error;
        const hint = error instanceof UsageError ? (error.hint ?? null) : null;
        return { kind: 'failed', error: { message: error.message, hint } };
      });
      done++;
      options.onPoint(done, executed.kind, executed.kind === 'failed' ? executed.error.message : '');
      return executed;
    },
    {
      connection,
      concurrency: executor.width,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: STALLED_MOST,
    },
  );
  worker.on('error', () => {});
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
      if (options.once) worker.on('drained', () => resolve());
    });
  } finally {
    await worker.close(signal.aborted);
    await executor.close();
    connection.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
  return done;
}

/** The file of that name with that content, where the worker was told to look. */
async function findTrace(
  { file, sha256 }: { readonly file: string; readonly sha256: string },
  places: readonly string[],
  folder: string,
): Promise<string> {
  let other = false;
  for (const place of places) {
    const isUrl = /^https?:\/\//.test(place);
    const path = isUrl ? await fetchTrace(place, file, folder) : join(place, file);
    if (
      path === undefined ||
      !(await stat(path).then(
        (found) => found.isFile(),
        () => false,
      ))
    )
      continue;
    if ((await fileHash(path)) === sha256) return path;
    other = true;
    if (isUrl) await rm(path, { force: true });
  }
  throw new UsageError(
    other
      ? `the trace ${JSON.stringify(file)} has another content here`
      : `the trace ${JSON.stringify(file)} is not here`,
    { hint: 'start the worker with --traces DIR or --traces https://host/folder/, where it lies' },
  );
}

/** @returns undefined where the server has no such file */
async function fetchTrace(base: string, file: string, folder: string): Promise<string | undefined> {
  const url = new URL(encodeURIComponent(file), base.endsWith('/') ? base : `${base}/`);
  const response = await fetch(url).catch(() => undefined);
  if (response === undefined || !response.ok || response.body === null) return undefined;
  const own = await mkdtemp(join(folder, 'trace-'));
  const path = join(own, file);
  let bytes = 0;
  async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > FETCH_BYTES_MOST) throw new UsageError(`the trace ${JSON.stringify(file)} is too large`);
      yield chunk;
    }
  }
  await writeFile(path, bounded(response.body as unknown as AsyncIterable<Uint8Array>));
  return path;
}
