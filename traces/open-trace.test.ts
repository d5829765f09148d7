import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InterruptedError, NoInputError, UsageError } from '../reference/kernel/errors.ts';
import { formatTable } from './format-table.ts';
import { openTrace, titleOf } from './open-trace.ts';
import { generateIolog } from './readers.bench.ts';
import { SAMPLES } from './samples/samples.ts';
import { briefly, errorOf, importBytes, openFiles, rowsOf, testFolder } from './testing/read-rows.ts';
import { zstdFrame } from './testing/zstd-frame.ts';

const LOG = 'fio version 3 iolog\n1 a add\n2 a read 0 4096\n3 a write 4096 8192\n5 a read 0 12288\n';
const LOG_ROWS = ['0 R 0 4096', '1000 W 4096 8192', '3000 R 0 12288'];
const text = Buffer.from(LOG);

describe('a trace', () => {
  it('has the sums of its rows', async () => {
    const trace = await openFiles({ 'a.log': LOG });
    expect(trace.summary).toEqual({
      name: 'a',
      format: 'fio-iolog',
      ios: 3,
      reads: 2,
      writes: 1,
      flushes: 0,
      discards: 0,
      readBytes: 16384,
      writeBytes: 8192,
      footprintBytes: 12288,
      spanBytes: 12288,
      durationNs: 3000,
      readCeiling: 12288 / 16384,
      disks: 1,
      contentSha256: trace.summary.contentSha256,
      reorderedRows: 0,
      recorded: { latencies: 0, p50Ns: null, p99Ns: null, outstandingMean: null, outstandingMax: null },
    });
    expect(trace.summary.contentSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has a ceiling by sectors: half a block read before is half a hit', async () => {
    const log = 'fio version 3 iolog\n1 a add\n2 a write 2048 2048\n3 a read 0 4096\n';
    const { summary } = await openFiles({ log });
    expect(summary.readCeiling).toBe(0.5);
    expect(summary.footprintBytes).toBe(4096);
  });

  it('has no ceiling without reads', async () => {
    const { summary } = await openFiles({ log: 'fio version 3 iolog\n1 a add\n3 a write 0 4096\n' });
    expect(summary.readCeiling).toBeNull();
  });

  it('keeps the blocks of its disks apart', async () => {
    const { summary } = await openFiles({
      log: 'fio version 3 iolog\n1 a add\n1 b add\n2 a write 0 4096\n3 b read 0 4096\n4 a read 0 4096\n',
    });
    expect(summary).toMatchObject({ footprintBytes: 8192, readCeiling: 0.5, disks: 2 });
  });

  it('has another content sum when one row is another', async () => {
    const one = await openFiles({ log: LOG });
    const other = await openFiles({ log: LOG.replace('write 4096', 'write 8192') });
    expect(one.summary.contentSha256).not.toBe(other.summary.contentSha256);
  });

  it('tells how much was outstanding where latencies were recorded', async () => {
    const line = (ns: number, action: string, sector: number): string =>
      `  8,0    0        1     0.${String(ns).padStart(9, '0')}     7  ${action}   R ${sector} + 8 [x]\n`;
    const log =
      line(0, 'D', 0) +
      line(100, 'D', 8) +
      line(200, 'C', 0) +
      line(300, 'D', 16) +
      line(400, 'C', 8) +
      line(1300, 'D', 24) +
      line(1400, 'C', 16);
    const { summary } = await openFiles({ log });
    // Latencies 200, 300 and 1100; of the last, 100 ns lie behind the last row.
    expect(summary.recorded).toEqual({
      latencies: 3,
      p50Ns: 300,
      p99Ns: 1100,
      outstandingMean: (200 + 300 + 1000) / 1300,
      outstandingMax: 2,
    });
  });

  it('has cursors that give the same rows again, each at its own pace', async () => {
    const trace = await openFiles({ log: generateIolog(10_000) });
    const one = trace.cursor();
    one.next();
    const rows = rowsOf(trace);
    expect(rows.length).toBe(10_000);
    expect(rowsOf(trace)).toEqual(rows);
    expect(one.next()!.offset[0]).toBe(rows[4096]!.offset);
  });

  it('outgrows memory into a file that has no name', async () => {
    const commands = 1_300_000;
    const bytes = Buffer.alloc(40 * commands);
    for (let i = 0; i < commands; i++) {
      bytes.writeUInt32LE(i % 3 === 0 ? 0x02000028 : 0x0200002a, 40 * i);
      bytes.writeUInt32LE(512 + (i % 5) * 512, 40 * i + 8);
      bytes.writeUInt32LE((i * 31) % 1_000_000, 40 * i + 16);
      bytes.writeUInt32LE(i * 3, 40 * i + 24);
      bytes.writeUInt32LE(i % 1000, 40 * i + 32);
    }
    const trace = await openFiles({ 'x.vscsi': bytes });
    let rows = 0;
    let moved = 0;
    const cursor = trace.cursor();
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
      rows += block.length;
      for (let i = 0; i < block.length; i++) moved += block.lengthBytes[i]!;
    }
    expect(rows).toBe(commands);
    expect(moved).toBe(trace.summary.readBytes + trace.summary.writeBytes);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`fvp-trace-${process.pid}-`))).toEqual([]);
    trace.close();
  });
});

