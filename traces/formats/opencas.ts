/**
 * Open CAS iotrace, printed as JSON lines: `iotrace --trace-parser --io --format json`, parsed or (`--raw`) as recorded.
 *
 * @source open-cas-telemetry-framework, octf/proto/trace.proto and parsedTrace.proto, printed by protobuf's JsonFormat:
 * 64-bit numbers are strings, and fields that hold their default are left out (no operation: a read; no lba: 0)
 *
 * Times are nanoseconds, addresses and lengths sectors. In the raw form a completion has its own line, joined by its
 * address; in the parsed form the latency stands with the I/O.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { FLAG_FUA, OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import { NEWLINE } from './text-line.ts';

const OPERATIONS: Readonly<Record<string, number>> = { Read: OP_READ, Write: OP_WRITE, Discard: OP_DISCARD };
const LOOKS = /^\s*\{"header":\{.*"(?:io|deviceDescription|filesystemMeta|ioCompletion|device|file)":/;

type Json = Readonly<Record<string, unknown>>;

class OpencasParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private lines = 0;
  private readonly deviceNames = new Map<string, string>();

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      this.lineStart = at;
      this.lines++;
      const next = bytes.indexOf(NEWLINE, at);
      this.event(Buffer.from(bytes.subarray(at, next)).toString('utf8').trim());
      at = next + 1;
    }
    return end;
  }

  end(): void {}

  private event(text: string): void {
    if (text === '') return;
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch (cause) {
      throw this.error('not a JSON object', text, '{"header":{...},"io":{...}} on one line', cause);
    }
    if (!isObject(event)) throw this.error('not a JSON object', text, '{"header":{...},"io":{...}}');
    if (isObject(event.deviceDescription)) {
      const { id, name } = event.deviceDescription;
      if (typeof name === 'string') this.deviceNames.set(String(id ?? 0), name);
      return;
    }
    if (isObject(event.ioCompletion)) {
      this.context.notes.note('completions of their own, whose latency is not joined: #');
      return;
    }
    const io = event.io;
    if (!isObject(io)) return;
    const header = isObject(event.header) ? event.header : {};
    const stamp = String(header.timestamp ?? '0');
    if (!/^[0-9]{1,20}$/.test(stamp)) throw this.error('not a time', stamp, 'nanoseconds');
    const digits = stamp.padStart(10, '0');
    const timeNs = this.context.origin.fromDecimal(Number(digits.slice(0, -9)), Number(digits.slice(-9)));
    const sector = this.number(io.lba, 'an address in sectors');
    const sectors = this.number(io.len, 'a length in sectors');
    const word = io.operation ?? 'Read';
    const known = typeof word === 'string' && Object.hasOwn(OPERATIONS, word) ? OPERATIONS[word] : undefined;
    if (known === undefined) {
      throw this.error('no such operation', String(word), Object.keys(OPERATIONS).join(', '));
    }
    const nested = isObject(io.flags) ? io.flags : io;
    const flush = nested.flush === true;
    const op = flush && sectors === 0 ? OP_FLUSH : known;
    if (flush && op === OP_WRITE) {
      this.context.notes.note('writes that ask for a flush before them, which is not replayed: #');
    }
    const latency = io.latency === undefined ? Number.NaN : this.number(io.latency, 'a latency in ns');
    const device = isObject(event.device) ? event.device : {};
    const id = String(io.deviceId ?? device.id ?? 0);
    const name = typeof device.name === 'string' ? device.name : this.deviceNames.get(id);
    const disk = this.context.disks.intern(name ?? `device-${id.slice(0, 40)}`, this.context.file);
    const flags = nested.fua === true ? FLAG_FUA : 0;
    this.context.rows.add(
      timeNs,
      op,
      sector * SECTOR_BYTES,
      sectors * SECTOR_BYTES,
      latency,
      disk,
      flags,
      -1,
      this.lines,
    );
  }

  private number(value: unknown, what: string): number {
    const text = String(value ?? 0);
    if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
      throw this.error('not a number', text, what);
    }
    return Number(text);
  }

  private error(what: string, found: string, expected: string, cause?: unknown): DataError {
    return new DataError(what, { file: this.context.file, line: this.lines }, { found, expected, cause });
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const opencas: TraceFormat = {
  name: 'opencas',
  description: 'Open CAS iotrace as JSON lines',
  recognisedBy: 'lines {"header":{...},"io":{...}}',
  encoding: 'text',
  pairsCompletions: false,
  coarseClock: false,
  clockRestarts: false,
  recognise: (head) => {
    const lines = Buffer.from(head.subarray(0, 16384)).toString('latin1').split('\n').slice(0, 20);
    return lines.some((line) => LOOKS.test(line));
  },
  open: (context) => new OpencasParser(context),
};
