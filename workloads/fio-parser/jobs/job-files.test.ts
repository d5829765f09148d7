import { describe, expect, test } from 'vitest';
import {
  commandLineOf,
  formatJobFile,
  type JobDocument,
  type JobSettings,
  parseCommandLine,
  parseJobFile,
  printJobFile,
  type ResolveOptions,
  resolveJobs,
} from '../index.ts';

function resolve(text: string, options: ResolveOptions = {}): JobDocument {
  return resolveJobs(parseJobFile(text, { file: 'x.fio' }), options);
}

function settings(text: string, options: ResolveOptions = {}): JobSettings {
  const document = resolve(text, options);
  expect(document.problems.filter(({ kind }) => kind !== 'warning')).toEqual([]);
  return document.jobs.at(-1)!.settings;
}

function messages({ problems }: JobDocument): string[] {
  return problems.map(({ kind, error }) => `${kind}: ${error.message}`);
}

const SAMPLE = `; a server's log
[global]
  ioengine = null
rw=randrw:8 # with a comment
\tbssplit=4k/60:64k/,8k ; another

[log writer]\r
stonewall
size=1g
rwmixread=70

`;

describe('a job file', () => {
  test('is kept character by character', () => {
    expect(printJobFile(parseJobFile(SAMPLE))).toBe(SAMPLE);
    const odd = '\n\n;x\r\n[a]\r\nsize=1m';
    expect(printJobFile(parseJobFile(odd))).toBe(odd);
  });
  test('has its comments beside what they stand behind', () => {
    const { lines } = parseJobFile(SAMPLE);
    expect(lines.map(({ kind }) => kind).join(' ')).toBe(
      'comment section option option option blank section option option option blank',
    );
    const rw = lines[3]!;
    expect(rw).toMatchObject({
      name: 'rw',
      value: 'randrw:8',
      comment: '# with a comment',
      line: 4,
      valueColumn: 4,
    });
  });
  test('is formatted in one style and means the same', () => {
    const formatted = formatJobFile(parseJobFile(SAMPLE));
    expect(formatted).toBe(`; a server's log
[global]
ioengine= null
rw=randrw:8 # with a comment
bssplit=4k/60:64k/,8k ; another

[log writer]
stonewall
size=1g
rwmixread=70
`);
    expect(formatJobFile(parseJobFile(formatted))).toBe(formatted);
  });
});

describe('inheritance', () => {
  const text = `[global]
bs=4k
rw=write
[a]
[b]
bs=8k,
[global]
iodepth=4
[c]
bs=,16k`;
  const { jobs, sections } = resolve(text);

  test('goes from every [global] to the jobs below it', () => {
    expect(jobs.map(({ name, settings: { rw, iodepth } }) => [name, rw, iodepth])).toEqual([
      ['a', 'write', 1],
      ['b', 'write', 1],
      ['c', 'write', 4],
    ]);
    expect(sections.map(({ name, isGlobal }) => [name, isGlobal])).toEqual([
      ['global', true],
      ['a', false],
      ['b', false],
      ['global', true],
      ['c', false],
    ]);
  });
  test('leaves directions as they were where a list has holes', () => {
    expect(jobs.map(({ settings: { blocks } }) => blocks.map(({ minBytes }) => minBytes / 1024))).toEqual([
      [4, 4, 4],
      [8, 4, 4],
      [4, 16, 16],
    ]);
  });
  test('takes any section whose name begins with global', () => {
    expect(resolve('[globals]\nbs=4k\n[x]').jobs.map(({ name }) => name)).toEqual(['x']);
  });
  // fio 3.33: `--parse-only --debug=...` shows the block sizes of the split in force.
  test('keeps a bssplit of [global] over the bs of a job', () => {
    const { blocks } = settings('[global]\nbssplit=4k/25:8k/75\n[x]\nbs=64k');
    expect(blocks[0]).toEqual({
      minBytes: 4096,
      maxBytes: 8192,
      split: [
        { bytes: 4096, percent: 25 },
        { bytes: 8192, percent: 75 },
      ],
    });
  });
});

describe('includes', () => {
  const files: Record<string, string> = {
    'inc/a.fio': '; shared\nbs=8k\ninclude b.fio\n',
    'b.fio': 'iodepth=3',
    'loop.fio': 'include loop.fio',
    'section.fio': '[no]\n',
  };
  const include = (file: string) => (files[file] === undefined ? undefined : { file, text: files[file] });

  test('add their options to the section', () => {
    const { iodepth, blocks } = settings('[x]\ninclude inc/a.fio\n', { include });
    expect([iodepth, blocks[0].minBytes]).toEqual([3, 8192]);
  });
  test.each([
    [
      'missing.fio',
      'x.fio:2:1: no such file to include; found "missing.fio"; fio: unable to open \'missing.fio\' job file',
    ],
    ['loop.fio', 'files include each other'],
    ['section.fio', 'section.fio:1:1: a section in an included file'],
  ])('are refused where fio refuses: %s', (name, message) => {
    expect(messages(resolve(`[x]\ninclude ${name}`, { include })).join('\n')).toContain(message);
  });
});

