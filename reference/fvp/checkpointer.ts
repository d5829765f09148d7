/**
 * Durable checkpoints: the FT record says up to which sequence number everything is on the datastore. Only then are
 * log records released, here and at the holders (fvp-protocol.md 12.4-9, 12.4-10).
 */
import type { HostState } from './host-state.ts';
import { BLOCK_BYTES } from './index/block-index.ts';
import { RECORD_LOG_SLOTS } from './log/record-ring.ts';
import type { RecordWriter } from './record-writer.ts';
import type { Replicator } from './replication/replicator.ts';
import { TIMER_CHECKPOINT, timerOf } from './timers.ts';
import type { VirtualDisk } from './virtual-disk.ts';

/**
 * A checkpoint does not wait once this share of the dirty limit is destaged and only awaits release: writers would be
 * held up for space that is free but for the record. @source assumed
 */
const PRESSING_SHARE = 1 / 32;

export class Checkpointer {
  private readonly state: HostState;
  private readonly replicator: Replicator;
  private readonly records: RecordWriter;
  /** Called when a checkpoint is durable, before and after it releases log space. */
  private readonly onCovered: (disk: VirtualDisk, through: number) => void;
  private readonly onReleased: (disk: VirtualDisk) => void;

  constructor(
    state: HostState,
    replicator: Replicator,
    records: RecordWriter,
    onCovered: (disk: VirtualDisk, through: number) => void,
    onReleased: (disk: VirtualDisk) => void,
  ) {
    this.state = state;
    this.replicator = replicator;
    this.records = records;
    this.onCovered = onCovered;
    this.onReleased = onReleased;
  }

  /** Writes a checkpoint if there is something new and the last one is old enough; else sees to it later. */
  consider(disk: VirtualDisk): void {
    if (disk.recordBusy || disk.destaged <= disk.checkpoint) return;
    // Where writers wait for the checkpoint itself, or the disk is on its way out, nothing is gained by waiting.
    const { options, ports } = this.state;
    const dueNs = disk.lastCheckpointNs + options.checkpointIntervalNs;
    const pressing = disk.unreleasedBytes >= options.dirtyLimitBytes * PRESSING_SHARE;
    if (disk.holding || disk.throughCheckpoint || pressing || ports.clock.nowNs >= dueNs) {
      this.write(disk);
      return;
    }
    if (!disk.checkpointTimerSet) {
      disk.checkpointTimerSet = true;
      ports.timer.set(dueNs, timerOf(TIMER_CHECKPOINT, disk.local));
    }
  }

  onTimer(disk: VirtualDisk): void {
    disk.checkpointTimerSet = false;
    if (!disk.dead && disk.logging) this.consider(disk);
  }

  private write(disk: VirtualDisk): void {
    const { ports, counters } = this.state;
    const through = disk.destaged;
    disk.lastCheckpointNs = ports.clock.nowNs;
    const next = { ...disk.record, version: disk.record.version + 1, checkpoint: through };
    this.records.write(disk, next, () => {
      counters.checkpoints++;
      this.release(disk, through);
      this.consider(disk);
    });
  }

  private release(disk: VirtualDisk, through: number): void {
    this.onCovered(disk, through);
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
