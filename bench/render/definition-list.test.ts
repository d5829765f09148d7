import { expect, test } from 'vitest';
import { definitionList } from './definition-list.ts';

test('descriptions stand beside their names and are wrapped', () => {
  const lines = definitionList(
    [
      { name: 'null', description: 'Measures the harness.' },
      {
        name: 'datacentre',
        description: 'Three hosts, each of\nwhich runs the workload and serves as a peer.',
      },
    ],
    40,
  );
  expect(lines).toEqual([
    'null        Measures the harness.',
    'datacentre  Three hosts, each of which',
    '            runs the workload and serves',
    '            as a peer.',
  ]);
});

test('a narrow terminal and a long word do no harm', () => {
  expect(definitionList([{ name: 'a', description: `b ${'c'.repeat(50)}` }], 5)).toEqual([
    'a  b',
    `   ${'c'.repeat(50)}`,
  ]);
  expect(definitionList([], 80)).toEqual([]);
});
