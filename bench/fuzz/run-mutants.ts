/**
 * `npm run test:mutants`: breaks the protocol on purpose, one line at a time in copies of the built program, and shows
 * that the checker named beforehand notices. Ends with 1 when a mutant is not caught by its checker or when the copy
 * without a break does not pass the same seeds. Mutants without a known seed are findings: they are listed, and run only
 * with `--search N`, over the seeds 1 to N. With `--unit-tests` the protocol's unit tests run on each mutant instead, to
 * show which of them need the cluster tester.
 */
import { availableParallelism } from 'node:os';
import { allCheckers } from '../../reference/testing/checkers/checkers.ts';
import { MUTANTS, type Mutant } from '../../reference/testing/mutants/mutants.ts';
import { StampedContent } from '../../reference/testing/stamped-content.ts';
import { type Trial, tryMutant } from './try-mutant.ts';
import { failingUnitTest } from './unit-tests-of-mutant.ts';

/** Seeds tried, from 1 on, when the one that is kept no longer does it. */
const MORE_SEEDS = 12;
const NAME_COLUMNS = 62;
const SEEDS_COLUMNS = 6;

/** Runs tasks, as many at a time as there are cores; results are shown in order. */
async function onAllCores<T, R>(
  items: readonly T[],
  run: (item: T) => Promise<R>,
  show: (item: T, result: R) => void,
): Promise<void> {
  const results = new Map<number, R>();
  let next = 0;
  let shown = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results.set(at, await run(items[at]!));
      for (; results.has(shown); shown++) show(items[shown]!, results.get(shown)!);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** Where a mutant's line begins. */
function rowOf({ invariant, name }: Mutant, columns = NAME_COLUMNS): string {
  return `${String(invariant).padStart(4)}  ${name.padEnd(columns)}`;
}

function seedsFor(count: number, first?: number): number[] {
  const others = Array.from({ length: count }, (_, i) => i + 1).filter((seed) => seed !== first);
  return first === undefined ? others : [first, ...others];
}

const searchAt = process.argv.indexOf('--search');
const search = searchAt < 0 ? 0 : Number(process.argv[searchAt + 1]);
if (!Number.isSafeInteger(search)) {
  console.error('--search wants a number of seeds');
  process.exit(64);
}
if (process.argv.includes('--unit-tests')) {
  let unnoticed = 0;
  await onAllCores(MUTANTS, failingUnitTest, (mutant, failed) => {
    if (failed === undefined) unnoticed++;
    console.log(`${rowOf(mutant)}${failed === undefined ? 'passes' : `fails ${failed}`}`);
  });
  console.log(`${unnoticed} of ${MUTANTS.length} mutants pass all unit tests of the protocol.`);
  process.exit();
}
const missed: string[] = [];
let caughtCount = 0;
const killers = new Set<string>();

console.log(`12.4  ${'mutant'.padEnd(NAME_COLUMNS)}${'seeds'.padEnd(SEEDS_COLUMNS)}checker`);
const tried = MUTANTS.filter(({ seed }) => (search > 0 ? seed === undefined : seed !== undefined));
await onAllCores(
  tried,
  (mutant: Mutant) => {
    const tasks = seedsFor(search > 0 ? search : MORE_SEEDS, mutant.seed);
    return tryMutant(mutant, tasks, mutant.checker);
  },
  (mutant, { objected, seeds, lastSeed }: Trial) => {
    const caught = objected.includes(mutant.checker);
    console.log(
      `${rowOf(mutant)}${String(seeds).padEnd(SEEDS_COLUMNS)}${caught ? `${mutant.checker} (seed ${lastSeed})` : 'NOT CAUGHT'}`,
    );
    const others = objected.filter((name) => name !== mutant.checker);
    if (others.length > 0) console.log(`      ${caught ? 'also' : 'only'}: ${others.join(', ')}`);
    if (caught) {
      caughtCount++;
      killers.add(mutant.checker);
    } else missed.push(`"${mutant.name}" is not caught by ${mutant.checker}`);
  },
);

// The same seeds without a break.
const kept = [...new Set(MUTANTS.flatMap(({ seed }) => seed ?? []))];
let passed = 0;
if (search === 0)
  await onAllCores(
    kept,
    (seed) => tryMutant(undefined, [seed]),
    (seed, { objected }) => {
      if (objected.length === 0) passed++;
      else missed.push(`without a break seed ${seed} fails: ${objected.join(', ')}`);
    },
  );
console.log('');
if (search === 0) {
  console.log(`${caughtCount} of ${tried.length} mutants are caught by the checker named beforehand.`);
  console.log(`Without a break ${passed} of ${kept.length} seeds pass.`);
  const idle = allCheckers({ content: new StampedContent(), run: undefined, beyond: false })
    .map(({ name }) => name)
    .filter((name) => !killers.has(name));
  if (idle.length > 0) console.log(`Checkers that catch none of them: ${idle.join(', ')}.`);
  const findings = MUTANTS.filter(({ seed }) => seed === undefined);
  if (findings.length > 0)
    console.log(
      'Findings: mutants without a seed that shows them to their checker; some have had few tries:',
    );
  for (const mutant of findings)
    console.log(`${rowOf(mutant, NAME_COLUMNS + SEEDS_COLUMNS)}${mutant.checker}`);
}
for (const line of missed) console.error(line);
if (missed.length > 0) process.exitCode = 1;
