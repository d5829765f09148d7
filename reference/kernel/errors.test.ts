import { describe, expect, it } from 'vitest';
import { assert, BugError, DataError, quoteFound, UsageError } from './errors.ts';
import { didYouMean, nearestName } from './nearest-name.ts';

describe('a data error', () => {
  it('says file, line, column, what was found and what was expected', () => {
    const place = { file: 'a.log', line: 7, column: 3 };
    const error = new DataError('bad operation', place, {
      found: 'reed',
      expected: 'read or write',
      hint: 'mend it',
    });
    expect(error.message).toBe('a.log:7:3: bad operation; found "reed"; expected read or write');
    expect([error.exitCode, error.hint]).toEqual([65, 'mend it']);
    expect(new DataError('torn', { file: '-', byte: 48 }).message).toBe('-: byte 48: torn');
  });

  it('shows hostile text escaped and shortened', () => {
    expect(quoteFound('\u001b[31m\u202e\u0085')).toBe('"\\u001b[31m\\u202e\\u0085"');
    expect(quoteFound('x'.repeat(10_000)).length).toBeLessThan(90);
  });
});

it('an assertion that fails is a bug of ours', () => {
  expect(() => assert(false, 'pigs fly')).toThrow(BugError);
  expect(() => assert(true, 'pigs walk')).not.toThrow();
  expect(new UsageError('x').exitCode).toBe(64);
});

describe('the nearest name', () => {
  const known = ['write-through', 'write-back', 'none', 'database'];
  it.each([
    ['write-bakc', 'write-back'],
    ['wrte-through', 'write-through'],
    ['NONE', 'none'],
    ['databse', 'database'],
    ['elephant', undefined],
    ['', undefined],
    ['x'.repeat(1000), undefined],
  ])('to %j is %s', (typed, name) => expect(nearestName(typed, known)).toBe(name));

  it('is offered as a question', () => expect(didYouMean('nome', known)).toBe('did you mean "none"?'));
});
