/**
 * btrecord's files, as btreplay reads them (`DEVICE.replay.CPU`), little-endian: a header of four u64 (version, genesis
 * in ns, bunches, packets), then bunches of u64 packets and u64 time in ns, with packets of u64 sector, u64 bytes, u32
 * direction (0 = write) and 4 bytes of padding.
 *
 * @source blktrace 1.2 btreplay/btrecord.h, struct io_file_hdr, io_bunch_hdr, io_pkt
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';

const HEADER_BYTES = 32;
const BUNCH_BYTES = 16;
const PACKET_BYTES = 24;
/** Version 1.0.0. */
const VERSION = 0x010000;
const PACKETS_MAX = 512;
const TWO_32 = 2 ** 32;
const LITTLE = true;

class BtreplayParser implements FormatParser {
  lineStart = 0;
  private readonly context: ParserContext;
  private readonly disk: number;
  private consumed = 0;
  private headerSeen = false;
  /** Packets left of the bunch at hand, and its time. */
  private left = 0;
  private timeNs = 0;

  constructor(context: ParserContext) {
    this.context = context;
    const title = context.fileTitle.replace(/\.replay\.[0-9]+$/, '');
    this.disk = context.disks.intern(title, context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { rows, origin } = this.context;
    let at = start;
    for (;;) {
      const place = this.consumed + (at - start);
      this.lineStart = at;
      if (!this.headerSeen) {
        if (end - at < HEADER_BYTES) break;
        this.header(view, at);
        at += HEADER_BYTES;
      } else if (this.left === 0) {
        if (end - at < BUNCH_BYTES) break;
        const packets = view.getUint32(at, LITTLE);
        if (packets === 0 || packets > PACKETS_MAX || view.getUint32(at + 4, LITTLE) !== 0) {
          throw this.error('not a bunch', place, `${packets} packets`, `1 to ${PACKETS_MAX} of them`);
        }
        this.left = packets;
        this.timeNs = origin.fromU64(view.getUint32(at + 12, LITTLE), view.getUint32(at + 8, LITTLE));
        at += BUNCH_BYTES;
      } else {
        if (end - at < PACKET_BYTES) break;
        const direction = view.getUint32(at + 16, LITTLE);
        if (direction > 1) {
          throw this.error('no such direction', place, String(direction), '0 for a write, 1 for a read');
        }
        const sector = view.getUint32(at + 4, LITTLE) * TWO_32 + view.getUint32(at, LITTLE);
        const lengthBytes = view.getUint32(at + 12, LITTLE) * TWO_32 + view.getUint32(at + 8, LITTLE);
        const op = direction === 1 ? OP_READ : OP_WRITE;
        rows.add(this.timeNs, op, sector * SECTOR_BYTES, lengthBytes, Number.NaN, this.disk, 0, -1, place);
        this.left--;
        at += PACKET_BYTES;
      }
    }
    this.consumed += at - start;
    return at;
  }

  end(_bytes: Uint8Array, start: number, end: number): void {
    if (end > start || this.left > 0 || !this.headerSeen) {
      throw this.error(
        'the file is torn',
        this.consumed,
        `${end - start} bytes left`,
        this.left > 0 ? `${this.left} more packets of the bunch` : 'whole records',
      );
    }
  }

  private header(view: DataView, at: number): void {
    if (!isHeader(view, at)) {
      const found = `0x${view.getUint32(at, LITTLE).toString(16)}`;
      throw this.error('not a btrecord file', 0, found, `version 0x${VERSION.toString(16)}`);
    }
    this.headerSeen = true;
  }

  private error(what: string, place: number, found: string, expected: string): DataError {
    return new DataError(what, { file: this.context.file, byte: place }, { found, expected });
  }
}

function isHeader(view: DataView, at: number): boolean {
  return view.getUint32(at, LITTLE) === VERSION && view.getUint32(at + 4, LITTLE) === 0;
}

export const btreplay: TraceFormat = {
  name: 'btreplay',
  description: 'btrecord files for btreplay, binary (DEVICE.replay.CPU)',
  recognisedBy: 'version 1.0.0 in the first eight bytes, and a first bunch of 1 to 512 packets',
  encoding: 'binary',
  pairsCompletions: false,
  coarseClock: false,
  clockRestarts: false,
  recognise: (head) => {
    if (head.length < HEADER_BYTES + BUNCH_BYTES + PACKET_BYTES) return false;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const packets = view.getUint32(HEADER_BYTES, LITTLE);
    return isHeader(view, 0) && packets > 0 && packets <= PACKETS_MAX;
  },
  open: (context) => new BtreplayParser(context),
};
