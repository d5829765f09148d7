import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJobFile, resolveJobs } from '#fio-parser';
import {
  createRowBlock,
  FLAG_FUA,
  FLAG_UNMEASURED,
  OP_FLUSH,
  OP_READ,
  OP_WRITE,
  type RowCursor,
} from '../../reference/kernel/io.ts';
import { planJobs } from './job-plan.ts';
import { type FioJobRun, FioJobSource } from './job-source.ts';
import { type PlayedIo, playJobs } from './play-jobs.ts';

const MS = 1e6;
const SECOND = 1e9;

function sourceOf(text: string, run: Partial<FioJobRun> = {}): FioJobSource {
  const plan = planJobs(resolveJobs(parseJobFile(text, { file: 'x.fio' })));
  expect(plan.obstacles).toEqual([]);
  return new FioJobSource(plan, { startNs: 0, durationNs: undefined, seed: 1, vm: 0, ...run });
}

/** Played against a device that takes 1 ms for everything, or what is said. */
function play(text: string, run: Partial<FioJobRun> = {}, latencyNs = (_: { op: number }) => MS): PlayedIo[] {
  return playJobs(sourceOf(text, run), latencyNs);
}

/** Issue times of each process, in the file's order. */
function timesBy(source: FioJobSource, ios: readonly PlayedIo[]): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (const { tag, issuedNs } of ios) {
    const process = source.processOf(tag);
    times.set(process, [...(times.get(process) ?? []), issuedNs]);
  }
  return times;
}

/** Most I/Os under way at once. */
function depthOf(ios: readonly PlayedIo[]): number {
  const edges = ios.flatMap(({ issuedNs, completedNs }) => [
    [issuedNs, 1] as const,
    [completedNs, -1] as const,
  ]);
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let depth = 0;
  let most = 0;
  for (const [, step] of edges) {
    depth += step;
    most = Math.max(most, depth);
  }
  return most;
}

describe('a closed loop', () => {
  test('keeps the depth, and issues the next as one completes', () => {
    const ios = play('[a]\nioengine=libaio\nsize=4m\nrw=randread\niodepth=8');
    expect([ios.length, depthOf(ios)]).toEqual([1024, 8]);
    // 8 at a time, 1 ms each: Little's law.
    expect(ios.at(-1)!.completedNs).toBe((1024 / 8) * MS);
    expect(new Set(ios.map(({ offset }) => offset)).size).toBe(1024);
  });
  test('reaps in batches where the job says so', () => {
    const ios = play('[a]\nioengine=libaio\nsize=1m\nrw=read\niodepth=8\niodepth_low=2', {}, () => MS);
    // It goes on once 2 are left, and fills up to 8.
    const refills = new Map<number, number>();
    for (const { issuedNs } of ios) refills.set(issuedNs, (refills.get(issuedNs) ?? 0) + 1);
    expect([...refills.values()].slice(0, -1)).toEqual([8, ...new Array(refills.size - 2).fill(6)]);
  });
  test('waits for a flush behind every so many writes', () => {
    const ios = play('[a]\nioengine=psync\nsize=1m\nrw=write\nfsync=32\nend_fsync=1');
    const flushes = ios.flatMap(({ op }, index) => (op === OP_FLUSH ? [index] : []));
    expect(flushes).toEqual([32, 65, 98, 131, 164, 197, 230, 263]);
    expect(depthOf(ios)).toBe(1);
  });
  test('does not flush again behind reads', () => {
    const ios = play('[a]\nsize=2m\nrw=randrw\nfsync=4\nnumber_ios=400');
    const writes = ios.filter(({ op }) => op === OP_WRITE).length;
    expect(ios.filter(({ op }) => op === OP_FLUSH)).toHaveLength(Math.floor(writes / 4));
  });
  test('makes writes durable with sync', () => {
    const ios = play('[a]\nsize=64k\nrw=rw\nsync=dsync');
    for (const { op, flags } of ios) expect(flags).toBe(op === OP_WRITE ? FLAG_FUA : 0);
  });
});

