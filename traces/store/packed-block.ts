/**
 * A block of rows as bytes: what the spool holds and what the content hash covers. Little-endian on every machine;
 * each column takes the narrowest of a few widths that holds all its values, so that equal rows give equal bytes.
 *
 * Header, 32 bytes: u32 rows; u8 width of time, offset, length, latency, pid, disk, op, flags (0: one value for all
 * rows); i32 first pid; u16 first disk; u8 first op; u8 first flags; f64 first time; 4 bytes of zero. Then the
 * columns in that order. Times of width 4 are differences from the row before; offsets of width 4 and lengths of
 * width 2 and 4 are in sectors; a missing latency is all ones (width 4) or -1 (width 8), and width 0 means none.
 */
import type { RowBlock } from '../../reference/kernel/io.ts';
import { SECTOR_BYTES } from '../../reference/kernel/units.ts';

const HEADER_BYTES = 32;
const ROW_BYTES_MAX = 8 + 8 + 8 + 8 + 4 + 2 + 1 + 1;
const U16_MAX = 0xffff;
const U32_MAX = 0xffffffff;
const LITTLE = true;

/** Bytes that any block of this many rows fits in. */
export function packedBytesMax(rows: number): number {
  return HEADER_BYTES + rows * ROW_BYTES_MAX;
}

/**
 * Writes the rows of `block` into `bytes`.
 * @param bytes at least `packedBytesMax(block.length)` long
 * @returns bytes used
 */
export function packBlock(block: RowBlock, bytes: DataView): number {
  const rows = block.length;
  const widths = chooseWidths(block);
  bytes.setUint32(0, rows, LITTLE);
  for (let column = 0; column < 8; column++) bytes.setUint8(4 + column, widths[column]!);
  bytes.setInt32(12, block.pid[0]!, LITTLE);
  bytes.setUint16(16, block.disk[0]!, LITTLE);
  bytes.setUint8(18, block.op[0]!);
  bytes.setUint8(19, block.flags[0]!);
  bytes.setFloat64(20, block.timeNs[0]!, LITTLE);
  bytes.setUint32(28, 0, LITTLE);
  let at = HEADER_BYTES;
  at = packTime(block.timeNs, rows, widths[0]!, bytes, at);
  at = packSectors(block.offset, rows, widths[1]!, bytes, at);
  at = packSectors(block.lengthBytes, rows, widths[2]!, bytes, at);
  at = packLatency(block.latencyNs, rows, widths[3]!, bytes, at);
  if (widths[4] !== 0) for (let i = 0; i < rows; i++, at += 4) bytes.setInt32(at, block.pid[i]!, LITTLE);
  if (widths[5] !== 0) for (let i = 0; i < rows; i++, at += 2) bytes.setUint16(at, block.disk[i]!, LITTLE);
  if (widths[6] !== 0) for (let i = 0; i < rows; i++) bytes.setUint8(at++, block.op[i]!);
  if (widths[7] !== 0) for (let i = 0; i < rows; i++) bytes.setUint8(at++, block.flags[i]!);
  return at;
}

/** Reads what `packBlock` wrote. @param block at least as long as the packed rows */
export function unpackBlock(bytes: DataView, block: RowBlock): void {
  const rows = bytes.getUint32(0, LITTLE);
  block.length = rows;
  let at = HEADER_BYTES;
  at = unpackTime(bytes, at, rows, bytes.getUint8(4), bytes.getFloat64(20, LITTLE), block.timeNs);
  at = unpackSectors(bytes, at, rows, bytes.getUint8(5), block.offset);
  at = unpackSectors(bytes, at, rows, bytes.getUint8(6), block.lengthBytes);
  at = unpackLatency(bytes, at, rows, bytes.getUint8(7), block.latencyNs);
  if (bytes.getUint8(8) === 0) block.pid.fill(bytes.getInt32(12, LITTLE), 0, rows);
  else for (let i = 0; i < rows; i++, at += 4) block.pid[i] = bytes.getInt32(at, LITTLE);
  if (bytes.getUint8(9) === 0) block.disk.fill(bytes.getUint16(16, LITTLE), 0, rows);
  else for (let i = 0; i < rows; i++, at += 2) block.disk[i] = bytes.getUint16(at, LITTLE);
  if (bytes.getUint8(10) === 0) block.op.fill(bytes.getUint8(18), 0, rows);
  else for (let i = 0; i < rows; i++) block.op[i] = bytes.getUint8(at++);
  if (bytes.getUint8(11) === 0) block.flags.fill(bytes.getUint8(19), 0, rows);
  else for (let i = 0; i < rows; i++) block.flags[i] = bytes.getUint8(at++);
}

const chosen = new Uint8Array(8);

