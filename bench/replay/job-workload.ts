/** A fio job file as a workload: opened, planned, with the iologs that its jobs replay. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { type JobDocument, loadJobs } from '#fio-parser';
import { NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { createRowBlock, OP_READ, type RowCursor } from '../../reference/kernel/io.ts';
import { MIB } from '../../reference/kernel/units.ts';
import type { OpenTraceOptions } from '../../traces/open-trace.ts';
import { openTrace, type Trace } from '../../traces/open-trace.ts';
import { type FioJobPlan, obstacleError, planJobs } from '../../workloads/fio-job/job-plan.ts';
import { FioJobSource } from '../../workloads/fio-job/job-source.ts';

/** What a job file's name ends with. */
const JOB_SUFFIX = '.fio';

export function isJobFile(path: string): boolean {
  return path.endsWith(JOB_SUFFIX);
}

/**
 * Reads and resolves a job file, with the variables of the environment.
 * @throws NoInputError when it cannot be read
 */
export function loadJobFile(path: string): JobDocument {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) variables[name] = value;
  try {
    return loadJobs(path, { variables });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const why = { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'permission denied' }[
      code
    ];
    throw new NoInputError(`cannot read ${path}: ${why ?? code}`, { cause });
  }
}

interface OpenIolog {
  /** The processes that replay it, in the plan's order. */
  readonly processes: readonly number[];
  readonly trace: Trace;
}

export class JobWorkload {
  /** Base name without its suffix. */
  readonly name: string;
  readonly plan: FioJobPlan;
  private readonly iologs: readonly OpenIolog[];

  private constructor(name: string, plan: FioJobPlan, iologs: readonly OpenIolog[]) {
    this.name = name;
    this.plan = plan;
    this.iologs = iologs;
  }

  /**
   * @param options for the iologs that jobs replay
   * @throws DataError naming the first thing that keeps the file from running here; what `openTrace` throws
   */
  static async open(path: string, options: OpenTraceOptions): Promise<JobWorkload> {
    const plan = planJobs(loadJobFile(path));
    const [first, ...more] = plan.obstacles;
    if (first !== undefined) {
      throw obstacleError(
        first,
        more.length === 0 ? undefined : `${more.length} more: fvp workload show ${path} lists them`,
      );
    }
    const iologs: OpenIolog[] = [];
    try {
      for (const [file, processes] of iologsOf(plan, path)) {
        iologs.push({ processes, trace: await openTrace([file], options) });
      }
    } catch (error) {
      for (const { trace } of iologs) trace.close();
      throw error;
    }
    return new JobWorkload(basename(path, JOB_SUFFIX), plan, iologs);
  }

  get disks(): number {
    return this.iologs.reduce(
      (sum, { trace, processes }) => sum + trace.summary.disks * processes.length,
      this.plan.disks.length,
    );
  }

  /** What the jobs may touch: their parts of the files, and what iologs touch. */
  get footprintBytes(): number {
    return this.iologs.reduce(
      (sum, { trace }) => sum + trace.summary.footprintBytes,
      this.plan.footprintBytes,
    );
  }

  /** Undefined where nothing says how long the load lasts. */
  get expectedNs(): number | undefined {
    const longest = Math.max(0, ...this.iologs.map(({ trace }) => trace.summary.durationNs));
    return this.plan.processes.every(({ settings }) => settings.readIolog !== undefined)
      ? longest
      : this.plan.expectedNs;
  }

  get warnings(): string[] {
    return this.iologs.flatMap(({ trace }) => trace.warnings.map((warning) => `${trace.name}: ${warning}`));
  }

  /** Everything that the load comes from, as plain data. */
  get content(): unknown {
    return { plan: this.plan, iologs: this.iologs.map(({ trace }) => trace.summary) };
  }

  source(run: { startNs: number; durationNs: number | undefined; seed: number; vm: number }): FioJobSource {
    const iologs = this.iologs.flatMap(({ trace, processes }) =>
      processes.map((process) => ({ process, rows: trace.cursor(), disks: trace.summary.disks })),
    );
    return new FioJobSource(this.plan, { ...run, iologs });
  }

  /** Every block that the jobs may touch, as reads in the files' order. */
  preload(): RowCursor {
    const ranges = this.plan.processes
      .flatMap(({ files }) => files)
      .map((file) => ({ ...file, from: file.baseBytes + file.offsetBytes }));
    let disks = this.plan.disks.length;
    const traces = this.iologs.flatMap(({ trace, processes }) =>
      processes.map(() => {
        const firstDisk = disks;
        disks += trace.summary.disks;
        return { cursor: trace.cursor(), firstDisk };
      }),
    );
    const block = createRowBlock(1);
    block.length = 1;
    let at = 0;
    let done = 0;
    return {
      next() {
        while (at < ranges.length) {
          const range = ranges[at]!;
          const bytes = Math.min(MIB, range.ioBytes - done);
          if (bytes <= 0) {
            at++;
            done = 0;
            continue;
          }
          block.op[0] = OP_READ;
          block.disk[0] = range.disk;
          block.offset[0] = range.from + done;
          block.lengthBytes[0] = bytes;
          done += bytes;
          return block;
        }
        for (const { cursor, firstDisk } of traces) {
          const rows = cursor.next();
          if (rows === undefined) continue;
          for (let i = 0; i < rows.length; i++) rows.disk[i] = rows.disk[i]! + firstDisk;
          return rows;
        }
        return undefined;
      },
      close() {
        for (const { cursor } of traces) cursor.close();
      },
    };
  }

  close(): void {
    for (const { trace } of this.iologs) trace.close();
  }
}

/** The iologs by file; where fio looks, then beside the job file. */
function iologsOf(plan: FioJobPlan, path: string): Map<string, number[]> {
  const files = new Map<string, number[]>();
  for (const [index, { settings }] of plan.processes.entries()) {
    const { readIolog } = settings;
    if (readIolog === undefined) continue;
    const beside = join(dirname(path), readIolog);
    const file = !existsSync(readIolog) && existsSync(beside) ? beside : readIolog;
    files.set(file, [...(files.get(file) ?? []), index]);
  }
  return files;
}

/** @throws UsageError for flags of a replay that a job file has its own rules for. */
export function checkJobFlags(
  path: string,
  flags: {
    readonly replay: string | undefined;
    readonly speed: number;
    readonly iodepth: number | undefined;
  },
): void {
  const hint = 'the jobs say when and how many I/Os are issued; edit the file';
  if (flags.replay !== undefined)
    throw new UsageError(`--replay ${flags.replay} has no meaning for the job file ${path}`, { hint });
  if (flags.speed !== 1) throw new UsageError(`--speed has no meaning for the job file ${path}`, { hint });
}
