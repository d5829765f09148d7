import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { bencherMetrics } from '../exports/bencher.ts';
import { githubAnnotations } from '../exports/github.ts';
import { githubActionBenchmark } from '../exports/github-action-benchmark.ts';
import { junitXml } from '../exports/junit.ts';
import { gateMarkdown } from '../exports/markdown.ts';
import { prometheusText } from '../exports/prometheus.ts';
import type { ModeResult } from '../schema/run-document.ts';
import { type SampleOptions, sampleRecording } from '../testing/sample-recording.ts';
import {
  BASELINE_SCHEMA,
  formatBaseline,
  type GateRun,
  gateRun,
  measuredOf,
  readBaseline,
} from './baseline.ts';
import { parseThreshold, parseThresholds } from './expression.ts';
import { figureChanges, neighbourhood } from './figure-changes.ts';
import { type GateDocument, gateExact } from './gate.ts';
import { gateLines } from './gate-text.ts';
import { chanceOfRise, decide, leastChance, percentileInterval, ratioInterval } from './noise.ts';

const SMALL: SampleOptions = {
  intervals: 6,
  iosPerVm: 400,
  workloads: ['database'],
  modes: ['none', 'write-back'],
};

function run(options: SampleOptions = {}): GateRun {
  const { document, latencies } = sampleRecording({ ...SMALL, ...options });
  return gateRun(document, latencies);
}

function gate(
  base: GateRun | undefined,
  other: GateRun,
  thresholds: readonly string[] = [],
  modes?: readonly string[],
): GateDocument {
  return gateExact({
    name: 'new',
    run: other,
    measured: measuredOf('new', other, 'run'),
    baseline:
      base === undefined
        ? undefined
        : { name: 'old', run: base, measured: measuredOf('old', base, 'baseline') },
    thresholds: thresholds.map(parseThreshold),
    modes,
  });
}

/** The run with one result's writes slower by `ns`, all at the array. */
function slower(base: GateRun, mode: string, ns: number): GateRun {
  const results = base.document.results.map((result): ModeResult => {
    if (result.mode !== mode) return result;
    const response = result.writes.response!;
    return {
      ...result,
      writes: {
        ...result.writes,
        response: { ...response, p99Ns: response.p99Ns + ns, meanNs: response.meanNs + ns },
      },
      parts: {
        ...result.parts,
        writes: {
          ...result.parts.writes,
          datastoreNs: result.parts.writes.datastoreNs + ns * result.writes.count,
        },
      },
    };
  });
  return { ...base, document: { ...base.document, results } };
}

describe('a threshold', () => {
  test('has the parts its grammar names', () => {
    expect(parseThreshold('writes.p99<2ms')).toMatchObject({
      workload: null,
      mode: null,
      direction: 'writes',
      stat: 'p99',
      time: 'response',
      operator: '<',
      limit: { kind: 'value', ns: 2e6 },
    });
    expect(parseThreshold(' a/b/write-back+1:reads.p99.9.service <= +5.5% ')).toMatchObject({
      workload: 'a/b',
      mode: 'write-back+1',
      direction: 'reads',
      stat: 'p99.9',
      time: 'service',
      operator: '<=',
      limit: { kind: 'relative', percent: 5.5 },
    });
  });

  test.each([
    ['writes.p99>2ms', /only < and <=/],
    ['writes.p99', /no < or <=/],
    ['writs.p99<2ms', /no direction "writs"/],
    ['writes.p101<2ms', /no figure "p101"/],
    ['writes.p0<2ms', /no figure/],
    ['writes.meen<2ms', /no figure "meen"/],
    ['writes.p99<fast', /neither a time nor/],
    ['writes.p99<-5%', /neither a time nor/],
    ['writes.p99<', /neither a time nor/],
    ['p99<2ms', /no DIRECTION.STAT/],
    ['<', /no DIRECTION.STAT/],
    ['', /no < or <=/],
  ])('such as %s is refused with its fault', (text, message) => {
    expect(() => parseThreshold(text)).toThrow(UsageError);
    expect(() => parseThreshold(text)).toThrow(message);
  });

  test('never throws anything but a UsageError, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        for (const text of [a, `${a}<${b}`, `reads.${a}<1ms`, `reads.p50<${b}`]) {
          try {
            parseThreshold(text);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        }
      }),
    );
  });

  test('in a file is refused with its line', () => {
    expect(parseThresholds('# goals\n\nwrites.p99<2ms # of all\nreads.p50 <= +1%\n', 'x')).toHaveLength(2);
    expect(() => parseThresholds('writes.p99<2ms\nnonsense\n', 'goals.txt')).toThrow(/^goals.txt:2: /);
    expect(() => parseThresholds('# nothing\n', 'x')).toThrow(DataError);
  });
});

