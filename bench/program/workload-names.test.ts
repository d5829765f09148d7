import { expect, test } from 'vitest';
import { NoInputError } from '../../reference/kernel/errors.ts';
import { checkWorkloadNames } from './workload-names.ts';

const SHIPPED = ['database', 'email'];

function thrownBy(name: string): NoInputError {
  try {
    checkWorkloadNames([name], SHIPPED);
  } catch (error) {
    if (error instanceof NoInputError) return error;
  }
  throw new Error(`${name} was taken`);
}

test('standard input, shipped names, files and folders are taken', () => {
  checkWorkloadNames(['-', 'email', import.meta.filename, import.meta.dirname], SHIPPED);
});

test('a misspelt shipped name is met with the nearest', () => {
  expect(thrownBy('databse').hint).toBe('did you mean "database"?');
});

test('a file that is not there is named as it was typed', () => {
  const { message, hint } = thrownBy('./nowhere.log');
  expect(message).toBe('no file, folder or shipped workload is called "./nowhere.log"');
  expect(hint).toBe('fvp workload list shows what comes with fvp');
});
