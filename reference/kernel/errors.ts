/**
 * The errors a person can meet, each with its exit code (sysexits.h where one fits). An `AppError` is shown as its
 * message and hint, never as a stack trace; anything else that escapes is a bug of ours.
 */

export interface AppErrorOptions {
  /** What to try next, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

export abstract class AppError extends Error {
  abstract readonly code: string;
  abstract readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** Wrong flags, modes, names or parameters on the command line. */
export class UsageError extends AppError {
  readonly code = 'E_USAGE';
  readonly exitCode = 64;
}

export interface DataPlace {
  /** The file as the person named it; `-` is standard input. */
  readonly file: string;
  /** 1-based; absent for binary input, where `byte` says the place. */
  readonly line?: number | undefined;
  /** 1-based. */
  readonly column?: number | undefined;
  /** Byte offset in the (decoded) input, for binary formats. */
  readonly byte?: number | undefined;
}

export interface DataErrorOptions extends AppErrorOptions {
  /** The offending text, as found; it is shown quoted, shortened and with control characters escaped. */
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
}

const FOUND_SHOWN_MAX = 80;

/** Quotes text from outside for a message: control characters escaped, at most 80 characters. */
export function quoteFound(text: string): string {
  const shown = text.length > FOUND_SHOWN_MAX ? `${text.slice(0, FOUND_SHOWN_MAX)}…` : text;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Input that is not what it should be, with the place. */
export class DataError extends AppError {
  readonly code = 'E_DATA';
  readonly exitCode = 65;
  readonly place: DataPlace;

  constructor(what: string, place: DataPlace, options: DataErrorOptions = {}) {
    const where =
      place.line !== undefined
        ? `${place.file}:${place.line}${place.column !== undefined ? `:${place.column}` : ''}`
        : place.byte !== undefined
          ? `${place.file}: byte ${place.byte}`
          : place.file;
    const found = options.found === undefined ? '' : `; found ${quoteFound(options.found)}`;
    const expected = options.expected === undefined ? '' : `; expected ${options.expected}`;
    super(`${where}: ${what}${found}${expected}`, options);
    this.place = place;
  }
}

/** A named input does not exist or cannot be read. */
export class NoInputError extends AppError {
  readonly code = 'E_NO_INPUT';
  readonly exitCode = 66;
}

/** Something needed from outside (a program, a package, a server) is not there. */
export class UnavailableError extends AppError {
  readonly code = 'E_UNAVAILABLE';
  readonly exitCode = 69;
}

/** A broken assertion of ours. */
export class BugError extends AppError {
  readonly code = 'E_BUG';
  readonly exitCode = 70;
}

/** Reading or writing failed half-way: disk full, permission, a broken pipe. */
export class IoError extends AppError {
  readonly code = 'E_IO';
  readonly exitCode = 74;
}

/** The person pressed Ctrl-C. */
export class InterruptedError extends AppError {
  readonly code = 'E_INTERRUPTED';
  readonly exitCode = 130;
}

/** @throws BugError when `condition` is false. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new BugError(`assertion failed: ${what}`);
}
