/** Reader throughput, for `fvp bench micro`; the number in a task's name is what one run of it handles. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Bench } from 'tinybench';
import { RandomStream } from '../reference/kernel/random.ts';
import { openTrace } from './open-trace.ts';
import { SAMPLES } from './samples/samples.ts';

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

/** Adds tasks that import a generated iolog, plain and gzipped, and the shipped database trace, and read rows back. */
export async function addReaderTasks(bench: Bench): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fvp-readers-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const plain = join(folder, 'generated.iolog');
  const gzipped = join(folder, 'generated.iolog.gz');
  const text = generateIolog(ROWS);
  writeFileSync(plain, text);
  writeFileSync(gzipped, gzipSync(text));
  const importOf = (path: string) => async (): Promise<void> => (await openTrace([path])).close();
  bench.add(`import fio-iolog, ${ROWS} rows`, importOf(plain));
  bench.add(`import fio-iolog through gzip, ${ROWS} rows`, importOf(gzipped));
  const database = SAMPLES[0]!;
  const sample = await openTrace([database.file]);
  sample.close();
  bench.add(`import the database sample, ${sample.summary.ios} rows`, importOf(database.file));
  const trace = await openTrace([plain]);
  bench.add(`read stored rows, ${ROWS} rows`, () => {
    const cursor = trace.cursor();
    while (cursor.next() !== undefined);
    cursor.close();
  });
}
