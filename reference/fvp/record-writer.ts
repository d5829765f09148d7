/**
 * Updates of a disk's FT record: one at a time, each a compare-and-write. When the datastore answers with an error
 * nobody knows whether it was applied: the record is read, and the update repeated if it was not.
 */
import type { FtRecord } from './ft-record.ts';
import type { HostState } from './host-state.ts';
import { OP_DISK, OP_OPERATION, STAGE_RECORD } from './op-table.ts';
import { STATUS_OK, STATUS_REFUSED, type Status } from './ports.ts';
import type { VirtualDisk } from './virtual-disk.ts';

const WRITE = 0;
const READ_AGAIN = 1;

export class RecordWriter {
  private readonly state: HostState;
  private readonly onFenced: (disk: VirtualDisk) => void;
  /** Called when an update is done and no other has been started. */
  private readonly onFree: (disk: VirtualDisk) => void;
  /** By local disk. */
  private readonly updates: ({ readonly next: FtRecord; readonly done: () => void } | undefined)[] = [];

  constructor(state: HostState, onFenced: (disk: VirtualDisk) => void, onFree: (disk: VirtualDisk) => void) {
    this.state = state;
    this.onFenced = onFenced;
    this.onFree = onFree;
  }

  /** Starts an update; none may be under way. @param done when it is durable */
  write(disk: VirtualDisk, next: FtRecord, done: () => void): void {
    disk.recordBusy = true;
    this.updates[disk.local] = { next, done };
    this.send(disk);
  }

  onCompletion(disk: VirtualDisk, op: number, status: Status): void {
    const { ops, ports } = this.state;
    const operation = ops.words[op + OP_OPERATION]!;
    ops.release(op);
    const update = this.updates[disk.local];
    if (disk.dead || update === undefined) return;
    if (operation === WRITE && status === STATUS_OK) this.finish(disk);
    else if (operation === WRITE && status === STATUS_REFUSED) {
      this.updates[disk.local] = undefined;
      this.onFenced(disk);
    } else if (operation === READ_AGAIN && status === STATUS_OK) {
      const { owner, version } = ports.datastore.record(disk.id);
      if (owner === update.next.owner && version === update.next.version) this.finish(disk);
      else if (version === disk.record.version) this.send(disk);
      else {
        this.updates[disk.local] = undefined;
        this.onFenced(disk);
      }
    } else ports.datastore.inspect(disk.id, this.token(disk, READ_AGAIN));
  }

  private finish(disk: VirtualDisk): void {
    const { next, done } = this.updates[disk.local]!;
    this.updates[disk.local] = undefined;
    disk.record = next;
    disk.recordBusy = false;
    // A step of a transition comes before the next checkpoint.
    this.onFree(disk);
    done();
  }

  private send(disk: VirtualDisk): void {
    const { next } = this.updates[disk.local]!;
    this.state.ports.datastore.compareAndWrite(disk.id, disk.record, next, this.token(disk, WRITE));
  }

  private token(disk: VirtualDisk, operation: number): number {
    const ops = this.state.ops;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.words[op + OP_OPERATION] = operation;
    return op | STAGE_RECORD;
  }
}
