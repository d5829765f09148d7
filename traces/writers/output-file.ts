/**
 * A file that appears whole or not at all: opened under a temporary name beside its own before any work, renamed when
 * all is written. `-` is standard output; a name that ends in .gz is compressed.
 */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { IoError, UsageError } from '../../reference/kernel/errors.ts';
import type { ByteSink } from '../trace-writer.ts';

const STDOUT = 1;
/** How long a write to a full pipe sleeps before it tries again. Assumed: too short to be felt. */
const RETRY_MS = 2;

export class OutputFile implements ByteSink {
  readonly path: string;
  bytesWritten = 0;
  private readonly temporary: string | undefined;
  private readonly descriptor: number;
  private readonly gzip: boolean;
  private open = true;

  /** @throws UsageError when the path cannot be an output, IoError when it cannot be opened */
  constructor(path: string) {
    this.path = path;
    const packed = /\.(zst|xz|bz2)$/.exec(path)?.[1];
    if (packed !== undefined) {
      throw new UsageError(`cannot write .${packed} files`, {
        hint: 'write .gz or no compression, or write to - and pipe it on',
      });
    }
    this.gzip = path.endsWith('.gz');
    if (path === '-') {
      this.descriptor = STDOUT;
      return;
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) {
      throw new UsageError(`${path} is ${found.isDirectory() ? 'a folder' : 'no regular file'}`, {
        hint: 'name a file to write; fvp never writes to devices',
      });
    }
    this.temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
    try {
      this.descriptor = openSync(this.temporary, 'wx', 0o666);
    } catch (cause) {
      throw new IoError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  write(bytes: Uint8Array): void {
    const plain = this.gzip ? gzipSync(bytes) : bytes;
    let written = 0;
    while (written < plain.length) {
      try {
        written += writeSync(this.descriptor, plain, written);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') {
          throw new IoError(`cannot write ${this.path}: ${(cause as Error).message}`, { cause });
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
    this.bytesWritten += plain.length;
  }

  /** Gives the file its name. @throws IoError */
  commit(): void {
    this.open = false;
    if (this.temporary === undefined) return;
    try {
      closeSync(this.descriptor);
      renameSync(this.temporary, this.path);
    } catch (cause) {
      throw new IoError(`cannot write ${this.path}: ${(cause as Error).message}`, { cause });
    }
  }

  /** Removes what was written, unless it was committed. */
  discard(): void {
    if (!this.open || this.temporary === undefined) return;
    this.open = false;
    closeSync(this.descriptor);
    rmSync(this.temporary, { force: true });
  }
}