describe('the order of jobs', () => {
  const job = (name: string, more: string): string => `[${name}]\nsize=40k\nrw=read\n${more}\n`;
  const span = (text: string): [number, number][] => {
    const source = sourceOf(text);
    return [
      ...timesBy(
        source,
        playJobs(source, () => MS),
      ).entries(),
    ]
      .sort(([a], [b]) => a - b)
      .map(([, times]) => [times[0]! / MS, times.at(-1)! / MS]);
  };
  test('is all at once', () => {
    expect(span(job('a', '') + job('b', ''))).toEqual([
      [0, 9],
      [0, 9],
    ]);
  });
  test('stonewall waits for all before it, and all behind it wait', () => {
    expect(span(job('a', '') + job('b', 'stonewall') + job('c', ''))).toEqual([
      [0, 9],
      [10, 19],
      [10, 19],
    ]);
  });
  test('wait_for waits for one job, with all its clones', () => {
    expect(span(job('a', 'numjobs=2') + job('b', 'size=80k') + job('c', 'wait_for=a'))).toEqual([
      [0, 9],
      [0, 9],
      [0, 19],
      [10, 19],
    ]);
  });
  test('startdelay delays', () => {
    expect(span(job('a', 'startdelay=5ms') + job('b', ''))).toEqual([
      [5, 14],
      [0, 9],
    ]);
  });
  test('exitall ends the group with the first that ends', () => {
    const [a, b] = span(job('a', 'exitall') + job('b', 'size=4m'));
    expect(a).toEqual([0, 9]);
    expect(b![1]).toBeLessThanOrEqual(10);
  });
  test('a VM that starts later shifts everything', () => {
    expect(play(job('a', ''), { startNs: 7 * SECOND })[0]!.issuedNs).toBe(7 * SECOND);
  });
});

describe('an end', () => {
  test('comes with runtime, however much is left', () => {
    const ios = play('[a]\nsize=1g\nrw=randread\nruntime=1');
    expect(ios).toHaveLength(1000);
  });
  test('does not come before it where time_based', () => {
    const ios = play('[a]\nsize=64k\nrw=randread\nruntime=1\ntime_based');
    expect(ios).toHaveLength(1000);
    // Every block once before any comes again.
    for (let pass = 0; pass + 16 <= 1000; pass += 16)
      expect(new Set(ios.slice(pass, pass + 16).map(({ offset }) => offset)).size).toBe(16);
  });
  test('comes with number_ios, io_size and loops', () => {
    const count = (more: string): number => play(`[a]\nsize=64k\nrw=write\n${more}`).length;
    expect([
      count(''),
      count('loops=3'),
      count('io_size=20k'),
      count('io_size=160k'),
      count('number_ios=7'),
    ]).toEqual([16, 48, 5, 40, 7]);
  });
  test('comes with the load, whatever the job wants', () => {
    const ios = play('[a]\nsize=1g\nrw=randread\nruntime=10', { durationNs: 100 * MS });
    expect(ios).toHaveLength(100);
  });
});

