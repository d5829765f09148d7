/** A file that is being written: under a temporary name beside its own, which it gets when it is whole. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { IoError } from '../../reference/kernel/errors.ts';

export class OutputFile {
  readonly path: string;
  private readonly temporary: string;
  private descriptor: number | undefined;

  /** Opens it before any work is done. @throws IoError when it cannot be written there */
  constructor(path: string) {
    this.path = path;
    this.temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    try {
      this.descriptor = openSync(this.temporary, 'w');
    } catch (cause) {
      throw new IoError(`cannot write ${path}: ${(cause as Error).message}`, {
        cause,
        hint: 'choose a folder that exists and that you may write to',
      });
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor!, bytes, at, bytes.length - at);
    } catch (cause) {
      throw new IoError(`cannot write ${this.path}: ${(cause as Error).message}`, {
        cause,
        hint: 'free some space there, or choose another folder',
      });
    }
  }

  /** Gives the file its name. */
  commit(): void {
    closeSync(this.descriptor!);
    this.descriptor = undefined;
    try {
      renameSync(this.temporary, this.path);
    } catch (cause) {
      this.discard();
      throw new IoError(`cannot write ${this.path}: ${(cause as Error).message}`, { cause });
    }
  }

  /** Removes what was written, unless it is whole. */
  discard(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
    rmSync(this.temporary, { force: true });
  }
}
