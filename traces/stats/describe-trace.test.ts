import { describe, expect, it } from 'vitest';
import { openTrace } from '../open-trace.ts';
import { SAMPLES } from '../samples/samples.ts';
import { sharedTrace, shell } from '../testing/independent-tools.ts';
import { openFiles } from '../testing/read-rows.ts';
import { describeTrace } from './describe-trace.ts';
import { SequentialRuns } from './sequential-runs.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('the description of a trace', () => {
  it.each(SAMPLES.map(({ name, file }) => [name, file]))('adds up: %s', async (_, file) => {
    const trace = await openTrace([file]);
    const info = await describeTrace(trace);
    expect(info).toMatchObject({ schema: 'fvp.trace/1', ...trace.summary });
    const { timeline } = info;
    for (const kind of ['reads', 'writes', 'flushes', 'discards'] as const)
      expect(sum(timeline[kind])).toBe(info[kind]);
    expect(sum(timeline.readBytes)).toBe(info.readBytes);
    expect(sum(timeline.writeBytes)).toBe(info.writeBytes);
    expect(timeline.footprintBytes!.at(-1)).toBe(info.footprintBytes);
    expect(sum(info.sizes.map(({ reads }) => reads))).toBe(info.reads);
    expect(sum(info.sizes.map(({ bytes, writes }) => bytes * writes))).toBe(info.writeBytes);
    expect(sum(info.heat.flatMap(({ counts }) => counts.map((bands) => sum(bands))))).toBe(
      info.reads + info.writes,
    );
    const { readOnlyBytes, writtenOnlyBytes, readAndWrittenBytes } = info.overlap!;
    expect(readOnlyBytes + writtenOnlyBytes + readAndWrittenBytes).toBe(info.footprintBytes);
    expect(info.latency.reads!.count + info.latency.writes!.count + info.latency.flushes!.count).toBe(
      info.ios,
    );
    expect(info.byDisk).toHaveLength(1);
    expect(info.missRatios!.difference!.mean).toBeLessThan(0.01);
  });

  it('of one I/O, and of flushes alone, has nothing where there is nothing to say', async () => {
    const one = await describeTrace(
      await openFiles({ x: 'fio version 3 iolog\n1 a add\n1 a open\n5 a write 0 4096\n' }),
    );
    expect(one.arrivals).toEqual({
      meanIops: null,
      peakSecondIos: 1,
      gaps: null,
      gapVariation: null,
      dispersion: [],
      hurst: null,
    });
    expect(one.missRatios!.exact!.all).toEqual([1]);
    expect(one.timeline.footprintBytes).toEqual([4096]);
    const flushes = await describeTrace(
      await openFiles({ x: 'fio version 3 iolog\n1 a add\n1 a open\n5 a sync 0 0\n9 a sync 0 0\n' }),
    );
    expect(flushes.missRatios).toBe(null);
    expect(flushes.sizes).toEqual([]);
    expect(flushes.latency.flushes).toBe(null);
  });

  it('has an interval of quiet where nothing came', async () => {
    const log =
      'fio version 3 iolog\n1 a add\n1 a open\n2 a write 0 4096\n2000002 a write 0 4096\n4000002 a read 4096 4096\n';
    const { timeline } = await describeTrace(await openFiles({ x: log }));
    expect(timeline.workingSetBytes!.filter((bytes) => bytes > 0)).toEqual([4096, 4096, 4096]);
    expect(timeline.footprintBytes!.slice(0, -1).every((bytes) => bytes === 4096)).toBe(true);
    expect(timeline.footprintBytes!.at(-1)).toBe(8192);
  });
});

it('a run continues from any of the last 16 streams of its disk', () => {
  const runs = new SequentialRuns();
  for (let stream = 0; stream < 16; stream++) expect(runs.add(0, stream * 1e6, 4096)).toBe(false);
  for (let stream = 0; stream < 16; stream++) expect(runs.add(0, stream * 1e6 + 4096, 4096)).toBe(true);
  expect(runs.add(1, 8192, 4096)).toBe(false);
  expect(runs.add(0, 99e6, 4096)).toBe(false);
  expect(runs.add(0, 8192, 4096)).toBe(false);
  expect(runs.summary()).toEqual({ share: 16 / 35, meanIos: 35 / 19, meanBytes: (35 * 4096) / 19 });
});

const mysql = sharedTrace('blkreplay-natural/linux-mysql.load.gz');
describe.skipIf(mysql.absent)(`zcat and awk${mysql.note}`, () => {
  it('find the same gaps, sizes and sequential writes in the MySQL trace', async () => {
    const info = await describeTrace(await openTrace([mysql.path]));
    const awk = (program: string): number =>
      Number(shell(`zcat "$1" | awk -F';' '/^ *[0-9]+\\.[0-9]+ *;/ {${program}'`, mysql.path));
    expect(info.sizes.find(({ bytes }) => bytes === 16_384)!.writes).toBe(
      awk('if ($3+0 == 32 && $4 ~ /W/) n++} END {print n}'),
    );
    const meanGap = awk(
      'if (!first) {first = 1; a = $1}; b = $1; n++} END {printf "%.3f", (b - a) / (n - 1) * 1e9}',
    );
    expect(Math.abs(info.arrivals.gaps!.meanNs / meanGap - 1)).toBeLessThan(1e-9);
  });
});
