/**
 * The metadata of Arrow IPC messages: flatbuffers, read with every offset checked, so that a damaged file is an error
 * with a place and never a wrong read or a huge allocation.
 *
 * @source Apache Arrow columnar format 1.5, format/Schema.fbs, Message.fbs and File.fbs; FlatBuffers internals
 */

/** Thrown for metadata that is not what it should be; whoever knows the file makes a DataError of it. */
export class MetadataError extends Error {}

/** @source Schema.fbs, union Type */
export const TYPE_NULL = 1;
export const TYPE_INT = 2;
export const TYPE_FLOAT = 3;
export const TYPE_BINARY = 4;
export const TYPE_UTF8 = 5;
export const TYPE_BOOL = 6;
const TYPE_DECIMAL = 7;
const TYPE_DATE = 8;
const TYPE_TIME = 9;
export const TYPE_TIMESTAMP = 10;
const TYPE_INTERVAL = 11;
const TYPE_FIXED_SIZE_BINARY = 15;
export const TYPE_DURATION = 18;
export const TYPE_LARGE_BINARY = 19;
export const TYPE_LARGE_UTF8 = 20;
export const TYPE_UTF8_VIEW = 24;

/** Buffers of a column of each type that has no children. @source the format's table of buffer layouts */
const BUFFERS = new Map<number, number>([
  [TYPE_NULL, 0],
  [TYPE_INT, 2],
  [TYPE_FLOAT, 2],
  [TYPE_BINARY, 3],
  [TYPE_UTF8, 3],
  [TYPE_BOOL, 2],
  [TYPE_DECIMAL, 2],
  [TYPE_DATE, 2],
  [TYPE_TIME, 2],
  [TYPE_TIMESTAMP, 2],
  [TYPE_INTERVAL, 2],
  [TYPE_FIXED_SIZE_BINARY, 2],
  [TYPE_DURATION, 2],
  [TYPE_LARGE_BINARY, 3],
  [TYPE_LARGE_UTF8, 3],
  [TYPE_UTF8_VIEW, 2],
]);

/** @source Message.fbs, union MessageHeader */
export const HEADER_SCHEMA = 1;
export const HEADER_DICTIONARY = 2;
export const HEADER_BATCH = 3;

/** A flatbuffers table; field numbers count from 0 in the order of the .fbs file. */
class FlatTable {
  readonly view: DataView;
  private readonly at: number;
  private readonly vtable: number;
  private readonly vtableBytes: number;

  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
    this.vtable = at - need(view, at, 4).getInt32(at, true);
    this.vtableBytes = need(view, this.vtable, 4).getUint16(this.vtable, true);
    need(view, this.vtable, this.vtableBytes);
  }

  /** Where a field lies, 0 when it has its default. @param bytes that it takes */
  field(number: number, bytes: number): number {
    const slot = 4 + 2 * number;
    if (slot + 2 > this.vtableBytes) return 0;
    const offset = this.view.getUint16(this.vtable + slot, true);
    if (offset === 0) return 0;
    need(this.view, this.at + offset, bytes);
    return this.at + offset;
  }

  u8(number: number): number {
    const at = this.field(number, 1);
    return at === 0 ? 0 : this.view.getUint8(at);
  }

  i16(number: number): number {
    const at = this.field(number, 2);
    return at === 0 ? 0 : this.view.getInt16(at, true);
  }

  i32(number: number): number {
    const at = this.field(number, 4);
    return at === 0 ? 0 : this.view.getInt32(at, true);
  }

  /** An int64 that must be a count. */
  count(number: number): number {
    const at = this.field(number, 8);
    return at === 0 ? 0 : countAt(this.view, at);
  }

  table(number: number): FlatTable | undefined {
    const at = this.field(number, 4);
    return at === 0 ? undefined : new FlatTable(this.view, at + this.view.getUint32(at, true));
  }

  /** Where the elements of a vector lie, and how many. @param bytes of each */
  vector(number: number, bytes: number): { at: number; length: number } {
    const field = this.field(number, 4);
    if (field === 0) return { at: 0, length: 0 };
    const at = field + this.view.getUint32(field, true);
    const length = need(this.view, at, 4).getUint32(at, true);
    need(this.view, at + 4, length * bytes);
    return { at: at + 4, length };
  }

  tables(number: number): FlatTable[] {
    const { at, length } = this.vector(number, 4);
    return Array.from({ length }, (_, i) => {
      const place = at + 4 * i;
      return new FlatTable(this.view, place + this.view.getUint32(place, true));
    });
  }

  string(number: number): string {
    const { at, length } = this.vector(number, 1);
    return length === 0 ? '' : text(new Uint8Array(this.view.buffer, this.view.byteOffset + at, length));
  }
}

function need(view: DataView, at: number, bytes: number): DataView {
  if (at < 0 || at + bytes > view.byteLength) throw new MetadataError('an offset leads out of the metadata');
  return view;
}

function countAt(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw new MetadataError('a length is out of range');
  return value;
}

const decoder = new TextDecoder();