describe('the gate in virtual time', () => {
  const base = run();

  test('passes the same numbers and fails any other, without a threshold', () => {
    expect(gate(base, run()).verdict).toBe('pass');
    const document = gate(base, slower(base, 'write-back', 1));
    expect(document.verdict).toBe('fail');
    expect(document.checks.map(({ mode, verdict }) => [mode, verdict])).toEqual([
      ['none', 'pass'],
      ['write-back', 'fail'],
    ]);
    expect(document.changes[0]!.figures.map(({ path }) => path)).toEqual([
      'writes.response.meanNs',
      'writes.response.p99Ns',
      'parts.writes.datastoreNs',
    ]);
  });

  test('names percentile, interval and neighbourhood', () => {
    const other = run({ seed: 2 });
    const text = gateLines(gate(base, other)).join('\n');
    expect(text).toMatch(/seed 1 -> 2/);
    expect(text).toMatch(/Look first at the seed/);
    expect(text).toMatch(/writes\.response\.p99 /);
    expect(text).toMatch(/writes: Of the mean's [+-]/);
    expect(text).toMatch(/writes: Of the slowest 1 %, whose mean moved by [+-].*: SAN [+-]/);
    expect(text).toMatch(/writes in every interval, most from .* \(p99 .* -> .*\)/);
  });

  test('holds relative and absolute thresholds to their bounds', () => {
    const p99 = base.document.results[1]!.writes.response!.p99Ns;
    const other = slower(base, 'write-back', Math.floor(p99 * 0.05));
    const verdict = (threshold: string) => gate(base, other, [threshold], ['write-back']).verdict;
    expect(verdict('writes.p99<+6%')).toBe('pass');
    expect(verdict('writes.p99<+4%')).toBe('fail');
    expect(verdict(`writes.p99<=${other.document.results[1]!.writes.response!.p99Ns}ns`)).toBe('pass');
    expect(verdict(`writes.p99<${other.document.results[1]!.writes.response!.p99Ns}ns`)).toBe('fail');
    expect(verdict('writes.p99.service<=+0%')).toBe('pass');
    expect(gate(undefined, other, ['none:writes.p99<1h']).verdict).toBe('pass');
  });

  test('asks which mode where several could be meant, and for a baseline where one is needed', () => {
    expect(() => gate(base, base, ['writes.p99<2ms'])).toThrow(/which mode/);
    expect(() => gate(base, base, ['write-bak:writes.p99<2ms'])).toThrow(/no mode "write-bak"/);
    expect(() => gate(base, base, ['data/none:writes.p99<2ms'])).toThrow(/no workload "data"/);
    expect(() => gate(undefined, base, ['none:writes.p99<+1%'])).toThrow(/needs a baseline/);
    expect(() => gate(undefined, base)).toThrow(/nothing to hold/);
    expect(() => gate(base, base, ['none:writes.p98<+1%'])).toThrow(/has no p98/);
    expect(() => gate(base, run({ workloads: ['a', 'b'] }))).toThrow(/nothing in new can be paired/);
  });

  test('points to the part of the reference that the changed modes have in common', () => {
    const changed = (mode: string, other: Partial<ModeResult> = {}) => {
      const one = base.document.results[1]!;
      const two = { ...one, ...other, events: one.events + 1 };
      return { workload: 'w', mode, base: one, other: two, changes: figureChanges(one, two) };
    };
    const said = (modes: string[], calm: string[], other: Partial<ModeResult> = {}) =>
      neighbourhood(
        [],
        modes.map((mode) => changed(mode, other)),
        calm,
      ).join(' ');
    expect(said(['none', 'write-back'], [])).toMatch(/the array, the replay or the kernel/);
    expect(said(['write-through', 'write-back'], ['none'])).toMatch(/read path, write-through path or flash/);
    expect(said(['write-back', 'write-back+1'], ['none'])).toMatch(/the log, local flash, destaging/);
    expect(said(['write-back+1'], ['none', 'write-back'])).toMatch(/the replication path/);
    const destage = { ...base.document.results[1]!.destage, batches: 1000 };
    expect(said(['write-back'], ['none'], { destage })).toMatch(
      /the destager works otherwise: destage.batches/,
    );
  });

  test('shows hostile names without running them, in every format', () => {
    const evil = '</failure>]]><script>alert(1)</script>|`x`\u001b[31m\u202e\u0000😀%0A::error::x';
    const names = [evil, 'y'.repeat(10_000)];
    const one = run({ workloads: names });
    const other = run({ workloads: names, seed: 2, scenario: { name: evil } });
    const document = gate(one, other);
    const junit = junitXml(document);
    expect(junit).not.toMatch(/<script|<\/failure>\]\]/);
    expect(junit.match(/<testcase/g)!.length).toBe(4);
    expect(gateMarkdown(document)).not.toMatch(/<script|(?<!\\)`/);
    for (const line of githubAnnotations(document)) expect(line).not.toMatch(/\n/);
    const measured = measuredOf('x', other, 'run');
    for (const text of [
      junit,
      gateMarkdown(document),
      gateLines(document).join('\n'),
      prometheusText(measured),
      githubActionBenchmark(measured),
      bencherMetrics(measured),
      githubAnnotations(document).join('\n'),
    ]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
      expect(text.length).toBeLessThan(60_000);
    }
  });
});

describe('the formats for other tools', () => {
  const other = run();
  const measured = measuredOf('x', other, 'run');
  const { writes } = other.document.results[1]!;

  test('Bencher: a value for each benchmark and measure', () => {
    const metrics = JSON.parse(bencherMetrics(measured)) as Record<string, Record<string, { value: number }>>;
    expect(metrics['database/write-back:writes']!['latency-p99']).toEqual({ value: writes.response!.p99Ns });
  });
  test('github-action-benchmark: name, unit and value', () => {
    const entries = JSON.parse(githubActionBenchmark(measured)) as {
      name: string;
      unit: string;
      value: number;
    }[];
    expect(entries.find(({ name }) => name === 'database/write-back:writes.p99')).toMatchObject({
      unit: 'ns',
      value: writes.response!.p99Ns,
    });
  });
  test('Prometheus: a summary in seconds, each line by its grammar', () => {
    const lines = prometheusText(measured).trimEnd().split('\n');
    for (const line of lines)
      expect(line).toMatch(
        /^(# (HELP|TYPE) |fvp_response_time_seconds(_sum|_count)?\{(\w+="[^"\n]*",?)+\} [0-9.e+-]+$)/,
      );
    expect(lines).toContain(
      `fvp_response_time_seconds{workload="database",mode="write-back",direction="writes",quantile="0.99"} ${writes.response!.p99Ns / 1e9}`,
    );
  });
  test('JUnit: counts of its cases', () => {
    const xml = junitXml(gate(other, slower(other, 'none', 5)));
    expect(xml).toMatch(/<testsuites tests="2" failures="1" errors="0"/);
    expect(xml).toMatch(/<failure type="fail" message="3 figures changed; writes\.response\.p99 /);
  });
});

describe('a baseline file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fvp-baseline-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read back as it was written, with its reasons', async () => {
    const { document, spans } = run();
    const reasons = [{ reason: 'first', changedFigures: 0 }];
    const path = join(folder, 'b.json');
    await writeFile(
      path,
      formatBaseline({ schema: BASELINE_SCHEMA, reasons, request: null, run: document, spans }),
    );
    const baseline = await readBaseline(path);
    expect(baseline).toEqual({ schema: BASELINE_SCHEMA, reasons, request: null, run: document, spans });
  });
  test('that is none, or broken, or not there, is refused with what to do', async () => {
    const path = join(folder, 'c.json');
    await writeFile(path, '{"schema":"fvp.run/1"}');
    await expect(readBaseline(path)).rejects.toThrow(/no baseline/);
    await writeFile(path, '{"schema":"fvp.baseline/1","reasons":[]}');
    await expect(readBaseline(path)).rejects.toThrow(DataError);
    await expect(readBaseline(join(folder, 'nowhere'))).rejects.toThrow(NoInputError);
  });
});

describe('the rank test', () => {
  /** By counting every order of the values. */
  function counted(n: number, m: number, u: number): number {
    let orders = 0;
    let hits = 0;
    const place = (at: number, taken: number[]): void => {
      if (taken.length === n) {
        orders++;
        if (taken.reduce((sum, position, i) => sum + position - i, 0) >= u) hits++;
        return;
      }
      for (let i = at; i < n + m; i++) place(i + 1, [...taken, i]);
    };
    place(0, []);
    return hits / orders;
  }

  test('is exact: the share of all orders with as many pairs', () => {
    const base = [1, 3, 5, 7];
    for (const other of [
      [2, 4, 6],
      [8, 9, 10],
      [0, 0.5, 0.7],
      [6, 2, 9],
    ]) {
      const u = other.reduce((sum, b) => sum + base.filter((a) => b > a).length, 0);
      expect(chanceOfRise(base, other)).toBeCloseTo(counted(3, 4, u), 12);
    }
    expect(leastChance(5, 5)).toBeCloseTo(1 / 252, 12);
    expect(leastChance(7, 7)).toBeCloseTo(1 / 3432, 12);
  });

  test('gives an interval that holds the ratio of scaled samples', () => {
    const base = [100, 102, 98, 101, 99, 103, 97];
    const { estimate, low, high } = ratioInterval(
      base,
      base.map((value) => value * 1.5),
      0.01,
    );
    expect(estimate).toBeCloseTo(1.5, 6);
    expect(low).toBeLessThan(1.5);
    expect(high).toBeGreaterThan(1.5);
    expect(ratioInterval([1], [2], 0.01)).toMatchObject({ low: 0, high: Number.POSITIVE_INFINITY });
  });

  test('decides: clear, within the budget, below the floor, too few runs, a baseline at odds with itself', () => {
    const rule = { budget: 1.05, floorNs: 10, alpha: 0.01 };
    const around = (middle: number, n = 8) =>
      Array.from({ length: n }, (_, i) => middle * (1 + ((i * 5) % n) / 1000));
    expect(decide(around(1e6), around(1.3e6), rule).verdict).toBe('fail');
    expect(decide(around(1e6), around(1.01e6), rule).verdict).toBe('pass');
    expect(decide(around(50), around(58), { ...rule, floorNs: 10 }).verdict).toBe('pass');
    expect(decide(around(1e6, 3), around(1.3e6, 3), rule).verdict).toBe('inconclusive');
    const split = around(1e6, 20).map((value, i) => (i % 2 === 0 ? value : value * 1.2));
    expect(decide(split, around(2e6), rule).why).toMatch(/A\/A/);
  });

  test('knows that a percentile needs I/Os beyond it', () => {
    const histogram = new LatencyHistogram();
    for (let i = 0; i < 1000; i++) histogram.record(i);
    const sparse = histogram.toSparse();
    expect(percentileInterval(sparse, 99.9)).toBeNull();
    const { lowNs, highNs } = percentileInterval(sparse, 50)!;
    expect(lowNs).toBeGreaterThan(440);
    expect(highNs).toBeLessThan(560);
  });
});
