/** At each instant at most one host has its writes to a disk applied: the one that holds the lock (12.4-4). */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { Checker } from './checker.ts';

export class SingleWriterChecker extends Checker {
  readonly name = 'single-writer';
  override readonly watcher: PlaneWatcher = {
    datastoreWritten: (host, disk, offset) => {
      const { holder } = this.datastore.locks[disk]!;
      if (holder !== host) this.object(`host ${host} wrote disk ${disk} at ${offset}, locked by ${holder}`);
    },
    recordReplaced: (host, disk, before, after) => {
      if (after.epoch < before.epoch || after.version <= before.version)
        this.object(`host ${host}: record of disk ${disk} went from ${before.epoch}.${before.version} back`);
    },
  };
}