describe('expansion', () => {
  test('puts variables in, names those that are unset, and says which option they leave unusable', () => {
    const document = resolve(`[x]\nfilename=\${DISK}\${PART}\nbs=\${BS}\nsize=\${BS}`, {
      variables: { DISK: '/dev/sdx' },
    });
    expect(document.jobs[0]!.settings.filename).toBe('/dev/sdx');
    expect(document.unsetVariables.map(({ name, place }) => [name, place.line])).toEqual([
      ['PART', 2],
      ['BS', 3],
    ]);
    const refused = document.problems.filter(({ kind }) => kind === 'refused');
    expect(refused.map(({ error }) => [error.place.line, error.hint])).toEqual([
      [3, 'set BS in the environment'],
      [4, 'set BS in the environment'],
    ]);
  });
  // bc: 5*1024*1024*16000/8 is 10485760000, 7/2 is 3, -7/2 is -3, 2^3^2 is 512.
  test.each([
    ['5*1024*1024*$mb_memory/8 # of the memory', 10485760000],
    ['$ncpus*7/2', 14],
    ['(1+$ncpus)*2^3^1', 40],
    ['100-$ncpus%3', 99],
  ])('works out %s as bc does', (sum, value) => {
    const { size } = settings(`[x]\nbs=1\nsize=${sum}`, { memoryMib: 16000, cpus: 4 });
    expect(size).toEqual({ kind: 'number', value });
  });
  test('leaves texts without a keyword alone', () => {
    expect(settings('[x]\nfilename=/a-b*c', {}).filename).toBe('/a-b*c');
  });
  test('refuses what is no sum', () => {
    expect(messages(resolve('[x]\nfilename=/dev/disk$ncpus'))[0]).toMatch(
      /^refused: x\.fio:2:10: not a sum of integers/,
    );
  });
});

