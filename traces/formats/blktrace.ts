/**
 * blktrace's binary records, version 7: what `blktrace` writes per CPU and `blkparse -d` merged, in the byte order of
 * the machine that recorded.
 *
 * @source blktrace_api.h: struct blk_io_trace, enum blktrace_cat, enum blktrace_act
 */
import { DataError } from '../../reference/kernel/errors.ts';
import {
  FLAG_AHEAD,
  FLAG_FUA,
  FLAG_META,
  FLAG_SYNC,
  OP_DISCARD,
  OP_READ,
  OP_WRITE,
} from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';
import { BlockEvents } from './block-events.ts';
import { OP_NONE } from './rwbs.ts';

const HEADER_BYTES = 48;
/** The version is the lowest byte. */
const MAGIC = 0x65617400;
const VERSION = 7;

const AT_TIME = 8;
const AT_SECTOR = 16;
const AT_BYTES = 24;
const AT_ACTION = 28;
const AT_PID = 32;
const AT_DEVICE = 36;
const AT_PDU_LENGTH = 46;

const CATEGORY_WRITE = 1 << 17;
const CATEGORY_FLUSH = 1 << 18;
const CATEGORY_SYNC = 1 << 19;
const CATEGORY_PACKET = 1 << 25;
const CATEGORY_NOTIFY = 1 << 26;
const CATEGORY_AHEAD = 1 << 27;
const CATEGORY_META = 1 << 28;
const CATEGORY_DISCARD = 1 << 29;
const CATEGORY_FUA = 1 << 31;

const MINOR_BITS = 20;
const TWO_32 = 2 ** 32;

class BlktraceParser implements FormatParser {
  private readonly context: ParserContext;
  private readonly events: BlockEvents;
  /** Unknown before the first record. */
  private little: boolean | undefined;
  /** Bytes before the buffer given. */
  private consumed = 0;
  private lastDevice = -1;
  private lastDisk = 0;
  private readonly diskOfDevice = new Map<number, number>();

  constructor(context: ParserContext) {
    this.context = context;
    this.events = new BlockEvents(context);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = start;
    while (end - at >= HEADER_BYTES) {
      const place = this.consumed + (at - start);
      if (this.little === undefined) this.little = isMagic(view.getUint32(at, true));
      const little = this.little;
      const magic = view.getUint32(at, little);
      if (magic !== MAGIC + VERSION) throw this.wrongMagic(magic, place);
      const next = at + HEADER_BYTES + view.getUint16(at + AT_PDU_LENGTH, little);
      if (next > end) break;
      const action = view.getInt32(at + AT_ACTION, little);
      if ((action & CATEGORY_NOTIFY) === 0 && this.events.wants(action & 0xffff))
        this.record(view, at, action, place);
      at = next;
    }
    this.consumed += at - start;
    return at;
  }

  end(_bytes: Uint8Array, start: number, end: number): void {
    if (end > start) {
      throw new DataError(
        'the last record is torn',
        { file: this.context.file, byte: this.consumed },
        {
          found: `${end - start} bytes`,
          expected: `records of ${HEADER_BYTES} bytes and their payload`,
        },
      );
    }
    this.events.end();
  }

  private record(view: DataView, at: number, action: number, place: number): void {
    const little = this.little!;
    const low = little ? 0 : 4;
    const high = 4 - low;
    const timeNs = this.context.origin.fromU64(
      view.getUint32(at + AT_TIME + high, little),
      view.getUint32(at + AT_TIME + low, little),
    );
    const sector =
      view.getUint32(at + AT_SECTOR + high, little) * TWO_32 + view.getUint32(at + AT_SECTOR + low, little);
    const lengthBytes = view.getUint32(at + AT_BYTES, little);
    const device = view.getUint32(at + AT_DEVICE, little);
    if (device !== this.lastDevice) this.changeDevice(device);
    let flags = 0;
    if ((action & CATEGORY_FUA) !== 0) flags |= FLAG_FUA;
    if ((action & CATEGORY_SYNC) !== 0) flags |= FLAG_SYNC;
    if ((action & CATEGORY_META) !== 0) flags |= FLAG_META;
    if ((action & CATEGORY_AHEAD) !== 0) flags |= FLAG_AHEAD;
    let op = OP_READ;
    if ((action & CATEGORY_PACKET) !== 0) op = OP_NONE;
    else if ((action & CATEGORY_DISCARD) !== 0) op = OP_DISCARD;
    else if ((action & CATEGORY_WRITE) !== 0) op = OP_WRITE;
    const preflush = (action & CATEGORY_FLUSH) !== 0;
    const pid = view.getInt32(at + AT_PID, little);
    this.events.event(
      action & 0xffff,
      timeNs,
      op,
      preflush,
      sector * SECTOR_BYTES,
      lengthBytes,
      this.lastDisk,
      flags,
      pid,
      place,
    );
  }

  private changeDevice(device: number): void {
    let disk = this.diskOfDevice.get(device);
    if (disk === undefined) {
      const name = `${device >>> MINOR_BITS},${device & ((1 << MINOR_BITS) - 1)}`;
      disk = this.context.disks.intern(name, this.context.file);
      this.diskOfDevice.set(device, disk);
    }
    this.lastDevice = device;
    this.lastDisk = disk;
  }

  private wrongMagic(magic: number, place: number): DataError {
    const found = `0x${magic.toString(16).padStart(8, '0')}`;
    const what = isMagic(magic) ? 'this version of blktrace records is not known' : 'not a blktrace record';
    return new DataError(
      what,
      { file: this.context.file, byte: place },
      { found, expected: `0x${(MAGIC + VERSION).toString(16)} (version ${VERSION})` },
    );
  }
}

function isMagic(word: number): boolean {
  return word - (word & 0xff) === MAGIC;
}

export const blktrace: TraceFormat = {
  name: 'blktrace',
  description: 'binary blktrace records, version 7: per CPU (several files) or merged by blkparse -d',
  recognisedBy: 'the magic number 0x656174 in either byte order',
  encoding: 'binary',
  pairsCompletions: true,
  recognise: (head) => {
    if (head.length < 4) return false;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    return isMagic(view.getUint32(0, true)) || isMagic(view.getUint32(0, false));
  },
  open: (context) => new BlktraceParser(context),
};
