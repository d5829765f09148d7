import { describe, expect, test } from 'vitest';
import {
  BugError,
  DataError,
  InterruptedError,
  IoError,
  NoInputError,
  UnavailableError,
  UsageError,
} from '../../reference/kernel/errors.ts';
import { failureDocument, failureOf, failureText } from './failure.ts';

const IDS = () => ['bench:run', 'cluster:list'];

describe('what went wrong', () => {
  test.each([
    [new UsageError('m'), 64, 'E_USAGE'],
    [new DataError('m', { file: 'a.log', line: 3, column: 7 }), 65, 'E_DATA'],
    [new NoInputError('m'), 66, 'E_NO_INPUT'],
    [new UnavailableError('m'), 69, 'E_UNAVAILABLE'],
    [new IoError('m'), 74, 'E_IO'],
    [new InterruptedError('m'), 130, 'E_INTERRUPTED'],
  ])('as %o is told without a stack', (error, exitCode, code) => {
    const failure = failureOf(error, IDS);
    expect(failure).toMatchObject({ exitCode, code, stack: undefined, message: error.message });
    expect(failureText(failure)).toBe(`fvp: ${error.message}\n`);
  });

  test.each([new BugError('broken'), new TypeError('broken'), new RangeError('broken')])(
    'as %o is called a bug, with its stack',
    (error) => {
      const failure = failureOf(error, IDS);
      expect(failure.exitCode).toBe(70);
      const text = failureText(failure);
      expect(text).toContain('this is a bug in fvp');
      expect(text).toMatch(/^\s+at .*failure\.test\.ts/m);
    },
  );
  test('as something that is no error is called a bug too', () => {
    expect(failureOf('oh', IDS)).toMatchObject({ exitCode: 70, message: "thrown: 'oh'" });
    expect(failureOf(undefined, IDS).exitCode).toBe(70);
    expect(failureOf(Object.create(null), IDS).exitCode).toBe(70);
  });

  test('as a refusal of the system is an input/output error in words', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(failureOf(full, IDS)).toMatchObject({
      exitCode: 74,
      message: 'write: no space left on the device',
    });
  });
});

test('the hint stands on its own line', () => {
  const failure = failureOf(new UsageError('unknown mode "nnoe"', { hint: 'did you mean "none"?' }), IDS);
  expect(failureText(failure)).toBe('fvp: unknown mode "nnoe"\n  did you mean "none"?\n');
});

test('a name from outside cannot steer the terminal', () => {
  const failure = failureOf(new NoInputError('no \u001b]0;x\u0007', { hint: '\u001b[2J' }), IDS);
  expect(failureText(failure)).toBe('fvp: no \\u001b]0;x\\u0007\n  \\u001b[2J\n');
});

test('the document holds code, exit code, message and hint, and never a stack', () => {
  expect(failureDocument(failureOf(new UsageError('m', { hint: 'h' }), IDS))).toEqual({
    error: { code: 'E_USAGE', exitCode: 64, message: 'm', hint: 'h' },
  });
  expect(failureDocument(failureOf(new TypeError('m'), IDS))).toEqual({
    error: { code: 'E_BUG', exitCode: 70, message: 'm', hint: null },
  });
});
