/**
 * Microsoft's server traces as CSV, printed by xperf from ETW: Exchange, production servers, TPC-C and TPC-E (SNIA
 * block-io 130, 158, 131, 149). Between `BeginHeader` and `EndHeader` stand the columns of each event; then events
 * of many kinds are mixed, each field padded with blanks. `DiskRead`, `DiskWrite` and `DiskFlush` become rows.
 *
 * @source the sets' READMEs; rows quoted in the Caffeine project's EnterpriseTraceReader test (docs of this project)
 *
 * These events are written when the I/O completes: it was issued ElapsedTime before its TimeStamp, and rows are sorted
 * into that order. Clocks begin again in each file: files are laid behind one another. Offsets and sizes are
 * hexadecimal. A process name may hold commas: columns behind it are counted from IrpPtr, which is `0x...`.
 */
import { OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { NS_PER_US } from '../../reference/kernel/units.ts';
import { IssueOrder } from '../rows/issue-order.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import { BLANK, NEWLINE, TextLine, ZERO } from './text-line.ts';

const COMMA = 44;
const LETTER_X = 120;
const EXACT_MAX = 2 ** 53;
const PID_MAX = 2 ** 31;
const EVENTS: readonly (readonly [string, number])[] = [
  ['DiskRead', OP_READ],
  ['DiskWrite', OP_WRITE],
  ['DiskFlush', OP_FLUSH],
];
const EVENT_BYTES = EVENTS.map(([name]) => Buffer.from(name, 'latin1'));
const LETTER_D = 68;
/** Digits that fit 2^53 in any base up to 16, with room. */
const DIGITS_MAX = 13;

const FIRST_LINE =
  /^\s*(?:BeginHeader\b|Disk(?:Read|Write|Flush)(?:Init)?\s*,\s*\d+\s*,.*,\s*0x[0-9a-fA-F]+|Disk(?:Read|Write|Flush)(?:Init)?\s*,\s*TimeStamp\b)/;

class EtwParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly line: TextLine;
  private readonly order: IssueOrder;
  private lines = 0;
  private inHeader = false;
  private readonly diskOfNumber: number[] = [];
  /** Where the last field ended. */
  private at = 0;

  constructor(context: ParserContext) {
    this.context = context;
    this.line = new TextLine(context.file);
    this.order = new IssueOrder(context.rows);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      this.lineStart = at;
      this.lines++;
      while (bytes[at] === BLANK) at++;
      const event = bytes[at] === LETTER_D ? eventAt(bytes, at) : -1;
      if (event >= 0 && !this.inHeader) this.event(bytes, this.lineStart, at, event);
      else if (bytes[at] === 66 || bytes[at] === 69) this.header(bytes, at);
      while (bytes[at] !== NEWLINE) at++;
      at++;
    }
    return end;
  }

  end(): void {
    this.order.end();
  }

  private header(bytes: Uint8Array, at: number): void {
    const word = Buffer.from(bytes.subarray(at, at + 11)).toString('latin1');
    if (word === 'BeginHeader') this.inHeader = true;
    else if (word.startsWith('EndHeader')) this.inHeader = false;
  }

  private event(bytes: Uint8Array, lineStart: number, start: number, event: number): void {
    const op = EVENTS[event]![1];
    this.at = start;
    const timeUs = this.number(bytes, this.skip(bytes));
    if (timeUs < 0) {
      this.explain(bytes, lineStart, op);
      return;
    }
    // The process, up to the last bracket before IrpPtr.
    let at = this.at;
    let pid = -1;
    for (;;) {
      while (bytes[at] === BLANK || bytes[at] === COMMA) at++;
      if (bytes[at] === ZERO && bytes[at + 1] === LETTER_X) break;
      const field = at;
      while (bytes[at] !== COMMA && bytes[at] !== NEWLINE) at++;
      if (bytes[at] === NEWLINE) this.explain(bytes, lineStart, op);
      if (bytes[at] === NEWLINE) return;
      const open = bytes.lastIndexOf(40, at);
      if (open > field) pid = digitsFrom(bytes, open + 1);
    }
    this.at = at;
    const irp = this.skip(bytes);
    let offset = 0;
    let size = 0;
    if (op !== OP_FLUSH) {
      offset = this.number(bytes, irp);
      size = this.number(bytes, this.at);
    }
    const elapsedUs = this.number(bytes, op === OP_FLUSH ? irp : this.at);
    const number = this.number(bytes, this.at);
    if (offset < 0 || size < 0 || elapsedUs < 0 || number < 0 || number > 65535) {
      this.explain(bytes, lineStart, op);
      return;
    }
    const disk = (this.diskOfNumber[number] ??= this.context.disks.intern(
      `disk${number}`,
      this.context.file,
    ));
    const atNs = this.context.origin.fromDecimal(0, timeUs) * NS_PER_US;
    const latencyNs = elapsedUs * NS_PER_US;
    this.order.add(atNs - latencyNs, op, offset, size, latencyNs, disk, pid, this.lines);
  }

  /** Behind the field at hand and its comma. */
  private skip(bytes: Uint8Array): number {
    let at = this.at;
    while (bytes[at] !== COMMA && bytes[at] !== NEWLINE) at++;
    this.at = bytes[at] === COMMA ? at + 1 : at;
    return this.at;
  }

  /** The number in the field from `start` on, decimal or behind 0x hexadecimal; -1 where there is none. */
  private number(bytes: Uint8Array, start: number): number {
    let at = start;
    while (bytes[at] === BLANK) at++;
    let value = 0;
    let digits = 0;
    if (bytes[at] === ZERO && bytes[at + 1] === LETTER_X) {
      at += 2;
      while (bytes[at] === ZERO) {
        at++;
        digits = 1;
      }
      const first = at;
      for (let nibble = nibbleOf(bytes[at]!); nibble >= 0; nibble = nibbleOf(bytes[at]!)) {
        value = value * 16 + nibble;
        at++;
      }
      if (at - first > DIGITS_MAX) return -1;
      digits += at - first;
    } else {
      const first = at;
      for (let digit = bytes[at]! - ZERO; digit >>> 0 <= 9; digit = bytes[at]! - ZERO) {
        value = value * 10 + digit;
        at++;
      }
      digits = at - first;
    }
    while (bytes[at] === BLANK || bytes[at] === 13) at++;
    if (digits === 0 || value >= EXACT_MAX) return -1;
    if (bytes[at] !== COMMA && bytes[at] !== NEWLINE) return -1;
    this.at = bytes[at] === COMMA ? at + 1 : at;
    return value;
  }

  /** Throws what is wrong with the line, unless it only repeats the names of its columns. */
  private explain(bytes: Uint8Array, start: number, op: number): void {
    const { line } = this;
    line.cutAt(COMMA, bytes, start, this.lines);
    if (line.count > 1 && line.is(1, 'TimeStamp')) return;
    line.integer(1, 'a time stamp in µs');
    let irp = 2;
    while (irp < line.count && !/^0x[0-9a-fA-F]+$/.test(line.text(irp))) irp++;
    if (irp >= line.count) throw line.short('the address of the request, as in 0xfffffade691b3010');
    const names =
      op === OP_FLUSH
        ? ['an elapsed time in µs', 'a disk']
        : ['an offset in bytes', 'a size in bytes', 'an elapsed time in µs', 'a disk, 0 to 65535'];
    for (const [index, name] of names.entries()) {
      const field = irp + 1 + index;
      if (field >= line.count) throw line.short(name);
      const text = line.text(field);
      const good = /^(?:0x[0-9a-fA-F]{1,20}|[0-9]{1,20})$/.test(text) && Number(text) < EXACT_MAX;
      const disk = index === names.length - 1;
      if (!good || (disk && Number(text) > 65535)) throw line.refuse(field, 'not a number in range', name);
    }
    throw line.refuse(
      0,
      'not an event as it should be',
      'DiskRead, TimeStamp, Process, ThreadID, IrpPtr, ...',
    );
  }
}

