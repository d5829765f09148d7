/** What this package throws for input that is not what it should be. */

export interface FioPlace {
  /** The input as the caller named it. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based; counts UTF-16 units in job files, bytes in results and logs. */
  readonly column: number;
}

export interface FioErrorDetails {
  /** The offending text, as found. */
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  /** What fio itself says about it, where fio refuses too. */
  readonly reason?: string | undefined;
  /** What to try next, one sentence. */
  readonly hint?: string | undefined;
}

const FOUND_SHOWN_MAX = 80;

function quote(text: string): string {
  return JSON.stringify(text.length > FOUND_SHOWN_MAX ? `${text.slice(0, FOUND_SHOWN_MAX)}…` : text);
}

/** Input that cannot be read, with its place; `message` is made of the other fields. */
export class FioError extends Error {
  readonly code = 'E_FIO';
  /** What is wrong, without the place. */
  readonly what: string;
  readonly place: FioPlace;
  readonly found: string | undefined;
  readonly expected: string | undefined;
  readonly reason: string | undefined;
  readonly hint: string | undefined;

  constructor(what: string, place: FioPlace, details: FioErrorDetails = {}) {
    const { found, expected, reason, hint } = details;
    super(
      `${place.file}:${place.line}:${place.column}: ${what}` +
        (found === undefined ? '' : `; found ${quote(found)}`) +
        (expected === undefined ? '' : `; expected ${expected}`) +
        (reason === undefined ? '' : `; fio: ${reason}`),
    );
    this.name = 'FioError';
    this.what = what;
    this.place = place;
    this.found = found;
    this.expected = expected;
    this.reason = reason;
    this.hint = hint;
  }
}
