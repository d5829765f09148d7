import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { TOTALS_FILE } from '../run-dir/file-names.ts';
import { openRunDir, writeRun } from '../run-dir/write-run.ts';
import { type SampleOptions, sampleRecording } from '../testing/sample-recording.ts';
import { COMPARE_SCHEMA, type CompareDocument, compareTwo } from './compare.ts';
import { comparePage, OverlaidCurves } from './compare-page.ts';
import { directionSentences } from './comparison-text.ts';
import { loadMeasured } from './load-measured.ts';
import { type Measured, statOf } from './measured.ts';
import { comparisonLines, comparisonMarkdown } from './render-comparison.ts';

const FIO = new URL('../../workloads/fio-parser/fixtures/gen.jsonplus.json', import.meta.url).pathname;
const SMALL: SampleOptions = {
  intervals: 6,
  iosPerVm: 400,
  workloads: ['database'],
  modes: ['none', 'write-back'],
};
const CHOICE = { time: 'response' as const };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-compare-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function saved(name: string, options: SampleOptions): Promise<Measured> {
  const dir = join(folder, name);
  await writeRun(await openRunDir(dir), sampleRecording({ ...SMALL, ...options }));
  return (await loadMeasured(dir))[0]!;
}

function document(base: Measured, other: Measured): CompareDocument {
  const { name, source } = base;
  return {
    schema: COMPARE_SCHEMA,
    base: { name, source },
    others: [compareTwo(base, other, CHOICE)],
    notes: [],
  };
}

describe('two runs', () => {
  test('of the same bytes are the same to the last figure, and that is one line', async () => {
    const a = await saved('a', {});
    const b = await saved('b', {});
    const found = document(a, b);
    expect(found.others[0]!.inputDifferences).toEqual([]);
    expect(found.others[0]!.results.flatMap(({ directions }) => directions.map((each) => each.same))).toEqual(
      new Array(6).fill(true),
    );
    expect(comparisonLines(found, true).slice(1)).toEqual([
      'Same traces, scenario, replay and seed.',
      '',
      'The same to the last figure: database, none; database, write-back.',
    ]);
  });

  test('are told apart by scenario, seed and trace before any figure', async () => {
    const hosts = (median: string) =>
      Object.fromEntries(['esx1', 'esx2'].map((name) => [name, { flash: { write: { median } } }]));
    const a = await saved('c', { scenario: { name: 'x', hosts: hosts('12us') } });
    const b = await saved('d', {
      seed: 2,
      scenario: { name: 'x', hosts: hosts('13us'), fvp: { populate: false } },
    });
    expect(comparisonLines(document(a, b), true).slice(1, 4)).toEqual([
      'scenario: hosts.*.flash.write.median "12us" -> "13us" (2 places)',
      '  scenario: fvp {"populate":false}'.replace(' {', ' nothing -> {'),
      '  seed 1 -> 2',
    ]);
  });

  test('attribute a difference to the parts, which add up to it', async () => {
    const a = await saved('e', { modes: ['write-back'] });
    const b = await saved('f', { modes: ['write-back+1'] });
    const writes = compareTwo(a, b, CHOICE).results[0]!.directions.find(
      ({ direction }) => direction === 'writes',
    )!;
    const mean = writes.stats.find(({ stat }) => stat === 'mean')!;
    const sum = writes.parts.reduce((total, { differenceNs }) => total + differenceNs, 0);
    expect(sum).toBeCloseTo(mean.differenceNs, 0);
    expect(writes.parts.map(({ part }) => part)).toContain('networkFlashNs');
    expect(comparisonLines(document(a, b), true).join('\n')).toMatch(
      /Of the mean's \+[^:]+: .*network flash \+/,
    );
    const reads = compareTwo(a, b, CHOICE).results[0]!.directions.find(
      ({ direction }) => direction === 'reads',
    )!;
    expect(reads.slowest).toHaveLength(1);
    expect(reads.slowest[0]!.parts.map(({ part }) => part)).toEqual(['datastoreNs']);
    expect(directionSentences(reads).join(' ')).toMatch(
      /Of the slowest 1 %, whose mean moved by [+-][^:]+: SAN [+-]/,
    );
  });

  test('compare alike whether the whole-run histograms are there or must be merged from the intervals', async () => {
    const a = await saved('g', {});
    const dir = join(folder, 'h');
    await writeRun(await openRunDir(dir), sampleRecording(SMALL));
    await rm(join(dir, TOTALS_FILE));
    const [b] = await loadMeasured(dir);
    expect(
      compareTwo(a, b!, CHOICE).results.every(({ directions }) => directions.every((each) => each.same)),
    ).toBe(true);
  });

  test('pair by name, and say what is left over', async () => {
    const a = await saved('i', { modes: ['none', 'write-back'] });
    const b = await saved('j', { modes: ['none', 'write-through'] });
    const { results, onlyInBase, onlyInOther } = compareTwo(a, b, CHOICE);
    expect(results.map(({ base }) => base.mode)).toEqual(['none']);
    expect([onlyInBase, onlyInOther].map(([only]) => only?.mode)).toEqual(['write-back', 'write-through']);
    expect(() => compareTwo(a, b, { ...CHOICE, modes: ['write-bak'] })).toThrow(UsageError);
  });
});