function chooseWidths(block: RowBlock): Uint8Array {
  const rows = block.length;
  let longestGap = 0;
  let highestOffset = 0;
  let longest = 0;
  let highestLatency = -1;
  let pidDiffers = 0;
  let diskDiffers = 0;
  let opDiffers = 0;
  let flagsDiffer = 0;
  const pid = block.pid[0]!;
  const disk = block.disk[0]!;
  const op = block.op[0]!;
  const flags = block.flags[0]!;
  for (let i = 0; i < rows; i++) {
    if (block.offset[i]! > highestOffset) highestOffset = block.offset[i]!;
    if (block.lengthBytes[i]! > longest) longest = block.lengthBytes[i]!;
    if (block.latencyNs[i]! > highestLatency) highestLatency = block.latencyNs[i]!;
    pidDiffers |= block.pid[i]! ^ pid;
    diskDiffers |= block.disk[i]! ^ disk;
    opDiffers |= block.op[i]! ^ op;
    flagsDiffer |= block.flags[i]! ^ flags;
  }
  for (let i = 1; i < rows; i++) {
    const gap = block.timeNs[i]! - block.timeNs[i - 1]!;
    if (gap > longestGap) longestGap = gap;
  }
  chosen[0] = longestGap <= U32_MAX ? 4 : 8;
  chosen[1] = highestOffset <= U32_MAX * SECTOR_BYTES ? 4 : 8;
  chosen[2] = longest <= U16_MAX * SECTOR_BYTES ? 2 : longest <= U32_MAX * SECTOR_BYTES ? 4 : 8;
  chosen[3] = highestLatency < 0 ? 0 : highestLatency < U32_MAX ? 4 : 8;
  chosen[4] = pidDiffers === 0 ? 0 : 4;
  chosen[5] = diskDiffers === 0 ? 0 : 2;
  chosen[6] = opDiffers === 0 ? 0 : 1;
  chosen[7] = flagsDiffer === 0 ? 0 : 1;
  return chosen;
}

function packTime(times: Float64Array, rows: number, width: number, bytes: DataView, start: number): number {
  let at = start;
  if (width === 8) {
    for (let i = 0; i < rows; i++, at += 8) bytes.setFloat64(at, times[i]!, LITTLE);
    return at;
  }
  let previous = times[0]!;
  for (let i = 0; i < rows; i++, at += 4) {
    bytes.setUint32(at, times[i]! - previous, LITTLE);
    previous = times[i]!;
  }
  return at;
}

function unpackTime(
  bytes: DataView,
  start: number,
  rows: number,
  width: number,
  first: number,
  times: Float64Array,
): number {
  let at = start;
  if (width === 8) {
    for (let i = 0; i < rows; i++, at += 8) times[i] = bytes.getFloat64(at, LITTLE);
    return at;
  }
  let time = first;
  for (let i = 0; i < rows; i++, at += 4) {
    time += bytes.getUint32(at, LITTLE);
    times[i] = time;
  }
  return at;
}

function packSectors(
  values: Float64Array,
  rows: number,
  width: number,
  bytes: DataView,
  start: number,
): number {
  let at = start;
  if (width === 2) {
    for (let i = 0; i < rows; i++, at += 2) bytes.setUint16(at, values[i]! / SECTOR_BYTES, LITTLE);
  } else if (width === 4) {
    for (let i = 0; i < rows; i++, at += 4) bytes.setUint32(at, values[i]! / SECTOR_BYTES, LITTLE);
  } else {
    for (let i = 0; i < rows; i++, at += 8) bytes.setFloat64(at, values[i]!, LITTLE);
  }
  return at;
}

function unpackSectors(
  bytes: DataView,
  start: number,
  rows: number,
  width: number,
  values: Float64Array,
): number {
  let at = start;
  if (width === 2) {
    for (let i = 0; i < rows; i++, at += 2) values[i] = bytes.getUint16(at, LITTLE) * SECTOR_BYTES;
  } else if (width === 4) {
    for (let i = 0; i < rows; i++, at += 4) values[i] = bytes.getUint32(at, LITTLE) * SECTOR_BYTES;
  } else {
    for (let i = 0; i < rows; i++, at += 8) values[i] = bytes.getFloat64(at, LITTLE);
  }
  return at;
}

function packLatency(
  values: Float64Array,
  rows: number,
  width: number,
  bytes: DataView,
  start: number,
): number {
  let at = start;
  if (width === 4) {
    for (let i = 0; i < rows; i++, at += 4)
      bytes.setUint32(at, values[i]! >= 0 ? values[i]! : U32_MAX, LITTLE);
  } else if (width === 8) {
    for (let i = 0; i < rows; i++, at += 8) bytes.setFloat64(at, values[i]! >= 0 ? values[i]! : -1, LITTLE);
  }
  return at;
}

function unpackLatency(
  bytes: DataView,
  start: number,
  rows: number,
  width: number,
  values: Float64Array,
): number {
  let at = start;
  if (width === 4) {
    for (let i = 0; i < rows; i++, at += 4) {
      const latency = bytes.getUint32(at, LITTLE);
      values[i] = latency === U32_MAX ? Number.NaN : latency;
    }
  } else if (width === 8) {
    for (let i = 0; i < rows; i++, at += 8) {
      const latency = bytes.getFloat64(at, LITTLE);
      values[i] = latency < 0 ? Number.NaN : latency;
    }
  } else {
    values.fill(Number.NaN, 0, rows);
  }
  return at;
}
