/** Text from outside, made safe to be shown among our own. */

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPE_SEQUENCES =
  /[\u001b\u009b](?:[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|\[?[0-?]*[ -/]*[@-~]?)/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: end of the two expressions

/**
 * Without a terminal's escape sequences, control characters and marks that turn the direction of text; longer names are
 * cut to `length` characters, the last one an ellipsis.
 */
export function plainText(text: string, length = 40): string {
  const plain = text.replace(ESCAPE_SEQUENCES, '').replace(CONTROLS, '');
  // Enough for `length` code points of two code units each, so that a long name costs no more than its beginning.
  const characters = Array.from(plain.slice(0, 2 * length + 2));
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : plain;
}

/** Pretty JSON in which control characters and marks of direction are visible as `\uXXXX`. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(CONTROLS, (mark) =>
    mark === '\n' ? mark : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As `text`, in characters of ASCII only, one for one. */
export function asciiText(text: string): string {
  return text
    .replaceAll('µ', 'u')
    .replaceAll('…', '.')
    .replaceAll('·', '-')
    .replace(/[^ -~]/gu, '?');
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}
