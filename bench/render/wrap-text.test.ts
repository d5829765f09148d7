import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapText } from './wrap-text.ts';

test('text is broken at spaces, as late as it fits', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('one two three', 6)).toEqual(['one', 'two', 'three']);
});

test('a number keeps its unit', () => {
  expect(wrapText('takes 305 µs of 16.1 % so', 9)).toEqual(['takes', '305 µs of', '16.1 % so']);
  expect(wrapText('at 16.1 % so', 7)).toEqual(['at', '16.1 %', 'so']);
  expect(wrapText('in 3 seconds', 5)).toEqual(['in 3', 'seconds']);
});

test('no word is lost, and only a word that is too long makes a line too long', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,9}$/)),
      fc.integer({ min: 1, max: 30 }),
      (words, room) => {
        const lines = wrapText(words.join(' '), room);
        expect(lines.join(' ')).toBe(words.join(' '));
        for (const line of lines) expect(line.length <= room || !line.includes(' ')).toBe(true);
      },
    ),
  );
});
