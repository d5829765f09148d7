import { describe, expect, it } from 'vitest';
import { checkedJob, jobOf, requestOf } from './queue-job.ts';

const key = 'a'.repeat(64);

async function job(over: Record<string, unknown> = {}): Promise<unknown> {
  const request = {
    workloads: ['database'],
    scenario: 'datacentre-2014',
    settings: ['flash.capacity=200GB'],
    modes: ['write-back' as const],
    replay: undefined,
    speed: 2,
    iodepth: undefined,
    warmupNs: 0,
    preloadFraction: 0,
    durationNs: undefined,
    seed: 3,
    format: undefined,
    event: 'D' as const,
  };
  const made = await jobOf({ request, key, code: key });
  return JSON.parse(JSON.stringify({ ...made, ...over }));
}

const scenario = (text: string) => ({ scenario: { name: 'mine.yaml', text } });

describe('a job', () => {
  it('comes to the request that it was made from', async () => {
    const checked = checkedJob(await job(), []);
    expect(requestOf(checked, 'database', 'datacentre-2014')).toMatchObject({
      workloads: ['database'],
      settings: ['flash.capacity=200GB'],
      modes: ['write-back'],
      speed: 2,
      seed: 3,
      durationNs: undefined,
    });
  });
  it('may name a package that the worker was started with', async () => {
    const data = await job(scenario('datastore: { device: my-array }'));
    expect(() => checkedJob(data, ['my-array'])).not.toThrow();
  });
  it.each([
    ['a path as a device', scenario('datastore: { device: ./evil.js }'), /names a path/],
    ['an absolute path', scenario('datastore: { device: /tmp/evil.js }'), /names a path/],
    ['a URL', scenario('datastore: { device: "file:///tmp/evil.js" }'), /names a path/],
    ['a path in a package', scenario('datastore: { device: lodash/../../evil.js }'), /names a path/],
    ['a path by an alias', scenario('x: &a ./evil.js\ndatastore: { device: *a }'), /names a path/],
    ['a filter by path', scenario('datastore: { device: array, filters: [./evil.js] }'), /names a path/],
    [
      'a filter by path, with parameters',
      scenario('datastore: { filters: [{ filter: ../evil.js }] }'),
      /names a path/,
    ],
    ['a preset file', scenario('datastore: { preset: ./mine.yaml }'), /names a path/],
    ['a package that was not allowed', scenario('datastore: { device: evil-array }'), /was not started with/],
    ['a trace in a scenario', scenario('vms: { vm1: { host: a, workload: /etc/passwd } }'), /not shipped/],
    ['a path in a setting', { settings: ['datastore.device=/tmp/evil.js'] }, /names a path/],
    ['a filter in a setting', { settings: ['datastore.filters=[{ filter: ./evil.js }]'] }, /names a path/],
    ['a trace by path', { workload: { file: '../../etc/passwd', sha256: key } }, /not valid/],
    ['a scenario by path', { scenario: { preset: '../secret' } }, /names no preset/],
    ['a scenario whose name is a path', { scenario: { name: '../a.yaml', text: '' } }, /not valid/],
    ['a fio job file', { workload: { file: 'x.fio', sha256: key } }, /does not travel/],
    ['a mode that is none', { mode: 'rm -rf' }, /not valid/],
    ['more than it should hold', { command: 'id' }, /not valid/],
    ['no object at all', null, /not valid/],
  ])('is refused with %s', async (_, over, message) => {
    const data = over === null ? null : await job(over as Record<string, unknown>);
    expect(() => checkedJob(data, ['my-array'])).toThrow(message);
  });
});
