/** Each question's answer against a brute-force grid on a small trace. */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatNs } from '../../reference/kernel/units.ts';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import { planDocumentSchema } from '../../results/schema/plan-schema.ts';
import type { RunDocument } from '../../results/schema/run-document.ts';
import { readPriceList } from '../plan/cost.ts';
import { failure } from '../plan/failure.ts';
import { flash } from '../plan/flash.ts';
import { load } from '../plan/load.ts';
import { parseObjectives } from '../plan/objectives.ts';
import { PointCache } from '../plan/point-cache.ts';
import { PointRunner } from '../plan/point-runner.ts';
import type { Question } from '../plan/question.ts';
import { san } from '../plan/san.ts';
import { size } from '../plan/size.ts';
import { sweep } from '../plan/sweep.ts';
import { ThreadExecutor } from '../plan/thread-executor.ts';
import { gridOf, parseAxis } from '../plan/vary.ts';
import { benchRequestOf } from '../program/bench-request.ts';
import { planLines } from '../render/plan-table.ts';
import { writePlanTrace } from './plan-load.ts';
import { runFvp } from './run-fvp.ts';

let folder: string;
let trace: string;
let runner: PointRunner;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-plan-'));
  trace = await writePlanTrace(folder);
  runner = new PointRunner({
    executor: new ThreadExecutor(2),
    cache: await PointCache.open(join(folder, 'cache')),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
});
afterAll(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

function question(
  thresholds: readonly string[],
  set: readonly string[] = [],
  more: Partial<Question> = {},
): Question {
  const base = benchRequestOf([trace], {
    scenario: 'datacentre-2014',
    set: [...set],
    warmup: '0',
    preload: 'none',
    seed: '1',
    event: 'D',
  });
  return { base, seeds: 1, objectives: parseObjectives(thresholds), prices: undefined, runner, ...more };
}

function checked(document: PlanDocument): PlanDocument {
  expect(planDocumentSchema.parse(document)).toEqual(document);
  return document;
}

/** Every point of a grid, replayed without any of the searches. */
async function grid(asked: Question, ...axes: string[]): Promise<readonly PlanPoint[]> {
  const variations = gridOf(axes.map(parseAxis));
  return (await sweep(asked, { variations, mode: 'write-back+1', pareto: [] })).points;
}

async function benchRun({ config }: PlanPoint): Promise<RunDocument> {
  const [, ...argv] = config.command.split(' ').map((word) => word.replaceAll("'", ''));
  const { stdout } = await runFvp([...argv, '--json', '--out', join(folder, 'run')], { cwd: folder });
  await rm(join(folder, 'run'), { recursive: true });
  return JSON.parse(stdout) as RunDocument;
}

describe('fvp plan size', () => {
  const axes = [
    'flash.capacity=4M..64M',
    'mode=none,write-through,write-back,write-back+1',
    'datastore.spindles=8,48',
  ];
  const options = { variations: gridOf(axes.map(parseAxis)), mode: 'write-back+1' as const };
  const set = ['fvp.dirtyLimit=1MiB'];

  test.each([
    ['writes that only write-back makes', ['writes.p99<200us']],
    ['reads that want disks, whatever the mode', ['reads.p99<16ms']],
    ['both', ['writes.p99<200us', 'reads.p99<16ms']],
    ['what any does', ['writes.p99<1s']],
    ['what none does', ['writes.p50<1us']],
  ])('finds what a brute-force grid finds, with and without pruning: %s', async (_, thresholds) => {
    await writeFile(
      join(folder, 'prices.yaml'),
      'currency: EUR\nhost: 100\nflash: { per: 1MB, price: 1 }\nspindle: 5\nmodes: { write-back+1: 30 }\n',
    );
    const prices = await readPriceList(join(folder, 'prices.yaml'));
    const asked = question(thresholds, set, { prices });
    const all = await grid(asked, ...axes);
    const price = ({ cost }: PlanPoint) => cost.price!;
    const cheapest = Math.min(...all.filter(({ met }) => met).map(price));
    const pruned = checked(await size(asked, { ...options, prune: true }));
    const whole = checked(await size(asked, { ...options, prune: false }));
    expect(pruned.answer).toEqual(whole.answer);
    expect(pruned.runnerUp).toEqual(whole.runnerUp);
    expect(whole.pruned.length + whole.points.length).toBe(options.variations.length);
    expect(pruned.pruned.length + pruned.points.length).toBe(options.variations.length);
    for (const { why } of pruned.pruned) expect(why.length).toBeGreaterThan(10);
    if (cheapest === Number.POSITIVE_INFINITY) {
      expect(pruned.answer).toBeNull();
      expect(pruned.notes.join(' ')).toMatch(/None of the .* Try what is not varied/);
      return;
    }
    expect(price(pruned.answer!)).toBe(cheapest);
    const below = all.filter((point) => price(point) < cheapest).map(price);
    expect(pruned.runnerUp?.cost.price ?? null).toBe(below.length === 0 ? null : Math.max(...below));
    expect(pruned.runnerUp?.met ?? false).toBe(false);
  });
  test('prunes by an estimate, by cost, and by what a replay has shown', async () => {
    const { pruned } = await size(question(['writes.p99<200us'], set), { ...options, prune: true });
    const why = pruned.map((each) => each.why).join('\n');
    expect(why).toMatch(/the array takes .* for a write at the percentile/);
    expect(why).toMatch(/costs no less than the answer/);
    const slow = await size(question(['reads.p99<9ms'], set), { ...options, prune: true });
    expect(slow.pruned.map((each) => each.why).join('\n')).toMatch(/was never full|uses no flash/);
  });
  test('gives an answer that fvp bench run repeats', async () => {
    const { answer } = await size(question(['writes.p99<200us'], set), { ...options, prune: true });
    expect((await benchRun(answer!)).results).toEqual(answer!.results);
  });
  test('asks every seed to meet the objectives, and shows the spread', async () => {
    const { points } = await size(question(['writes.p99<200us'], set, { seeds: 3 }), {
      variations: [{ mode: 'write-back' }],
      mode: 'write-back',
      prune: true,
    });
    const values = points[0]!.results.map(({ writes }) => writes.response!.p99Ns);
    expect(new Set(values).size).toBeGreaterThan(1);
    const spread = points[0]!.spread.find(({ figure }) => figure === 'writes.response.p99Ns')!;
    expect([spread.least, spread.most]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(points[0]!.objectives[0]!.valueNs).toBe(Math.max(...values));
  });
});

describe('fvp plan load', () => {
  const set = ['datastore.spindles=8'];
  test('finds the knee that trying every number of VMs finds', async () => {
    const asked = question(['reads.p99<20ms'], set);
    const found = checked(
      await load(asked, { name: 'vms.perHost', range: '1..8', mode: 'none', resolution: 0.05 }),
    );
    const all = await grid(asked, 'mode=none', 'vms.perHost=1..8+1');
    const breaks = all.findIndex(({ met }) => !met);
    expect(breaks).toBeGreaterThan(0);
    // Trying all shows that more VMs are worse throughout here, so that there is one knee.
    expect(all.slice(breaks).some(({ met }) => met)).toBe(false);
    expect(found.answer?.config.settings).toContain(`vms.perHost=${breaks}`);
    expect(found.runnerUp?.config.settings).toContain(`vms.perHost=${breaks + 1}`);
    expect([found.answer?.met, found.runnerUp?.met]).toEqual([true, false]);
  });
  test('proves a speed from both sides, as near as asked', async () => {
    const found = checked(
      await load(question(['reads.p99<30ms'], set), {
        name: 'speed',
        range: '1x..64x',
        mode: 'none',
        resolution: 0.2,
      }),
    );
    expect([found.answer?.met, found.runnerUp?.met]).toEqual([true, false]);
    expect(found.runnerUp!.config.speed / found.answer!.config.speed).toBeLessThanOrEqual(1.2);
    expect((await benchRun(found.answer!)).results).toEqual(found.answer!.results);
  });
  test.each([
    ['reads.p99<1ms', '1x..4x', /do not hold even at speed=1x.*Try a lower load/s],
    ['reads.p99<9s', '1x..4x', /hold up to speed=4x.*Try --vary speed=4x/s],
  ])('says where the knee is not within the range: %s', async (threshold, range, words) => {
    const { notes } = await load(question([threshold], set), {
      name: 'speed',
      range,
      mode: 'none',
      resolution: 0.5,
    });
    expect(notes.join(' ')).toMatch(words);
  });
});

describe('fvp plan flash', () => {
  test('an endless cache hits what the trace says it can, and no more flash hits more than LRU can', async () => {
    const document = checked(
      await flash(question([], ['fvp.dirtyLimit=1MiB']), {
        sizes: ['40%', '100%', '400%'],
        mode: 'write-back',
        enduranceBytes: 1e15,
      }),
    );
    const [small, , large] = document.points;
    const { readCeiling } = JSON.parse((await runFvp(['trace', 'info', trace, '--json'])).stdout) as {
      readCeiling: number;
    };
    expect(large!.figures.hitRatio).toBeCloseTo(readCeiling, 6);
    expect(large!.figures.lruHitRatio).toBeCloseTo(readCeiling, 6);
    expect(small!.figures.hitRatio).toBeLessThan(readCeiling - 0.02);
    expect(small!.figures.cacheFullNs).toBeGreaterThan(0);
    expect(large!.figures.cacheFullNs).toBeNull();
    const { flash: programmed } = large!.results[0]!;
    const { guest, headers, populate, replica } = programmed.programmedBytes;
    const days = (large!.results[0]!.virtualNs - large!.results[0]!.destage.drainNs) / 86_400e9;
    expect(large!.figures.wearBytesPerDay).toBeCloseTo((guest + headers + populate + replica) / 3 / days, 0);
    expect(document.notes.join(' ')).toMatch(/Wear: .* until 909 TiB are written/);
  });
  test('finds the least room for dirty data that trying every size of it finds', async () => {
    const burst = await writePlanTrace(await mkdtemp(join(folder, 'burst-')), 1200, 120);
    const asked = question([]);
    const base = { ...asked.base, workloads: [burst] };
    const found = checked(
      await flash({ ...asked, base }, { sizes: ['400%'], mode: 'write-back', enduranceBytes: undefined }),
    );
    const limits = Array.from({ length: 15 }, (_, i) => `${1 + i / 2}MiB`);
    const all = await grid(
      { ...asked, base },
      `fvp.dirtyLimit=${limits.join(',')}`,
      'flash.capacity=400%',
      'mode=write-back',
    );
    const heldBack = all.map(({ results }) => results[0]!.destage.throttledNs);
    const least = heldBack.indexOf(0);
    expect(least).toBeGreaterThan(1);
    expect(heldBack.slice(least).every((ns) => ns === 0)).toBe(true);
    expect(found.notes.join(' ')).toContain(
      `with fvp.dirtyLimit=${limits[least]} for each disk no write is held back, and with ${limits[least - 1]} for ${formatNs(heldBack[least - 1]!)}`,
    );
    const limitOf = ({ config }: PlanPoint) =>
      config.settings.find((text) => text.startsWith('fvp.dirtyLimit='));
    for (const point of found.points.slice(1)) {
      const same = all[limits.findIndex((limit) => `fvp.dirtyLimit=${limit}` === limitOf(point))];
      if (same !== undefined) expect(point.results).toEqual(same.results);
    }
  });
  test('prints what it finds of several workloads together once', async () => {
    const asked = question([], ['fvp.dirtyLimit=1MiB']);
    const other = join(await mkdtemp(join(folder, 'other-')), 'small.iolog');
    await copyFile(trace, other);
    const base = { ...asked.base, workloads: [trace, other] };
    const document = await flash(
      { ...asked, base },
      { sizes: ['100%'], mode: 'write-back', enduranceBytes: undefined },
    );
    const lines = planLines(document);
    // Named as fvp bench run names two files that are called alike.
    expect(lines[0]).toBe('small, small-2 (together)');
    expect(lines.filter((line) => line.includes('dirty peak'))).toHaveLength(1);
  });
  test('says that a trace is too short to fill the flash, and what to try', async () => {
    const { notes } = await flash(question([]), {
      sizes: ['10GB'],
      mode: 'write-back',
      enduranceBytes: undefined,
    });
    expect(notes.join(' ')).toMatch(/too short to fill any of these.*--sizes 1%/s);
    expect(notes.join(' ')).toMatch(/never fills the room for dirty data.*Try/s);
  });
});

describe('fvp plan san', () => {
  test('finds the fewest disks that trying all of them finds', async () => {
    const asked = question(['reads.p99<25ms'], ['datastore.spindles=10']);
    const { points, notes } = checked(await san(asked, { modes: ['write-back'] }));
    const all = await grid(asked, 'mode=write-back', 'datastore.spindles=1..10+1');
    const fewest = all.findIndex(({ met }) => met) + 1;
    expect(all.slice(fewest - 1).every(({ met }) => met)).toBe(true);
    expect(fewest).toBeGreaterThan(1);
    expect(notes.join(' ')).toContain(`write-back keeps to the objectives with ${fewest} of 10 disks`);
    const [none, writeBack] = points;
    const { san: without } = none!.results[0]!;
    expect(none!.figures.sanBytes).toBe(Object.values(without.bytes).reduce((sum, bytes) => sum + bytes, 0));
    expect(writeBack!.figures.sanBytes).toBeLessThan(none!.figures.sanBytes!);
  });
  test('says plainly that write-back gains nothing on a present-day all-flash array', async () => {
    const asked = question([]);
    const { notes } = await san(
      { ...asked, base: { ...asked.base, scenario: 'datacentre-today' } },
      { modes: ['write-back'] },
    );
    expect(notes.join(' ')).toMatch(/write-back gains nothing on this array/);
  });
});

describe('fvp plan failure', () => {
  test('holds objectives against what fvp bench run gives for the same failure', async () => {
    const document = checked(
      await failure(question(['writes.p99<20ms']), { mode: 'write-back+1', cases: ['host', 'rebuild'] }),
    );
    const [healthy, host, rebuild] = document.points;
    expect([healthy!.met, host!.met, rebuild!.met]).toEqual([true, false, true]);
    expect((await benchRun(host!)).results).toEqual(host!.results);
    expect(document.answer).toBeNull();
    expect(document.notes.join(' ')).toMatch(/N\+1: 3 hosts do not/);
  });
  test('answers every failure as replaying each by itself does', async () => {
    const asked = question(['writes.p99<20ms', 'writes.max<1s']);
    const document = checked(
      await failure(asked, { mode: 'write-back+1', cases: ['host', 'peer', 'upgrade', 'rebuild'] }),
    );
    const broken = 'datastore.failedSpindles=0,1';
    const all = await grid(asked, 'events=none,owner-crash,peer-lost,rolling-upgrade', broken);
    const alone = (events: string, failed: number) =>
      all.find(
        ({ config: { settings } }) =>
          settings.includes(`events=${events}`) && settings.includes(`datastore.failedSpindles=${failed}`),
      )!;
    const expected = ['none', 'owner-crash', 'peer-lost', 'rolling-upgrade'].map((events) =>
      alone(events, 0),
    );
    expect(document.points.slice(0, 4).map(({ results }) => results)).toEqual(
      expected.map(({ results }) => results),
    );
    for (const [index, point] of expected.entries())
      if (!point.met) expect(document.points[index]!.met).toBe(false);
    expect(document.points.map(({ figures }) => figures.longestWaitNs)).toEqual(
      document.points.map(({ results }) => results[0]!.all.response!.maxNs),
    );
    expect(new Set(document.points.map(({ met }) => met))).toEqual(new Set([true, false]));
  });
});
