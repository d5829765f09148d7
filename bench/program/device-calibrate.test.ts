import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadDevice, resolveParameters } from '../../reference/devices/registry.ts';
import { calibrationJobs } from './calibration-run.ts';
import { calibrate, calibrationLines } from './device-calibrate.ts';

const FLAGS = {
  model: 'empirical',
  base: undefined,
  operation: undefined,
  size: undefined,
  depth: undefined,
  output: undefined,
  run: undefined,
  overwrite: false,
  runtime: '1',
};

/** JSON+ of one job, as fio 3.33 shapes it. */
function jsonPlus(depth: number, bins: Readonly<Record<string, number>>): string {
  const total = Object.values(bins).reduce((sum, count) => sum + count, 0);
  const clat_ns = { min: 1, max: 1, mean: 1, stddev: 0, N: total, bins };
  return JSON.stringify({
    'fio version': 'fio-3.33',
    'global options': { ioengine: 'libaio' },
    jobs: [
      {
        jobname: `read-${depth}`,
        'job options': { rw: 'randread', iodepth: String(depth) },
        read: { io_bytes: total * 4096, io_kbytes: total * 4, total_ios: total, clat_ns },
      },
    ],
  });
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-calibrate-test-'));
  writeFileSync(join(folder, 'one.json'), jsonPlus(1, { '80384': 900, '120320': 96, '1003520': 4 }));
  writeFileSync(join(folder, 'eight.json'), jsonPlus(8, { '201728': 600, '403456': 400 }));
  writeFileSync(join(folder, 'no.json'), 'not fio\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('fvp device calibrate', () => {
  it('writes a preset that the empirical device takes, and gives back what was measured', async () => {
    const output = join(folder, 'my.yaml');
    const files = ['one.json', 'eight.json'].map((name) => join(folder, name));
    const document = await calibrate(files, { ...FLAGS, output });
    expect(document.fits.map(({ depth, operation, sizeBytes }) => [operation, sizeBytes, depth])).toEqual([
      ['read', 4096, 1],
      ['read', 4096, 8],
    ]);
    expect(document.worstP50).toBeLessThan(0.01);
    expect(document.worstP99).toBeLessThan(0.01);
    for (const { measuredPerSecond, modelPerSecond } of document.fits)
      expect(Math.abs(modelPerSecond / measuredPerSecond - 1)).toBeLessThan(0.01);
    for (const line of calibrationLines(document))
      expect(line.length).toBeLessThanOrEqual(100 + folder.length);
    const { device, parameters } = parse(readFileSync(output, 'utf8'));
    const loaded = await loadDevice(device, '.');
    expect(() => resolveParameters(loaded, { overrides: { tables: parameters.tables.value } })).not.toThrow();
  });

  it('says what is wrong with what it is given', async () => {
    await expect(calibrate([], FLAGS)).rejects.toThrow('nothing to calibrate from');
    await expect(calibrate([join(folder, 'no.json')], FLAGS)).rejects.toThrow('no.json');
    await expect(calibrate([join(folder, 'absent.json')], FLAGS)).rejects.toThrow('no such file');
  });

  it('does not write to anything that holds data unless it is told to', async () => {
    const target = join(folder, 'precious');
    writeFileSync(target, 'data');
    await expect(calibrate([], { ...FLAGS, run: target })).rejects.toThrow(
      'holds data, and measuring writes needs to write over it',
    );
    expect(readFileSync(target, 'utf8')).toBe('data');
    await expect(calibrate([], { ...FLAGS, run: folder })).rejects.toThrow('is a folder');
    expect(existsSync(target)).toBe(true);
  });

  it('measures reads and writes of two sizes at three depths, one after the other', () => {
    const jobs = calibrationJobs({ target: 'x', overwrite: false, runtimeS: 5, sizeBytes: 2 ** 30 });
    expect(jobs.match(/^\[rand/gm)).toHaveLength(12);
    expect(jobs).toContain('stonewall=1');
  });
});
