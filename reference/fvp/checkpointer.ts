/**
 * Durable checkpoints: the FT record says up to which sequence number everything is on the datastore. Only then are
 * log records released, here and at the holders (fvp-protocol.md 12.4-9, 12.4-10).
 */

import type { FtRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { BLOCK_BYTES } from './index/block-index.ts';
import { RECORD_LOG_SLOTS } from './log/record-ring.ts';
import { OP_DISK, OP_SEQUENCE, STAGE_CHECKPOINT } from './op-table.ts';
import { STATUS_OK, type Status } from './ports.ts';
import type { Replicator } from './replication/replicator.ts';
import type { VirtualDisk } from './virtual-disk.ts';

export const TIMER_CHECKPOINT = 1;

/**
 * A checkpoint does not wait once this share of the dirty limit is destaged and only awaits release: writers would be
 * held up for space that is free but for the record. @source assumed
 */
const PRESSING_SHARE = 1 / 32;

export class Checkpointer {
  private readonly state: HostState;
  private readonly replicator: Replicator;
  /** Called when log space of the disk has been released. */
  private readonly onReleased: (disk: VirtualDisk) => void;

  constructor(state: HostState, replicator: Replicator, onReleased: (disk: VirtualDisk) => void) {
    this.state = state;
    this.replicator = replicator;
    this.onReleased = onReleased;
  }

  /** Writes a checkpoint if there is something new and the last one is old enough; else sees to it later. */
  consider(disk: VirtualDisk): void {
    if (disk.checkpointing || disk.destaged <= disk.checkpoint) return;
    // While newcomers are held the disk is on its way out of write-back: nothing is gained by waiting.
    const { options, ports } = this.state;
    const dueNs = disk.lastCheckpointNs + options.checkpointIntervalNs;
    const pressing = disk.unreleasedBytes >= options.dirtyLimitBytes * PRESSING_SHARE;
    if (disk.holding || pressing || ports.clock.nowNs >= dueNs) {
      this.write(disk);
      return;
    }
    if (!disk.checkpointTimerSet) {
      disk.checkpointTimerSet = true;
      ports.timer.set(dueNs, disk.local * 4 + TIMER_CHECKPOINT);
    }
  }

  onTimer(disk: VirtualDisk): void {
    disk.checkpointTimerSet = false;
    this.consider(disk);
  }

  onCompletion(disk: VirtualDisk, op: number, status: Status): void {
    const ops = this.state.ops;
    const sequence = ops.numbers[(op >> 2) + OP_SEQUENCE]!;
    ops.release(op);
    disk.checkpointing = false;
    if (status !== STATUS_OK) return;
    disk.record = this.state.ports.datastore.record(disk.id);
    this.state.counters.checkpoints++;
    this.release(disk, sequence);
    this.consider(disk);
  }

  private write(disk: VirtualDisk): void {
    const { ops, ports } = this.state;
    disk.checkpointing = true;
    disk.lastCheckpointNs = ports.clock.nowNs;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.numbers[(op >> 2) + OP_SEQUENCE] = disk.destaged;
    const next: FtRecord = { ...disk.record, version: disk.record.version + 1, checkpoint: disk.destaged };
    ports.datastore.compareAndWrite(disk.id, disk.record, next, op | STAGE_CHECKPOINT);
  }

  private release(disk: VirtualDisk, through: number): void {
    const ring = disk.ring;
    const logSlots = ring.numbers[ring.at(through) + RECORD_LOG_SLOTS]!;
    const slots = logSlots - disk.releasedSlots;
    disk.releasedSlots = logSlots;
    ring.first = through + 1;
    disk.checkpoint = through;
    disk.dirtyBytes -= slots * BLOCK_BYTES;
    disk.unreleasedBytes -= slots * BLOCK_BYTES;
    this.state.dirtyBytes -= slots * BLOCK_BYTES;
    disk.log.release(through);
    this.replicator.release(disk);
    this.onReleased(disk);
  }
}
