/**
 * The parser of every format whose records are structs of one size: oracleGeneral, lcs, and the mapper that people
 * declare. A layout says where each column lies and what it holds.
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { MIB } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext } from '../trace-format.ts';
import type { Column, OpWord } from './column.ts';

/** As Python's struct module names them: u8 B, u16 H, u32 I, u64 Q, signed in lower case, f32 f, f64 d. */
export type FieldType = 'B' | 'b' | 'H' | 'h' | 'I' | 'i' | 'Q' | 'q' | 'f' | 'd';

export const FIELD_BYTES: Readonly<Record<FieldType, number>> = {
  B: 1,
  b: 1,
  H: 2,
  h: 2,
  I: 4,
  i: 4,
  Q: 8,
  q: 8,
  f: 4,
  d: 8,
};

export interface RecordField extends Omit<Column, 'role'> {
  /** As of a text column; an `object` is a number of 64 bits that may be an address or a hash. */
  readonly role: Column['role'] | 'object';
  readonly type: FieldType;
  /** Bytes from the start of the record. */
  readonly at: number;
}

export interface RecordLayout {
  readonly recordBytes: number;
  /** Passed over at the start. */
  readonly headerBytes: number;
  readonly little: boolean;
  readonly fields: readonly RecordField[];
}

const TIME = 0;
const OFFSET = 1;
const LENGTH = 2;
const LATENCY = 3;
const PID = 4;
const OP = 5;

const OBJECT = 7;
const ROLES = ['time', 'offset', 'length', 'latency', 'pid', 'op', 'disk', 'object'];

const TWO_32 = 2 ** 32;
const BILLION = 1e9;
/** Sectors below 2^53 bytes: ids below this are taken as sector numbers. */
const SECTOR_HIGH_MAX = 2 ** 12;
/** A hashed object's place: its id modulo 2^32, this many bytes each. */
const OBJECT_BYTES = 2 * MIB;
const OP_OF_WORD: Readonly<Record<OpWord, number>> = {
  read: OP_READ,
  write: OP_WRITE,
  flush: OP_FLUSH,
  discard: OP_DISCARD,
  none: 254,
};

export class RecordColumns implements FormatParser {
  lineStart = 0;
  readonly recordBytes: number;
  private readonly context: ParserContext;
  private readonly layout: RecordLayout;
  private readonly roles: Uint8Array;
  private readonly types: Uint8Array;
  private readonly places: Int32Array;
  private readonly units: Float64Array;
  private readonly ops = new Map<number, number>();
  private readonly opNames: string;
  private readonly diskOfNumber = new Map<number, number>();
  private readonly onlyDisk: number;
  private toSkip: number;
  private consumed = 0;

