/** The real fio as the judge of what a job issues. `npm run bench:faithful` prints the same for more jobs. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { compareWithFio, FAITHFUL_JOBS } from './faithfulness.ts';
import { kolmogorovSmirnov } from './two-samples.ts';

const hasFio = spawnSync('fio', ['--version']).status === 0;
const NEEDS = hasFio ? '' : ' (not run: needs fio: apt-get install fio)';

describe.skipIf(!hasFio)(`a job issues what fio issues${NEEDS}`, () => {
  test.each(FAITHFUL_JOBS.filter(({ timed }) => timed === undefined))(
    'to the last I/O: $name',
    async (job) => {
      for (const { name, fio, here, sameIos } of await compareWithFio(job)) {
        expect([name, here.ios, sameIos]).toEqual([name, fio.ios, fio.ios]);
      }
    },
  );
});

describe('the two-sample test', () => {
  const even = Array.from({ length: 1000 }, (_, i) => i / 1000);

  test('finds two samples of one law alike, and a shifted one not', () => {
    expect(kolmogorovSmirnov(even, even).distance).toBe(0);
    expect(
      kolmogorovSmirnov(
        even,
        even.map((x) => x + 0.0005),
      ).probability,
    ).toBeGreaterThan(0.9);
    expect(
      kolmogorovSmirnov(
        even,
        even.map((x) => x * 0.9),
      ).probability,
    ).toBeLessThan(0.001);
  });
  // R: ks.test(1:10, c(6:15)), exact = FALSE gives D = 0.5; the limit at n = 10 each is 0.164 (without Stephens' terms).
  test('gives the distance that it must', () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    const { distance, probability } = kolmogorovSmirnov(
      ten,
      ten.map((x) => x + 5),
    );
    expect(distance).toBeCloseTo(0.5, 12);
    expect(probability).toBeGreaterThan(0.05);
    expect(probability).toBeLessThan(0.2);
  });
});
