/**
 * Finds fio's JSON documents in a stream of bytes that may hold other text, and cuts them into pieces small enough to
 * parse: each element of `jobs` and `client_stats` by itself, and the rest. Memory is bounded by the largest piece.
 */
import { FioError } from '../fio-error.ts';

/** A piece of JSON text. */
export interface JsonPiece {
  readonly bytes: Uint8Array;
  /** Where parts of the piece began in the input, by ascending offset in the piece. */
  readonly anchors: readonly Anchor[];
}

export interface Anchor {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export interface SplitterSink {
  /** An element of a list of job results; its document is still going on. */
  element(piece: JsonPiece, list: string): void;
  /** The rest of a document, with 0 in the place of each element. @param textBefore what stood before it. */
  document(piece: JsonPiece, textBefore: string): void;
}

const LISTS = ['jobs', 'client_stats'];
const KEY_BYTES_MAX = 32;
/** fio nests 7 levels; assumed generous. */
const DEPTH_MAX = 64;
/** A job of fio 3.42 with every histogram full takes about 600 kB; assumed generous. */
const PIECE_BYTES_MAX = 64 * 1024 * 1024;
/** How much of the text around documents is kept. */
const TEXT_BYTES_MAX = 4096;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Between documents. */
const OUTSIDE = 0;
/** After a `{` at the start of a line: a document if a key follows. */
const OPENED = 1;
const INSIDE = 2;

class ByteBuffer {
  length = 0;
  anchors: Anchor[] = [];
  #bytes = new Uint8Array(4096);

  append(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk.subarray(from, to), this.length);
    this.length = needed;
  }
  anchor(line: number, column: number): void {
    this.anchors.push({ offset: this.length, line, column });
  }
  /** Hands the content out; the next content is written over it. */
  take(): JsonPiece {
    const piece = { bytes: this.#bytes.subarray(0, this.length), anchors: this.anchors };
    this.length = 0;
    this.anchors = [];
    return piece;
  }
}

const OPENING = Uint8Array.of(OPEN_BRACE);
const PLACEHOLDER = Uint8Array.of(ZERO);

/** 1 for bytes that neither end a line nor begin or end a string, an object or a list. */
const PLAIN = new Uint8Array(256).fill(1);
for (const byte of [NEWLINE, QUOTE, BACKSLASH, OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACE, CLOSE_BRACKET])
  PLAIN[byte] = 0;

export class JsonSplitter {
  readonly #file: string;
  readonly #sink: SplitterSink;
  readonly #rest = new ByteBuffer();
  readonly #element = new ByteBuffer();
  #state = OUTSIDE;
  #line = 1;
  /** Column of the byte that is next. */
  #column = 1;
  /** Where the `{` of the document stands. */
  #openedLine = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last string at depth 1, as far as it can be the name of a list. */
  #key = '';
  #list = '';
  #inElement = false;
  #text = '';

  constructor(file: string, sink: SplitterSink) {
    this.#file = file;
    this.#sink = sink;
  }

  /** @throws FioError when a document is nested too deeply or a piece is too large. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === INSIDE) at = this.#inside(chunk, at);
      else at = this.#outside(chunk, at);
    }
  }

  /** @returns text after the last document. @throws FioError when a document is cut short. */
  end(): string {
    if (this.#state === INSIDE) {
      throw new FioError(
        'the document is cut short',
        { file: this.#file, line: this.#line, column: this.#column },
        {
          found: 'the end of the input',
          expected: `the end of the document that begins in line ${this.#openedLine}`,
          hint: 'fio writes its document when it ends; was it killed, or the file cut off?',
        },
      );
    }
    if (this.#state === OPENED) this.#keep(OPEN_BRACE);
    return this.#text;
  }

  #keep(byte: number): void {
    if (this.#text.length < TEXT_BYTES_MAX) this.#text += String.fromCharCode(byte);
  }

  #outside(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#state === OPENED) {
        if (byte === QUOTE) {
          this.#state = INSIDE;
          this.#depth = 1;
          this.#key = '';
          this.#rest.anchor(this.#line, this.#column);
          return at;
        }
        // The white space after `{` needs no copy: an anchor has the place of what follows.
        if (byte !== SPACE && byte !== TAB && byte !== NEWLINE && byte !== RETURN) {
          this.#state = OUTSIDE;
          this.#rest.take();
          this.#keep(OPEN_BRACE);
        }
      }
      if (this.#state === OUTSIDE) {
        if (byte === OPEN_BRACE && this.#column === 1) {
          this.#state = OPENED;
          this.#openedLine = this.#line;
          this.#rest.anchor(this.#line, this.#column);
          this.#rest.append(OPENING, 0, 1);
        } else {
          this.#keep(byte);
        }
      }
      // A carriage return alone also starts a line: fio's progress display ends in one.
      if (byte === NEWLINE) this.#line++;
      if (byte === NEWLINE || byte === RETURN) this.#column = 1;
      else this.#column++;
    }
    return chunk.length;
  }

