/**
 * A checkpoint never says more than is on the datastore, and {clean} is written only when every acknowledged record is
 * there (12.4-3, 12.4-9).
 */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { holdersOf } from '../../fvp/ft-record.ts';
import { RECORD_DISCARD } from '../../fvp/log/record-ring.ts';
import { Checker } from './checker.ts';

export class CheckpointChecker extends Checker {
  readonly name = 'checkpoint-conservative';
  override readonly watcher: PlaneWatcher = {
    recordReplaced: (host, disk, before, after) => {
      if (!before.dirty) return;
      const { content } = this.world;
      // An operator may give up what is dirty.
      if (!after.dirty && this.isDeclaredLost(disk)) return;
      if (after.dirty && after.checkpoint < before.checkpoint)
        this.object(`disk ${disk}: checkpoint went from ${before.checkpoint} back to ${after.checkpoint}`);
      for (const holder of holdersOf(before)) {
        const { medium } = this.plane.places[holder]!;
        for (const record of medium.recordsAfter(disk, before.checkpoint)) {
          if (after.dirty && record.sequence > after.checkpoint) continue;
          if (record.kind === RECORD_DISCARD) continue;
          const io = content.guestIo(record.payload);
          // Beyond the checkpoint of a clean record: only what was acknowledged must be there.
          if (io === undefined || (!after.dirty && (io.aborted || io.completed === 0))) continue;
          if (!content.isOnDatastore(io, record.offset, record.bytes))
            this.object(
              `host ${host}, disk ${disk}: ${after.dirty ? `checkpoint ${after.checkpoint}` : 'clean'}, but record ${record.sequence} (write ${record.payload}) of holder ${holder} is not on the datastore`,
            );
        }
      }
    },
  };
}
