/** A sweep over two worker processes and a real Redis, one of them killed in the middle of a point. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
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
const openssl = program('openssl', 'openssl');
const PASSWORD = 'not-so-secret';
const FVP = fileURLToPath(new URL('bench/bin/fvp.js', packageRoot()));

const SWEEP = `workloads: [small.iolog]
vary: { mode: [none, write-back], speed: [1x, 2x, 3x] }
`;

/** 10 us for everything. */
const DEVICE = `export default {
  name: 'even', summary: 'The same time for everything.', roles: ['flash', 'datastore'], parameters: {},
  create: (parameters, context) => {
    let requests = 0;
    return {
      submit(operation, unit, address, bytes, flags, token) {
        requests++;
        context.completeAt(context.nowNs + 10_000, token);
        return 1;
      },
      fire() {},
      statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: 10_000 * requests }),
    };
  },
};
`;
const SCENARIO = `datastore: { device: fvp-device-even }
hostDefaults:
  flash: { device: fixed, read: 60us, write: 60us, flush: 20us, capacity: 1GiB }
  link: { device: link }
hosts: { esx1: {}, esx2: {} }
vms: { vm1: { host: esx1, workload: input } }
`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe.skipIf(redis.absent || openssl.absent)(`fvp plan sweep --queue${redis.note}${openssl.note}`, () => {
  let folder: string;
  let url: string;
  let secureUrl: string;
  let client: Redis;
  const children: ChildProcess[] = [];

  function start(command: string, argv: readonly string[]): ChildProcess {
    const child = spawn(command, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  }
  function worker(traces: string, ...more: string[]): ChildProcess {
    return start(process.execPath, [
      ...[FVP, 'plan', 'worker', '--queue', url, '--workers', '1'],
      ...['--traces', traces.includes(':') ? traces : join(folder, traces), ...more],
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
    const securePort = await freePort();
    secureUrl = `rediss://:${PASSWORD}@127.0.0.1:${securePort}`;
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=queue'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'certificate.pem'],
      ],
      { cwd: folder, stdio: 'ignore' },
    );
    start('redis-server', [
      ...['--port', `${port}`, '--save', '', '--requirepass', PASSWORD, '--tls-port', `${securePort}`],
      ...['--tls-cert-file', 'certificate.pem', '--tls-key-file', 'key.pem', '--tls-auth-clients', 'no'],
    ]);
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
  test('reaches it with TLS, by a certificate that is trusted', async () => {
    const ask = (env: Record<string, string>) =>
      runFvp(['plan', 'sweep', 'sweep.yaml', '--queue', secureUrl, '--cache', 'secure', '--json'], {
        cwd: folder,
        env,
      });
    const stranger = await ask({});
    expect(stranger.exitCode).toBe(69);
    expect(stranger.stderr).toMatch(/cannot use the queue at 127\.0\.0\.1:\d+: self-signed certificate/);
    const friend = await ask({ NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem') });
    expect(friend.exitCode).toBe(0);
    expect(friend.stderr).toMatch(/6 replays, 0 known from before/);
  });
  test('replays where the worker has no trace but an address, and a device that it was started with', async () => {
    const asked: (string | undefined)[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(request.url);
      if (request.url === '/traces/small.iolog') createReadStream(join(folder, 'small.iolog')).pipe(response);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const packaged = join(folder, 'node_modules', 'fvp-device-even');
    await mkdir(packaged, { recursive: true });
    await writeFile(
      join(packaged, 'package.json'),
      '{ "name": "fvp-device-even", "version": "1.2.3", "type": "module", "exports": "./even.js" }',
    );
    await writeFile(join(packaged, 'even.js'), DEVICE);
    await writeFile(join(folder, 'even.yaml'), SCENARIO);
    await writeFile(
      join(folder, 'even-sweep.yaml'),
      'workloads: [small.iolog]\nscenario: even.yaml\nvary: { mode: [none, write-back+1] }\n',
    );
    const ask = (cache: string, ...where: string[]) =>
      runFvp(['plan', 'sweep', 'even-sweep.yaml', '--cache', cache, '--json', ...where], { cwd: folder });
    try {
      const strict = worker(`http://127.0.0.1:${port}/traces`);
      const refused = await ask('refused', '--queue', url);
      expect(refused.exitCode).toBe(64);
      expect(refused.stderr).toContain('--allow-device fvp-device-even');
      strict.kill('SIGKILL');
      worker(`http://127.0.0.1:${port}/traces`, '--allow-device', 'fvp-device-even');
      const [queued, local] = [await ask('queued', '--queue', url), await ask('here')];
      expect([queued.exitCode, local.exitCode]).toEqual([0, 0]);
      expect(JSON.parse(queued.stdout)).toEqual(JSON.parse(local.stdout));
      expect(asked).toContain('/traces/small.iolog');
    } finally {
      server.close();
      for (const child of children.slice(1)) child.kill('SIGKILL');
    }
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
