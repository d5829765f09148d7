/** Finished points in a folder, a file each by its key: what was replayed once is not replayed again. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { IoError } from '../../reference/kernel/errors.ts';
import { POINT_SCHEMA, type PointResult } from './point.ts';

/** @source XDG Base Directory Specification */
export function defaultCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'fvp', 'points');
}

export class PointCache {
  readonly folder: string;
  private written = 0;

  /** @throws IoError when the folder cannot be made */
  static async open(folder: string): Promise<PointCache> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new IoError(`cannot make the cache folder ${folder}: ${(cause as Error).message}`, {
        cause,
        hint: 'name another with --cache',
      });
    }
    return new PointCache(folder);
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined for what is not there, or is not whole: it is then replayed again. */
  async read(key: string): Promise<PointResult | undefined> {
    const text = await readFile(this.pathOf(key), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parsePoint(text, key);
  }

  /** A file appears under its name when it is whole; two writers of the same point write the same bytes. */
  async write(result: PointResult): Promise<void> {
    const path = this.pathOf(result.key);
    const temporary = `${path}.${process.pid}.${this.written++}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, formatPoint(result));
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {});
      throw new IoError(`cannot write to the cache ${this.folder}: ${(cause as Error).message}`, {
        cause,
        hint: 'name another folder with --cache',
      });
    }
  }

  private pathOf(key: string): string {
    return join(this.folder, key.slice(0, 2), `${key}.json`);
  }
}

/** The hash of the content, then the content: a damaged file is found out. */
export function formatPoint(result: PointResult): string {
  const content = JSON.stringify(result);
  return `${createHash('sha256').update(content).digest('hex')}\n${content}\n`;
}

export function parsePoint(text: string, key: string): PointResult | undefined {
  const at = text.indexOf('\n');
  const content = text.slice(at + 1, -1);
  if (createHash('sha256').update(content).digest('hex') !== text.slice(0, at)) return undefined;
  const result = JSON.parse(content) as PointResult;
  return result.schema === POINT_SCHEMA && result.key === key ? result : undefined;
}
