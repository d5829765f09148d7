/**
 * `npm run bench:corpus -- FOLDER...`: every job file below the folders, such as a checkout of fio (its examples,
 * t/jobs and t/client_server), read here and by fio. Says how many agree option by option with `fio --showcmd`, and how
 * many can be run here.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { loadJobs, showCommand } from '#fio-parser';
import { planJobs } from '../../workloads/fio-job/job-plan.ts';

function jobFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return jobFiles(path);
      return entry.name.endsWith('.fio') ? [path] : [];
    });
}

/** What fio makes of a file; undefined where it refuses it. */
function shownByFio(file: string): string | undefined {
  const { stdout, status } = spawnSync('fio', ['--parse-only', '--showcmd', file], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  if (status !== 0) return undefined;
  return stdout
    .split('\n')
    .find((line) => line.startsWith('fio --'))
    ?.trimEnd();
}

/** fio's own keywords on this machine, so that the two compare the same numbers. */
function machine() {
  const { stdout } = spawnSync('fio', ['--parse-only', '--showcmd', '-'], {
    encoding: 'utf8',
    input: '[a]\nbs=$pagesize\nsize=$mb_memory\nnumjobs=$ncpus\n',
  });
  const numbers = /--bs=(\d+) --size=(\d+) --numjobs=(\d+)/.exec(stdout)?.slice(1).map(Number);
  const [pageSizeBytes = 4096, memoryMib = 16384, cpus = 4] = numbers ?? [];
  return { pageSizeBytes, memoryMib, cpus };
}

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('name a folder of fio job files: npm run bench:corpus -- ../fio/examples\n');
  process.exit(64);
}
const files = folders.flatMap(jobFiles);
const environment = machine();
let accepted = 0;
let agreeing = 0;
let runnable = 0;
for (const file of files) {
  // Whatever is in a file, this does not throw.
  const document = loadJobs(file, environment);
  if (planJobs(document).obstacles.length === 0) runnable++;
  const theirs = shownByFio(file);
  if (theirs === undefined) continue;
  accepted++;
  if (showCommand(document) === theirs) agreeing++;
  else process.stdout.write(`differs: ${file}\n  fio:  ${theirs}\n  here: ${showCommand(document)}\n`);
}
process.stdout.write(
  `${files.length} job files, all read; fio here takes ${accepted} of them, and ${agreeing} of those agree option by option; ${runnable} can be run.\n`,
);
process.exitCode = agreeing === accepted ? 0 : 1;
