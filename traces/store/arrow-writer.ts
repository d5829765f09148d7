/**
 * Writes rows as an Arrow IPC file, the store: polars opens it as it is. The same rows and provenance
 * give the same bytes. Memory is one batch.
 */
import type * as Arrow from 'apache-arrow';
import { assert } from '../../reference/kernel/errors.ts';
import { copyRows, createRowBlock, type RowBlock } from '../../reference/kernel/io.ts';
import { BLOCK_ROWS } from '../rows/placed-block.ts';
import { SummaryBuilder, type TraceSummary } from '../stats/trace-summary.ts';
import { COLUMN_NAMES, OPERATION_NAMES } from './arrow-columns.ts';
import { packBlock, packedBytesMax } from './packed-block.ts';

/** Rows of a record batch; assumed: large enough for vectors, small enough for a processor's cache. */
export const BATCH_ROWS = 16 * BLOCK_ROWS;
/** Most disks that 16-bit indices can name; pandas takes only signed ones. */
const SHORT_DISKS_MAX = 32_767;
const TWO_32 = 2 ** 32;

/** Key of the schema's metadata that holds what is known of the whole trace, as JSON. */
export const STORE_KEY = 'fvp.trace';
/** Key of every batch's metadata that holds the number of its first row: programs that rewrite a file drop it. */
export const FIRST_ROW_KEY = 'fvp.first_row';
export const STORE_SCHEMA = 'fvp.store/1';

/** Where a trace comes from, in words: names and values such as `format: blktrace`. */
export type Provenance = Readonly<Record<string, string>>;

/** What the store says of the whole trace. */
export interface StoreMetadata {
  readonly schema: typeof STORE_SCHEMA;
  readonly provenance: Provenance;
  readonly warnings: readonly string[];
  readonly disks: readonly string[];
  readonly summary: Omit<TraceSummary, 'name'>;
}

export interface StoreOptions {
  readonly diskNames: readonly string[];
  readonly provenance: Provenance;
  /** What a person should know of the reading, one sentence each. */
  readonly warnings: readonly string[];
  readonly reorderedRows: number;
}

type IntegerArray = Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

export class ArrowWriter {
  rows = 0;
  private readonly arrow: typeof Arrow;
  private readonly options: StoreOptions;
  private readonly file: StoreFile;
  private readonly summary = new SummaryBuilder();
  private readonly block = createRowBlock(BLOCK_ROWS);
  private readonly packed = new Uint8Array(packedBytesMax(BLOCK_ROWS));
  private readonly packedView = new DataView(this.packed.buffer);
  private batchRows = 0;
  private latencies = 0;
  /** Two words to a value, low first. */
  private readonly time = new Int32Array(2 * BATCH_ROWS);
  private readonly offset = new Int32Array(2 * BATCH_ROWS);
  private readonly length = new Int32Array(2 * BATCH_ROWS);
  private readonly latency = new Int32Array(2 * BATCH_ROWS);
  private readonly known = new Uint8Array(BATCH_ROWS / 8);
  private readonly operation = new Int8Array(BATCH_ROWS);
  private readonly disk: Int16Array | Int32Array;
  private readonly flags = new Uint8Array(BATCH_ROWS);
  private readonly pid = new Int32Array(BATCH_ROWS);
  private readonly operations: Arrow.Vector<Arrow.Utf8>;
  private readonly disks: Arrow.Vector<Arrow.Utf8>;

  private constructor(arrow: typeof Arrow, options: StoreOptions, write: (bytes: Uint8Array) => void) {
    this.arrow = arrow;
    this.options = options;
    const short = options.diskNames.length <= SHORT_DISKS_MAX;
    this.disk = short ? new Int16Array(BATCH_ROWS) : new Int32Array(BATCH_ROWS);
    this.operations = arrow.vectorFromArray([...OPERATION_NAMES], new arrow.Utf8());
    this.disks = arrow.vectorFromArray([...options.diskNames], new arrow.Utf8());
    this.file = openStoreFile(arrow, schemaOf(arrow, short), write);
  }

  /** @param write takes the file's bytes in order; they are its own only during the call */
  static async create(options: StoreOptions, write: (bytes: Uint8Array) => void): Promise<ArrowWriter> {
    // Loaded here, as most commands do without it and it takes half a second.
    return new ArrowWriter(await import('apache-arrow'), options, write);
  }

  /** Takes rows in order of time, the first at 0. */
  accept(block: RowBlock): void {
    for (let from = 0; from < block.length; ) {
      const count = Math.min(block.length - from, BLOCK_ROWS - this.block.length);
      copyRows(block, from, this.block, this.block.length, count);
      this.block.length += count;
      from += count;
      if (this.block.length === BLOCK_ROWS) this.take();
    }
  }

  /** Writes what is left and what is known of the whole. @returns the same as the store says of itself */
  finish(): StoreMetadata {
    if (this.block.length > 0) this.take();
    assert(this.rows > 0, 'a store holds rows');
    if (this.batchRows > 0) this.writeBatch();
    const { name: _, ...summary } = this.summary.finish({
      name: '',
      format: 'arrow',
      disks: this.options.diskNames.length,
      reorderedRows: this.options.reorderedRows,
    });
    const metadata: StoreMetadata = {
      schema: STORE_SCHEMA,
      provenance: this.options.provenance,
      warnings: this.options.warnings,
      disks: this.options.diskNames,
      summary,
    };
    this.file.finish(new Map([[STORE_KEY, JSON.stringify(metadata)]]));
    return metadata;
  }

