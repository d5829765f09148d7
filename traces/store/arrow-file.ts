/**
 * Opens a store that this program wrote: what is known of the whole trace stands in its footer, rows are read batch by
 * batch, and nothing is parsed. A file that another program has written or changed is imported like any other trace.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { assert, DataError, IoError } from '../../reference/kernel/errors.ts';
import { createRowBlock, type RowBlock, type RowCursor } from '../../reference/kernel/io.ts';
import { noInput } from '../decode/byte-source.ts';
import { BLOCK_ROWS } from '../rows/placed-block.ts';
import type { Trace } from '../trace.ts';
import { ArrowColumns, COLUMN_NAMES } from './arrow-columns.ts';
import {
  HEADER_DICTIONARY,
  HEADER_SCHEMA,
  MetadataError,
  readFooter,
  readMessage,
} from './arrow-metadata.ts';
import { FIRST_ROW_KEY, STORE_KEY, STORE_SCHEMA, type StoreMetadata } from './arrow-writer.ts';

/** @source Arrow columnar format, "IPC File Format" */
const MAGIC = 'ARROW1';
const HEAD_BYTES = 8;
const TAIL_BYTES = 10;
/** A footer is 24 bytes a batch and the schema. Assumed: no trace needs more. */
const FOOTER_BYTES_MAX = 2 ** 28;

interface Batch {
  readonly at: number;
  readonly metadataBytes: number;
  readonly bodyBytes: number;
}

interface Store {
  readonly metadata: StoreMetadata;
  readonly batches: readonly Batch[];
  /** Schema and dictionaries, up to the first batch. */
  readonly prefix: Uint8Array;
}

/**
 * The trace of a store, or undefined when the file is no store that this program wrote.
 * @param name of the trace
 * @throws NoInputError when it cannot be opened, IoError when it cannot be read
 */
