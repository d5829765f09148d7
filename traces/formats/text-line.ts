/**
 * What the text formats share: numbers scanned from bytes, and the patient reading of one line, field by field, which
 * is where every message about a text trace comes from. The formats' own loops only handle what is as expected.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { RECORD_BYTES_MAX } from '../input-reader.ts';

export const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
export const BLANK = 32;
export const ZERO = 48;
/** Decimal digits that always fit an int32. */
export const INT_DIGITS = 9;
const EXACT_MAX = 2 ** 53;
const NS_DIGITS = 9;

export function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === RETURN;
}

/** Four zeros as digits, in a word. */
const ZEROS = 0x30303030;

/**
 * The number that the four bytes of a word spell, the first of them in its low byte; -1 when not all are digits.
 * Three additions and two multiplications for what a loop does in thirty steps.
 *
 * @source the usual arithmetic within a word, as in Lemire, "Quickly parsing eight digits" (2018), in int32
 */
export function fourDigits(word: number): number {
  const digits = (word - ZEROS) | 0;
  // A byte below '0' borrows and is left with its high bit; one above '9' gets it from the addition.
  if (((digits | (digits + 0x76767676)) & 0x80808080) !== 0) return -1;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return Math.imul(pairs & 0xff, 100) + ((pairs >>> 16) & 0xff);
}

export const NO_WORDS: DataView = new DataView(new ArrayBuffer(0));

/** The same bytes, to be read as words. @param before what it was for the bytes before, which mostly are the same */
export function wordsOf(bytes: Uint8Array, before: DataView): DataView {
  const { buffer, byteOffset, byteLength } = bytes;
  const isSame =
    before.buffer === buffer && before.byteOffset === byteOffset && before.byteLength === byteLength;
  return isSame ? before : new DataView(buffer, byteOffset, byteLength);
}

/** Where the last number scanned by `scanNumber` ended. */
export let numberEnd = 0;

/**
 * The digits from `bytes[at]` on as a number, and their end in `numberEnd`; no digit there means end = at. Exact below
 * 2^53, and at least 2^53 when the number is. Something other than a digit must follow in `bytes`.
 */
export function scanNumber(bytes: Uint8Array, at: number): number {
  // Arithmetic is much faster in int32.
  let digit: number;
  let end = at;
  let low = 0;
  const limit = at + INT_DIGITS;
  while ((digit = bytes[end]! - ZERO) >>> 0 <= 9) {
    if (end === limit) {
      let value = low;
      while ((digit = bytes[end]! - ZERO) >>> 0 <= 9) {
        value = value * 10 + digit;
        end++;
      }
      numberEnd = end;
      return value;
    }
    low = (low * 10 + digit) | 0;
    end++;
  }
  numberEnd = end;
  return low;
}

/** One line, cut into fields at blanks or at a separator; reused from line to line. */
export class TextLine {
  number = 0;
  /** Fields found. */
  count = 0;
  /** Where the line begins and ends in `bytes`; the newline is not part of it. */
  start = 0;
  end = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Cuts the line that begins at `start` at its blanks. */
  cutAtBlanks(bytes: Uint8Array, start: number, number: number): void {
    this.begin(bytes, start, number);
    let at = start;
    for (;;) {
      while (at < this.end && isBlank(bytes[at]!)) at++;
      if (at === this.end) return;
      this.starts[this.count] = at;
      while (at < this.end && !isBlank(bytes[at]!)) at++;
      this.ends[this.count++] = at;
    }
  }

  /** Cuts the line that begins at `start` at each `separator`, and trims blanks off the fields. */
  cutAt(separator: number, bytes: Uint8Array, start: number, number: number): void {
    this.begin(bytes, start, number);
    let from = start;
    for (let at = start; at <= this.end; at++) {
      if (at < this.end && bytes[at] !== separator) continue;
      let last = at;
      while (from < last && isBlank(bytes[from]!)) from++;
      while (last > from && isBlank(bytes[last - 1]!)) last--;
      this.starts[this.count] = from;
      this.ends[this.count++] = last;
      from = at + 1;
    }
  }

  text(field: number): string {
    return Buffer.from(this.bytes.subarray(this.starts[field]!, this.ends[field]!)).toString('utf8');
  }

  is(field: number, text: string): boolean {
    const start = this.starts[field]!;
    if (this.ends[field]! - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Is the field all digits? */
  isNumber(field: number): boolean {
    scanNumber(this.bytes, this.starts[field]!);
    return this.ends[field]! > this.starts[field]! && numberEnd >= this.ends[field]!;
  }

  /**
   * A whole number below 2^53.
   * @param what for the message, such as `an offset in bytes`
   * @throws DataError with the field's place
   */
  integer(field: number, what: string): number {
    if (field >= this.count) throw this.short(what);
    if (!this.isNumber(field)) throw this.refuse(field, 'not a number', what);
    const value = scanNumber(this.bytes, this.starts[field]!);
    if (value >= EXACT_MAX) throw this.refuse(field, 'the number is out of range', `${what}, below 2^53`);
    return value;
  }

  /** Whole seconds of a field such as 12.000345; `fractionNs` has the rest. @throws DataError */
  seconds(field: number, what: string): number {
    if (field >= this.count) throw this.short(what);
    const start = this.starts[field]!;
    const end = this.ends[field]!;
    const value = scanNumber(this.bytes, start);
    if (numberEnd === start) throw this.refuse(field, 'not a time', what);
    if (value >= EXACT_MAX) throw this.refuse(field, 'the number is out of range', `${what}, below 2^53`);
    this.fractionNs = 0;
    if (numberEnd === end) return value;
    if (this.bytes[numberEnd] !== 46) throw this.refuse(field, 'not a time', what);
    let scale = 10 ** (NS_DIGITS - 1);
    for (let at = numberEnd + 1; at < end; at++) {
      const digit = this.bytes[at]! - ZERO;
      if (digit >>> 0 > 9) throw this.refuse(field, 'not a time', what);
      this.fractionNs += digit * scale;
      scale = Math.floor(scale / 10);
    }
    return value;
  }

  /** Nanoseconds below the second of the last `seconds`; digits beyond the ninth are cut. */
  fractionNs = 0;

  /** The error that a field is not what it should be. */
  refuse(field: number, what: string, expected: string, hint?: string): DataError {
    const place = { file: this.file, line: this.number, column: this.starts[field]! - this.start + 1 };
    return new DataError(what, place, { found: this.text(field), expected, hint });
  }

  /** The error that the line ends too early. */
  short(expected: string): DataError {
    const place = { file: this.file, line: this.number, column: this.end - this.start + 1 };
    const found = Buffer.from(this.bytes.subarray(this.start, this.end)).toString('utf8');
    return new DataError('the line is torn', place, { found, expected });
  }

  /** The error that there is more than should be. */
  long(field: number, expected: string): DataError {
    return this.refuse(field, 'the line goes on', expected);
  }

  private begin(bytes: Uint8Array, start: number, number: number): void {
    this.bytes = bytes;
    this.number = number;
    this.start = start;
    this.count = 0;
    this.end = bytes.indexOf(NEWLINE, start);
    if (this.end - start > RECORD_BYTES_MAX) {
      throw new DataError(
        'a line is longer than 1 MiB',
        { file: this.file, line: number },
        { expected: 'a text trace with short lines' },
      );
    }
  }
}
