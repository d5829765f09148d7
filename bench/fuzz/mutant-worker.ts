/** Runs seeds of the cluster tester in a copy of the built program. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FuzzCase } from '../../reference/testing/fuzz/draw-case.ts';
import type { CaseResult } from '../../reference/testing/fuzz/run-case.ts';
import type { FuzzTask } from './fuzz-worker.ts';

/** URL of the copy's `reference/`, with a slash at the end. */
const copy = workerData as string;
const { drawCase }: { drawCase(seed: number, beyond: boolean): FuzzCase } = await import(
  `${copy}testing/fuzz/draw-case.js`
);
const { runCase }: { runCase(fuzz: FuzzCase): CaseResult } = await import(`${copy}testing/fuzz/run-case.js`);

const port = parentPort;
port?.on('message', ({ seed, beyond }: FuzzTask) => {
  const { objections, crash } = runCase(drawCase(seed, beyond));
  const checkers = objections.map(({ checker }) => checker);
  port.postMessage(crash === undefined ? checkers : [...checkers, 'crash']);
});
