/**
 * The columns of a trace in an Arrow file, from record batches as they lie there: integers are copied, names become
 * numbers once per dictionary.
 */
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import {
  type ArrowBatchHeader,
  type ArrowField,
  type ArrowMessage,
  MetadataError,
  TYPE_DURATION,
  TYPE_INT,
  TYPE_LARGE_UTF8,
  TYPE_TIMESTAMP,
  TYPE_UTF8,
  TYPE_UTF8_VIEW,
  text,
} from './arrow-metadata.ts';

const TWO_32 = 2 ** 32;
/** Nanoseconds of each unit of Arrow's time types. */
const UNIT_NS = [1e9, 1e6, 1e3, 1];

/** By code. */
export const OPERATION_NAMES = ['read', 'write', 'flush', 'discard'] as const;
const OPERATIONS = new Map<string, number>([
  ['read', OP_READ],
  ['write', OP_WRITE],
  ['flush', OP_FLUSH],
  ['discard', OP_DISCARD],
]);

/** The columns, in the order in which they are written; see the room's README. */
export const COLUMN_NAMES = [
  'time_ns',
  'operation',
  'disk',
  'offset_bytes',
  'length_bytes',
  'latency_ns',
  'flags',
  'pid',
] as const;
type ColumnName = (typeof COLUMN_NAMES)[number];
const NEEDED: readonly ColumnName[] = ['time_ns', 'operation', 'offset_bytes', 'length_bytes'];

interface Strings {
  readonly values: string[];
  /** Numbers of the values, filled when they are first needed. */
  readonly codes: Map<ColumnName, Int32Array>;
}

/** Signed 32-bit words of an integer column, two to a value where it is 64 bits wide. */
interface Column {
  readonly field: ArrowField;
  readonly validity: Uint8Array | undefined;
  readonly body: Uint8Array;
  readonly data: { readonly offset: number; readonly length: number };
  /** Of plain strings: their numbers. */
  readonly codes: Int32Array | undefined;
}

export class ArrowColumns {
  /** Rows of the batch at hand. */
  rows = 0;
  private readonly fields: readonly ArrowField[];
  private readonly dictionaries = new Map<number, Strings>();
  private readonly columns = new Map<ColumnName, Column>();
  private readonly diskNumber: (name: string) => number;

  /**
   * @param diskNumber the number of a disk by its name
   * @throws MetadataError when a column is missing or of a type that cannot hold it
   */
  constructor(fields: readonly ArrowField[], diskNumber: (name: string) => number) {
    this.fields = fields;
    this.diskNumber = diskNumber;
    for (const name of NEEDED) {
      if (!fields.some((field) => field.name === name)) {
        const found = fields.map((field) => field.name).join(', ');
        throw new MetadataError(
          `there is no column ${name}; the columns are ${found === '' ? 'none' : found}`,
        );
      }
    }
    for (const name of COLUMN_NAMES) {
      const field = fields.find((candidate) => candidate.name === name);
      if (field === undefined) continue;
      const integer = field.type === TYPE_INT && field.dictionary < 0;
      const time = field.type === TYPE_DURATION || field.type === TYPE_TIMESTAMP;
      const strings =
        field.type === TYPE_UTF8 || field.type === TYPE_LARGE_UTF8 || field.type === TYPE_UTF8_VIEW;
      const named = name === 'operation' || name === 'disk';
      const timed = name === 'time_ns' || name === 'latency_ns';
      if (!(named ? integer || strings : integer || (timed && time && field.dictionary < 0))) {
        throw new MetadataError(
          `column ${name} is of a type that cannot hold it; it must be ${named ? 'strings, a dictionary of strings, or integers' : 'integers'}`,
        );
      }
    }
  }

  /** Takes a dictionary batch. */
  addDictionary(message: ArrowMessage, body: Uint8Array): void {
    const field = this.fields.find((candidate) => candidate.dictionary === message.dictionary);
    const batch = checkBody(message.batch, body);
    if (field === undefined || !isString(field.type)) return;
    const values = stringsOf(field.type, batch, 0, body, batch.variadic[0] ?? 0);
    const before = message.delta ? (this.dictionaries.get(message.dictionary)?.values ?? []) : [];
    this.dictionaries.set(message.dictionary, { values: [...before, ...values], codes: new Map() });
  }

