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
      const { medium, everLostFlash } = this.plane.places[host]!;
      const header = medium.header(io.disk);
      // Flash that has failed may have done so since it took the write.
      if (everLostFlash || header === undefined || header.firstEpoch !== firstEpoch) continue;
      const found = medium.recordOf(io.disk, io.number);
      if (found === undefined)
        this.object(`write ${io.number} of disk ${io.disk} was acknowledged and holder ${host} lacks it`);
      else if (found.sequence - 1 > record.checkpoint && !medium.hasSequence(io.disk, found.sequence - 1))
        this.object(
          `write ${io.number} was acknowledged and holder ${host} lacks record ${found.sequence - 1}`,
        );
    }
  }

  /** A holder is named after it has the whole log: every acknowledged write that is not on the datastore. */
  private newHolder(disk: number, holder: number): void {
    const { content } = this.world;
    const { medium, everLostFlash } = this.plane.places[holder]!;
    if (everLostFlash) return;
    for (const io of content.writesOf(disk)) {
      if (io.completed === 0 || io.aborted || content.isOnDatastore(io)) continue;
      if (medium.recordOf(disk, io.number) === undefined)
        this.object(`holder ${holder} of disk ${disk} was named, and lacks acknowledged write ${io.number}`);
    }
  }
}
