import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Converted, convertTrace, openOutputs } from './convert-trace.ts';
import { openTrace } from './open-trace.ts';
import { SAMPLES } from './samples/samples.ts';
import { parseDiskMoves } from './shape/disk-moves.ts';
import type { RowShape } from './shape/row-shape.ts';
import { program, shell } from './testing/independent-tools.ts';
import { briefly, openFiles, rowsOf, testFolder } from './testing/read-rows.ts';
import type { Trace } from './trace.ts';
import { writerFor } from './writer-table.ts';

async function convert(
  trace: Trace,
  out: string,
  shape: Partial<RowShape> = {},
  options: { to?: string; splitVms?: number } = {},
): Promise<Converted> {
  const splitVms = options.splitVms ?? 1;
  const outputs = openOutputs(out, splitVms);
  const request = {
    writer: writerFor(out, options.to),
    out,
    splitVms,
    shape: { seed: 1, ...shape },
    provenance: {},
  };
  return convertTrace(trace, outputs, request, () => {});
}

async function shaped(trace: Trace, shape: Partial<RowShape>): Promise<Trace> {
  const out = join(testFolder(), 'out.iolog');
  await convert(trace, out, shape);
  return openTrace([out]);
}

const LOG = `fio version 3 iolog
1 sda add
1 sda open
1 sdb add
1 sdb open
1 sda write 0 4096
1001 sda read 4096 8192
2001 sdb write 1048576 4096
2001 sda sync 0 0
3001 sda trim 0 1048576
9001 sdb read 1048576 4096
`;
const log = (): Promise<Trace> => openFiles({ 'log.iolog': LOG });

describe('a converted trace', () => {
  it('has the rows of its source, in the same order', async () => {
    const trace = await log();
    const again = await shaped(trace, {});
    expect(rowsOf(again)).toEqual(rowsOf(trace));
    expect(again.diskNames).toEqual(['sda', 'sdb']);
    expect(again.summary.contentSha256).toBe(trace.summary.contentSha256);
  });

  it('keeps what its cut asks for, and starts at 0', async () => {
    const rows = rowsOf(await shaped(await log(), { fromNs: 1e6, untilNs: 3e6, ops: ['read', 'write'] }));
    expect(briefly(rows)).toEqual(['0 R 4096 8192', '1000000 W 1048576 4096']);
    const one = await shaped(await log(), { disks: ['sdb'] });
    expect(briefly(rowsOf(one))).toEqual(['0 W 1048576 4096', '7000000 R 1048576 4096']);
    expect(one.diskNames).toEqual(['sdb']);
  });

  it('is cut at the edges of a range, flushes kept', async () => {
    const rows = rowsOf(await shaped(await log(), { range: [8192, 1048576] }));
    expect(briefly(rows)).toEqual(['0 R 8192 4096', '1000000 F 0 0', '2000000 D 8192 1040384']);
  });

  it('is faster by speed', async () => {
    const rows = rowsOf(await shaped(await log(), { speed: 2 }));
    expect(rows.map((row) => row.timeNs)).toEqual([0, 500000, 1000000, 1000000, 1500000, 4500000]);
  });

  it('goes where a map says', async () => {
    const moves = parseDiskMoves('disk,from,until,to,shift\nsda,0,4096,new,1MiB\nsdb,,,sda,-1MiB\n', 'map');
    const trace = await shaped(await log(), { moves });
    const where = rowsOf(trace).map((row) => `${trace.diskNames[row.disk]} ${row.offset}`);
    expect(where).toEqual(['new 1048576', 'sda 4096', 'sda 0', 'sda 0', 'new 1048576', 'sda 0']);
  });

  it('has names and processes under a key, the same for the same key', async () => {
    const trace = await openTrace([SAMPLES[0]!.file]);
    const a = await shaped(trace, { anonymise: 'key' });
    const b = await shaped(trace, { anonymise: 'another key' });
    expect(a.diskNames[0]).toMatch(/^disk-[0-9a-f]{12}$/);
    expect(a.diskNames).not.toEqual(b.diskNames);
    expect(a.summary.footprintBytes).toBe(trace.summary.footprintBytes);
  });

  it('keeps whole disks when it is thinned', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => `${1 + i} d${i % 40} write ${i * 4096} 4096\n`);
    const files = Array.from({ length: 40 }, (_, i) => `1 d${i} add\n`);
    const trace = await openFiles({ x: `fio version 3 iolog\n${files.join('')}${lines.join('')}` });
    const thin = await shaped(trace, { thinDisks: 0.1 });
    expect(thin.diskNames).toHaveLength(4);
    expect(thin.summary.ios).toBe(40);
    expect((await shaped(trace, { thinDisks: 0.1, seed: 2 })).diskNames).not.toEqual(thin.diskNames);
  });

  it.each([0.5, 0.1])('folded onto a share of the footprint has that footprint: %d', async (footprint) => {
    for (const { file } of SAMPLES) {
      const trace = await openTrace([file]);
      const folded = await shaped(trace, { footprint });
      const share = folded.summary.footprintBytes / trace.summary.footprintBytes;
      expect(share).toBeGreaterThan(footprint * 0.97);
      expect(share).toBeLessThan(footprint * 1.03);
      expect(folded.summary.writeBytes).toBe(trace.summary.writeBytes);
    }
  });

  it('cut into VMs holds every row once', async () => {
    const trace = await openTrace([SAMPLES[1]!.file]);
    const folder = testFolder();
    const { outputs } = await convert(trace, join(folder, 'x.iolog.gz'), {}, { splitVms: 3 });
    expect(readdirSync(folder).sort()).toEqual(['x.vm1.iolog.gz', 'x.vm2.iolog.gz', 'x.vm3.iolog.gz']);
    expect(outputs.reduce((sum, { rows }) => sum + rows, 0)).toBe(trace.summary.ios);
    for (const { path, durationNs } of outputs) {
      const part = await openTrace([path]);
      expect(Math.abs(part.summary.durationNs - durationNs)).toBeLessThan(1000);
      expect(durationNs).toBeLessThan(trace.summary.durationNs / 3 + 1);
    }
  });

  it('leaves no file when it fails', async () => {
    const folder = testFolder();
    const out = join(folder, 'x.iolog');
    await expect(convert(await log(), out, { disks: ['sdx'] })).rejects.toThrow('no disk "sdx"');
    await expect(convert(await log(), out, { fromNs: 1e15 })).rejects.toThrow('no row is left');
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(out, 'kept');
    await expect(convert(await log(), out, { fromNs: 1e15 })).rejects.toThrow();
    expect(readFileSync(out, 'utf8')).toBe('kept');
    expect(() => openOutputs(folder, 1)).toThrow('is a folder');
    expect(() => openOutputs(join(folder, 'x.zst'), 1)).toThrow('cannot write .zst files');
    expect(existsSync(join(folder, 'x.zst'))).toBe(false);
  });
});