  /** Copies and counts up to the end of the chunk or of the document. @returns where it stopped. */
  #inside(chunk: Uint8Array, from: number): number {
    let copied = from;
    let lineStart = from - (this.#column - 1);
    let at = from;
    const copyTo = (end: number) => {
      const target = this.#inElement ? this.#element : this.#rest;
      target.append(chunk, copied, end);
      if (target.length > PIECE_BYTES_MAX) {
        throw new FioError('the document is too large', this.#place(lineStart, at), {
          expected: `a job result of at most ${PIECE_BYTES_MAX} bytes`,
        });
      }
      copied = end;
    };
    for (; at < chunk.length; at++) {
      // Deeper down only strings, brackets and lines matter.
      if (this.#depth > 1 && !this.#escaped) {
        let inString = this.#inString;
        let line = this.#line;
        for (; at < chunk.length; at++) {
          const byte = chunk[at]!;
          if (PLAIN[byte] === 1) continue;
          if (byte === NEWLINE) {
            line++;
            lineStart = at + 1;
          } else if (byte === QUOTE) inString = !inString;
          else if (!inString || byte === BACKSLASH) break;
        }
        this.#inString = inString;
        this.#line = line;
        if (at === chunk.length) break;
      }
      const byte = chunk[at]!;
      if (byte === NEWLINE) {
        this.#line++;
        lineStart = at + 1;
        continue;
      }
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        else if (this.#depth === 1 && this.#key.length < KEY_BYTES_MAX)
          this.#key += String.fromCharCode(byte);
        continue;
      }
      if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#key = '';
      } else if (byte === COMMA) {
        if (this.#depth === 1) this.#key = '';
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (this.#depth === 1) {
          this.#list = byte === OPEN_BRACKET && LISTS.includes(this.#key) ? this.#key : '';
        } else if (this.#depth === 2 && byte === OPEN_BRACE && this.#list !== '') {
          copyTo(at);
          this.#inElement = true;
          this.#element.anchor(this.#line, at - lineStart + 1);
        }
        if (++this.#depth > DEPTH_MAX) {
          throw new FioError('nested too deeply', this.#place(lineStart, at), {
            expected: `at most ${DEPTH_MAX} levels`,
          });
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--;
        if (this.#depth === 2 && this.#inElement) {
          copyTo(at + 1);
          this.#inElement = false;
          this.#rest.append(PLACEHOLDER, 0, 1);
          this.#rest.anchor(this.#line, at + 1 - lineStart + 1);
          this.#sink.element(this.#element.take(), this.#list);
        } else if (this.#depth === 0) {
          copyTo(at + 1);
          this.#state = OUTSIDE;
          const text = this.#text;
          this.#text = '';
          this.#sink.document(this.#rest.take(), text);
          this.#column = at + 1 - lineStart + 1;
          return at + 1;
        }
      }
    }
    copyTo(at);
    this.#column = at - lineStart + 1;
    return at;
  }

  #place(lineStart: number, at: number) {
    return { file: this.#file, line: this.#line, column: at - lineStart + 1 };
  }
}