  constructor(context: ParserContext, layout: RecordLayout) {
    this.context = context;
    this.layout = layout;
    this.recordBytes = layout.recordBytes;
    const fields = layout.fields.filter(({ role }) => role !== 'skip');
    this.roles = Uint8Array.from(fields, ({ role }) => ROLES.indexOf(role));
    this.types = Uint8Array.from(fields, ({ type }) => type.charCodeAt(0));
    this.places = Int32Array.from(fields, ({ at }) => at);
    this.units = Float64Array.from(fields, ({ unit }) => unit ?? 1);
    const words = fields.find(({ role }) => role === 'op')?.words ?? {};
    for (const [word, op] of Object.entries(words)) this.ops.set(Number(word), OP_OF_WORD[op]);
    this.opNames = Object.keys(words).join(', ');
    this.onlyDisk = fields.some(({ role }) => role === 'disk')
      ? -1
      : context.disks.intern(context.fileTitle, context.file);
    this.toSkip = layout.headerBytes;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { roles, types, places, units } = this;
    const { rows, origin } = this.context;
    const { little } = this.layout;
    const fields = roles.length;
    const size = this.recordBytes;
    let at = start;
    if (this.toSkip > 0) {
      const skipped = Math.min(this.toSkip, end - at);
      this.toSkip -= skipped;
      at += skipped;
      if (this.toSkip > 0) {
        this.consumed += at - start;
        return at;
      }
    }
    for (; end - at >= size; at += size) {
      this.lineStart = at;
      let timeNs = 0;
      let offset = 0;
      let lengthBytes = 0;
      let latencyNs = Number.NaN;
      let op = OP_READ;
      let disk = this.onlyDisk;
      let pid = -1;
      for (let field = 0; field < fields; field++) {
        const place = at + places[field]!;
        const role = roles[field]!;
        const unit = units[field]!;
        let value: number;
        let high = 0;
        switch (types[field]) {
          case 73:
            value = view.getUint32(place, little);
            break;
          case 81: {
            const low = view.getUint32(little ? place : place + 4, little);
            high = view.getUint32(little ? place + 4 : place, little);
            value = high * TWO_32 + low;
            if (role === TIME) {
              timeNs += origin.fromU64(high, low) * unit;
              continue;
            }
            break;
          }
          default:
            value = this.other(view, place, types[field]!);
        }
        switch (role) {
          case TIME:
            if (Number.isInteger(value)) {
              const billions = Math.floor(value / BILLION);
              timeNs += origin.fromDecimal(billions, value - billions * BILLION) * unit;
            } else {
              timeNs += this.realTime(value, unit, at - start);
            }
            break;
          case OFFSET:
            offset += value * unit;
            break;
          case OBJECT:
            if (high < SECTOR_HIGH_MAX) offset += value * unit;
            else offset += this.hashed(view.getUint32(little ? place : place + 4, little));
            break;
          case LENGTH:
            lengthBytes = value * unit;
            break;
          case LATENCY:
            latencyNs = Math.floor(value * unit);
            if (!(latencyNs >= 0 && latencyNs < 2 ** 53)) latencyNs = Number.NaN;
            break;
          case PID:
            pid = value < 2 ** 31 ? value : -1;
            break;
          case OP: {
            const known = this.ops.get(value);
            if (known === undefined) throw this.noSuchOp(value, this.consumed + (at - start));
            op = known;
            break;
          }
          default:
            disk = this.diskOf(value);
        }
      }
      if (op === OP_OF_WORD.none) {
        this.context.notes.note('rows with an operation that is neither read nor write, left out: #');
        continue;
      }
      const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(lengthBytes);
      if (!whole || offset < 0 || lengthBytes < 0) {
        throw this.error('the record is out of range', this.consumed + (at - start), {
          found: `offset ${offset}, length ${lengthBytes}`,
          expected: 'whole bytes of at least 0, below 2^53',
        });
      }
      rows.add(timeNs, op, offset, lengthBytes, latencyNs, disk, 0, pid, this.consumed + (at - start));
    }
    this.consumed += at - start;
    return at;
  }

  end(_bytes: Uint8Array, start: number, end: number): void {
    if (end > start || this.toSkip > 0) {
      throw this.error('the last record is torn', this.consumed, {
        found: `${end - start} bytes`,
        expected:
          this.toSkip > 0 ? `${this.toSkip} more bytes of header` : `records of ${this.recordBytes} bytes`,
      });
    }
  }

  private other(view: DataView, place: number, type: number): number {
    const { little } = this.layout;
    switch (String.fromCharCode(type)) {
      case 'B':
        return view.getUint8(place);
      case 'b':
        return view.getInt8(place);
      case 'H':
        return view.getUint16(place, little);
      case 'h':
        return view.getInt16(place, little);
      case 'i':
        return view.getInt32(place, little);
      case 'q':
        return Number(view.getBigInt64(place, little));
      case 'f':
        return view.getFloat32(place, little);
      default:
        return view.getFloat64(place, little);
    }
  }

  private realTime(value: number, unit: number, at: number): number {
    const whole = Math.floor(value);
    if (!(Math.abs(whole) < 2 ** 53)) {
      throw this.error('time is out of range', this.consumed + at, { found: String(value) });
    }
    const billions = Math.floor(whole / BILLION);
    const units = this.context.origin.fromDecimal(billions, whole - billions * BILLION);
    return units * unit + Math.floor((value - whole) * unit);
  }

  private hashed(low: number): number {
    this.context.notes.note('objects whose id is no sector number, placed by their id modulo 2^32: #');
    return low * OBJECT_BYTES;
  }

  private diskOf(value: number): number {
    let disk = this.diskOfNumber.get(value);
    if (disk === undefined) {
      disk = this.context.disks.intern(String(value), this.context.file);
      this.diskOfNumber.set(value, disk);
    }
    return disk;
  }

  private noSuchOp(value: number, place: number): DataError {
    return this.error('no such operation', place, { found: String(value), expected: this.opNames });
  }

  private error(what: string, byte: number, options: { found?: string; expected?: string }): DataError {
    return new DataError(what, { file: this.context.file, byte }, options);
  }
}
