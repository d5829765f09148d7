/** The place of a JSON error, held against `JSON.parse`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonErrorOffset } from './json-error.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('jsonErrorOffset', () => {
  it('finds an error just where JSON.parse does', () => {
    const damaged = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.string({ maxLength: 2, unit: fc.constantFrom(...'{}[],:"\\01-.etn ') }),
      )
      .map(([text, where, cut, more]) => {
        const at = where % (text.length + 1);
        return text.slice(0, at) + more + text.slice(at + cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        const offset = jsonErrorOffset(text);
        expect(offset === undefined).toBe(isJson(text));
        // Nothing before the place is wrong: cut off there, the text is only unfinished, or JSON by itself.
        if (offset !== undefined)
          expect([undefined, offset]).toContain(jsonErrorOffset(text.slice(0, offset)));
      }),
      { numRuns: 2000 },
    );
  });

  it('points at the first character that is wrong', () => {
    const cases: [text: string, offset: number][] = [
      ['', 0],
      ['{"a": one}', 6],
      ['{"a": 1,}', 8],
      ['[1 2]', 3],
      ['[1]]', 3],
      ['{"a" 1}', 5],
      ['{"a": "b', 6],
      ['{"a": 1', 7],
      ['{1: 2}', 1],
    ];
    for (const [text, offset] of cases) expect(jsonErrorOffset(text), text).toBe(offset);
  });
});