export function openStore(path: string, name: string): Trace | undefined {
  let descriptor: number;
  try {
    // A pipe must not be opened to see what is in it: it would be lost.
    if (!statSync(path).isFile()) return undefined;
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw noInput(path, cause as NodeJS.ErrnoException);
  }
  let store: Store | undefined;
  try {
    store = readStore(descriptor, path);
  } catch (error) {
    // Whatever is not as we write it is the importer's to read or to explain.
    if (!(error instanceof MetadataError) && !(error instanceof SyntaxError)) {
      closeSync(descriptor);
      throw error;
    }
  }
  if (store === undefined) {
    closeSync(descriptor);
    return undefined;
  }
  const { metadata, batches, prefix } = store;
  let open = true;
  return {
    name,
    summary: { name, ...metadata.summary },
    diskNames: metadata.disks,
    warnings: metadata.warnings,
    provenance: metadata.provenance,
    cursor: () => new StoreCursor(descriptor, path, batches, prefix, metadata.disks, () => open),
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

function readStore(descriptor: number, path: string): Store | undefined {
  const stat = fstatSync(descriptor);
  if (stat.size < HEAD_BYTES + TAIL_BYTES) return undefined;
  const head = readAt(descriptor, path, 0, HEAD_BYTES);
  const tail = readAt(descriptor, path, stat.size - TAIL_BYTES, TAIL_BYTES);
  if (ascii(head, 0) !== MAGIC || ascii(tail, 4) !== MAGIC) return undefined;
  const footerBytes = new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  const footerAt = stat.size - TAIL_BYTES - footerBytes;
  if (footerBytes <= 0 || footerBytes > FOOTER_BYTES_MAX || footerAt < HEAD_BYTES) return undefined;
  const { custom, batches } = readFooter(readAt(descriptor, path, footerAt, footerBytes));
  const metadata = metadataOf(custom.get(STORE_KEY));
  if (metadata === undefined || batches.length === 0) return undefined;
  // Every batch must be one that we wrote: whoever rewrites a file keeps the schema's metadata but not the batches'.
  let rows = 0;
  for (const { at, metadataBytes, bodyBytes } of batches) {
    if (
      at + metadataBytes + bodyBytes > footerAt ||
      metadataBytes % 8 !== 0 ||
      !(metadataBytes > 8 && metadataBytes < 2 ** 20)
    )
      return undefined;
    const message = readMessage(readAt(descriptor, path, at, metadataBytes).subarray(8));
    if (message.custom.get(FIRST_ROW_KEY) !== String(rows) || message.batch === undefined) return undefined;
    if (message.bodyBytes !== bodyBytes) return undefined;
    rows += message.batch.rows;
  }
  if (rows !== metadata.summary.ios) return undefined;
  const prefix = readAt(descriptor, path, HEAD_BYTES, batches[0]!.at - HEAD_BYTES);
  return { metadata, batches, prefix };
}

function metadataOf(text: string | undefined): StoreMetadata | undefined {
  if (text === undefined) return undefined;
  const metadata = JSON.parse(text) as StoreMetadata;
  const whole =
    metadata?.schema === STORE_SCHEMA &&
    Array.isArray(metadata.disks) &&
    Array.isArray(metadata.warnings) &&
    typeof metadata.summary?.ios === 'number';
  return whole ? metadata : undefined;
}

class StoreCursor implements RowCursor {
  private readonly descriptor: number;
  private readonly path: string;
  private readonly batches: readonly Batch[];
  private readonly isOpen: () => boolean;
  private readonly columns: ArrowColumns;
  private readonly block = createRowBlock(BLOCK_ROWS);
  private bytes = new Uint8Array(0);
  private batch = 0;
  private row = 0;
  private ended = false;

  constructor(
    descriptor: number,
    path: string,
    batches: readonly Batch[],
    prefix: Uint8Array,
    disks: readonly string[],
    isOpen: () => boolean,
  ) {
    this.descriptor = descriptor;
    this.path = path;
    this.batches = batches;
    this.isOpen = isOpen;
    const numbers = new Map(disks.map((disk, number) => [disk, number]));
    this.columns = openColumns(prefix, (disk) => numbers.get(disk) ?? 0);
  }

  next(): RowBlock | undefined {
    assert(this.isOpen(), 'a cursor is not used after its trace is closed');
    const { columns, block } = this;
    if (this.ended) return undefined;
    while (this.row >= columns.rows) {
      if (this.batch === this.batches.length) return undefined;
      this.load(this.batches[this.batch++]!);
    }
    const from = this.row;
    const count = Math.min(BLOCK_ROWS, columns.rows - from);
    columns.times(from, count, 0, 0, block.timeNs);
    columns.numbers('offset_bytes', from, count, block.offset);
    columns.numbers('length_bytes', from, count, block.lengthBytes);
    columns.numbers('latency_ns', from, count, block.latencyNs);
    columns.codes('operation', from, count, block.op);
    columns.codes('disk', from, count, block.disk);
    columns.codes('flags', from, count, block.flags);
    columns.codes('pid', from, count, block.pid);
    block.length = count;
    this.row = from + count;
    return block;
  }

  close(): void {
    this.ended = true;
  }

  private load({ at, metadataBytes, bodyBytes }: Batch): void {
    const length = metadataBytes + bodyBytes;
    if (this.bytes.length < length) this.bytes = new Uint8Array(length);
    readInto(this.descriptor, this.path, at, this.bytes.subarray(0, length));
    try {
      this.columns.load(
        readMessage(this.bytes.subarray(8, metadataBytes)),
        this.bytes.subarray(metadataBytes, length),
      );
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      throw new DataError(error.message, { file: this.path, byte: at }, { cause: error });
    }
    this.row = 0;
  }
}

/** Columns with the schema and dictionaries that stand before the first batch. @throws MetadataError */
function openColumns(prefix: Uint8Array, diskNumber: (disk: string) => number): ArrowColumns {
  let columns: ArrowColumns | undefined;
  for (let at = 0; at < prefix.length; ) {
    const view = new DataView(prefix.buffer, prefix.byteOffset + at);
    const bodyAt = at + 8 + view.getInt32(4, true);
    const message = readMessage(prefix.subarray(at + 8, bodyAt));
    at = bodyAt + message.bodyBytes;
    if (message.header === HEADER_SCHEMA) columns = new ArrowColumns(message.fields, diskNumber);
    // The buffer that a body lies in need not be aligned; a copy is.
    else if (message.header === HEADER_DICTIONARY) columns?.addDictionary(message, prefix.slice(bodyAt, at));
  }
  assert(columns !== undefined, `a store starts with its schema: ${COLUMN_NAMES.join(', ')}`);
  return columns;
}

function readAt(descriptor: number, path: string, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  readInto(descriptor, path, at, bytes);
  return bytes;
}

function readInto(descriptor: number, path: string, at: number, bytes: Uint8Array): void {
  for (let read = 0; read < bytes.length; ) {
    let count: number;
    try {
      count = readSync(descriptor, bytes, read, bytes.length - read, at + read);
    } catch (cause) {
      throw new IoError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
    if (count === 0) throw new IoError(`${path} was cut short while it was read`);
    read += count;
  }
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + MAGIC.length));
}