  /** Makes a record batch the one at hand. @param body 8-byte aligned; it must stay as it is while the batch is read */
  load(message: ArrowMessage, body: Uint8Array): void {
    const batch = checkBody(message.batch, body);
    this.rows = batch.rows;
    this.columns.clear();
    let buffer = 0;
    let views = 0;
    for (const [node, field] of this.fields.entries()) {
      const name = COLUMN_NAMES.find((candidate) => candidate === field.name);
      const isView = field.type === TYPE_UTF8_VIEW && field.dictionary < 0;
      const variadic = isView ? (batch.variadic[views++] ?? 0) : 0;
      if (name !== undefined)
        this.columns.set(name, this.column(name, field, batch, node, buffer, body, variadic));
      if (field.buffers < 0) {
        const rest = this.fields
          .slice(node + 1)
          .find(({ name: later }) => COLUMN_NAMES.some((known) => known === later));
        if (rest === undefined) break;
        throw new MetadataError(
          `column ${field.name} is of a type that is not read, and ${rest.name} stands behind it`,
        );
      }
      buffer += field.buffers + variadic;
    }
  }

  private column(
    name: ColumnName,
    field: ArrowField,
    batch: ArrowBatchHeader,
    node: number,
    buffer: number,
    body: Uint8Array,
    variadic: number,
  ): Column {
    const nulls = batch.nulls[node] ?? 0;
    if (nulls > 0 && name !== 'latency_ns') throw new MetadataError(`column ${name} has nulls`);
    const validity = batch.buffers[buffer];
    const data = batch.buffers[buffer + 1];
    if (validity === undefined || data === undefined) throw new MetadataError(`column ${name} has no data`);
    const strings = field.dictionary < 0 && isString(field.type);
    if (!strings && data.length * 8 < batch.rows * field.bits)
      throw new MetadataError(`column ${name} is cut short`);
    const bits =
      nulls > 0 && validity.length > 0
        ? body.subarray(validity.offset, validity.offset + validity.length)
        : undefined;
    if (bits !== undefined && bits.length * 8 < batch.rows)
      throw new MetadataError(`column ${name} is cut short`);
    let codes: Int32Array | undefined;
    if (strings) {
      codes = Int32Array.from(stringsOf(field.type, batch, buffer, body, variadic), (value) =>
        this.code(name, value),
      );
      if (codes.length !== batch.rows) throw new MetadataError(`column ${name} is cut short`);
    }
    return { field, validity: bits, body, data, codes };
  }

  has(name: ColumnName): boolean {
    return this.columns.has(name);
  }

  /** First value of the time column in halves, high first: what times are relative to. */
  firstTime(): [high: number, low: number] {
    const { field, body, data } = this.columns.get('time_ns')!;
    if (field.bits === 64) {
      const view = new DataView(body.buffer, body.byteOffset + data.offset);
      return [view.getInt32(4, true), view.getUint32(0, true)];
    }
    const first = integers(body, data.offset, field)[0]!;
    return [first < 0 ? -1 : 0, first >>> 0];
  }

  /** Nanoseconds of a unit of the time column. */
  timeScaleNs(): number {
    return scaleOf(this.columns.get('time_ns')!.field);
  }

  /** Times less an origin given in halves, in nanoseconds. @param from row of the batch */
  times(from: number, count: number, high: number, low: number, out: Float64Array): void {
    const { field, body, data } = this.columns.get('time_ns')!;
    const scale = scaleOf(field);
    if (field.bits !== 64) {
      const values = integers(body, data.offset, field);
      const origin = high * TWO_32 + low;
      for (let i = 0; i < count; i++) out[i] = (values[from + i]! - origin) * scale;
      return;
    }
    const words = new Int32Array(body.buffer, body.byteOffset + data.offset, data.length >> 2);
    let at = 2 * from;
    for (let i = 0; i < count; i++, at += 2)
      out[i] = ((words[at + 1]! - high) * TWO_32 + ((words[at]! >>> 0) - low)) * scale;
  }

