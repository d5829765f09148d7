/**
 * The default text output of blkparse: `MAJ,MIN CPU SEQUENCE SECONDS.NANOSECONDS PID ACTION RWBS ...`.
 *
 * @source blkparse_fmt.c of blktrace 1.2; its output on a hand-made trace (docs of this project)
 *
 * Sectors are 512 bytes. A summary follows the events, where blkparse was not told to leave it out.
 *
 * Reading from a pipe, blkparse sets its clock to 0 once more after its first 512 events: sequence numbers go on and
 * time falls to nearly 0. Time goes on there, from the event before; what passed between the two is not in the text.
 */
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import {
  ACTION_COMPLETED,
  ACTION_ISSUED,
  ACTION_QUEUED,
  ACTION_REQUEUED,
  BlockEvents,
} from './block-events.ts';
import { OP_NONE, parseRwbs, type Rwbs } from './rwbs.ts';
import { BLANK, isBlank, NEWLINE, numberEnd, scanNumber, TextLine } from './text-line.ts';

const COMMA = 44;
const POINT = 46;
const PLUS = 43;
const UPPER_C = 67;
const UPPER_D = 68;
const UPPER_Q = 81;
const UPPER_R = 82;
/** More than any kernel's minor number (20 bits). */
const MINORS = 2 ** 20;

/** More than any kernel supports. */
const CPUS_MAX = 65536;
/** A time this many times smaller than the latest is a clock set back, not a row out of order. Assumed. */
const CLOCK_RESET_RATIO = 1000;

