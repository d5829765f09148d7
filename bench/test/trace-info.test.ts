import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRowBlock } from '../../reference/kernel/io.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import { FollowedBlocks } from '../../traces/stats/followed-blocks.ts';
import { testFolder } from '../../traces/testing/read-rows.ts';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

interface Document {
  readonly [key: string]: unknown;
}

const documentOf = (stdout: string): Document => JSON.parse(stdout) as Document;

test('what is found about blocks on a thread of its own is what is found without one', async () => {
  // The thread is compiled code, as it is in use.
  const compiled = new URL('dist/traces/stats/following-thread.js', packageRoot());
  const { FollowingThread } = (await import(
    compiled.href
  )) as typeof import('../../traces/stats/following-thread.ts');
  const span = { intervalNs: 40_000_000, intervals: 250, disks: 2 };
  const random = new RandomStream(7, 'following');
  const here = new FollowedBlocks(span);
  const thread = new FollowingThread(span);
  let timeNs = 0;
  for (const rows of Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 100 : 4096))) {
    const block = createRowBlock(rows);
    block.length = rows - 1;
    for (let i = 0; i < rows; i++) {
      block.timeNs[i] = timeNs;
      timeNs += random.nextU32() % 200_000;
      block.op[i] = random.nextU32() % 3;
      block.disk[i] = random.nextU32() & 1;
      block.offset[i] = (random.nextU32() % 50_000) * 512;
      block.lengthBytes[i] = (1 + (random.nextU32() % 64)) * 512;
    }
    here.add(block);
    await thread.add(block);
  }
  const expected = here.finish()!;
  const found = (await thread.finish())!;
  await thread.close();
  expect(expected.readsOfWritten).toBeGreaterThan(1000);
  expect(found).toEqual(expected);
  expect(found.all.missRatios([64, 1024])).toEqual(expected.all.missRatios([64, 1024]));
});

describe('fvp trace info', () => {
  test('prints a table of at most 100 columns and writes a page that needs nothing else', async () => {
    const folder = testFolder();
    const page = join(folder, 'page.html');
    const { exitCode, stdout, stderr } = await runFvp(['trace', 'info', 'email', '--html', page]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    // samples/README.md: from blkparse.
    expect(stdout).toMatch(/^I\/Os +7,637 +20,279 +12,246$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/^<!DOCTYPE html>/);
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:)/);
    for (const title of [
      'I/Os per second',
      'Bandwidth',
      'Sizes',
      'Offsets over time',
      'Miss ratio by size of cache',
    ])
      expect(html).toContain(title);
    const again = join(folder, 'again.html');
    await runFvp(['trace', 'info', 'email', '--html', again]);
    expect(readFileSync(again, 'utf8')).toBe(html);
    expect(readdirSync(folder).sort()).toEqual(['again.html', 'page.html']);
  });

  test('gives the document of the same trace from its store, in an instant', async () => {
    const store = join(testFolder(), 'database.arrow');
    expect((await runFvp(['trace', 'convert', 'database', '-o', store])).exitCode).toBe(0);
    const [direct, stored] = await Promise.all([
      runFvp(['trace', 'info', 'database', '--json']),
      runFvp(['trace', 'info', store, '--json']),
    ]);
    const { provenance, ...document } = documentOf(stored.stdout);
    expect(document).toEqual({ ...documentOf(direct.stdout), format: 'arrow', provenance: undefined });
    expect(document).toMatchObject({
      schema: 'fvp.trace/1',
      reads: 28_957,
      writes: 49_710,
      flushes: 17_700,
      discards: 0,
      readBytes: 267_112_448,
      writeBytes: 652_099_584,
    });
    expect(provenance).toMatchObject({ format: 'blktrace' });
  });

  test('merges several files, reads standard input, and takes the events asked for', async () => {
    const file = SAMPLES[1]!.file;
    const piped = await runFvp(['trace', 'info', '-', '--json'], { input: readFileSync(file) });
    const both = await runFvp(['trace', 'info', file, 'email', '--json']);
    expect(documentOf(piped.stdout).ios).toBe(40_162);
    expect(documentOf(both.stdout).ios).toBe(2 * 40_162);
    const queued = await runFvp(['trace', 'info', 'email', '--event', 'Q', '--json']);
    expect(queued.exitCode).toBe(65);
  });

  test.each([
    [['trace', 'info'], 64],
    [['trace', 'info', 'databse'], 66],
    [['trace', 'info', 'database', '--format', 'vscsj'], 64],
    [['trace', 'info', 'database', '--html', '/nowhere/x.html'], 74],
    [['trace', 'info', 'database', '--html', '-', '--json'], 64],
  ])('%j ends with %i and no stack trace', async (argv, code) => {
    const { exitCode, stderr } = await runFvp(argv);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(/^fvp: /);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});
