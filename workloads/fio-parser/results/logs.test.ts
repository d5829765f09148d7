import { createReadStream, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type FioHistogramRow,
  type FioLogKind,
  logKindOfName,
  mergeHistograms,
  parseFioResults,
  type ReadLogOptions,
  readFioHistogramLog,
  readFioLog,
} from '../index.ts';

function fixture(name: string): URL {
  return new URL(`../fixtures/${name}`, import.meta.url);
}

async function rowsOf(chunks: Iterable<Uint8Array>, kind: FioLogKind, options: ReadLogOptions = {}) {
  const rows: number[][] = [];
  for await (const block of readFioLog(chunks, kind, options)) {
    for (let i = 0; i < block.length; i++) {
      const { timeMs, value, maximum, direction, blockBytes, offset, priority, issueTimeNs } = block;
      rows.push(
        [timeMs, value, maximum, direction, blockBytes, offset, priority, issueTimeNs].map((c) => c[i]!),
      );
    }
  }
  return rows;
}

function bytes(text: string): Uint8Array[] {
  return [new TextEncoder().encode(text)];
}

function portions(name: string, size: number): Uint8Array[] {
  const all = readFileSync(fixture(name));
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.subarray(i * size, (i + 1) * size),
  );
}

async function histograms(chunks: Iterable<Uint8Array>): Promise<FioHistogramRow[]> {
  const rows: FioHistogramRow[] = [];
  for await (const row of readFioHistogramLog(chunks, { file: 'x.log' })) rows.push(row);
  return rows;
}

const N = Number.NaN;

describe('latency, bandwidth and IOPS logs', () => {
  test('tell their kind by their name', () => {
    expect(
      ['a_slat.1.log', 'a_clat.2.log', 'a_lat.log', 'a_bw.1.log', 'a_iops.1.log', 'a.log'].map(logKindOfName),
    ).toEqual(['latency', 'latency', 'latency', 'bandwidth', 'iops', undefined]);
  });
  test('of averages have no block size', async () => {
    expect((await rowsOf(portions('nullavg_clat.1.log', 1e6), 'latency'))[0]).toEqual([
      500,
      183,
      N,
      0,
      0,
      N,
      0,
      N,
    ]);
  });
  test('with offsets have them, whatever the portions', async () => {
    const whole = await rowsOf(portions('offset_lat.1.log', 1e6), 'latency');
    expect(whole).toHaveLength(200);
    expect(whole[0]).toEqual([0, 10525, N, 0, 4096, 4046848, 0, N]);
    expect(await rowsOf(portions('offset_lat.1.log', 5), 'latency')).toEqual(whole);
  });
  test('of bandwidth are given in bytes per second', async () => {
    expect((await rowsOf(portions('offset_bw.1.log', 1e6), 'bandwidth'))[0]![1]).toBe(412736 * 1024);
  });
  test('with priorities have them', async () => {
    expect((await rowsOf(portions('priority_lat.1.log', 1e6), 'latency'))[0]).toEqual([
      0,
      11367,
      N,
      0,
      4096,
      N,
      0,
      N,
    ]);
    expect((await rowsOf(bytes('0, 5, 1, 4096, 0x2004\n'), 'latency'))[0]![6]).toBe(0x2004);
  });
  test('of fio 2 have latencies in microseconds', async () => {
    expect(await rowsOf(bytes('7, 5, 1, 4096\n'), 'latency', { fioMajor: 2 })).toEqual([
      [7, 5000, N, 1, 4096, N, N, N],
    ]);
  });
  // 171 reads of 14,522 µs in all, by awk; fio's own mean is 84.923977 µs.
  test('of fio 2.21 have the mean that fio reports', async () => {
    const rows = await rowsOf(portions('fio-2.21_lat.2.log', 100), 'latency', { fioMajor: 2 });
    const reads = rows.filter((row) => row[3] === 0);
    const mean = reads.reduce((sum, row) => sum + row[1]!, 0) / reads.length;
    const { lat } = parseFioResults(readFileSync(fixture('fio-2.21.json')))[0]!.jobs[1]!.read;
    expect([reads.length, mean]).toEqual([171, 14_522_000 / 171]);
    expect(mean).toBeCloseTo(lat.meanNs, 2);
  });
  test('of fio 3.42 have average and maximum, or offset, priority and time of issue', async () => {
    const both = await rowsOf(portions('both_lat.1.log', 1e6), 'latency');
    expect(both.length).toBeGreaterThan(4);
    for (const row of both) expect(row[2]).toBeGreaterThanOrEqual(row[1]!);
    const issued = await rowsOf(portions('issue_lat.1.log', 1e6), 'latency');
    expect(issued).toHaveLength(60);
    for (const row of issued) expect([row[4], row[5]! % 4096, row[6]]).toEqual([4096, 0, 0]);
    expect(issued.map((row) => row[7]!)).toEqual(issued.map((row) => row[7]!).sort((a, b) => a - b));
  });
  // Columns as iolog.c of fio 3.42 writes them.
  test.each([
    ['4 and an offset', '0, 5, 0, 512, 8192', [0, 5, N, 0, 512, 8192, N, N]],
    ['a priority and the time of issue', '0, 5, 0, 512, 0x0004, 99', [0, 5, N, 0, 512, N, 4, 99]],
    ['average and maximum', '0, 5, 70, 1, 0, 0', [0, 5, 70, 1, 0, N, 0, N]],
    ['all of them', '0, 5, 70, 2, 512, 8192, 0x0004, 99', [0, 5, 70, 2, 512, 8192, 4, 99]],
  ])('may have %s', async (_, line, row) => {
    expect(await rowsOf(bytes(line), 'latency')).toEqual([row]);
  });
  test('are read as the caller says where the first rows deceive', async () => {
    const text = '0, 5, 0, 512, 0\n0, 5, 0, 512, 1\n';
    expect((await rowsOf(bytes(text), 'latency'))[1]![6]).toBe(1);
    const columns = ['time', 'value', 'direction', 'blockBytes', 'offset'] as const;
    expect((await rowsOf(bytes(text), 'latency', { columns }))[1]![5]).toBe(1);
  });
  test('are read through streams, in more than one block', async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `${i}, ${2 * i}, ${i % 2}, 4096\r\n`).join('');
    const rows = await rowsOf(bytes(text), 'iops');
    expect(rows).toHaveLength(10_000);
    expect(rows[9_999]).toEqual([9_999, 19_998, N, 1, 4096, N, N, N]);
    let length = 0;
    for await (const block of readFioLog(createReadStream(fixture('offset_lat.1.log')), 'latency'))
      length += block.length;
    expect(length).toBe(200);
  });
  test.each([
    [
      'no number',
      '0, 5, 0, 512\n0, x, 0, 512\n',
      '-:2:4: not a log of fio; found "x, 0, 512"; expected a number',
    ],
    ['a torn row', '0, 5, 0, 512\n0, 5, 0\n', '-:2:1: the row is torn; found "3 columns"; expected 4'],
    ['a comma at the end', '0, 5, 0,\n', '-:1:9: not a log of fio; found "the end of the line"'],
    ['no direction', '0, 5, 9, 512\n', '-:1:1: column 4 is not what it was taken for; found "512"'],
    ['too large a number', '0, 99999999999999999, 0, 512', '-:1:4: not a log of fio; found'],
    [
      'a late offset',
      `${'0, 5, 0, 512, 0\n'.repeat(9000)}0, 5, 0, 512, 8192`,
      '-:9001:1: column 5 is not what it was taken for',
    ],
    ['a histogram log', `${'1, '.repeat(40)}1`, 'expected 4 to 8 columns'],
    ['a line without end', '1'.repeat(100_000), 'the line is too long'],
  ])('are refused with the place: %s', async (_, text, message) => {
    await expect(rowsOf(bytes(text), 'latency')).rejects.toThrow(message);
  });
  test('are refused with a hint when compressed', async () => {
    await expect(rowsOf([Uint8Array.of(0x1f, 0x8b, 8, 0)], 'latency')).rejects.toMatchObject({
      hint: 'the log is compressed: unpack it first',
    });
  });
});