  private take(): void {
    const { block, batchRows: start } = this;
    const rows = block.length;
    this.summary.add(block, this.packed.subarray(0, packBlock(block, this.packedView)));
    split(block.timeNs, rows, this.time, start);
    split(block.offset, rows, this.offset, start);
    split(block.lengthBytes, rows, this.length, start);
    for (let i = 0; i < rows; i++) {
      const latency = block.latencyNs[i]!;
      const row = start + i;
      const isKnown = latency >= 0;
      const value = isKnown ? latency : 0;
      this.latency[2 * row] = value;
      this.latency[2 * row + 1] = value / TWO_32;
      if (isKnown) {
        this.known[row >> 3]! |= 1 << (row & 7);
        this.latencies++;
      } else {
        this.known[row >> 3]! &= ~(1 << (row & 7));
      }
    }
    this.operation.set(block.op.subarray(0, rows), start);
    this.disk.set(block.disk.subarray(0, rows), start);
    this.flags.set(block.flags.subarray(0, rows), start);
    this.pid.set(block.pid.subarray(0, rows), start);
    this.batchRows += rows;
    this.rows += rows;
    block.length = 0;
    if (this.batchRows === BATCH_ROWS) this.writeBatch();
  }

  private writeBatch(): void {
    const { arrow, file, batchRows: length } = this;
    const { fields } = file.schema;
    const long = (words: Int32Array): BigInt64Array => new BigInt64Array(words.buffer, 0, length);
    const whole = (column: number, data: IntegerArray): Arrow.Data =>
      arrow.makeData({ type: fields[column]!.type as Arrow.Int, length, nullCount: 0, data });
    const named = (column: number, data: IntegerArray, dictionary: Arrow.Vector<Arrow.Utf8>): Arrow.Data =>
      arrow.makeData({
        type: fields[column]!.type as Arrow.Dictionary<Arrow.Utf8, Arrow.Int32>,
        length,
        nullCount: 0,
        data: data as Int32Array,
        dictionary,
      });
    const latencies = arrow.makeData({
      type: fields[5]!.type as Arrow.Int,
      length,
      nullCount: length - this.latencies,
      nullBitmap: this.known.subarray(0, Math.ceil(length / 8)),
      data: long(this.latency),
    });
    const data: Arrow.Data[] = [
      whole(0, long(this.time)),
      named(1, this.operation.subarray(0, length), this.operations),
      named(2, this.disk.subarray(0, length), this.disks),
      whole(3, long(this.offset)),
      whole(4, long(this.length)),
      latencies,
      whole(6, this.flags.subarray(0, length)),
      whole(7, this.pid.subarray(0, length)),
    ];
    const children = arrow.makeData({
      type: new arrow.Struct(fields),
      length,
      nullCount: 0,
      children: data,
    });
    const metadata = new Map([[FIRST_ROW_KEY, String(this.rows - length)]]);
    file.write(new arrow.RecordBatch(file.schema, children, metadata));
    this.batchRows = 0;
    this.latencies = 0;
  }
}

/** Integers of up to 2^53 as 64 bits, two words to a value. */
function split(values: Float64Array, rows: number, words: Int32Array, start: number): void {
  for (let i = 0, at = 2 * start; i < rows; i++, at += 2) {
    const value = values[i]!;
    const high = Math.floor(value / TWO_32);
    words[at] = value - high * TWO_32;
    words[at + 1] = high;
  }
}

function schemaOf(arrow: typeof Arrow, short: boolean): Arrow.Schema {
  const long = new arrow.Int64();
  const types: readonly Arrow.DataType[] = [
    long,
    new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8(), 0),
    new arrow.Dictionary(new arrow.Utf8(), short ? new arrow.Int16() : new arrow.Int32(), 1),
    long,
    long,
    long,
    new arrow.Uint8(),
    new arrow.Int32(),
  ];
  return new arrow.Schema(
    COLUMN_NAMES.map((name, i) => new arrow.Field(name, types[i]!, name === 'latency_ns')),
  );
}

interface StoreFile {
  readonly schema: Arrow.Schema;
  write(batch: Arrow.RecordBatch): void;
  finish(metadata: Map<string, string>): void;
}

/**
 * The library's file writer, with three things changed: bytes go straight to the file instead of into a queue without
 * bound; the schema stands before the batches too, as the format has it, so that the file can be read from its start;
 * and the metadata of the footer may be known as late as at the end.
 */
function openStoreFile(
  arrow: typeof Arrow,
  schema: Arrow.Schema,
  sink: (bytes: Uint8Array) => void,
): StoreFile {
  let atEnd: Map<string, string> | undefined;
  class Writer extends arrow.RecordBatchFileWriter {
    protected override _write(chunk: ArrayBufferView): this {
      if (chunk.byteLength > 0) {
        sink(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        this._position += chunk.byteLength;
      }
      return this;
    }
    protected override _writeSchema(written: Arrow.Schema): this {
      this._writeMagic()._writePadding(2);
      return this._writeMessage(arrow.Message.from(written) as Arrow.Message);
    }
    protected override _writeFooter(written: Arrow.Schema): this {
      return super._writeFooter(new arrow.Schema(written.fields, atEnd));
    }
  }
  const writer = new Writer();
  return {
    schema,
    write: (batch) => writer.write(batch),
    finish: (metadata) => {
      atEnd = metadata;
      writer.finish();
    },
  };
}
