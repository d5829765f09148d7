/**
 * A host whose lease may have ended acknowledges nothing, and nobody takes a lock whose holder's lease has not ended
 * (12.4-4). Told by the time of the world, which no host knows.
 */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import type { GuestIo } from '../stamped-content.ts';
import { Checker } from './checker.ts';

interface Lease {
  readonly host: number;
  readonly issuedNs: number;
}

export class LeaseChecker extends Checker {
  readonly name = 'lease-respected';
  /** By disk: what the datastore has granted last, and not been given back. */
  private readonly leases = new Map<number, Lease>();
  override readonly watcher: PlaneWatcher = {
    leaseBegun: (host, disk, issuedNs) => {
      const before = this.leases.get(disk);
      if (
        before !== undefined &&
        before.host !== host &&
        this.plane.nowNs < before.issuedNs + this.options.durationNs
      )
        this.object(`host ${host} took the lock of disk ${disk}, whose lease host ${before.host} still had`);
      this.leases.set(disk, { host, issuedNs });
    },
    lockReleased: (_, disk) => {
      this.leases.delete(disk);
    },
  };

  override acknowledged(io: GuestIo): void {
    if (io.aborted) return;
    const lease = this.leases.get(io.disk);
    if (lease === undefined) return;
    const { nowNs } = this.plane;
    // An answer that the pause of a host has held back was given before the pause.
    if (this.plane.places[io.host]!.resumedNs === nowNs) return;
    const { durationNs, drift } = this.options;
    if (lease.host !== io.host)
      this.object(`host ${io.host} answered I/O ${io.number} of disk ${io.disk}, leased to ${lease.host}`);
    else if (nowNs > lease.issuedNs + durationNs * (1 + drift))
      this.object(`host ${io.host} answered I/O ${io.number} of disk ${io.disk} after the end of its lease`);
  }

  private get options() {
    return this.world.run!.runtime.fvpHosts[0]!.state.options.lease;
  }
}
