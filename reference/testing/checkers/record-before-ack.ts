/**
 * An acknowledged write is on the datastore, or the durable FT record says write-back and every holder that it names has
 * the write in its log (12.4-1, 12.4-2, 12.4-7); no host counts twice (12.4-14); nor is a holder named before it has
 * the whole log.
 */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import { holdersOf } from '../../fvp/ft-record.ts';
import { OP_WRITE } from '../../kernel/io.ts';
import type { GuestIo } from '../stamped-content.ts';
import { Checker } from './checker.ts';

export class RecordBeforeAckChecker extends Checker {
  readonly name = 'record-before-ack';
  override readonly watcher: PlaneWatcher = {
    recordReplaced: (_, disk, before, after) => {
      if (!after.dirty) return;
      const known = holdersOf(before);
      for (const holder of holdersOf(after)) if (!known.includes(holder)) this.newHolder(disk, holder);
    },
  };

  override acknowledged(io: GuestIo): void {
    if (io.operation !== OP_WRITE || io.aborted) return;
    const { content } = this.world;
    if (content.isOnDatastore(io)) return;
    const record = this.datastore.records[io.disk]!;
    if (record.mode !== 'WB' || !record.dirty) {
      this.object(`write ${io.number} of disk ${io.disk} was acknowledged in WT and is not on the datastore`);
      return;
    }
    const { holders, firstEpoch } = record.segments.at(-1)!;
    if (!holders.includes(io.host)) {
      this.object(`write ${io.number} was acknowledged at host ${io.host}, which is no holder`);
      return;
    }
    if (new Set(holders).size !== holders.length)
      this.object(
        `write ${io.number} was acknowledged under holders ${holders.join(', ')}: not so many hosts`,
      );
    for (const host of holders) {
      const { medium, flashLost } = this.plane.places[host]!;
      const header = medium.header(io.disk);
      // Flash that has failed, or been replaced, since it took the write.
      if (flashLost || header === undefined || header.firstEpoch !== firstEpoch) continue;
      if (!medium.hasPayload(io.disk, io.number))
        this.object(`write ${io.number} of disk ${io.disk} was acknowledged and holder ${host} lacks it`);
    }
  }

  /** A holder is named after it has the whole log: every acknowledged write that is not on the datastore. */
  private newHolder(disk: number, holder: number): void {
    const { content } = this.world;
    const { medium, flashLost } = this.plane.places[holder]!;
    if (flashLost) return;
    for (const io of content.writesOf(disk)) {
      if (io.completed === 0 || io.aborted || content.isOnDatastore(io)) continue;
      if (!medium.hasPayload(disk, io.number))
        this.object(`holder ${holder} of disk ${disk} was named, and lacks acknowledged write ${io.number}`);
    }
  }
}
