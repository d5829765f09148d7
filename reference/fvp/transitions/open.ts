import type { Control } from '../control.ts';
import { type FtRecord, holdersOf, segmentOf } from '../ft-record.ts';
import {
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_OFFSET,
  RECORD_PAYLOAD,
  RECORD_PAYLOAD_OFFSET,
  RECORD_PENDING,
  RECORD_SLOT,
} from '../log/record-ring.ts';
import {
  FIELD_BYTES,
  FIELD_COMMITTED_THROUGH,
  FIELD_FIRST_EPOCH,
  FIELD_FROM,
  FIELD_KEY,
  FIELD_KIND,
  FIELD_OFFSET,
  FIELD_PAYLOAD,
  FIELD_PAYLOAD_OFFSET,
  FIELD_RELEASED_THROUGH,
  FIELD_REQUEST,
  FIELD_SEQUENCE,
  FIELD_STATUS,
  FIELD_TYPE,
  MESSAGE_FIELDS,
  MESSAGE_PULL,
  MESSAGE_RECORD,
  MESSAGE_SEAL,
  MESSAGE_SEALED,
} from '../message.ts';
import { modeOf } from '../mode.ts';
import { STATUS_OK } from '../ports.ts';
import { PULL_RECORDS } from '../replication/held-logs.ts';
import {
  type SealedLog,
  STATE_LOST,
  STATE_OFF,
  STATE_ORPHANED,
  STATE_REPLAYING,
  type VirtualDisk,
} from '../virtual-disk.ts';
import { FAIL, type Transition } from './transition.ts';

/** A host that found the lock taken, or the datastore failing, tries again after up to this long. @source assumed */
const BACK_OFF_NS = 500e6;
/** A question to holders is repeated so many times before their silence counts. @source assumed */
const QUESTIONS_MOST = 3;

/**
 * OFF -> WT, and on the way, if the record says dirty, ORPHANED -> REPLAYING: the lock is taken, the epoch raised, every
 * reachable holder sealed, and a complete log replayed, in that order. The next one to try repeats it from the last
 * checkpoint.
 */
