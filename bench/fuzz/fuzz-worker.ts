/** One core's part of `fvp cluster fuzz`: takes seeds, sends results. */
import { parentPort } from 'node:worker_threads';
import { drawCase } from '../../reference/testing/fuzz/draw-case.ts';
import { runCase } from '../../reference/testing/fuzz/run-case.ts';

export interface FuzzTask {
  readonly seed: number;
  readonly beyond: boolean;
}

const port = parentPort;
port?.on('message', ({ seed, beyond }: FuzzTask) => {
  port.postMessage(runCase(drawCase(seed, beyond)));
});
