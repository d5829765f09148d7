/** One pass over the inputs of a trace: parse, order, merge, join completions, sum up, store. */
import { DataError, type DataPlace } from '../reference/kernel/errors.ts';
import { formatCount, MIB } from '../reference/kernel/units.ts';
import type { ByteSource } from './decode/byte-source.ts';
import { detectFormat, formatByName } from './format-table.ts';
import { InputReader } from './input-reader.ts';
import { ChainedRows } from './rows/chained-rows.ts';
import { DiskTable } from './rows/disk-table.ts';
import { JoinedCompletions } from './rows/joined-completions.ts';
import { mergeRows, RowQueue } from './rows/merged-rows.ts';
import { OrderedRows } from './rows/ordered-rows.ts';
import { createPlacedBlock, type RowStage } from './rows/placed-block.ts';
import { RowWriter } from './rows/row-writer.ts';
import { SpreadStamps } from './rows/spread-stamps.ts';
import { TimeOrigin } from './rows/time-origin.ts';
import { TraceBuilder } from './rows/trace-builder.ts';
import type { Trace } from './trace.ts';
import type { TraceEvent, TraceFormat } from './trace-format.ts';

/** After this many bytes the event loop gets a turn, for signals and progress. */
const BYTES_PER_TURN = 8 * MIB;
/** Errors that a lenient reading lists, of all that it counts. Assumed: more would not be read. */
const SKIPPED_LISTED = 10;

export interface TraceInput {
  /** As the person named it. */
  readonly file: string;
  /** Without folder and suffixes. */
  readonly title: string;
  /** Plain bytes; closed by the caller. */
  readonly source: ByteSource;
}

export interface ImportOptions {
  /** Of the trace. */
  readonly name: string;
  readonly format?: string | undefined;
  readonly event: TraceEvent;
  /** Of what is drawn, such as times within a second that the trace does not tell; 1 without it. */
  readonly seed?: number | undefined;
  /** Lines that cannot be read are passed over, counted and listed, instead of ending the import. */
  readonly lenient?: boolean | undefined;
  /** Read at a time from each input, at least 64 KiB. */
  readonly chunkBytes: number;
  /** What is known to be wrong before anything is read. */
  readonly warnings: readonly string[];
  /** Called between chunks; what it throws ends the import. */
  report(): void;
}

/** Counts of what was left out or changed, in order of first appearance. */
class Notes {
  readonly whenEmpty: string[] = [];
  private readonly counts = new Map<string, number>();

  note(sentence: string, count = 1): void {
    if (count > 0) this.counts.set(sentence, (this.counts.get(sentence) ?? 0) + count);
  }

  ifEmpty(sentence: string): void {
    this.whenEmpty.push(sentence);
  }

  sentences(): string[] {
    return [...this.counts].map(([sentence, count]) => sentence.replace('#', formatCount(count)));
  }
}

interface OpenInput {
  readonly reader: InputReader;
  readonly writer: RowWriter;
  readonly ordered: OrderedRows;
  readonly spread: SpreadStamps | undefined;
}

