/**
 * What a format must bring: a name, how its content is recognised, and a parser that scans bytes into rows. One file
 * in `formats/` holds one format; `format-table.ts` lists them.
 */
import type { DiskTable } from './rows/disk-table.ts';
import type { RowWriter } from './rows/row-writer.ts';
import type { TimeOrigin } from './rows/time-origin.ts';

/** Which of blktrace's events become rows: `Q` as queued by the file system, `D` as issued to the device. */
export type TraceEvent = 'Q' | 'D';

/** What the parser of one input file is given. */
export interface ParserContext {
  /** The file as the person named it, for messages; `-` is standard input. */
  readonly file: string;
  /** Its name without folder and suffixes: the disk's name where the format names none. */
  readonly fileTitle: string;
  /** Where rows go. */
  readonly rows: RowWriter;
  /** Disk names to numbers; shared by all files of a trace. */
  readonly disks: DiskTable;
  /** Where clocks that count from long ago are rebased; shared by all files of a trace. */
  readonly origin: TimeOrigin;
  readonly event: TraceEvent;
  /** Counts something a person should know of; a sentence is made of it at the end. */
  readonly notes: ParserNotes;
}

/** What a person should know of the reading. */
export interface ParserNotes {
  /** Counts one more of something left out or changed. @param sentence with `#` where the count stands */
  note(sentence: string): void;
  /** Something to say when the whole trace turns out to hold no rows. */
  ifEmpty(sentence: string): void;
}

export interface FormatParser {
  /** Where in the bytes given last the line at hand begins: behind it a lenient reading goes on. */
  readonly lineStart?: number;
  /**
   * Takes whole records from `bytes[start]` to `bytes[end - 1]` and says where it stopped; what is left is given
   * again with more behind it. A text format is only ever given whole lines, each closed by `\n`.
   * @throws DataError with the place
   */
  parse(bytes: Uint8Array, start: number, end: number): number;
  /**
   * The input is over; `bytes[start]` to `bytes[end - 1]` are left of a record.
   * @throws DataError when that is a torn record, or something promised did not come
   */
  end(bytes: Uint8Array, start: number, end: number): void;
}

export interface TraceFormat {
  /** As a person types it after `--format`. */
  readonly name: string;
  /** One line for a list of formats. */
  readonly description: string;
  /** How the content is recognised, for a person. */
  readonly recognisedBy: string;
  readonly encoding: 'text' | 'binary';
  /** True when the parser writes completions, which are joined with their issues after all files are merged. */
  readonly pairsCompletions: boolean;
  /** True when stamps may be whole seconds, over which rows are then spread. */
  readonly coarseClock?: boolean;
  /** True when the clock begins again in each file: files are laid behind one another. */
  readonly clockRestarts?: boolean;
  /**
   * Is this the start of such a trace?
   * @param head the first 64 KiB, decompressed
   * @param whole true when that is all there is
   */
  recognise(head: Uint8Array, whole: boolean): boolean;
  open(context: ParserContext): FormatParser;
}
