/** Runs fio itself against a file or device, with the job set that `fvp device calibrate` needs. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoError, UnavailableError, UsageError } from '../../reference/kernel/errors.ts';

export interface CalibrationRun {
  readonly target: string;
  /** Whether what the target holds may be written over. */
  readonly overwrite: boolean;
  /** Seconds of each measurement. */
  readonly runtimeS: number;
  /** Size of a target that does not exist yet. */
  readonly sizeBytes: number;
}

const SIZES = ['4k', '64k'];
const DEPTHS = [1, 8, 32];

/** The job set, one measurement after the other. */
export function calibrationJobs(run: CalibrationRun): string {
  const lines = [
    '[global]',
    `filename=${run.target}`,
    'ioengine=libaio',
    'direct=1',
    'time_based=1',
    `runtime=${run.runtimeS}`,
    'ramp_time=1',
    'stonewall=1',
    `size=${run.sizeBytes}`,
    '',
  ];
  for (const rw of ['randwrite', 'randread'])
    for (const bs of SIZES)
      for (const depth of DEPTHS)
        lines.push(`[${rw}-${bs}-${depth}]`, `rw=${rw}`, `bs=${bs}`, `iodepth=${depth}`, '');
  return lines.join('\n');
}

/** What is at a path: nothing that could be lost, or something that holds data. */
function holdsData(target: string): boolean {
  try {
    const found = statSync(target);
    if (found.isDirectory())
      throw new UsageError(`${target} is a folder`, { hint: 'name a file, or a block device' });
    return !found.isFile() || found.size > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Measures a target. @returns fio's JSON+
 * @throws UsageError when the target holds data and may not be overwritten, UnavailableError without fio, IoError when fio fails
 */
export async function runCalibration(run: CalibrationRun, signal: AbortSignal): Promise<string> {
  if (holdsData(run.target) && !run.overwrite) {
    throw new UsageError(`${run.target} holds data, and measuring writes needs to write over it`, {
      hint: 'name a file that does not exist yet, or say --overwrite if what it holds may be lost',
    });
  }
  const isNew = !exists(run.target);
  const folder = mkdtempSync(join(tmpdir(), 'fvp-calibrate-'));
  try {
    const jobs = join(folder, 'calibrate.fio');
    writeFileSync(jobs, calibrationJobs(run));
    return await fio(['--output-format=json+', jobs], signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    // What did not exist before is not left behind.
    if (isNew) rmSync(run.target, { force: true });
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

function fio(flags: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('fio', flags, { signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new UnavailableError('fio is not installed', { cause: error, hint: 'apt-get install fio' })
          : error,
      );
    });
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else
        reject(
          new IoError(`fio ended with ${code}: ${Buffer.concat(errors).toString().trim().split('\n')[0]}`),
        );
    });
  });
}
