/**
 * Destaging sends versions in the order of the log: outside a replay no sector of the datastore ever goes back to an
 * older write of the same disk (12.4-6, 12.4-8).
 */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { CAUSE_DESTAGE } from '../../fvp/ports.ts';
import { STATE_DRAINING, STATE_WB, STATE_WB_REPAIR, STATE_WB_RESYNC } from '../../fvp/virtual-disk.ts';
import { Checker } from './checker.ts';

const ORDERED: readonly number[] = [STATE_WB, STATE_DRAINING, STATE_WB_REPAIR, STATE_WB_RESYNC];

export class DestageOrderChecker extends Checker {
  readonly name = 'destage-order';
  /** By disk and host. */
  private readonly states = new Map<string, number>();
  /** By disk: newest write that each sector has had. */
  private readonly newest = new Map<number, Map<number, number>>();
  override readonly watcher: PlaneWatcher = {
    stateChanged: (host, disk, state) => {
      this.states.set(`${disk} ${host}`, state);
    },
    datastoreWritten: (host, disk, offset, bytes, cause) => {
      let sectors = this.newest.get(disk);
      if (sectors === undefined) {
        sectors = new Map();
        this.newest.set(disk, sectors);
      }
      const image = this.world.content.image(disk);
      const ordered = cause === CAUSE_DESTAGE && ORDERED.includes(this.states.get(`${disk} ${host}`) ?? -1);
      for (let sector = offset / 512; sector < (offset + bytes) / 512; sector++) {
        const stamp = image.get(sector)!;
        const before = sectors.get(sector) ?? 0;
        if (ordered && this.world.content.isOlder(stamp, before))
          this.object(`disk ${disk}, sector ${sector}: write ${stamp} was destaged over write ${before}`);
        sectors.set(sector, stamp);
      }
    },
  };
}
