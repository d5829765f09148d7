/**
 * The program: runs one command line and turns whatever goes wrong into a message, a hint and an exit code.
 *
 * Every error passes through here, so that `fvp` never prints a raw stack trace for a mistake of the person's, never
 * anything but one JSON document on standard output when `--json` is given, and always exits with a documented code.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../reference/kernel/errors.ts';
import { type Failure, failureDocument, failureOf, failureText } from './failure.ts';
import { packageRoot } from './package-root.ts';
import { WELCOME } from './welcome.ts';

/** sysexits.h EX_IOERR */
const EXIT_IO = 74;

/**
 * Runs one command line to its end and sets the process's exit code.
 * @param argv the arguments after `fvp`.
 */
export async function main(argv: readonly string[]): Promise<void> {
  watchStandardOutput();
  const report = (error: unknown) => fail(failureOf(error, commandIds), argv);
  process.on('uncaughtException', (error) => process.exit(report(error)));
  process.on('unhandledRejection', (reason) => process.exit(report(reason)));
  if (argv.length === 0) {
    process.stdout.write(WELCOME);
    return;
  }
  try {
    const { run, settings } = await import('@oclif/core');
    settings.enableAutoTranspile = false;
    if (argv.includes('')) throw new UsageError('an argument is empty', { hint: 'check the quotes' });
    await run([...argv], { root: fileURLToPath(packageRoot()), userPlugins: false, devPlugins: false });
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** From oclif's manifest, which the build writes. */
function commandIds(): readonly string[] {
  const manifest = readFileSync(new URL('oclif.manifest.json', packageRoot()), 'utf8');
  return Object.keys((JSON.parse(manifest) as { commands: object }).commands);
}

/** Prints a failure. @returns the exit code. */
function fail(failure: Failure, argv: readonly string[]): number {
  if (failure.silent) return failure.exitCode;
  if (wantsJson(argv)) process.stdout.write(`${JSON.stringify(failureDocument(failure), null, 2)}\n`);
  process.stderr.write(failureText(failure));
  return failure.exitCode;
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** A reader that has gone away (`fvp … | head`) is no error; a full disk is. */
function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`fvp: cannot write standard output: ${error.message}\n`);
    process.exit(EXIT_IO);
  });
  process.stderr.on('error', () => {});
}