describe('histogram logs', () => {
  test('hold no more than the histogram of the job, bucket by bucket', async () => {
    const rows = await histograms(portions('nullhist_clat_hist.1.log', 1000));
    expect(rows.map(({ timeMs }) => timeMs)).toEqual(rows.map(({ timeMs }) => timeMs).sort((a, b) => a - b));
    const job = parseFioResults(readFileSync(fixture('nullhist.json')))[0]!.jobs[0]!;
    const reads = mergeHistograms(
      rows.filter(({ direction }) => direction === 0).map(({ histogram }) => histogram),
    )!;
    const writes = mergeHistograms(
      rows.filter(({ direction }) => direction === 1).map(({ histogram }) => histogram),
    )!;
    expect(reads.count).toBeGreaterThan(0);
    expect(reads.count).toBeLessThanOrEqual(job.read.clat.count!);
    expect(writes.count).toBeLessThanOrEqual(job.write.clat.count!);
  });
  // Sums by `awk -F, '{for(i=4;i<=NF;i++)s+=$i} END{print s}'`.
  test.each([
    ['coarse2_clat_hist.1.log', 2, 9008],
    ['coarse6_clat_hist.1.log', 6, 9008],
  ])('are read at any coarseness: %s', async (name, coarseness, sum) => {
    const rows = await histograms(portions(name, 777));
    expect(rows).toHaveLength(6);
    expect(rows[0]!.histogram.layout.coarseness).toBe(coarseness);
    expect(rows.reduce((total, { histogram }) => total + histogram.count, 0)).toBe(sum);
  });
  test('of fio 2 are in microseconds', async () => {
    const [row] = await histograms(
      bytes(`5, 1, 4096, ${Array.from({ length: 1216 }, (_, i) => (i === 3 ? 7 : 0)).join(', ')}`),
    );
    expect(row).toMatchObject({ timeMs: 5, direction: 1, blockBytes: 4096 });
    expect(row!.histogram.layout.unitNs).toBe(1000);
    expect([[...row!.histogram.index], row!.histogram.count]).toEqual([[3], 7]);
  });
  test('of fio 2.21 hold as many I/Os as fio wrote', async () => {
    const rows = await histograms(portions('fio-2.21_clat_hist.2.log', 1000));
    expect(rows).toHaveLength(4);
    expect(rows[0]!.histogram.layout).toEqual({ unitNs: 1000, groups: 19, coarseness: 0 });
    // By awk.
    expect(rows.reduce((total, { histogram }) => total + histogram.count, 0)).toBe(414);
  });
  test.each([
    ['another log', '5, 5, 0, 512\n', 'x.log:1:1: not a histogram log; found "4 columns"'],
    [
      'a torn row',
      `${'1, '.repeat(31)}1\n1, 1\n`,
      'x.log:2:1: the row is torn; found "2 columns"; expected 32',
    ],
    ['a count below 0', `1, 1, 1, ${'1, '.repeat(28)}-1`, 'x.log:1:1: a count below 0 in column 32'],
    ['no direction', `1, 9, 1, ${'1, '.repeat(28)}1`, 'x.log:1:1: no direction; found "9"'],
  ])('are refused with the place: %s', async (_, text, message) => {
    await expect(histograms(bytes(text))).rejects.toThrow(message);
  });
});
