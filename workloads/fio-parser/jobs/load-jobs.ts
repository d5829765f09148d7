/** A job file from disk, with what it includes. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JobDocument, type ResolveOptions, resolveJobs } from './resolve-jobs.ts';
import { parseJobFile } from './syntax.ts';

/**
 * Reads and resolves a job file. Included files are looked for in the current folder, then in that of the file that
 * includes them, as fio does.
 *
 * @param path the job file; its name in messages.
 * @throws the error of node:fs when the job file itself cannot be read; what it includes is a problem in the document.
 */
export function loadJobs(path: string, options: Omit<ResolveOptions, 'include'> = {}): JobDocument {
  return resolveJobs(parseJobFile(readFileSync(path, 'utf8'), { file: path }), {
    ...options,
    include: (included, fromFile) => {
      for (const file of [included, join(dirname(fromFile), included)]) {
        const text = readIfThere(file);
        if (text !== undefined) return { file, text };
      }
      return undefined;
    },
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
