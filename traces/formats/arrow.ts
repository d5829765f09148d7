/**
 * Arrow IPC files with the columns of the store (see store/arrow-columns.ts), whoever wrote them, read from their
 * start. A store that this program wrote is not even imported: see store/arrow-file.ts.
 *
 * @source Apache Arrow columnar format, "Serialization and interprocess communication"
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { createRowBlock } from '../../reference/kernel/io.ts';
import { ArrowColumns } from '../store/arrow-columns.ts';
import {
  type ArrowMessage,
  HEADER_BATCH,
  HEADER_DICTIONARY,
  HEADER_SCHEMA,
  MetadataError,
  readMessage,
} from '../store/arrow-metadata.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';

const MAGIC = [65, 82, 82, 79, 87, 49];
const HEAD_BYTES = 8;
const PREFIX_BYTES = 8;
const TAIL_BYTES = 10;
/** Assumed: a batch that is longer does not come from a person's tool. */
const METADATA_BYTES_MAX = 2 ** 26;
const BODY_BYTES_MAX = 2 ** 30;
const SLICE_ROWS = 4096;

export const arrow: TraceFormat = {
  name: 'arrow',
  description: 'Apache Arrow IPC file: the store that fvp trace convert -o x.arrow writes',
  recognisedBy: 'the magic ARROW1',
  encoding: 'binary',
  pairsCompletions: false,
  recognise: (head) => MAGIC.every((byte, i) => head[i] === byte),
  open: (context) => new ArrowParser(context),
};

class ArrowParser implements FormatParser {
  private readonly context: ParserContext;
  private columns: ArrowColumns | undefined;
  /** Bytes taken so far. */
  private place = 0;
  private state: 'head' | 'messages' | 'footer' = 'head';
  private rows = 0;
  private origin: readonly [high: number, low: number] = [0, 0];
  /** What the first time of the file is on the clock that the files of the trace share. */
  private startNs = 0;
  private readonly block = createRowBlock(SLICE_ROWS);

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.state === 'head') {
      if (end - at < HEAD_BYTES) return at;
      if (!MAGIC.every((byte, i) => bytes[at + i] === byte))
        this.refuse('this is no Arrow file', 'the magic ARROW1');
      at += HEAD_BYTES;
      this.place += HEAD_BYTES;
      this.state = 'messages';
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    while (this.state === 'messages' && end - at >= PREFIX_BYTES) {
      if (view.getInt32(at, true) !== -1)
        this.refuse('no message stands here', 'a message of Arrow 0.15 or later');
      const metadataBytes = view.getInt32(at + 4, true);
      if (metadataBytes === 0) {
        at += PREFIX_BYTES;
        this.place += PREFIX_BYTES;
        this.state = 'footer';
        break;
      }
      if (metadataBytes < 0 || metadataBytes > METADATA_BYTES_MAX)
        this.refuse('a message is too long', 'at most 64 MiB of metadata');
      if (end - at < PREFIX_BYTES + metadataBytes) return at;
      const bodyAt = at + PREFIX_BYTES + metadataBytes;
      const message = this.attempt(() => readMessage(bytes.subarray(at + PREFIX_BYTES, bodyAt)));
      if (message.bodyBytes > BODY_BYTES_MAX) this.refuse('a batch is too long', 'at most 1 GiB');
      if (end - bodyAt < message.bodyBytes) return at;
      const next = bodyAt + message.bodyBytes;
      this.attempt(() => this.take(message, aligned(bytes.subarray(bodyAt, next))));
      this.place += next - at;
      at = next;
    }
    return at;
  }

  end(bytes: Uint8Array, start: number, end: number): void {
    const tail = end - TAIL_BYTES;
    const whole =
      this.state === 'footer' &&
      tail >= start &&
      MAGIC.every((byte, i) => bytes[end - MAGIC.length + i] === byte);
    if (!whole) {
      throw new DataError(
        'the Arrow file is cut short',
        { file: this.context.file, byte: this.place },
        {
          expected: 'batches, a footer and the magic ARROW1 at the end',
          hint: 'copy or write the file again',
        },
      );
    }
  }

  private take(message: ArrowMessage, body: Uint8Array): void {
    if (message.header === HEADER_SCHEMA) {
      const { disks, file } = this.context;
      this.columns = new ArrowColumns(message.fields, (name) => disks.intern(name, file));
      return;
    }
    if (this.columns === undefined) throw new MetadataError('the schema does not stand before the batches');
    if (message.header === HEADER_DICTIONARY) this.columns.addDictionary(message, body);
    else if (message.header === HEADER_BATCH) this.addRows(this.columns, message, body);
  }

  private addRows(columns: ArrowColumns, message: ArrowMessage, body: Uint8Array): void {
    columns.load(message, body);
    if (columns.rows === 0) return;
    const { block } = this;
    const { rows: writer, disks, file, fileTitle, origin } = this.context;
    if (this.rows === 0) {
      this.origin = columns.firstTime();
      this.startNs = origin.fromU64(this.origin[0], this.origin[1]) * columns.timeScaleNs();
    }
    const hasDisk = columns.has('disk');
    const hasLatency = columns.has('latency_ns');
    if (!hasDisk) block.disk.fill(disks.intern(fileTitle, file));
    if (!columns.has('flags')) block.flags.fill(0);
    if (!columns.has('pid')) block.pid.fill(-1);
    if (!hasLatency) block.latencyNs.fill(Number.NaN);
    for (let from = 0; from < columns.rows; from += SLICE_ROWS) {
      const count = Math.min(SLICE_ROWS, columns.rows - from);
      columns.times(from, count, this.origin[0], this.origin[1], block.timeNs);
      columns.numbers('offset_bytes', from, count, block.offset);
      columns.numbers('length_bytes', from, count, block.lengthBytes);
      columns.codes('operation', from, count, block.op);
      if (hasDisk) columns.codes('disk', from, count, block.disk);
      if (hasLatency) columns.numbers('latency_ns', from, count, block.latencyNs);
      if (columns.has('flags')) columns.codes('flags', from, count, block.flags);
      if (columns.has('pid')) columns.codes('pid', from, count, block.pid);
      const { timeNs, op, offset, lengthBytes, latencyNs, disk, flags, pid } = block;
      for (let i = 0; i < count; i++) {
        if (!(offset[i]! >= 0 && lengthBytes[i]! >= 0))
          throw new MetadataError('an offset or length is below 0');
        const latency = latencyNs[i]!;
        writer.add(
          this.startNs + timeNs[i]!,
          op[i]!,
          offset[i]!,
          lengthBytes[i]!,
          latency >= 0 ? latency : Number.NaN,
          disk[i]!,
          flags[i]!,
          pid[i]!,
          this.place,
        );
      }
    }
    this.rows += columns.rows;
  }

  private attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      throw new DataError(
        error.message,
        { file: this.context.file, byte: this.place },
        {
          hint: /compressed/.test(error.message)
            ? 'write it without compression: compression="uncompressed" in pandas and polars'
            : undefined,
        },
      );
    }
  }

  private refuse(what: string, expected: string): never {
    throw new DataError(what, { file: this.context.file, byte: this.place }, { expected });
  }
}

/** Integers of 8 bytes must lie at multiples of 8. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}
