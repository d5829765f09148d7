/** The door of this room: opens traces of any format, whatever they are packed in, as one sequence of rows. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InterruptedError, NoInputError } from '../reference/kernel/errors.ts';
import { MIB } from '../reference/kernel/units.ts';
import { noInput, openRawSource } from './decode/byte-source.ts';
import { openDecoded } from './decode/decoder.ts';
import { importInputs, type TraceInput } from './import-inputs.ts';
import { openStore } from './store/arrow-file.ts';
import type { Trace } from './trace.ts';
import type { TraceEvent } from './trace-format.ts';

export type { Trace } from './trace.ts';

/** Files open at a time: each needs a buffer, and systems allow 1,024 descriptors by default. */
const FILES_MAX = 512;

export interface OpenTraceOptions {
  /** A name of `formatTable`; without it the content decides. */
  readonly format?: string | undefined;
  /** Which blktrace events become rows; `D` by default. */
  readonly event?: TraceEvent | undefined;
  /** Passes over lines that cannot be read, counts and lists them in the warnings. */
  readonly lenient?: boolean | undefined;
  /** Of what is drawn in reading: times within a second that the trace does not tell. 1 without it. */
  readonly seed?: number | undefined;
  /** Called as reading goes on, with compressed bytes; the total is undefined for standard input and pipes. */
  readonly onProgress?: ((bytesRead: number, bytesTotal: number | undefined) => void) | undefined;
  /** Aborts with InterruptedError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads traces in one pass: a file, a folder (its files in byte order of their names), `-` for standard input, or
 * several of them, merged by time.
 * @throws NoInputError, UsageError (unknown format), DataError (with the place), IoError, InterruptedError
 */
export async function openTrace(paths: readonly string[], options: OpenTraceOptions = {}): Promise<Trace> {
  if (paths.length === 0) throw new NoInputError('no trace was named');
  const files = paths.flatMap((path) => (path === '-' ? [path] : expand(path)));
  if (files.length > FILES_MAX)
    throw new NoInputError(`${files.length} files are too many; at most ${FILES_MAX} can be merged`);
  if (files.length === 1 && files[0] !== '-' && (options.format ?? 'arrow') === 'arrow') {
    const store = openStore(files[0]!, nameOf(paths));
    if (store !== undefined) return store;
  }
  // Few inputs get large chunks, many share the memory.
  const chunkBytes = files.length <= 4 ? MIB : MIB / 8;
  const inputs: TraceInput[] = [];
  try {
    const raws = files.map((file) => {
      const raw = openRawSource(file);
      inputs.push({ file, title: titleOf(file), source: raw });
      return raw;
    });
    const bytesTotal = raws.reduce<number | undefined>(
      (sum, raw) => (sum === undefined || raw.bytesTotal === undefined ? undefined : sum + raw.bytesTotal),
      0,
    );
    for (const [index, raw] of raws.entries()) {
      inputs[index] = { ...inputs[index]!, source: await openDecoded(raw, files[index]!) };
    }
    const report = (): void => {
      if (options.signal?.aborted === true)
        throw new InterruptedError(`interrupted while reading ${files[0]}`);
      options.onProgress?.(
        raws.reduce((sum, raw) => sum + raw.bytesRead, 0),
        bytesTotal,
      );
    };
    return await importInputs(inputs, {
      name: nameOf(paths),
      format: options.format,
      event: options.event ?? 'D',
      seed: options.seed,
      lenient: options.lenient,
      chunkBytes,
      report,
      warnings: leftOut(files),
    });
  } finally {
    for (const input of inputs) input.source.close();
  }
}

/** The files of a path: itself, or what a folder holds, by bytes of the name; hidden files are left out. */
function expand(path: string): string[] {
  let folder: boolean;
  try {
    folder = statSync(path).isDirectory();
  } catch (cause) {
    throw noInput(path, cause as NodeJS.ErrnoException);
  }
  if (!folder) return [path];
  const files = readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (files.length === 0) throw new NoInputError(`the folder ${path} holds no files`);
  return files.map((name) => join(path, name));
}

/** Warns of per-CPU files of blktrace that lie beside those named. */
function leftOut(files: readonly string[]): string[] {
  const warnings: string[] = [];
  for (const file of files) {
    const stem = /^(.*\.blktrace\.)[0-9]+$/.exec(basename(file))?.[1];
    if (stem === undefined) continue;
    const others = readdirSync(dirname(file))
      .filter((name) => name.startsWith(stem) && /^[0-9]+$/.test(name.slice(stem.length)))
      .map((name) => join(dirname(file), name))
      .filter((path) => !files.some((named) => resolve(named) === resolve(path)));
    if (others.length === 0) continue;
    warnings.push(`per-CPU files ${stem}N that lie beside this one and were not read: ${others.length}`);
    break;
  }
  return warnings;
}

const SUFFIX =
  /\.(?:gz|zst|arrow|txt|log|bin|dat|out|trace|csv|load|iolog[0-9]?|blkparse|blktrace|blkreplay|vscsi|replay|spc|lis|lcs|xz|bz2)$|\.blktrace\.[0-9]+$/;

/** A file's base name without suffixes; `stdin` for `-`. */
export function titleOf(path: string): string {
  if (path === '-') return 'stdin';
  let title = basename(path);
  for (;;) {
    const shorter = title.replace(SUFFIX, '');
    if (shorter === title || shorter === '') return title;
    title = shorter;
  }
}

function nameOf(paths: readonly string[]): string {
  return [...new Set(paths.map(titleOf))].join('+');
}
