/**
 * At each instant at most one host has its writes to a disk applied: the one that holds the lock, or held it last, for
 * what it had sent when it gave the lock back (12.4-4).
 */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { Checker } from './checker.ts';

export class SingleWriterChecker extends Checker {
  readonly name = 'single-writer';
  /** By disk: who held its lock last. */
  private readonly last = new Map<number, number>();
  override readonly watcher: PlaneWatcher = {
    leaseBegun: (host, disk) => {
      this.last.set(disk, host);
    },
    datastoreWritten: (host, disk, offset) => {
      const last = this.last.get(disk);
      if (last !== host) this.object(`host ${host} wrote disk ${disk} at ${offset}, locked by ${last}`);
    },
    recordReplaced: (host, disk, before, after) => {
      if (after.epoch < before.epoch || after.version <= before.version)
        this.object(`host ${host}: record of disk ${disk} went from ${before.epoch}.${before.version} back`);
    },
  };
}
