/**
 * Writes a run directory: `run.json`, `timing.json`, `timeline.json`, one `.hlog` per workload, mode and kind, and
 * `report.html`. All of it but `timing.json` is the same bytes for the same recording, on any machine.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert, IoError, UsageError } from '../../reference/kernel/errors.ts';
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { writeHlog, writeTotalsHlog } from '../hdr/hlog.ts';
import { mergeAll } from '../hdr/summary.ts';
import { renderReport } from '../report/render-report.ts';
import {
  RUN_SCHEMA,
  type RunDocument,
  type RunRecording,
  TIMELINE_SCHEMA,
  TIMING_SCHEMA,
} from '../schema/run-document.ts';
import {
  hlogName,
  hlogStems,
  REPORT_FILE,
  RUN_FILE,
  runFileNames,
  TEMPORARY_PREFIX,
  TIMELINE_FILE,
  TIMING_FILE,
  TOTALS_FILE,
  totalsTag,
} from './file-names.ts';

/** A run directory that exists and can be written. */
export interface RunDir {
  readonly path: string;
  /** Files of the run that stood here before; those that the new run has not are removed when it is written. */
  readonly previousFiles: readonly string[];
}

function ioError(what: string, path: string, cause: unknown): IoError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'free some space there, or choose another folder with --out'
      : 'choose a folder that you may write to with --out';
  return new IoError(`cannot ${what} ${path}: ${why}`, { cause, hint });
}

/** Names of the files of the run that stands in `path`, or undefined where no run does. */
async function filesOfPreviousRun(path: string): Promise<string[] | undefined> {
  try {
    const previous = JSON.parse(await readFile(join(path, RUN_FILE), 'utf8')) as Partial<RunDocument>;
    if (typeof previous.schema !== 'string' || !previous.schema.startsWith('fvp.run/')) return undefined;
    const results = Array.isArray(previous.results) ? previous.results : [];
    return runFileNames(
      results.map(({ workload, mode }) => ({ workload: String(workload), mode: String(mode) })),
    );
  } catch {
    return undefined;
  }
}

/** As `mkdir -p`; Node's own loops for ever in a file system that makes no folders, such as /proc. */
async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(dir) === dir) throw error;
    await makeFolder(dirname(dir));
    await mkdir(dir);
  }
}

/**
 * Creates a run directory, with its parents, and proves that it can be written, before the work starts.
 * An earlier run in it will be replaced.
 * @throws IoError when it cannot be created or written
 * @throws UsageError when it holds anything else than a run
 */
export async function openRunDir(dir: string): Promise<RunDir> {
  let entries: string[];
  try {
    await makeFolder(dir);
    entries = await readdir(dir);
  } catch (cause) {
    throw ioError('create the output folder', dir, cause);
  }
  let previousFiles: string[] = [];
  const foreign = entries.filter((name) => !name.startsWith(TEMPORARY_PREFIX));
  if (foreign.length > 0) {
    const found = await filesOfPreviousRun(dir);
    if (found === undefined) {
      throw new UsageError(`the output folder ${dir} is not empty and holds no run`, {
        hint: 'choose a new or empty folder, or that of an earlier run, with --out',
      });
    }
    previousFiles = found;
  }
  const probe = join(dir, `${TEMPORARY_PREFIX}probe`);
  try {
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw ioError('write into the output folder', dir, cause);
  }
  return { path: dir, previousFiles };
}

/** `run.json`'s text: the document, indented by two spaces, with a newline at the end. */
export function formatDocument(document: RunDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** One timeline a line, so that a difference between two runs shows where it is. */
function formatTimelines(recording: RunRecording): string {
  const lines = recording.timelines.map((timeline) => `    ${JSON.stringify(timeline)}`);
  return `{\n  "schema": "${TIMELINE_SCHEMA}",\n  "timelines": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

function totalsText({ document, latencies }: RunRecording, stems: readonly string[]): string {
  const histograms: [string, SparseHistogram][] = [];
  let spanNs = 0;
  for (const { workload, mode, kind, intervalNs, response, service } of latencies) {
    const result = document.results.findIndex((each) => each.workload === workload && each.mode === mode);
    histograms.push([totalsTag(stems[result]!, kind, 'response'), mergeAll(response)]);
    histograms.push([totalsTag(stems[result]!, kind, 'service'), mergeAll(service)]);
    spanNs = Math.max(spanNs, intervalNs * response.length);
  }
  return writeTotalsHlog(histograms, spanNs);
}

function* texts(recording: RunRecording): Generator<[name: string, text: string]> {
  const { document, latencies, timing } = recording;
  assert(document.schema === RUN_SCHEMA, `run documents are ${RUN_SCHEMA}`);
  const stems = hlogStems(document.results);
  for (const latency of latencies) {
    const result = document.results.findIndex(
      ({ workload, mode }) => workload === latency.workload && mode === latency.mode,
    );
    assert(result >= 0, 'every latency recording has its result in the document');
    yield [hlogName(stems[result]!, latency.kind), writeHlog(latency)];
  }
  yield [TOTALS_FILE, totalsText(recording, stems)];
  yield [TIMELINE_FILE, formatTimelines(recording)];
  yield [REPORT_FILE, renderReport(recording)];
  yield [TIMING_FILE, `${JSON.stringify({ schema: TIMING_SCHEMA, ...timing }, null, 2)}\n`];
  yield [RUN_FILE, formatDocument(document)];
}

/**
 * Writes a run into its directory, each file under a temporary name first, `run.json` last.
 * @returns names of the files written, in that order, and the path of the report
 * @throws IoError when the disk is full or the directory has gone
 */
export async function writeRun(
  runDir: RunDir,
  recording: RunRecording,
): Promise<{ files: string[]; reportPath: string }> {
  const { path } = runDir;
  const files: string[] = [];
  for (const [name, text] of texts(recording)) {
    const temporary = join(path, `${TEMPORARY_PREFIX}${name}`);
    try {
      await writeFile(temporary, text);
      await rename(temporary, join(path, name));
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {});
      throw ioError('write', join(path, name), cause);
    }
    files.push(name);
  }
  const written = new Set(files);
  for (const name of runDir.previousFiles) {
    if (!written.has(name)) await rm(join(path, name), { force: true });
  }
  return { files, reportPath: join(path, REPORT_FILE) };
}
