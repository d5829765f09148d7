/** Reads a run directory back. Keys that this version does not know are kept and ignored. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { DataError, IoError, NoInputError } from '../../reference/kernel/errors.ts';
import { readHlog } from '../hdr/hlog.ts';
import {
  LATENCY_KINDS,
  type LatencyKind,
  type LatencyRecording,
  type RunDocument,
  type RunTiming,
  type Timeline,
} from '../schema/run-document.ts';
import { runDocumentSchema, timelineFileSchema, timingFileSchema } from '../schema/run-schema.ts';
import { hlogName, hlogStems, RUN_FILE, TIMELINE_FILE, TIMING_FILE } from './file-names.ts';
import { jsonErrorOffset } from './json-error.ts';

/** A run as it was saved. */
export interface SavedRun {
  readonly document: RunDocument;
  readonly timelines: readonly Timeline[];
  /** Counts and maxima are exact; minimum and sum of an interval are those of its buckets. */
  readonly latencies: readonly LatencyRecording[];
  /** null where the directory has no `timing.json`, as in a baseline that was copied without it. */
  readonly timing: RunTiming | null;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw new IoError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const before = text.slice(0, jsonErrorOffset(text) ?? text.length);
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    const rest = text.slice(before.length).split('\n', 1)[0]!;
    throw new DataError('not JSON', { file, line, column }, { found: rest, cause });
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path)
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
}

function parseFile<T>(text: string, file: string, schema: z.ZodType<T>): T {
  const value = parseJson(text, file);
  const parsed = schema.safeParse(value);
  if (parsed.success) return value as T;
  const issue = parsed.error.issues[0]!;
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const found = valueAt(value, issue.path);
  throw new DataError(
    `${path === '' ? 'the document' : path.replace(/^\./, '')}: ${issue.message}`,
    { file },
    {
      found: found === undefined ? undefined : (JSON.stringify(found) ?? String(found)),
      hint: 'fvp reads the documents of its own runs, schema fvp.run/1',
    },
  );
}

const INTERVAL_COMMENT = /^#\[Interval: ([0-9]+) \(nanoseconds of virtual time\)\]$/m;

function toRecording(
  text: string,
  file: string,
  workload: string,
  mode: string,
  kind: LatencyKind,
): LatencyRecording {
  const intervalNs = Number(INTERVAL_COMMENT.exec(text.slice(0, 4096))?.[1] ?? 0);
  if (!(Number.isSafeInteger(intervalNs) && intervalNs > 0)) {
    throw new DataError(
      'the log does not say how long its intervals are',
      { file },
      { expected: 'a line #[Interval: …]' },
    );
  }
  const response: LatencyRecording['response'][number][] = [];
  const service: typeof response = [];
  for (const { tag, histogram, line } of readHlog(text, file)) {
    if (tag === 'response') response.push(histogram);
    else if (tag === 'service') service.push(histogram);
    else throw new DataError('unknown tag', { file, line }, { found: tag, expected: 'response or service' });
  }
  return { workload, mode, kind, intervalNs, response, service };
}

/**
 * Reads the run in a directory.
 * @throws NoInputError when there is none
 * @throws DataError when one of its files is broken
 */
export async function readRun(dir: string): Promise<SavedRun> {
  const runPath = join(dir, RUN_FILE);
  const runText = await readText(runPath);
  if (runText === undefined) {
    throw new NoInputError(`no run in ${dir}: ${RUN_FILE} is missing`, {
      hint: 'name a folder that fvp bench run has written, such as results/runs/<id>',
    });
  }
  const document: RunDocument = parseFile(runText, runPath, runDocumentSchema);

  const timelinePath = join(dir, TIMELINE_FILE);
  const timelineText = await readText(timelinePath);
  if (timelineText === undefined)
    throw new NoInputError(`the run in ${dir} is not complete: ${TIMELINE_FILE} is missing`);
  const { timelines } = parseFile(timelineText, timelinePath, timelineFileSchema);

  const timingPath = join(dir, TIMING_FILE);
  const timingText = await readText(timingPath);
  const timing = timingText === undefined ? null : parseFile(timingText, timingPath, timingFileSchema);

  const latencies: LatencyRecording[] = [];
  const stems = hlogStems(document.results);
  for (const [i, { workload, mode }] of document.results.entries()) {
    for (const kind of LATENCY_KINDS) {
      const path = join(dir, hlogName(stems[i]!, kind));
      const text = await readText(path);
      if (text !== undefined) latencies.push(toRecording(text, path, workload, mode, kind));
    }
  }
  return {
    document,
    timelines,
    latencies,
    timing: timing === null ? null : { timing: timing.timing, run: timing.run },
  };
}
