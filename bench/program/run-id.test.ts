import { expect, test } from 'vitest';
import { runId } from './run-id.ts';

const STARTED = new Date(Date.UTC(2026, 10, 23, 10, 45, 12, 345));

test('a run id is the UTC second and a short hash', () => {
  expect(runId(STARTED)).toMatch(/^20261123T104512Z-[0-9a-f]{6}$/);
});

test('two runs of the same second differ', () => {
  const ids = new Set(Array.from({ length: 50 }, () => runId(STARTED)));
  expect(ids.size).toBe(50);
});
