/** Turns whatever was thrown into what a person, a script and the shell are told about it. */
import { inspect } from 'node:util';
import { AppError, BugError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { visibleText } from '../render/visible-text.ts';
import { unknownCommand } from './command-not-found.ts';

export interface Failure {
  readonly exitCode: number;
  /** Stable name for scripts, such as E_USAGE. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Set for bugs of fvp's only. */
  readonly stack: string | undefined;
  /** True where nothing is to be printed. */
  readonly silent: boolean;
}

/** What `--json` prints instead of a result. */
export interface FailureDocument {
  readonly error: {
    readonly code: string;
    readonly exitCode: number;
    readonly message: string;
    readonly hint: string | null;
  };
}

/** sysexits.h EX_USAGE, EX_SOFTWARE and EX_IOERR */
const EXIT_USAGE = 64;
const EXIT_BUG = 70;
const EXIT_IO = 74;

/** What the operating system refuses, in a person's words. */
const SYSTEM_REFUSALS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the device reports an error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in the system',
  ENOSPC: 'no space left on the device',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
};

/** The parts of oclif's errors that are used; by shape, because a plug-in may bring its own copy of oclif. */
interface OclifError extends Error {
  readonly oclif: { readonly exit?: number };
  readonly code?: string;
  readonly flags?: readonly string[];
  readonly args?: readonly unknown[];
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
}

/**
 * @param error anything that was thrown.
 * @param commandIds all commands, their words joined by colons; asked for only where a command is unknown.
 */
export function failureOf(error: unknown, commandIds: () => readonly string[]): Failure {
  if (error instanceof BugError) return bug(error);
  if (error instanceof AppError) {
    const { exitCode, code, message, hint } = error;
    return { exitCode, code, message, hint, stack: undefined, silent: false };
  }
  if (isOclifError(error)) return oclifFailure(error, commandIds);
  if (error instanceof Error) return systemFailure(error) ?? bug(error);
  return bug(new Error(`thrown: ${inspect(error)}`));
}

/** The text for standard error, with its newline. */
export function failureText(failure: Failure): string {
  const lines = [`fvp: ${visibleText(failure.message)}`];
  if (failure.hint !== undefined) lines.push(`  ${visibleText(failure.hint)}`);
  if (failure.stack !== undefined)
    lines.push('this is a bug in fvp; please report it with the lines below', failure.stack);
  return `${lines.join('\n')}\n`;
}

export function failureDocument(failure: Failure): FailureDocument {
  const { code, exitCode, message, hint } = failure;
  return { error: { code, exitCode, message, hint: hint ?? null } };
}

function bug(error: Error): Failure {
  return {
    exitCode: EXIT_BUG,
    code: 'E_BUG',
    message: error.message,
    hint: undefined,
    stack: error.stack ?? error.message,
    silent: false,
  };
}

function usage(message: string, hint: string | undefined): Failure {
  return { exitCode: EXIT_USAGE, code: 'E_USAGE', message, hint, stack: undefined, silent: false };
}

function systemFailure(error: NodeJS.ErrnoException): Failure | undefined {
  const refusal = error.syscall === undefined ? undefined : SYSTEM_REFUSALS[error.code ?? ''];
  if (refusal === undefined) return undefined;
  const what = error.path === undefined ? `${error.syscall}` : `${error.syscall} ${error.path}`;
  return {
    exitCode: EXIT_IO,
    code: 'E_IO',
    message: `${what}: ${refusal}`,
    hint: undefined,
    stack: undefined,
    silent: false,
  };
}

function isOclifError(error: unknown): error is OclifError {
  return (
    error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null
  );
}

const INVALID_OPTION = /^Expected (?:--(\S+?)=)?([\s\S]*) to be one of: (.*)$/;

const UNKNOWN_COMMAND = /^[Cc]ommand (.*) not found\.?$/s;

function oclifFailure(error: OclifError, commandIds: () => readonly string[]): Failure {
  if (error.code === 'EEXIT') {
    return {
      exitCode: error.oclif.exit ?? 0,
      code: 'E_EXIT',
      message: '',
      hint: undefined,
      stack: undefined,
      silent: true,
    };
  }
  const message = plainMessage(error.message);
  if (message.startsWith('Nonexistent flag') && error.flags !== undefined) {
    const known = Object.keys(error.parse?.input?.flags ?? {}).map((name) => `--${name}`);
    const [flag = ''] = error.flags;
    const others = error.flags.length > 1 ? ` (and ${error.flags.slice(1).join(', ')})` : '';
    return usage(
      `unknown flag ${flag}${others}`,
      didYouMean(flag.replace(/=.*$/s, ''), known) ?? 'add --help to see the flags',
    );
  }
  const command = UNKNOWN_COMMAND.exec(message)?.[1];
  if (command !== undefined)
    return failureOf(unknownCommand(command.split(/[: ]/), commandIds()), commandIds);
  const option = INVALID_OPTION.exec(message);
  if (option !== null) {
    const [, flag, found = '', choices = ''] = option;
    const names = choices.split(', ');
    const where = flag === undefined ? '' : `--${flag}: `;
    const hint = didYouMean(found, names);
    return usage(`${where}unknown value ${JSON.stringify(found)}; expected one of ${names.join(', ')}`, hint);
  }
  return usage(lowerFirst(message), 'add --help to see how the command is used');
}

/** Without the phrases that oclif wraps around a message. */
function plainMessage(message: string): string {
  return message.replace(/\nSee more help with --help$/, '').replace(/^Parsing --\S+ \n\t/, '');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
