/** Copies of the built program with one deliberate break each, and what the cluster tester says of them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Mutant } from '../../reference/testing/mutants/mutants.ts';
import { mutated } from '../../reference/testing/mutants/mutated.ts';
import type { FuzzTask } from './fuzz-worker.ts';

export interface Trial {
  /** Checkers that objected, 'crash' for what the program threw, 'hang' for a run that did not end. */
  readonly objected: readonly string[];
  /** Seeds run. */
  readonly seeds: number;
  /** The last of them. */
  readonly lastSeed: number;
}

/** A run that takes longer is taken for one that never ends. @source assumed: a hundred times the usual */
const HANG_MS = 120_000;

/** dist/bench/fuzz is where this is when it runs. */
const BUILT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs seeds in a copy of the built program until `checker` objects.
 * @param mutant undefined: the copy is as the product is
 * @param checker undefined: all seeds are run
 */
export async function tryMutant(
  mutant: Mutant | undefined,
  seeds: readonly number[],
  checker?: string,
): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'fvp-mutant-'));
  const copy = join(folder, 'dist', 'reference');
  cpSync(join(BUILT, 'reference'), copy, {
    recursive: true,
    filter: (path) => extname(path) === '' || extname(path) === '.js',
  });
  symlinkSync(join(BUILT, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const objected = new Set<string>();
  let ran = 0;
  let lastSeed = -1;
  let worker: Worker | undefined;
  try {
    if (mutant !== undefined) {
      const path = join(copy, mutant.file);
      writeFileSync(path, mutated(readFileSync(path, 'utf8'), mutant));
    }
    for (const seed of seeds) {
      worker ??= new Worker(new URL('./mutant-worker.js', import.meta.url), {
        workerData: pathToFileURL(`${copy}/`).href,
      });
      const answers = await run(worker, { seed, beyond: false });
      if (answers.includes('hang')) {
        await worker.terminate();
        worker = undefined;
      }
      for (const answer of answers) objected.add(answer);
      ran++;
      lastSeed = seed;
      if (checker !== undefined && answers.includes(checker)) break;
    }
  } finally {
    await worker?.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
  return { objected: [...objected].sort(), seeds: ran, lastSeed };
}

function run(worker: Worker, task: FuzzTask): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const settle = (answers: readonly string[]) => {
      clearTimeout(timer);
      worker.off('message', settle);
      worker.off('error', failed);
      resolve(answers);
    };
    // A copy that cannot even be loaded is a defect of the mutant, and no objection of a checker.
    const failed = () => settle(['crash']);
    const timer = setTimeout(() => settle(['hang']), HANG_MS);
    worker.on('message', settle);
    worker.on('error', failed);
    worker.postMessage(task);
  });
}
