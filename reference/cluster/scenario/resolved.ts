/** A scenario with every default filled in and every device loaded: what `runCluster` runs. */
import type { DeviceSetup } from '../../devices/stack.ts';
import type { ModeName } from '../../fvp/mode.ts';
import type { FvpOptions } from '../../fvp/options.ts';
import type { ClusterEvent } from '../faults/cluster-event.ts';

export interface ResolvedDevice extends DeviceSetup {
  /** As written out in the run document: every parameter as a person would write it, and where the model is from. */
  readonly written: Readonly<Record<string, unknown>>;
}

export interface ResolvedHost {
  readonly name: string;
  /** null: a host without flash. */
  readonly flash: (ResolvedDevice & { readonly capacityBytes: number }) | null;
  readonly link: ResolvedDevice;
  /** Fault domain: hosts that may fail together. */
  readonly domain: string;
}

export interface ResolvedVm {
  readonly name: string;
  /** Index into `hosts`. */
  readonly host: number;
  /** `input`, or a workload's name. */
  readonly workload: string;
  /** Virtual time by which this VM's load is shifted. */
  readonly startNs: number;
  /** Set where the scenario, not the command line, says the mode. */
  readonly mode: ModeName | undefined;
}

export interface ResolvedScenario {
  readonly name: string;
  readonly description: string;
  readonly hosts: readonly ResolvedHost[];
  readonly datastore: ResolvedDevice;
  readonly vms: readonly ResolvedVm[];
  readonly fvp: FvpOptions;
  /** What happens while the load runs. */
  readonly events: readonly ClusterEvent[];
  /** The whole scenario as a plain, ordered object for the run document. */
  readonly written: Readonly<Record<string, unknown>>;
}
