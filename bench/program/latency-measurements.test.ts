import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as hdr from 'hdr-histogram-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { histogramQuantile } from '../../reference/devices/empirical/latency-grid.ts';
import { relativeError } from '../../reference/devices/testing/measures.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { readLatencyFiles, type SaidOfLogs } from './latency-measurements.ts';

const NOTHING_SAID: SaidOfLogs = { operation: undefined, sizeBytes: undefined, depth: undefined };
const read = (file: string, said: Partial<SaidOfLogs> = {}) =>
  readLatencyFiles([file], { ...NOTHING_SAID, ...said }, new AbortController().signal);
const fixture = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-latencies-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of the folder. */
function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('latencies', () => {
  it('of a latency log of fio come by direction and size, with the depth that Little’s law gives', async () => {
    // Two under way all the time: each takes 2 ms, and one ends every millisecond.
    const rows = Array.from({ length: 1000 }, (_, i) => `${i}, 2000000, ${i % 2}, ${i % 2 ? 8192 : 4096}, 0`);
    const { measurements, notes } = await read(written('job_clat.1.log', rows.join('\n')));
    expect(
      measurements.map(({ operation, sizeBytes, depth }) => [operation, sizeBytes, depth]).sort(),
    ).toEqual([
      ['read', 4096, 2],
      ['write', 8192, 2],
    ]);
    for (const { histogram } of measurements) expect(histogram.map(([, ios]) => ios)).toEqual([500]);
    expect(notes.join()).toContain('2 under way, by Little');
    const [said] = (await read(join(folder, 'job_clat.1.log'), { depth: 7 })).measurements;
    expect(said!.depth).toBe(7);
  });

  it('of a log that fio wrote are those of its rows', async () => {
    const file = fixture('workloads/fio-parser/fixtures/issue_lat.1.log');
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((row) => row.split(',').map(Number));
    const { measurements } = await read(file, { depth: 1 });
    expect(measurements).toHaveLength(2);
    for (const { operation, histogram } of measurements) {
      const own = rows.filter((row) => row[2] === (operation === 'read' ? 0 : 1)).map((row) => row[1]!);
      expect(histogram.reduce((sum, [, ios]) => sum + ios, 0)).toBe(own.length);
      const median = own.sort((a, b) => a - b)[Math.ceil(own.length / 2) - 1]!;
      expect(relativeError(histogramQuantile(histogram)(0.5), median)).toBeLessThan(0.02);
    }
  });

  it('of a histogram log of fio are those of its intervals', async () => {
    const { measurements } = await read(fixture('workloads/fio-parser/fixtures/nullhist_clat_hist.1.log'));
    expect(measurements.length).toBeGreaterThan(0);
    for (const { sizeBytes, histogram } of measurements) {
      expect(sizeBytes).toBe(4096);
      expect(histogram.reduce((sum, [, ios]) => sum + ios, 0)).toBeGreaterThan(1000);
    }
  });

  it('of an HdrHistogram log are of what its tag, or a person, says', async () => {
    const histogram = hdr.build({ numberOfSignificantValueDigits: 3, highestTrackableValue: 1e9 });
    histogram.recordValueWithCount(100_000, 90);
    histogram.recordValueWithCount(1_000_000, 10);
    const line = `0.000,1.000,1.000,${hdr.encodeIntoCompressedBase64(histogram)}`;
    const tagged = written('t.hlog', `#[Histogram log format version 1.3]\nTag=reads,${line}\n`);
    const bare = written('b.hlog', `#[Histogram log format version 1.3]\n${line}\n`);
    await expect(read(bare)).rejects.toThrow('does not say whether its latencies are of reads or writes');
    await expect(read(tagged)).rejects.toThrow('does not say of what size its I/Os are');
    const point = { sizeBytes: 4096, depth: 8 };
    const [one] = (await read(tagged, point)).measurements;
    const [two] = (await read(bare, { ...point, operation: 'write' })).measurements;
    expect(one).toMatchObject({ operation: 'read', sizeBytes: 4096, depth: 8 });
    expect(two).toMatchObject({ operation: 'write', histogram: one!.histogram });
    expect(one!.histogram.map(([, ios]) => ios)).toEqual([90, 10]);
    for (const [at, ns] of [100_000, 1_000_000].entries())
      expect(relativeError(one!.histogram[at]![0], ns)).toBeLessThan(0.01);
  });

  it('of a trace come by size and by what was under way', async () => {
    const file = fixture('traces/samples/email.blktrace.zst');
    const { measurements, notes } = await read(file);
    const trace = await openTrace([file], { event: 'D' });
    const { ios: rows, reads, writes, recorded } = trace.summary;
    trace.close();
    const ios = measurements.flatMap(({ histogram }) => histogram).reduce((sum, [, count]) => sum + count, 0);
    const rare = Number(/: ([0-9]+) I\/Os of rare/.exec(notes.join())?.[1] ?? 0);
    // Every row has a latency, and flushes are no reads or writes.
    expect(recorded.latencies).toBe(rows);
    expect(ios + rare).toBe(reads + writes);
    expect(new Set(measurements.map(({ depth }) => depth)).size).toBeGreaterThan(1);
    expect(new Set(measurements.map(({ sizeBytes }) => sizeBytes)).size).toBeGreaterThan(1);
  });

  it('that are averages, or none, are refused', async () => {
    const averages = written('avg_lat.1.log', '500, 2000, 0, 0\n1000, 3000, 0, 0\n');
    await expect(read(averages)).rejects.toThrow('rows are averages');
    await expect(read(written('torn_lat.1.log', '5, 6\n'))).rejects.toThrow('torn_lat.1.log:1');
    await expect(read(join(folder, 'none_lat.1.log'))).rejects.toThrow('no such file');
    await expect(read(fixture('traces/formats/fixtures/oltp-log.iolog3'))).rejects.toThrow(
      'no completions are recorded',
    );
  });
});
