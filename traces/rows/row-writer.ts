/**
 * Where a parser writes its rows: checks each against what a virtual disk can be asked, fills blocks and passes full
 * ones on.
 */
import { DataError, type DataPlace } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH } from '../../reference/kernel/io.ts';
import { GIB, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { OrderedRows } from './ordered-rows.ts';
import { BLOCK_ROWS, type PlacedBlock } from './placed-block.ts';

const ADDRESS_MAX = 2 ** 53;
/** Longest read or write; assumed: the longest that any known tracer records in one request is below 4 MiB. */
const TRANSFER_BYTES_MAX = GIB;
const SECTORS_PER_BYTE = 1 / SECTOR_BYTES;

export interface RowCounts {
  /** Reads, writes and discards of no bytes, left out. */
  zeroLength: number;
  /** Rows rounded outward to whole sectors. */
  unaligned: number;
}

export class RowWriter {
  readonly counts: RowCounts = { zeroLength: 0, unaligned: 0 };
  private block: PlacedBlock;
  private readonly file: string;
  private readonly binary: boolean;
  private readonly downstream: OrderedRows;

  /** @param binary places are bytes, not lines */
  constructor(file: string, binary: boolean, downstream: OrderedRows, firstBlock: PlacedBlock) {
    this.file = file;
    this.binary = binary;
    this.downstream = downstream;
    this.block = firstBlock;
  }

  /**
   * Adds a row. A flush loses offset and length; a row that is not whole sectors is rounded outward.
   * @param timeNs integer, on the clock all files of the trace share; any origin
   * @param op one of the OP_ constants, with EVENT_COMPLETED or EVENT_REQUEUED added for those
   * @param latencyNs NaN where unknown
   * @param place line or byte, for messages
   * @throws DataError when the row is out of bounds
   */
  add(
    timeNs: number,
    op: number,
    offset: number,
    lengthBytes: number,
    latencyNs: number,
    disk: number,
    flags: number,
    pid: number,
    place: number,
  ): void {
    let from = offset;
    let length = lengthBytes;
    if ((op & 15) === OP_FLUSH) {
      from = 0;
      length = 0;
    } else if (length === 0 && op <= OP_DISCARD) {
      this.counts.zeroLength++;
      return;
    } else {
      const first = from * SECTORS_PER_BYTE;
      const sectors = length * SECTORS_PER_BYTE;
      if (Math.floor(first) !== first || Math.floor(sectors) !== sectors) {
        const end = Math.ceil((from + length) / SECTOR_BYTES) * SECTOR_BYTES;
        from = Math.floor(first) * SECTOR_BYTES;
        length = end - from;
        this.counts.unaligned++;
      }
      if (!(from + length <= ADDRESS_MAX) || (length > TRANSFER_BYTES_MAX && op < OP_FLUSH)) {
        this.refuse(offset, lengthBytes, place);
      }
    }
    if (!(timeNs < ADDRESS_MAX && timeNs > -ADDRESS_MAX)) {
      throw new DataError('time is out of range', this.placeOf(place), {
        expected: 'less than 104 days from the first row',
      });
    }
    const block = this.block;
    const i = block.length;
    block.timeNs[i] = timeNs;
    block.offset[i] = from;
    block.lengthBytes[i] = length;
    block.latencyNs[i] = latencyNs;
    block.pid[i] = pid;
    block.disk[i] = disk;
    block.op[i] = op;
    block.flags[i] = flags;
    block.place[i] = place;
    block.length = i + 1;
    if (block.length === BLOCK_ROWS) this.pass();
  }

  /** Passes the last rows on. */
  end(): void {
    if (this.block.length > 0) this.pass();
    this.downstream.end();
  }

  placeOf(place: number): DataPlace {
    return this.binary ? { file: this.file, byte: place } : { file: this.file, line: place };
  }

  private pass(): void {
    this.block = this.downstream.accept(this.block);
    this.block.length = 0;
  }

  private refuse(offset: number, lengthBytes: number, place: number): never {
    if (!(offset + lengthBytes <= ADDRESS_MAX)) {
      throw new DataError('the end of the I/O is out of range', this.placeOf(place), {
        found: `offset ${offset}, length ${lengthBytes}`,
        expected: 'offset + length of at most 2^53 bytes',
      });
    }
    throw new DataError('the I/O is too long', this.placeOf(place), {
      found: `${lengthBytes} bytes`,
      expected: 'at most 1 GiB for a read or write',
    });
  }
}
