/** Rows of integers out of a stream of bytes, with no string per row: the shape of all logs of fio's. */
import { FioError, type FioPlace } from '../fio-error.ts';

/** fio's widest row has 1,859 columns. */
const COLUMNS_MAX = 1920;
/** That row with a count of 20 digits in every column. */
const LINE_BYTES_MAX = 64 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const LOWER_X = 0x78;

/** Called once a row; the lines' `values`, `columns` and `hexColumn` hold it until it returns. */
export type RowHandler = () => void;

export class LogLines {
  /** The row's numbers; those beyond `columns` are stale. */
  readonly values = new Float64Array(COLUMNS_MAX);
  columns = 0;
  /** The column written as 0x…, or -1: fio writes priorities so. */
  hexColumn = -1;
  line = 1;
  readonly #file: string;
  readonly #onRow: RowHandler;
  readonly #tail = new Uint8Array(LINE_BYTES_MAX);
  #tailLength = 0;

  constructor(file: string, onRow: RowHandler) {
    this.#file = file;
    this.#onRow = onRow;
  }

  /** @throws FioError with the place of what is no number. */
  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#tailLength > 0) {
      const end = chunk.indexOf(NEWLINE);
      const stop = end === -1 ? chunk.length : end;
      this.#keep(chunk, 0, stop);
      if (end === -1) return;
      const length = this.#tailLength;
      this.#tailLength = 0;
      this.#row(this.#tail, 0, length);
      from = end + 1;
    }
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#row(chunk, from, end);
      from = end + 1;
    }
    this.#keep(chunk, from, chunk.length);
  }

  /** The last line may lack its newline. */
  end(): void {
    if (this.#tailLength > 0) this.#row(this.#tail, 0, this.#tailLength);
  }

  place(column = 1): FioPlace {
    return { file: this.#file, line: this.line, column };
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (this.#tailLength + to - from > LINE_BYTES_MAX) {
      throw new FioError('the line is too long', this.place(), {
        expected: `numbers separated by commas, at most ${LINE_BYTES_MAX} bytes`,
      });
    }
    this.#tail.set(chunk.subarray(from, to), this.#tailLength);
    this.#tailLength += to - from;
  }

  #row(bytes: Uint8Array, from: number, to: number): void {
    const values = this.values;
    let end = to;
    while (end > from && (bytes[end - 1] === RETURN || bytes[end - 1] === SPACE)) end--;
    let columns = 0;
    this.hexColumn = -1;
    let at = from;
    while (at < end) {
      let byte = bytes[at]!;
      while ((byte === SPACE || byte === TAB) && at < end) byte = bytes[++at]!;
      let sign = 1;
      if (byte === MINUS) {
        sign = -1;
        byte = bytes[++at]!;
      }
      const digits = at;
      let value = 0;
      while (at < end) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
        at++;
      }
      if (at === digits + 1 && value === 0 && bytes[at] === LOWER_X && at < end) {
        const hex = ++at;
        for (; at < end; at++) {
          const digit = hexDigit(bytes[at]!);
          if (digit < 0) break;
          value = value * 16 + digit;
        }
        if (at === hex) this.#fail(bytes, from, at, end, 'hexadecimal digits');
        this.hexColumn = columns;
      }
      if (at === digits) this.#fail(bytes, from, at, end, 'a number');
      if (!Number.isSafeInteger(value)) this.#fail(bytes, from, digits, end, 'a number below 2^53');
      if (columns === COLUMNS_MAX) this.#fail(bytes, from, digits, end, `at most ${COLUMNS_MAX} columns`);
      values[columns++] = sign * value;
      while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
      if (at === end) break;
      if (bytes[at] !== COMMA) this.#fail(bytes, from, at, end, '","');
      if (++at === end) this.#fail(bytes, from, at, end, 'a number');
    }
    if (columns > 0) {
      this.columns = columns;
      this.#onRow();
    }
    this.line++;
  }

  #fail(bytes: Uint8Array, from: number, at: number, end: number, expected: string): never {
    const gzip = this.line === 1 && bytes[0] === 0x1f && bytes[1] === 0x8b;
    const found = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(40, end - at)).toString('latin1');
    throw new FioError('not a log of fio', this.place(at - from + 1), {
      found: found === '' ? 'the end of the line' : found,
      expected,
      hint: gzip
        ? 'the log is compressed: unpack it first'
        : this.line === 1
          ? 'a log written with log_compression has to be unpacked with fio --inflate-log=FILE first'
          : undefined,
    });
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