describe('a rate', () => {
  const rated =
    '[a]\nioengine=psync\nio_submit_mode=offload\niodepth=64\nsize=1g\nrw=randread\nnorandommap\ntime_based\n';
  test('is kept to the I/O', () => {
    const ios = play(`${rated}rate_iops=200\nruntime=2`);
    // fio too issues the one that is due at the very end.
    expect(ios).toHaveLength(401);
    expect(ios.map(({ arrivalNs }) => arrivalNs)).toEqual(ios.map((_, index) => index * 5 * MS));
    expect(play(`${rated}bs=8k\nrate=1m\nruntime=2`)).toHaveLength(257);
  });
  test('with poisson has exponential gaps: mean, deviation and tail of the formula', () => {
    const ios = play(`${rated}rate_iops=1000\nrate_process=poisson\nruntime=20`);
    const gaps = ios.slice(1).map(({ arrivalNs }, index) => arrivalNs - ios[index]!.arrivalNs);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(Math.abs(mean - MS)).toBeLessThan(0.03 * MS);
    expect(Math.abs(deviation - MS)).toBeLessThan(0.04 * MS);
    const share = gaps.filter((gap) => gap > 3 * MS).length / gaps.length;
    expect(Math.abs(share - Math.exp(-3))).toBeLessThan(0.006);
  });
  test('counts response times from when an I/O was meant, and says how late it was', () => {
    const source = sourceOf('[a]\nsize=1g\nrw=randread\nrate_iops=1000\nruntime=1');
    const ios = playJobs(source, () => 2 * MS);
    ios.forEach(({ arrivalNs, issuedNs }, index) => {
      expect(arrivalNs).toBe(index * MS);
      expect(issuedNs).toBe(index * 2 * MS);
    });
    const [outcome] = source.outcomes();
    expect([ios.length, outcome!.lateIos, outcome!.latestNs]).toEqual([500, 499, 499 * MS]);
  });
  test('holds for each direction', () => {
    const ios = play(`${rated}rate_iops=300,100\nruntime=4`.replace('randread', 'randrw'));
    const reads = ios.filter(({ op }) => op === OP_READ).length;
    expect([reads, ios.length - reads]).toEqual([1200, 401]);
  });
  test('makes up for a pause, unless it ignores think times', () => {
    const paused = `${rated}rate_iops=100\nthinktime=500ms\nthinktime_blocks=50\nruntime=10\n`;
    expect(play(paused).length).toBeGreaterThan(900);
    const ignoring = play(`${paused}rate_ignore_thinktime=1`);
    expect(ignoring.length).toBeGreaterThan(480);
    expect(ignoring.length).toBeLessThan(520);
  });
});

describe('a think time', () => {
  test('follows every I/O, or so many', () => {
    expect(play('[a]\nsize=40k\nrw=read\nthinktime=9ms').map(({ issuedNs }) => issuedNs / MS)).toEqual([
      0, 10, 20, 30, 40, 50, 60, 70, 80, 90,
    ]);
    const blocks = play('[a]\nsize=40k\nrw=read\nthinktime=6ms\nthinktime_spin=2ms\nthinktime_blocks=4');
    expect(blocks.map(({ issuedNs }) => issuedNs / MS)).toEqual([0, 1, 2, 3, 10, 11, 12, 13, 20, 21]);
  });
  test('comes by time with thinktime_iotime', () => {
    const ios = play('[a]\nsize=1g\nrw=read\nthinktime=3s\nthinktime_iotime=2s\nruntime=10');
    const gaps = ios.slice(1).filter(({ issuedNs }, index) => issuedNs - ios[index]!.issuedNs > SECOND);
    expect(gaps.map(({ issuedNs }) => Math.round(issuedNs / SECOND))).toEqual([5]);
    expect(ios).toHaveLength(4000);
  });
});

describe('a ramp', () => {
  test('is run, not measured, and not part of the runtime', () => {
    const ios = play('[a]\nsize=1g\nrw=randread\nramp_time=1\nruntime=2');
    const ramp = ios.filter(({ flags }) => (flags & FLAG_UNMEASURED) !== 0);
    expect([ramp.length, ios.length]).toEqual([1000, 3000]);
    expect(ramp.at(-1)!.issuedNs).toBeLessThan(SECOND);
  });
});

describe('the search for a depth', () => {
  const text =
    '[a]\nioengine=libaio\nsize=1g\nrw=randread\nnorandommap\niodepth=64\nruntime=60\ntime_based\nlatency_target=10ms\nlatency_window=500ms\nlatency_percentile=95\n';
  // A device that serves one after another: 1 ms for each under way.
  const queueing = (_: object, underWay: number): number => (underWay + 1) * MS;
  test('ends near the depth at which the device is as slow as allowed', () => {
    const source = sourceOf(text);
    const ios = playJobs(source, queueing);
    const { search } = source.outcomes()[0]!;
    expect(search).toMatchObject({ settled: true, met: true });
    expect(search!.iodepth).toBeGreaterThanOrEqual(9);
    expect(search!.iodepth).toBeLessThanOrEqual(11);
    // Only what the found depth gives is measured.
    const measured = ios.filter(({ flags }) => (flags & FLAG_UNMEASURED) === 0);
    expect(measured.length).toBeGreaterThan(100);
    expect(depthOf(measured)).toBe(search!.iodepth);
  });
  test('says where no depth meets the target', () => {
    const source = sourceOf(text);
    playJobs(source, () => 20 * MS);
    expect(source.outcomes()[0]!.search).toMatchObject({ iodepth: 1, met: false });
  });
});

