/**
 * `npm run nightly`: the tests that search at random, at their full size. Each reads its size from an environment
 * variable and is small in CI; a line here makes it large. Prints what each took and fails when one does.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

interface NightlyRun {
  readonly what: string;
  /** Path filter for vitest. */
  readonly tests: string;
  readonly sizes: Readonly<Record<string, string>>;
}

const RUNS: readonly NightlyRun[] = [
  {
    what: 'a million mutated traces through every reader',
    tests: 'traces/formats/fuzz',
    sizes: { FVP_FUZZ_INPUTS: '1000000' },
  },
  {
    what: 'mutated traces, cut in any pieces alike',
    tests: 'traces/formats/formats.prop',
    sizes: { FVP_FUZZ_RUNS: '20000' },
  },
];

function main(): void {
  const only = process.argv[2];
  const failed: string[] = [];
  for (const { what, tests, sizes } of RUNS) {
    if (only !== undefined && !tests.includes(only)) continue;
    const startedMs = performance.now();
    // A size that the caller sets stays.
    const env = { ...process.env, ...sizes };
    for (const name of Object.keys(sizes)) env[name] = process.env[name] ?? sizes[name];
    const { status } = spawnSync('npx', ['vitest', 'run', tests], { env, stdio: 'inherit' });
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    process.stdout.write(`${what}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
    if (status !== 0) failed.push(what);
  }
  if (failed.length > 0) process.exitCode = 1;
}

main();
