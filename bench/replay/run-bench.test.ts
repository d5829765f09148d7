import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { InterruptedError, UsageError } from '../../reference/kernel/errors.ts';
import type { ModeResult, RunRecording } from '../../results/schema/run-document.ts';
import { type BenchRequest, DEFAULT_REQUEST } from './bench-request.ts';
import { prepareBench } from './run-bench.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-run-bench-'));
  await writeFile(join(folder, 'plain.log'), iolog());
  await writeFile(join(folder, 'server.txt'), blkparse());
  await writeFile(join(folder, 'fixed.yaml'), scenario('vms: { vm1: { host: esx1 } }'));
});
afterAll(() => rm(folder, { recursive: true }));

/** 60 reads, 132 writes and 8 flushes, 1 ms apart, as fio records them (version 3: microseconds). */
const PLAIN_ROWS = 200;
function iolog(): string {
  const lines = ['fio version 3 iolog', '0 /dev/sdx add', '0 /dev/sdx open'];
  for (let row = 0; row < PLAIN_ROWS; row++) {
    const what =
      row % 25 === 24 ? 'sync 0 0' : `${row % 3 === 0 ? 'read' : 'write'} ${(row % 50) * 4096} 4096`;
    lines.push(`${row * 1000} /dev/sdx ${what}`);
  }
  return `${lines.join('\n')}\n${PLAIN_ROWS * 1000} /dev/sdx close\n`;
}

/**
 * Two processes, as blkparse prints them. Process 11 reads one block after another, each 5 ms and a think time of 1 ms;
 * process 12 reads once a second.
 */
const SERVER_READS = 90;
function blkparse(): string {
  const events: [number, string][] = [];
  const io = (atNs: number, latencyNs: number, pid: number, sector: number): void => {
    const seconds = (ns: number): string => (ns / 1e9).toFixed(9);
    events.push([atNs, `8,0 0 1 ${seconds(atNs)} ${pid} D R ${sector} + 8 [server]`]);
    events.push([atNs + latencyNs, `8,0 0 1 ${seconds(atNs + latencyNs)} ${pid} C R ${sector} + 8 [0]`]);
  };
  for (let i = 0; i < SERVER_READS; i++) io(i * 6e6, 5e6, 11, i * 800);
  for (let i = 0; i < 3; i++) io(i * 1e9 + 1000, 5e6, 12, 1_000_000 + i * 800);
  return `${events
    .sort((a, b) => a[0] - b[0])
    .map(([, line]) => line)
    .join('\n')}\n`;
}

const SAN_NS = 800_000;

function scenario(rest: string, hosts = '{ esx1: {}, esx2: {}, esx3: {} }'): string {
  return `
datastore: { device: fixed, read: 800us, write: 800us, flush: 300us }
hostDefaults:
  flash: { device: fixed, read: 60us, write: 60us, flush: 20us, capacity: 1GiB }
  link: { device: link, latency: 15us, bandwidth: 1GB/s, overhead: 0 }
hosts: ${hosts}
${rest}
`;
}

function request(more: Partial<BenchRequest>): BenchRequest {
  return {
    ...DEFAULT_REQUEST,
    workloads: [join(folder, 'plain.log')],
    scenario: join(folder, 'fixed.yaml'),
    ...more,
  };
}

async function run(
  more: Partial<BenchRequest>,
): Promise<{ recording: RunRecording; notes: readonly string[]; plan: string[] }> {
  const bench = await prepareBench(request(more), {
    onPhase: () => {},
    signal: new AbortController().signal,
  });
  try {
    return { ...(await bench.run()), plan: bench.describe() };
  } finally {
    await bench.close();
  }
}

