/** A sweep over two worker processes and a real Redis, one of them killed in the middle of a point. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program } from '../../traces/testing/independent-tools.ts';
import { packageRoot } from '../program/package-root.ts';
import { writePlanTrace } from './plan-load.ts';
import { runFvp } from './run-fvp.ts';

const redis = program('redis-server', 'redis-server');
const PASSWORD = 'not-so-secret';
const FVP = fileURLToPath(new URL('bench/bin/fvp.js', packageRoot()));

const SWEEP = `workloads: [small.iolog]
vary: { mode: [none, write-back], speed: [1x, 2x, 3x] }
`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe.skipIf(redis.absent)(`fvp plan sweep --queue${redis.note}`, () => {
  let folder: string;
  let url: string;
  let client: Redis;
  const children: ChildProcess[] = [];

  function start(command: string, argv: readonly string[]): ChildProcess {
    const child = spawn(command, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  }
  function worker(traces: string): ChildProcess {
    return start(process.execPath, [
      ...[FVP, 'plan', 'worker', '--queue', url],
      ...['--workers', '1', '--traces', join(folder, traces)],
    ]);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fvp-queue-'));
    // Long enough that a worker can be met in the middle of a point.
    await writePlanTrace(folder, 8_000, 20_000);
    await writeFile(join(folder, 'sweep.yaml'), SWEEP);
    await mkdir(join(folder, 'other'));
    await copyFile(join(folder, 'small.iolog'), join(folder, 'other', 'small.iolog'));
    const port = await freePort();
    url = `redis://:${PASSWORD}@127.0.0.1:${port}`;
    start('redis-server', ['--port', `${port}`, '--save', '', '--requirepass', PASSWORD]);
    client = new Redis(url, { maxRetriesPerRequest: null });
    // It is tried again until the server has started.
    client.on('error', () => {});
    await client.ping();
  });
  afterAll(async () => {
    client?.disconnect();
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  test('loses nothing and doubles nothing when a worker is killed in mid-point', async () => {
    const first = worker('.');
    worker('other');
    // It waits for the lock of the killed worker to end, which a run of the program has no time for.
    const asker = start(process.execPath, [
      ...[FVP, 'plan', 'sweep', 'sweep.yaml'],
      ...['--queue', url, '--cache', 'q', '-o', 'queued.json'],
    ]);
    const ended = new Promise<number | null>((resolve) => asker.on('close', resolve));
    const counts = async () => [
      await client.llen('bull:fvp-points:active'),
      await client.zcard('bull:fvp-points:completed'),
    ];
    for (;;) {
      const [active, completed] = await counts();
      if (active === 2 && completed! >= 1) break;
      expect(completed).toBeLessThan(6);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    first.kill('SIGKILL');
    expect(await ended).toBe(0);
    expect(await counts()).toEqual([0, 6]);
    const local = await runFvp(['plan', 'sweep', 'sweep.yaml', '--cache', 'l', '-o', 'local.json'], {
      cwd: folder,
    });
    expect(local.stderr).toMatch(/^6 replays, 0 known from before/m);
    const [queued, here] = await Promise.all(
      ['queued.json', 'local.json'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    expect(queued).toBe(here);
  });
  test('takes what others had replayed from the queue, without another replay', async () => {
    // Redis is the first of them.
    for (const child of children.slice(1)) child.kill('SIGKILL');
    const { exitCode, stderr } = await runFvp(
      ['plan', 'sweep', 'sweep.yaml', '--queue', url, '--cache', 'empty', '--json'],
      { cwd: folder },
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/No worker is there yet.*6 replays, 0 known from before/s);
  });
  test('says what is wrong: nobody there, a wrong password, no such URL', async () => {
    const ask = (queue: string) =>
      runFvp(['plan', 'sweep', 'sweep.yaml', '--queue', queue, '--cache', 'x'], { cwd: folder });
    const [nobody, password, address] = await Promise.all([
      ask(`redis://127.0.0.1:${await freePort()}`),
      ask(url.replace(PASSWORD, 'wrong')),
      ask('http://127.0.0.1'),
    ]);
    expect([nobody?.exitCode, password?.exitCode, address?.exitCode]).toEqual([69, 69, 64]);
    expect(nobody?.stderr).toMatch(/cannot use the queue at 127.0.0.1:\d+.*ECONNREFUSED/s);
    expect(password?.stderr).toMatch(/cannot use the queue/);
    expect(password?.stderr).not.toContain('wrong@');
  });
});
