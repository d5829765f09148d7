/** Counts and sums of the traces that may not be shipped, beside what independent tools find in them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRawSource } from './decode/byte-source.ts';
import { openDecoded } from './decode/decoder.ts';
import { openTrace } from './open-trace.ts';
import { program, sharedTrace, shell } from './testing/independent-tools.ts';
import { rowsOf, testFolder } from './testing/read-rows.ts';
import type { Trace } from './trace.ts';

const mysql = sharedTrace('blkreplay-natural/linux-mysql.load.gz');
describe.skipIf(mysql.absent)(`the MySQL server of blkreplay${mysql.note}`, () => {
  it('has the counts, bytes and span that awk finds', async () => {
    const { summary } = await openTrace([mysql.path]);
    expect(summary).toMatchObject({
      name: 'linux-mysql',
      format: 'blkreplay',
      ios: 80794,
      reads: 7187,
      writes: 73607,
    });
    const awk = shell(
      `zcat "$1" | awk -F';' '$1+0==$1 && NF>=4 {gsub(/ /,""); if(substr($4,1,1)=="R"){r++; rb+=$3*512} else {w++; wb+=$3*512}
        if(low==""||$2<low)low=$2; if($2+$3>high)high=$2+$3; last=$1} END{printf "%d %d %.0f %.0f %.0f %.9f", r, w, rb, wb, (high-low)*512, last}'`,
      mysql.path,
    );
    const { reads, writes, readBytes, writeBytes, spanBytes, durationNs } = summary;
    expect(
      `${reads} ${writes} ${readBytes} ${writeBytes} ${spanBytes} ${(durationNs / 1e9).toFixed(9)}`,
    ).toBe(awk);
  });
});

const cloudPhysics = sharedTrace('libcachesim-cloudphysics/cloudPhysicsIO.vscsi');
describe.skipIf(cloudPhysics.absent)(`the VM of CloudPhysics${cloudPhysics.note}`, () => {
  it('has the counts that are published, and the bytes of its CSV form', async () => {
    const { summary } = await openTrace([cloudPhysics.path]);
    expect(summary).toMatchObject({ format: 'vscsi', ios: 113872, reads: 46974, writes: 66898, flushes: 0 });
    expect((summary.durationNs / 1e9).toFixed(2)).toBe('7200.09');
    const awk = shell(
      `awk -F, 'NR>1{if($3=="28"||$3=="0x28"||$3=="40"){r++;rb+=$4}else{w++;wb+=$4}} END{printf "%d %.0f %d %.0f", r, rb, w, wb}' "$1"`,
      cloudPhysics.path.replace('.vscsi', '.csv'),
    );
    expect(`${summary.reads} ${summary.readBytes} ${summary.writes} ${summary.writeBytes}`).toBe(awk);
  });
});

/** @source README.md beside the recordings */
const RECORDINGS = [
  {
    name: 'oltp-postgres-tpcb',
    D: [65837, 113265, 40951],
    Q: [65865, 113574, 40836],
    /** Between the last event before blkparse set its clock back and the first after it, the text has lost this. */
    lostNs: 3535,
  },
  { name: 'email-postfix-dovecot', D: [7637, 20279, 12246], Q: [7663, 96980, 656], lostNs: 260 },
];

describe.each(RECORDINGS)('the recording $name', ({ name, D, Q, lostNs }) => {
  const text = sharedTrace(`recorded/${name}.txt.zst`);
  const binary = sharedTrace(`recorded/${name}.bin.zst`);
  const counts = ({ summary }: Trace): number[] => [summary.reads, summary.writes, summary.flushes];

  it.skipIf(text.absent).each(['txt', 'bin'])(
    `has the counts of its README, from .%s.zst${text.note}`,
    async (kind) => {
      const path = kind === 'txt' ? text.path : binary.path;
      expect(counts(await openTrace([path]))).toEqual(D);
      expect(counts(await openTrace([path], { event: 'Q' }))).toEqual(Q);
    },
  );

  it.skipIf(text.absent)(`has the latencies, bytes and blocks of its summary${text.note}`, async () => {
    const stated = JSON.parse(readFileSync(text.path.replace('.txt.zst', '.summary.json'), 'utf8'));
    const trace = await openTrace([binary.path]);
    const { summary } = trace;
    expect(summary.footprintBytes / 1e6).toBeCloseTo(stated.touched_4k_blocks_MB, 1);
    expect(summary.readBytes / 1e6).toBeCloseTo(stated.D_MB.read, 1);
    expect(summary.writeBytes / 1e6).toBeCloseTo(stated.D_MB.write, 1);
    const rows = rowsOf(trace);
    for (const [op, kind] of [
      ['R', 'read'],
      ['W', 'write'],
      ['F', 'flush'],
    ] as const) {
      const us = rows
        .filter((row) => row.op === op)
        .map((row) => row.latencyNs! / 1e3)
        .sort((a, b) => a - b);
      const { n, p50, p99, max } = stated.lat_us[kind];
      const at = (share: number): string =>
        us[Math.min(us.length - 1, Math.floor(share * us.length))]!.toFixed(1);
      expect([us.length, at(0.5), at(0.99), at(1)]).toEqual([
        n,
        p50.toFixed(1),
        p99.toFixed(1),
        max.toFixed(1),
      ]);
    }
  });

  it.skipIf(text.absent)(
    `has the same rows as text and as binary, but for the time the text lost${text.note}`,
    async () => {
      const fromText = rowsOf(await openTrace([text.path]));
      const fromBinary = rowsOf(await openTrace([binary.path]));
      const shift = fromBinary.map((row, i) => row.timeNs - fromText[i]!.timeNs);
      expect(new Set(shift)).toEqual(new Set([0, lostNs]));
      expect(shift.lastIndexOf(0)).toBeLessThan(shift.indexOf(lostNs));
      expect(fromText.map((row, i) => ({ ...row, timeNs: row.timeNs + shift[i]! }))).toEqual(fromBinary);
    },
  );
});

const blkparse = program('blkparse', 'blktrace');
const recording = sharedTrace('recorded/email-postfix-dovecot.bin.zst');
describe.skipIf(blkparse.absent || recording.absent)(
  `beside blkparse${blkparse.note}${recording.note}`,
  () => {
    it.each(['D', 'Q'] as const)(
      'per-CPU files have the rows of what blkparse prints for them, for event %s',
      async (event) => {
        const folder = testFolder();
        const source = await openDecoded(openRawSource(recording.path), recording.path);
        const all = Buffer.alloc(2 ** 25);
        let length = 0;
        for (let count = 1; count > 0; length += count) count = await source.read(all.subarray(length));
        const parts: Buffer[][] = [[], []];
        for (let at = 0; at < length; ) {
          const next = at + 48 + all.readUInt16LE(at + 46);
          parts[all.readUInt32LE(at + 40)]!.push(all.subarray(at, next));
          at = next;
        }
        for (const [cpu, part] of parts.entries())
          writeFileSync(join(folder, `x.blktrace.${cpu}`), Buffer.concat(part));
        writeFileSync(join(folder, 'x.txt'), shell('blkparse -i x', '', folder));
        const text = await openTrace([join(folder, 'x.txt')], { event });
        const binary = await openTrace([join(folder, 'x.blktrace.0'), join(folder, 'x.blktrace.1')], {
          event,
        });
        expect(text.summary).toEqual({ ...binary.summary, format: 'blkparse' });
        expect(binary.summary.ios).toBeGreaterThan(40_000);
      },
    );
  },
);
