/**
 * How often the gate for measured results is wrong, by simulation: same code that fails, and slower code that passes,
 * for several amounts of noise, runs and changes. Seeded, so that docs/gating.md can hold the very table.
 */
import { RandomStream } from '../../reference/kernel/random.ts';
import { ALPHA, decide, type GateVerdict } from '../../results/gate/noise.ts';

export interface ErrorRate {
  /** Deviation from run to run, as a share. */
  readonly noise: number;
  /** Runs a side. */
  readonly runs: number;
  /** True change: 1 is the same code. */
  readonly change: number;
  /** Shares of the trials; 1 together. */
  readonly fail: number;
  readonly inconclusive: number;
  readonly pass: number;
}

const NOISES = [0.03, 0.1];
const RUNS = [5, 7, 10, 20];
const CHANGES = [1, 1.2, 1.5, 2];
/** Checks of the default gate for results of fio: p50 and p99 of reads and writes. */
const CHECKS = 4;
const BUDGET = 1.1;
const FLOOR_NS = 5000;
const TYPICAL_NS = 1e6;
/** Share of runs that something else on the machine spoils, and by how much. Assumed. */
const SPOILT = 0.05;
const SPOILT_FACTOR = 1.5;

/** About normal: the sum of twelve uniform draws, less six. */
function normal(stream: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += stream.nextFraction();
  return sum;
}

function runsOf(stream: RandomStream, runs: number, noise: number, change: number): number[] {
  return Array.from({ length: runs }, () => {
    const spoilt = stream.nextFraction() < SPOILT ? SPOILT_FACTOR : 1;
    return TYPICAL_NS * change * spoilt * Math.exp(noise * normal(stream));
  });
}

/** One whole gate: all checks of it, of which only the first has changed. */
function gateOnce(stream: RandomStream, runs: number, noise: number, change: number): GateVerdict {
  const rule = { budget: BUDGET, floorNs: FLOOR_NS, alpha: ALPHA / CHECKS };
  const verdicts: GateVerdict[] = [];
  for (let check = 0; check < CHECKS; check++) {
    const base = runsOf(stream, runs, noise, 1);
    const other = runsOf(stream, runs, noise, check === 0 ? change : 1);
    verdicts.push(decide(base, other, rule).verdict);
  }
  return verdicts.includes('fail') ? 'fail' : verdicts.includes('inconclusive') ? 'inconclusive' : 'pass';
}

/** @param trials gates for each row */
export function errorRates(trials: number, seed: number): ErrorRate[] {
  const rates: ErrorRate[] = [];
  for (const noise of NOISES) {
    for (const runs of RUNS) {
      for (const change of CHANGES) {
        const stream = new RandomStream(seed, `${noise}/${runs}/${change}`);
        const counts: Record<GateVerdict, number> = { pass: 0, fail: 0, inconclusive: 0 };
        for (let trial = 0; trial < trials; trial++) counts[gateOnce(stream, runs, noise, change)]++;
        const share = (verdict: GateVerdict): number => counts[verdict] / trials;
        rates.push({
          noise,
          runs,
          change,
          fail: share('fail'),
          inconclusive: share('inconclusive'),
          pass: share('pass'),
        });
      }
    }
  }
  return rates;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Rows of a table: noise, runs a side, change, and what the gate says. */
export function errorRateRows(rates: readonly ErrorRate[]): string[][] {
  return rates.map(({ noise, runs, change, fail, inconclusive, pass }) => [
    percent(noise),
    String(runs),
    change === 1 ? 'none' : `+${((change - 1) * 100).toFixed(0)} %`,
    percent(fail),
    percent(inconclusive),
    percent(pass),
  ]);
}

export const ERROR_RATE_HEADER = ['noise', 'runs a side', 'change', 'fail', 'inconclusive', 'pass'];
