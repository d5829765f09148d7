/** The other side of `FollowingThread`. */
import { parentPort, workerData } from 'node:worker_threads';
import { FollowedBlocks, type FollowedSpan } from './followed-blocks.ts';
import type { FollowAnswer, FollowRequest } from './following-thread.ts';

const port = parentPort!;
const followed = new FollowedBlocks(workerData as FollowedSpan);
port.on('message', (request: FollowRequest) => {
  if (request === 'finish') {
    port.postMessage({ kind: 'found', findings: followed.finish() } satisfies FollowAnswer);
    return;
  }
  followed.add(request);
  const { timeNs, offset, lengthBytes, disk, op } = request;
  port.postMessage({ kind: 'free', batch: request } satisfies FollowAnswer, [
    timeNs.buffer,
    offset.buffer,
    lengthBytes.buffer,
    disk.buffer,
    op.buffer,
  ]);
});
