import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bucketAt,
  type FioJob,
  type FioLatency,
  type FioResultEvent,
  mergeByGroup,
  mergeJobs,
  parseFioResults,
  percentileBucket,
  streamFioResults,
} from '../index.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

function latenciesOf(job: FioJob): FioLatency[] {
  const directions = [job.read, job.write, job.trim, ...(job.mixed === undefined ? [] : [job.mixed])];
  return [...directions.flatMap(({ slat, clat, lat }) => [slat, clat, lat]), job.sync.lat];
}

async function collect(bytes: Uint8Array, portion: number): Promise<FioResultEvent[]> {
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += portion) yield bytes.subarray(at, at + portion);
  };
  const events: FioResultEvent[] = [];
  for await (const event of streamFioResults(chunks())) events.push(event);
  return events;
}

function failure(text: string): string {
  try {
    parseFioResults(text, { file: 'x.json' });
  } catch (error) {
    return String(error);
  }
  return 'nothing thrown';
}

describe('JSON+ of fio 3', () => {
  const [run] = parseFioResults(fixture('gen.jsonplus.json'));
  const [data, log] = run!.jobs;

  test('has its jobs, options and numbers in base units', () => {
    expect(run!.fioVersion).toBe('fio-3.33');
    expect(run!.timestampMs).toBe(1795417583955);
    expect(run!.globalOptions.bssplit).toBe('4k/20:8k/70:64k/10');
    expect(run!.jobs.map(({ name }) => name)).toEqual(['oltp-data', 'oltp-log']);
    expect(data!.options).toEqual({ write_iolog: 'oltp-data.iolog3' });
    expect(data!.read).toMatchObject({
      totalIos: 292,
      ioBytes: 3051520,
      bytesPerSecond: 160606315,
      runtimeMs: 19,
    });
    expect(data!.read.clat).toMatchObject({ count: 292, minNs: 40530, maxNs: 140629, meanNs: 54155.708904 });
    expect(run!.diskUtil.map(({ name }) => name)).toEqual(['vda']);
  });
  test('has the fsyncs of the log job', () => {
    expect(log!.sync.totalIos).toBeGreaterThan(0);
    expect(log!.sync.lat.count).toBe(log!.sync.totalIos);
  });
  test('has as many I/Os in its bins as fio counted, within the bounds fio saw', () => {
    let histograms = 0;
    for (const { histogram, count, minNs, maxNs } of run!.jobs.flatMap(latenciesOf)) {
      if (histogram === undefined) continue;
      histograms++;
      expect(histogram.count).toBe(count);
      const first = bucketAt(histogram.layout, histogram.index[0]!);
      const last = bucketAt(histogram.layout, histogram.index.at(-1)!);
      expect(first.lowNs <= minNs && minNs < first.endNs).toBe(true);
      expect(last.lowNs <= maxNs && maxNs < last.endNs).toBe(true);
    }
    expect(histograms).toBe(7);
  });
});