describe('values', () => {
  test('of a rich job', () => {
    const job = settings(`[x]
rw=randrw:16
rwmixread=20
rwmixwrite=30
bsrange=1k-4k,16k-8k
size=50%
offset=2z
runtime=2m
ramp_time=1500ms
startdelay=5-10
thinktime=250
rate=1m,2k
rate_process=poisson
iodepth=32
iodepth_batch_complete_min=2
random_distribution=zipf:1.2:0.5
fsync=32
latency_target=10ms
latency_window=5s
latency_percentile=99.9
steadystate=bw_slope:0.3%
steadystate_duration=30
numjobs=2
group_reporting
buffered=0`);
    expect(job).toMatchObject({
      rw: 'randrw',
      randomRunIos: 16,
      readPercent: 70,
      size: { kind: 'percent', value: 50 },
      offset: { kind: 'zones', value: 2 },
      runtimeNs: 120e9,
      rampTimeNs: 1.5e9,
      startDelayNs: { low: 5e9, high: 10e9 },
      thinktimeNs: 250e3,
      rateBytesPerSecond: [1048576, 2048, 2048],
      rateProcess: 'poisson',
      iodepth: 32,
      iodepthBatch: 1,
      iodepthLow: 32,
      iodepthBatchCompleteMin: 2,
      iodepthBatchCompleteMax: 2,
      fsync: 32,
      latencyTargetNs: 10e6,
      latencyWindowNs: 5e9,
      latencyPercentile: 99.9,
      steadyState: { of: 'bw_slope', limit: 0.3, isPercent: true },
      steadyStateDurationNs: 30e9,
      numjobs: 2,
      groupReporting: true,
    });
    expect(job.blocks.map(({ minBytes, maxBytes }) => [minBytes, maxBytes])).toEqual([
      [1024, 4096],
      [8192, 16384],
      [8192, 16384],
    ]);
    expect(job.randomDistribution[2]).toEqual({ kind: 'zipf', theta: 1.2, center: 0.5 });
  });
  test('of sequential jobs may skip, also backwards', () => {
    expect(settings('[x]\nrw=read:8k').sequentialSkipBytes).toBe(8192);
    expect(settings('[x]\nrw=write:-8k').sequentialSkipBytes).toBe(-8192);
  });
  test('have the base of kb_base wherever it stands', () => {
    expect(settings('[x]\nbs=1k\nsize=1mib\nkb_base=1000').blocks[0].minBytes).toBe(1000);
    expect(settings('[global]\nkb_base=1000\n[x]\nsize=1mib').size?.value).toBe(1048576);
    expect(settings('[x]\nsize=1mib').size?.value).toBe(1000000);
  });
  test('share out what a split leaves open', () => {
    expect(settings('[x]\nbssplit=4k/50:8k/:16k,64k/100').blocks.map(({ split }) => split)).toEqual([
      [
        { bytes: 4096, percent: 50 },
        { bytes: 8192, percent: 25 },
        { bytes: 16384, percent: 25 },
      ],
      [{ bytes: 65536, percent: 100 }],
      [{ bytes: 65536, percent: 100 }],
    ]);
  });
  test('of zones are shares of accesses and of the file', () => {
    expect(settings('[x]\nrandom_distribution=zoned:50/5:30/15:20/').randomDistribution[0]).toEqual({
      kind: 'zoned',
      zones: [
        { accessPercent: 50, sizePercent: 5 },
        { accessPercent: 30, sizePercent: 15 },
        { accessPercent: 20, sizePercent: 80 },
      ],
    });
    expect(settings('[x]\nrandom_distribution=zoned_abs:60/1g:40/2g').randomDistribution[0]).toEqual({
      kind: 'zoned_abs',
      zones: [
        { accessPercent: 60, sizeBytes: 2 ** 30 },
        { accessPercent: 40, sizeBytes: 2 ** 31 },
      ],
    });
    expect(settings('[x]\nrandom_distribution=sequence:2,0,1').randomDistribution[0]).toEqual({
      kind: 'sequence',
      pattern: [2, 0, 1],
    });
  });
  // The manual's own examples and rules; Debian's fio has no arithmetic.
  test.each([
    ['size=(4 * 1m)', 'size', 4194304],
    ['size=(2^10 + 8k/2 - 7%4)', 'size', 1024 + 4096 - 3],
    ['bs=512\nsize=((1.5+0.5)*1k)', 'size', 2048],
  ])('may be sums in parentheses: %s', (text, name, value) => {
    expect(settings(`[x]\nbs=1\n${text}`)[name as 'size']).toEqual({ kind: 'number', value });
  });
  test('of times may be sums too, with plain numbers in microseconds', () => {
    expect(settings('[x]\nruntime=(2s + 500)').runtimeNs).toBe(2_000_500_000);
    expect(settings('[x]\nthinktime=(3*10ms)').thinktimeNs).toBe(30e6);
  });
});

describe('warnings', () => {
  test.each([
    ['runtime=2sec', 'fio takes "sec" as microseconds; here it is what it says'],
    ['runtime=2fortnights', '"fortnights" is no unit: fio takes microseconds'],
    ['size=10.5m', 'decimal points are not read: fio takes 10'],
    ['size=64mib', 'with kb_base=1024 "mib" is a power of 1000: fio takes 64000000 bytes'],
    ['bssplit=4k/60:8k/60', 'the percentages add up to 120'],
    ['threads=2', 'threads does nothing in a job'],
    ['time_based', 'time_based without a runtime does nothing'],
    ['flow_watermark=3', 'the option is deprecated and does nothing'],
    ['fsync=5000000000', 'fio keeps 32 bits of it: 705032704'],
    ['norandommap=x,1', 'fio takes the option and does nothing'],
  ])('tell where fio reads otherwise than it says: %s', (option, text) => {
    const document = resolve(`[x]\nbs=1\n${option}`);
    expect(document.problems.map(({ kind }) => kind)).toEqual(['warning']);
    expect(messages(document)[0]).toContain(text);
  });
  test('give sec and min their meaning', () => {
    const document = resolve('[x]\nruntime=2min\nramp_time=3sec');
    expect(document.jobs[0]!.settings).toMatchObject({ runtimeNs: 120e9, rampTimeNs: 3e9 });
  });
});

describe('unknown options', () => {
  test('are kept, with the nearest name', () => {
    const document = resolve('[x]\niodpeth=4\nbs=4k');
    expect(messages(document)).toEqual([
      'unknown: x.fio:2:1: no option of fio; found "iodpeth"; fio: Bad option <iodpeth=4>',
    ]);
    expect(document.problems[0]!.error.hint).toBe('did you mean "iodepth"?');
    expect(document.jobs[0]!.options.get('iodpeth')).toMatchObject({
      text: '4',
      value: undefined,
      known: 'no',
    });
    expect(commandLineOf(document)).toEqual(['--name=x', '--bs=4k', '--iodpeth=4']);
  });
  test('are told from those of another engine', () => {
    expect(messages(resolve('[x]\nioengine=libaio\nuserspace_reap'))).toEqual([]);
    expect(messages(resolve('[x]\nioengine=null\nuserspace_reap'))[0]).toContain(
      'no option of the engine null',
    );
  });
});

