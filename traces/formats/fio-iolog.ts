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
import { BLANK, INT_DIGITS, NEWLINE, scanNumber, TextLine, ZERO } from './text-line.ts';

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

/** Leading digits of an offset scanned apart: with the nine behind them, up to 15 digits, below 2^53. */
const OFFSET_HIGH_DIGITS = 6;
const POWERS_OF_TEN = new Float64Array([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);

class FioIologParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly rows: RowWriter;
  private readonly line: TextLine;
  private lines = 0;
  private version = 0;
  /** Time at the last header. */
  private baseNs = 0;
  /** Latest time since any header, on our clock. */
  private latestNs = 0;
  /** Of version 2: time of the last wait. */
  private waitNs = 0;
  /** The file of the last I/O: its name in bytes and its disk. */
  private name: Uint8Array = new Uint8Array(0);
  private disk = -1;

  constructor(context: ParserContext) {
    this.context = context;
    this.rows = context.rows;
    this.line = new TextLine(context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
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
   * next line begins, or 0 when the line is anything else. Numbers are scanned in place, in int32: with calls, or in
   * doubles, it took half as long again.
   */
  private readOrWrite(bytes: Uint8Array, start: number): number {
    let at = start;
    let digit = 0;
    let stamp = 0;
    while ((digit = bytes[at]! - ZERO) >>> 0 <= 9) {
      stamp = (Math.imul(stamp, 10) + digit) | 0;
      at++;
    }
    if (at === start || bytes[at] !== BLANK) return 0;
    if (at - start > INT_DIGITS) stamp = scanNumber(bytes, start);
    at++;
    const name = this.name;
    const nameLength = name.length;
    if (nameLength === 0 || bytes[at + nameLength] !== BLANK) return 0;
    for (let i = 0; i < nameLength; i++) if (bytes[at + i] !== name[i]) return 0;
    at += nameLength + 1;
    let op: number;
    if (
      bytes[at] === LETTER_R &&
      bytes[at + 1] === LETTER_E &&
      bytes[at + 2] === LETTER_A &&
      bytes[at + 3] === LETTER_D
    ) {
      op = OP_READ;
      at += 4;
    } else if (
      bytes[at] === LETTER_W &&
      bytes[at + 1] === LETTER_R &&
      bytes[at + 2] === LETTER_I &&
      bytes[at + 3] === LETTER_T &&
      bytes[at + 4] === LETTER_E
    ) {
      op = OP_WRITE;
      at += 5;
    } else {
      return 0;
    }
    if (bytes[at] !== BLANK) return 0;
    const offsetStart = ++at;
    const half = at + OFFSET_HIGH_DIGITS;
    let offset = 0;
    while (at < half && (digit = bytes[at]! - ZERO) >>> 0 <= 9) {
      offset = (Math.imul(offset, 10) + digit) | 0;
      at++;
    }
    if (at === half) {
      let low = 0;
      while ((digit = bytes[at]! - ZERO) >>> 0 <= 9) {
        low = (Math.imul(low, 10) + digit) | 0;
        at++;
      }
      if (at - half > INT_DIGITS) return 0;
      offset = offset * POWERS_OF_TEN[at - half]! + low;
    }
    if (at === offsetStart || bytes[at] !== BLANK) return 0;
    const lengthStart = ++at;
    let lengthBytes = 0;
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
    this.name = new TextEncoder().encode(line.text(first));
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
