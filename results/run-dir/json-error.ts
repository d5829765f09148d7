/** Where a text stops being JSON; what `JSON.parse` says of it differs by Node version, and often lacks the place. */

const BLANK = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null/y;

type Wanted = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'comma' | 'end';

/** @returns the offset of the first character that cannot stand there in JSON, or undefined when all of it is JSON */
export function jsonErrorOffset(text: string): number | undefined {
  const open: string[] = [];
  let wanted: Wanted = 'value';
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const afterValue = (): Wanted => (open.length === 0 ? 'end' : 'comma');
  for (;;) {
    skip(BLANK);
    if (at === text.length) return wanted === 'end' ? undefined : at;
    const character = text[at]!;
    const closes = character === (open[open.length - 1] === '{' ? '}' : ']') && open.length > 0;
    if (closes && (wanted === 'comma' || wanted === 'first value' || wanted === 'first key')) {
      open.pop();
      at++;
      wanted = afterValue();
    } else if (wanted === 'comma') {
      if (character !== ',') return at;
      at++;
      wanted = open[open.length - 1] === '{' ? 'key' : 'value';
    } else if (wanted === 'colon') {
      if (character !== ':') return at;
      at++;
      wanted = 'value';
    } else if (wanted === 'key' || wanted === 'first key') {
      if (!skip(STRING)) return at;
      wanted = 'colon';
    } else if (wanted === 'end') {
      return at;
    } else if (character === '{' || character === '[') {
      open.push(character);
      at++;
      wanted = character === '{' ? 'first key' : 'first value';
    } else if (skip(STRING) || skip(SCALAR)) {
      wanted = afterValue();
    } else {
      return at;
    }
  }
}
