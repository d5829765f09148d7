/**
 * The real fio as the judge: its `--showcmd` says what it made of a job file, and `--debug=parse` what it made of
 * every number.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadJobs, showCommand } from '../index.ts';

const hasFio = spawnSync('fio', ['--version']).status === 0;
const NEEDS = hasFio ? '' : ' (needs fio: apt-get install fio)';
const folder = mkdtempSync(join(tmpdir(), 'fio-parser-'));
const variables = { SIZE: '64', DISK: '/dev/null', EMPTY: '' };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fio(text: string, ...flags: string[]) {
  const file = join(folder, 'job.fio');
  writeFileSync(file, text);
  const { stdout, stderr, status } = spawnSync('fio', ['--parse-only', ...flags, file], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...variables },
  });
  return { file, output: stdout + stderr, accepted: status === 0 };
}

function machine() {
  const { output } = fio('[a]\nbs=$pagesize\nsize=$mb_memory\nnumjobs=$ncpus', '--showcmd');
  const numbers = /--bs=(\d+) --size=(\d+) --numjobs=(\d+)/.exec(output)?.slice(1).map(Number) ?? [];
  const [pageSizeBytes = 0, memoryMib = 0, cpus = 0] = numbers;
  return { variables, pageSizeBytes, memoryMib, cpus };
}
const MACHINE = hasFio ? machine() : {};

/** Job files that fio takes; each shows another part of the grammar. */
const ACCEPTED: readonly (readonly [string, string])[] = [
  [
    'aliases',
    '[a]\nblocksize=4k\nreadwrite=randread\ntimeout=5\niodepth_batch_submit=2\nfileoffset=4k\nratemin=1k\nmem_align=4k',
  ],
  ['globals below jobs', '[global]\nbs=4k\n[a]\n[globalx]\nbs=8k\n[b]\nrw=write'],
  ['comments', '; one\n# two\n[a] ; three\nbs=4k # four\n  ;five\nrw=read;six'],
  ['blanks', '\n  [a]  \n\tbs=4k\t\nsize= 1m\niodepth =2\r\n'],
  ['names with blanks', '[a b c]\nsize=1m\n[d]e]\nsize=1m'],
  ['variables', `[a]\nsize=\${SIZE}m\nfilename=\${DISK}\ndescription=x\${UNSET}y\${EMPTY}z`],
  ['keywords', '[a]\nsize=$pagesize*16\nnumjobs=$ncpus\nio_size=($mb_memory-1)*4096'],
  ['bc', '[a]\nbs=$pagesize\nsize=2^3*$pagesize+4096/3*3\niodepth=100%7+$ncpus'],
  [
    'priorities',
    '[a]\nfilename=/dev/null\nsize=1m\nkb_base=1000\nbs=1k\nunit_base=8\ncpus_allowed_policy=split',
  ],
  ['flags', '[a]\nstonewall\ngroup_reporting\ntime_based=0\nnorandommap\nthread\nnew_group\nruntime=5'],
  [
    'lists',
    '[a]\nbs=8k,32k,\nbsrange=1k-4k,2k-8k\nrate=1m,2k,3k\nrate_iops_min=0\npercentage_random=50,60,70',
  ],
  ['splits', '[a]\nrw=randrw\nbssplit=4k/10:64k/50:32k/40,8k/:16k/'],
  [
    'distributions',
    '[a]\nrandom_distribution=zipf:1.1:0.5\n[b]\nrandom_distribution=zoned:50/10:50/90\n[c]\nrandom_distribution=pareto:0.3\n[d]\nrandom_distribution=normal:20',
  ],
  [
    'searches',
    '[a]\nlatency_target=5ms\nlatency_window=1s\nlatency_percentile=99.9\nsteadystate=iops_slope:0.1%\nss_dur=20\nss_ramp=5',
  ],
  ['engine options', '[a]\nuserspace_reap\nioengine=libaio\nbs=4k\nnowait=0'],
  ['the engine of [global]', '[global]\nioengine=libaio\n[a]\nuserspace_reap\niodepth=4'],
  ['options twice', '[a]\nbs=4k\nbs=8k\nrwmixread=10\nrwmixwrite=10'],
  ['a profile’s options', '[a]\nbs=4k\nthreads=1'],
  ['values that hold equals signs', '[a]\nexec_prerun=a=b c=d\nsize=1m'],
  ['sums in quotes', "[a]\ndescription='$ncpus-way'\nsize=1m"],
  [
    'lists where none is meant',
    '[a]\nrw=read,write\nnorandommap=1,0\ndirect=x,1\nfallocate=none,1\nfsync=5000000000',
  ],
  ['a description', '[a]\ndescription=of two words\nsize=1m'],
];