const results = async (more: Partial<BenchRequest>): Promise<readonly ModeResult[]> =>
  (await run(more)).recording.document.results;

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe('a run', () => {
  test('plays every I/O once per VM in every mode, and records all of them', async () => {
    const text = scenario('vms: { vm1: { host: esx1 }, vm2: { host: esx2, start: 3ms } }');
    const { recording, notes, plan } = await run({ scenario: await file('two.yaml', text) });
    const { document, latencies, timelines, timing } = recording;
    expect(document.workloads).toMatchObject([
      { name: 'plain', format: 'fio-iolog', ios: PLAIN_ROWS, flushes: 8 },
    ]);
    expect(document.replay).toBe('open');
    expect(notes).toEqual([
      'plain records no completions: it is replayed open, each I/O at its recorded time.',
    ]);
    expect(document.results.map((result) => result.mode)).toEqual([...MODE_NAMES]);
    for (const result of document.results) {
      expect(result.all.count).toBe(2 * PLAIN_ROWS);
      expect(result.reads.count + result.writes.count + result.flushes.count).toBe(2 * PLAIN_ROWS);
      expect(result.vms.map((vm) => [vm.name, vm.host])).toEqual([
        ['vm1', 'esx1'],
        ['vm2', 'esx2'],
      ]);
      expect(result.vms[0]!.slowestShare + result.vms[1]!.slowestShare).toBeCloseTo(1, 12);
      const kinds = latencies.filter((recorded) => recorded.mode === result.mode);
      expect(kinds.map((recorded) => recorded.kind)).toEqual(['reads', 'writes', 'flushes']);
      for (const { kind, response, service } of kinds) {
        expect(response.reduce((sum, interval) => sum + interval.count, 0)).toBe(result[kind].count);
        expect(service.reduce((sum, interval) => sum + interval.count, 0)).toBe(result[kind].count);
      }
      const timeline = timelines.find((candidate) => candidate.mode === result.mode)!;
      expect(timeline.vmReadBytes).toHaveLength(timeline.intervals);
      expect(timeline.vmReadBytes.reduce((sum, bytes) => sum + bytes, 0)).toBe(result.reads.count * 4096);
    }
    expect(timing.timing.map((one) => [one.workload, one.mode])).toEqual(
      MODE_NAMES.map((mode) => ['plain', mode]),
    );
    expect(plan[1]).toMatch(/^plain: 200 I\/Os in 199 ms \(fio-iolog\), footprint 192 KiB, replay open\.$/);
  });

  test('without acceleration each response takes what the idle array takes', async () => {
    const [none] = await results({ modes: ['none'] });
    expect(none!.reads.response).toMatchObject({ minNs: SAN_NS, maxNs: SAN_NS });
    expect(none!.writes.response).toMatchObject({ minNs: SAN_NS, maxNs: SAN_NS });
    expect(none!.flushes.response).toMatchObject({ minNs: 300_000, maxNs: 300_000 });
    expect(none!.hitRatio).toBe(0);
    expect(none!.san.writes).toMatchObject({ guest: none!.writes.count, destage: 0 });
  });

  test('on null devices nothing takes time', async () => {
    const all = await results({ scenario: 'null' });
    for (const { all: latencies } of all) expect(latencies.response!.maxNs).toBe(0);
  });

  test('is the same document again, and another one for another trace', async () => {
    const text = async (more: Partial<BenchRequest>): Promise<string> =>
      JSON.stringify(
        (await run({ scenario: 'datacentre-2014', modes: ['write-back+2'], ...more })).recording.document,
      );
    const first = await text({});
    expect(await text({})).toBe(first);
    expect(first).not.toContain(folder);
    expect(await text({ seed: 2 })).not.toBe(first);
  });

  test('with preload reads hit, and without they do not', async () => {
    const modes = ['write-through'] as const;
    const [cold] = await results({ modes });
    const [warm] = await results({ modes, preloadFraction: 1 });
    const [half] = await results({ modes, preloadFraction: 0.5 });
    expect(warm!.hitRatio).toBe(1);
    expect(cold!.hitRatio).toBeLessThan(half!.hitRatio!);
    expect(half!.hitRatio).toBeLessThan(1);
  });

  test('leaves the warm-up out and ends at the duration', async () => {
    const [late] = await results({ modes: ['none'], warmupNs: 150e6 });
    expect(late!.all.count).toBe(50);
    const [early] = await results({ modes: ['none'], durationNs: 50e6 });
    expect(early!.all.count).toBe(50);
  });

  test('plays twice as fast at twice the speed', async () => {
    const [twice] = await results({ modes: ['none'], speed: 2 });
    expect(twice!.virtualNs).toBe(99_500_000 + 300_000);
  });

  test('keeps the depth of a closed loop', async () => {
    const { recording } = await run({ modes: ['none'], replay: 'closed', iodepth: 4 });
    expect(recording.document.replay).toBe('closed, iodepth 4');
    const [closed] = recording.document.results;
    expect(closed!.outstanding.max).toBe(4);
    expect(closed!.all.count).toBe(PLAIN_ROWS);
  });

  test('can be interrupted between two slices', async () => {
    const abort = new AbortController();
    const slices: string[] = [];
    const hooks = {
      signal: abort.signal,
      onPhase: ({ text }: { readonly text: string }) => {
        slices.push(text);
        if (text === 'plain, write-through') abort.abort();
      },
    };
    const bench = await prepareBench(request({}), hooks);
    await expect(bench.run()).rejects.toBeInstanceOf(InterruptedError);
    await bench.close();
    expect(slices.at(-1)).toBe('plain, write-through');
  });

  test('reports its progress over all of the work', async () => {
    const shares: number[] = [];
    const onPhase = ({ text, done, total }: { text: string; done: number; total: number }): void => {
      if (text.startsWith('plain')) shares.push(done / total);
    };
    const bench = await prepareBench(request({}), { onPhase, signal: new AbortController().signal });
    await bench.run();
    await bench.close();
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });
});