/** @throws DataError with the place; whatever `options.report` throws */
export async function importInputs(inputs: readonly TraceInput[], options: ImportOptions): Promise<Trace> {
  const notes = new Notes();
  const disks = new DiskTable();
  const origin = new TimeOrigin();
  const asked = options.format === undefined ? undefined : formatByName(options.format);
  const readers = inputs.map((input) => new InputReader(input.file, input.source, options.chunkBytes));
  const format = await agreedFormat(readers, asked);

  const seed = options.seed ?? 1;
  const skipped: string[] = [];
  let skippedCount = 0;
  const skip = (error: DataError): void => {
    skippedCount++;
    if (skipped.length < SKIPPED_LISTED) skipped.push(error.message);
  };
  const tolerate = options.lenient === true ? skip : undefined;
  const builder = new TraceBuilder(options.name);
  const joined =
    format.pairsCompletions && options.event === 'D' ? new JoinedCompletions(builder) : undefined;
  const last: RowStage = joined ?? builder;
  const open = (reader: InputReader, input: TraceInput, downstream: RowStage): OpenInput => {
    const binary = format.encoding === 'binary';
    const placeOf = (place: number): DataPlace =>
      binary ? { file: input.file, byte: place } : { file: input.file, line: place };
    const spread =
      format.coarseClock === true
        ? new SpreadStamps(downstream, placeOf, seed, readers.indexOf(reader))
        : undefined;
    const ordered = new OrderedRows(spread ?? downstream, placeOf, tolerate);
    const writer = new RowWriter(input.file, binary, ordered, createPlacedBlock());
    const context = {
      file: input.file,
      fileTitle: input.title,
      rows: writer,
      disks,
      origin,
      event: options.event,
      notes,
    };
    reader.use(format, format.open(context), tolerate);
    return { reader, writer, ordered, spread };
  };
  const turn = turnTaker(options);

  let opened: OpenInput[];
  try {
    if (readers.length === 1) {
      const only = open(readers[0]!, inputs[0]!, last);
      opened = [only];
      while (await only.reader.advance()) await turn(options.chunkBytes);
      only.writer.end();
    } else if (format.clockRestarts === true) {
      const chain = new ChainedRows(last);
      opened = [];
      for (const [index, reader] of readers.entries()) {
        const input = open(reader, inputs[index]!, chain.file());
        opened.push(input);
        while (await reader.advance()) await turn(options.chunkBytes);
        input.writer.end();
      }
      chain.end();
      notes.note('files whose clock begins again, laid behind the one before: #', chain.moved);
    } else {
      const queued = readers.map((reader, index) => {
        const queue = new RowQueue();
        const input = open(reader, inputs[index]!, queue);
        const readMore = async (): Promise<void> => {
          if (!(await input.reader.advance())) input.writer.end();
          await turn(options.chunkBytes);
        };
        return { input, queue, readMore };
      });
      opened = queued.map(({ input }) => input);
      await mergeRows(queued, last);
    }
    if (builder.rows === 0) {
      throw new DataError(
        'the trace holds no I/O',
        { file: inputs[0]!.file },
        { hint: [...notes.whenEmpty, ...notes.sentences(), ...skipped.slice(0, 1)].join('; ') || undefined },
      );
    }
  } catch (error) {
    builder.spool.close();
    throw error;
  }
  options.report();

  const sum = (of: (input: OpenInput) => number): number =>
    opened.reduce((total, input) => total + of(input), 0);
  const reorderedRows = sum(({ ordered }) => ordered.reordered);
  notes.note('rows out of time order, sorted into place: #', reorderedRows);
  notes.note(
    'reads, writes and discards of no bytes, left out: #',
    sum(({ writer }) => writer.counts.zeroLength),
  );
  notes.note(
    'rows not of whole 512-byte sectors, rounded outward: #',
    sum(({ writer }) => writer.counts.unaligned),
  );
  notes.note(
    `rows stamped with whole seconds, spread over their second by seed ${seed}: #`,
    sum(({ spread }) => spread?.spread ?? 0),
  );
  notes.note('lines and rows skipped, as the reading is lenient: #', skippedCount);
  notes.note('completions of I/Os issued before the trace began, left out: #', joined?.unmatched ?? 0);
  notes.note('I/Os without a recorded completion: #', joined?.unfinished ?? 0);
  const summary = builder.summary.finish({
    name: options.name,
    format: format.name,
    disks: disks.names.length,
    reorderedRows,
  });
  return {
    name: options.name,
    summary,
    diskNames: disks.names,
    warnings: [...options.warnings, ...notes.sentences(), ...skipped.map((message) => `skipped: ${message}`)],
    cursor: () => builder.spool.cursor(),
    close: () => builder.spool.close(),
  };
}

/** The format of all inputs; they must agree. */
async function agreedFormat(
  readers: readonly InputReader[],
  asked: TraceFormat | undefined,
): Promise<TraceFormat> {
  let format: TraceFormat | undefined = asked;
  let first: InputReader | undefined;
  for (const reader of readers) {
    const { bytes, whole } = await reader.head();
    if (asked !== undefined) continue;
    const found = detectFormat(bytes, whole, reader.file);
    if (format !== undefined && found !== format) {
      throw new DataError(
        'the files are of different formats',
        { file: reader.file },
        {
          found: found.name,
          expected: `${format.name}, as in ${first!.file}`,
        },
      );
    }
    format = found;
    first = reader;
  }
  return format!;
}

function turnTaker(options: ImportOptions): (bytes: number) => Promise<void> {
  let sinceTurn = 0;
  return async (bytes) => {
    options.report();
    sinceTurn += bytes;
    if (sinceTurn < BYTES_PER_TURN) return;
    sinceTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  };
}
