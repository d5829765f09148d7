/**
 * The parser of every format whose lines are fields of numbers and words: SPC, MSR, FIU, the clouds' and simulators'
 * formats, and the mapper that people declare. A layout says what each column holds.
 *
 * `plainRow` takes the usual line in one pass over its bytes, with no string and no object; whatever it does not
 * expect goes to `anyLine`, which reads field by field, knows headers and comments, and makes the messages.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { BLANK, fourDigits, NEWLINE, NO_WORDS, TextLine, wordsOf, ZERO } from '../formats/text-line.ts';
import type { FormatParser, ParserContext } from '../trace-format.ts';
import type { Column, ColumnRole, OpWord, TextLayout } from './column.ts';
import { WordTable } from './word-table.ts';

const TAB = 9;
const RETURN = 13;
const POINT = 46;
const PID_MAX = 2 ** 31;
/** Digits that always fit an int32. */
const INT_DIGITS = 9;
const POWERS_OF_TEN = new Float64Array([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);
const POWERS_INT = new Int32Array([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);
const BILLION = 1e9;
const EXACT_MAX = 2 ** 53;

// Numbers first: one comparison tells them from words.
const TIME = 0;
const OFFSET = 1;
const LENGTH = 2;
const LATENCY = 3;
const PID = 4;
const COUNT = 5;
const WORDS = 6;
const OP = 6;
const DISK = 7;
const SKIP = 8;
const BLOCK = 9;
const FLAGS = 10;
const KIND_OF_ROLE: Readonly<Record<ColumnRole, number>> = {
  time: TIME,
  offset: OFFSET,
  length: LENGTH,
  latency: LATENCY,
  pid: PID,
  count: COUNT,
  op: OP,
  disk: DISK,
  skip: SKIP,
  block: BLOCK,
  flags: FLAGS,
};
const WHAT: Readonly<Record<ColumnRole, string>> = {
  time: 'a time',
  offset: 'an offset',
  length: 'a length',
  latency: 'a latency',
  pid: 'a process id',
  count: 'a count',
  op: 'an operation',
  flags: 'flags in hexadecimal',
  disk: 'a disk',
  block: 'a block id',
  skip: 'a field',
};
const OP_LEFT_OUT = 254;
const OP_UNKNOWN = 255;
const OP_OF_WORD: Readonly<Record<OpWord, number>> = {
  read: OP_READ,
  write: OP_WRITE,
  flush: OP_FLUSH,
  discard: OP_DISCARD,
  none: OP_LEFT_OUT,
};
/** assumed: no request of any format was repeated more often within one stamp. */
const COUNT_MAX = 1e6;

export class TextColumns implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly layout: TextLayout;
  private readonly line: TextLine;
  private readonly separator: number;
  private readonly blanks: boolean;
  private lines = 0;
  /** The bytes that are parsed, as words. */
  private words = NO_WORDS;
  private rowsSeen = 0;

  /** The columns as they stand in the file; none before a header told them. */
  private columns: readonly Column[] = [];
  private kinds = new Uint8Array(0);
  private units = new Float64Array(0);
  private more = false;
  private timeUnit = 1;
  /** Text of the header line, to know it when it comes again. */
  private header: string | undefined;

  private readonly opWords: readonly {
    readonly word: string;
    readonly op: number;
    readonly prefix: boolean;
  }[];
  private readonly opBytes: readonly Uint8Array[];
  private readonly opCodes: Uint8Array;
  private readonly opPrefixes: Uint8Array;
  /** By word: the next, no longer one that begins with the same byte, or 255. */
  private readonly opNext: Uint8Array;
  /** By first byte: the longest word that begins so, or 255. */
  private readonly opOfByte = new Uint8Array(256).fill(OP_UNKNOWN);

  private readonly diskWords = new WordTable();
  private readonly diskNumbers: number[] = [];
  /** Where no column names the disk; -1 where one does. */
  private onlyDisk = -1;
  private readonly diskFields: number;
  private readonly blockWords = new WordTable();
  private readonly stepNs: number;

  constructor(context: ParserContext, layout: TextLayout) {
    this.context = context;
    this.layout = layout;
    this.line = new TextLine(context.file);
    this.separator = layout.separator.charCodeAt(0);
    this.blanks = layout.separator === ' ';
    this.stepNs = layout.stepNs ?? 0;
    const words = Object.entries(layout.columns.find(({ role }) => role === 'op')?.words ?? {});
    // `Read` is tried before `R`.
    words.sort(([a], [b]) => b.length - a.length);
    this.opWords = words.map(([word, op]) => ({
      word: word.replace(/\*$/, ''),
      op: OP_OF_WORD[op],
      prefix: word.endsWith('*'),
    }));
    this.opBytes = this.opWords.map(({ word }) => Buffer.from(word, 'latin1'));
    this.opCodes = Uint8Array.from(this.opWords, ({ op }) => op);
    this.opPrefixes = Uint8Array.from(this.opWords, ({ prefix }) => (prefix ? 1 : 0));
    this.opNext = new Uint8Array(this.opWords.length).fill(OP_UNKNOWN);
    for (let i = this.opWords.length - 1; i >= 0; i--) {
      const first = this.opBytes[i]![0];
      if (first === undefined) continue;
      this.opNext[i] = this.opOfByte[first]!;
      this.opOfByte[first] = i;
    }
    const disk = layout.columns.find(({ role }) => role === 'disk');
    this.diskFields = disk?.fields ?? 1;
    if (!layout.named) this.use(layout.columns, layout.more);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.words = wordsOf(bytes, this.words);
    let at = start;
    while (at < end) {
      this.lineStart = at;
      this.lines++;
      const next = this.kinds.length === 0 ? 0 : this.plainRow(bytes, at);
      if (next !== 0) {
        at = next;
      } else {
        this.anyLine(bytes, at);
        at = this.line.end + 1;
      }
    }
    return end;
  }

  end(): void {
    if (this.layout.named && this.kinds.length === 0) {
      throw new DataError(
        'there is no header line',
        { file: this.context.file },
        { expected: `a line that names the columns ${this.wantedNames()}` },
      );
    }
  }

  /** The usual line: where the next one begins, or 0 when it is anything else. */
  private plainRow(bytes: Uint8Array, start: number): number {
    const { kinds, units, separator, words } = this;
    const { length } = bytes;
    let four = 0;
    const padding = separator === TAB ? BLANK : TAB;
    const last = kinds.length - 1;
    let at = start;
    let high = 0;
    let low = 0;
    let fraction = 0;
    let offset = 0;
    let lengthBytes = 0;
    let latencyNs = Number.NaN;
    let op = OP_READ;
    let disk = this.onlyDisk;
    let pid = -1;
    let times = 1;
    for (let column = 0; column <= last; column++) {
      while (bytes[at] === BLANK || bytes[at] === padding) at++;
      const kind = kinds[column]!;
      const first = at;
      if (kind < WORDS) {
        let digit = 0;
        let lead = 0;
        const limit = at + INT_DIGITS;
        let last4 = Math.min(limit, length) - 4;
        while (at <= last4 && (four = fourDigits(words.getInt32(at, true))) >= 0) {
          lead = (Math.imul(lead, 10_000) + four) | 0;
          at += 4;
        }
        while (at < limit && (digit = bytes[at]! - ZERO) >>> 0 <= 9) {
          lead = (Math.imul(lead, 10) + digit) | 0;
          at++;
        }
        if (at === first) return 0;
        let value = lead;
        let tail = 0;
        let tailDigits = 0;
        if (at === limit && (bytes[at]! - ZERO) >>> 0 <= 9) {
          const limit2 = at + INT_DIGITS;
          last4 = Math.min(limit2, length) - 4;
          while (at <= last4 && (four = fourDigits(words.getInt32(at, true))) >= 0) {
            tail = (Math.imul(tail, 10_000) + four) | 0;
            at += 4;
          }
          while (at < limit2 && (digit = bytes[at]! - ZERO) >>> 0 <= 9) {
            tail = (Math.imul(tail, 10) + digit) | 0;
            at++;
          }
          if ((bytes[at]! - ZERO) >>> 0 <= 9) return 0;
          tailDigits = at - limit;
          value = lead * POWERS_OF_TEN[tailDigits]! + tail;
        }
        if (kind === TIME) {
          if (tailDigits === 0) {
            low = lead;
          } else {
            const scale = POWERS_INT[INT_DIGITS - tailDigits]!;
            high = (lead / scale) | 0;
            low = (Math.imul(lead - Math.imul(high, scale), POWERS_INT[tailDigits]!) + tail) | 0;
          }
          if (bytes[at] === POINT) {
            at++;
            const point = at;
            const limit9 = at + INT_DIGITS;
            last4 = Math.min(limit9, length) - 4;
            while (at <= last4 && (four = fourDigits(words.getInt32(at, true))) >= 0) {
              fraction = (Math.imul(fraction, 10_000) + four) | 0;
              at += 4;
            }
            while (at < limit9 && (digit = bytes[at]! - ZERO) >>> 0 <= 9) {
              fraction = (Math.imul(fraction, 10) + digit) | 0;
              at++;
            }
            fraction = Math.imul(fraction, POWERS_INT[INT_DIGITS - (at - point)]!);
            while ((bytes[at]! - ZERO) >>> 0 <= 9) at++;
          }
        } else if (kind === OFFSET) {
          offset += value * units[column]!;
        } else if (kind === LENGTH) {
          lengthBytes = value * units[column]!;
        } else if (kind === LATENCY) {
          latencyNs = value * units[column]!;
          if (bytes[at] === POINT || latencyNs >= EXACT_MAX) return 0;
        } else if (kind === PID) {
          if (value >= PID_MAX) return 0;
          pid = value;
        } else {
          if (value > COUNT_MAX) return 0;
          times = value;
        }
      } else if (kind === SKIP) {
        let byte = bytes[at]!;
        while (byte !== separator && byte !== NEWLINE) byte = bytes[++at]!;
      } else if (kind === OP) {
        let word = this.opOfByte[bytes[at]!]!;
        let wordLength = 0;
        for (; word !== OP_UNKNOWN; word = this.opNext[word]!) {
          const wanted = this.opBytes[word]!;
          wordLength = 1;
          while (wordLength < wanted.length && bytes[at + wordLength] === wanted[wordLength]) wordLength++;
          if (wordLength === wanted.length) break;
        }
        if (word === OP_UNKNOWN) return 0;
        op = this.opCodes[word]!;
        if (op === OP_LEFT_OUT) return 0;
        at += wordLength;
        if (this.opPrefixes[word] === 1) while (bytes[at] !== separator && bytes[at]! > BLANK) at++;
      } else if (kind === DISK) {
        let fields = this.diskFields;
        for (;;) {
          let byte = bytes[at]!;
          while (byte !== separator && byte > BLANK) byte = bytes[++at]!;
          if (--fields === 0) break;
          if (byte !== separator) return 0;
          at++;
        }
        // A name with a blank in it is read in the other way.
        if (at === first || (bytes[at] !== separator && bytes[at] !== NEWLINE && bytes[at] !== RETURN))
          return 0;
        const disks = this.diskWords;
        const known = disks.count;
        const word = disks.intern(bytes, first, at);
        if (word === known) this.addDisk(bytes, first, at);
        disk = this.diskNumbers[word]!;
      } else if (kind === BLOCK) {
        let byte = bytes[at]!;
        while (byte !== separator && byte > BLANK) byte = bytes[++at]!;
        if (at === first) return 0;
        offset += this.blockWords.intern(bytes, first, at) * units[column]!;
      } else {
        let flags = 0;
        for (;;) {
          const nibble = nibbleOf(bytes[at]!);
          if (nibble < 0 || at - first > 7) break;
          flags = nibble;
          at++;
        }
        if (at === first) return 0;
        op = (flags & 1) === 1 ? OP_READ : OP_WRITE;
      }
      if (column < last) {
        if (bytes[at] === separator) at++;
        else if (!(this.blanks && bytes[at] === TAB)) return 0;
      }
    }
    if (bytes[at] !== NEWLINE) {
      if (bytes[at] === RETURN && bytes[at + 1] === NEWLINE) at++;
      else if (this.more && bytes[at] === separator) while (bytes[at] !== NEWLINE) at++;
      else return 0;
    }
    let timeNs: number;
    if (this.stepNs !== 0) {
      timeNs = this.rowsSeen * this.stepNs;
    } else {
      timeNs = this.context.origin.fromDecimal(high, low) * this.timeUnit;
      if (fraction !== 0) timeNs += Math.floor((fraction * this.timeUnit) / BILLION);
    }
    this.rowsSeen++;
    const { rows } = this.context;
    for (; times > 0; times--) rows.add(timeNs, op, offset, lengthBytes, latencyNs, disk, 0, pid, this.lines);
    return at + 1;
  }

  private addDisk(bytes: Uint8Array, start: number, end: number): void {
    const words = Buffer.from(bytes.subarray(start, end)).toString('utf8');
    const name =
      this.diskFields === 1
        ? words
        : words
            .split(this.layout.separator)
            .map((field) => field.trim())
            .join('_');
    this.diskNumbers.push(this.context.disks.intern(name, this.context.file));
  }

  private use(columns: readonly Column[], more: boolean): void {
    let needed = columns.length;
    while (needed > 0 && columns[needed - 1]!.role === 'skip' && more) needed--;
    this.columns = columns.slice(0, needed);
    this.more = more;
    this.kinds = Uint8Array.from(this.columns, ({ role }) => KIND_OF_ROLE[role]);
    this.units = Float64Array.from(this.columns, ({ unit }) => unit ?? 1);
    this.timeUnit = this.columns.find(({ role }) => role === 'time')?.unit ?? 1;
    const { disks, fileTitle, file } = this.context;
    // A header may leave an optional column of disks out.
    this.onlyDisk = this.columns.some(({ role }) => role === 'disk') ? -1 : disks.intern(fileTitle, file);
  }

  /** Any line: a header, a comment, a blank, a row as it may also be, or an error. */
  private anyLine(bytes: Uint8Array, start: number): void {
    const { line, layout } = this;
    if (this.blanks) line.cutAtBlanks(bytes, start, this.lines);
    else line.cutAt(this.separator, bytes, start, this.lines);
    if (line.count === 0 || (line.count === 1 && line.text(0) === '')) return;
    const comment = layout.comment?.includes(line.text(0)[0] ?? ' ') === true;
    if (line.end - line.start < 65536 && this.isHeader(bytes, comment)) return;
    if (comment) return;
    if (this.kinds.length === 0) {
      throw line.refuse(0, 'the columns are not known yet', `a header line with ${this.wantedNames()}`);
    }
    try {
      this.fields();
    } catch (error) {
      if (layout.spurious !== true || !(error instanceof DataError) || this.looksLikeRow()) throw error;
      this.context.notes.note('lines that are no rows, passed over: #');
    }
  }

  private looksLikeRow(): boolean {
    return this.line.isNumber(0);
  }

  private wantedNames(): string {
    return this.layout.columns
      .filter(({ names, optional }) => names !== undefined && optional !== true)
      .map(({ names }) => names![0]!)
      .join(', ');
  }

  /** Takes a line that names the columns, the first time and again. */
  private isHeader(bytes: Uint8Array, comment: boolean): boolean {
    const { line } = this;
    const text = Buffer.from(bytes.subarray(line.start, line.end)).toString('latin1').trimEnd();
    if (text === this.header) {
      this.context.notes.note('header lines that came again, passed over: #');
      return true;
    }
    if (this.layout.named) return this.takeNames(text, comment);
    if (this.rowsSeen > 0 || this.header !== undefined || comment) return false;
    for (let field = 0; field < line.count; field++) {
      if (!/^"?[A-Za-z#][^0-9]*"?$/.test(line.text(field))) return false;
    }
    this.header = text;
    return true;
  }

  private takeNames(text: string, comment: boolean): boolean {
    const { line, layout } = this;
    const names: string[] = [];
    for (let field = 0; field < line.count; field++) {
      const name = unquoted(line.text(field));
      if (field === 0 && comment) {
        const rest = name.replace(/^#+/, '');
        if (rest !== '') names.push(rest);
      } else {
        names.push(name);
      }
    }
    const columns: Column[] = names.map(() => ({ role: 'skip' }));
    for (const column of layout.columns) {
      const at = names.findIndex((name) => column.names?.includes(name));
      if (at >= 0) columns[at] = column;
      else if (column.optional !== true) {
        // A line of which most names are known is a header with one misspelt; anything else is none.
        const found = layout.columns.filter((other) => other.names?.some((name) => names.includes(name)));
        if (2 * found.length <= layout.columns.length) return false;
        throw line.refuse(
          0,
          `the header names no column ${column.names?.join(' or ')}`,
          this.wantedNames(),
          didYouMean(column.names?.[0] ?? '', names),
        );
      }
    }
    this.header = text;
    this.use(columns, true);
    return true;
  }

  /** Reads the line at hand field by field. @throws DataError */
  private fields(): void {
    const { line } = this;
    const { rows, origin, notes } = this.context;
    let at = 0;
    let timeNs = this.rowsSeen * this.stepNs;
    let offset = 0;
    let lengthBytes = 0;
    let latencyNs = Number.NaN;
    let op = OP_READ;
    let disk = this.onlyDisk;
    let pid = -1;
    let times = 1;
    for (const column of this.columns) {
      const what = WHAT[column.role];
      const unit = column.unit ?? 1;
      if (at >= line.count) throw line.short(what);
      const field = at;
      at += column.fields ?? 1;
      if (column.role === 'skip' || (column.optional === true && line.text(field) === '')) continue;
      switch (column.role) {
        case 'time': {
          const { high, low, fraction } = this.decimal(field, what);
          timeNs = origin.fromDecimal(high, low) * unit + Math.floor((fraction * unit) / BILLION);
          break;
        }
        case 'latency': {
          const { high, low, fraction } = this.decimal(field, what);
          latencyNs = (high * BILLION + low) * unit + Math.floor((fraction * unit) / BILLION);
          if (!Number.isSafeInteger(latencyNs)) latencyNs = Number.NaN;
          break;
        }
        case 'offset':
          offset += this.whole(field, what) * unit;
          break;
        case 'length':
          lengthBytes = this.whole(field, what) * unit;
          break;
        case 'pid':
          pid = this.whole(field, what);
          if (pid >= PID_MAX) throw line.refuse(field, 'the number is out of range', `${what}, below 2^31`);
          break;
        case 'count':
          times = this.whole(field, what);
          if (times > COUNT_MAX)
            throw line.refuse(field, 'the number is out of range', `${what}, at most 10^6`);
          if (times === 0) notes.note('rows that count 0 requests, left out: #');
          break;
        case 'op': {
          op = this.operation(field);
          if (op === OP_LEFT_OUT) {
            const word = unquoted(line.text(field)).slice(0, 20);
            notes.note(
              word === ''
                ? 'rows with a blank operation, left out: #'
                : `rows with operation ${JSON.stringify(word)}, left out: #`,
            );
            return;
          }
          break;
        }
        case 'flags': {
          const words = line.text(field);
          if (!/^(0x)?[0-9a-fA-F]{1,8}$/.test(words)) throw line.refuse(field, 'not a number', what);
          op = (Number.parseInt(words, 16) & 1) === 1 ? OP_READ : OP_WRITE;
          break;
        }
        case 'disk': {
          if (at > line.count) throw line.short(what);
          const names: string[] = [];
          for (let i = field; i < at; i++) names.push(unquoted(line.text(i)));
          if (names.join('') === '') throw line.refuse(field, 'a disk without a name', what);
          disk = this.context.disks.intern(names.join('_'), this.context.file);
          break;
        }
        default: {
          const word = Buffer.from(unquoted(line.text(field)), 'utf8');
          offset += this.blockWords.intern(word, 0, word.length) * unit;
        }
      }
    }
    if (at < line.count && !this.more) throw line.long(at, `${at} fields`);
    this.rowsSeen++;
    for (; times > 0; times--) rows.add(timeNs, op, offset, lengthBytes, latencyNs, disk, 0, pid, this.lines);
  }

  /** A whole number of at least 0, in decimal or, behind 0x, in hexadecimal. */
  private whole(field: number, what: string): number {
    const { line } = this;
    const text = unquoted(line.text(field));
    const whole = /^(?:0x[0-9a-fA-F]+|[0-9]+(?:\.0*)?)$/.test(text) && text.length < 400;
    if (!whole) throw line.refuse(field, 'not a number', what);
    const value = Number(text);
    if (!(value < EXACT_MAX)) throw line.refuse(field, 'the number is out of range', `${what}, below 2^53`);
    return value;
  }

  /** A number of at least 0 as billions, units below a billion, and billionths. */
  private decimal(field: number, what: string): { high: number; low: number; fraction: number } {
    const { line } = this;
    const match = /^([0-9]{1,24})(?:\.([0-9]*))?$/.exec(unquoted(line.text(field)));
    if (match === null) throw line.refuse(field, 'not a number', what);
    const whole = match[1]!.padStart(10, '0');
    const high = Number(whole.slice(0, -INT_DIGITS));
    if (high >= EXACT_MAX) throw line.refuse(field, 'the number is out of range', what);
    return {
      high,
      low: Number(whole.slice(-INT_DIGITS)),
      fraction: Number((match[2] ?? '').slice(0, INT_DIGITS).padEnd(INT_DIGITS, '0')),
    };
  }

  private operation(field: number): number {
    const text = unquoted(this.line.text(field));
    for (const { word, op, prefix } of this.opWords) {
      if (prefix ? text.startsWith(word) : text === word) return op;
    }
    const words = this.opWords.map(({ word }) => word).filter((word) => word !== '');
    throw this.line.refuse(field, 'no such operation', words.join(', '), didYouMean(text, words));
  }
}

/** The text of a field without the quotes around it. */
function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function nibbleOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return byte >= 65 && byte <= 70 ? byte - 55 : -1;
}
