import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../open-trace.ts';
import { program, shell } from '../testing/independent-tools.ts';
import { briefly, errorOf, importBytes, openFiles, rowsOf, testFolder } from '../testing/read-rows.ts';

const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;
const synth = readFileSync(fixture('synth.blktrace.0'));

function records(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 48 + bytes.readUInt16LE(at + 46);
    found.push(bytes.subarray(at, next));
    at = next;
  }
  return found;
}

/** The same record in the other byte order. */
function swapped(record: Buffer): Buffer {
  const other = Buffer.from(record);
  const fields: [number, number][] = [
    [0, 4],
    [4, 4],
    [8, 8],
    [16, 8],
    [24, 4],
    [28, 4],
    [32, 4],
    [36, 4],
    [40, 4],
    [44, 2],
    [46, 2],
  ];
  for (const [at, size] of fields) other.subarray(at, at + size).reverse();
  return other;
}

/** A record with another time, in nanoseconds. */
function at(record: Buffer, timeNs: bigint): Buffer {
  const moved = Buffer.from(record);
  moved.writeBigUInt64LE(timeNs, 8);
  return moved;
}

describe('blktrace records', () => {
  it.each(['D', 'Q'] as const)(
    'give the same rows as the text blkparse makes of them, for event %s',
    async (event) => {
      const binary = await openTrace([fixture('synth.blktrace.0')], { event });
      const text = await openTrace([fixture('synth.blkparse.txt')], { event });
      expect(rowsOf(binary)).toEqual(rowsOf(text));
      expect(binary.summary.contentSha256).toBe(text.summary.contentSha256);
      expect(binary.diskNames).toEqual(text.diskNames);
    },
  );

  it('are read in either byte order', async () => {
    const other = Buffer.concat(records(synth).map(swapped));
    const trace = await openFiles({ trace: other });
    expect(rowsOf(trace)).toEqual(rowsOf(await openTrace([fixture('synth.blktrace.0')])));
  });

  it('are merged by time from per-CPU files, issues and completions on different CPUs', async () => {
    const all = records(synth);
    const parts = [0, 1, 2].map((cpu) => Buffer.concat(all.filter((_, i) => i % 3 === cpu)));
    const folder = testFolder();
    for (const [cpu, part] of parts.entries()) writeFileSync(join(folder, `sda.blktrace.${cpu}`), part);
    const merged = await openTrace([0, 1, 2].map((cpu) => join(folder, `sda.blktrace.${cpu}`)));
    expect(rowsOf(merged)).toEqual(rowsOf(await openTrace([fixture('synth.blktrace.0')])));
    expect(merged.name).toBe('sda');
    expect(merged.summary.reorderedRows).toBe(0);
    expect(rowsOf(await openTrace([folder]))).toEqual(rowsOf(merged));
    expect(merged.warnings).toEqual([]);
    const alone = await openTrace([join(folder, 'sda.blktrace.1')], { event: 'Q' });
    expect(alone.warnings[0]).toBe(
      'per-CPU files sda.blktrace.N that lie beside this one and were not read: 2',
    );
  });

  it('may count time from long before, beyond 2^53', async () => {
    const base = 2n ** 62n;
    const moved = records(synth).map((record) => at(record, base + record.readBigUInt64LE(8)));
    const trace = await importBytes(Buffer.concat(moved));
    expect(rowsOf(trace)).toEqual(rowsOf(await openTrace([fixture('synth.blktrace.0')])));
  });

  it.each([
    [
      'a torn record',
      synth.subarray(0, synth.length - 1),
      /byte 5\d\d: the last record is torn; found "\d+ bytes"/,
    ],
    [
      'another version',
      Buffer.concat([Buffer.from([6]), synth.subarray(1)]),
      /byte 0: this version of blktrace records is not known; found "0x65617406"/,
    ],
    [
      'something else between records',
      Buffer.concat([synth, Buffer.alloc(48, 1)]),
      /byte 552: not a blktrace record; found "0x01010101"/,
    ],
    [
      'a time more than 104 days on',
      Buffer.concat([synth, at(records(synth)[3]!, 2n ** 60n)]),
      /byte 552: time is out of range/,
    ],
  ])('refuse %s, with its place', async (_what, bytes, message) => {
    const found = await errorOf(bytes);
    expect(found).toMatch(message);
    expect(found).toMatch(/^E_DATA /);
  });
});

const blkparse = program('blkparse', 'blktrace');
describe.skipIf(blkparse.absent)(`beside blkparse itself${blkparse.note}`, () => {
  it.each(['D', 'Q'] as const)(
    'the binary gives the rows of what blkparse prints now, for event %s',
    async (event) => {
      const folder = testFolder();
      writeFileSync(join(folder, 'x.blktrace.0'), synth);
      writeFileSync(join(folder, 'x.txt'), shell('blkparse -i x', '', folder));
      const text = await openTrace([join(folder, 'x.txt')], { event });
      const binary = await openTrace([join(folder, 'x.blktrace.0')], { event });
      expect(text.summary.contentSha256).toBe(binary.summary.contentSha256);
      expect(briefly(rowsOf(text))).toEqual(briefly(rowsOf(binary)));
    },
  );
});
