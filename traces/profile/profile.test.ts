import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../reference/kernel/errors.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { openTrace } from '../open-trace.ts';
import { SAMPLES } from '../samples/samples.ts';
import { describeTrace } from '../stats/describe-trace.ts';
import { openFiles, rowsOf, testFolder } from '../testing/read-rows.ts';
import type { Trace } from '../trace.ts';
import { writerFor } from '../writer-table.ts';
import { OutputFile } from '../writers/output-file.ts';
import { BlockStack } from './block-stack.ts';
import { fitProfile } from './fit-profile.ts';
import { checkProfile, type Profile, profileText } from './profile.ts';
import { readProfile, readProfileFile } from './read-profile.ts';
import { RecentList } from './recent-list.ts';
import { syntheticRows } from './synthetic-rows.ts';
import { writeSynthetic } from './write-synthetic.ts';

const EMAIL = SAMPLES[1]!.file;

async function drawn(profile: Profile): Promise<Trace> {
  return openFiles({ 'x.profile.json': profileText(profile, false) });
}

describe('a profile', () => {
  it('gives the same rows for the same seed, others for another, whatever the text it was kept as', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `${10 + i * 90} d write ${i * 4096} 4096\n`);
    const log = `fio version 3 iolog\n1 d add\n1 d open\n${lines.join('')}`;
    const profile = fitProfile(await openFiles({ log }), 1);
    const json = await drawn(profile);
    const yaml = await openFiles({ 'x.yaml': profileText(profile, true) });
    expect(yaml.summary.contentSha256).toBe(json.summary.contentSha256);
    const other = await drawn({ ...profile, seed: 2 });
    expect(other.summary.contentSha256).not.toBe(json.summary.contentSha256);
    expect(other.summary.ios).toBe(json.summary.ios);
    expect(readProfile(profileText(profile, true), 'x')).toEqual(profile);
  });

  it.each(SAMPLES.map(({ name, file }) => [name, file]))(
    'comes close to the trace it was fitted to: %s',
    async (_, file) => {
      const trace = await openTrace([file]);
      const synthetic = await drawn(fitProfile(trace, 1));
      const [a, b] = [await describeTrace(trace), await describeTrace(synthetic)];
      const near = (found: number, wanted: number, share: number): void => {
        expect(Math.abs(found / wanted - 1), `${found} beside ${wanted}`).toBeLessThan(share);
      };
      expect(b.ios).toBe(a.ios);
      near(b.durationNs, a.durationNs, 0.01);
      for (const kind of ['reads', 'writes', 'flushes'] as const) near(b[kind], a[kind], 0.1);
      near(b.readBytes, a.readBytes, 0.15);
      near(b.writeBytes, a.writeBytes, 0.15);
      near(b.footprintBytes, a.footprintBytes, 0.25);
      near(b.arrivals.gaps!.p50Ns, a.arrivals.gaps!.p50Ns, 0.25);
      near(b.arrivals.gaps!.p99Ns, a.arrivals.gaps!.p99Ns, 0.25);
      near(b.arrivals.peakSecondIos, a.arrivals.peakSecondIos, 0.1);
      near(b.recorded.p50Ns!, a.recorded.p50Ns!, 0.2);
      near(b.recorded.outstandingMean!, a.recorded.outstandingMean!, 0.25);
      const widest = [b, a].map(({ arrivals }) => arrivals.dispersion.at(-1)!.index);
      near(widest[0]!, widest[1]!, 0.25);
      expect(Math.abs(b.sequential.writes.share! - a.sequential.writes.share!)).toBeLessThan(0.1);
    },
  );

  it('finds the shares that a made trace was made with', async () => {
    const random = new RandomStream(9, 'made');
    const lines = ['fio version 3 iolog', '1 d add', '1 d open'];
    let us = 2;
    for (let i = 0; i < 20_000; i++) {
      us += random.nextBelow(200);
      const action = random.nextBelow(10) < 3 ? 'read' : 'write';
      const bytes = random.nextBelow(4) === 0 ? 16_384 : 4096;
      lines.push(`${us} d ${action} ${random.nextBelow(250_000) * 4096} ${bytes}`);
    }
    const trace = await openFiles({ made: `${lines.join('\n')}\n` });
    const synthetic = await describeTrace(await drawn(fitProfile(trace, 3)));
    expect(Math.abs(synthetic.reads / synthetic.ios - 0.3)).toBeLessThan(0.02);
    const long = synthetic.sizes.find(({ bytes }) => bytes === 16_384)!;
    expect(Math.abs((long.reads + long.writes) / synthetic.ios - 0.25)).toBeLessThan(0.02);
    expect(Math.abs(synthetic.arrivals.gaps!.meanNs / 99_500 - 1)).toBeLessThan(0.02);
    expect(Math.abs(synthetic.footprintBytes / trace.summary.footprintBytes - 1)).toBeLessThan(0.05);
    expect(synthetic.arrivals.dispersion[0]!.index).toBeLessThan(0.6);
  });

  it('keeps what the I/Os of a trace may be: order, whole sectors, the disk they are on, and every phase full', async () => {
    const profile = fitProfile(await openTrace([EMAIL]), 1);
    const ios = Math.floor(profile.ios * 1.5);
    const cursor = syntheticRows(profile, { seed: 5, ios });
    const { intervalNs, ios: byPhase } = profile.phases;
    const found = new Map<number, number>();
    let rows = 0;
    let last = 0;
    let wrong = 0;
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
      for (let i = 0; i < block.length; i++) {
        const phase = Math.floor(block.timeNs[i]! / intervalNs);
        found.set(phase, (found.get(phase) ?? 0) + 1);
        if (block.timeNs[i]! < last) wrong++;
        last = block.timeNs[i]!;
        const end = block.offset[i]! + block.lengthBytes[i]!;
        if (block.offset[i]! % 512 !== 0 || block.lengthBytes[i]! % 512 !== 0) wrong++;
        if (block.offset[i]! < 0 || end > profile.disks[block.disk[i]!]!.endBytes) wrong++;
        if ((block.op[i] === 2) !== (block.lengthBytes[i] === 0)) wrong++;
      }
      rows += block.length;
    }
    expect(rows).toBe(ios);
    expect(wrong).toBe(0);
    const whole = byPhase.filter((count, phase) => (found.get(phase) ?? 0) !== count);
    expect(whole).toEqual([]);
  });

  it('is written as a trace in any form, twice as long where asked', async () => {
    const profile = fitProfile(await openTrace([EMAIL]), 1);
    const folder = testFolder();
    const path = join(folder, 'p.json');
    writeFileSync(path, profileText(profile, false));
    expect(await readProfileFile(path)).toEqual(profile);
    const out = join(folder, 'x.arrow');
    const options = { seed: 1, ios: 2 * profile.ios, name: 'mail' };
    const written = await writeSynthetic(
      profile,
      options,
      writerFor(out, undefined),
      new OutputFile(out),
      () => {},
    );
    const trace = await openTrace([out]);
    expect(trace.summary.ios).toBe(written.ios);
    expect(trace.provenance).toEqual({ synthetic: 'drawn from the profile mail, seed 1' });
    expect(rowsOf(trace)[0]!.timeNs).toBe(0);
  });

  it('of several disks without latencies or processes draws on all of them', async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, i) =>
        `${10 + i * 50} ${'abc'[i % 3]} ${i % 5 === 0 ? 'read' : 'write'} ${((i * 7919) % 3000) * 4096} 4096\n`,
    );
    const disks = ['a', 'b', 'c'].map((disk) => `1 ${disk} add\n1 ${disk} open\n`).join('');
    const profile = fitProfile(await openFiles({ x: `fio version 3 iolog\n${disks}${lines.join('')}` }), 1);
    expect(profile.processes).toBe(null);
    expect(profile.latencies).toEqual([]);
    const { byDisk } = await describeTrace(await drawn(profile));
    for (const { name, reads, writes } of byDisk) {
      expect(name).toMatch(/^disk-[0-2]$/);
      expect(reads + writes).toBeGreaterThan(700);
    }
  });
});