describe('a steady state', () => {
  test('ends the job once its rate has stopped moving', () => {
    const text = '[a]\nsize=1g\nrw=randread\nnorandommap\nruntime=100\ntime_based\nss=iops:5%\nss_dur=5\n';
    const source = sourceOf(text);
    const ios = playJobs(source, () => MS);
    expect(source.steadyStates()[0]).toMatchObject({ jobs: ['a'], attainedNs: 5 * SECOND });
    expect(ios).toHaveLength(5000);
  });
  test('is not reached by a rate that moves', () => {
    const source = sourceOf(
      '[a]\nsize=1g\nrw=randread\nnorandommap\nruntime=20\ntime_based\nss=iops_slope:0.1%\nss_dur=5\n',
    );
    let count = 0;
    playJobs(source, () => MS + 500 * count++);
    expect(source.steadyStates()[0]!.attainedNs).toBeUndefined();
  });
});

describe('an iolog', () => {
  function rows(timesMs: readonly number[]): RowCursor {
    const block = createRowBlock(timesMs.length);
    timesMs.forEach((ms, i) => {
      block.timeNs[i] = ms * MS;
      block.offset[i] = i * 4096;
      block.lengthBytes[i] = 4096;
      block.op[i] = OP_WRITE;
    });
    block.length = timesMs.length;
    const blocks = [block];
    return { next: () => blocks.shift(), close: () => {} };
  }
  const replay = (more: string): number[] =>
    play(`[a]\nread_iolog=x.log\niodepth=4\n${more}`, {
      iologs: [{ process: 0, rows: rows([0, 10, 10, 50]), disks: 1 }],
    }).map(({ issuedNs }) => issuedNs / MS);
  test('is replayed at its times, at a share of its speed, or as fast as it goes', () => {
    expect(replay('')).toEqual([0, 10, 10, 50]);
    expect(replay('replay_time_scale=50')).toEqual([0, 20, 20, 100]);
    expect(replay('replay_no_stall=1')).toEqual([0, 0, 0, 0]);
  });
});

describe('draws', () => {
  const text = '[a]\nsize=16m\nrw=randrw\nnumber_ios=300\n[b]\nsize=16m\nrw=randread\nnumber_ios=50';
  const offsets = (run: Partial<FioJobRun>): number[] => play(text, run).map(({ offset }) => offset);
  test('are the same for the same seed and VM, and others for others', () => {
    expect(offsets({})).toEqual(offsets({}));
    expect(offsets({ seed: 2 })).not.toEqual(offsets({}));
    expect(offsets({ vm: 1 })).not.toEqual(offsets({}));
  });
});

test('whatever a job asks for, its I/Os lie in its files, and a source ends or can go on', () => {
  const option = fc.constantFrom(
    'rw=randrw',
    'rw=write',
    'rw=trimwrite',
    'rw=randread:4',
    'rw=read:4k',
    'bs=8k',
    'bsrange=4k-20k',
    'bssplit=4k/50:12k/30:64k/',
    'norandommap',
    'random_generator=lfsr',
    'random_distribution=zipf:1.2',
    'random_distribution=zoned:50/10:50/90',
    'random_distribution=normal:20',
    'loops=2',
    'io_size=300k',
    'iodepth=4',
    'ioengine=libaio',
    'thinktime=100us',
    'rate_iops=5000',
    'fsync=3',
    'end_fsync=1',
    'nrfiles=3',
    'numjobs=3',
    'offset=64k',
    'stonewall',
    'percentage_random=40',
    'number_ios=77',
    'zonesize=64k\nzoneskip=64k',
    'iodepth_batch_complete_min=4',
    'bs_is_seq_rand=1',
    'blockalign=512',
    'rw_sequencer=identical',
    'size=100k',
  );
  fc.assert(
    fc.property(fc.array(option, { maxLength: 6 }), fc.array(option, { maxLength: 6 }), (first, second) => {
      const text = `[global]\nsize=256k\n[a]\n${first.join('\n')}\n[b]\n${second.join('\n')}`;
      const plan = planJobs(resolveJobs(parseJobFile(text, { file: 'x.fio' })));
      if (plan.obstacles.length > 0) return;
      const source = new FioJobSource(plan, { startNs: 0, durationNs: 2 * SECOND, seed: 3, vm: 0 });
      const ios = playJobs(source, ({ bytes }) => 20_000 + bytes, 20_000);
      expect(ios.length).toBeLessThan(20_000);
      for (const { op, offset, bytes, disk, arrivalNs, issuedNs } of ios) {
        expect(arrivalNs).toBeLessThanOrEqual(issuedNs);
        if (op === OP_FLUSH) continue;
        expect([offset % 512, bytes % 512]).toEqual([0, 0]);
        expect(bytes).toBeGreaterThan(0);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + bytes).toBeLessThanOrEqual(plan.disks[disk]!.sizeBytes);
      }
    }),
    { numRuns: 150 },
  );
});

