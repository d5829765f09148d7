import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../open-trace.ts';
import { program, sharedTrace, shell } from '../testing/independent-tools.ts';
import { rowsOf } from '../testing/read-rows.ts';
import { SAMPLES } from './samples.ts';

const SIZE_BYTES_MAX = 3_000_000;

describe.each(SAMPLES)('the sample $name', ({ name, file }) => {
  it('is small, reads without a warning, and has a latency for every row', async () => {
    expect(statSync(file).size).toBeLessThan(SIZE_BYTES_MAX);
    const trace = await openTrace([file]);
    expect(trace.name).toBe(name);
    expect(trace.warnings).toEqual([]);
    expect(trace.summary.recorded.latencies).toBe(trace.summary.ios);
  });

  it('has the counts that its README states', async () => {
    const { summary } = await openTrace([file]);
    const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
    const counts = [summary.reads, summary.writes, summary.flushes].map((count) =>
      count.toLocaleString('en-US'),
    );
    expect(readme).toContain(`| ${counts.join(' / ')} `);
  });
});

const zstd = program('zstd', 'zstd');
it.skipIf(zstd.absent)(`decompress to the bytes whose SHA-256 the README states${zstd.note}`, () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  for (const { file } of SAMPLES) {
    expect(readme).toContain(shell('zstd -dc "$1" | sha256sum | cut -c1-64', file).trim());
  }
});

const recording = sharedTrace('recorded/email-postfix-dovecot.bin.zst');
it.skipIf(recording.absent)(`the sample email has every row of the recording${recording.note}`, async () => {
  const sample = await openTrace([SAMPLES[1]!.file]);
  const whole = await openTrace([recording.path]);
  expect(sample.summary.contentSha256).toBe(whole.summary.contentSha256);
});

const database = sharedTrace('recorded/oltp-postgres-tpcb.bin.zst');
it.skipIf(database.absent)(`the sample database is the start of the recording${database.note}`, async () => {
  const sample = rowsOf(await openTrace([SAMPLES[0]!.file]));
  const whole = rowsOf(await openTrace([database.path]));
  expect(sample).toEqual(whole.slice(0, sample.length));
});
