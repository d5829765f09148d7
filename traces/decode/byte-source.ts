/** Where bytes come from: a file, standard input, or a decompressor over one of those. */
import { closeSync, fstatSync, openSync, read, readdirSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { IoError, NoInputError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';

export interface ByteSource {
  /**
   * Reads some bytes into `into` and says how many; 0 is the end.
   * @throws IoError, or DataError for compressed input that is torn
   */
  read(into: Uint8Array): Promise<number>;
  close(): void;
}

/** Bytes as the input holds them, before decompression. */
export interface RawSource extends ByteSource {
  /** Like `read`, but blocks. */
  readSync(into: Uint8Array): number;
  /** Bytes read so far. */
  readonly bytesRead: number;
  /** Bytes in all, where known. */
  readonly bytesTotal: number | undefined;
}

/** How long a blocking read of an empty, non-blocking standard input sleeps. Assumed: too short to be felt. */
const RETRY_MS = 5;

class DescriptorSource implements RawSource {
  bytesRead = 0;
  readonly bytesTotal: number | undefined;
  private readonly descriptor: number;
  private readonly file: string;
  private readonly owned: boolean;
  /** A regular file never keeps the caller waiting, so it is read without a round trip through the thread pool. */
  private readonly regular: boolean;

  constructor(descriptor: number, file: string, owned: boolean) {
    this.descriptor = descriptor;
    this.file = file;
    this.owned = owned;
    const stat = fstatSync(descriptor);
    this.regular = stat.isFile();
    this.bytesTotal = this.regular ? stat.size : undefined;
  }

  read(into: Uint8Array): Promise<number> {
    if (this.regular) return Promise.resolve(this.readSync(into));
    return new Promise((resolve, reject) => {
      read(this.descriptor, into, 0, into.length, null, (error, count) => {
        if (error === null) {
          this.bytesRead += count;
          resolve(count);
        } else if (error.code === 'EAGAIN') {
          setTimeout(() => this.read(into).then(resolve, reject), RETRY_MS);
        } else if (error.code === 'EOF') {
          resolve(0);
        } else {
          reject(cannotRead(this.file, error));
        }
      });
    });
  }

  readSync(into: Uint8Array): number {
    for (;;) {
      try {
        const count = readSync(this.descriptor, into, 0, into.length, null);
        this.bytesRead += count;
        return count;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'EOF') return 0;
        if (code !== 'EAGAIN') throw cannotRead(this.file, error as Error);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  close(): void {
    if (this.owned) closeSync(this.descriptor);
  }
}

/**
 * Opens a file, or standard input for `-`.
 * @throws NoInputError when it does not exist or may not be read
 */
export function openRawSource(path: string): RawSource {
  if (path === '-') return new DescriptorSource(0, path, false);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw noInput(path, cause as NodeJS.ErrnoException);
  }
  return new DescriptorSource(descriptor, path, true);
}

/** The error for a path that cannot be opened, with the nearest name in its folder. */
export function noInput(path: string, cause: NodeJS.ErrnoException): NoInputError {
  if (cause.code !== 'ENOENT') return new NoInputError(`cannot read ${path}: ${cause.message}`, { cause });
  let hint: string | undefined;
  try {
    const names = readdirSync(dirname(path)).sort();
    const parts = names.filter((name) => name.startsWith(`${basename(path)}.blktrace.`));
    hint =
      parts.length > 0
        ? `${parts.length} per-CPU files ${basename(path)}.blktrace.N lie there: name them all`
        : didYouMean(basename(path), names);
  } catch {
    hint = `the folder ${dirname(path)} does not exist either`;
  }
  return new NoInputError(`${path} does not exist`, hint === undefined ? { cause } : { cause, hint });
}

function cannotRead(file: string, cause: Error): IoError {
  return new IoError(`cannot read ${file}: ${cause.message}`, { cause });
}