describe.skipIf(!hasFio)(`fio --showcmd agrees, option by option${NEEDS}`, () => {
  test.each(ACCEPTED)('on %s', (_, text) => {
    const { file, output, accepted } = fio(text, '--showcmd');
    expect([accepted, output]).toEqual([true, expect.stringContaining('--')]);
    const document = loadJobs(file, MACHINE);
    expect(document.problems.filter(({ kind }) => kind !== 'warning')).toEqual([]);
    expect(showCommand(document)).toBe(
      output
        .split('\n')
        .find((line) => line.startsWith('fio --'))!
        .trimEnd(),
    );
  });
  test('on an included file', () => {
    writeFileSync(join(folder, 'shared.fio'), '; shared\nbs=8k\niodepth=4\n');
    const { output, accepted } = fio(`[a]\nsize=1m\ninclude ${folder}/shared.fio\nrw=write`, '--showcmd');
    expect(accepted).toBe(true);
    const document = loadJobs(join(folder, 'job.fio'));
    expect(`${showCommand(document)} `).toBe(output.split('\n').find((line) => line.startsWith('fio --')));
  });
});

const REFUSED: readonly string[] = [
  'size=1m\n[a]',
  '[a]\nrw=rnadread',
  '[a]\nrw = read',
  '[a]\nrwmixread=150',
  '[a]\nbs=0',
  '[a]\nreplay_align=3',
  '[a]\niodepth=many',
  '[a]\nruntime=',
  '[a]\ndirect',
  '[a]\ndirect=2',
  '[a]\nbsrange=4k',
  '[a]\npercentile_list=101',
  '[a]\niodepth=4z',
  '[a]\nrwmixcycle=2',
  '[a]\nbssplit=x/60',
  '[a]\nrandom_distribution=zipf:1',
  '[a]\nrandom_distribution=pareto:2',
  '[a]\nrandom_distribution=normal:100',
  '[a]\nrandom_distribution=zoned:50/50',
  '[a]\nrandom_distribution=zoned:90/50:20/50',
  '[a]\nsteadystate=iops',
  '[a]\nsteadystate=cpu:3',
  '[a]\nnonsense=1',
  '[a]\nlatency_percentile=x:5',
  '[a]\nsize=$pagesize/0',
  '[a]\niodepth=50%',
  '[a]\nnumber_ios=99999999999999999999',
  '[a]\nuserspace_reap\nioengine=null',
  // At the end of a section fio goes on without the file.
  '[a]\ninclude nowhere.fio\nbs=4k',
  '[a]\nfilename=/dev/x$ncpus',
];

describe.skipIf(!hasFio)(`fio refuses what is refused here${NEEDS}`, () => {
  test.each(REFUSED)('%j', (text) => {
    const { file, accepted } = fio(text);
    const refusals = loadJobs(file, MACHINE).problems.filter(({ kind }) => kind !== 'warning');
    expect([accepted, refusals.length > 0]).toEqual([false, true]);
  });
});