  /** Integers; NaN where null. */
  numbers(name: ColumnName, from: number, count: number, out: Float64Array): void {
    const { field, body, data, validity } = this.columns.get(name)!;
    if (field.bits === 64) {
      joinWords(
        new Int32Array(body.buffer, body.byteOffset + data.offset, data.length >> 2),
        from,
        count,
        out,
      );
    } else {
      const values = integers(body, data.offset, field);
      for (let i = 0; i < count; i++) out[i] = values[from + i]!;
    }
    const scale = scaleOf(field);
    if (scale !== 1) for (let i = 0; i < count; i++) out[i] = out[i]! * scale;
    if (validity !== undefined) blank(validity, from, count, out);
  }

  /** Codes of the operation or disk column, or small integers of another. */
  codes(name: ColumnName, from: number, count: number, out: Uint8Array | Uint16Array | Int32Array): void {
    const { field, body, data, codes } = this.columns.get(name)!;
    if (codes !== undefined) {
      out.set(codes.subarray(from, from + count));
      return;
    }
    const values = integers(body, data.offset, field);
    if (field.dictionary >= 0) {
      const table = this.codesOf(name, field.dictionary);
      const known =
        values instanceof Int8Array && out instanceof Uint8Array
          ? lookUpBytes(values, table, from, count, out)
          : values instanceof Int16Array && out instanceof Uint16Array
            ? lookUpShorts(values, table, from, count, out)
            : lookUp(values, table, from, count, out);
      if (!known) throw new MetadataError(`column ${name} names an entry that its dictionary has not`);
    } else if (name === 'operation') {
      for (let i = 0; i < count; i++) {
        const value = values[from + i]!;
        if (!(value >= 0 && value <= OP_DISCARD))
          throw new MetadataError(`operation ${value} is none of 0 to 3`);
        out[i] = value;
      }
    } else if (name === 'disk') {
      for (let i = 0; i < count; i++) out[i] = this.diskNumber(String(values[from + i]!));
    } else {
      out.set(values.subarray(from, from + count));
    }
  }

  private codesOf(name: ColumnName, dictionary: number): Int32Array {
    const strings = this.dictionaries.get(dictionary);
    if (strings === undefined) throw new MetadataError(`column ${name} has no dictionary`);
    let codes = strings.codes.get(name);
    if (codes === undefined) {
      codes = Int32Array.from(strings.values, (value) => this.code(name, value));
      strings.codes.set(name, codes);
    }
    return codes;
  }

  private code(name: ColumnName, value: string): number {
    if (name === 'disk') return this.diskNumber(value);
    const code = OPERATIONS.get(value);
    if (code === undefined) {
      throw new MetadataError(
        `operation ${JSON.stringify(value.slice(0, 40))} is none of ${OPERATION_NAMES.join(', ')}`,
      );
    }
    return code;
  }
}

/** 64-bit integers below 2^53 as numbers. */
function joinWords(words: Int32Array, from: number, count: number, out: Float64Array): void {
  let at = 2 * from;
  for (let i = 0; i < count; i++, at += 2) out[i] = words[at + 1]! * TWO_32 + (words[at]! >>> 0);
}

/** NaN where a row has no value. */
function blank(validity: Uint8Array, from: number, count: number, out: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const row = from + i;
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) out[i] = Number.NaN;
  }
}

// One function for each kind of index, so that each is compiled for that kind alone: twice as fast as one for all.

function lookUpBytes(
  values: Int8Array,
  table: Int32Array,
  from: number,
  count: number,
  out: Uint8Array,
): boolean {
  const entries = table.length;
  for (let i = 0; i < count; i++) {
    const index = values[from + i]!;
    if (index < 0 || index >= entries) return false;
    out[i] = table[index]!;
  }
  return true;
}

function lookUpShorts(
  values: Int16Array,
  table: Int32Array,
  from: number,
  count: number,
  out: Uint16Array,
): boolean {
  const entries = table.length;
  for (let i = 0; i < count; i++) {
    const index = values[from + i]!;
    if (index < 0 || index >= entries) return false;
    out[i] = table[index]!;
  }
  return true;
}

