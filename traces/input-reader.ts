/** Reads one input: finds its format, and gives the parser the bytes in pieces that end with whole lines. */
import { DataError } from '../reference/kernel/errors.ts';
import { MIB } from '../reference/kernel/units.ts';
import type { ByteSource } from './decode/byte-source.ts';
import type { FormatParser, TraceFormat } from './trace-format.ts';

/** Longest line or record. Assumed: fio itself refuses lines of 4,096 bytes. */
export const RECORD_BYTES_MAX = MIB;
/** What a format is recognised by. */
export const HEAD_BYTES = 64 * 1024;
const NEWLINE = 10;
/** Room behind the last byte: for a newline, and so that scanners may look ahead. */
const SLACK_BYTES = 64;

export class InputReader {
  readonly file: string;
  private readonly source: ByteSource;
  private readonly chunkBytes: number;
  private buffer: Uint8Array;
  private start = 0;
  private end = 0;
  private ended = false;
  private format: TraceFormat | undefined;
  private parser: FormatParser | undefined;
  private tolerate: ((error: DataError) => void) | undefined;

  /** @param chunkBytes read at a time, at least 64 KiB */
  constructor(file: string, source: ByteSource, chunkBytes: number) {
    this.file = file;
    this.source = source;
    this.chunkBytes = chunkBytes;
    this.buffer = new Uint8Array(2 * chunkBytes + SLACK_BYTES);
  }

  /**
   * The first 64 KiB, or all there is; nothing is consumed.
   * @throws DataError when there is nothing
   */
  async head(): Promise<{ bytes: Uint8Array; whole: boolean }> {
    while (!this.ended && this.end - this.start < HEAD_BYTES) await this.fill();
    if (this.end === this.start) throw new DataError('the input is empty', { file: this.file });
    const bytes = this.buffer.subarray(this.start, Math.min(this.end, this.start + HEAD_BYTES));
    return { bytes, whole: this.ended && bytes.length === this.end - this.start };
  }

  /**
   * Sets what parses the input from here on.
   * @param tolerate takes the errors of single lines, which are then passed over, and of a torn end
   */
  use(format: TraceFormat, parser: FormatParser, tolerate?: (error: DataError) => void): void {
    this.tolerate = tolerate;
    this.format = format;
    this.parser = parser;
  }

  /**
   * Parses what is at hand, or reads more.
   * @returns false when the input is over
   */
  async advance(): Promise<boolean> {
    if (!this.ended) await this.fill();
    const parser = this.parser!;
    if (this.format!.encoding === 'text') this.parseLines(parser);
    else this.start = parser.parse(this.buffer, this.start, this.end);
    if (!this.ended) return true;
    try {
      parser.end(this.buffer, this.start, this.end);
    } catch (error) {
      if (!(error instanceof DataError) || this.tolerate === undefined) throw error;
      this.tolerate(error);
    }
    return false;
  }

  close(): void {
    this.source.close();
  }

  private parseLines(parser: FormatParser): void {
    if (this.end === this.start) return;
    if (this.ended && this.buffer[this.end - 1] !== NEWLINE) this.buffer[this.end++] = NEWLINE;
    const lines = this.buffer.lastIndexOf(NEWLINE, this.end - 1) + 1;
    while (lines > this.start) {
      try {
        this.start = parser.parse(this.buffer, this.start, lines);
      } catch (error) {
        const lineStart = parser.lineStart;
        const ofLine = error instanceof DataError && error.place.line !== undefined;
        if (!ofLine || this.tolerate === undefined || lineStart === undefined) throw error;
        this.tolerate(error);
        this.start = this.buffer.indexOf(NEWLINE, lineStart) + 1;
      }
    }
    if (this.end - this.start > RECORD_BYTES_MAX) {
      throw new DataError(
        'a line is longer than 1 MiB',
        { file: this.file },
        { expected: 'a text trace with short lines' },
      );
    }
  }

  private async fill(): Promise<void> {
    const left = this.end - this.start;
    if (this.end + this.chunkBytes > this.buffer.length - SLACK_BYTES) {
      if (left + this.chunkBytes > this.buffer.length - SLACK_BYTES) {
        const grown = new Uint8Array(2 * this.buffer.length);
        grown.set(this.buffer.subarray(this.start, this.end));
        this.buffer = grown;
      } else {
        this.buffer.copyWithin(0, this.start, this.end);
      }
      this.start = 0;
      this.end = left;
    }
    const count = await this.source.read(this.buffer.subarray(this.end, this.end + this.chunkBytes));
    if (count === 0) this.ended = true;
    this.end += count;
  }
}
