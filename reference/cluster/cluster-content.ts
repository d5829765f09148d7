import type { Fault } from '../devices/api.ts';
import type { ContentPort, Status } from '../fvp/ports.ts';

/**
 * Follows the data, for checkers: told of the core's moves through `port`, of where each request goes, of what has
 * become durable, and of what guests asked and were answered.
 */
export interface ClusterContent {
  port(host: number): ContentPort;
  /** What the port was told of `token` belongs to request `id` from now on. */
  flashSubmitted(
    host: number,
    operation: number,
    address: number,
    bytes: number,
    token: number,
    id: number,
  ): void;
  /**
   * Comes just before the completion of a request that did not go well; `fault` and `sector` as devices/api says. What
   * a torn or corrupt write leaves on the medium, and what a corrupt read delivers, is the content's to show.
   */
  flashFaulted(id: number, fault: Fault, sector: number): void;
  flashCompleted(id: number, status: Status): void;
  datastoreSubmitted(
    host: number,
    operation: number,
    disk: number,
    offset: number,
    bytes: number,
    token: number,
    id: number,
  ): void;
  /** As `flashFaulted`. Locks, heartbeats and records have no content: whatever the fault, they fail. */
  datastoreFaulted(id: number, fault: Fault, sector: number): void;
  datastoreCompleted(id: number, status: Status): void;
  /** The memory of a host is gone, and that of its guests. */
  hostCrashed(host: number): void;
  flashLost(host: number): void;
  /** The VM that asked was stopped: the request may have had its effect, or not. */
  guestAborted(payload: number): void;
  /** The VM runs again: what was aborted has had its effect by now, or never will. */
  guestsResumed(disk: number): void;
  guestSubmitted(
    host: number,
    disk: number,
    operation: number,
    offset: number,
    bytes: number,
    payload: number,
  ): void;
  guestCompleted(payload: number, status: Status): void;
}
