/**
 * The doors to fio's JSON and JSON+ output: whole, or job by job for files too large to hold.
 *
 * Text around and between documents is passed over: a document begins with a `{` at the start of a line and a key
 * after it. Several documents (`--status-interval`, files put together) give several runs.
 */
import { FioError } from '../fio-error.ts';
import type { FioJob, FioRun } from './fio-results.ts';
import { type JsonPiece, JsonSplitter } from './json-splitter.ts';
import { parsePiece, placeOf } from './json-value.ts';
import { readDiskUtil, readJob } from './read-job.ts';
import { FieldMismatch, Fields } from './result-fields.ts';

export interface ReadOptions {
  /** The name for messages; `-` by default. */
  readonly file?: string;
}

/** What `streamFioResults` gives, in the order of the input. */
export type FioResultEvent =
  /** A job of the run that is going on. */
  | { readonly kind: 'job'; readonly job: FioJob }
  /** The run is over: everything but its jobs, which came before. */
  | { readonly kind: 'run'; readonly run: Omit<FioRun, 'jobs'> };

/** fio's name for the sum over all clients. */
const ALL_CLIENTS = 'All clients';

/**
 * Reads a whole output.
 *
 * @param input text, or bytes in UTF-8.
 * @returns a run for each document, at least one.
 * @throws FioError with the place: no document, one that is cut short, not JSON, or with a field of the wrong type.
 */
export function parseFioResults(input: string | Uint8Array, options: ReadOptions = {}): FioRun[] {
  const reader = new ResultReader(options.file ?? '-');
  reader.push(typeof input === 'string' ? new TextEncoder().encode(input) : input);
  reader.end();
  const runs: FioRun[] = [];
  let jobs: FioJob[] = [];
  for (const event of reader.take()) {
    if (event.kind === 'job') {
      jobs.push(event.job);
    } else {
      runs.push({ ...event.run, jobs });
      jobs = [];
    }
  }
  return runs;
}

/**
 * Reads an output job by job: memory holds one chunk and its jobs, whatever the length.
 *
 * @param chunks bytes in any portions, for instance a read stream.
 * @throws FioError as `parseFioResults`, when it gets there.
 */
export async function* streamFioResults(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<FioResultEvent> {
  const reader = new ResultReader(options.file ?? '-');
  for await (const chunk of chunks) {
    reader.push(chunk);
    yield* reader.take();
  }
  reader.end();
  yield* reader.take();
}

class ResultReader {
  readonly #file: string;
  readonly #splitter: JsonSplitter;
  #events: FioResultEvent[] = [];
  #allClients: FioJob | undefined;
  #documents = 0;
  /** Jobs read of the document that is going on. */
  #elements = 0;

  constructor(file: string) {
    this.#file = file;
    this.#splitter = new JsonSplitter(file, {
      element: (piece) => this.#job(piece),
      document: (piece, textBefore) => this.#run(piece, textBefore),
    });
  }

  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
  }

  end(): void {
    const text = this.#splitter.end();
    if (this.#documents > 0) return;
    throw new FioError(
      'no output of fio',
      { file: this.#file, line: 1, column: 1 },
      {
        found: text.slice(0, 80),
        expected: 'a JSON document: `{` at the start of a line',
        hint: 'run fio with --output-format=json+ (or json) and --output=FILE',
      },
    );
  }

  take(): FioResultEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #job(piece: JsonPiece): void {
    const job = this.#read(piece, readJob);
    this.#elements++;
    if (job.client !== undefined && job.name === ALL_CLIENTS) this.#allClients = job;
    else this.#events.push({ kind: 'job', job });
  }

  #run(piece: JsonPiece, textBefore: string): void {
    const run = this.#read(piece, (value) => {
      const fields = new Fields(value);
      if (!fields.has('jobs') && !fields.has('client_stats')) {
        throw new FieldMismatch([], 'a document of fio, with "jobs" or "client_stats"', undefined);
      }
      for (const name of ['jobs', 'client_stats']) {
        fields.list(name).forEach((entry, index) => {
          // Each element that was an object has been read; the splitter left 0 in its place.
          if (entry !== 0 || this.#elements-- === 0)
            throw new FieldMismatch([name, index], 'an object', entry);
        });
      }
      const seconds = fields.optionalNumber('timestamp');
      return {
        fioVersion: fields.optionalText('fio version'),
        timestampMs:
          fields.optionalNumber('timestamp_ms') ?? (seconds === undefined ? undefined : seconds * 1e3),
        time: fields.optionalText('time'),
        globalOptions: readGlobalOptions(fields),
        allClients: this.#allClients,
        diskUtil: fields.fieldsList('disk_util').map(readDiskUtil),
        textBefore,
      };
    });
    this.#allClients = undefined;
    this.#elements = 0;
    this.#documents++;
    this.#events.push({ kind: 'run', run });
  }

  #read<T>(piece: JsonPiece, read: (value: unknown) => T): T {
    try {
      return read(parsePiece(piece, this.#file));
    } catch (error) {
      if (!(error instanceof FieldMismatch)) throw error;
      const { path, expected, found } = error;
      const name = path.findLast((part) => typeof part === 'string');
      throw new FioError(
        name === undefined ? 'not what fio writes' : `${JSON.stringify(name)} is not what fio writes`,
        placeOf(piece, this.#file, path),
        { found: found === undefined ? undefined : describe(found), expected },
      );
    }
  }
}

function readGlobalOptions(fields: Fields): Record<string, string> {
  const value = fields.value('global options');
  if (!Array.isArray(value)) return fields.optionalFields('global options')?.texts() ?? {};
  // A client with several servers writes one set for each.
  return fields.fieldsList('global options').at(-1)?.texts() ?? {};
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