describe('dependent replay', () => {
  const server = (): Partial<BenchRequest> => ({ workloads: [join(folder, 'server.txt')], modes: ['none'] });

  test('is the default where completions are recorded, and keeps think times on faster devices', async () => {
    const { recording, notes } = await run(server());
    expect(recording.document.replay).toBe('dependent');
    expect(notes).toEqual([]);
    const [none] = recording.document.results;
    // Process 11 is done after 90 x (0.8 + 1) ms; then process 12 goes on alone, its last read at 2 s.
    expect(none!.all.count).toBe(SERVER_READS + 3);
    expect(none!.reads.response).toMatchObject({ minNs: SAN_NS, maxNs: SAN_NS });
    expect(none!.virtualNs).toBe(2 * (1e9 - 5e6 + SAN_NS) + 1000 + SAN_NS);
  });

  test('differs from open replay, which keeps the recorded times', async () => {
    const { recording } = await run({ ...server(), replay: 'open' });
    expect(recording.document.results[0]!.virtualNs).toBe(2e9 + 1000 + SAN_NS);
  });

  test('is refused for a trace without completions', async () => {
    await expect(run({ replay: 'dependent' })).rejects.toThrow(
      'plain records no completions, so it cannot be replayed dependent',
    );
  });

  test('stands beside open replay where traces differ', async () => {
    const workloads = [join(folder, 'server.txt'), join(folder, 'plain.log')];
    const { recording } = await run({ workloads, modes: ['none'] });
    expect(recording.document.replay).toBe('server: dependent, plain: open');
  });
});

describe('scenario and workloads', () => {
  test('a scenario with workloads of its own needs none, and takes none', async () => {
    const path = await file(
      'own.yaml',
      scenario(
        'vms: { vm1: { host: esx1, workload: plain.log }, vm2: { host: esx2, workload: server.txt } }',
      ),
    );
    const { recording } = await run({ scenario: path, workloads: [], modes: ['write-back'] });
    expect(recording.document.workloads).toMatchObject([
      { name: 'plain+server', ios: PLAIN_ROWS + SERVER_READS + 3, disks: 2 },
    ]);
    expect(recording.document.replay).toBe('open and dependent');
    expect(recording.document.results[0]!.all.count).toBe(PLAIN_ROWS + SERVER_READS + 3);
    await expect(run({ scenario: path })).rejects.toThrow('has a place for no further workload');
  });

  test('modes that the scenario cannot run are left out and named, or refused when asked for', async () => {
    const path = await file('pair.yaml', scenario('vms: { vm1: { host: esx1 } }', '{ esx1: {}, esx2: {} }'));
    const { recording, notes } = await run({ scenario: path });
    expect(recording.document.results.map((result) => result.mode)).toEqual(MODE_NAMES.slice(0, 4));
    expect(notes).toContain('Not run: write-back+2 needs 2 peers with flash; esx1 has 1.');
    await expect(run({ scenario: path, modes: ['write-back+2'] })).rejects.toBeInstanceOf(UsageError);
  });

  test('where the scenario fixes every mode there is one run', async () => {
    const path = await file('fixed-mode.yaml', scenario('vms: { vm1: { host: esx1, mode: write-back } }'));
    const { recording, notes } = await run({ scenario: path });
    expect(recording.document.results.map((result) => result.mode)).toEqual(['write-back']);
    expect(notes).toContain('vm1 is in write-back throughout: the scenario says so.');
  });

  test('shares of the footprint are written out by workload', async () => {
    const path = await file(
      'share.yaml',
      scenario('vms: { vm1: { host: esx1 } }').replace('capacity: 1GiB', 'capacity: 2000%'),
    );
    const workloads = [join(folder, 'server.txt'), join(folder, 'plain.log')];
    const { recording } = await run({ scenario: path, workloads, modes: ['write-through'] });
    expect(recording.document.scenario).toMatchObject({
      hosts: { esx1: { flash: { device: 'fixed', capacity: { server: '7MiB', plain: '3584KiB' } } } },
    });
  });

  test('workloads of one name are told apart', async () => {
    const workloads = [join(folder, 'plain.log'), join(folder, 'plain.log')];
    const { recording } = await run({ workloads, modes: ['none'] });
    expect(recording.document.workloads.map((workload) => workload.name)).toEqual(['plain', 'plain-2']);
    expect(recording.document.results.map((result) => result.workload)).toEqual(['plain', 'plain-2']);
  });

  test('a warm-up longer than the load is refused', async () => {
    await expect(run({ warmupNs: 1e9 })).rejects.toThrow('--warmup is longer than plain plays');
  });
});
