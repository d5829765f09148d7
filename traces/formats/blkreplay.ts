/**
 * blkreplay's loads: `SECONDS ; SECTOR ; SECTORS ; OPERATION ; REPLAY_DELAY ; REPLAY_DURATION`, behind a preamble of
 * free text that may come again in mid-file. The last two are 0.0 in loads and measured in replays, where the
 * duration is the recorded latency.
 *
 * @source the published loads of blkreplay.org and their preamble (docs of this project)
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_FLUSH } from '../../reference/kernel/io.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import { OP_NONE, parseRwbs, type Rwbs } from './rwbs.ts';
import { BLANK, isBlank, NEWLINE, numberEnd, scanNumber, TextLine } from './text-line.ts';

const SEMICOLON = 59;
const POINT = 46;
const ROW_LINE =
  /^[ \t]*[0-9]+\.[0-9]+[ \t]*;[ \t]*[0-9]+[ \t]*;[ \t]*[0-9]+[ \t]*;[ \t]*[A-Z]+[ \t]*(?:;|\r?$)/m;
const HEADER_LINE = /^[ \t]*start[ \t]*;[ \t]*sector[ \t]*;[ \t]*length[ \t]*;[ \t]*op[ \t]*;/m;

class BlkreplayParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly line: TextLine;
  private readonly rwbs: Rwbs = { op: 0, flags: 0, preflush: false };
  private readonly disk: number;
  private lines = 0;
  private rowsSeen = false;

  constructor(context: ParserContext) {
    this.context = context;
    this.line = new TextLine(context.file);
    this.disk = context.disks.intern(context.fileTitle, context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      this.lineStart = at;
      this.lines++;
      const next = this.plainRow(bytes, at);
      if (next !== 0) {
        at = next;
      } else {
        this.anyLine(bytes, at);
        at = this.line.end + 1;
      }
    }
    return end;
  }

  end(): void {}

  /** A row as loads have them, of a read or write, with no measurements: the next line's start, or 0. */
  private plainRow(bytes: Uint8Array, start: number): number {
    let at = start;
    while (bytes[at] === BLANK) at++;
    const seconds = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== POINT) return 0;
    at = numberEnd + 1;
    const nanoseconds = scanNumber(bytes, at);
    if (numberEnd !== at + 9) return 0;
    at = separator(bytes, numberEnd);
    const sector = scanNumber(bytes, at);
    if (at === 0 || numberEnd === at) return 0;
    at = separator(bytes, numberEnd);
    const sectors = scanNumber(bytes, at);
    if (at === 0 || numberEnd === at) return 0;
    at = separator(bytes, numberEnd);
    if (at === 0) return 0;
    const column = at;
    while (bytes[at]! > BLANK && bytes[at] !== SEMICOLON) at++;
    if (!parseRwbs(bytes, column, at, this.rwbs) || this.rwbs.op >= OP_FLUSH) return 0;
    for (let field = 0; field < 2; field++) {
      at = separator(bytes, at);
      if (at === 0 || bytes[at] !== 48 || bytes[at + 1] !== POINT || bytes[at + 2] !== 48) return 0;
      at += 3;
    }
    if (bytes[at] !== NEWLINE) return 0;
    this.add(this.context.origin.fromSeconds(seconds, nanoseconds), sector, sectors, Number.NaN);
    return at + 1;
  }

  /** Any other line: a row when its first field is a number, else text to be passed over. */
  private anyLine(bytes: Uint8Array, start: number): void {
    const line = this.line;
    line.cutAt(SEMICOLON, bytes, start, this.lines);
    if (!/^[0-9]+(?:\.[0-9]*)?$/.test(line.count > 0 && line.end - line.start < 4096 ? line.text(0) : '')) {
      const control = controlCharacter(bytes, line.start, line.end);
      if (control >= 0) {
        throw new DataError(
          'this is no text',
          { file: this.context.file, line: this.lines, column: control - line.start + 1 },
          {
            found: Buffer.from(bytes.subarray(line.start, line.end)).toString('latin1'),
            expected: 'SECONDS ; SECTOR ; SECTORS ; OPERATION',
          },
        );
      }
      if (this.rowsSeen && (line.count > 1 || line.text(0) !== '')) {
        this.context.notes.note('lines behind the first row that are no rows, passed over: #');
      }
      return;
    }
    const seconds = line.seconds(0, 'a time in seconds');
    const fractionNs = line.fractionNs;
    const sector = line.integer(1, 'a sector');
    const sectors = line.integer(2, 'a count of sectors');
    if (line.count < 4) throw line.short('an operation such as R or W');
    const operation = Buffer.from(line.text(3), 'latin1');
    if (!parseRwbs(operation, 0, operation.length, this.rwbs))
      throw line.refuse(3, 'no such operation', 'R, W, D or F, as blktrace writes them');
    let latencyNs = Number.NaN;
    if (line.count > 4) line.seconds(4, 'a delay in seconds');
    if (line.count > 5) {
      const whole = line.seconds(5, 'a duration in seconds');
      const durationNs = whole * NS_PER_S + line.fractionNs;
      if (durationNs > 0) latencyNs = durationNs;
    }
    if (line.count > 6) throw line.long(6, 'six fields');
    if (this.rwbs.op === OP_NONE) {
      this.context.notes.note('rows that neither move data nor flush, left out: #');
      return;
    }
    this.add(this.context.origin.fromSeconds(seconds, fractionNs), sector, sectors, latencyNs);
  }

  private add(timeNs: number, sector: number, sectors: number, latencyNs: number): void {
    this.rowsSeen = true;
    const { op, flags, preflush } = this.rwbs;
    const kind = preflush && sectors === 0 ? OP_FLUSH : op;
    this.context.rows.add(
      timeNs,
      kind,
      sector * SECTOR_BYTES,
      sectors * SECTOR_BYTES,
      latencyNs,
      this.disk,
      flags,
      -1,
      this.lines,
    );
  }
}

/** Where a byte that no text has stands, or -1: controls other than tab, newline, form feed and return. */
function controlCharacter(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at]! < BLANK && (bytes[at]! < 9 || bytes[at]! > 13)) return at;
  }
  return -1;
}

/** Behind `blanks ; blanks`, or 0. */
function separator(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isBlank(bytes[at]!)) at++;
  if (bytes[at] !== SEMICOLON) return 0;
  at++;
  while (isBlank(bytes[at]!)) at++;
  return at;
}

export const blkreplay: TraceFormat = {
  name: 'blkreplay',
  description: 'blkreplay load or replay output (.load)',
  recognisedBy:
    'the line "start ; sector; length ; op ; ...", or rows SECONDS ; SECTOR ; SECTORS ; OPERATION',
  encoding: 'text',
  pairsCompletions: false,
  recognise: (head) => {
    const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
    return HEADER_LINE.test(text) || ROW_LINE.test(text);
  },
  open: (context) => new BlkreplayParser(context),
};
