import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { markdownTable } from '../../results/compare/render-comparison.ts';
import { packageRoot } from '../program/package-root.ts';
import { ERROR_RATE_HEADER, errorRateRows, errorRates } from './error-rates.ts';

const rates = errorRates(1000, 1);

test('the same code fails in under 1 % of gates, with any noise and any number of runs', () => {
  for (const { change, fail } of rates) if (change === 1) expect(fail).toBeLessThan(0.01);
});

test('a change of 20 % or more passes in under 1 % of gates', () => {
  for (const { change, pass } of rates) if (change > 1) expect(pass).toBeLessThan(0.01);
});

test('docs/gating.md has the very table', () => {
  const docs = readFileSync(new URL('docs/gating.md', packageRoot()), 'utf8');
  const cells = (line: string): string => line.replace(/\s*\|\s*/g, '|').replace(/-+:?/g, '-');
  const found = docs.split('\n').map(cells);
  for (const line of markdownTable(ERROR_RATE_HEADER, errorRateRows(rates)))
    expect(found).toContain(cells(line));
});
