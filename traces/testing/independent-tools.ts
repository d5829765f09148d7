/** Programs and traces that tests compare with, where they are there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of traces that may not be shipped. */
export const TRACES_FOLDER =
  process.env.FVP_TRACES ?? fileURLToPath(new URL('../../../shared/traces', import.meta.url));

/** A file of that folder, and what a test's name says when it is not there. */
export function sharedTrace(name: string): { path: string; absent: boolean; note: string } {
  const path = join(TRACES_FOLDER, name);
  const absent = !existsSync(path);
  return { path, absent, note: absent ? ` (not run: FVP_TRACES has no ${name})` : '' };
}

/** Whether a program is there, and what a test's name says when it is not. */
export function program(name: string, debianPackage: string): { absent: boolean; note: string } {
  const absent = spawnSync(name, ['--version']).error !== undefined;
  return { absent, note: absent ? ` (not run: needs ${name}: apt-get install ${debianPackage})` : '' };
}

/** What a shell command prints, `$1` being `path`. */
export function shell(command: string, path: string, cwd?: string): string {
  return execFileSync('sh', ['-c', command, 'sh', path], { cwd, maxBuffer: 2 ** 28 }).toString();
}
