/** fio job files through the modes, on devices whose times are fixed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import type { ModeResult, RunRecording } from '../../results/schema/run-document.ts';
import { type BenchRequest, DEFAULT_REQUEST } from './bench-request.ts';
import { prepareBench } from './run-bench.ts';

const SAN_NS = 800_000;
const FLASH_NS = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-job-run-'));
  await writeFile(
    join(folder, 'fixed.yaml'),
    `datastore: { device: fixed, read: 800us, write: 800us, flush: 300us }
hostDefaults:
  flash: { device: fixed, read: 60us, write: 60us, flush: 20us, capacity: 1GiB }
  link: { device: link, latency: 15us, bandwidth: 1GB/s, overhead: 0 }
hosts: { esx1: {}, esx2: {} }
vms: { vm1: { host: esx1 } }
`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function run(
  text: string,
  more: Partial<BenchRequest> = {},
): Promise<{ recording: RunRecording; notes: readonly string[]; plan: string[] }> {
  const path = join(folder, 'load.fio');
  await writeFile(path, text);
  const request: BenchRequest = {
    ...DEFAULT_REQUEST,
    workloads: [path],
    scenario: join(folder, 'fixed.yaml'),
    modes: ['none', 'write-back'],
    ...more,
  };
  const bench = await prepareBench(request, { onPhase: () => {}, signal: new AbortController().signal });
  try {
    const plan = bench.describe();
    return { ...(await bench.run()), plan };
  } finally {
    await bench.close();
  }
}

const both = async (text: string, more: Partial<BenchRequest> = {}): Promise<readonly ModeResult[]> =>
  (await run(text, more)).recording.document.results;

describe('a job', () => {
  test('in a closed loop does as much as the storage lets it', async () => {
    const [none, writeBack] = await both('[a]\nsize=64m\nrw=randwrite\nnorandommap\nruntime=1\ntime_based');
    expect([none!.writes.count, none!.writes.response!.minNs, none!.writes.response!.maxNs]).toEqual([
      1e9 / SAN_NS,
      SAN_NS,
      SAN_NS,
    ]);
    expect(writeBack!.writes.count).toBeGreaterThan(0.95 * (1e9 / FLASH_NS));
    expect(writeBack!.writes.count).toBeLessThanOrEqual(Math.ceil(1e9 / FLASH_NS));
  });

  test('is summed up as it ran in the first mode, and told in words before', async () => {
    const { recording, notes, plan } = await run(
      '[a]\nsize=4m\nrw=randrw\nrwmixread=75\nnumber_ios=800\ndirect=1\nfsync=10\n',
    );
    const [summary] = recording.document.workloads;
    const [none] = recording.document.results;
    expect(summary).toMatchObject({ name: 'load', format: 'fio job', footprintBytes: 800 * 4096, disks: 1 });
    expect([summary!.reads, summary!.writes, summary!.flushes]).toEqual([
      none!.reads.count,
      none!.writes.count,
      none!.flushes.count,
    ]);
    expect(summary!.reads + summary!.writes).toBe(800);
    // Each block once: no cache helps.
    expect(summary!.readCeiling).toBe(0);
    expect(recording.document.replay).toBe('as the jobs say');
    expect(plan.join('\n')).toContain(
      'load: fio job with 1 process, until its jobs end, footprint 4 MiB, run as the jobs say.',
    );
    expect(notes.join('\n')).toContain('options without meaning here: direct');
  });

  test('with a rate too high for the array counts from when an I/O was meant, and says so', async () => {
    const { recording, notes } = await run(
      '[a]\nsize=64m\nrw=randread\nnorandommap\nrate_iops=2000\nruntime=1\ntime_based',
    );
    const [none] = recording.document.results;
    // 2,000/s meant, 1,250/s served: the last of them is 3/8 of the time late.
    expect(none!.reads.response!.maxNs).toBeGreaterThan(0.37e9);
    expect(none!.reads.service!.maxNs).toBe(SAN_NS);
    expect(none!.verdicts.map(({ name }) => name)).toContain('saturated');
    expect(none!.verdicts.find(({ name }) => name === 'saturated')!.why).toContain(
      'the rate of a is not kept',
    );
    expect(notes.join('\n')).toMatch(
      /load, none: a issued 99\.\d % of its I\/Os later than meant, by up to 37\d ms/,
    );
  });

  test('with a rate that the array keeps is not saturated', async () => {
    const [none] = await both(
      '[a]\nsize=64m\nrw=randread\nnorandommap\nrate_iops=1000\nrate_process=poisson\nruntime=2\ntime_based',
      { modes: ['none'] },
    );
    expect(none!.verdicts).toEqual([]);
  });

  test('leaves its ramp out of the figures', async () => {
    const [none] = await both('[a]\nsize=64m\nrw=randread\nnorandommap\nruntime=1\nramp_time=1\ntime_based');
    expect(none!.reads.count).toBe(1e9 / SAN_NS);
  });

  test('that looks for a depth says which it found, and measures that', async () => {
    const { recording, notes } = await run(
      '[a]\nioengine=libaio\nsize=64m\nrw=randread\nnorandommap\niodepth=8\nruntime=30\ntime_based\nlatency_target=1ms\nlatency_window=200ms\nlatency_percentile=99\n',
      { modes: ['none'] },
    );
    // The fixed device serves any number at once: the search ends at the limit.
    expect(notes).toContain('load, none: latency_target of a: the highest iodepth that meets it is 8.');
    expect(recording.document.results[0]!.outstanding.max).toBe(8);
    const { count } = recording.document.results[0]!.reads;
    expect(count).toBeGreaterThan(8 * 200);
  });

  test('replays an iolog beside other jobs', async () => {
    const lines = ['fio version 3 iolog', '1 /dev/sdx add', '1 /dev/sdx open'];
    for (let i = 0; i < 50; i++) lines.push(`${1 + i * 2000} /dev/sdx write ${i * 4096} 4096`);
    await writeFile(join(folder, 'some.log'), `${lines.join('\n')}\n`);
    const { recording } = await run('[a]\nread_iolog=some.log\n[b]\nsize=400k\nrw=read\n');
    const [none] = recording.document.results;
    expect([none!.writes.count, none!.reads.count, recording.document.workloads[0]!.disks]).toEqual([
      50, 100, 2,
    ]);
  });

  test('can start with its blocks in the cache', async () => {
    const text = '[a]\nsize=4m\nrw=randread\n';
    const [, cold] = await both(text);
    const [, warm] = await both(text, { preloadFraction: 1 });
    expect([cold!.hitRatio, warm!.hitRatio]).toEqual([0, 1]);
  });

  test('gives the same document again', async () => {
    const text =
      '[a]\nsize=4m\nrw=randrw\nrate_iops=500,300\nrate_process=poisson\nruntime=1\ntime_based\nfsync=5';
    const first = await run(text);
    expect(JSON.stringify((await run(text)).recording.document)).toBe(
      JSON.stringify(first.recording.document),
    );
    const other = await run(text, { seed: 2 });
    expect(other.recording.document.workloads[0]!.contentSha256).not.toBe(
      first.recording.document.workloads[0]!.contentSha256,
    );
  });
});

describe('a job file is refused', () => {
  test('where it cannot be run, with the place and how many more', async () => {
    const error = await run('[a]\nsize=1m\nverify=md5\nflow=2').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain(
      'load.fio:3:1: verify=md5 changes the load and is not supported',
    );
    expect((error as DataError).hint).toMatch(/; 1 more: fvp workload show .*load\.fio lists them$/);
  });
  test.each([
    [{ replay: 'open' as const }, '--replay open has no meaning'],
    [{ speed: 2 }, '--speed has no meaning'],
  ])('with %j', async (more, message) => {
    const refused = run('[a]\nsize=1m', more);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
  test('where its iolog is not there', async () => {
    await expect(run('[a]\nread_iolog=nowhere.log')).rejects.toBeInstanceOf(NoInputError);
  });
});

test('a burst that flash has room for is answered at its speed; of one that it has not, the tail is the throttle', async () => {
  const writeBack = async (name: string): Promise<ModeResult> => {
    const request: Partial<BenchRequest> = {
      workloads: [name],
      scenario: 'datacentre-2014',
      modes: ['write-back'],
      durationNs: 25e9,
    };
    const { recording } = await run('', request);
    return recording.document.results[0]!;
  };
  const fits = await writeBack('burst-fits');
  const overflows = await writeBack('burst-overflows');
  expect([fits.destage.throttledWrites, fits.parts.writes.throttleNs]).toEqual([0, 0]);
  expect(fits.writes.response!.p99Ns).toBeLessThan(5e6);
  const { throttleNs, localFlashNs } = overflows.parts.writes;
  expect(overflows.destage.throttledWrites).toBeGreaterThan(1000);
  expect(throttleNs / (throttleNs + localFlashNs)).toBeGreaterThan(0.9);
  expect(overflows.writes.response!.p99Ns).toBeGreaterThan(20 * fits.writes.response!.p99Ns);
  expect(overflows.writes.response!.maxNs).toBeLessThan(1e9);
});
