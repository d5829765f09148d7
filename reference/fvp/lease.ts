/**
 * The lease on a disk's lock. The owner counts it from the issue of the last renewal that succeeded, on its own clock;
 * from its end on it neither acknowledges nor writes to the datastore (fvp-protocol.md 12.1, 12.4-4).
 */
import type { HostState } from './host-state.ts';
import { OP_DISK, OP_START_NS, STAGE_HEARTBEAT } from './op-table.ts';
import { STATUS_OK, STATUS_REFUSED, type Status } from './ports.ts';
import { TIMER_HEARTBEAT, timerOf } from './timers.ts';
import type { VirtualDisk } from './virtual-disk.ts';

export class Lease {
  private readonly state: HostState;
  /** Called when a lease that had ended is valid again: what waited for it goes on. */
  private readonly onRenewed: (disk: VirtualDisk) => void;
  private readonly onFenced: (disk: VirtualDisk) => void;
  /** Called with every heartbeat: a sign of life for those who hold the disk's log. */
  private readonly onBeat: (disk: VirtualDisk) => void;

  constructor(
    state: HostState,
    onRenewed: (disk: VirtualDisk) => void,
    onFenced: (disk: VirtualDisk) => void,
    onBeat: (disk: VirtualDisk) => void,
  ) {
    this.state = state;
    this.onRenewed = onRenewed;
    this.onFenced = onFenced;
    this.onBeat = onBeat;
  }

  /** The lock has been taken by a request issued at `issuedNs`. */
  begin(disk: VirtualDisk, issuedNs: number): void {
    disk.leaseEndsNs = issuedNs + this.state.options.lease.durationNs;
    this.beat(disk);
  }

  /** The lock is given back. */
  end(disk: VirtualDisk): void {
    disk.leaseEndsNs = Number.POSITIVE_INFINITY;
  }

  onTimer(disk: VirtualDisk): void {
    disk.heartbeatTimerSet = false;
    if (disk.dead || disk.leaseEndsNs === Number.POSITIVE_INFINITY) return;
    this.beat(disk);
  }

  onHeartbeat(disk: VirtualDisk, op: number, status: Status): void {
    const { ops, ports, options } = this.state;
    const issuedNs = ops.numbers[(op >> 2) + OP_START_NS]!;
    ops.release(op);
    disk.heartbeatUnderWay = false;
    if (disk.dead || disk.leaseEndsNs === Number.POSITIVE_INFINITY) return;
    if (status === STATUS_REFUSED) {
      this.onFenced(disk);
      return;
    }
    const nowNs = ports.clock.nowNs;
    const hadEnded = nowNs >= disk.leaseEndsNs;
    if (status === STATUS_OK) {
      const endsNs = issuedNs + options.lease.durationNs;
      if (endsNs > disk.leaseEndsNs) disk.leaseEndsNs = endsNs;
    }
    // An answer that came too late to be of use: ask again at once.
    if (nowNs >= disk.leaseEndsNs) {
      if (status === STATUS_OK) this.send(disk);
    } else if (hadEnded) this.onRenewed(disk);
  }

  private beat(disk: VirtualDisk): void {
    const { ports, options, counters } = this.state;
    if (disk.heartbeatUnderWay) counters.leasesAtRisk++;
    else this.send(disk);
    this.onBeat(disk);
    if (disk.heartbeatTimerSet) return;
    disk.heartbeatTimerSet = true;
    ports.timer.set(ports.clock.nowNs + options.lease.renewNs, timerOf(TIMER_HEARTBEAT, disk.local));
  }

  private send(disk: VirtualDisk): void {
    const { ops, ports, counters } = this.state;
    const op = ops.allocate();
    ops.words[op + OP_DISK] = disk.local;
    ops.numbers[(op >> 2) + OP_START_NS] = ports.clock.nowNs;
    counters.heartbeats++;
    disk.heartbeatUnderWay = true;
    ports.datastore.heartbeat(disk.id, op | STAGE_HEARTBEAT);
  }
}