describe('its name', () => {
  it.each([
    ['linux-mysql.load.gz', 'linux-mysql'],
    ['/x/oltp-postgres-tpcb.bin.zst', 'oltp-postgres-tpcb'],
    ['sda.blktrace.0', 'sda'],
    ['oltp-data.iolog3', 'oltp-data'],
    ['v1.2.log', 'v1.2'],
    ['.log', '.log'],
    ['-', 'stdin'],
  ])('of %s is %s', (path, name) => {
    expect(titleOf(path)).toBe(name);
  });
});

describe('packing', () => {
  const half = LOG.indexOf('3 a write');
  it.each([
    ['gzip', gzipSync(text)],
    [
      'gzip of two members',
      Buffer.concat([gzipSync(text.subarray(0, half + 4)), gzipSync(text.subarray(half + 4))]),
    ],
    ['gzip padded with zeros', Buffer.concat([gzipSync(text), Buffer.alloc(512)])],
    ['zstd', zstdFrame(text)],
    [
      'zstd of two frames',
      Buffer.concat([zstdFrame(text.subarray(0, half + 4)), zstdFrame(text.subarray(half + 4))]),
    ],
    [
      'zstd behind a skippable frame',
      Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]), zstdFrame(text)]),
    ],
  ])('%s gives the rows of the plain file', async (what, bytes) => {
    // The skippable frame hides the magic number that zstd is known by.
    const expected = what.includes('skippable') ? undefined : LOG_ROWS;
    if (expected === undefined) expect(await errorOf(bytes)).toContain('the trace format is unknown');
    else expect(briefly(rowsOf(await openFiles({ 'x.log': bytes })))).toEqual(expected);
  });

  it('is undone in pieces, whatever the size', async () => {
    const log = generateIolog(100_000);
    const plain = await openFiles({ 'x.log': log });
    for (const packed of [gzipSync(log), zstdFrame(log)]) {
      expect((await openFiles({ 'x.log': packed })).summary).toEqual(plain.summary);
    }
  });

  it('does not matter to where the last line ends in a buffer', async () => {
    const log = generateIolog(8000);
    // To the byte at the end of a chunk of 64 KiB, for one.
    const padded = Buffer.concat([log, Buffer.alloc(5 * 65536 - log.length, '\n')]);
    expect((await importBytes(padded)).summary.ios).toBe(8000);
    for (let end = 1; end !== 0; end = log.indexOf(10, end + 3571) + 1) {
      const lines = log.subarray(0, end).toString('latin1').split('\n').length - 1;
      if (lines < 4) continue;
      expect((await importBytes(log.subarray(0, end))).summary.ios).toBe(lines - 3);
    }
  });

  it.each([
    ['a truncated gzip', gzipSync(generateIolog(1000)).subarray(0, 5000), 'the gzip data is truncated'],
    ['a gzip cut in its header', gzipSync(text).subarray(0, 5), 'the gzip data is truncated'],
    [
      'a gzip with something behind it',
      Buffer.concat([gzipSync(text), Buffer.from('garbage')]),
      'the gzip data is damaged, or something else follows it',
    ],
    [
      'a damaged gzip',
      gzipSync(generateIolog(1000)).map((byte, i) => (i === 3000 ? byte ^ 0xff : byte)),
      'the gzip data is damaged',
    ],
    ['a truncated zstd', zstdFrame(generateIolog(1000)).subarray(0, 5000), 'the zstd data is truncated'],
    [
      'a zstd with something behind it',
      Buffer.concat([zstdFrame(text), Buffer.from('garbage')]),
      'the zstd data is damaged, or something else follows it',
    ],
    [
      'a damaged zstd',
      readFileSync(SAMPLES[1]!.file).map((byte, i) => (i === 300_000 ? byte ^ 0xff : byte)),
      'the zstd data is damaged',
    ],
  ])('%s is refused', async (_what, bytes, message) => {
    expect(await errorOf(bytes)).toContain(`E_DATA input: ${message}`);
  });
});

