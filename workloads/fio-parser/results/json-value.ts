/**
 * A piece of JSON as a value. The platform's own parser does it, at its speed; only where that fails, or a place has to
 * be found, does the slower one here, which knows where everything stands and takes what fio prints and JSON forbids:
 * `nan` and `inf` (as null) and control characters in strings.
 */
import { FioError, type FioPlace } from '../fio-error.ts';
import type { JsonPiece } from './json-splitter.ts';

export type JsonPath = readonly (string | number)[];

const decoder = new TextDecoder();

/** @throws FioError with the place where it is no JSON. */
export function parsePiece(piece: JsonPiece, file: string): unknown {
  try {
    return JSON.parse(decoder.decode(piece.bytes));
  } catch {
    return new LocatingParser(piece, file).parse();
  }
}

/** Where a value of the piece stands; the nearest enclosing one where there is no such value. */
export function placeOf(piece: JsonPiece, file: string, path: JsonPath): FioPlace {
  const parser = new LocatingParser(piece, file, path);
  parser.parse();
  return parser.placeAt(parser.foundAt);
}

const NOT_A_NUMBER = /[-+]?(?:nan|inf(?:inity)?)(?![a-z0-9_])/iy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const STRING_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class LocatingParser {
  foundAt = 0;
  readonly #piece: JsonPiece;
  readonly #file: string;
  /** Latin-1, so that an index is a byte offset. */
  readonly #text: string;
  readonly #wanted: JsonPath | undefined;
  #at = 0;

  constructor(piece: JsonPiece, file: string, wanted?: JsonPath) {
    this.#piece = piece;
    this.#file = file;
    this.#text = Buffer.from(piece.bytes.buffer, piece.bytes.byteOffset, piece.bytes.length).toString(
      'latin1',
    );
    this.#wanted = wanted;
  }

  parse(): unknown {
    const value = this.#value(0, true);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('the end of the document');
    return value;
  }

  placeAt(offset: number): FioPlace {
    let anchor = this.#piece.anchors[0] ?? { offset: 0, line: 1, column: 1 };
    for (const next of this.#piece.anchors) if (next.offset <= offset) anchor = next;
    let { line, column } = anchor;
    for (let at = anchor.offset; at < offset; at++) {
      if (this.#text.charCodeAt(at) === 10) {
        line++;
        column = 1;
      } else {
        column++;
      }
    }
    return { file: this.#file, line, column };
  }

  #fail(expected: string): never {
    const rest = this.#text.slice(this.#at).split('\n', 1)[0] ?? '';
    const found =
      rest === '' && this.#at >= this.#text.length ? 'the end of the document' : rest.slice(0, 40);
    throw new FioError('not JSON', this.placeAt(this.#at), { found, expected });
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at++;
  }

  /** @param onPath whether the path so far is the wanted one's beginning. */
  #value(depth: number, onPath: boolean): unknown {
    this.#space();
    if (onPath) this.foundAt = this.#at;
    const character = this.#text.charAt(this.#at);
    if (character === '{') return this.#object(depth, onPath);
    if (character === '[') return this.#array(depth, onPath);
    if (character === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    if (this.#match(NOT_A_NUMBER) !== undefined) return null;
    const number = this.#match(NUMBER);
    if (number === undefined) this.#fail('a value');
    return Number(number);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #object(depth: number, onPath: boolean): unknown {
    const object: Record<string, unknown> = Object.create(null);
    this.#at++;
    this.#space();
    if (this.#take('}')) return object;
    for (;;) {
      this.#space();
      if (this.#text.charAt(this.#at) !== '"') this.#fail('a name in quotes');
      const name = this.#string();
      this.#space();
      if (!this.#take(':')) this.#fail('":"');
      object[name] = this.#value(depth + 1, onPath && this.#wanted?.[depth] === name);
      this.#space();
      if (this.#take('}')) return object;
      if (!this.#take(',')) this.#fail('"," or "}"');
    }
  }

  #array(depth: number, onPath: boolean): unknown {
    const array: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#take(']')) return array;
    for (;;) {
      array.push(this.#value(depth + 1, onPath && this.#wanted?.[depth] === array.length));
      this.#space();
      if (this.#take(']')) return array;
      if (!this.#take(',')) this.#fail('"," or "]"');
    }
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    let text = '';
    let from = ++this.#at;
    for (;;) {
      const character = this.#text.charAt(this.#at);
      if (character === '') this.#fail('a closing quote');
      if (character === '"' || character === '\\') {
        text += this.#text.slice(from, this.#at);
        if (character === '"') break;
        const escaped = this.#text.charAt(this.#at + 1);
        const hex = /^[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at + 2, this.#at + 6))?.[0];
        if (escaped === 'u' && hex !== undefined) {
          text += Buffer.from(String.fromCharCode(Number.parseInt(hex, 16))).toString('latin1');
          this.#at += 6;
        } else {
          text += STRING_ESCAPES[escaped] ?? this.#fail('an escape of JSON');
          this.#at += 2;
        }
        from = this.#at;
      } else {
        this.#at++;
      }
    }
    this.#at++;
    return decoder.decode(Buffer.from(text, 'latin1'));
  }
}
