/**
 * VMware's vscsi trace in binary, versions 1 and 2, little-endian.
 *
 * Version 1, 32 bytes: u32 serial, u32 length, u32 segments, u16 command, u16 version, u64 block, u64 time (us).
 * Version 2, 40 bytes: u16 command, u16 version, u32 serial, u32 length, u32 segments, u64 block, u64 time (us),
 * u64 response time (us). The version is the high byte of its field; blocks are 512 bytes, lengths bytes.
 *
 * @source libCacheSim traceReader/customizedReader/vscsi.h; SCSI opcodes: SBC-4 and SPC-5
 */
import { DataError } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { NS_PER_US, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';

const RECORD_BYTES = [0, 32, 40];
const AT_VERSION = [0, 14, 2];
const AT_COMMAND = [0, 12, 0];
const AT_LENGTH = [0, 4, 8];
const AT_BLOCK = 16;
const AT_TIME = 24;
const AT_RESPONSE = 32;
const TWO_32 = 2 ** 32;

const OP_OF_COMMAND = new Uint8Array(256).fill(255);
for (const read of [0x08, 0x28, 0xa8, 0x88]) OP_OF_COMMAND[read] = OP_READ;
// 0x41 and 0x93 are WRITE SAME, 0x2e and 0x8e WRITE AND VERIFY.
for (const write of [0x0a, 0x2a, 0xaa, 0x8a, 0x41, 0x93, 0x2e, 0x8e]) OP_OF_COMMAND[write] = OP_WRITE;
for (const flush of [0x35, 0x91]) OP_OF_COMMAND[flush] = OP_FLUSH;
const COMMAND_UNMAP = 0x42;
OP_OF_COMMAND[COMMAND_UNMAP] = OP_DISCARD;

/** The version whose layout all records of the head have, or 0; both may fit one record, so that 2 is tried first. */
function versionOf(head: Uint8Array, whole: boolean): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (const version of [2, 1]) {
    const size = RECORD_BYTES[version]!;
    // A single record is little to go by: then it must be all there is.
    if (head.length < 2 * size && !(whole && head.length === size)) continue;
    let at = 0;
    while (at + size <= head.length && view.getUint16(at + AT_VERSION[version]!, true) >>> 8 === version)
      at += size;
    if (at + size > head.length) return version;
  }
  return 0;
}

class VscsiParser implements FormatParser {
  private readonly context: ParserContext;
  private readonly disk: number;
  private version = 0;
  /** Bytes before the buffer given. */
  private consumed = 0;

  constructor(context: ParserContext) {
    this.context = context;
    this.disk = context.disks.intern(context.fileTitle, context.file);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    if (this.version === 0) this.version = this.firstVersion(bytes, start, end);
    if (this.version === 0) return start;
    const version = this.version;
    const size = RECORD_BYTES[version]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { rows, origin, notes } = this.context;
    let at = start;
    for (; end - at >= size; at += size) {
      const place = this.consumed + (at - start);
      const stamp = view.getUint16(at + AT_VERSION[version]!, true);
      if (stamp >>> 8 !== version) throw this.wrongVersion(stamp, place);
      const command = view.getUint16(at + AT_COMMAND[version]!, true);
      const op = command > 255 ? 255 : OP_OF_COMMAND[command]!;
      if (op === 255) {
        notes.note(
          `SCSI commands 0x${command.toString(16).padStart(2, '0')}, which move no data, left out: #`,
        );
        continue;
      }
      const lengthBytes = view.getUint32(at + AT_LENGTH[version]!, true);
      if (command === COMMAND_UNMAP && lengthBytes % SECTOR_BYTES !== 0) {
        notes.note('SCSI UNMAP commands, left out as their lists are not in the trace: #');
        continue;
      }
      const block = view.getUint32(at + AT_BLOCK + 4, true) * TWO_32 + view.getUint32(at + AT_BLOCK, true);
      const timeUs = origin.fromU64(
        view.getUint32(at + AT_TIME + 4, true),
        view.getUint32(at + AT_TIME, true),
      );
      let latencyNs = Number.NaN;
      if (version === 2) {
        latencyNs =
          (view.getUint32(at + AT_RESPONSE + 4, true) * TWO_32 + view.getUint32(at + AT_RESPONSE, true)) *
          NS_PER_US;
        if (!Number.isSafeInteger(latencyNs)) latencyNs = Number.NaN;
      }
      rows.add(timeUs * NS_PER_US, op, block * SECTOR_BYTES, lengthBytes, latencyNs, this.disk, 0, -1, place);
    }
    this.consumed += at - start;
    return at;
  }

  end(bytes: Uint8Array, start: number, end: number): void {
    if (this.version === 0) throw this.wrongVersion(bytes[start + 15] ?? 0, 0);
    if (end > start) {
      throw new DataError(
        'the last record is torn',
        { file: this.context.file, byte: this.consumed },
        {
          found: `${end - start} bytes`,
          expected: `records of ${RECORD_BYTES[this.version]} bytes`,
        },
      );
    }
  }

  private firstVersion(bytes: Uint8Array, start: number, end: number): number {
    const length = Math.min(end - start, RECORD_BYTES[1]! * RECORD_BYTES[2]!);
    return versionOf(bytes.subarray(start, start + length), true);
  }

  private wrongVersion(stamp: number, place: number): DataError {
    return new DataError(
      'not a vscsi record',
      { file: this.context.file, byte: place },
      {
        found: `0x${stamp.toString(16).padStart(4, '0')} in the version field`,
        expected: this.version === 0 ? 'version 1 or 2' : `version ${this.version}`,
      },
    );
  }
}

export const vscsi: TraceFormat = {
  name: 'vscsi',
  description: 'VMware vscsi trace, binary, version 1 or 2',
  recognisedBy: 'version 1 or 2 in the version field of every record of the first 64 KiB',
  encoding: 'binary',
  pairsCompletions: false,
  recognise: (head, whole) => versionOf(head, whole) !== 0,
  open: (context) => new VscsiParser(context),
};
