/** `npm run bench:faithful`: fio's own I/Os beside those of the same jobs here. */
import process from 'node:process';
import { formatCount, formatPercent } from '../../reference/kernel/units.ts';
import { compareWithFio, FAITHFUL_JOBS, type IssuedSummary, type JobComparison } from './faithfulness.ts';

const COLUMNS = [28, 13, 9, 9, 13, 9, 9];

function line(cells: readonly string[]): void {
  const text = cells.map((cell, index) =>
    index === 0 ? cell.padEnd(COLUMNS[0]!) : cell.padStart(COLUMNS[index]!),
  );
  process.stdout.write(`${text.join(' ').trimEnd()}\n`);
}

/** One value where both have the same. */
function both(fio: IssuedSummary, here: IssuedSummary, text: (summary: IssuedSummary) => string): string {
  return text(fio) === text(here) ? text(fio) : `${text(fio)}|${text(here)}`;
}

function probability(test: { readonly probability: number } | undefined): string {
  return test === undefined ? '-' : `p ${test.probability.toFixed(2)}`;
}

function tell({ name, fio, here, sameIos, offsets, gaps, agrees }: JobComparison): void {
  line([
    name,
    both(fio, here, ({ ios }) => formatCount(ios)),
    both(fio, here, ({ reads, ios }) => formatPercent(reads / ios)),
    both(fio, here, ({ sequential }) => formatPercent(sequential)),
    sameIos === fio.ios && sameIos === here.ios ? 'all the same' : formatCount(sameIos),
    probability(offsets),
    probability(gaps),
    ...(agrees ? [] : ['  DIFFERS']),
  ]);
}

let differing = 0;
line(['fio | here', 'I/Os', 'reads', 'in row', 'same first', 'offsets', 'gaps']);
for (const job of FAITHFUL_JOBS) {
  for (const comparison of await compareWithFio(job)) {
    if (!comparison.agrees) differing++;
    tell(comparison);
  }
}
process.stdout.write(
  `\nsame first: I/Os from the first on that are the very same (file, operation, offset, length).\noffsets, gaps: two-sample tests (Kolmogorov and Smirnov); p is how likely such a distance is by chance.\n${differing === 0 ? 'All agree.' : `${differing} differ.`}\n`,
);
process.exitCode = differing === 0 ? 0 : 1;
