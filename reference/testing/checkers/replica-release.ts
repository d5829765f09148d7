/** Holders are told to drop records only when a durable checkpoint covers them (12.4-10). */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import {
  FIELD_DISK,
  FIELD_EPOCH,
  FIELD_RELEASED_THROUGH,
  FIELD_TYPE,
  MESSAGE_APPEND,
  MESSAGE_FIELDS,
  MESSAGE_FORGET,
  MESSAGE_RELEASE,
} from '../../fvp/message.ts';
import { Checker } from './checker.ts';

export class ReplicaReleaseChecker extends Checker {
  readonly name = 'replica-release';
  override readonly watcher: PlaneWatcher = {
    message: (from, to, message, fields) => {
      const base = message * MESSAGE_FIELDS;
      const type = fields[base + FIELD_TYPE]!;
      const disk = fields[base + FIELD_DISK]!;
      const record = this.datastore.records[disk]!;
      if (type === MESSAGE_RELEASE || type === MESSAGE_APPEND) {
        const through = fields[base + FIELD_RELEASED_THROUGH]!;
        if (record.dirty && through > record.checkpoint)
          this.object(
            `host ${from} released disk ${disk} through ${through}, checkpoint ${record.checkpoint}`,
          );
      } else if (type === MESSAGE_FORGET && record.dirty && record.epoch <= fields[base + FIELD_EPOCH]!) {
        if (record.segments.some(({ holders }) => holders.includes(to)))
          this.object(`host ${from} told holder ${to} to forget disk ${disk}, which the record names`);
      }
    },
  };
}
