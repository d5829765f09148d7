/**
 * Keeps the loss of flash within what a mode promises: data survives as long as no more hosts lose theirs than there are
 * replicas. Hosts that have lost it count for good, since nothing says when their copies have been replaced.
 */

export class FaultAtlas {
  private readonly lost = new Set<number>();
  private readonly most: number;
  private readonly beyond: boolean;

  /** @param beyond nothing is kept within any promise */
  constructor(hosts: number, replicas: number, beyond: boolean) {
    // A host is left that has everything, and one to replace those that are lost.
    this.most = Math.min(replicas, hosts - 2);
    this.beyond = beyond;
  }

  /** Asks whether the data on the flash of these hosts may be lost; if so it counts. */
  mayLose(hosts: readonly number[]): boolean {
    if (this.beyond) return true;
    const after = new Set([...this.lost, ...hosts]);
    if (after.size > this.most) return false;
    for (const host of hosts) this.lost.add(host);
    return true;
  }
}
