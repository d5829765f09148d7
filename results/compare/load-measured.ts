/** Reads whatever a person names into one form: a run directory, a histogram log, a result of fio, a baseline file. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  type FioDirection,
  FioError,
  type FioHistogram,
  type FioJob,
  type FioLatency,
  histogramBuckets,
  parseFioResults,
} from '#fio-parser';
import { DataError, IoError, NoInputError } from '../../reference/kernel/errors.ts';
import { histogramIndex, mergeSparse, type SparseHistogram } from '../../reference/kernel/histogram.ts';
import { readHlog } from '../hdr/hlog.ts';
import { mergeAll } from '../hdr/summary.ts';
import { RUN_FILE } from '../run-dir/file-names.ts';
import { readRunFigures, readRunTotals } from '../run-dir/read-run.ts';
import { LATENCY_KINDS, type LatencyKind } from '../schema/run-document.ts';
import type { Direction, Measured, MeasuredResult, MeasuredTimes } from './measured.ts';

async function loadRun(dir: string): Promise<Measured> {
  const { document, timelines } = await readRunFigures(dir);
  const totals = await readRunTotals(dir, document);
  const results = document.results.map((exact, index): MeasuredResult => {
    const times: Partial<Record<Direction, MeasuredTimes>> = {};
    const own = totals.filter(({ result }) => result === index);
    for (const kind of LATENCY_KINDS) {
      const total = own.find((each) => each.kind === kind);
      times[kind] = {
        count: exact[kind].count,
        response: total?.response ?? null,
        service: total?.service ?? null,
      };
    }
    // `all` counts discards too, which have no log of their own.
    const whole = own.reduce((sum, { response }) => sum + response.count, 0) === exact.all.count;
    times.all = {
      count: exact.all.count,
      response: whole ? mergeAll(own.map(({ response }) => response)) : null,
      service: whole ? mergeAll(own.map(({ service }) => service)) : null,
    };
    return { workload: exact.workload, mode: exact.mode, times, exact };
  });
  return { name: dir, source: 'run', document, timelines, results, notes: [] };
}

/** What our own logs say of themselves in their first line. */
const OWN_LOG =
  /^#\[Latency of (reads|writes|flushes) in nanoseconds, workload ("(?:[^"\\]|\\.)*"), mode ("(?:[^"\\]|\\.)*")\]$/m;

function loadHlog(name: string, text: string): Measured {
  const intervals = readHlog(text, name);
  if (intervals.length === 0)
    throw new DataError('no interval in the log', { file: name }, { expected: 'a line with a histogram' });
  const byTag = new Map<string, SparseHistogram[]>();
  for (const { tag, histogram } of intervals) {
    const same = byTag.get(tag);
    if (same === undefined) byTag.set(tag, [histogram]);
    else same.push(histogram);
  }
  const own = OWN_LOG.exec(text.slice(0, 65_536));
  const response = byTag.get('response');
  if (own !== null && response !== undefined) {
    const merged = mergeAll(response);
    const times: MeasuredTimes = {
      count: merged.count,
      response: merged,
      service: mergeAll(byTag.get('service') ?? []),
    };
    const result: MeasuredResult = {
      workload: JSON.parse(own[2]!) as string,
      mode: JSON.parse(own[3]!) as string,
      times: { [own[1] as LatencyKind]: times },
      exact: null,
    };
    return { name, source: 'hlog', document: null, timelines: [], results: [result], notes: [] };
  }
  const base = basename(name).replace(/\.hlog$/i, '');
  const results = [...byTag].map(([tag, histograms]): MeasuredResult => {
    const merged = mergeAll(histograms);
    return {
      workload: tag === '' ? base : tag,
      mode: '',
      times: { all: { count: merged.count, response: merged, service: null } },
      exact: null,
    };
  });
  return { name, source: 'hlog', document: null, timelines: [], results, notes: [] };
}

/** A bucket counts as its middle, as in fio's own percentiles; minimum, maximum and mean are fio's. */
function fioHistogram(histogram: FioHistogram, { minNs, maxNs, meanNs }: FioLatency): SparseHistogram {
  const index: number[] = [];
  const counts: number[] = [];
  let count = 0;
  for (const bucket of histogramBuckets(histogram)) {
    const at = histogramIndex(Math.min(maxNs, Math.max(minNs, bucket.midNs)));
    if (index[index.length - 1] === at) counts[counts.length - 1]! += bucket.count;
    else {
      index.push(at);
      counts.push(bucket.count);
    }
    count += bucket.count;
  }
  return {
    index: Uint16Array.from(index),
    counts: Uint32Array.from(counts),
    count,
    min: minNs,
    max: maxNs,
    sumLow: Math.floor(meanNs * count + 0.5),
    sumHigh: 0,
  };
}

