import { expect, test } from 'vitest';
import { DEFAULT_PRESET } from '../../reference/cluster/scenario/presets.ts';
import BenchRun from '../commands/bench/run.ts';
import type { BenchRequest } from '../replay/bench-request.ts';
import { benchRequestOf } from './bench-request.ts';
import { nextCommand } from './next-command.ts';

function request(workloads: string[], changes: Partial<BenchRequest>): BenchRequest {
  const defaults = { scenario: 'datacentre-2014', warmup: '0', preload: 'none', seed: '1', event: 'D' };
  return { ...benchRequestOf(workloads, defaults), ...changes };
}

test.each<[string[], Partial<BenchRequest>, string]>([
  [[], {}, 'fvp bench run --scenario datacentre-today'],
  [['email'], {}, 'fvp bench run email --scenario datacentre-today'],
  [['-'], {}, 'fvp bench run FILE --scenario datacentre-today'],
  [["it's here.log"], {}, "fvp bench run 'it'\\''s here.log' --scenario datacentre-today"],
  [[], { scenario: 'datacentre-today' }, 'fvp bench run --scenario datacentre-today --preload all'],
  [[], { scenario: 'mine.yaml', preloadFraction: 1 }, 'fvp bench run --scenario mine.yaml --speed 2x'],
  [
    [],
    { scenario: 'mine.yaml', preloadFraction: 1, replay: 'closed', iodepth: 4 },
    'fvp bench run --scenario mine.yaml --replay closed --iodepth 8',
  ],
])('after %j with %j comes %s', (workloads, changes, expected) => {
  expect(nextCommand(request(workloads, changes))).toBe(expected);
});

test('the default scenario that help names is the one there is', () => {
  expect(BenchRun.flags.scenario.default).toBe(DEFAULT_PRESET);
});