describe('a wrong profile', () => {
  const text = (change: (profile: Record<string, unknown>) => void, profile: Profile): string => {
    const copy = structuredClone(profile) as unknown as Record<string, unknown>;
    change(copy);
    return JSON.stringify(copy);
  };

  it('is told where it is wrong, and never more than a DataError', async () => {
    const profile = fitProfile(await openTrace([EMAIL]), 1);
    const refused = (change: (profile: Record<string, unknown>) => void): string => {
      try {
        readProfile(text(change, profile), 'p.json');
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        return (error as Error).message;
      }
      return 'taken';
    };
    expect(refused((p) => delete p.gaps)).toMatch(/^p\.json: not a profile, at gaps: /);
    expect(refused((p) => Object.assign(p, { sises: [] }))).toMatch(/sises/);
    expect(refused((p) => Object.assign(p, { gaps: [] }))).toMatch(/at gaps/);
    expect(refused((p) => Object.assign(p, { gaps: (p.gaps as unknown[]).slice(1) }))).toMatch(
      /at symbols: it names an entry/,
    );
    expect(refused((p) => Object.assign(p, { disks: [{ name: 'x', endBytes: -1 }] }))).toMatch(
      /at disks\.0\.endBytes/,
    );
    expect(() => readProfile('schema: fvp.profile/1\n  x: [', 'p.yaml')).toThrow(DataError);
    expect(() => readProfile('{"schema": "fvp.profile/1"', 'p.json')).toThrow(DataError);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => checkProfile(value, { file: 'x' })).toThrow(DataError);
      }),
      { numRuns: 50 },
    );
  });

  it('of a trace of one moment is not made', async () => {
    const trace = await openFiles({ x: 'fio version 3 iolog\n1 a add\n1 a open\n5 a write 0 4096\n' });
    expect(() => fitProfile(trace, 1)).toThrow('more than one moment');
  });
});

it('a stack of blocks gives the block at a depth and the depth of a block', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 200 }), (touches) => {
      const stack = new BlockStack();
      let list: number[] = [];
      for (const block of touches) {
        expect(stack.depthOf(block)).toBe(list.indexOf(block));
        stack.touch(block);
        list = [block, ...list.filter((other) => other !== block)];
      }
      expect(Array.from(list, (_, depth) => stack.blockAt(depth))).toEqual(list);
    }),
  );
});

it('a list of the recently used knows ranks and the nearest', () => {
  const list = new RecentList(3);
  for (const value of [10, 20, 30, 40]) list.use(list.rankOf(value), value);
  expect([list.rankOf(40), list.rankOf(20), list.rankOf(10)]).toEqual([0, 2, -1]);
  list.use(2, 21);
  expect([list.at(0), list.at(1), list.at(2)]).toEqual([21, 40, 30]);
  expect(list.nearest(33, 5)).toBe(3);
  expect(list.nearest(36, 5)).toBe(-4);
  expect(list.nearest(100, 5)).toBe(undefined);
});