describe('inputs', () => {
  it('may be a folder, its files merged by time in byte order of their names', async () => {
    const folder = join(testFolder(), 'traces.of.a.day');
    mkdirSync(folder);
    mkdirSync(join(folder, 'deeper'));
    writeFileSync(
      join(folder, 'b.log'),
      'fio version 3 iolog\n0 b add\n10 b read 0 512\n20 b read 512 512\n',
    );
    writeFileSync(
      join(folder, 'B.log.gz'),
      gzipSync('fio version 3 iolog\n0 B add\n10 B read 0 512\n15 B read 512 512\n'),
    );
    writeFileSync(join(folder, '.hidden'), 'no trace');
    const trace = await openTrace([folder]);
    expect(trace.diskNames).toEqual(['B', 'b']);
    expect(rowsOf(trace).map((row) => `${row.timeNs} ${row.disk}`)).toEqual([
      '0 0',
      '0 1',
      '5000 0',
      '10000 1',
    ]);
    expect(trace.name).toBe('traces.of.a.day');
  });

  it('are merged in one order however many they are', async () => {
    const files: Record<string, string> = {};
    const all: { time: number; file: number; offset: number }[] = [];
    let word = 7;
    for (let file = 0; file < 9; file++) {
      let time = 0;
      let log = `fio version 3 iolog\n0 f${file} add\n`;
      for (let i = 0; i < 1000; i++) {
        word = (word * 48271) % 2147483647;
        time += word % 5;
        log += `${time} f${file} read ${i * 512} 512\n`;
        all.push({ time, file, offset: i * 512 });
      }
      files[`${file}.log`] = log;
    }
    all.sort((a, b) => a.time - b.time || a.file - b.file || a.offset - b.offset);
    const rows = rowsOf(await openFiles(files));
    expect(rows.map((row) => `${row.timeNs / 1000} ${row.disk} ${row.offset}`)).toEqual(
      all.map((row) => `${row.time - all[0]!.time} ${row.file} ${row.offset}`),
    );
  });

  it('may be a pipe', async () => {
    const fifo = join(testFolder(), 'pipe.log');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    const writer = spawn('sh', ['-c', 'cat > "$1"', 'sh', fifo], { stdio: ['pipe', 'ignore', 'ignore'] });
    writer.stdin.end(LOG);
    const seen: (number | undefined)[] = [];
    const trace = await openTrace([fifo], { onProgress: (_read, total) => seen.push(total) });
    expect(briefly(rowsOf(trace))).toEqual(LOG_ROWS);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('must be of one format', async () => {
    const synth = readFileSync(new URL('formats/fixtures/synth.blktrace.0', import.meta.url));
    await expect(openFiles({ 'a.log': LOG, 'b.bin': synth })).rejects.toThrow(
      /b\.bin: the files are of different formats; found "blktrace"; expected fio-iolog, as in .*a\.log/,
    );
  });

  it('that do not exist are reported with the nearest name', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'mysql.load'), 'x');
    writeFileSync(join(folder, 'sda.blktrace.0'), 'x');
    const error = await openTrace([join(folder, 'mysql.laod')]).catch((caught) => caught);
    expect(error).toBeInstanceOf(NoInputError);
    expect(error.hint).toBe('did you mean "mysql.load"?');
    const base = await openTrace([join(folder, 'sda')]).catch((caught) => caught);
    expect(base.hint).toBe('1 per-CPU files sda.blktrace.N lie there: name them all');
    await expect(openTrace([])).rejects.toThrow(NoInputError);
  });

  it('report progress in bytes of the file, and can be interrupted', async () => {
    const log = generateIolog(200_000);
    const seen: number[] = [];
    const trace = await openFiles({ log }, { onProgress: (read, total) => seen.push(read / total!) });
    expect(seen.at(-1)).toBe(1);
    expect(seen.length).toBeGreaterThan(4);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    trace.close();
    const abort = new AbortController();
    const opening = openFiles(
      { log },
      { signal: abort.signal, onProgress: (read) => read > 2e6 && abort.abort() },
    );
    await expect(opening).rejects.toThrow(InterruptedError);
  });
});

