/** What the charts draw, as data: the page adds nothing to it. */
import type { JsHistogram } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram, type SparseHistogram } from '../../../reference/kernel/histogram.ts';
import { toHdrHistogram } from '../../hdr/encode.ts';
import { mergeAll } from '../../hdr/summary.ts';
import type { LatencyRecording, Timeline } from '../../schema/run-document.ts';
import { sampleRecording } from '../../testing/sample-recording.ts';
import type { Figure } from '../figure.ts';
import { CHARTS } from './index.ts';

const recording = sampleRecording({ intervals: 12, iosPerVm: 1200 });

function figuresOf(name: string, input = recording, workload = 'database'): Figure[] {
  return CHARTS.find((chart) => chart.name === name)!.figures(input, workload);
}

function pairs(points: readonly (number | null)[]): [number, number | null][] {
  return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i]!, points[2 * i + 1]!]);
}

function sparse(...values: number[]): SparseHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram.toSparse();
}

describe('every chart', () => {
  it('has titles with units, series of its own groups, and points that can be drawn', () => {
    const names = CHARTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      const figures = figuresOf(name);
      expect(figures.length, name).toBeGreaterThan(0);
      for (const { title, x, y, groups, series } of figures) {
        if (x.format !== 'category') expect([x.title, y.title].join(), title).toMatch(/^.+\(.+\).*,.+\(.+\)/);
        expect(groups.some(({ shown }) => shown)).toBe(true);
        for (const { group, points } of series) {
          expect(groups.map((one) => one.name)).toContain(group);
          const drawn = pairs(points);
          for (const [i, [at, value]] of drawn.entries()) {
            expect(Number.isFinite(at) && (value === null || Number.isFinite(value))).toBe(true);
            if (y.scale === 'log' && value !== null) expect(value).toBeGreaterThan(0);
            if (i > 0) expect(at).toBeGreaterThan(drawn[i - 1]![0]);
          }
        }
      }
    }
  });

  it('draws nothing for a workload without data', () => {
    const empty = sparse();
    const latencies = recording.latencies.map((one) => ({ ...one, response: [empty], service: [empty] }));
    const nothing = { count: 0, response: null, service: null };
    const results = recording.document.results.map((result) => ({
      ...result,
      vms: result.vms.map((vm) => ({ ...vm, reads: nothing, writes: nothing, flushes: nothing })),
      flash: { ...result.flash, programmedBytes: { guest: 0, headers: 0, populate: 0, replica: 0 } },
    }));
    const document = { ...recording.document, results };
    for (const chart of CHARTS)
      expect(chart.figures({ ...recording, document, latencies, timelines: [] }, 'database')).toEqual([]);
  });
});

describe('percentile curves', () => {
  it('are those of hdr-histogram-js over the whole run', () => {
    const figure = figuresOf('percentile-curves')[1]!;
    expect(figure.title).toBe('Write latency by percentile');
    const line = figure.series.find(({ mode, group }) => mode === 'write-back' && group === 'response time')!;
    const { response } = recording.latencies.find(
      ({ workload, mode, kind }) => workload === 'database' && mode === 'write-back' && kind === 'writes',
    )!;
    const all = mergeAll(response);
    const theirs: JsHistogram = toHdrHistogram(all);
    const points = pairs(line.points);
    expect(points.at(-1)).toEqual([all.count, all.max]);
    for (const [x, value] of points.slice(0, -1)) {
      // One rank up or down: the library rounds ranks up, we to the nearest.
      const around = [-0.5, 0.5].map((off) =>
        theirs.getValueAtPercentile(100 * (1 - 1 / x) + (100 * off) / all.count),
      );
      expect(value! >= around[0]! && value! <= Math.max(around[1]!, around[0]!), `1/(1-p) = ${x}`).toBe(true);
    }
  });

  it('never fall, begin at 0 % and reach every nine that the count allows', () => {
    for (const figure of figuresOf('percentile-curves')) {
      for (const { points } of figure.series) {
        const line = pairs(points);
        const at = line.map(([x]) => x);
        expect(at[0]).toBe(1);
        for (let nine = 10; nine < at.at(-1)!; nine *= 10) expect(at).toContain(nine);
        for (let i = 1; i < line.length; i++) expect(line[i]![1]!).toBeGreaterThanOrEqual(line[i - 1]![1]!);
      }
    }
  });
});

describe('latency over time', () => {
  const one = (response: SparseHistogram[], intervalNs = 1e9): LatencyRecording => ({
    workload: 'database',
    mode: 'none',
    kind: 'writes',
    intervalNs,
    response,
    service: response,
  });
  const drawn = (latency: LatencyRecording): Figure =>
    figuresOf('latency-over-time', { ...recording, latencies: [latency] })[0]!;

  it('has the percentiles of each interval at its middle, and a gap where nothing happened', () => {
    const figure = drawn(one([sparse(100, 200, 300), sparse(), sparse(500)]));
    expect(figure.x.title).toBe('Virtual time since the start (s)');
    expect(figure.series).toEqual([
      { mode: 'none', group: 'p99', points: [0.5, 300, 1.5, null, 2.5, 500] },
      { mode: 'none', group: 'p50', points: [0.5, 200, 1.5, null, 2.5, 500] },
    ]);
  });

  it('merges neighbours, and so counts every I/O, where there are more intervals than points', () => {
    const many = Array.from({ length: 1000 }, (_, i) =>
      sparse(...Array.from({ length: 9 }, () => 100), i === 7 ? 9000 : 100),
    );
    const p99 = pairs(drawn(one(many, 1e8)).series[0]!.points);
    expect(p99).toHaveLength(200);
    expect(p99.filter(([, value]) => value === 9000)).toEqual([[0.75, 9000]]);
  });

  it('counts in minutes and hours where the run is long', () => {
    const hours = drawn(one([sparse(1), sparse(1)], 10 * 3600e9));
    expect(hours.x.title).toBe('Virtual time since the start (h)');
    expect(pairs(hours.series[0]!.points)[1]![0]).toBe(15);
    expect(drawn(one([sparse(1), sparse(1)], 600e9)).x.title).toBe('Virtual time since the start (min)');
  });
});

describe('dirty backlog', () => {
  it('keeps the most of merged intervals, in a unit that fits', () => {
    const dirtyBytesMax = Array.from({ length: 500 }, (_, i) => (i === 100 ? 3 * 2 ** 20 : 2 ** 20));
    const timeline: Timeline = {
      ...recording.timelines[0]!,
      mode: 'write-back',
      intervalNs: 1e9,
      intervals: 500,
      dirtyBytesMax,
    };
    const [figure] = figuresOf('dirty-backlog', { ...recording, timelines: [timeline] });
    expect(figure!.y.title).toBe('Dirty data (MiB)');
    const points = pairs(figure!.series[0]!.points);
    expect(points.length).toBeLessThanOrEqual(240);
    expect(Math.max(...points.map(([, value]) => value!))).toBe(3);
  });

  it('leaves out modes that have none', () => {
    const modes = figuresOf('dirty-backlog')[0]!.series.map(({ mode }) => mode);
    expect(modes).toEqual(['write-back', 'write-back+1', 'write-back+2']);
  });
});