const EVENT_LINE =
  /^[ \t]*[0-9]{1,4},[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+\.[0-9]{9}[ \t]+[0-9]+[ \t]+[A-Za-z]/;
const SUMMARY_LINE =
  /^(?:CPU[0-9]+ \(|Total \(|Throughput \(|Events \(|Skips: |[ \t]+(?:Reads|Read|Writes|Write|PC|IO unplugs|Timer) ?)/;

class BlkparseParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly events: BlockEvents;
  private readonly line: TextLine;
  private readonly rwbs: Rwbs = { op: 0, flags: 0, preflush: false };
  private lines = 0;
  /** The summary behind the events has begun. */
  private inSummary = false;
  /** Latest sequence number of each CPU. */
  private readonly sequences: number[] = [];
  /** Latest time so far, and what is added to blkparse's times since its clock was last set to 0. */
  private latestNs = 0;
  private shiftNs = 0;
  private lastDevice = -1;
  private lastDisk = 0;
  private readonly diskOfDevice = new Map<number, number>();

  constructor(context: ParserContext) {
    this.context = context;
    this.events = new BlockEvents(context);
    this.line = new TextLine(context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      this.lineStart = at;
      this.lines++;
      const stop = this.eventLine(bytes, at);
      if (stop === 0) {
        this.otherLine(bytes, at);
        at = this.line.end + 1;
      } else {
        at = stop;
        while (bytes[at] !== NEWLINE) at++;
        at++;
      }
    }
    return end;
  }

  end(): void {
    this.events.end();
  }

  /** Takes one event; says up to where it read the line, or 0 when the line is no event as it should be. */
  private eventLine(bytes: Uint8Array, start: number): number {
    let at = start;
    while (bytes[at] === BLANK) at++;
    const major = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== COMMA) return 0;
    at = numberEnd + 1;
    const minor = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== BLANK) return 0;
    at = numberEnd;
    while (bytes[at] === BLANK) at++;
    const cpu = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== BLANK) return 0;
    at = numberEnd;
    while (bytes[at] === BLANK) at++;
    const sequence = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== BLANK) return 0;
    at = numberEnd;
    while (bytes[at] === BLANK) at++;
    const seconds = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== POINT) return 0;
    at = numberEnd + 1;
    const nanoseconds = scanNumber(bytes, at);
    if (numberEnd !== at + 9 || bytes[numberEnd] !== BLANK) return 0;
    at = numberEnd;
    while (bytes[at] === BLANK) at++;
    const pid = scanNumber(bytes, at);
    if (numberEnd === at || bytes[numberEnd] !== BLANK) return 0;
    at = numberEnd;
    while (bytes[at] === BLANK) at++;
    const action = bytes[at + 1] === BLANK ? actionOf(bytes[at]!) : 0;
    if (action === 0) return isAction(bytes, at) ? at : 0;
    const timeNs = this.timeOf(seconds, nanoseconds, cpu, sequence);
    if (!this.events.wants(action)) return at;
    at++;
    while (bytes[at] === BLANK) at++;
    const column = at;
    while (bytes[at]! > BLANK) at++;
    if (!parseRwbs(bytes, column, at, this.rwbs)) return 0;
    while (bytes[at] === BLANK) at++;
    const sector = scanNumber(bytes, at);
    let sectors = 0;
    let op = this.rwbs.op;
    if (numberEnd > at) {
      at = numberEnd;
      while (bytes[at] === BLANK) at++;
      if (bytes[at] === PLUS) {
        at++;
        while (bytes[at] === BLANK) at++;
        sectors = scanNumber(bytes, at);
        if (numberEnd === at || !(isBlank(bytes[numberEnd]!) || bytes[numberEnd] === NEWLINE)) return 0;
        at = numberEnd;
      } else if (bytes[at] === 0x28) {
        // A packet command: a byte count and its bytes in brackets, no sectors.
        op = OP_NONE;
      } else if (bytes[at] !== 0x5b) {
        return 0;
      }
    } else if (bytes[at] !== 0x5b) {
      return 0;
    }
    const device = major * MINORS + minor;
    if (device !== this.lastDevice) this.changeDevice(device, major, minor);
    this.inSummary = false;
    this.events.event(
      action,
      timeNs,
      op,
      this.rwbs.preflush,
      sector * SECTOR_BYTES,
      sectors * SECTOR_BYTES,
      this.lastDisk,
      this.rwbs.flags,
      pid,
      this.lines,
    );
    return at;
  }

  private timeOf(seconds: number, nanoseconds: number, cpu: number, sequence: number): number {
    const plainNs = this.context.origin.fromSeconds(seconds, nanoseconds);
    let timeNs = plainNs + this.shiftNs;
    if (timeNs < this.latestNs && cpu < CPUS_MAX && sequence > (this.sequences[cpu] ?? sequence)) {
      if (plainNs * CLOCK_RESET_RATIO <= this.latestNs) {
        this.context.notes.note("times that blkparse's clock was set back to 0 (time goes on there): #");
        this.shiftNs = this.latestNs;
        timeNs = plainNs + this.shiftNs;
      }
    }
    if (timeNs > this.latestNs) this.latestNs = timeNs;
    if (cpu < CPUS_MAX) this.sequences[cpu] = sequence;
    return timeNs;
  }

  private changeDevice(device: number, major: number, minor: number): void {
    let disk = this.diskOfDevice.get(device);
    if (disk === undefined) {
      disk = this.context.disks.intern(`${major},${minor}`, this.context.file);
      this.diskOfDevice.set(device, disk);
    }
    this.lastDevice = device;
    this.lastDisk = disk;
  }

  /** A line that is no event: part of the summary, blank, or an error. */
  private otherLine(bytes: Uint8Array, start: number): void {
    const line = this.line;
    line.cutAtBlanks(bytes, start, this.lines);
    if (line.count === 0) return;
    const text = Buffer.from(bytes.subarray(line.start, line.end)).toString('latin1');
    if (SUMMARY_LINE.test(text)) this.inSummary = true;
    else if (!this.inSummary || /^\s*[0-9]+,[0-9]+\s/.test(text)) this.explain(text);
  }

  /** Throws what is wrong with the line at hand. */
  private explain(text: string): void {
    const line = this.line;
    if (!/^[0-9]+,[0-9]*$/.test(line.text(0)))
      throw line.refuse(0, 'not a line of blkparse', 'a device such as 8,16');
    // The minor number may stand apart from the comma.
    const first = /^[0-9]+,$/.test(line.text(0)) ? 2 : 1;
    line.integer(first, 'a CPU number');
    line.integer(first + 1, 'a sequence number');
    line.seconds(first + 2, 'a time such as 12.000345678');
    line.integer(first + 3, 'a process id');
    if (line.count <= first + 4) throw line.short('an action such as Q, D or C');
    if (!/^[A-Za-z]{1,2}$/.test(line.text(first + 4)))
      throw line.refuse(first + 4, 'no such action', 'an action such as Q, D or C');
    if (line.count <= first + 5) throw line.short('an operation such as R, WS or FWFS');
    const operation = Buffer.from(line.text(first + 5), 'latin1');
    if (!parseRwbs(operation, 0, operation.length, this.rwbs)) {
      throw line.refuse(first + 5, 'no such operation', 'R, W, D, N or F, with F, A, S or M behind it');
    }
    if (line.count <= first + 6) throw line.short('a sector and its count: SECTOR + COUNT');
    if (/^[0-9]+$/.test(line.text(first + 6)) && line.count > first + 7 && line.is(first + 7, '+')) {
      line.integer(first + 8, 'a count of sectors');
    }
    throw line.refuse(
      Math.min(first + 6, line.count - 1),
      'the line is torn',
      `SECTOR + COUNT [PROCESS], in ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
}

function actionOf(letter: number): number {
  if (letter === UPPER_D) return ACTION_ISSUED;
  if (letter === UPPER_C) return ACTION_COMPLETED;
  if (letter === UPPER_Q) return ACTION_QUEUED;
  if (letter === UPPER_R) return ACTION_REQUEUED;
  return 0;
}

/** One or two letters and a blank: an action that is of no use here. */
function isAction(bytes: Uint8Array, at: number): boolean {
  if (!isLetter(bytes[at]!)) return false;
  return bytes[at + 1] === BLANK || (isLetter(bytes[at + 1]!) && bytes[at + 2] === BLANK);
}

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}

export const blkparse: TraceFormat = {
  name: 'blkparse',
  description: 'text output of blkparse (Linux blktrace)',
  recognisedBy: 'the first line: MAJOR,MINOR CPU SEQUENCE SECONDS.NANOSECONDS PID ACTION',
  encoding: 'text',
  pairsCompletions: true,
  recognise: (head) =>
    EVENT_LINE.test(
      Buffer.from(head.subarray(0, 4096))
        .toString('latin1')
        .replace(/^\s*\n/, ''),
    ),
  open: (context) => new BlkparseParser(context),
};