describe('a job with a limit', () => {
  const READS = '[a]\nioengine=libaio\nsize=64m\nrw=randread\niodepth=4\n';

  test('ends with an error at the first I/O that takes longer than max_latency', () => {
    const source = sourceOf(`${READS}max_latency=5ms`);
    let count = 0;
    const ios = playJobs(source, () => (++count === 100 ? 6 * MS : MS));
    // What is issued before the slow one completes is under way then, and completes.
    expect(ios.length).toBeGreaterThanOrEqual(100);
    expect(ios.length).toBeLessThan(130);
    const failure = source.outcomes()[0]!.failure!;
    expect(failure.why).toBe('a read took 6 ms, and max_latency is 5 ms');
    expect(Math.max(...ios.map(({ completedNs }) => completedNs))).toBe(failure.afterNs);
  });

  test('goes on where it is kept, to the nanosecond', () => {
    const source = sourceOf(`${READS}max_latency=1ms`);
    expect(playJobs(source, () => MS)).toHaveLength(16384);
    expect(source.outcomes()[0]!.failure).toBeUndefined();
    const late = sourceOf(`${READS}max_latency=1ms`);
    playJobs(late, () => MS + 1);
    expect(late.outcomes()[0]!.failure).toBeDefined();
  });

  test.each([
    ['rate_iops_min=900', 'its reads came to 500 a second, and rate_iops_min is 900'],
    ['rate_min=3m', 'its reads came to 1.95 MiB a second, and rate_min is 3 MiB'],
  ])('ends with an error when %s is not kept over a second, after two to settle', (limit, why) => {
    const text = `[a]\nioengine=libaio\nsize=1g\nrw=read\niodepth=1\n${limit}`;
    // Quick enough for four seconds, then half as quick.
    const slow = sourceOf(text);
    let count = 0;
    playJobs(slow, () => (++count <= 4000 ? MS : 2 * MS));
    const failure = slow.outcomes()[0]!.failure!;
    expect(failure.afterNs).toBeGreaterThan(4 * SECOND);
    expect(failure.afterNs).toBeLessThan(6.1 * SECOND);
    expect(failure.why).toMatch(/^its reads came to .* a second, and rate/);
    const steady = sourceOf(text);
    playJobs(steady, () => 2 * MS);
    expect(steady.outcomes()[0]!.failure!.afterNs).toBeGreaterThanOrEqual(3 * SECOND);
    expect(steady.outcomes()[0]!.failure!.why).toBe(why);
  });

  test('lets the others go on, or end with it where exitall_on_error says so', () => {
    const other = '[b]\nioengine=libaio\nfilename=b\nsize=8m\nrw=randwrite\nsync=0\n';
    const slow = ({ op }: { op: number }): number => (op === OP_READ ? 6 * MS : MS);
    const alone = playJobs(sourceOf(`${READS}max_latency=5ms\n${other}`), slow);
    expect(alone.filter(({ op }) => op === OP_WRITE)).toHaveLength(2048);
    const all = playJobs(sourceOf(`${READS}max_latency=5ms\nexitall_on_error\n${other}`), slow);
    expect(all.filter(({ op }) => op === OP_WRITE).length).toBeLessThan(20);
  });
});
