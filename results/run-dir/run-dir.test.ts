/** A run directory: written whole, the same bytes every time, and read back. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistogramLogReader, listTags } from 'hdr-histogram-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, IoError, NoInputError, UsageError } from '../../reference/kernel/errors.ts';
import { mergeAll } from '../hdr/summary.ts';
import { renderReport } from '../report/render-report.ts';
import { type SampleOptions, sampleRecording } from '../testing/sample-recording.ts';
import { readRun } from './read-run.ts';
import { openRunDir, writeRun } from './write-run.ts';

const SMALL: SampleOptions = { intervals: 8, iosPerVm: 400, modes: ['none', 'write-back', 'write-back+1'] };
const recording = sampleRecording(SMALL);

let root: string;
let next = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fvp-run-dir-'));
});
afterAll(() => rm(root, { recursive: true }));
const fresh = (): string => join(root, `run-${next++}`);

async function written(what = recording): Promise<string> {
  const dir = fresh();
  await writeRun(await openRunDir(dir), what);
  return dir;
}

async function bytesOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')])),
  );
}

describe('writeRun', () => {
  it('writes the documents, the report and a log for each workload, mode and kind, and nothing else', async () => {
    const dir = fresh();
    const { files, reportPath } = await writeRun(await openRunDir(dir), recording);
    const logs = ['database', 'email'].flatMap((workload) =>
      ['none', 'write-back', 'write-back+1'].flatMap((mode) =>
        ['reads', 'writes', 'flushes'].map((kind) => `${workload}.${mode}.${kind}.hlog`),
      ),
    );
    expect(files).toEqual([
      ...logs,
      'totals.hlog',
      'timeline.json',
      'report.html',
      'timing.json',
      'run.json',
    ]);
    expect((await readdir(dir)).sort()).toEqual([...files].sort());
    expect(reportPath).toBe(join(dir, 'report.html'));
  });

  it('writes the same bytes for the same recording; only timing.json may differ', async () => {
    const other = sampleRecording(SMALL);
    const run = { ...other.timing.run, node: 'v99.0.0', startedAt: '2030-01-01T00:00:00.000Z' };
    const first = await bytesOf(await written());
    const second = await bytesOf(await written({ ...other, timing: { ...other.timing, run } }));
    expect(second['timing.json']).not.toBe(first['timing.json']);
    expect({ ...second, 'timing.json': '' }).toEqual({ ...first, 'timing.json': '' });
  });

  it('says nothing of machine, time or place outside timing.json', async () => {
    const { 'timing.json': _, ...files } = await bytesOf(await written());
    const { run } = recording.timing;
    for (const [name, text] of Object.entries(files)) {
      for (const secret of [
        root,
        process.cwd(),
        process.version,
        run.dir,
        run.cpu,
        run.startedAt,
        run.node,
      ]) {
        expect(text.includes(secret), `${name} holds ${secret}`).toBe(false);
      }
    }
  });

  it('writes logs whose counts add up to the document', async () => {
    const dir = await written();
    const text = await readFile(join(dir, 'email.write-back+1.writes.hlog'), 'utf8');
    expect(listTags(text)).toEqual(['response', 'service']);
    const reader = new HistogramLogReader(text);
    let count = 0;
    for (
      let histogram = reader.nextIntervalHistogram();
      histogram !== null;
      histogram = reader.nextIntervalHistogram()
    ) {
      if (histogram.tag === 'response') count += histogram.totalCount;
    }
    const { writes } = recording.document.results.find(
      ({ workload, mode }) => workload === 'email' && mode === 'write-back+1',
    )!;
    expect(count).toBe(writes.count);
  });

  it('keeps the logs of names apart that share a slug', async () => {
    const workloads = ['A b', 'a-b', 'A/B', 'a-b.none', '../../etc/passwd', ''];
    const hostile = sampleRecording({ ...SMALL, modes: ['none'], workloads });
    const dir = await written(hostile);
    const names = (await readdir(dir)).filter((name) => name.endsWith('.reads.hlog')).sort();
    expect(names).toEqual([
      'a-b.none-2.reads.hlog',
      'a-b.none-3.reads.hlog',
      'a-b.none.none.reads.hlog',
      'a-b.none.reads.hlog',
      'etc-passwd.none.reads.hlog',
      'unnamed.none.reads.hlog',
    ]);
    const back = await readRun(dir);
    expect(back.latencies.map(({ workload }) => workload)).toEqual(
      hostile.latencies.map(({ workload }) => workload),
    );
    for (const [i, { response }] of back.latencies.entries()) {
      expect(mergeAll(response).counts).toEqual(mergeAll(hostile.latencies[i]!.response).counts);
    }
  });

  it('is an IoError when the folder has gone', async () => {
    const dir = fresh();
    const runDir = await openRunDir(dir);
    await rm(dir, { recursive: true });
    await writeFile(dir, 'a file now');
    await expect(writeRun(runDir, recording)).rejects.toThrow(IoError);
  });
});

describe('writeRun that fails half-way', () => {
  it('leaves no file under its temporary name', async () => {
    const dir = fresh();
    const runDir = await openRunDir(dir);
    await mkdir(join(dir, 'timeline.json'));
    await expect(writeRun(runDir, recording)).rejects.toThrow(IoError);
    expect((await readdir(dir)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await readdir(dir)).not.toContain('run.json');
  });
});

describe('openRunDir', () => {
  it('creates the folder with its parents and leaves it empty', async () => {
    const dir = join(fresh(), 'deep', 'er');
    expect(await openRunDir(dir)).toEqual({ path: dir, previousFiles: [] });
    expect(await readdir(dir)).toEqual([]);
  });

  it('refuses a folder that holds something else', async () => {
    const dir = fresh();
    await mkdir(dir);
    await writeFile(join(dir, 'thesis.tex'), 'precious');
    const refused = openRunDir(dir);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('--out') });
    await writeFile(join(dir, 'run.json'), '{"schema":"somebody.else/1"}');
    await expect(openRunDir(dir)).rejects.toThrow(UsageError);
    await writeFile(join(dir, 'run.json'), 'not JSON');
    await expect(openRunDir(dir)).rejects.toThrow(UsageError);
    expect(await readFile(join(dir, 'thesis.tex'), 'utf8')).toBe('precious');
  });

  it('replaces an earlier run, and keeps what is not of the run', async () => {
    const dir = await written();
    await writeFile(join(dir, 'notes.txt'), 'mine');
    const smaller = sampleRecording({ ...SMALL, modes: ['none'], workloads: ['database'] });
    const { files } = await writeRun(await openRunDir(dir), smaller);
    expect((await readdir(dir)).sort()).toEqual([...files, 'notes.txt'].sort());
  });

  it('takes a folder in which a run was interrupted', async () => {
    const dir = fresh();
    await mkdir(dir);
    await writeFile(join(dir, '.fvp-run.json'), '{');
    await expect(openRunDir(dir)).resolves.toMatchObject({ previousFiles: [] });
  });

  it('is an IoError with a hint where the folder cannot be made or written', async () => {
    const file = fresh();
    await writeFile(file, '');
    for (const dir of [file, join(file, 'below'), '/proc/fvp-bench-run']) {
      const refused = openRunDir(dir);
      await expect(refused, dir).rejects.toThrow(IoError);
      await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('--out') });
    }
  });
});

describe('readRun', () => {
  it('gives back what was written', async () => {
    const back = await readRun(await written());
    expect(back.document).toEqual(recording.document);
    expect(back.timelines).toEqual(recording.timelines);
    expect(back.timing).toEqual(recording.timing);
    expect(back.latencies).toHaveLength(recording.latencies.length);
    for (const [i, latency] of recording.latencies.entries()) {
      const { workload, mode, kind, intervalNs, response } = back.latencies[i]!;
      expect({ workload, mode, kind, intervalNs }).toEqual({
        workload: latency.workload,
        mode: latency.mode,
        kind: latency.kind,
        intervalNs: latency.intervalNs,
      });
      expect(response.map(({ index, counts, max }) => ({ index, counts, max }))).toEqual(
        latency.response.map(({ index, counts, max }) => ({ index, counts, max })),
      );
    }
  });

  it('gives the very same report', async () => {
    const dir = await written();
    expect(renderReport(await readRun(dir))).toBe(await readFile(join(dir, 'report.html'), 'utf8'));
  });

  it('does without timing.json and ignores keys it does not know', async () => {
    const dir = await written();
    await rm(join(dir, 'timing.json'));
    const path = join(dir, 'run.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('{', '{ "later": [1],'));
    const back = await readRun(dir);
    expect(back.timing).toBeNull();
    expect(back.document).toMatchObject({ later: [1] });
  });

  it('names the file and the place of what is broken', async () => {
    const cases: [file: string, damage: (text: string) => string, message: RegExp][] = [
      [
        'run.json',
        (text) => text.replace('"seed": 1', '"seed": one'),
        /run\.json:3:11: not JSON; found "one,"$/,
      ],
      [
        'run.json',
        (text) => text.replace('fvp.run/1', 'fvp.run/9'),
        /run\.json: schema: .*; found "\\"fvp\.run\/9\\""$/,
      ],
      ['run.json', (text) => text.replace('"ios": ', '"ios": -'), /run\.json: workloads\[0\]\.ios: /],
      ['run.json', () => '[]', /run\.json: the document: /],
      [
        'timeline.json',
        (text) => text.replace('"intervals":8', '"intervals":"8"'),
        /timeline\.json: timelines\[0\]\.intervals: /,
      ],
      [
        'timing.json',
        (text) => text.replace('wallSeconds', 'wall'),
        /timing\.json: timing\[0\]\.wallSeconds: /,
      ],
      [
        'email.none.reads.hlog',
        (text) => text.replace('HIST', 'MIST'),
        /email\.none\.reads\.hlog:6: not a compressed histogram/,
      ],
      [
        'email.none.reads.hlog',
        (text) => text.replace('Tag=service', 'Tag=other'),
        /email\.none\.reads\.hlog:7: unknown tag; found "other"/,
      ],
      ['email.none.reads.hlog', (text) => text.replace('#[Interval', '#[Integral'), /does not say how long/],
    ];
    for (const [file, damage, message] of cases) {
      const dir = await written();
      const path = join(dir, file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, damage(text));
      expect(damage(text)).not.toBe(text);
      const refused = readRun(dir);
      await expect(refused, String(message)).rejects.toThrow(DataError);
      await expect(refused).rejects.toThrow(message);
    }
  });

  it('is a NoInputError where there is no run, or half of one', async () => {
    await expect(readRun(fresh())).rejects.toThrow(NoInputError);
    const dir = await written();
    await rm(join(dir, 'timeline.json'));
    await expect(readRun(dir)).rejects.toThrow(NoInputError);
  });
});
