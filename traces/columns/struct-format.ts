/** Format strings of Python's struct module: byte order and fields. */
import { FIELD_BYTES, type FieldType } from './record-columns.ts';

export interface StructFormat {
  readonly little: boolean;
  readonly recordBytes: number;
  /** Of each field that is no padding. */
  readonly places: readonly { readonly type: FieldType; readonly at: number }[];
}

/** assumed: no trace has longer records. */
const RECORD_BYTES_MAX = 4096;

/**
 * `<IQIq`: `<` little-endian, `>` big-endian; B H I Q (unsigned), b h i q, f d, and x for a byte of padding; a number
 * in front repeats. L and l are 4 bytes. Nothing is aligned.
 * @returns undefined when it is no such string
 */
export function parseStructFormat(text: string): StructFormat | undefined {
  const match = /^([<>])((?:[0-9]{0,4}[BbHhIiLlQqfdx])+)$/.exec(text.trim());
  if (match === null) return undefined;
  const places: { type: FieldType; at: number }[] = [];
  let at = 0;
  for (const [, times, letter] of match[2]!.matchAll(/([0-9]*)([A-Za-z])/g)) {
    for (let i = 0; i < Number(times === '' ? 1 : times); i++) {
      if (at > RECORD_BYTES_MAX) return undefined;
      if (letter === 'x') {
        at++;
        continue;
      }
      const type = (letter === 'L' ? 'I' : letter === 'l' ? 'i' : letter) as FieldType;
      places.push({ type, at });
      at += FIELD_BYTES[type];
    }
  }
  return at === 0 || at > RECORD_BYTES_MAX
    ? undefined
    : { little: match[1] === '<', recordBytes: at, places };
}
