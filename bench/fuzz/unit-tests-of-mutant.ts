/** Whether the protocol's unit tests notice a mutant, which they should not: it is the cluster tester that must. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BugError } from '../../reference/kernel/errors.ts';
import type { Mutant } from '../../reference/testing/mutants/mutants.ts';
import { packageRoot } from '../program/package-root.ts';

/** A mutant that makes a test go on for ever is noticed, too. Assumed: many times what all of them take. */
const HANG_MS = 300_000;

/** @returns the first test that fails, 'a test that hangs'; undefined when all pass */
export function failingUnitTest({ name }: Mutant): Promise<string | undefined> {
  const vitest = fileURLToPath(new URL('node_modules/vitest/vitest.mjs', packageRoot()));
  const argv = [vitest, 'run', '--bail', '1', '--no-color', '--config', 'vitest.mutants.config.ts'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, {
      cwd: fileURLToPath(packageRoot()),
      env: { ...process.env, FVP_MUTANT: name },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANG_MS,
      killSignal: 'SIGKILL',
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else if (signal !== null) resolve('a test that hangs');
      else {
        const failed = /^ *FAIL +(?:\|[^|]*\| +)?(\S.*)$/m.exec(text)?.[1];
        if (failed === undefined) reject(new BugError(`vitest on mutant "${name}":\n${text}`));
        else resolve(failed);
      }
    });
  });
}
