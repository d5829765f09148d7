/**
 * Real traces through every mode with the built program: every I/O completed exactly once, and the order of latencies
 * that the presets must show.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import {
  LATENCY_KINDS,
  LATENCY_PARTS,
  type LatencyKind,
  type ModeResult,
  type RunDocument,
} from '../../results/schema/run-document.ts';
import { runFvp } from './run-fvp.ts';

const TRACES = resolve(process.env.FVP_TRACES ?? '../shared/traces');
const VMS = 3;
const folder = mkdtempSync(join(tmpdir(), 'fvp-whole-'));
let runs = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runDocument(argv: readonly string[]): Promise<RunDocument> {
  const out = join(folder, String(runs++));
  const { exitCode, stdout, stderr } = await runFvp(['bench', 'run', ...argv, '--json', '--out', out]);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as RunDocument;
}

function resultOf(document: RunDocument, workload: string, mode: string): ModeResult {
  return document.results.find((result) => result.workload === workload && result.mode === mode)!;
}

function writeP50(document: RunDocument, workload: string, mode: string): number {
  return resultOf(document, workload, mode).writes.response!.p50Ns;
}

/** Reads, writes, flushes and all of the trace, as counted by others. */
interface Counts {
  readonly file: string;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
}

const COUNTED: readonly Counts[] = [
  { file: 'blkreplay-natural/linux-mysql.load.gz', reads: 7_187, writes: 73_607, flushes: 0 },
  { file: 'libcachesim-cloudphysics/cloudPhysicsIO.vscsi', reads: 46_974, writes: 66_898, flushes: 0 },
  { file: 'recorded/oltp-postgres-tpcb.bin.zst', reads: 65_837, writes: 113_265, flushes: 40_951 },
  { file: 'recorded/email-postfix-dovecot.bin.zst', reads: 7_637, writes: 20_279, flushes: 12_246 },
];

describe.each(COUNTED)('$file', ({ file, reads, writes, flushes }) => {
  const path = join(TRACES, file);
  const reason = existsSync(path) ? '' : ` (not run: FVP_TRACES has no ${file})`;
  test.skipIf(reason !== '')(`completes every I/O exactly once in every mode${reason}`, async () => {
    const document = await runDocument([path, '--replay', 'open']);
    const [workload] = document.workloads;
    const ios = reads + writes + flushes;
    expect(workload).toMatchObject({ reads, writes, flushes, discards: 0, ios });
    expect(document.results.map((result) => result.mode)).toEqual(MODE_NAMES);
    for (const result of document.results) {
      const counts = [result.reads, result.writes, result.flushes, result.all].map(({ count }) => count);
      expect(counts).toEqual([reads, writes, flushes, ios].map((count) => VMS * count));
      for (const vm of result.vms) {
        expect([vm.reads.count, vm.writes.count, vm.flushes.count]).toEqual([reads, writes, flushes]);
      }
    }
  });
});

describe.each(['database', 'email'])('the shipped trace %s', (name) => {
  test('accounts for every nanosecond of every response time', async () => {
    const document = await runDocument([name, '--mode', 'none,write-through,write-back+1']);
    for (const result of document.results) {
      for (const kind of LATENCY_KINDS) {
        const { count, response } = result[kind];
        const parts = LATENCY_PARTS.map((part) => result.parts[kind][part]);
        expect(parts.filter((ns) => ns < 0)).toEqual([]);
        const sum = parts.reduce((total, ns) => total + ns, 0);
        expect(sum / (response!.meanNs * count), `${result.mode}, ${kind}`).toBeCloseTo(1, 12);
        for (const { percentile, fromNs, count: slow, parts: waits } of result.slowest![kind]) {
          const mean = LATENCY_PARTS.reduce((total, part) => total + waits[part], 0) / slow;
          expect(mean).toBeGreaterThanOrEqual(fromNs);
          expect(mean).toBeLessThanOrEqual(response!.maxNs);
          expect(slow).toBeGreaterThanOrEqual(Math.floor((count * (100 - percentile)) / 100));
        }
      }
    }
    const waited = (mode: string, kind: LatencyKind) => resultOf(document, name, mode).parts[kind];
    expect(waited('none', 'writes').localFlashNs).toBe(0);
    expect(waited('write-through', 'writes').localFlashNs).toBe(0);
    expect(waited('write-through', 'reads').localFlashNs).toBeGreaterThan(0);
    expect(waited('write-back+1', 'writes').networkFlashNs).toBeGreaterThan(0);
    expect(waited('write-back+1', 'writes').datastoreNs).toBe(0);
  });

  test('gains what it should in 2014: write-back before one replica before two before none', async () => {
    const document = await runDocument([name]);
    const p50 = (mode: string) => writeP50(document, name, mode);
    expect(p50('write-back')).toBeLessThan(p50('write-back+1'));
    expect(p50('write-back+1')).toBeLessThanOrEqual(p50('write-back+2'));
    expect(p50('write-back+2')).toBeLessThan(p50('none'));
  });

  test('gains little or nothing from write-back today, and the words say so', async () => {
    const out = join(folder, String(runs++));
    const argv = ['bench', 'run', name, '--scenario', 'datacentre-today', '--out', out];
    const { exitCode, stdout } = await runFvp(argv);
    expect(exitCode).toBe(0);
    expect(stdout.replaceAll('\n', ' ')).toMatch(/write-back gains little or nothing/i);
    const document = await runDocument([name, '--scenario', 'datacentre-today', '--mode', 'none,write-back']);
    const factor = writeP50(document, name, 'none') / writeP50(document, name, 'write-back');
    expect(factor).toBeGreaterThan(0.7);
    expect(factor).toBeLessThan(1.5);
  });
});
