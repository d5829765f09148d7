import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  RecordBatchFileWriter,
  Schema,
  Table,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRowBlock, type RowBlock } from '../../reference/kernel/io.ts';
import { openTrace } from '../open-trace.ts';
import { SAMPLES } from '../samples/samples.ts';
import { errorOf, rowsOf, testFolder } from '../testing/read-rows.ts';
import { ArrowWriter, BATCH_ROWS, STORE_KEY } from './arrow-writer.ts';
import { writeStore } from './write-store.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

async function stored(from: string): Promise<string> {
  const path = join(testFolder(), 'x.arrow');
  const trace = await openTrace([from]);
  await writeStore(trace, path);
  trace.close();
  return path;
}

describe('a store', () => {
  it.each(SAMPLES.map(({ name, file }) => [name, file]))(
    'holds every row and the summary of the sample %s',
    async (_, file) => {
      const original = await openTrace([file]);
      const store = await openTrace([await stored(file)]);
      expect(rowsOf(store)).toEqual(rowsOf(original));
      expect(store.summary).toEqual({ ...original.summary, name: 'x', format: 'arrow' });
      expect(store.diskNames).toEqual(original.diskNames);
      expect(store.warnings).toEqual(original.warnings);
      expect(store.provenance).toEqual({ format: 'blktrace' });
    },
  );

  it('is opened by the Arrow library, with the counts and sums that blkparse gives', async () => {
    const table = tableFromIPC(readFileSync(await stored(SAMPLES[0]!.file)));
    const counts = new Map<string, number>();
    let writeBytes = 0n;
    const operation = table.getChild('operation')!;
    const length = table.getChild('length_bytes')!;
    for (let i = 0; i < table.numRows; i++) {
      const name = operation.get(i) as string;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (name === 'write') writeBytes += length.get(i) as bigint;
    }
    // samples/README.md: from blkparse.
    expect([...counts].sort()).toEqual([
      ['flush', 17_700],
      ['read', 28_957],
      ['write', 49_710],
    ]);
    expect(writeBytes).toBe(652_099_584n);
    expect(table.schema.fields.map(String)).toEqual([
      'time_ns: Int64',
      'operation: Dictionary<Int8, Utf8>',
      'disk: Dictionary<Int16, Utf8>',
      'offset_bytes: Int64',
      'length_bytes: Int64',
      'latency_ns: Int64',
      'flags: Uint8',
      'pid: Int32',
    ]);
    expect(table.getChild('disk')!.get(0)).toBe('7,0');
  });

  it('has the bytes that polars was seen to open', async () => {
    expect(
      readFileSync(await stored(fixture('small.iolog'))).equals(readFileSync(fixture('small.arrow'))),
    ).toBe(true);
  });

  it('starts with its schema, has 8-byte aligned messages and ends with its footer, as the format has it', () => {
    const bytes = readFileSync(fixture('small.arrow'));
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('ARROW1\0\0');
    expect(bytes.subarray(-6).toString('latin1')).toBe('ARROW1');
    const footerAt = bytes.length - 10 - bytes.readInt32LE(bytes.length - 10);
    // Up to the footer the file is a stream; the last 8 bytes of that are its end.
    const stream = bytes.subarray(8, footerAt);
    expect(stream.readInt32LE(0)).toBe(-1);
    expect(stream.readInt32LE(4) % 8).toBe(0);
    expect(stream.subarray(-8).toString('hex')).toBe('ffffffff00000000');
    expect(tableFromIPC(stream).numRows).toBe(5);
  });

  it('is read the same from a pipe, compressed or merged with another', async () => {
    const { importBytes } = await import('../testing/read-rows.ts');
    const path = await stored(SAMPLES[1]!.file);
    const direct = await openTrace([path]);
    const piped = await importBytes(readFileSync(path), { sizes: [70_001] });
    expect(piped.summary).toEqual({ ...direct.summary, name: 'bytes' });
    const twice = await openTrace([path, path]);
    expect(twice.summary.ios).toBe(2 * direct.summary.ios);
    expect(twice.summary.durationNs).toBe(direct.summary.durationNs);
  });
});

it('gives back whatever rows went in, however they were cut into blocks', async () => {
  const row = fc.record({
    gapNs: fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32, 2 ** 47)),
    sector: fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 43)),
    sectors: fc.integer({ min: 1, max: 2000 }),
    latencyNs: fc.option(fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32, 2 ** 52)), { nil: Number.NaN }),
    pid: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    disk: fc.nat({ max: 2 }),
    op: fc.nat({ max: 3 }),
    flags: fc.nat({ max: 15 }),
  });
  const folder = testFolder();
  const property = async (
    rows: readonly (typeof row extends fc.Arbitrary<infer T> ? T : never)[],
    cut: number,
  ): Promise<void> => {
    const path = join(folder, 'rows.arrow');
    const chunks: Uint8Array[] = [];
    const options = { diskNames: ['a', 'b', 'ß'], provenance: {}, warnings: [], reorderedRows: 0 };
    const writer = await ArrowWriter.create(options, (bytes) => chunks.push(bytes.slice()));
    const block = createRowBlock(cut);
    const expected: unknown[] = [];
    let timeNs = 0;
    for (const [n, { gapNs, sector, sectors, latencyNs, pid, disk, op, flags }] of rows.entries()) {
      if (n > 0) timeNs += gapNs;
      const [offset, lengthBytes] = op === 2 ? [0, 0] : [sector * 512, sectors * 512];
      const i = block.length++;
      const values = { timeNs, offset, lengthBytes, latencyNs, pid, disk, op, flags };
      for (const [name, value] of Object.entries(values)) block[name as keyof typeof values][i] = value;
      expected.push({
        ...values,
        op: 'RWFD'[op],
        latencyNs: Number.isNaN(latencyNs) ? undefined : latencyNs,
      });
      if (block.length === cut || n === rows.length - 1) {
        writer.accept(block);
        block.length = 0;
      }
    }
    writer.finish();
    writeFileSync(path, Buffer.concat(chunks));
    const store = await openTrace([path]);
    expect(store.provenance).toEqual({});
    expect(rowsOf(store)).toEqual(expected);
    store.close();
    const imported = await openTrace([path, fixture('small.arrow')]);
    expect(imported.summary.ios).toBe(rows.length + 5);
    imported.close();
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      property,
    ),
    { numRuns: 30 },
  );
});

