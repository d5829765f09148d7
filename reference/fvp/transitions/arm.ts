import type { Control } from '../control.ts';
import type { FtRecord } from '../ft-record.ts';
import { BUCKET_DIRTY } from '../log/bucket-store.ts';
import { LogSpace } from '../log/log-space.ts';
import { FIELD_FROM, FIELD_REQUEST, FIELD_TYPE, MESSAGE_FIELDS, MESSAGE_PREPARED } from '../message.ts';
import { choosePeer } from '../replication/choose-peer.ts';
import { STATE_WB, STATE_WT_NOFLASH, STATE_WT_TEMP, type VirtualDisk } from '../virtual-disk.ts';
import { FAIL, type Transition } from './transition.ts';

/** WT -> WB_ARMING -> WB. */
export function armTransition(control: Control): Transition {
  const { state, parts } = control;

  /** Asks one more host to hold the log. @returns false when there is none to ask */
  function ask(disk: VirtualDisk): boolean {
    const { work } = disk;
    const members = [...work.asked.keys(), ...disk.members.map((member) => member.host)];
    const peer = choosePeer(state, disk.requested.replicas, members, work.refused);
    if (peer < 0) return false;
    const request = state.nextRequest();
    work.asked.set(peer, request);
    parts.replicator.prepare(disk, peer, disk.record.epoch + 1, disk.record.epoch + 1, request);
    return true;
  }

  function armedRecord(disk: VirtualDisk): FtRecord {
    const { record } = disk;
    const epoch = disk.epoch;
    const segment = {
      firstEpoch: epoch,
      lastEpoch: Number.POSITIVE_INFINITY,
      firstSequence: disk.ring.next,
      lastSequence: Number.POSITIVE_INFINITY,
      holders: [state.id, ...disk.members.map((member) => member.host)],
    };
    const checkpoint = disk.ring.next - 1;
    const version = record.version + 1;
    return { ...record, epoch, version, mode: 'WB', dirty: true, segments: [segment], checkpoint };
  }

  return {
    name: 'arm',
    steps: [
      {
        name: 'prepare holders',
        run(disk) {
          const { work } = disk;
          const { options } = state;
          if (!state.hasFlash || !state.reserve(state.quotaBuckets(options.dirtyLimitBytes))) return FAIL;
          disk.reserved = true;
          disk.log = new LogSpace(state.buckets, BUCKET_DIRTY);
          disk.checkpoint = disk.ring.next - 1;
          disk.epoch = disk.record.epoch + 1;
          disk.firstEpoch = disk.epoch;
          work.refused = [];
          work.asked.clear();
          const header = {
            disk: disk.id,
            firstEpoch: disk.firstEpoch,
            epoch: disk.epoch,
            firstSequence: disk.ring.next,
            sealed: false,
            quotaBytes: options.dirtyLimitBytes,
          };
          parts.held.persistOwn(header, disk.attempt);
          for (let i = 0; i < disk.requested.replicas; i++) if (!ask(disk)) return FAIL;
          if (disk.requested.replicas > 0) control.setDeadline(disk, options.replication.timeoutNs);
          return 1 + disk.requested.replicas;
        },
        message(disk, message) {
          const fields = state.ports.network.fields;
          const base = message * MESSAGE_FIELDS;
          const host = fields[base + FIELD_FROM]!;
          const { work } = disk;
          if (work.asked.get(host) !== fields[base + FIELD_REQUEST]) return;
          work.asked.delete(host);
          if (fields[base + FIELD_TYPE] === MESSAGE_PREPARED) {
            parts.replicator.join(disk, host);
            control.arrived(disk);
            return;
          }
          work.refused.push(host);
          if (!ask(disk)) control.fail(disk);
        },
        timeout(disk) {
          const { work } = disk;
          const silent = [...work.asked.keys()];
          // All have answered, and only the flash here is slow.
          if (silent.length === 0) return;
          work.asked.clear();
          for (const host of silent) {
            work.refused.push(host);
            parts.replicator.forget(disk, host);
          }
          for (let i = 0; i < silent.length; i++) {
            if (!ask(disk)) {
              control.fail(disk);
              return;
            }
          }
          control.setDeadline(disk, state.options.replication.timeoutNs);
        },
      },
      { name: 'finish write-through writes', until: 'quiet', run: (disk) => control.quiesce(disk) },
      { name: 'flush datastore', run: (disk) => control.flushDatastore(disk) },
      {
        name: 'write record: WB, dirty, holders',
        run(disk) {
          disk.checkpoint = disk.ring.next - 1;
          return control.writeRecord(disk, () => armedRecord(disk));
        },
      },
      {
        name: 'acknowledge from flash',
        run(disk) {
          control.setMembers(disk, disk.members);
          disk.ownLog = true;
          disk.logging = true;
          disk.throughCheckpoint = false;
          disk.destaged = disk.ring.next - 1;
          disk.checkpoint = disk.destaged;
          disk.armedNs = state.ports.clock.nowNs;
          return 0;
        },
      },
    ],
    end: () => STATE_WB,
    failed(disk) {
      if (disk.reserved) control.unreserve(disk);
      for (const { host } of disk.members) parts.replicator.forget(disk, host);
      for (const host of disk.work.asked.keys()) parts.replicator.forget(disk, host);
      control.setMembers(disk, []);
      disk.epoch = disk.record.epoch;
      control.eraseHeader(disk);
      if (state.hasFlash) {
        control.enter(disk, STATE_WT_TEMP);
        control.retryLater(disk);
      } else control.enter(disk, STATE_WT_NOFLASH);
      control.advance(disk);
    },
  };
}
