/** A file that is opened before the work starts and appears under its name when it is whole. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IoError, UsageError } from '../../reference/kernel/errors.ts';
import { TEMPORARY_PREFIX } from './file-names.ts';

export interface OutputFile {
  readonly path: string;
  /** Writes the whole text and puts the file into its place. @throws IoError when the disk is full */
  write(content: string | Uint8Array): Promise<void>;
  /** Removes what was begun, where it was not written. */
  discard(): Promise<void>;
}

function ioError(path: string, cause: unknown): IoError {
  return new IoError(`cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

/**
 * @throws IoError when it cannot be created there
 * @throws UsageError when a folder has that name
 */
export async function openOutputFile(path: string): Promise<OutputFile> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new UsageError(`${path} is a folder`, { hint: 'name a file to write' });
  }
  // Devices and pipes, such as /dev/stdout, have no place to be renamed into.
  const direct = found !== undefined && !found.isFile();
  const temporary = direct ? path : join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}`);
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    await mkdir(dirname(path), { recursive: true });
    handle = await open(temporary, 'w');
  } catch (cause) {
    throw ioError(path, cause);
  }
  let done = false;
  return {
    path,
    async write(content) {
      try {
        await handle.writeFile(content);
        await handle.close();
        done = true;
        if (!direct) await rename(temporary, path);
      } catch (cause) {
        throw ioError(path, cause);
      }
    },
    async discard() {
      if (done) return;
      done = true;
      await handle.close().catch(() => {});
      if (!direct) await rm(temporary, { force: true });
    },
  };
}