export function openTransition(control: Control): Transition {
  const { state, parts } = control;

  const isDirty = (disk: VirtualDisk) => disk.record.dirty && !disk.work.discard;

  function ask(disk: VirtualDisk, host: number, type: number, sequence: number): void {
    const { ports, options } = state;
    const message = state.message(type, disk.id, disk.record.epoch, disk.attempt);
    const fields = ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_SEQUENCE] = sequence;
    fields[base + FIELD_RELEASED_THROUGH] = disk.record.checkpoint;
    ports.network.send(host, message, options.messageBytes);
  }

  /** Asks holders that have not answered, and takes what this host has itself. */
  function seal(disk: VirtualDisk): number {
    const { sealed } = disk.work;
    let asked = 0;
    for (const host of holdersOf(disk.record)) {
      if (sealed.has(host)) continue;
      asked++;
      if (host !== state.id) ask(disk, host, MESSAGE_SEAL, 0);
      else {
        const log = parts.held.of(disk.id);
        if (log !== undefined)
          parts.held.seal(log, disk.record.epoch, disk.record.checkpoint, disk.attempt, host);
        else if (parts.held.isLoading(disk.id)) continue;
        else {
          sealed.set(host, NO_LOG);
          asked--;
        }
      }
    }
    return asked;
  }

  function takeSealed(disk: VirtualDisk, host: number, log: SealedLog): void {
    if (disk.work.sealed.has(host)) return;
    disk.work.sealed.set(host, log);
    control.arrived(disk);
  }

  /**
   * The holder whose log is to be replayed: the longest unbroken one. What is damaged at the end of a log may have been
   * acknowledged: such a log counts only when every other holder has answered.
   * @returns -1 for none
   */
  function chooseSource(disk: VirtualDisk, answered: boolean): number {
    const { record, work } = disk;
    let best = -1;
    let bestTail = -1;
    let committed = 0;
    for (const log of work.sealed.values()) committed = Math.max(committed, log.committedThrough);
    for (const [host, log] of work.sealed) {
      if (segmentOf(record, host, log.firstEpoch) === undefined) continue;
      if (log.isDamaged && !answered) continue;
      // Sealed, and then gone with this host's flash.
      if (host === state.id && parts.held.of(disk.id) === undefined) continue;
      const tail = Math.max(log.tail, -1);
      if (tail < committed || tail < 0) continue;
      if (tail > bestTail || (tail === bestTail && host === state.id)) {
        best = host;
        bestTail = tail;
      }
    }
    return best;
  }

  /** The first record that must be replayed, less one. */
  function startOf(disk: VirtualDisk): number {
    let start = disk.record.checkpoint;
    for (const log of disk.work.sealed.values()) if (log.releasedThrough > start) start = log.releasedThrough;
    return start;
  }

  /** Every record of the log is described here: into the index, ready for the destager. */
  function loaded(disk: VirtualDisk, start: number, tail: number): void {
    const { ring } = disk;
    ring.first = start + 1;
    ring.next = tail + 1;
    disk.committed = tail;
    disk.destaged = start;
    disk.checkpoint = start;
    disk.logSlots = 0;
    disk.releasedSlots = 0;
    for (let sequence = start + 1; sequence <= tail; sequence++) parts.writes.load(disk, sequence);
    disk.logging = true;
    disk.throughCheckpoint = false;
    control.enter(disk, STATE_REPLAYING);
  }

  /** Gives the disk back, and looks again later for a log that is complete. */
  function letGo(disk: VirtualDisk): number {
    control.goTo(disk, 'let go of an orphan');
    return 0;
  }

  return {
    name: 'open',
    steps: [
      {
        name: 'read the lock',
        run(disk) {
          state.ports.datastore.inspect(disk.id, control.token(disk));
          return 1;
        },
        completed(disk, status) {
          if (status === STATUS_OK) control.arrived(disk);
          else control.setDeadline(disk, state.draw(BACK_OFF_NS));
        },
        timeout: (disk) => control.goTo(disk, 'read the lock'),
      },
      {
        name: 'wait for the lease of a silent holder',
        run(disk) {
          const { ports, options, id, silentNs } = state;
          const { work } = disk;
          const holder = ports.datastore.holder(disk.id);
          const counter = ports.datastore.counter(disk.id);
          const nowNs = ports.clock.nowNs;
          if (holder !== work.seenHolder || counter !== work.seenCounter) {
            // A living owner: a host that only looked after the log leaves it at that.
            if (!work.wanted && work.seenHolder >= 0 && holder >= 0) return FAIL;
            work.seenHolder = holder;
            work.seenCounter = counter;
            work.seenSinceNs = nowNs;
          }
          if (holder < 0 || holder === id || nowNs - work.seenSinceNs >= silentNs) return 0;
          if (ports.datastore.record(disk.id).dirty) control.enter(disk, STATE_ORPHANED);
          // Looked at again in between: the holder may give the lock back, when it has only replayed the log.
          control.setDeadline(disk, Math.min(work.seenSinceNs + silentNs - nowNs, options.lease.renewNs));
          return 1;
        },
        timeout: (disk) => control.goTo(disk, 'read the lock'),
      },
      {
        name: 'take the lock',
        run(disk) {
          const { ports } = state;
          disk.work.lockIssuedNs = ports.clock.nowNs;
          ports.datastore.lock(disk.id, disk.work.seenHolder, disk.work.seenCounter, control.token(disk));
          return 1;
        },
        completed(disk, status) {
          if (status !== STATUS_OK) {
            control.setDeadline(disk, state.draw(BACK_OFF_NS));
            return;
          }
          disk.record = state.ports.datastore.record(disk.id);
          parts.lease.begin(disk, disk.work.lockIssuedNs);
          control.arrived(disk);
        },
        timeout: (disk) => control.goTo(disk, 'read the lock'),
      },
      {
        name: 'raise the epoch',
        run(disk) {
          const before = disk.record;
          control.forgetCache(disk);
          disk.remoteHost = before.dirty ? -1 : disk.work.formerHost;
          disk.remoteEpoch = before.epoch;
          disk.work.formerHost = -1;
          const raised = { epoch: before.epoch + 1, version: before.version + 1, owner: state.id };
          if (isDirty(disk)) return control.writeRecord(disk, () => ({ ...before, ...raised }));
          const clean: Partial<FtRecord> = { mode: 'WT', dirty: false, segments: [] };
          return control.writeRecord(disk, () => ({ ...before, ...raised, ...clean }));
        },
      },
      {
        name: 'seal the holders',
        run(disk) {
          disk.epoch = disk.record.epoch;
          disk.work.sealed.clear();
          disk.work.questions = 0;
          if (!isDirty(disk)) {
            disk.ring.reset(disk.record.checkpoint + 1);
            disk.committed = disk.record.checkpoint;
            return 0;
          }
          const asked = seal(disk);
          control.setDeadline(disk, state.options.replication.timeoutNs);
          return asked;
        },
        message(disk, message) {
          const fields = state.ports.network.fields;
          const base = message * MESSAGE_FIELDS;
          if (fields[base + FIELD_TYPE] !== MESSAGE_SEALED) return;
          if (fields[base + FIELD_REQUEST] !== disk.attempt) return;
          takeSealed(disk, fields[base + FIELD_FROM]!, {
            firstEpoch: fields[base + FIELD_STATUS] === STATUS_OK ? fields[base + FIELD_FIRST_EPOCH]! : -1,
            tail: fields[base + FIELD_SEQUENCE]!,
            committedThrough:
              fields[base + FIELD_STATUS] === STATUS_OK ? fields[base + FIELD_COMMITTED_THROUGH]! : 0,
            releasedThrough:
              fields[base + FIELD_STATUS] === STATUS_OK ? fields[base + FIELD_RELEASED_THROUGH]! : 0,
            isDamaged: fields[base + FIELD_STATUS] === STATUS_OK && fields[base + FIELD_KIND] === 1,
          });
        },
        timeout(disk) {
          if (++disk.work.questions < QUESTIONS_MOST) {
            seal(disk);
            control.setDeadline(disk, state.options.replication.timeoutNs);
          } else control.goTo(disk, 'load the log');
        },
      },
      {
        name: 'load the log',
        run(disk) {
          const { work, record } = disk;
          if (!isDirty(disk)) return 0;
          const answered = holdersOf(record).every((host) => work.sealed.has(host));
          const source = chooseSource(disk, answered);
          if (source < 0) {
            work.isLost = answered;
            return letGo(disk);
          }
          const start = startOf(disk);
          const { tail, firstEpoch } = work.sealed.get(source)!;
          disk.firstEpoch = firstEpoch;
          if (source === state.id) {
            const log = parts.held.take(disk.id)!;
            disk.ring = log.ring;
            disk.log = log.space;
            disk.ownLog = true;
            disk.reserved = log.reservedBuckets > 0;
            // Where this host's flash fails to deliver, any other holder may have the record.
            work.sources = holdersOf(record).filter((host) => host !== state.id);
            loaded(disk, start, Math.max(start, tail));
            return 0;
          }
          // This host's own log, if any, is shorter: it stays with the held ones until the record says clean.
          work.sources = [
            source,
            ...[...work.sealed]
              .filter(([host, log]) => host !== source && host !== state.id && log.tail >= tail)
              .map(([host]) => host),
          ];
          work.loadedThrough = start;
          work.lastSequence = Math.max(start, tail);
          disk.ring.reset(start + 1);
          if (work.loadedThrough === work.lastSequence) {
            loaded(disk, start, work.lastSequence);
            return 0;
          }
          ask(disk, source, MESSAGE_PULL, start + 1);
          control.setDeadline(disk, state.options.replication.timeoutNs);
          work.questions = 0;
          return 1;
        },
        message(disk, message) {
          const { ports } = state;
          const fields = ports.network.fields;
          const base = message * MESSAGE_FIELDS;
          const { work, ring } = disk;
          if (fields[base + FIELD_TYPE] !== MESSAGE_RECORD || fields[base + FIELD_REQUEST] !== disk.attempt)
            return;
          const sequence = fields[base + FIELD_SEQUENCE]!;
          if (fields[base + FIELD_STATUS] !== STATUS_OK || sequence > work.lastSequence) return;
          ring.skipTo(sequence);
          if (sequence <= work.loadedThrough) return;
          const at = ring.place(sequence);
          ring.words[at + RECORD_PENDING] = 0;
          ring.words[at + RECORD_KIND] = fields[base + FIELD_KIND]!;
          ring.words[at + RECORD_SLOT] = -1;
          ring.words[at + RECORD_KEY] = fields[base + FIELD_KEY]!;
          ring.words[at + RECORD_PAYLOAD] = fields[base + FIELD_PAYLOAD]!;
          ring.numbers[at + RECORD_OFFSET] = fields[base + FIELD_OFFSET]!;
          ring.numbers[at + RECORD_BYTES] = fields[base + FIELD_BYTES]!;
          ring.numbers[at + RECORD_PAYLOAD_OFFSET] = fields[base + FIELD_PAYLOAD_OFFSET]!;
          const before = work.loadedThrough;
          while (
            work.loadedThrough + 1 < ring.next &&
            ring.words[ring.at(work.loadedThrough + 1) + RECORD_PENDING] === 0
          )
            work.loadedThrough++;
          if (work.loadedThrough === before) return;
          work.questions = 0;
          if (work.loadedThrough === work.lastSequence) {
            loaded(disk, ring.first - 1, work.lastSequence);
            control.arrived(disk);
          } else if ((work.loadedThrough - ring.first + 1) % PULL_RECORDS === 0)
            ask(disk, work.sources[0]!, MESSAGE_PULL, work.loadedThrough + 1);
        },
        timeout(disk) {
          const { work } = disk;
          if (++work.questions >= QUESTIONS_MOST) {
            work.isLost = false;
            letGo(disk);
            return;
          }
          ask(disk, work.sources[0]!, MESSAGE_PULL, work.loadedThrough + 1);
          control.setDeadline(disk, state.options.replication.timeoutNs);
        },
      },
      {
        name: 'destage all',
        until: 'destaged',
        run: (disk) => (disk.logging ? control.destageAll(disk) : 0),
      },
      {
        name: 'flush datastore',
        run: (disk) => (disk.logging ? control.flushDatastore(disk) : 0),
      },
      {
        name: 'write record: WT, clean',
        run(disk) {
          if (!disk.logging) return 0;
          disk.work.holders = holdersOf(disk.record);
          return control.writeRecord(disk, () => control.cleanRecord(disk));
        },
      },
      {
        name: 'release holders',
        run(disk) {
          if (disk.logging) control.endLogging(disk, disk.work.holders);
          disk.ownLog = false;
          control.goTo(disk, 'open');
          return 0;
        },
      },
      {
        name: 'let go of an orphan',
        run(disk) {
          state.ports.datastore.unlock(disk.id, control.token(disk));
          return 1;
        },
        completed(disk) {
          parts.lease.end(disk);
          control.fail(disk);
        },
      },
      { name: 'open', run: () => 0 },
    ],
    end(disk) {
      disk.work.discard = false;
      disk.holding = false;
      // Recovered for others: it is closed again.
      if (!disk.work.wanted) disk.requested = modeOf('none');
      disk.remoteFrom = disk.ring.next;
      disk.remoteUntilNs = state.ports.clock.nowNs + state.options.remoteReadsNs;
      return control.clean();
    },
    failed(disk) {
      const { work } = disk;
      if (!work.wanted) {
        control.bury(disk, STATE_OFF);
        return;
      }
      control.enter(disk, work.isLost ? STATE_LOST : STATE_ORPHANED);
      if (!work.isLost) control.retryLater(disk);
      work.isLost = false;
    },
  };
}

const NO_LOG: SealedLog = {
  firstEpoch: -1,
  tail: -1,
  committedThrough: 0,
  releasedThrough: 0,
  isDamaged: false,
};