/** Jobs that fio refuses only when it is to run them. */
const UNABLE: readonly string[] = [
  '[a]\nsize=4y',
  '[a]\nsize=1k',
  '[a]\nsize=1m\nrate=1m\nrate_iops=100',
  '[a]\nsize=1m\nrate_iops=10\nrate_iops_min=100',
  '[a]\nsize=1m\nzonemode=strided',
  '[a]\nsize=1m\nzonemode=none\nzonesize=4k',
  '[a]\nsize=1m\nbs=4k\nbssplit=4k/60:8k/60:1k:2k',
];

describe.skipIf(!hasFio)(`fio does not run what is refused here${NEEDS}`, () => {
  test.each(UNABLE)('%j', (text) => {
    const file = join(folder, 'unable.fio');
    writeFileSync(file, `[global]\nioengine=null\n${text}\n`);
    const { status } = spawnSync('fio', [file], { cwd: folder, encoding: 'utf8' });
    const refusals = loadJobs(file, MACHINE).problems.filter(({ kind }) => kind === 'refused');
    expect([status, refusals.length]).toEqual([1, 1]);
  });
});

/** Options with values of all their forms; fio says the number it makes of each. */
const NUMBERS = [
  'bs=512 bs=4k bs=4K bs=4kb bs=4kib bs=1m bs=0x1000 bs=4k,8k,16k bs=,8k bs=8k, bs=1mi',
  'size=1g size=1gib size=2t size=1p size=1024 size=1m/2 size=10.5m',
  'iodepth=1 iodepth=1k iodepth=0x20 iodepth=7:9 iodepth=4-8',
  'runtime=5 runtime=5s runtime=5ms runtime=5us runtime=5usec runtime=2m runtime=1h runtime=1d runtime=7msec',
  'thinktime=5 thinktime=5ms thinktime=2s startdelay=5-10 startdelay=5-10s startdelay=3 max_latency=5 max_latency=1s',
  'rate=1m,2k,3k rate_iops=1k,2k rwmixread=70 loops=3 number_ios=1k offset_increment=1m fsync=32',
].flatMap((line) => line.split(' '));

describe.skipIf(!hasFio)(`fio --debug=parse makes the same of numbers${NEEDS}`, () => {
  test.each([1024, 1000])('with kb_base=%i', (kbBase) => {
    const { file, output } = fio(`[a]\nkb_base=${kbBase}\n${NUMBERS.join('\n')}\n`, '--debug=parse');
    const theirs: string[] = [];
    let name = '';
    let outs: number[] = [];
    const flush = () => {
      if (name !== '' && name !== 'kb_base') theirs.push(`${name} ${outs.join(' ')}`);
    };
    for (const line of output.split('Parsing section [a]')[1]!.split('\n')) {
      const option = /\bhandle_option=(\w+), ptr/.exec(line);
      const out = /ret=0, out=(-?\d+)/.exec(line);
      if (option !== null) {
        flush();
        name = option[1]!;
        outs = [];
      } else if (out !== null) {
        outs.push(Number(out[1]));
      }
    }
    flush();
    const ours = loadJobs(file).sections[0]!.options.flatMap(({ name, text, value }) => {
      if (name === 'kb_base' || value?.kind !== 'amounts') return [];
      const isTime = ['runtime', 'thinktime', 'startdelay', 'max_latency'].includes(name);
      // fio says each item of a list once; here a place that nothing is said for is filled from the one before.
      const items = text!.split(/[,:]|(?<=\d)-/).filter((item) => item !== '').length;
      const amounts = value.values.filter((amount) => amount !== undefined).map((amount) => amount.value);
      const given = value.values.length === 1 ? amounts : amounts.slice(0, items);
      return [`${name} ${given.map((amount) => (isTime ? amount / 1000 : amount)).join(' ')}`];
    });
    const first = (line: string) =>
      /^(iodepth|rwmixread) /.test(line) ? line.split(' ').slice(0, 2).join(' ') : line;
    expect(ours.map(first)).toEqual(theirs.slice(0, ours.length).map(first));
    expect(ours).toHaveLength(NUMBERS.length);
  });
});
