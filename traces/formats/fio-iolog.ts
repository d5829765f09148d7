/**
 * fio's I/O log, versions 2 and 3.
 *
 * @source fio f5344384 HOWTO "Trace file format" and iolog.c; runs of fio 3.33 (docs of this project)
 *
 * Version 3 stamps each line with microseconds since the job's start. Version 2 has no time but its `wait` lines, and
 * fio reads those as milliseconds since its own start, all from the same origin (its manual says otherwise): rows
 * stand at the time of the last wait. A header in mid-file is what fio's appending leaves: the clock starts again
 * there, and our time goes on. Files are disks; the same name in several logs is the same disk.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { NS_PER_MS, NS_PER_US } from '../../reference/kernel/units.ts';
import type { RowWriter } from '../rows/row-writer.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import {
  BLANK,
  fourDigits,
  INT_DIGITS,
  NEWLINE,
  NO_WORDS,
  scanNumber,
  TextLine,
  wordsOf,
  ZERO,
} from './text-line.ts';

const HEADER = 'fio version ';

const ACTIONS = [
  'read',
  'write',
  'sync',
  'datasync',
  'trim',
  'wait',
  'add',
  'open',
  'close',
  'syncfs',
  'sync_file_range',
];

const LETTER_A = 97;
const LETTER_D = 100;
const LETTER_E = 101;
const LETTER_I = 105;
const LETTER_R = 114;
const LETTER_T = 116;
const LETTER_W = 119;
/** Four bytes as a word, the first of them in its low byte. */
const wordOf = (a: number, b: number, c: number, d: number): number => a | (b << 8) | (c << 16) | (d << 24);
const WORD_READ = wordOf(LETTER_R, LETTER_E, LETTER_A, LETTER_D);
const WORD_WRIT = wordOf(LETTER_W, LETTER_R, LETTER_I, LETTER_T);

/** Digits of an offset that a double holds exactly, whatever they are. */
const OFFSET_DIGITS = 15;
/** Longest line of the usual form without its name: two numbers of nine digits, one of 15, and the words read within. */
const LINE_BYTES_MAX = 64;

class FioIologParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly rows: RowWriter;
  private readonly line: TextLine;
  private lines = 0;
  /** The bytes that are parsed, as words. */
  private words = NO_WORDS;
  private version = 0;
  /** Time at the last header. */
  private baseNs = 0;
  /** Latest time since any header, on our clock. */
  private latestNs = 0;
  /** Of version 2: time of the last wait. */
  private waitNs = 0;
  /** The file of the last I/O: its name in bytes and its disk. */
  private name: Uint8Array = new Uint8Array(0);
  private nameWords = NO_WORDS;
  private disk = -1;

  constructor(context: ParserContext) {
    this.context = context;
    this.rows = context.rows;
    this.line = new TextLine(context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.words = wordsOf(bytes, this.words);
    let at = start;
    while (at < end) {
      this.lineStart = at;
      const next = this.version === 3 ? this.readOrWrite(bytes, at) : 0;
      if (next !== 0) {
        at = next;
      } else {
        this.lines++;
        this.anyLine(bytes, at);
        at = this.line.end + 1;
      }
    }
    return end;
  }

  end(): void {
    if (this.version === 0) {
      throw new DataError(
        'not a fio iolog',
        { file: this.context.file, line: 1 },
        { expected: '"fio version 2 iolog" or "fio version 3 iolog"' },
      );
    }
  }

  /**
   * The usual line of version 3, `STAMP NAME read|write OFFSET LENGTH` with the name of the line before: where the
   * next line begins, or 0 when the line is anything else. Numbers are scanned in place, four digits at once as long
   * as there are, and in int32: with calls, or in doubles, it took half as long again.
   */
  private readOrWrite(bytes: Uint8Array, start: number): number {
    const { words, name, nameWords } = this;
    const nameLength = name.length;
    // So that no word is read beyond the end.
    if (start + LINE_BYTES_MAX + nameLength > bytes.length || nameLength === 0) return 0;
    let at = start;
    let digit = 0;
    let four = 0;
    let stamp = 0;
    while ((four = fourDigits(words.getInt32(at, true))) >= 0) {
      stamp = (Math.imul(stamp, 10_000) + four) | 0;
      at += 4;
      if (at - start > INT_DIGITS) return 0;
    }
    while ((digit = bytes[at]! - ZERO) >>> 0 <= 9) {
      stamp = (Math.imul(stamp, 10) + digit) | 0;
      at++;
    }
    if (at === start || bytes[at] !== BLANK) return 0;
    if (at - start > INT_DIGITS) stamp = scanNumber(bytes, start);
    at++;
    if (bytes[at + nameLength] !== BLANK) return 0;
    let i = 0;
    for (; i + 4 <= nameLength; i += 4)
      if (words.getInt32(at + i, true) !== nameWords.getInt32(i, true)) return 0;
    for (; i < nameLength; i++) if (bytes[at + i] !== name[i]) return 0;
    at += nameLength + 1;
    let op: number;
    const action = words.getInt32(at, true);
    if (action === WORD_READ) {
      op = OP_READ;
      at += 4;
    } else if (action === WORD_WRIT && bytes[at + 4] === LETTER_E) {
      op = OP_WRITE;
      at += 5;
    } else {
      return 0;
    }
    if (bytes[at] !== BLANK) return 0;
    const offsetStart = ++at;
    let offset = 0;
    while ((four = fourDigits(words.getInt32(at, true))) >= 0) {
      offset = offset * 10_000 + four;
      at += 4;
      if (at - offsetStart > OFFSET_DIGITS) return 0;
    }
    while ((digit = bytes[at]! - ZERO) >>> 0 <= 9) {
      offset = offset * 10 + digit;
      at++;
    }
    if (at === offsetStart || at - offsetStart > OFFSET_DIGITS || bytes[at] !== BLANK) return 0;
    const lengthStart = ++at;
    let lengthBytes = 0;
    if ((four = fourDigits(words.getInt32(at, true))) >= 0) {
      lengthBytes = four;
      at += 4;
    }
    while ((digit = bytes[at]! - ZERO) >>> 0 <= 9) {
      lengthBytes = (Math.imul(lengthBytes, 10) + digit) | 0;
      at++;
    }
    if (at === lengthStart || at - lengthStart > INT_DIGITS || bytes[at] !== NEWLINE) return 0;
    const timeNs = this.baseNs + stamp * NS_PER_US;
    if (timeNs > this.latestNs) this.latestNs = timeNs;
    this.rows.add(timeNs, op, offset, lengthBytes, Number.NaN, this.disk, 0, -1, ++this.lines);
    return at + 1;
  }

  private anyLine(bytes: Uint8Array, start: number): void {
    const line = this.line;
    line.cutAtBlanks(bytes, start, this.lines);
    if (line.count === 0) return;
    if (line.is(0, 'fio') && line.count >= 2 && line.is(1, 'version')) {
      this.header();
      return;
    }
    if (this.version === 0)
      throw line.refuse(0, 'not a fio iolog', '"fio version 2 iolog" or "fio version 3 iolog"');
    const first = this.version === 3 ? 1 : 0;
    let timeNs = this.waitNs;
    if (this.version === 3) {
      timeNs = this.baseNs + line.integer(0, 'a time stamp in microseconds') * NS_PER_US;
      if (timeNs > this.latestNs) this.latestNs = timeNs;
    }
    if (line.count <= first) throw line.short('a file name');
    if (line.count <= first + 1) throw line.short(`an action: ${ACTIONS.join(', ')}`);
    this.action(timeNs, first);
  }

  private header(): void {
    const line = this.line;
    const known = line.count >= 4 && line.is(3, 'iolog') && (line.is(2, '2') || line.is(2, '3'));
    if (!known) {
      if (line.count < 4) throw line.short('"fio version 2 iolog" or "fio version 3 iolog"');
      throw line.refuse(2, 'this version of the iolog is not known', 'version 2 or 3');
    }
    if (line.count > 4) throw line.long(4, 'the end of the header');
    this.version = line.is(2, '2') ? 2 : 3;
    if (this.lines > 1)
      this.context.notes.note('headers in mid-file (the log was appended to; time goes on there): #');
    this.baseNs = this.latestNs;
    this.waitNs = this.latestNs;
  }

  private action(timeNs: number, first: number): void {
    const line = this.line;
    const action = line.text(first + 1);
    switch (action) {
      case 'add':
        this.noMore(first + 2, action);
        this.context.disks.intern(line.text(first), this.context.file);
        return;
      case 'open':
      case 'close':
        this.noMore(first + 2, action);
        this.diskOf(first);
        return;
      case 'read':
        this.io(timeNs, OP_READ, first);
        return;
      case 'write':
        this.io(timeNs, OP_WRITE, first);
        return;
      case 'trim':
        this.io(timeNs, OP_DISCARD, first);
        return;
      case 'sync':
      case 'datasync':
      case 'syncfs':
        this.io(timeNs, OP_FLUSH, first);
        return;
      case 'sync_file_range':
        this.context.notes.note('sync_file_range lines, left out as they flush no device: #');
        return;
      case 'wait':
        this.wait(first);
        return;
      default:
        throw line.refuse(first + 1, 'no such action', ACTIONS.join(', '), didYouMean(action, ACTIONS));
    }
  }

  private io(timeNs: number, op: number, first: number): void {
    const line = this.line;
    const offset = line.integer(first + 2, 'an offset in bytes');
    const lengthBytes = line.integer(first + 3, 'a length in bytes');
    this.noMore(first + 4, 'the length');
    this.disk = this.diskOf(first);
    this.remember(line.text(first));
    this.rows.add(timeNs, op, offset, lengthBytes, Number.NaN, this.disk, 0, -1, line.number);
  }

  private wait(first: number): void {
    const milliseconds = this.line.integer(first + 2, 'a time in milliseconds');
    if (this.version === 3) {
      this.context.notes.note('wait lines, left out as version 3 has time stamps instead: #');
      return;
    }
    // fio does not sleep when the moment has passed.
    this.waitNs = Math.max(this.waitNs, this.baseNs + milliseconds * NS_PER_MS);
    this.latestNs = this.waitNs;
  }

  private diskOf(field: number): number {
    const name = this.line.text(field);
    const disk = this.context.disks.find(name);
    if (disk !== undefined) return disk;
    const hint = didYouMean(name, this.context.disks.names.slice(0, 100));
    throw this.line.refuse(field, 'this file was never added', 'a file named by an earlier "add" line', hint);
  }

  private noMore(field: number, after: string): void {
    if (this.line.count > field) throw this.line.long(field, `nothing after ${after}`);
  }

  /** Makes a file the one that is named by most lines. */
  private remember(name: string): void {
    this.name = new TextEncoder().encode(name);
    this.nameWords = wordsOf(this.name, NO_WORDS);
  }
}

export const fioIolog: TraceFormat = {
  name: 'fio-iolog',
  description: 'fio I/O log, version 2 or 3 (write_iolog)',
  recognisedBy: 'the first line: "fio version 2 iolog" or "fio version 3 iolog"',
  encoding: 'text',
  pairsCompletions: false,
  recognise: (head) => Buffer.from(head.subarray(0, HEADER.length)).toString('latin1') === HEADER,
  open: (context) => new FioIologParser(context),
};
