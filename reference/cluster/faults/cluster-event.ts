/** What can happen to a cluster at a time of the load. Hosts and VMs by their place in the scenario. */
import type { ModeName } from '../../fvp/mode.ts';

/** `datastore`, or the flash of a host. */
export type EventDevice = 'datastore' | { readonly flashOf: number };

export type ClusterEventKind =
  | { readonly kind: 'crash'; readonly hosts: readonly number[] }
  | { readonly kind: 'restart'; readonly hosts: readonly number[]; readonly emptyFlash?: boolean }
  | { readonly kind: 'lose-flash'; readonly host: number }
  /** No message passes between hosts of `a` and of `b`; of a host in `fromDatastore` no request reaches the datastore. */
  | {
      readonly kind: 'partition';
      readonly a: readonly number[];
      readonly b: readonly number[];
      readonly fromDatastore: readonly number[];
    }
  /** All partitions end, and the datastore is back. */
  | { readonly kind: 'heal' }
  | {
      readonly kind: 'slow';
      readonly device: EventDevice;
      readonly factor: number;
      readonly forNs: number;
    }
  | { readonly kind: 'stall'; readonly device: EventDevice; readonly forNs: number }
  /** @param atOutput the host stops just before its next output, not at once */
  | { readonly kind: 'pause'; readonly host: number; readonly forNs: number; readonly atOutput?: boolean }
  | { readonly kind: 'corrupt'; readonly host: number }
  | { readonly kind: 'migrate'; readonly vm: number; readonly to: number }
  | { readonly kind: 'set-mode'; readonly vm: number; readonly mode: ModeName }
  /** The VM's disks are drained and stay in write-through for so long: a snapshot, a backup, a second opener. */
  | { readonly kind: 'drain'; readonly vm: number; readonly forNs: number }
  | { readonly kind: 'datastore-down'; readonly forNs: number }
  /** The operator gives up the dirty data of a LOST or ORPHANED disk. */
  | { readonly kind: 'discard'; readonly vm: number };

export type ClusterEvent = { readonly atNs: number } & ClusterEventKind;

/** One line of what happened in a run. Times from the start of the load. */
export interface HistoryEntry {
  readonly atNs: number;
  /** An event of the schedule; `state`: a disk has changed; `vm`: a VM stopped, runs, or is lost. */
  readonly event: string;
  readonly host?: string;
  readonly vm?: string;
  /** Of the VM. */
  readonly disk?: number;
  readonly state?: string;
  readonly detail?: string;
  /** When something that lasts for a while ends. */
  readonly untilNs?: number;
}
