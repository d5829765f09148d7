/** Dirty data keeps to its quota at the owner and at every holder (12.4-17). */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { Checker } from './checker.ts';

export class BoundedDirtyChecker extends Checker {
  readonly name = 'bounded-dirty';
  override readonly watcher: PlaneWatcher = {
    flashRecordSubmitted: (host) => {
      const machine = this.plane.machineOf(host);
      if (machine === undefined) return;
      const { state } = machine;
      if (state.buckets.pinnedBuckets > state.reservedBuckets + LEAVING_BUCKETS)
        this.object(
          `host ${host}: ${state.buckets.pinnedBuckets} buckets of logs, ${state.reservedBuckets} reserved`,
        );
    },
  };
}

/** Logs that were given up wait for their last flash writes. */
const LEAVING_BUCKETS = 8;