describe('a map of disks', () => {
  it.each([
    ['sda,sdb\n', 'map:1: not a map of disks'],
    ['disk,to\n,sdb\n', 'map:2: a move names no disk'],
    ['disk,from,until\nsda,2GiB,1GiB\n', 'map:2: "from" is not below "until"'],
    ['disk,shift\nsda,100\n', 'map:2: not a size in whole sectors, for "shift"; found "100"'],
    ['disk,to\n', 'map: the map of disks holds no move'],
  ])('is refused with the place: %j', (text, message) => {
    expect(() => parseDiskMoves(text, 'map')).toThrow(message);
  });

  it('takes names with commas in quotes', () => {
    expect(parseDiskMoves('disk,to\n"8,16",vm1\n', 'map')[0]).toMatchObject({ disk: '8,16', to: 'vm1' });
  });
});

const fio = program('fio', 'fio');
describe.skipIf(fio.absent)(`fio itself${fio.note}`, () => {
  /** What fio issues when it replays a log, in order: direction, offset and length of each I/O; syncs have no offset. */
  const issued = (path: string): string =>
    shell(
      `fio --debug=io --name=r --ioengine=null --size=16g --read_iolog="$1" --replay_no_stall=1 2>&1 |
        grep -E ' queue: io_u ' | sed -E 's/^.*off=/off=/; s/,file=.*$//; s/off=[^,]*,(len=0x0,ddir=3)/sync/'`,
      path,
      testFolder(),
    );

  it('issues from what we write exactly what it issued when it wrote its own log', async () => {
    const folder = testFolder();
    const own = join(folder, 'own.log');
    shell(
      'fio --name=w --ioengine=null --size=64m --rw=randrw --bsrange=4k-64k --fsync=9 --write_iolog="$1" --number_ios=500',
      own,
      folder,
    );
    const trace = await openTrace([own]);
    const ours = join(folder, 'ours.iolog');
    await convert(trace, ours);
    const fromOwn = issued(own);
    expect(fromOwn.split('\n').length).toBeGreaterThan(400);
    expect(issued(ours)).toBe(fromOwn);
  });
});
