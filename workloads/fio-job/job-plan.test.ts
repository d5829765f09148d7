import { describe, expect, test } from 'vitest';
import { parseJobFile, resolveJobs } from '#fio-parser';
import { type FioJobPlan, obstacleError, planJobs } from './job-plan.ts';

function plan(text: string): FioJobPlan {
  return planJobs(resolveJobs(parseJobFile(text, { file: 'x.fio' })));
}

function obstacles(text: string): string[] {
  return plan(text).obstacles.map((obstacle) => obstacleError(obstacle).message);
}

describe('what cannot be run is named with its place', () => {
  test.each([
    ['[a]\nsize=1m\nverify=crc32c', 'x.fio:3:1: verify=crc32c changes the load and is not supported'],
    ['[a]\nsize=1m\nflow=1', 'x.fio:3:1: flow=1 changes the load and is not supported'],
    ['[a]\nsize=1m\nflow=3', 'x.fio:3:1: flow=3 changes the load and is not supported'],
    ['[a]\nrw=read', 'x.fio:1:1: a has no size; expected size= in bytes'],
    ['[a]\nsize=1m\nioengine=cpuio\ncpuload=50', 'x.fio:3:1: ioengine=cpuio does not read or write blocks'],
    ['[a]\nsize=1m\nbs=1000', 'x.fio:3:1: reads of 1000 bytes; expected multiples of 512'],
    ['[a]\nsize=1m\nbssplit=4k/50:700/50', 'x.fio:3:1: reads of 700 bytes'],
    ['[a]\nsize=1m\nzonemode=zbd', 'x.fio:3:1: zoned block devices are not emulated'],
    ['[a]\nsize=4z', 'x.fio:2:1: size in zones of a zoned device'],
    ['[a]\nsize=1m\n[b]\nsize=1m\nwait_for=c', 'x.fio:5:1: wait_for=c names no job above'],
    [
      '[a]\nsize=1m\nnonsense=1',
      'x.fio:3:1: no option of fio (fio: Bad option <nonsense=1>); found "nonsense"',
    ],
    ['[a]\nsize=1m\nrw=rnadread', 'x.fio:3:4: rw cannot be so'],
    ['[a]\nsize=1m\nnrfiles=2\nfile_service_type=zipf', 'x.fio:4:1: file_service_type=zipf changes the load'],
    ['[a]\nsize=1m\nnumjobs=5000', 'x.fio:3:1: more than 4096 processes'],
    ['', 'x.fio:1:1: no job; expected a section'],
    ['[a]\nsize=64k\nnrfiles=32', 'x.fio:2:1: a: blocks of 4096 bytes do not fit 2048 bytes of a file'],
    [
      '[a]\nsize=64k\nfilename=f\n[b]\nfilename=f\nsize=10%\noffset=1m',
      'x.fio:7:1: offset of 1 MiB lies behind',
    ],
  ])('%j', (text, message) => {
    expect(obstacles(text)[0]).toContain(message);
  });
  test('all of it, in the order of the file', () => {
    const found = obstacles('[a]\nsize=1m\nflow=1\nverify=md5\nsprandom=1');
    expect(found.map((message) => message.split(' ')[0])).toEqual(['x.fio:3:1:', 'x.fio:4:1:', 'x.fio:5:1:']);
  });
  test('but not an option that is switched off', () => {
    expect(obstacles('[a]\nsize=1m\nverify=0\nflow=0\nrate_min=0\npre_read=0\nfill_device=0')).toEqual([]);
  });
});

describe('what has no meaning', () => {
  test('is listed once, with its first place and why', () => {
    const { ignored, obstacles: none } = plan(
      '[global]\ndirect=1\n[a]\nsize=1m\ndirect=0\nthread\n[b]\nsize=1m\ndirect=1',
    );
    expect(none).toEqual([]);
    expect(ignored.map(({ name, place }) => [name, place.line])).toEqual([
      ['direct', 2],
      ['thread', 6],
    ]);
  });
  test('is said where a synchronous engine cuts the depth', () => {
    const { warnings, processes } = plan('[a]\nsize=1m\niodepth=16\nioengine=psync');
    expect(processes[0]!.iodepth).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('iodepth=16 counts as 1')]);
    expect(plan('[a]\nsize=1m\niodepth=16\nioengine=libaio').processes[0]!.iodepth).toBe(16);
    expect(plan('[a]\nsize=1m\niodepth=16\nio_submit_mode=offload').processes[0]!.iodepth).toBe(16);
  });
});

describe('virtual disks', () => {
  test('are the folders and the devices; files of a folder lie one behind the other', () => {
    const { disks, processes } = plan(
      '[a]\nsize=1500k\ndirectory=data\nnrfiles=2\n[b]\nsize=1m\nfilename=/dev/sdb\n[c]\nsize=1m\ndirectory=data\nfilename=x',
    );
    expect(disks.map(({ name }) => name)).toEqual(['data', '/dev/sdb']);
    const files = processes.flatMap((process) => process.files);
    expect(files.map(({ path, disk, baseBytes }) => [path, disk, baseBytes / 2 ** 20])).toEqual([
      ['data/a.0.0', 0, 0],
      ['data/a.0.1', 0, 1],
      ['/dev/sdb', 1, 0],
      ['data/x', 0, 2],
    ]);
  });
  test('hold a file as large as the job that reaches farthest', () => {
    const { processes, footprintBytes } = plan(
      '[global]\nfilename=f\n[a]\nsize=1m\noffset_increment=1m\nnumjobs=3\n[b]\nsize=50%',
    );
    expect(processes.map(({ files }) => files[0]!.offsetBytes / 2 ** 20)).toEqual([0, 2, 1, 0]);
    expect(processes.at(-1)!.sizeBytes).toBe(1.5 * 2 ** 20);
    expect(footprintBytes).toBe(3 * 2 ** 20);
  });
});

test('a run has an expected length only where every job has one', () => {
  const timed = '[a]\nsize=1m\nruntime=5\nramp_time=2\ntime_based\n';
  expect(plan(`${timed}[b]\nsize=1m\nruntime=3\nstonewall`).expectedNs).toBe(10e9);
  expect(plan(`${timed}[b]\nsize=1m`).expectedNs).toBeUndefined();
  expect([plan(timed).rampNs, plan(`${timed}[b]\nsize=1m`).rampNs]).toEqual([2e9, 0]);
});
