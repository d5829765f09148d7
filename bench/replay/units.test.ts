/** Units of a run on several threads. The mail server's trace is long enough for it to be worth a thread. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InterruptedError, UsageError } from '../../reference/kernel/errors.ts';
import { type BenchHooks, type BenchRequest, DEFAULT_REQUEST } from './bench-request.ts';
import { prepareBench } from './run-bench.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvp-units-'));
});
afterAll(() => rm(folder, { recursive: true }));

const request: BenchRequest = {
  ...DEFAULT_REQUEST,
  workloads: ['email'],
  scenario: 'datacentre-2014',
  modes: ['none', 'write-through', 'write-back', 'write-back+2'],
};

async function run(hooks: Partial<BenchHooks>, changed: Partial<BenchRequest> = {}) {
  const controller = new AbortController();
  const prepared = await prepareBench(
    { ...request, ...changed },
    { signal: controller.signal, onPhase: () => {}, ...hooks },
  );
  try {
    const { recording, notes } = await prepared.run();
    const { timing, ...exact } = recording;
    return { exact, notes, timed: timing.timing.map(({ workload, mode }) => `${workload} ${mode}`) };
  } finally {
    await prepared.close();
  }
}

test('one thread or two: the same documents, timelines, histograms and notes, in the same order', async () => {
  const threaded: string[] = [];
  const two = await run({ workers: 2, onPhase: ({ text }) => threaded.push(text) });
  expect(threaded.some((text) => text.endsWith(' and 1 more'))).toBe(true);
  const alone: string[] = [];
  expect(await run({ onPhase: ({ text }) => alone.push(text) })).toEqual(two);
  expect(alone.some((text) => text.endsWith(' and 1 more'))).toBe(false);
});

test('the share that is done grows to the whole while threads replay', async () => {
  const shares: number[] = [];
  await run({
    workers: 2,
    onPhase: ({ text, done, total }) => {
      if (!text.startsWith('reading')) shares.push(done / total);
    },
  });
  expect(shares.every((share, index) => share <= 1 && share >= (shares[index - 1] ?? 0))).toBe(true);
  expect(shares.at(-1)!).toBeGreaterThan(0.9);
});

test('interrupted, all threads stop and the run says so', async () => {
  const controller = new AbortController();
  const running = run({
    workers: 2,
    signal: controller.signal,
    onPhase: ({ text }) => {
      if (text.endsWith(' and 1 more')) controller.abort();
    },
  });
  await expect(running).rejects.toThrow(InterruptedError);
});

test('what goes wrong in a thread is told as it would be without', async () => {
  await writeFile(
    join(folder, 'backwards.mjs'),
    `export default {
      name: 'backwards', summary: 'Ends before it begins.', roles: ['datastore'], parameters: {},
      create: (parameters, context) => ({
        submit(operation, unit, address, bytes, flags, token) {
          context.completeAt(context.nowNs - 1, token);
          return 1;
        },
        fire() {},
        statistics: () => ({ busyNs: 0, servers: 1, requests: 0, residenceNs: 0 }),
      }),
    };`,
  );
  await writeFile(
    join(folder, 'backwards.yaml'),
    `datastore: { device: ./backwards.mjs }
hostDefaults:
  flash: { device: flash, preset: fusion-io-iodrive2, capacity: 64GiB }
  link: { device: link, preset: 10gbe }
hosts: { esx1: {}, esx2: {}, esx3: {} }
vms:
  vm1: { host: esx1, workload: input }
  vm2: { host: esx2, workload: input }
  vm3: { host: esx3, workload: input }
`,
  );
  const scenario = join(folder, 'backwards.yaml');
  const errors: unknown[] = [];
  for (const workers of [1, 2]) {
    const error = await run({ workers }, { scenario }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UsageError);
    errors.push((error as UsageError).message);
  }
  expect(errors[0]).toContain('backwards.mjs');
  expect(errors[1]).toBe(errors[0]);
});