it('keeps batches apart', async () => {
  const rows = BATCH_ROWS + 5000;
  const path = join(testFolder(), 'long.arrow');
  const chunks: Uint8Array[] = [];
  const options = { diskNames: ['d'], provenance: {}, warnings: [], reorderedRows: 0 };
  const writer = await ArrowWriter.create(options, (bytes) => chunks.push(bytes.slice()));
  const block: RowBlock = createRowBlock(rows);
  for (let i = 0; i < rows; i++) {
    block.timeNs[i] = i * 7;
    block.lengthBytes[i] = 512;
    block.offset[i] = i * 512;
    block.latencyNs[i] = i % 3 === 0 ? Number.NaN : i;
  }
  block.length = rows;
  writer.accept(block);
  writer.finish();
  writeFileSync(path, Buffer.concat(chunks));
  const found = rowsOf(await openTrace([path]));
  expect(found).toHaveLength(rows);
  expect(
    found.every(
      ({ timeNs, offset, latencyNs }, i) =>
        timeNs === i * 7 && offset === i * 512 && latencyNs === (i % 3 === 0 ? undefined : i),
    ),
  ).toBe(true);
});

describe('what another program wrote', () => {
  it('is read when polars did: string views, nulls, fewer rows', async () => {
    const trace = await openTrace([fixture('polars-0.26.arrow')]);
    const original = await openTrace([fixture('small.iolog')]);
    expect(trace.diskNames).toEqual(['/dev/disk/by-id/a-long-name', '/dev/sdb']);
    expect(rowsOf(trace)).toEqual(rowsOf(original).filter(({ op }) => op !== 'F'));
  });

  it('is summed up anew when it kept our metadata but not our rows', async () => {
    const table = tableFromIPC(readFileSync(fixture('small.arrow')));
    expect(table.schema.metadata.has(STORE_KEY)).toBe(true);
    const half = table.slice(0, 2);
    const path = join(testFolder(), 'half.arrow');
    const kept = new Table(new Schema(half.schema.fields, table.schema.metadata), half.batches);
    // The library's file writer leaves the schema out at the start; as a stream in a file's frame it stands there.
    const stream = Buffer.from(tableToIPC(kept, 'stream'));
    const tail = Buffer.from(RecordBatchFileWriter.writeAll(kept).toUint8Array(true)).subarray(-400);
    writeFileSync(path, Buffer.concat([Buffer.from('ARROW1\0\0'), stream, tail]));
    const trace = await openTrace([path]);
    expect(trace.summary.ios).toBe(2);
    expect(trace.summary.writes).toBe(1);
  });

  it('needs only times, operations, offsets and lengths', async () => {
    const table = tableFromArrays({
      note: Float32Array.of(1, 2),
      length_bytes: Uint32Array.of(4096, 512),
      offset_bytes: BigInt64Array.of(8192n, 0n),
      operation: Uint8Array.of(1, 0),
      time_ns: BigInt64Array.of(1_700_000_000_000_000_001n, 1_700_000_000_000_000_009n),
    });
    const path = join(testFolder(), 'bare.arrow');
    writeFileSync(
      path,
      Buffer.concat([Buffer.from('ARROW1\0\0'), tableToIPC(table, 'stream'), Buffer.from('\0\0\0\0ARROW1')]),
    );
    const rows = rowsOf(await openTrace([path]));
    expect(rows.map(({ timeNs, op, offset }) => [timeNs, op, offset])).toEqual([
      [0, 'W', 8192],
      [8, 'R', 0],
    ]);
  });
});

describe('a wrong file', () => {
  const bytes = readFileSync(fixture('small.arrow'));
  it('is named when it is cut short, wherever that is', async () => {
    for (let end = 64; end < bytes.length; end += 97) {
      expect(await errorOf(bytes.subarray(0, end), 'x.arrow')).toMatch(/^E_DATA x.arrow: byte [0-9]+: /);
    }
  });
  it('is told what column is missing', async () => {
    const table = tableFromArrays({ time_ns: BigInt64Array.of(1n), length_bytes: Uint32Array.of(512) });
    const file = Buffer.concat([Buffer.from('ARROW1\0\0'), tableToIPC(table, 'stream')]);
    expect(await errorOf(file, 'x.arrow')).toBe(
      'E_DATA x.arrow: byte 8: there is no column operation; the columns are time_ns, length_bytes',
    );
  });
  it('leaves nothing behind when it cannot be written whole', async () => {
    const folder = testFolder();
    const trace = await openTrace([fixture('small.iolog')]);
    await expect(
      writeStore(
        {
          ...trace,
          cursor: () => ({
            next: () => {
              throw new Error('x');
            },
            close: () => {},
          }),
        },
        join(folder, 'x.arrow'),
      ),
    ).rejects.toThrow('x');
    await expect(writeStore(trace, join(folder, 'no/x.arrow'))).rejects.toThrow('cannot write');
    expect(readdirSync(folder)).toEqual([]);
    expect(statSync(folder).isDirectory()).toBe(true);
  });
});
