/** Nothing is appended to a log that somebody has sealed, nor under an older epoch than its host has persisted (12.4-5). */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { Checker } from './checker.ts';

export class EpochFencingChecker extends Checker {
  readonly name = 'epoch-fencing';
  override readonly watcher: PlaneWatcher = {
    flashRecordSubmitted: (host, note) => {
      if (note.kind !== 'record') return;
      const header = this.plane.places[host]!.medium.header(note.disk);
      if (header === undefined) return;
      if (header.sealed) this.object(`host ${host} appended to its sealed log of disk ${note.disk}`);
      if (note.record.epoch < header.epoch)
        this.object(`host ${host} appended under epoch ${note.record.epoch}, it has ${header.epoch}`);
    },
  };
}