describe('a command line', () => {
  test('is the same as the job file it stands for', () => {
    const argv =
      '--output-format=json --bs=4k --name=a --rw randread --name=b --stonewall --kb_base=1000 --size=1k job.fio'.split(
        ' ',
      );
    const { document, jobFiles, programOptions } = parseCommandLine(argv);
    expect(document.jobs.map(({ name, settings: { rw, blocks } }) => [name, rw, blocks[0].minBytes])).toEqual(
      [
        ['a', 'randread', 4096],
        ['b', 'read', 4096],
      ],
    );
    expect(jobFiles).toEqual(['job.fio']);
    expect(programOptions).toEqual([{ name: 'output-format', value: 'json' }]);
    expect(commandLineOf(document).join(' ')).toBe(
      '--bs=4k --name=a --rw=randread --name=b --stonewall --kb_base=1000 --size=1k',
    );
  });
  test('takes options in their order and variables as text', () => {
    const of = (text: string) => parseCommandLine(text.split(' ')).document.jobs[0]!.settings;
    expect(of('--name=a --bs=1 --size=1k --kb_base=1000').size?.value).toBe(1024);
    expect(of('--name=a --filename=$pagesize').filename).toBe('$pagesize');
  });
});

describe("fio's refusals have the place and fio's reason:", () => {
  test.each([
    [
      'size=1m\n[x]',
      'x.fio:1:1: an option before the first section; found "size=1m"; expected a section such as [global]; fio: option <size=1m> outside of [] job section',
    ],
    ['[x]\nrw=rnadread', 'x.fio:2:4: rw cannot be so; found "rnadread"; expected one of read, write,'],
    [
      '[x]\n  rwmixread=150',
      'x.fio:2:13: rwmixread cannot be so; found "150"; expected at most 100; fio: rwmixread: max value out of range: 150 (100 max)',
    ],
    ['[x]\nbs=0', 'fio: bs: min value out of range: 0 (1 min)'],
    ['[x]\nreplay_align=3', 'fio: replay_align: must be a power-of-2'],
    ['[x]\niodepth=many', 'expected a number'],
    ['[x]\nruntime=', 'expected a time such as 30s or 5ms'],
    ['[x]\ndirect', 'fio: Option direct requires an argument'],
    ['[x]\ndirect=2', 'fio: max value out of range: 2 (1 max)'],
    ['[x]\nbsrange=4k', 'expected a range such as 4k-16k'],
    ['[x]\npercentile_list=99:101', ''],
    ['[x]\npercentile_list=101', 'fio: value out of range: 101'],
    ['[x]\niodepth=4z', "fio: iodepth: 'z' suffix isn't applicable"],
    ['[x]\nrwmixcycle=2', 'fio: Option rwmixcycle is deprecated'],
    ['[x]\nbssplit=4k/60:8k/60:1k:2k', 'fio: bssplit percentages add to more than 100%'],
    ['[x]\nbssplit=x/60', 'fio: split conversion failed'],
    ['[x]\nrandom_distribution=zipf:1', 'fio: zipf theta must different than 1.0'],
    ['[x]\nrandom_distribution=pareto:2', 'fio: pareto input out of range'],
    ['[x]\nrandom_distribution=zoned:50/50', "fio: access percentage don't add up to 100"],
    ['[x]\nrw=randread:0', 'fio: randrw postfix parsing out of range'],
    ['[x]\nsteadystate=iops', 'fio: steadystate threshold must be specified'],
    ['[x]\nsize=1k', 'fio: size too small, must not be less than minimum block size: 1024 < 4096'],
    [
      '[x]\nrate=1m\nrate_iops=100',
      'x.fio:3:1: the job cannot run; fio: rate and rate_iops are mutually exclusive',
    ],
    ['[x]\nrate_iops=10\nrate_iops_min=100', 'fio: minimum rate exceeds rate, ddir 0'],
    ['[x]\nzonemode=strided', '--zonesize must be specified'],
  ])('%j', (text, message) => {
    const refused = messages(resolve(text)).filter((line) => !line.startsWith('warning'));
    if (message === '') expect(refused).toEqual([]);
    else expect(refused.join('\n')).toContain(message);
  });
});
