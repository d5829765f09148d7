import { expect, test } from 'vitest';
import { UsageError } from '../../reference/kernel/errors.ts';
import { microLines, microTimeMs, runMicro } from './run-micro.ts';

test('the time of a benchmark is kept in its bounds', () => {
  expect(microTimeMs('10ms')).toBe(10);
  expect(microTimeMs('10m')).toBe(600_000);
  for (const text of ['9ms', '11m', '0']) expect(() => microTimeMs(text)).toThrow(UsageError);
});

test('results stand in columns, large rates in millions', () => {
  const result = { group: 'g', relativeMarginOfError: 0.0123, samples: 9 };
  const lines = microLines([
    { ...result, task: 'null write', unit: 'operations', perSecond: 43_794_000 },
    { ...result, task: 'open', unit: 'runs', perSecond: 1234.4 },
  ]);
  expect(lines).toEqual([
    '  null write    43.8 M operations per second  ± 1.23 %',
    '  open           1,234 runs per second  ± 1.23 %',
  ]);
});

test('a group runs alone and its tasks say what they count', async () => {
  const printed: string[] = [];
  const { results } = await runMicro({
    groups: ['devices'],
    timeMs: 10,
    print: (line) => printed.push(line),
  });
  expect(printed[0]).toBe('devices');
  expect(printed).toHaveLength(1 + results.length);
  expect(results.length).toBeGreaterThan(0);
  for (const { group, unit, perSecond } of results) {
    expect(group).toBe('devices');
    expect(unit).toBe('operations');
    expect(perSecond).toBeGreaterThan(0);
  }
});
