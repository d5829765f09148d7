/** Every checker; a run is judged by all of them. */
import { BoundedDirtyChecker } from './bounded-dirty.ts';
import type { Checker, World } from './checker.ts';
import { CheckpointChecker } from './checkpoints.ts';
import { DeclaredLossChecker } from './declared-loss.ts';
import { DestageOrderChecker } from './destage-order.ts';
import { DurabilityChecker } from './durability.ts';
import { EpochFencingChecker } from './epoch-fencing.ts';
import { FreshReadsChecker } from './fresh-reads.ts';
import { LeakChecker } from './leaks.ts';
import { LeaseChecker } from './lease.ts';
import { LivenessChecker } from './liveness.ts';
import { RecordBeforeAckChecker } from './record-before-ack.ts';
import { ReplicaReleaseChecker } from './replica-release.ts';
import { SingleWriterChecker } from './single-writer.ts';

export function allCheckers(world: World): readonly Checker[] {
  return [
    new DurabilityChecker(world),
    new FreshReadsChecker(world),
    new SingleWriterChecker(world),
    new LeaseChecker(world),
    new RecordBeforeAckChecker(world),
    new DestageOrderChecker(world),
    new CheckpointChecker(world),
    new ReplicaReleaseChecker(world),
    new EpochFencingChecker(world),
    new BoundedDirtyChecker(world),
    new LivenessChecker(world),
    new LeakChecker(world),
    new DeclaredLossChecker(world),
  ];
}