describe('a result of fio', () => {
  test("has fio's own percentiles, and its minimum, maximum and mean", async () => {
    const [measured] = await loadMeasured(FIO);
    const job = (
      JSON.parse(await readFile(FIO, 'utf8')) as {
        jobs: {
          read: Record<
            string,
            { min: number; max: number; mean: number; percentile: Record<string, number> }
          >;
        }[];
      }
    ).jobs[0]!;
    const { clat_ns } = job.read;
    const [result] = measured!.results;
    const stat = (name: string) => statOf(result!, 'reads', 'service', name);
    for (const [percentile, ns] of Object.entries(clat_ns!.percentile)) {
      const own = stat(`p${Number(percentile)}`)!;
      // fio takes the rank above p * n, HdrHistogram the nearest: of 292 I/Os that can be the next sample, 3 % away.
      expect(Math.abs(own / ns - 1), percentile).toBeLessThan(0.04);
    }
    expect([stat('min'), stat('max')]).toEqual([clat_ns!.min, clat_ns!.max]);
    expect(stat('mean')).toBeCloseTo(clat_ns!.mean, 0);
  });

  test('without histograms says how to get them', async () => {
    const path = join(folder, 'plain.json');
    const text = await readFile(
      new URL('../../workloads/fio-parser/fixtures/gen.json', import.meta.url),
      'utf8',
    );
    await writeFile(path, text);
    await expect(loadMeasured(path)).rejects.toThrow(/has no histogram/);
  });
});

test('what is none of these is refused with its beginning, and what is not there by its name', async () => {
  const path = join(folder, 'noise');
  for (const noise of ['', '\u0000\u0001\u0002', 'hello', '{', '{}', '[]']) {
    await writeFile(path, noise);
    await expect(loadMeasured(path), noise).rejects.toThrow(DataError);
  }
  await expect(loadMeasured(join(folder, 'nowhere'))).rejects.toThrow(NoInputError);
});

test('hostile names are shown and not executed, in every form', async () => {
  const evil = '</script><script>alert(1)</script>|`[x](javascript:alert(1))\u001b[31m\u202e😀';
  const a = await saved('k', { workloads: [evil, 'y'.repeat(10_000)] });
  const b = await saved('l', { workloads: [evil, 'y'.repeat(10_000)], seed: 3, scenario: { name: evil } });
  const found = document(a, b);
  const curves = new OverlaidCurves('response');
  curves.add(a, b, found.others[0]!);
  const page = comparePage(found, curves);
  expect(page.match(/<script/g)).toHaveLength(3);
  const markdown = comparisonMarkdown(found);
  expect(markdown).not.toMatch(/<script|(?<!\\)`|(?<!\\)\]\(/);
  for (const text of [markdown, comparisonLines(found, true).join('\n')]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).not.toMatch(/y{100}/);
  }
});
