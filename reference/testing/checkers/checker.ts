/** A checker watches a run from outside and answers at its end. */
import type { PlaneWatcher } from '../../cluster/faults/fault-plane.ts';
import type { ClusterRun } from '../../cluster/run-cluster.ts';
import type { GuestIo, StampedContent } from '../stamped-content.ts';

export interface Verdict {
  readonly checker: string;
  /** unknown: the checker could not tell; never a pass. */
  readonly valid: true | false | 'unknown';
  readonly evidence: readonly string[];
}

/** What checkers look at; `run` is there once the run has been made. */
export interface World {
  readonly content: StampedContent;
  run: ClusterRun | undefined;
  /** Loss beyond the mode's promise is allowed, if it is declared. */
  readonly beyond: boolean;
}

/** Most pieces of evidence kept of one checker. */
const EVIDENCE_MOST = 5;

export abstract class Checker {
  abstract readonly name: string;
  /** What it wants to be told of. */
  readonly watcher: PlaneWatcher = {};
  protected readonly world: World;
  private readonly evidence: string[] = [];
  private count = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** A guest's write, or other request, has been acknowledged. */
  acknowledged(_io: GuestIo): void {}

  /** The run has ended. */
  ended(): void {}

  protected object(evidence: string): void {
    if (this.count++ < EVIDENCE_MOST) this.evidence.push(evidence);
  }

  verdict(): Verdict {
    return { checker: this.name, valid: this.count === 0, evidence: this.evidence };
  }

  protected get plane() {
    return this.world.run!.plane!;
  }

  protected get datastore() {
    return this.world.run!.runtime.datastore;
  }

  /** True when an administrator would see that acknowledged data of this disk is gone. */
  protected isDeclaredLost(disk: number): boolean {
    return this.world.run!.isLost(disk);
  }
}