describe('bad input', () => {
  it.each([
    ['an empty file', '', 'E_DATA input: the input is empty'],
    ['an empty gzip', gzipSync(''), 'E_DATA input: the input is empty'],
    ['a log without I/O', 'fio version 3 iolog\n1 a add\n', 'E_DATA input: the trace holds no I/O'],
    [
      'text of no known format',
      'a,b,c\n1,2,3\n',
      'E_DATA input: the trace format is unknown; found "a,b,c"; expected a format that fvp trace formats lists (where you know the format, say so with --format; delimited:... and struct:... take columns that you name)',
    ],
    [
      'binary garbage',
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)),
      'the trace format is unknown',
    ],
    [
      'a line longer than 1 MiB',
      `${LOG}${'x'.repeat(3 * 2 ** 20)}\n7 a read 0 512\n`,
      'a line is longer than 1 MiB',
    ],
    [
      'a line longer than 1 MiB that never ends',
      `${LOG}${'x'.repeat(5 * 2 ** 20)}`,
      'a line is longer than 1 MiB',
    ],
  ])('such as %s is refused', async (_what, content, message) => {
    expect(await errorOf(content)).toContain(message);
  });

  it('has the place of the error also far into the file', async () => {
    const rows = 300_000;
    const found = await errorOf(Buffer.concat([generateIolog(rows), Buffer.from('oops\n')]));
    expect(found).toContain(`E_DATA input:${rows + 4}:1: not a number; found "oops"`);
  });

  it('of another format than asked for is refused by that format', async () => {
    expect(await errorOf(LOG, 'input', { format: 'blkparse' })).toContain(
      'input:1:1: not a line of blkparse',
    );
    expect(await errorOf(LOG, 'input', { format: 'blktrace' })).toContain('byte 0: not a blktrace record');
    expect(await errorOf(LOG, 'input', { format: 'blkreplay' })).toContain('the trace holds no I/O');
  });

  it('includes a format that does not exist', async () => {
    const error = await openFiles({ log: LOG }, { format: 'blkparze' }).catch((caught) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.hint).toBe('did you mean "blkparse"?');
  });
});

describe('the table of formats', () => {
  const fixtures = readdirSync(new URL('formats/fixtures', import.meta.url));
  it.each(fixtures)('recognises %s by its content, as one format only', (name) => {
    const head = readFileSync(new URL(`formats/fixtures/${name}`, import.meta.url)).subarray(0, 65536);
    expect(formatTable.filter((format) => format.recognise(head, true))).toHaveLength(1);
  });

  it('names every format in kebab case, says what it is and how it is known', () => {
    for (const format of formatTable) {
      expect(format.name).toMatch(/^[a-z]+[0-9]*(-[a-z0-9]+)*$/);
      expect(format.description).not.toBe('');
      expect(format.recognisedBy).not.toBe('');
    }
  });
});
