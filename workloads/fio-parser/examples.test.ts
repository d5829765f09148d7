import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as api from './index.ts';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]!);

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url));
}

/** What the examples take for given. */
const given = {
  output: fixture('gen.jsonplus.json'),
  latencyLog: [fixture('offset_lat.1.log')],
  histogramLog: [fixture('coarse6_clat_hist.1.log')],
};

function shown(values: readonly unknown[]): string {
  return values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ');
}

describe('the examples of the README', () => {
  test.each(examples.map((code, index) => [index + 1, code] as const))(
    'print what they say: %i',
    async (_, code) => {
      const printed: string[] = [];
      const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((match) => match[1]!);
      const body = code.replace(/import (\{[^}]*\}) from '@fvp-bench\/fio-parser';/, 'const $1 = api;');
      const names = ['api', 'console', ...Object.keys(given)];
      const run = new Function(...names, `return (async () => {${body}})();`);
      await run(api, { log: (...values: unknown[]) => printed.push(shown(values)) }, ...Object.values(given));
      expect(printed).toEqual(expected);
      expect(expected.length).toBeGreaterThan(0);
    },
  );
  test('are all found', () => {
    expect(examples).toHaveLength(3);
  });
});

test('the API of the README names what is exported, and nothing else', () => {
  const section = /## API\n([\s\S]*?)\n## /.exec(readme)![1]!;
  const firstCells = section.split('\n').map((line) => (line.startsWith('| `') ? line.split(' | ')[0]! : ''));
  const named = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map((match) => match[1]!));
  expect([...named].sort()).toEqual(Object.keys(api).sort());
});
