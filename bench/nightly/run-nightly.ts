/**
 * `npm run nightly`: what searches at random, at its full size, and what takes too long for CI. Such a test reads its
 * size from an environment variable and is small in CI; a line here makes it large. Prints what each took and fails
 * when one does. `npm run nightly -- fuzz` runs those whose name has it.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

interface NightlyRun {
  readonly what: string;
  /** Path filter for vitest, or a program from this module's folder. */
  readonly run: { readonly tests: string } | { readonly program: string; readonly argv?: readonly string[] };
  readonly sizes?: Readonly<Record<string, string>>;
}

const RUNS: readonly NightlyRun[] = [
  {
    what: 'a million mutated traces through every reader',
    run: { tests: 'traces/formats/fuzz' },
    sizes: { FVP_FUZZ_INPUTS: '1000000' },
  },
  {
    what: 'mutated traces, cut in any pieces alike',
    run: { tests: 'traces/formats/formats.prop' },
    sizes: { FVP_FUZZ_RUNS: '20000' },
  },
  {
    what: 'a hundred thousand seeds of the cluster tester',
    run: {
      program: '../../../bench/bin/fvp.js',
      argv: ['cluster', 'fuzz', '--seeds', '100000', '--coverage'],
    },
  },
  {
    what: 'which mutants the unit tests of the protocol notice',
    run: { program: '../fuzz/run-mutants.js', argv: ['--unit-tests'] },
  },
  {
    what: 'a trace of 100 million rows, described and replayed in bounded memory',
    run: { program: '../long/run-long.js' },
  },
];

/** @returns the exit code; null where it was killed */
function exitCodeOf({ run, sizes = {} }: NightlyRun): number | null {
  const [command, argv] =
    'tests' in run
      ? ['npx', ['vitest', 'run', run.tests]]
      : [process.execPath, [fileURLToPath(new URL(run.program, import.meta.url)), ...(run.argv ?? [])]];
  // A size that the caller sets stays.
  return spawnSync(command, argv, { env: { ...sizes, ...process.env }, stdio: 'inherit' }).status;
}

function main(): void {
  const only = process.argv[2];
  const failed: string[] = [];
  for (const each of RUNS) {
    const { what, run } = each;
    if (only !== undefined && !('tests' in run ? run.tests : run.program).includes(only)) continue;
    const startedMs = performance.now();
    const status = exitCodeOf(each);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    process.stdout.write(`${what}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
    if (status !== 0) failed.push(what);
  }
  if (failed.length > 0) process.exitCode = 1;
}

main();
