import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { testFolder } from '../../traces/testing/read-rows.ts';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

interface Fit {
  readonly schema: string;
  readonly statistics: readonly {
    readonly name: string;
    readonly trace: number;
    readonly synthetic: number;
  }[];
  readonly replay: readonly {
    readonly mode: string;
    readonly kind: string;
    readonly p99Difference: number;
  }[];
  readonly p99Within10Percent: { readonly within: number; readonly of: number };
}

describe('fvp trace fit and synth', () => {
  test('fit a profile whose synthetic p99 is compared in every mode, and which is a workload', async () => {
    const folder = testFolder();
    const profile = join(folder, 'mail.profile.json');
    const part = join(folder, 'part.arrow');
    await runFvp(['trace', 'convert', 'email', '-o', part, '--until', '40s']);
    const { exitCode, stdout, stderr } = await runFvp(['trace', 'fit', part, '-o', profile, '--json']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const fit = JSON.parse(stdout) as Fit;
    expect(fit.schema).toBe('fvp.fit/1');
    expect(new Set(fit.replay.map(({ mode }) => mode)).size).toBe(5);
    expect(fit.p99Within10Percent.of).toBe(15);
    // A quarter of the sample has few I/Os behind each p99; of the whole, all 15 are within 10 %.
    for (const { p99Difference } of fit.replay) expect(Math.abs(p99Difference)).toBeLessThan(0.5);
    expect(statSync(profile).size).toBeLessThan(200_000);

    const [info, synth] = await Promise.all([
      runFvp(['trace', 'info', profile, '--json']),
      runFvp(['trace', 'synth', profile, '-o', join(folder, 'mail.iolog'), '--ios', '5k', '--seed', '7']),
    ]);
    expect(JSON.parse(info.stdout)).toMatchObject({ schema: 'fvp.trace/1', format: 'profile' });
    expect(synth.stdout).toMatch(/mail\.iolog: 5,000 I\/Os, .* as fio-iolog, seed 7/);
    expect(readFileSync(join(folder, 'mail.iolog'), 'utf8').split('\n')[0]).toBe('fio version 3 iolog');
    expect(readdirSync(folder).sort()).toEqual(['mail.iolog', 'mail.profile.json', 'part.arrow']);
  });

  test.each([
    [['trace', 'fit', '-', '-o', 'p.yaml'], 64],
    [['trace', 'fit', 'emial', '-o', 'p.yaml'], 66],
    [['trace', 'fit', 'email'], 64],
    [['trace', 'fit', 'email', '-o', 'p.yaml', '--seed', '-1'], 64],
    [['trace', 'synth', 'nowhere.yaml', '-o', 'x.arrow'], 66],
    [['trace', 'synth', 'package.json', '-o', 'x.arrow'], 65],
    [['trace', 'synth', 'package.json', '-o', 'x.unknown'], 64],
    [['trace', 'synth', 'package.json', '-o', 'x.arrow', '--ios', '1e9'], 64],
  ])('%j ends with %i, says why, and leaves no file', async (argv, code) => {
    const folder = testFolder();
    writeFileSync(join(folder, 'package.json'), '{"name": "x"}');
    const { exitCode, stderr } = await runFvp(argv, { cwd: folder });
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(/^fvp: /);
    expect(readdirSync(folder)).toEqual(['package.json']);
  });
});

describe('fvp trace record', () => {
  const devices = ['/dev/vda', '/dev/sda', '/dev/nvme0n1', '/dev/loop0'].filter((path) => existsSync(path));
  const device = devices[0] ?? '';
  const needs = device === '' ? ' (not run: needs a block device in /dev)' : '';

  test('refuses what is no block device', async () => {
    const nothing = await runFvp(['trace', 'record', '/dev/nowhere', '-o', '/tmp/x.arrow']);
    expect(nothing.exitCode).toBe(66);
    const noDevice = await runFvp(['trace', 'record', '/dev/null', '-o', '/tmp/x.arrow']);
    expect(noDevice.exitCode).toBe(64);
    expect(noDevice.stderr).toContain('is no block device');
  });

  /** A folder with a program called blktrace, to be found before any other. */
  function stand(script: string): { folder: string; env: Record<string, string> } {
    const folder = testFolder();
    writeFileSync(
      join(folder, 'blktrace'),
      `#!/bin/sh\n[ "$1" = -V ] && { echo "blktrace version 0"; exit 0; }\n${script}\n`,
    );
    chmodSync(join(folder, 'blktrace'), 0o755);
    return { folder, env: { PATH: `${folder}:${process.env.PATH}` } };
  }

  test.skipIf(device === '')(`imports what blktrace writes, with what it ran on${needs}`, async () => {
    const events = fileURLToPath(new URL('traces/formats/fixtures/synth.blktrace.0', packageRoot()));
    const { folder, env } = stand(`cp ${events} "$4/x.blktrace.0"; : > "$4/x.blktrace.1"`);
    const out = join(folder, 'x.arrow');
    const recorded = await runFvp(['trace', 'record', device, '-o', out, '--duration', '1s'], { env });
    expect(recorded.stderr).toBe('');
    expect(recorded.stdout).toMatch(/x\.arrow: [0-9]+ I\/Os in /);
    const { stdout } = await runFvp(['trace', 'info', out, '--json']);
    const direct = await runFvp(['trace', 'info', events, '--json']);
    const [ours, theirs] = [stdout, direct.stdout].map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(ours!.contentSha256).toBe(theirs!.contentSha256);
    expect(ours!.provenance).toMatchObject({ device, blktrace: 'blktrace version 0' });
    expect(Object.keys(ours!.provenance as object)).toEqual(
      expect.arrayContaining(['kernel', 'processor', 'memory', 'startedAt']),
    );
  });

  test.skipIf(device === '')(`says what is missing when blktrace cannot${needs}`, async () => {
    const { folder, env } = stand('echo "Invalid path: 1/Operation not permitted" >&2; exit 1');
    const out = join(folder, 'x.arrow');
    const refused = await runFvp(['trace', 'record', device, '-o', out], { env });
    expect(refused.exitCode).toBe(69);
    expect(refused.stderr).toContain('Operation not permitted');
    const silent = stand('exit 0');
    const nothing = await runFvp(['trace', 'record', device, '-o', out], { env: silent.env });
    expect(nothing.exitCode).toBe(69);
    expect(nothing.stderr).toContain('recorded nothing');
    const absent = await runFvp(['trace', 'record', device, '-o', out], { env: { PATH: '/nowhere' } });
    expect(absent.exitCode).toBe(69);
    expect(absent.stderr).toContain('apt-get install blktrace');
    expect(readdirSync(folder)).toEqual(['blktrace']);
  });
});
