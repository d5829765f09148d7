/** The other side of `FollowingThread`. */
import { parentPort, workerData } from 'node:worker_threads';
import { FollowedBlocks, type FollowedSpan } from './followed-blocks.ts';
import { buffersOf, type FollowAnswer, type FollowRequest } from './following-thread.ts';

const port = parentPort!;
const followed = new FollowedBlocks(workerData as FollowedSpan);
port.on('message', (request: FollowRequest) => {
  if (request === 'finish') {
    port.postMessage({ kind: 'found', findings: followed.finish() } satisfies FollowAnswer);
    return;
  }
  followed.add(request);
  port.postMessage({ kind: 'free', batch: request } satisfies FollowAnswer, buffersOf(request));
});
