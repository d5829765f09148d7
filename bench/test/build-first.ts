/**
 * Builds the program before the tests that run it, so that they never run an old one. Type errors are shown and do not
 * stop the tests: `npm test` has refused them before, and one room's must not hide what another room's tests say.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../program/package-root.ts';

export default function buildFirst(): void {
  const build = fileURLToPath(new URL('bench/bin/build.js', packageRoot()));
  const { stdout, stderr } = spawnSync(process.execPath, [build], { encoding: 'utf8' });
  process.stderr.write(stdout + stderr);
  if (!existsSync(new URL('oclif.manifest.json', packageRoot())))
    throw new Error('the program does not build');
}
