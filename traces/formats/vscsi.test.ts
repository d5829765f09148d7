import { describe, expect, it } from 'vitest';
import { briefly, errorOf, openFiles, rowsOf } from '../testing/read-rows.ts';

interface Command {
  readonly command: number;
  readonly block?: bigint;
  readonly length?: number;
  readonly us?: bigint;
  readonly responseUs?: bigint;
}

function version1({ command, block = 8n, length = 4096, us = 0n }: Command): Buffer {
  const record = Buffer.alloc(32);
  record.writeUInt32LE(length, 4);
  record.writeUInt16LE(command, 12);
  record.writeUInt16LE(0x0100, 14);
  record.writeBigUInt64LE(block, 16);
  record.writeBigUInt64LE(us, 24);
  return record;
}

function version2({ command, block = 8n, length = 4096, us = 0n, responseUs = 0n }: Command): Buffer {
  const record = Buffer.alloc(40);
  record.writeUInt16LE(command, 0);
  record.writeUInt16LE(0x0200, 2);
  record.writeUInt32LE(length, 8);
  record.writeBigUInt64LE(block, 16);
  record.writeBigUInt64LE(us, 24);
  record.writeBigUInt64LE(responseUs, 32);
  return record;
}

describe('vscsi traces', () => {
  it('of version 1 know reads, writes and flushes by their SCSI opcodes', async () => {
    const commands = [0x28, 0xa8, 0x88, 0x08, 0x2a, 0xaa, 0x8a, 0x0a, 0x35, 0x91, 0x41, 0x93];
    const bytes = Buffer.concat(commands.map((command, i) => version1({ command, us: BigInt(i) })));
    const trace = await openFiles({ 'disk.vscsi': bytes });
    const rows = rowsOf(trace);
    expect(rows.map((row) => row.op).join('')).toBe('RRRRWWWWFFWW');
    expect(briefly(rows).at(-1)).toBe('11000 W 4096 4096');
    expect(trace.diskNames).toEqual(['disk']);
    expect(trace.summary.format).toBe('vscsi');
  });

  it('of version 2 have a response time', async () => {
    const bytes = Buffer.concat([
      version2({ command: 0x28, us: 2n ** 60n, responseUs: 250n }),
      version2({ command: 0x2a, us: 2n ** 60n + 7n, responseUs: 1000n }),
    ]);
    const rows = rowsOf(await openFiles({ trace: bytes }));
    expect(briefly(rows)).toEqual(['0 R 4096 4096', '7000 W 4096 4096']);
    expect(rows.map((row) => row.latencyNs)).toEqual([250000, 1000000]);
  });

  it('leave out commands without data, and UNMAP where its list is not recorded', async () => {
    const bytes = Buffer.concat([
      version1({ command: 0x28 }),
      version1({ command: 0x00, length: 0 }),
      version1({ command: 0x42, length: 24 }),
      version1({ command: 0x42, length: 1024 }),
    ]);
    const trace = await openFiles({ trace: bytes });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 4096 4096', '0 D 4096 1024']);
    expect(trace.warnings).toEqual([
      'SCSI commands 0x00, which move no data, left out: 1',
      'SCSI UNMAP commands, left out as their lists are not in the trace: 1',
    ]);
  });

  it('are refused when torn, or of another version in the middle', async () => {
    const record = version1({ command: 0x28 });
    const many = Buffer.concat(Array.from({ length: 3000 }, () => record));
    expect(await errorOf(Buffer.concat([many, record.subarray(0, 31)]))).toContain(
      'input: byte 96000: the last record is torn; found "31 bytes"; expected records of 32 bytes',
    );
    expect(await errorOf(Buffer.concat([many, Buffer.alloc(32, 7)]))).toContain(
      'input: byte 96000: not a vscsi record; found "0x0707 in the version field"; expected version 1',
    );
    expect(
      await errorOf(Buffer.from('this is no such trace, is it'), 'input', { format: 'vscsi' }),
    ).toContain('not a vscsi record');
  });

  it('are refused where a block lies beyond 2^53 bytes', async () => {
    const bytes = Buffer.concat([version1({ command: 0x28 }), version1({ command: 0x28, block: 2n ** 44n })]);
    expect(await errorOf(bytes)).toContain('input: byte 32: the end of the I/O is out of range');
  });
});
