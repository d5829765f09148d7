/** What a transition is made of (fvp-protocol.md 12.3). */
import type { Status } from '../ports.ts';
import type { VirtualDisk } from '../virtual-disk.ts';

/** Answers of a step's `run` that are no count. */
export const FAIL = -1;

/** Transitions, as indices of `Control.transitions`. */
export const OPEN = 0;
export const ARM = 1;
export const REPAIR = 2;
export const DRAIN = 3;
export const CLOSE = 4;

export interface Step {
  readonly name: string;
  /** What ends the step beside answers: no write in flight any more, or the log destaged as far as is wanted. */
  readonly until?: 'quiet' | 'destaged';
  /** Seen through once it has begun: what it sends may take effect whatever happens, and nobody would know. */
  readonly isSettling?: true;
  /** Emits the step's outputs. @returns how many answers to await; 0 goes on at once, FAIL gives the transition up */
  run(disk: VirtualDisk): number;
  /** A datastore or flash request of the step is complete. Without it STATUS_OK counts and anything else fails. */
  completed?(disk: VirtualDisk, status: Status): void;
  /** A message that answers the step's questions. */
  message?(disk: VirtualDisk, message: number): void;
  /** A checkpoint has released records. */
  released?(disk: VirtualDisk): void;
  /** The deadline that the step has set is over. Without it the transition fails. */
  timeout?(disk: VirtualDisk): void;
}

export interface Transition {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Called when the last step is done. @returns the state that has been reached */
  end(disk: VirtualDisk): number;
  /** Called when a step has failed; says what comes instead. */
  failed(disk: VirtualDisk): void;
}