/** Which of the events begins here, with its name whole; or -1. */
function eventAt(bytes: Uint8Array, at: number): number {
  for (let event = 0; event < EVENT_BYTES.length; event++) {
    const name = EVENT_BYTES[event]!;
    let i = 1;
    while (i < name.length && bytes[at + i] === name[i]) i++;
    if (i === name.length && (bytes[at + i] === COMMA || bytes[at + i] === BLANK)) {
      return bytes[at + i] === COMMA ? event : blankThenComma(bytes, at + i) ? event : -1;
    }
  }
  return -1;
}

function blankThenComma(bytes: Uint8Array, start: number): boolean {
  let at = start;
  while (bytes[at] === BLANK) at++;
  return bytes[at] === COMMA;
}

function digitsFrom(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === BLANK) at++;
  let value = 0;
  const first = at;
  for (let digit = bytes[at]! - ZERO; digit >>> 0 <= 9; digit = bytes[at]! - ZERO) {
    value = value * 10 + digit;
    at++;
  }
  return at > first && value < PID_MAX ? value : -1;
}

function nibbleOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return byte >= 65 && byte <= 70 ? byte - 55 : -1;
}

export const etw: TraceFormat = {
  name: 'etw',
  description:
    'Microsoft ETW/xperf CSV: Exchange, production servers, TPC-C, TPC-E (SNIA 130, 158, 131, 149)',
  recognisedBy: 'BeginHeader, or events DiskRead|DiskWrite|DiskFlush, TimeStamp, Process, ThreadID, IrpPtr',
  encoding: 'text',
  pairsCompletions: false,
  coarseClock: false,
  clockRestarts: true,
  recognise: (head) => {
    const lines = Buffer.from(head.subarray(0, 4096)).toString('latin1').split('\n').slice(0, 5);
    return lines.some((line) => FIRST_LINE.test(line));
  },
  open: (context) => new EtwParser(context),
};
