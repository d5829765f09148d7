import { expect, test } from 'vitest';
import { visibleText } from './visible-text.ts';

test('what a terminal would obey or turn around is shown instead', () => {
  expect(visibleText('a\u001b[31mb\u0007\u202ec\r')).toBe('a\\u001b[31mb\\u0007\\u202ec\\u000d');
});

test('lines and other languages stay', () => {
  expect(visibleText('größe µs 日本\nزبان 🙂')).toBe('größe µs 日本\nزبان 🙂');
});
