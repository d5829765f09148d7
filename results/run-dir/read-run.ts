/** Reads a run directory back. Keys that this version does not know are kept and ignored. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { DataError, IoError, NoInputError } from '../../reference/kernel/errors.ts';
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { readHlog } from '../hdr/hlog.ts';
import { mergeAll } from '../hdr/summary.ts';
import {
  LATENCY_KINDS,
  type LatencyKind,
  type LatencyRecording,
  type RunDocument,
  type RunTiming,
  type Timeline,
} from '../schema/run-document.ts';
import { runDocumentSchema, timelineFileSchema, timingFileSchema } from '../schema/run-schema.ts';
import {
  hlogName,
  hlogStems,
  RUN_FILE,
  TIMELINE_FILE,
  TIMING_FILE,
  TOTALS_FILE,
  totalsTag,
} from './file-names.ts';
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

/** Text of a file, undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
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

/** @throws DataError when the text is no JSON, or not of the schema */
export function parseFile<T>(text: string, file: string, schema: z.ZodType<T>): T {
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
      hint: 'fvp reads the documents that it writes',
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

/** What a run says of itself, without its histograms. */
export type RunFigures = Pick<SavedRun, 'document' | 'timelines'>;

/** Whole-run histograms by workload, mode, kind and time, in the document's order. */
export interface RunTotals {
  readonly result: number;
  readonly kind: LatencyKind;
  readonly response: SparseHistogram;
  readonly service: SparseHistogram;
}

/**
 * Reads a run's document and its timelines.
 * @throws NoInputError when there is none
 * @throws DataError when one of its files is broken
 */
export async function readRunFigures(dir: string): Promise<RunFigures> {
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
  return { document, timelines };
}

/** Reads whole-run histograms from `totals.hlog`, or merges the intervals where it is missing. */
export async function readRunTotals(dir: string, document: RunDocument): Promise<RunTotals[]> {
  const stems = hlogStems(document.results);
  const path = join(dir, TOTALS_FILE);
  const text = await readText(path);
  if (text === undefined) {
    return (await readLatencies(dir, document)).map(({ workload, mode, kind, response, service }) => ({
      result: document.results.findIndex((each) => each.workload === workload && each.mode === mode),
      kind,
      response: mergeAll(response),
      service: mergeAll(service),
    }));
  }
  const byTag = new Map(readHlog(text, path).map(({ tag, histogram }) => [tag, histogram]));
  return document.results.flatMap((_, result) =>
    LATENCY_KINDS.flatMap((kind) => {
      const response = byTag.get(totalsTag(stems[result]!, kind, 'response'));
      const service = byTag.get(totalsTag(stems[result]!, kind, 'service'));
      return response === undefined || service === undefined ? [] : [{ result, kind, response, service }];
    }),
  );
}

async function readLatencies(dir: string, document: RunDocument): Promise<LatencyRecording[]> {
  const latencies: LatencyRecording[] = [];
  const stems = hlogStems(document.results);
  for (const [i, { workload, mode }] of document.results.entries()) {
    for (const kind of LATENCY_KINDS) {
      const path = join(dir, hlogName(stems[i]!, kind));
      const text = await readText(path);
      if (text !== undefined) latencies.push(toRecording(text, path, workload, mode, kind));
    }
  }
  return latencies;
}

/**
 * Reads the run in a directory.
 * @throws NoInputError when there is none
 * @throws DataError when one of its files is broken
 */
export async function readRun(dir: string): Promise<SavedRun> {
  const { document, timelines } = await readRunFigures(dir);
  const timingPath = join(dir, TIMING_FILE);
  const timingText = await readText(timingPath);
  const timing = timingText === undefined ? null : parseFile(timingText, timingPath, timingFileSchema);
  return {
    document,
    timelines,
    latencies: await readLatencies(dir, document),
    timing: timing === null ? null : { timing: timing.timing, run: timing.run },
  };
}
