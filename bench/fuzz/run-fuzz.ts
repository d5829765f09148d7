/** Runs many seeds of the cluster tester on all cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { drawCase } from '../../reference/testing/fuzz/draw-case.ts';
import type { CaseResult } from '../../reference/testing/fuzz/run-case.ts';
import { type Shrunk, shrink } from '../../reference/testing/fuzz/shrink.ts';
import { coverageOf, type FuzzCoverage } from './fuzz-coverage.ts';
import type { FuzzTask } from './fuzz-worker.ts';

export interface FuzzRequest {
  readonly firstSeed: number;
  readonly seeds: number;
  /** No new seed is begun after this; Infinity: no bound. */
  readonly milliseconds: number;
  readonly beyond: boolean;
  readonly workers?: number;
}

export interface FuzzSummary {
  readonly schema: 'fvp.fuzz/1';
  readonly firstSeed: number;
  readonly seeds: number;
  readonly beyond: boolean;
  readonly operations: number;
  /** Events that took place, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly faultsPerSeedMedian: number;
  readonly crashes: number;
  readonly recoveries: number;
  readonly repairs: number;
  readonly migrations: number;
  readonly declaredLost: number;
  /** Hash over the hashes of all seeds, in their order. */
  readonly hash: string;
  readonly coverage: FuzzCoverage;
  readonly failures: readonly FuzzFailure[];
}

export interface FuzzFailure {
  readonly seed: number;
  readonly crash: string | undefined;
  readonly objections: CaseResult['objections'];
  /** What is left after shrinking. */
  readonly events: Shrunk['fuzz']['events'];
  readonly replay: string;
}

/** After so many failures no more seeds are begun. @source assumed */
const FAILURES_MOST = 3;

export async function runFuzz(
  request: FuzzRequest,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<FuzzSummary> {
  const { firstSeed, seeds, beyond, milliseconds } = request;
  const results: CaseResult[] = [];
  const startedMs = performance.now();
  let next = firstSeed;
  let failures = 0;
  const more = () =>
    next < firstSeed + seeds &&
    failures < FAILURES_MOST &&
    !signal.aborted &&
    performance.now() - startedMs < milliseconds;
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const thread = new Worker(new URL('./fuzz-worker.js', import.meta.url));
      const give = () => {
        if (more()) thread.postMessage({ seed: next++, beyond } satisfies FuzzTask);
        else void thread.terminate().then(() => resolve());
      };
      thread.on('message', (result: CaseResult) => {
        results.push(result);
        if (isFailure(result)) failures++;
        onProgress(results.length);
        give();
      });
      thread.on('error', reject);
      give();
    });
  const workers = Math.max(1, Math.min(request.workers ?? availableParallelism(), seeds));
  await Promise.all(Array.from({ length: workers }, worker));
  signal.throwIfAborted();
  results.sort((a, b) => a.seed - b.seed);
  return summarise(request, results);
}

function isFailure({ crash, objections }: CaseResult): boolean {
  return crash !== undefined || objections.length > 0;
}

function summarise({ firstSeed, beyond }: FuzzRequest, results: readonly CaseResult[]): FuzzSummary {
  const faults: Record<string, number> = {};
  for (const result of results)
    for (const kind of Object.keys(result.faults).sort())
      faults[kind] = (faults[kind] ?? 0) + result.faults[kind]!;
  const sum = (of: (result: CaseResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const perSeed = results
    .map((result) => Object.values(result.faults).reduce((total, count) => total + count, 0))
    .sort((a, b) => a - b);
  return {
    schema: 'fvp.fuzz/1',
    firstSeed,
    seeds: results.length,
    beyond,
    operations: sum(({ operations }) => operations),
    faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
    faultsPerSeedMedian: perSeed[Math.floor(perSeed.length / 2)] ?? 0,
    crashes: faults['crash'] ?? 0,
    recoveries: sum(({ recoveries }) => recoveries),
    repairs: sum(({ repairs }) => repairs),
    migrations: sum(({ migrations }) => migrations),
    declaredLost: sum(({ declaredLost }) => declaredLost),
    coverage: coverageOf(results),
    hash: results.map(({ hash }) => hash).reduce((all, hash) => xor(all, hash), '0'.repeat(16)),
    failures: results.filter(isFailure).map((result) => failureOf(result, beyond)),
  };
}

function failureOf(result: CaseResult, beyond: boolean): FuzzFailure {
  const { fuzz } = shrink(drawCase(result.seed, beyond), result);
  return {
    seed: result.seed,
    crash: result.crash,
    objections: result.objections,
    events: fuzz.events,
    replay: `fvp cluster fuzz --seed ${result.seed}${beyond ? ' --beyond' : ''}`,
  };
}

/** Hashes of single seeds, combined so that the order of their ends does not count. */
function xor(a: string, b: string): string {
  return [...a]
    .map((digit, at) => (Number.parseInt(digit, 16) ^ Number.parseInt(b[at]!, 16)).toString(16))
    .join('');
}