function lookUp(
  values: ArrayLike<number>,
  table: Int32Array,
  from: number,
  count: number,
  out: Uint8Array | Uint16Array | Int32Array,
): boolean {
  for (let i = 0; i < count; i++) {
    const code = table[values[from + i]!];
    if (code === undefined) return false;
    out[i] = code;
  }
  return true;
}

function scaleOf({ type, unit }: ArrowField): number {
  return type === TYPE_DURATION || type === TYPE_TIMESTAMP ? (UNIT_NS[unit] ?? 1) : 1;
}

function isString(type: number): boolean {
  return type === TYPE_UTF8 || type === TYPE_LARGE_UTF8 || type === TYPE_UTF8_VIEW;
}

function checkBody(batch: ArrowBatchHeader | undefined, body: Uint8Array): ArrowBatchHeader {
  if (batch === undefined) throw new MetadataError('a batch has no header');
  if (batch.compressed) throw new MetadataError('the columns are compressed');
  for (const { offset, length } of batch.buffers) {
    if (offset % 8 !== 0 || offset + length > body.length)
      throw new MetadataError('a buffer leads out of its batch');
  }
  return batch;
}

function integers(
  body: Uint8Array,
  offset: number,
  { bits, signed }: ArrowField,
): Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float64Array {
  const at = body.byteOffset + offset;
  const bytes = body.length - offset;
  switch (bits) {
    case 8:
      return signed ? new Int8Array(body.buffer, at, bytes) : new Uint8Array(body.buffer, at, bytes);
    case 16:
      return signed
        ? new Int16Array(body.buffer, at, bytes >> 1)
        : new Uint16Array(body.buffer, at, bytes >> 1);
    case 32:
      return signed
        ? new Int32Array(body.buffer, at, bytes >> 2)
        : new Uint32Array(body.buffer, at, bytes >> 2);
    case 64: {
      const words = new Int32Array(body.buffer, at, bytes >> 2);
      return Float64Array.from(
        { length: words.length >> 1 },
        (_, i) => words[2 * i + 1]! * TWO_32 + (words[2 * i]! >>> 0),
      );
    }
    default:
      throw new MetadataError(`integers of ${bits} bits are not read`);
  }
}

/** The strings of a column, whole. @param first number of its first buffer */
function stringsOf(
  type: number,
  batch: ArrowBatchHeader,
  first: number,
  body: Uint8Array,
  variadic: number,
): string[] {
  const part = (number: number): Uint8Array => {
    const buffer = batch.buffers[first + number];
    if (buffer === undefined) throw new MetadataError('a column of strings has no data');
    return body.subarray(buffer.offset, buffer.offset + buffer.length);
  };
  const slice = (bytes: Uint8Array, start: number, length: number): string => {
    if (start < 0 || length < 0 || start + length > bytes.length)
      throw new MetadataError('a string leads out of its column');
    return text(bytes.subarray(start, start + length));
  };
  const places = part(1);
  const view = new DataView(places.buffer, places.byteOffset, places.byteLength);
  const width = type === TYPE_UTF8 ? 4 : type === TYPE_LARGE_UTF8 ? 8 : 16;
  if (batch.rows > 0 && places.length < (batch.rows + (type === TYPE_UTF8_VIEW ? 0 : 1)) * width)
    throw new MetadataError('a column of strings is cut short');
  const strings: string[] = [];
  for (let i = 0; i < batch.rows; i++) {
    if (type === TYPE_UTF8_VIEW) {
      // Up to 12 bytes stand in the view itself; of longer strings, the number of a buffer and the place in it.
      const length = view.getInt32(16 * i, true);
      if (length <= 12) {
        strings.push(slice(places, 16 * i + 4, length));
      } else {
        const buffer = view.getInt32(16 * i + 8, true);
        if (!(buffer >= 0 && buffer < variadic)) throw new MetadataError('a string leads out of its column');
        strings.push(slice(part(2 + buffer), view.getInt32(16 * i + 12, true), length));
      }
    } else {
      const at = (n: number): number =>
        width === 4
          ? view.getInt32(4 * n, true)
          : view.getUint32(8 * n, true) + view.getInt32(8 * n + 4, true) * TWO_32;
      strings.push(slice(part(2), at(i), at(i + 1) - at(i)));
    }
  }
  return strings;
}
