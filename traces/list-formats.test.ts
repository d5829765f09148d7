import { expect, it } from 'vitest';
import { listFormats } from './list-formats.ts';
import { writerTable } from './writer-table.ts';

it('the list has every format and every form that is written', () => {
  const formats = listFormats();
  expect(formats).toHaveLength(28);
  const forms = formats.flatMap(({ writtenAs }) => writtenAs.map(({ name }) => name));
  expect(forms.sort()).toEqual(writerTable.map(({ name }) => name).sort());
  for (const { description, recognisedBy } of formats) {
    expect(description.length).toBeGreaterThan(10);
    expect(recognisedBy.length).toBeGreaterThan(10);
  }
});
