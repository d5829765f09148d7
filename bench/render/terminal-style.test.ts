import { describe, expect, test } from 'vitest';
import { terminalStyle } from './terminal-style.ts';

const UTF8 = { LANG: 'en_GB.UTF-8' };

describe('colour', () => {
  test.each([
    ['a terminal', true, UTF8, true],
    ['a pipe', false, UTF8, false],
    ['a terminal with NO_COLOR', true, { ...UTF8, NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', true, { ...UTF8, NO_COLOR: '' }, true],
    ['a pipe with FORCE_COLOR', false, { ...UTF8, FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', true, { ...UTF8, FORCE_COLOR: '0' }, false],
    ['a dumb terminal', true, { ...UTF8, TERM: 'dumb' }, false],
  ])('of %s', (_, isTTY, env, colour) => {
    expect(terminalStyle({ isTTY, columns: 80 }, env).colour).toBe(colour);
  });
});

test('characters beyond ASCII need a UTF-8 locale on a terminal and none in a file', () => {
  expect(terminalStyle({ isTTY: true }, UTF8).unicode).toBe(true);
  expect(terminalStyle({ isTTY: true }, { LANG: 'C' }).unicode).toBe(false);
  expect(terminalStyle({ isTTY: true }, { LANG: 'C', LC_ALL: 'C.UTF-8' }).unicode).toBe(true);
  expect(terminalStyle({ isTTY: false }, { LANG: 'C' }).unicode).toBe(true);
});

test("width is the terminal's, and 100 columns elsewhere", () => {
  expect(terminalStyle({ isTTY: true, columns: 63 }, UTF8).width).toBe(63);
  expect(terminalStyle({ isTTY: false, columns: 63 }, UTF8).width).toBe(100);
  expect(terminalStyle({ isTTY: true }, UTF8).width).toBe(100);
});
