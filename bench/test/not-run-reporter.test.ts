import { describe, expect, test } from 'vitest';
import { notRun, notRunLines } from './not-run-reporter.ts';

describe('what was not run', () => {
  test('is sorted by what it needs', () => {
    const found = notRun([
      'iolog > counts as fio does (needs fio: apt-get install fio)',
      'blktrace > equals blkparse, needs blkparse: apt-get install blktrace',
      'both, needs fio and zstd: apt-get install fio zstd',
      'vscsi > counts 113,872 rows (needs FVP_TRACES)',
      'something > else',
    ]);
    expect(found).toEqual({
      packages: ['blktrace', 'fio', 'zstd'],
      needPackages: 3,
      needTraces: ['vscsi > counts 113,872 rows (needs FVP_TRACES)'],
      unexplained: ['something > else'],
    });
  });
  test('is one line for each need', () => {
    const lines = notRunLines({
      packages: ['fio', 'zstd'],
      needPackages: 2,
      needTraces: ['vscsi > counts 113,872 rows (needs FVP_TRACES)'],
      unexplained: ['a', 'b'],
    });
    expect(lines).toEqual([
      'not run: 2 tests without a system package: apt-get install fio zstd',
      'not run: 1 test without the traces that may not be shipped (set FVP_TRACES to their folder):',
      '  vscsi > counts 113,872 rows (needs FVP_TRACES)',
      'not run: 2 tests for no stated reason: a; b',
    ]);
  });
  test('is nothing to talk about when everything ran', () => {
    expect(notRunLines(notRun([]))).toEqual([]);
  });
});
