/** When all disks are closed nothing is left: no request, question, held log, reservation, pinned bucket or message. */
import { Checker } from './checker.ts';

export class LeakChecker extends Checker {
  readonly name = 'nothing-leaked';

  override ended(): void {
    const { runtime } = this.world.run!;
    const lost = this.world.content.disks().some((disk) => this.isDeclaredLost(disk));
    for (const host of runtime.fvpHosts) {
      if (!this.plane.isUp(host.state.id)) continue;
      const { ops, dirtyBytes, reservedBuckets, buckets } = host.state;
      const counts = {
        requests: ops.used,
        dirtyBytes,
        'log buckets': buckets.pinnedBuckets,
        reservedBuckets,
      };
      for (const [what, count] of Object.entries(counts)) {
        // The log of a lost disk is kept for the operator.
        if (count !== 0 && !(lost && what !== 'requests'))
          this.object(`host ${host.state.id}: ${count} ${what} left`);
      }
    }
    if (runtime.messagesInFlight !== 0) this.object(`${runtime.messagesInFlight} messages left`);
  }
}
