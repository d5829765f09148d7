/**
 * libCacheSim's lcs, versions 1 to 8: a header of 8,192 bytes between two magic numbers, then records: u32 seconds, u64
 * object, u32 bytes (i64 from version 3 on), from version 2 on u8 operation and 24 bits of tenant, i64 next request.
 *
 * @source libCacheSim 225b07e, traceReader/customizedReader/lcs.h; include/libCacheSim/enum.h for the operations
 *
 * The older lcs with a header of 1,024 bytes and a format string is read through that string.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { OpWord } from '../columns/column.ts';
import { RecordColumns, type RecordField, type RecordLayout } from '../columns/record-columns.ts';
import { parseStructFormat } from '../columns/struct-format.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import { OBJECT_FIELDS } from './oracle-general.ts';

const MAGIC_LOW = 0x9abcdef0;
const MAGIC_HIGH = 0x12345678;
const HEADER_BYTES = 8192;
const OLD_HEADER_BYTES = 1024;
const OLD_FORMAT_AT = 8;
const OLD_FORMAT_BYTES = 240;
const LITTLE = true;
const RECORD_BYTES: readonly number[] = [0, 24, 28, 36, 40, 44, 52, 68, 100];

/** 0 nop, 1 get, 2 gets, 3 set, 4 add, 5 cas, 6 replace, 7 append, 8 prepend, 9 delete, 10 incr, 11 decr, 12 read, 13 write, 14 update. */
const OPERATIONS: Readonly<Record<string, OpWord>> = {
  0: 'read',
  1: 'read',
  2: 'read',
  3: 'write',
  4: 'write',
  5: 'write',
  6: 'write',
  7: 'write',
  8: 'write',
  9: 'discard',
  10: 'write',
  11: 'write',
  12: 'read',
  13: 'write',
  14: 'write',
  255: 'read',
};

function isMagic(view: DataView, at: number): boolean {
  return view.getUint32(at, LITTLE) === MAGIC_LOW && view.getUint32(at + 4, LITTLE) === MAGIC_HIGH;
}

/** The layout that a header tells, or undefined when it is none that is known. */
function layoutOf(head: Uint8Array): RecordLayout | undefined {
  if (head.length < OLD_HEADER_BYTES) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (!isMagic(view, 0)) return undefined;
  const version = view.getUint32(8, LITTLE);
  const recordBytes = RECORD_BYTES[version];
  if (
    head.length >= HEADER_BYTES &&
    recordBytes !== undefined &&
    recordBytes > 0 &&
    isMagic(view, HEADER_BYTES - 8)
  ) {
    return { recordBytes, headerBytes: HEADER_BYTES, little: LITTLE, fields: fieldsOf(version) };
  }
  return isMagic(view, OLD_HEADER_BYTES - 8) ? oldLayout(head) : undefined;
}

function fieldsOf(version: number): readonly RecordField[] {
  if (version === 1) return OBJECT_FIELDS;
  const [time, object, length] = OBJECT_FIELDS;
  const op = { role: 'op', type: 'B', words: OPERATIONS } as const;
  if (version === 2) return [time!, object!, length!, { ...op, at: 16 }];
  return [time!, object!, { ...length!, type: 'Q' }, { ...op, at: 20 }];
}

/** Numbers of the fields, from 1: object, size, time, last, next, operation, ... */
function oldLayout(head: Uint8Array): RecordLayout | undefined {
  const text = Buffer.from(head.subarray(OLD_FORMAT_AT, OLD_FORMAT_AT + OLD_FORMAT_BYTES)).toString('latin1');
  const format = parseStructFormat(text.replace(/\0.*$/s, ''));
  if (format === undefined) return undefined;
  const numbers = head.subarray(OLD_FORMAT_AT + OLD_FORMAT_BYTES, OLD_FORMAT_AT + OLD_FORMAT_BYTES + 9);
  const roles: readonly RecordField['role'][] = ['object', 'length', 'time', 'skip', 'skip', 'op'];
  const fields: RecordField[] = [];
  for (const [index, role] of roles.entries()) {
    const place = format.places[numbers[index]! - 1];
    if (role === 'skip' || place === undefined) continue;
    const unit = role === 'object' ? SECTOR_BYTES : role === 'time' ? NS_PER_S : 1;
    fields.push({ role, ...place, unit, ...(role === 'op' ? { words: OPERATIONS } : {}) });
  }
  const { recordBytes, little } = format;
  return fields.length < 2 ? undefined : { recordBytes, headerBytes: OLD_HEADER_BYTES, little, fields };
}

/** Waits for the header, then hands on to the layout it tells. */
class LcsParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private records: RecordColumns | undefined;

  constructor(context: ParserContext) {
    this.context = context;
  }

  get recordBytes(): number {
    return this.records?.recordBytes ?? HEADER_BYTES;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    if (this.records === undefined) {
      if (end - start < HEADER_BYTES) return start;
      this.begin(bytes.subarray(start, start + HEADER_BYTES));
    }
    const at = this.records!.parse(bytes, start, end);
    this.lineStart = this.records!.lineStart;
    return at;
  }

  end(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.records === undefined) {
      this.begin(bytes.subarray(start, end));
      at = this.records!.parse(bytes, start, end);
    }
    this.records!.end(bytes, at, end);
  }

  private begin(head: Uint8Array): void {
    const layout = layoutOf(head);
    if (layout === undefined) {
      throw new DataError(
        'not an lcs trace, or of a version that is not known',
        { file: this.context.file, byte: 0 },
        { expected: 'versions 1 to 8, or the older form with a format string' },
      );
    }
    this.records = new RecordColumns(this.context, layout);
  }
}

export const lcs: TraceFormat = {
  name: 'lcs',
  description: 'libCacheSim lcs, binary, versions 1 to 8',
  recognisedBy: 'the magic number 0x123456789abcdef0 at both ends of the header',
  encoding: 'binary',
  pairsCompletions: false,
  coarseClock: true,
  clockRestarts: false,
  recognise: (head) => layoutOf(head) !== undefined,
  open: (context) => new LcsParser(context),
};