function fioTimes(whole: FioLatency, completion: FioLatency | undefined): MeasuredTimes | undefined {
  const total = whole.histogram ?? completion?.histogram;
  if (total === undefined || total.count === 0) return undefined;
  const response = fioHistogram(total, whole.histogram === undefined ? completion! : whole);
  return {
    count: response.count,
    response,
    service: completion?.histogram === undefined ? null : fioHistogram(completion.histogram, completion),
  };
}

function fioResult(job: FioJob, name: string): MeasuredResult {
  const times: Partial<Record<Direction, MeasuredTimes>> = {};
  const put = (direction: Direction, found: MeasuredTimes | undefined): void => {
    if (found !== undefined) times[direction] = found;
  };
  const ofDirection = ({ lat, clat }: FioDirection): MeasuredTimes | undefined => fioTimes(lat, clat);
  put('reads', ofDirection(job.read));
  put('writes', ofDirection(job.write));
  put('flushes', fioTimes(job.sync.lat, undefined));
  const all = [times.reads, times.writes, times.flushes].filter((each) => each !== undefined);
  if (job.mixed !== undefined) put('all', ofDirection(job.mixed));
  else if (all.length > 0) {
    const response = all.map((each) => each.response!).reduce(mergeSparse);
    times.all = { count: response.count, response, service: null };
  }
  if (Object.keys(times).length === 0) {
    throw new DataError(
      `job ${JSON.stringify(job.name)} has no histogram`,
      { file: name },
      {
        hint: 'run fio with --output-format=json+',
      },
    );
  }
  return { workload: job.name, mode: 'fio', times, exact: null };
}

/** @throws DataError when the text is no result of fio, or has no histograms */
export function loadFioText(name: string, text: string): Measured[] {
  let runs: ReturnType<typeof parseFioResults>;
  try {
    runs = parseFioResults(text, { file: name });
  } catch (cause) {
    if (!(cause instanceof FioError)) throw cause;
    throw new DataError(cause.what, cause.place, {
      found: cause.found,
      expected: cause.expected,
      hint: cause.hint,
      cause,
    });
  }
  return runs.map((run, index) => {
    const measured = { name: runs.length === 1 ? name : `${name} #${index + 1}`, source: 'fio' as const };
    const saturated = run.jobs.some(({ read, write, sync }) =>
      [read.lat, read.clat, write.lat, write.clat, sync.lat].some((latency) => latency.saturated),
    );
    return {
      ...measured,
      document: null,
      timelines: [],
      results: run.jobs.map((job) => fioResult(job, name)),
      notes: saturated
        ? [`${name}: fio counts latencies of 17 s and more as 17 s, and this result has some.`]
        : [],
    };
  });
}

/**
 * Reads what stands at `path`. A file of fio may hold several results.
 * @throws NoInputError when there is nothing
 * @throws DataError when it is broken, or nothing that can be compared
 */
export async function loadMeasured(path: string): Promise<Measured[]> {
  let folder: boolean;
  try {
    folder = (await stat(path)).isDirectory();
  } catch (cause) {
    throw new NoInputError(`there is no ${path}`, {
      cause,
      hint: 'name the folder of a run, an .hlog file, or a result of fio in JSON+',
    });
  }
  if (folder) return [await loadRun(path)];
  if (basename(path) === RUN_FILE) return [await loadRun(dirname(path))];
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new IoError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (/^\s*\{\s*"schema"\s*:\s*"fvp\.run\//.test(text.slice(0, 200))) return [await loadRun(dirname(path))];
  if (/^\s*\{/m.test(text) && /"fio version"/.test(text)) return loadFioText(path, text);
  if (/^(?:#|"StartTimestamp"|Tag=|[0-9.]+,)/m.test(text.slice(0, 4096))) return [loadHlog(path, text)];
  throw new DataError(
    'nothing that can be compared',
    { file: path },
    {
      found: text.slice(0, 80),
      expected: 'a run, an .hlog file, or a result of fio (--output-format=json+)',
    },
  );
}
