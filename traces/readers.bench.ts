/** Reader throughput, for `fvp bench micro`; the number in a task's name is what one run of it handles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Bench } from 'tinybench';
import type { DataPlace } from '../reference/kernel/errors.ts';
import { RandomStream } from '../reference/kernel/random.ts';
import { MIB } from '../reference/kernel/units.ts';
import { convertTrace, openOutputs } from './convert-trace.ts';
import { openRawSource } from './decode/byte-source.ts';
import { detectFormat } from './format-table.ts';
import { InputReader } from './input-reader.ts';
import { openTrace } from './open-trace.ts';
import { DiskTable } from './rows/disk-table.ts';
import { OrderedRows } from './rows/ordered-rows.ts';
import { createPlacedBlock } from './rows/placed-block.ts';
import { RowWriter } from './rows/row-writer.ts';
import { TimeOrigin } from './rows/time-origin.ts';
import { SAMPLES } from './samples/samples.ts';
import { writeStore } from './store/write-store.ts';
import { writerFor } from './writer-table.ts';

/** Rows of the generated logs. */
export const ROWS = 500_000;

/** 16 GiB of 4 KiB blocks. */
const BLOCKS = 4 * 1024 * 1024;

/** A version 3 iolog of `rows` lines: 70 % writes, 4 to 32 KiB, skewed over 16 GiB, about 18,000 a second. */
export function generateIolog(rows: number, seed = 1): Buffer {
  const random = new RandomStream(seed, 'iolog');
  const lines: string[] = ['fio version 3 iolog', '1 /dev/sdb add', '2 /dev/sdb open'];
  let stampUs = 3;
  for (let row = 0; row < rows; row++) {
    stampUs += random.nextBelow(111);
    const skewed = random.nextFraction() * random.nextFraction();
    const offset = Math.floor(skewed * BLOCKS) * 4096;
    const action = random.nextBelow(10) < 7 ? 'write' : 'read';
    lines.push(`${stampUs} /dev/sdb ${action} ${offset} ${4096 << random.nextBelow(4)}`);
  }
  lines.push('');
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Parses a file and throws its rows away: the reader alone, without summary and store. */
async function parseOnly(path: string): Promise<void> {
  const reader = new InputReader(path, openRawSource(path), MIB);
  const { bytes, whole } = await reader.head();
  const format = detectFormat(bytes, whole, path);
  const placeOf = (line: number): DataPlace => ({ file: path, line });
  const ordered = new OrderedRows({ accept: () => {}, end: () => {} }, placeOf);
  const rows = new RowWriter(path, false, ordered, createPlacedBlock());
  const notes = { note: () => {}, ifEmpty: () => {} };
  const context = {
    file: path,
    fileTitle: path,
    rows,
    disks: new DiskTable(),
    origin: new TimeOrigin(),
    notes,
  };
  reader.use(format, format.open({ ...context, event: 'D' }));
  while (await reader.advance());
  rows.end();
  reader.close();
}

/** Adds tasks that parse and import a generated iolog, plain and gzipped, import the database sample, and read rows back. */
export async function addReaderTasks(bench: Bench): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fvp-readers-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const plain = join(folder, 'generated.iolog');
  const gzipped = join(folder, 'generated.iolog.gz');
  const text = generateIolog(ROWS);
  writeFileSync(plain, text);
  writeFileSync(gzipped, gzipSync(text));
  const importOf = (path: string) => async (): Promise<void> => (await openTrace([path])).close();
  bench.add(`parse fio-iolog, ${ROWS} rows`, () => parseOnly(plain));
  bench.add(`import fio-iolog, ${ROWS} rows`, importOf(plain));
  bench.add(`import fio-iolog through gzip, ${ROWS} rows`, importOf(gzipped));
  const database = SAMPLES[0]!;
  const sample = await openTrace([database.file]);
  sample.close();
  bench.add(`import the database sample, ${sample.summary.ios} rows`, importOf(database.file));
  const trace = await openTrace([plain]);
  const store = join(folder, 'generated.arrow');
  await writeStore(trace, store);
  const stored = await openTrace([store]);
  for (const to of ['blkparse', 'blkreplay', 'spc', 'msr', 'mqsim', 'disksim', 'vscsi', 'oracle-general']) {
    const path = join(folder, `generated.${to}`);
    const writer = writerFor(path, to);
    const request = { writer, out: path, splitVms: 1, shape: { seed: 1 }, provenance: {} };
    await convertTrace(trace, openOutputs(path, 1), request, () => {});
    bench.add(`parse ${to}, ${ROWS} rows`, () => parseOnly(path));
  }
  bench.add(`parse arrow, ${ROWS} rows`, () => parseOnly(store));
  bench.add(`read the store's rows, ${ROWS} rows`, () => {
    const cursor = stored.cursor();
    while (cursor.next() !== undefined);
    cursor.close();
  });
  bench.add(`read spooled rows, ${ROWS} rows`, () => {
    const cursor = trace.cursor();
    while (cursor.next() !== undefined);
    cursor.close();
  });
}