export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export interface ArrowField {
  readonly name: string;
  /** One of the TYPE_ constants; of the values where there is a dictionary. */
  readonly type: number;
  /** Of integers; of the indices where there is a dictionary. */
  readonly bits: number;
  readonly signed: boolean;
  /** 0 s, 1 ms, 2 µs, 3 ns, for TYPE_TIMESTAMP and TYPE_DURATION. */
  readonly unit: number;
  /** -1 without a dictionary. */
  readonly dictionary: number;
  /** Buffers in a batch, those that follow the views of TYPE_UTF8_VIEW not counted; -1 for nested and unknown types. */
  readonly buffers: number;
}

export interface ArrowBatchHeader {
  readonly rows: number;
  readonly compressed: boolean;
  /** Null counts by node. */
  readonly nulls: readonly number[];
  /** Offset in the body and length, by buffer. */
  readonly buffers: readonly { readonly offset: number; readonly length: number }[];
  /** Of columns of views: how many buffers follow the views. */
  readonly variadic: readonly number[];
}

export interface ArrowMessage {
  readonly header: number;
  readonly bodyBytes: number;
  readonly fields: readonly ArrowField[];
  readonly batch: ArrowBatchHeader | undefined;
  /** Of a dictionary batch. */
  readonly dictionary: number;
  readonly delta: boolean;
  readonly custom: ReadonlyMap<string, string>;
}

/** Reads one message's metadata. @throws MetadataError */
export function readMessage(bytes: Uint8Array): ArrowMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message = new FlatTable(view, need(view, 0, 4).getUint32(0, true));
  const header = message.u8(1);
  const content = message.table(2);
  if (content === undefined) throw new MetadataError('a message has no header');
  const dictionary = header === HEADER_DICTIONARY;
  const batch = dictionary ? content.table(1) : header === HEADER_BATCH ? content : undefined;
  return {
    header,
    bodyBytes: message.count(3),
    fields: header === HEADER_SCHEMA ? fieldsOf(content) : [],
    batch: batch === undefined ? undefined : batchOf(batch),
    dictionary: dictionary ? content.count(0) : -1,
    delta: dictionary && content.u8(2) !== 0,
    custom: keyValues(message.tables(4)),
  };
}

export interface ArrowFooter {
  readonly custom: ReadonlyMap<string, string>;
  /** Place, bytes of metadata with its prefix, bytes of body. */
  readonly batches: readonly {
    readonly at: number;
    readonly metadataBytes: number;
    readonly bodyBytes: number;
  }[];
}

/** Reads a file's footer: what its schema says of the whole, and where the batches lie. @throws MetadataError */
export function readFooter(bytes: Uint8Array): ArrowFooter {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footer = new FlatTable(view, need(view, 0, 4).getUint32(0, true));
  const schema = footer.table(1);
  if (schema === undefined) throw new MetadataError('the footer has no schema');
  const { at, length } = footer.vector(3, 24);
  const batches = Array.from({ length }, (_, i) => {
    const block = at + 24 * i;
    return {
      at: countAt(view, block),
      metadataBytes: view.getInt32(block + 8, true),
      bodyBytes: countAt(view, block + 16),
    };
  });
  return { custom: keyValues(schema.tables(2)), batches };
}

function keyValues(tables: readonly FlatTable[]): Map<string, string> {
  return new Map(tables.map((pair) => [pair.string(0), pair.string(1)]));
}

function fieldsOf(schema: FlatTable): ArrowField[] {
  if (schema.i16(0) !== 0) throw new MetadataError('the file is big-endian');
  return schema.tables(1).map((table) => {
    const type = table.u8(2);
    const typeTable = table.table(3);
    const encoding = table.table(4);
    const index = encoding?.table(1);
    const integer = encoding === undefined ? typeTable : index;
    return {
      name: table.string(0),
      type,
      bits:
        encoding === undefined ? (type === TYPE_INT ? (integer?.i32(0) ?? 0) : 64) : (integer?.i32(0) ?? 32),
      signed: integer === undefined || integer.u8(1) !== 0,
      unit: typeTable === undefined ? 0 : unitOf(type, typeTable),
      dictionary: encoding === undefined ? -1 : encoding.count(0),
      buffers: encoding === undefined ? (BUFFERS.get(type) ?? -1) : 2,
    };
  });
}

/** @source Schema.fbs: Duration's unit defaults to milliseconds, Timestamp's to seconds */
function unitOf(type: number, table: FlatTable): number {
  if (type === TYPE_DURATION) return table.field(0, 2) === 0 ? 1 : table.i16(0);
  return type === TYPE_TIMESTAMP ? table.i16(0) : 0;
}

function batchOf(table: FlatTable): ArrowBatchHeader {
  const { view } = table;
  const nodes = table.vector(1, 16);
  const buffers = table.vector(2, 16);
  const variadic = table.vector(4, 8);
  return {
    rows: table.count(0),
    compressed: table.table(3) !== undefined,
    nulls: Array.from({ length: nodes.length }, (_, i) => countAt(view, nodes.at + 16 * i + 8)),
    buffers: Array.from({ length: buffers.length }, (_, i) => ({
      offset: countAt(view, buffers.at + 16 * i),
      length: countAt(view, buffers.at + 16 * i + 8),
    })),
    variadic: Array.from({ length: variadic.length }, (_, i) => countAt(view, variadic.at + 8 * i)),
  };
}
