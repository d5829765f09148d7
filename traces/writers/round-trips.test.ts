/** What is written is read back the same, but for what the writer said it cannot hold. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertTrace, openOutputs } from '../convert-trace.ts';
import { openTrace } from '../open-trace.ts';
import { SAMPLES } from '../samples/samples.ts';
import { openFiles, type Row, rowsOf, testFolder } from '../testing/read-rows.ts';
import type { Trace } from '../trace.ts';
import { writerTable } from '../writer-table.ts';

async function written(trace: Trace, to: string): Promise<{ path: string; notes: readonly string[] }> {
  const path = join(testFolder(), 'out');
  const writer = writerTable.find(({ name }) => name === to)!;
  const request = { writer, out: path, splitVms: 1, shape: { seed: 1 }, provenance: {} };
  const { notes } = await convertTrace(trace, openOutputs(path, 1), request, () => {});
  return { path, notes };
}

interface Keeps {
  readonly flushes: boolean;
  readonly discards: boolean;
  readonly stepNs: number;
  readonly latency: 'yes' | 'zero' | 'no';
  readonly flags: boolean;
  readonly pid: boolean;
  readonly disks: boolean;
  readonly ops: boolean;
  /** Format that reads it. */
  readonly reader: string;
}

const ALL: Keeps = {
  flushes: true,
  discards: true,
  stepNs: 1,
  latency: 'yes',
  flags: true,
  pid: true,
  disks: true,
  ops: true,
  reader: '',
};
const PLAIN: Keeps = { ...ALL, flushes: false, discards: false, latency: 'no', flags: false, pid: false };
const KEEPS: Readonly<Record<string, Keeps>> = {
  arrow: ALL,
  'fio-iolog': { ...ALL, latency: 'no', flags: false, pid: false, stepNs: 1e3 },
  'fio-iolog2': { ...ALL, latency: 'no', flags: false, pid: false, stepNs: 1e6, reader: 'fio-iolog' },
  blkparse: ALL,
  blkreplay: { ...ALL, pid: false, disks: false },
  spc: PLAIN,
  msr: { ...PLAIN, latency: 'zero', stepNs: 100 },
  vscsi: { ...ALL, latency: 'no', flags: false, pid: false, disks: false, stepNs: 1e3 },
  vscsi2: { ...ALL, latency: 'zero', flags: false, pid: false, disks: false, stepNs: 1e3, reader: 'vscsi' },
  disksim: PLAIN,
  mqsim: PLAIN,
  ssdsim: PLAIN,
  'oracle-general': { ...PLAIN, disks: false, ops: false, stepNs: 1e9 },
};

/** The rows as a form with these abilities gives them back, times apart. */
function kept(rows: readonly Row[], keeps: Keeps): object[] {
  const step = (ns: number): number => Math.floor(ns / keeps.stepNs) * keeps.stepNs;
  return rows
    .filter(({ op }) => (op !== 'F' || keeps.flushes) && (op !== 'D' || keeps.discards))
    .map((row) => ({
      op: keeps.ops ? row.op : 'R',
      offset: row.offset,
      lengthBytes: row.lengthBytes,
      ...(keeps.latency === 'no'
        ? {}
        : {
            latencyNs:
              row.latencyNs === undefined ? (keeps.latency === 'zero' ? 0 : undefined) : step(row.latencyNs),
          }),
      ...(keeps.flags ? { flags: row.flags } : {}),
      ...(keeps.pid ? { pid: row.pid } : {}),
      ...(keeps.disks ? { disk: row.disk } : {}),
    }));
}

describe('every form that can be written', () => {
  it('has its abilities listed here', () => {
    expect(Object.keys(KEEPS).sort()).toEqual(writerTable.map(({ name }) => name).sort());
  });

  describe('of the e-mail trace', () => {
    const { file } = SAMPLES[1]!;
    it.each(Object.keys(KEEPS))(
      'gives back what it can hold: %s',
      async (to) => {
        const trace = await openTrace([file]);
        const keeps = KEEPS[to]!;
        const { path } = await written(trace, to);
        const again = await openTrace([path], { format: keeps.reader || to });
        const rows = rowsOf(trace);
        const back = rowsOf(again);
        // As text, as comparing objects one by one takes ten times as long.
        expect(JSON.stringify(kept(back, keeps))).toBe(JSON.stringify(kept(rows, keeps)));
        if (keeps.stepNs === 1e9) return;
        const timed = rows.filter(({ op }) => keeps.flushes || op !== 'F');
        const firstNs = Math.floor(timed[0]!.timeNs / keeps.stepNs) * keeps.stepNs;
        for (const [i, row] of timed.entries()) {
          expect(back[i]!.timeNs).toBe(Math.floor(row.timeNs / keeps.stepNs) * keeps.stepNs - firstNs);
        }
        again.close();
      },
      60_000,
    );
  });

  it('is detected again by its content', async () => {
    const trace = await openTrace([SAMPLES[1]!.file]);
    for (const to of Object.keys(KEEPS)) {
      const { path } = await written(trace, to);
      const found = (await openTrace([path])).summary.format;
      expect(found).toBe(to === 'ssdsim' ? 'mqsim' : KEEPS[to]!.reader || to);
    }
  }, 60_000);

  it('says what it cannot hold, and nothing when it holds all', async () => {
    const trace = await openTrace([SAMPLES[1]!.file]);
    expect((await written(trace, 'arrow')).notes).toEqual([]);
    expect((await written(trace, 'blkparse')).notes).toEqual([]);
    const { notes } = await written(trace, 'spc');
    expect(notes.map((note) => note.replace(/[0-9,]+$/, 'n'))).toEqual([
      'spc has no place for flushes, left out: n',
      'spc has no place for names of disks, numbered instead: n',
      'spc has no place for recorded latencies: n',
      'spc has no place for flags (FUA, sync, metadata, readahead): n',
      'spc has no place for process ids: n',
    ]);
  });

  it('holds any rows there can be: as blkparse text and as a load', async () => {
    const row = fc.record({
      op: fc.constantFrom('read', 'write', 'trim'),
      gapUs: fc.nat(5_000_000),
      sector: fc.oneof(fc.nat(1000), fc.nat(2 ** 31), fc.constant(2 ** 43)),
      sectors: fc.integer({ min: 1, max: 2 ** 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        let us = 1;
        const lines = rows.map(({ op, gapUs, sector, sectors }) => {
          us += gapUs;
          return `${us} 8,0 ${op} ${sector * 512} ${sectors * 512}\n`;
        });
        const trace = await openFiles({ x: `fio version 3 iolog\n1 8,0 add\n1 8,0 open\n${lines.join('')}` });
        for (const [to, format] of [
          ['blkparse', 'blkparse'],
          ['blkreplay', 'blkreplay'],
          ['vscsi2', 'vscsi'],
          ['arrow', 'arrow'],
        ] as const) {
          const { path } = await written(trace, to);
          const again = await openTrace([path], { format });
          expect(rowsOf(again).map(({ latencyNs: _, pid: __, ...rest }) => rest)).toEqual(
            rowsOf(trace).map(({ latencyNs: _, pid: __, ...rest }) => rest),
          );
          again.close();
        }
        trace.close();
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});
