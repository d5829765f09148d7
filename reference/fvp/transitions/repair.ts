import type { Control } from '../control.ts';
import { type FtRecord, holdersOf } from '../ft-record.ts';
import { RECORD_PENDING } from '../log/record-ring.ts';
import {
  FIELD_FROM,
  FIELD_REQUEST,
  FIELD_TYPE,
  MESSAGE_APPENDED,
  MESSAGE_FIELDS,
  MESSAGE_PREPARED,
  MESSAGE_REFUSED,
} from '../message.ts';
import { choosePeer } from '../replication/choose-peer.ts';
import { type Member, STATE_WB, STATE_WB_RESYNC, type VirtualDisk } from '../virtual-disk.ts';
import { DRAIN, FAIL, type Transition } from './transition.ts';

/**
 * WB -> WB_REPAIR -> WB_RESYNC -> WB: lost holders are replaced. They stay in the record, and no write that they lack is
 * acknowledged but by a checkpoint, until a record without them is durable; a new holder is named after it holds the
 * whole log from the checkpoint on.
 */
export function repairTransition(control: Control): Transition {
  const { state, parts } = control;

  const live = (disk: VirtualDisk) => disk.members.filter((member) => member.sending);

  /** Asks one more host to hold the log. */
  function ask(disk: VirtualDisk): boolean {
    const { work } = disk;
    const members = [
      ...work.asked.keys(),
      ...live(disk).map((member) => member.host),
      ...work.joining.map((member) => member.host),
    ];
    const lost = disk.members.filter((member) => !member.sending).map((member) => member.host);
    const peer = choosePeer(
      state,
      disk.requested.replicas,
      [...new Set(members)],
      [...work.refused, ...lost],
    );
    if (peer < 0) return false;
    prepare(disk, peer);
    return true;
  }

  function prepare(disk: VirtualDisk, host: number): void {
    const request = state.nextRequest();
    disk.work.asked.set(host, request);
    parts.replicator.prepare(disk, host, disk.firstEpoch, disk.epoch, request);
  }

  /** A new holder: every record not yet released is to be copied to it. */
  function join(disk: VirtualDisk, host: number): void {
    const member = parts.replicator.join(disk, host);
    member.sending = false;
    member.resyncNext = disk.checkpoint + 1;
    disk.copies |= member.bit;
    // It may be named any moment: from here on nothing is acknowledged that it lacks, but by a checkpoint.
    disk.required |= member.bit;
    const { ring } = disk;
    for (let sequence = disk.checkpoint + 1; sequence < ring.next; sequence++)
      ring.words[ring.at(sequence) + RECORD_PENDING]! |= member.bit;
    disk.work.joining.push(member);
  }

  /** True when a new holder has every record up to `sequence`. */
  function holds(disk: VirtualDisk, member: Member, through: number): boolean {
    if (!member.sending) return false;
    const { ring } = disk;
    for (let sequence = disk.checkpoint + 1; sequence <= through && sequence < ring.next; sequence++)
      if ((ring.words[ring.at(sequence) + RECORD_PENDING]! & member.bit) !== 0) return false;
    return true;
  }

  /** Copies what there is room for in the windows of new holders; the step is over when they have everything. */
  function copyOn(disk: VirtualDisk): void {
    const { work } = disk;
    for (const member of work.joining) {
      if (member.sending) continue;
      parts.replicator.resync(disk, member);
      if (member.sending) work.resyncThrough = disk.ring.next - 1;
    }
    if (work.joining.every((member) => holds(disk, member, work.resyncThrough))) control.arrived(disk);
  }

  function repairedRecord(disk: VirtualDisk): FtRecord {
    const { record } = disk;
    const epoch = disk.epoch;
    const segment = {
      firstEpoch: disk.firstEpoch,
      lastEpoch: Number.POSITIVE_INFINITY,
      firstSequence: record.checkpoint + 1,
      lastSequence: Number.POSITIVE_INFINITY,
      holders: [state.id, ...live(disk).map((member) => member.host)],
    };
    return { ...record, epoch, version: record.version + 1, segments: [segment] };
  }

  return {
    name: 'repair',
    steps: [
      {
        name: 'prepare a replacement',
        run(disk) {
          const { work } = disk;
          work.asked.clear();
          work.refused = [];
          work.joining = [];
          work.repairUntilNs = state.ports.clock.nowNs + state.options.replication.replacementNs;
          disk.epoch++;
          const wanted = disk.requested.replicas - live(disk).length;
          // Those that remain persist the new epoch as well.
          for (const { host } of live(disk)) prepare(disk, host);
          for (let i = 0; i < wanted; i++) if (!ask(disk)) return FAIL;
          control.setDeadline(disk, state.options.replication.timeoutNs);
          return work.asked.size;
        },
        message(disk, message) {
          const fields = state.ports.network.fields;
          const base = message * MESSAGE_FIELDS;
          const type = fields[base + FIELD_TYPE]!;
          const host = fields[base + FIELD_FROM]!;
          const { work } = disk;
          if (type !== MESSAGE_PREPARED && type !== MESSAGE_REFUSED) return;
          if (work.asked.get(host) !== fields[base + FIELD_REQUEST]) return;
          work.asked.delete(host);
          const isMember = live(disk).some((member) => member.host === host);
          if (type === MESSAGE_PREPARED) {
            if (!isMember) join(disk, host);
            control.arrived(disk);
          } else if (isMember) control.fail(disk);
          else {
            work.refused.push(host);
            if (!ask(disk)) control.fail(disk);
          }
        },
        timeout(disk) {
          const { work } = disk;
          const silent = [...work.asked.keys()];
          work.asked.clear();
          for (const host of silent) {
            // A member that does not answer either is for the next repair, or the drain.
            if (
              live(disk).some((member) => member.host === host) ||
              state.ports.clock.nowNs >= work.repairUntilNs
            ) {
              control.fail(disk);
              return;
            }
            work.refused.push(host);
            parts.replicator.forget(disk, host);
            if (!ask(disk)) {
              control.fail(disk);
              return;
            }
          }
          control.setDeadline(disk, state.options.replication.timeoutNs);
        },
      },
      {
        name: 'copy the log',
        run(disk) {
          control.enter(disk, STATE_WB_RESYNC);
          disk.throughCheckpoint = true;
          const { work } = disk;
          for (const member of work.joining) parts.replicator.resync(disk, member);
          parts.destager.kick(disk);
          work.resyncThrough = disk.ring.next - 1;
          if (work.joining.every((member) => holds(disk, member, work.resyncThrough))) return 0;
          control.setDeadline(disk, state.options.drainBoundNs);
          return 1;
        },
        message(disk, message) {
          const type = state.ports.network.fields[message * MESSAGE_FIELDS + FIELD_TYPE];
          if (type === MESSAGE_APPENDED) copyOn(disk);
        },
        // What was on its way to a new holder may be what it no longer needs, and no answer comes.
        released: copyOn,
      },
      {
        name: 'write record: holders replaced',
        isSettling: true,
        run: (disk) => control.writeRecord(disk, () => repairedRecord(disk)),
      },
      {
        name: 'acknowledge under the new holders',
        run(disk) {
          // One that has been lost since is for the next repair: the record names it.
          const named = holdersOf(disk.record);
          const lost = disk.members.filter(({ host }) => !named.includes(host));
          control.setMembers(
            disk,
            disk.members.filter(({ host }) => named.includes(host)),
          );
          disk.throughCheckpoint = false;
          for (const { host } of lost) parts.replicator.forget(disk, host);
          parts.writes.commit(disk);
          parts.destager.kick(disk);
          return 0;
        },
      },
    ],
    end: () => STATE_WB,
    failed(disk) {
      // Hosts that were to join and are not named have nothing that counts.
      for (const { host } of disk.work.joining) parts.replicator.forget(disk, host);
      control.setMembers(
        disk,
        disk.members.filter((member) => !disk.work.joining.includes(member)),
      );
      disk.work.joining = [];
      disk.work.forced = true;
      control.begin(disk, DRAIN);
    },
  };
}
