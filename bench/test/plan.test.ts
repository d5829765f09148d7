import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import { planDocumentSchema } from '../../results/schema/plan-schema.ts';
import type { RunDocument } from '../../results/schema/run-document.ts';
import { writePlanTrace } from './plan-load.ts';
import { type Outcome, type RunOptions, runFvp } from './run-fvp.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-plan-'));
  await writePlanTrace(folder);
  await writeFile(join(folder, 'sweep.yaml'), SWEEP);
});
afterAll(() => rm(folder, { recursive: true }));

const SWEEP = `workloads: [small.iolog]
set: { fvp.dirtyLimit: 4MiB }
vary:
  mode: [none, write-back]
  flash.capacity: [8MiB, 64MiB]
  speed: [1x, 2x]
objectives: ['writes.p99<1ms']
`;

/** @param cache a folder of finished points of its own */
function plan(argv: readonly string[], cache: string, options: RunOptions = {}): Promise<Outcome> {
  return runFvp(['plan', ...argv, '--cache', join(folder, cache)], { cwd: folder, ...options });
}

function documentOf({ exitCode, stdout, stderr }: Outcome): PlanDocument {
  expect([exitCode, stderr.includes('fvp:') ? stderr : '']).toEqual([0, '']);
  return planDocumentSchema.parse(JSON.parse(stdout)) as PlanDocument;
}

/** What `fvp bench run` says of a point's configuration. */
async function benchRun({ config }: PlanPoint): Promise<RunDocument> {
  const [, ...argv] = config.command.split(' ').map((word) => word.replaceAll("'", ''));
  const { stdout } = await runFvp([...argv, '--json', '--out', join(folder, 'run')], { cwd: folder });
  await rm(join(folder, 'run'), { recursive: true });
  return JSON.parse(stdout) as RunDocument;
}

describe('fvp plan sweep', () => {
  let first: Outcome;
  beforeAll(async () => {
    first = await plan(
      ['sweep', 'sweep.yaml', '--workers', '2', '--json', '-o', 'sweep.csv', '-o', 'sweep.arrow'],
      'a',
    );
  });

  test('replays every point of the grid', () => {
    const { points, pruned } = documentOf(first);
    expect(points.length + pruned.length).toBe(8);
    expect(first.stderr).toMatch(/^8 replays, 0 known from before/m);
  });
  test('gives the figures that fvp bench run gives', async () => {
    const [, , , , , point] = documentOf(first).points;
    expect((await benchRun(point!)).results).toEqual(point!.results);
  });
  test('gives the same bytes with one worker, in a process of its own', async () => {
    const again = await plan(['sweep', 'sweep.yaml', '--workers', '1', '--json'], 'b');
    expect(again.stdout).toBe(first.stdout);
  });
  test('replays only the points of a value that is new', async () => {
    await writeFile(join(folder, 'wider.yaml'), SWEEP.replace('[1x, 2x]', '[1x, 2x, 3x]'));
    const { stderr } = await plan(['sweep', 'wider.yaml'], 'a');
    expect(stderr).toMatch(/^4 replays, 8 known from before/m);
  });
  test('replays a point again whose file is damaged, and nothing else', async () => {
    const [shard] = await readdir(join(folder, 'a'));
    const [name] = await readdir(join(folder, 'a', shard!));
    const path = join(folder, 'a', shard!, name!);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"count":', '"count":1'));
    const { stdout, stderr } = await plan(['sweep', 'wider.yaml', '--json'], 'a');
    expect(stderr).toMatch(/^1 replay, 11 known from before/m);
    expect(documentOf({ exitCode: 0, stdout, stderr }).points).toHaveLength(12);
  });
  test('goes on after Ctrl-C from what was finished', async () => {
    await writeFile(join(folder, 'long.yaml'), SWEEP.replace('[1x, 2x]', '[1x, 2x, 4x, 5x, 6x, 7x, 8x]'));
    let stop = (_: NodeJS.Signals): void => {};
    const running = plan(['sweep', 'long.yaml', '--workers', '1'], 'c', {
      onStart: (kill) => {
        stop = kill;
      },
    });
    const cache = join(folder, 'c');
    const finished = async (): Promise<number> => {
      const shards = await readdir(cache).catch(() => []);
      const files = await Promise.all(shards.map((shard) => readdir(join(cache, shard))));
      return files.flat().filter((name) => name.endsWith('.json')).length;
    };
    while ((await finished()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    stop('SIGINT');
    const interrupted = await running;
    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.stderr).toMatch(/finished points are kept/);
    const kept = await finished();
    const { stderr } = await plan(['sweep', 'long.yaml'], 'c');
    expect(stderr).toMatch(new RegExp(`^${28 - kept} replays, ${kept} known from before`, 'm'));
  });
  test('writes the points as CSV and Arrow, with the same figures', async () => {
    const { points } = documentOf(first);
    const csv = (await readFile(join(folder, 'sweep.csv'), 'utf8')).trim().split('\r\n');
    expect(csv).toHaveLength(points.length + 1);
    const table = tableFromIPC(await readFile(join(folder, 'sweep.arrow')));
    expect(table.numRows).toBe(points.length);
    const column = table.getChild('writes.response.p99Ns');
    expect([...(column ?? [])]).toEqual(points.map(({ results }) => results[0]!.writes.response!.p99Ns));
    const index = csv[0]!.split(',').indexOf('writes.response.p99Ns');
    expect(csv.slice(1).map((line) => Number(line.split(',')[index]))).toEqual([...(column ?? [])]);
  });
  test('prints a table of at most 100 columns', async () => {
    const { stdout } = await plan(['sweep', 'sweep.yaml'], 'a');
    expect(stdout).toMatch(/^mode +speed +flash.capacity/m);
    expect(stdout.split('\n').filter((line) => line.length > 100 && !line.startsWith('Replay'))).toEqual([]);
  });
  test.each([
    [SWEEP.replace('flash.capacity', 'flash.capcity'), /flash.capcity=8MiB: .* no parameter "capcity"/, 65],
    [SWEEP.replace('vary', 'vray'), /:3:1: unknown key "vray"/, 65],
    [SWEEP.replace('[8MiB, 64MiB]', '64MiB..8MiB'), /:5:\d+: .*ends below its start/, 65],
    [SWEEP.replace('<1ms', '<+5%'), /no baseline to be relative to/, 64],
    [SWEEP.replace('small.iolog', 'smal.iolog'), /no file, folder or shipped workload/, 66],
  ])('says what is wrong in a sweep, and where (%#)', async (text, message, code) => {
    await writeFile(join(folder, 'wrong.yaml'), text);
    const { exitCode, stderr } = await plan(['sweep', 'wrong.yaml'], 'a');
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });
});
