/**
 * Writes VMware's binary vscsi records, version 1 (32 bytes) and 2 (40 bytes, with response time), little-endian.
 *
 * @source libCacheSim aa0fc40, traceReader/customizedReader/vscsi.h; SCSI block commands for the opcodes
 */
import { OP_DISCARD, OP_FLUSH, OP_READ, type RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_US, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { ByteSink, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import type { Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';

const READ_10 = 0x28;
const WRITE_10 = 0x2a;
const READ_16 = 0x88;
const WRITE_16 = 0x8a;
const SYNCHRONIZE_CACHE = 0x35;
const UNMAP = 0x42;
/** READ (10) and WRITE (10) have 32 bits for the block. */
const SHORT_BLOCKS = 2 ** 32;
/** Longest that the length field holds in whole sectors; a longer discard becomes several. */
const LENGTH_MAX = 2 ** 32 - SECTOR_BYTES;

class VscsiSink extends RowLines {
  private readonly version: 1 | 2;
  private serial = 0;

  constructor(trace: WrittenTrace, bytes: ByteSink, version: 1 | 2) {
    const holds: Holds = {
      flushes: true,
      discards: true,
      disks: 'one',
      latency: version === 2 ? 'always' : 'never',
      flags: false,
      pid: false,
      stepNs: NS_PER_US,
    };
    super(trace, bytes, version === 2 ? 'vscsi2' : 'vscsi', holds);
    this.version = version;
  }

  protected row(block: RowBlock, i: number): void {
    let sector = block.offset[i]! / SECTOR_BYTES;
    let left = block.lengthBytes[i]!;
    do {
      const length = Math.min(left, LENGTH_MAX);
      this.out.room();
      this.record(block, i, sector, length);
      sector += length / SECTOR_BYTES;
      left -= length;
    } while (left > 0);
  }

  private record(block: RowBlock, i: number, sector: number, lengthBytes: number): void {
    const { out, version } = this;
    const command = commandOf(block.op[i]!, sector);
    const entries = lengthBytes > 0 ? 1 : 0;
    if (version === 2) {
      out.u16(command);
      out.u16(version << 8);
    }
    out.u32(this.serial++);
    out.u32(lengthBytes);
    out.u32(entries);
    if (version === 1) {
      out.u16(command);
      out.u16(version << 8);
    }
    out.u64(sector);
    out.u64(Math.floor(block.timeNs[i]! / NS_PER_US));
    if (version === 2) {
      const latencyNs = block.latencyNs[i]!;
      out.u64(latencyNs >= 0 ? Math.floor(latencyNs / NS_PER_US) : 0);
    }
  }
}

function commandOf(op: number, sector: number): number {
  if (op === OP_FLUSH) return SYNCHRONIZE_CACHE;
  if (op === OP_DISCARD) return UNMAP;
  if (op === OP_READ) return sector < SHORT_BLOCKS ? READ_10 : READ_16;
  return sector < SHORT_BLOCKS ? WRITE_10 : WRITE_16;
}

export const vscsiWriter: TraceWriter = {
  name: 'vscsi',
  suffixes: ['.vscsi', '.vscsi1'],
  lacks: 'several disks, latency, flags, process; time in µs',
  open: (trace, bytes) => new VscsiSink(trace, bytes, 1),
};

export const vscsi2Writer: TraceWriter = {
  name: 'vscsi2',
  suffixes: ['.vscsi2'],
  lacks: 'several disks, flags, process; time in µs',
  open: (trace, bytes) => new VscsiSink(trace, bytes, 2),
};