test.each([
  'gen.jsonplus.json',
  'clients.json',
  'steadystate-and-mixed.json',
  'fio-2.21.json',
  'fio-3.42.json',
])("percentiles of the bins are fio's own, in %s", (name) => {
  let compared = 0;
  for (const { histogram, percentiles } of parseFioResults(fixture(name))
    .flatMap(({ jobs }) => jobs)
    .flatMap(latenciesOf)) {
    if (histogram === undefined) continue;
    for (const { percent, ns } of percentiles) {
      expect([percent, percentileBucket(histogram, percent)?.midNs]).toEqual([percent, ns]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(30);
});

describe('client mode', () => {
  const [run] = parseFioResults(fixture('clients.json'));

  test('names the server of each job and keeps the sum of all apart', () => {
    expect(run!.jobs.map(({ name, client }) => `${name}@${client?.port}`)).toEqual([
      'first@8765',
      'second@8765',
      'first@8766',
      'second@8766',
    ]);
    expect(run!.allClients?.name).toBe('All clients');
    expect(run!.globalOptions.number_ios).toBe('3000');
  });
  test('jobs merge to what fio itself adds up for all clients', () => {
    const merged = mergeJobs(run!.jobs);
    const all = run!.allClients!;
    for (const direction of ['read', 'write'] as const) {
      const ours = merged[direction];
      const theirs = all[direction];
      expect(ours.totalIos).toBe(theirs.totalIos);
      expect(ours.ioBytes).toBe(theirs.ioBytes);
      expect(ours.runtimeMs).toBe(theirs.runtimeMs);
      expect(ours.bytesPerSecond).toBe(theirs.bytesPerSecond);
      expect(ours.iops).toBeCloseTo(theirs.iops, 5);
      for (const kind of ['slat', 'clat', 'lat'] as const) {
        expect(ours[kind].count).toBe(theirs[kind].count);
        expect(ours[kind].minNs).toBe(theirs[kind].minNs);
        expect(ours[kind].maxNs).toBe(theirs[kind].maxNs);
        expect(ours[kind].meanNs).toBeCloseTo(theirs[kind].meanNs, 4);
        expect(Math.abs(ours[kind].stddevNs - theirs[kind].stddevNs)).toBeLessThan(0.01);
      }
    }
  });
  test('jobs of one group merge to the same as jobs without groups', () => {
    expect(mergeByGroup(run!.jobs).get(0)).toEqual(mergeJobs(run!.jobs));
  });
  test('merged histograms hold every I/O, and their percentiles lie between those of the jobs', () => {
    const { clat } = mergeJobs(run!.jobs).read;
    expect(clat.histogram?.count).toBe(clat.count);
    const medians = run!.jobs.map(
      (job) => job.read.clat.percentiles.find(({ percent }) => percent === 50)!.ns,
    );
    const median = clat.percentiles.find(({ percent }) => percent === 50)!.ns;
    expect(median).toBeGreaterThanOrEqual(Math.min(...medians));
    expect(median).toBeLessThanOrEqual(Math.max(...medians));
  });
});

test('without bins, merged latencies have no percentiles', () => {
  const { jobs } = parseFioResults(fixture('gen.json'))[0]!;
  expect(jobs[0]!.read.clat.percentiles.length + jobs[0]!.write.clat.percentiles.length).toBeGreaterThan(0);
  const merged = mergeJobs([...jobs, ...jobs]);
  expect([merged.read.clat.percentiles, merged.write.clat.percentiles]).toEqual([[], []]);
});

test('steady state, latency target, mixed directions and errors are typed', () => {
  const [steady, target] = parseFioResults(fixture('steadystate-and-mixed.json'))[0]!.jobs;
  expect(steady!.steadyState).toMatchObject({ criterion: 'iops:30.000000%', attained: true, durationS: 3 });
  expect(steady!.steadyState!.iops).toHaveLength(3);
  expect(steady!.latencyTarget).toBeUndefined();
  expect(target!.latencyTarget).toEqual({ targetNs: 1e6, windowNs: 100e6, percent: 99, depth: 1 });
  expect(target!.mixed?.totalIos).toBe(2000);
  expect(target!.read.totalIos).toBe(0);
  expect(target!.errors).toEqual({ total: 0, first: 0 });
  expect(target!.description).toBe('says "hi" \\ back');
});

describe('fio 2', () => {
  test('of version 2.21 is read as its own output says', () => {
    const [reads, mix] = parseFioResults(fixture('fio-2.21.json'))[0]!.jobs;
    expect(reads!.read).toMatchObject({ totalIos: 512, ioBytes: 4194304 });
    expect(reads!.read.lat).toMatchObject({
      count: undefined,
      minNs: 29000,
      maxNs: 709000,
      meanNs: 73550.781,
    });
    expect(reads!.read.clat.histogram?.count).toBe(512);
    expect(mix!.read.totalIos + mix!.write.totalIos).toBe(512);
  });
  // Fields and units as fio 2.15 and 2.21 write them (stat.c, add_ddir_status_json).
  const job = (direction: string) =>
    `{\n"fio version" : "fio-2.15",\n"timestamp" : 1470000000,\n"jobs" : [\n{"jobname" : "a", "read" : ${direction}}\n]}`;

  test('has latencies in microseconds and io_bytes in KiB', () => {
    const text = job(
      '{"io_bytes" : 1024, "bw" : 512, "iops" : 128.5, "runtime" : 2000, "total_ios" : 256, "clat" : {"min" : 3, "max" : 250, "mean" : 10.5, "stddev" : 1.25, "percentile" : {"50.000000" : 10, "99.000000" : 181, "0.00" : 0, "0.00" : 0}}}',
    );
    const [run] = parseFioResults(text);
    const { read } = run!.jobs[0]!;
    expect(run!.timestampMs).toBe(1470000000000);
    expect(read).toMatchObject({ ioBytes: 1048576, bytesPerSecond: 524288, iops: 128.5 });
    expect(read.clat).toMatchObject({
      count: undefined,
      minNs: 3000,
      maxNs: 250000,
      meanNs: 10500,
      stddevNs: 1250,
    });
    expect(read.clat.percentiles).toEqual([
      { percent: 50, ns: 10000 },
      { percent: 99, ns: 181000 },
    ]);
  });
  test('has io_bytes in bytes once io_kbytes stands beside it', () => {
    const [run] = parseFioResults(job('{"io_bytes" : 1048576, "io_kbytes" : 1024}'));
    expect(run!.jobs[0]!.read.ioBytes).toBe(1048576);
  });
  test('has bins by number (2.15) or by their middle (2.21), in microseconds', () => {
    const byNumber = job(
      '{"clat" : {"max" : 250, "bins" : {"9" : 5, "181" : 1, "0" : 0, "FIO_IO_U_PLAT_BITS" : 6, "FIO_IO_U_PLAT_VAL" : 64, "FIO_IO_U_PLAT_NR" : 1216}}}',
    );
    const byMiddle = job('{"clat" : {"max" : 250, "bins" : {"9" : 5, "235" : 1}}}');
    for (const text of [byNumber, byMiddle]) {
      const { histogram } = parseFioResults(text)[0]!.jobs[0]!.read.clat;
      expect([...histogram!.index]).toEqual([9, 181]);
      expect(bucketAt(histogram!.layout, 181)).toEqual({ lowNs: 234000, endNs: 236000, midNs: 235000 });
      expect(percentileBucket(histogram!, 50)?.midNs).toBe(9000);
    }
  });
});

test('fio 3.42 is read, with the start of the job', () => {
  const [run] = parseFioResults(fixture('fio-3.42.json'));
  expect(run!.fioVersion).toMatch(/^fio-3/);
  expect(run!.jobs[0]!.startMs).toBeGreaterThan(1.7e12);
  expect(run!.jobs[0]!.read.lat.histogram?.count).toBe(run!.jobs[0]!.read.totalIos);
});

describe('values beyond the last bucket', () => {
  const job = (max: number) =>
    `{\n"jobs" : [{"jobname" : "a", "read" : {"clat_ns" : {"max" : ${max}, "N" : 2, "bins" : {"17112760320" : 2}}}}]}`;
  const clat = (max: number) => parseFioResults(job(max))[0]!.jobs[0]!.read.clat;

  test('are told from values in it by the maximum', () => {
    expect(clat(94_000_000_000).saturated).toBe(true);
    expect(clat(17_179_869_184).saturated).toBe(true);
    expect(clat(17_179_869_183).saturated).toBe(false);
  });
});

describe('documents among other text', () => {
  const text = fixture('gen.jsonplus+terse.txt');

  test('are found behind terse output', () => {
    const runs = parseFioResults(text);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.jobs).toHaveLength(2);
    expect(runs[0]!.textBefore).toMatch(/^3;fio-3\.33;oltp-data/);
  });
  test('are all read, with what stands between them', () => {
    const one = fixture('gen.jsonplus.json');
    const runs = parseFioResults(`fio: warning {f=1}\n${one}\n{f=1} no document\nJobs: 1\r${one}trailing`);
    expect(runs.map(({ textBefore }) => textBefore.trim())).toEqual([
      'fio: warning {f=1}',
      '{f=1} no document\nJobs: 1',
    ]);
    expect(runs[1]!.jobs).toEqual(runs[0]!.jobs);
  });
  test.each([1, 7, 4096])('are the same read in portions of %i bytes', async (portion) => {
    const bytes = new TextEncoder().encode(`x\n${text}\n${fixture('clients.json')}`);
    const events = await collect(bytes, portion);
    const [first, second] = parseFioResults(bytes);
    const jobs = events.filter((event) => event.kind === 'job').map(({ job }) => job);
    expect(jobs).toEqual([...first!.jobs, ...second!.jobs]);
    const last = events.at(-1)!;
    expect(last.kind === 'run' && last.run.allClients).toEqual(second!.allClients);
  });
});

test('jobs are handed out before the end of the input is read', async () => {
  const job = JSON.stringify({ jobname: 'a', read: { total_ios: 1 } });
  let produced = 0;
  const chunks = function* () {
    yield new TextEncoder().encode('{"jobs" : [\n');
    for (; produced < 1000; produced++)
      yield new TextEncoder().encode(`${produced === 0 ? '' : ','}${job}\n`);
    yield new TextEncoder().encode(']}');
  };
  let jobs = 0;
  for await (const event of streamFioResults(chunks())) {
    if (event.kind !== 'job') continue;
    jobs++;
    expect(produced - jobs).toBeLessThan(2);
  }
  expect(jobs).toBe(1000);
});

describe('what fio prints and JSON forbids', () => {
  test('nan is read as 0', () => {
    const text = '{\n "jobs" : [{"jobname" : "a", "read" : {"iops" : -nan, "bw_dev" : inf, "bw_min" : 3}}]}';
    expect(parseFioResults(text)[0]!.jobs[0]!.read).toMatchObject({
      iops: 0,
      bandwidth: { stddevBytesPerSecond: 0, minBytesPerSecond: 3072 },
    });
  });
  test('control characters and accents in texts are kept', () => {
    const text = '{\n "jobs" : [{"jobname" : "é\t\\u00e9\\n", "usr_cpu" : nan}]}';
    expect(parseFioResults(text)[0]!.jobs[0]!.name).toBe('é\té\n');
  });
});

describe('a wrong document is refused with its place:', () => {
  test.each([
    ['no document', 'fio: file not found\n', 'x.json:1:1: no output of fio; found "fio: file not found\\n"'],
    ['another document', '\n{"a" : 1}', 'x.json:2:1: not what fio writes; expected a document of fio'],
    [
      'cut short',
      '{"jobs" : [\n{"jobname"',
      'x.json:2:11: the document is cut short; found "the end of the input"',
    ],
    [
      'no value',
      '{"jobs" : [\n{"jobname" : "a",\n  "read" : , }]}',
      'x.json:3:12: not JSON; found ", }"; expected a value',
    ],
    [
      'text inside',
      '{"jobs" : [\n{"jobname" : "a",\nfio: oops\n}]}',
      'x.json:3:1: not JSON; found "fio: oops"; expected a name in quotes',
    ],
    [
      'no name',
      'x\n{"jobs" : [\n  {"error" : 0}]}',
      'x.json:3:3: not what fio writes; expected an object with "jobname"',
    ],
    [
      'text for a number',
      '{"jobs" : [{"jobname" : "a",\n "read" : {"iops" :\n "fast"}}]}',
      'x.json:3:2: "iops" is not what fio writes; found "fast"; expected a number',
    ],
    [
      'a number for an object',
      '{"jobs" : [{"jobname" : "a", "read" : 1}]}',
      'x.json:1:39: "read" is not what fio writes; found "1"; expected an object',
    ],
    [
      'a bin that is none',
      '{"jobs" : [{"jobname" : "a", "read" : {"clat_ns" : {"bins" :\n{"128" : 1}}}}]}',
      'x.json:2:10: "128" is not what fio writes',
    ],
    [
      'a job that is none',
      '{"jobs" : [{"jobname" : "a"},\n 0]}',
      'x.json:2:2: "jobs" is not what fio writes; found "0"; expected an object',
    ],
    [
      'a fault after jobs',
      '{"jobs" : [\n{"jobname" : "a"},\n{"jobname" : "b"}\n], "disk_util" : [\n  1]}',
      'x.json:5:3: "disk_util" is not what fio writes',
    ],
    ['too deep', `{"a" : ${'['.repeat(100)}`, 'x.json:1:71: nested too deeply'],
    ['bytes, not text', '\u0000\u0001{', 'x.json:1:1: no output of fio'],
  ])('%s', (_, text, message) => {
    expect(failure(text)).toContain(`FioError: ${message}`);
  });
});
