/** A scenario whose devices are loaded; `resolve` fits it to a workload. */
import { type ModeName, modeOf } from '../../fvp/mode.ts';
import { DEFAULT_FVP_OPTIONS, type FvpOptions } from '../../fvp/options.ts';
import { BugError, UsageError } from '../../kernel/errors.ts';
import { formatBytes } from '../../kernel/units.ts';
import type { ClusterEvent } from '../faults/cluster-event.ts';
import { writtenEvent } from './events.ts';
import type { ResolvedDevice, ResolvedHost, ResolvedScenario } from './resolved.ts';
import { SCENARIO_SCHEMA, type SizeOrShare } from './schema.ts';
import { writtenBytes, writtenBytesPerSecond, writtenNs } from './written.ts';

export interface LoadedHost {
  readonly name: string;
  readonly flash: { readonly device: ResolvedDevice; readonly capacity: SizeOrShare } | null;
  readonly link: ResolvedDevice;
  readonly domain: string;
}

export interface LoadedVm {
  readonly name: string;
  /** Index into the hosts. */
  readonly host: number;
  readonly workload: string;
  readonly startNs: number;
  readonly mode: ModeName | undefined;
}

export interface FvpSettings {
  /** Undefined: 4 GiB, or what flash has room for. */
  readonly dirtyLimit: SizeOrShare | undefined;
  readonly options: Omit<FvpOptions, 'dirtyLimitBytes'>;
}

export interface ScenarioParts {
  readonly name: string;
  readonly description: string;
  /** As the person named it. */
  readonly file: string;
  /** Absolute path. */
  readonly folder: string;
  readonly hosts: readonly LoadedHost[];
  readonly datastore: ResolvedDevice;
  readonly vms: readonly LoadedVm[];
  readonly fvp: FvpSettings;
  readonly events: readonly ClusterEvent[];
}

export interface ResolveRequest {
  /** What percentages are of: distinct bytes the workload touches; of several workloads the largest. */
  readonly footprintBytes: number;
  /** Virtual disks of each VM, in the order of the VMs. @default 1 each */
  readonly disks?: readonly number[];
  /** Modes that will be run: flash must have room for the logs of each. @default none */
  readonly modes?: readonly ModeName[];
}

/** Buckets beside each log's quota that it needs while a bucket is being filled, and least size of a quota. */
const QUOTA_SPARE_BUCKETS = 1;
const QUOTA_BUCKETS_MIN = 2;
/** Share of flash that logs may take where the scenario sets no dirty limit. Assumed. */
const LOG_SHARE = 0.5;

export class Scenario {
  readonly name: string;
  readonly description: string;
  /** As the person named it. */
  readonly file: string;
  /** Folder that the scenario's own workload files are relative to; absolute. */
  readonly folder: string;
  readonly vms: readonly LoadedVm[];
  private readonly parts: ScenarioParts;

  constructor(parts: ScenarioParts) {
    this.parts = parts;
    this.name = parts.name;
    this.description = parts.description;
    this.file = parts.file;
    this.folder = parts.folder;
    this.vms = parts.vms;
  }

  /** Names of hosts, in order. */
  get hostNames(): readonly string[] {
    return this.parts.hosts.map((host) => host.name);
  }

  /** Why this mode cannot be run here: a sentence, or undefined when it can. */
  obstacle(mode: ModeName): string | undefined {
    for (const vm of this.vms) {
      const { replicas, writeBack, accelerated } = modeOf(vm.mode ?? mode);
      const host = this.parts.hosts[vm.host]!;
      const used = vm.mode ?? mode;
      if (accelerated && host.flash === null)
        return `${used} needs flash on ${host.name}, where ${vm.name} runs`;
      const peers = this.peersOf(vm.host).length;
      if (writeBack && peers < replicas) {
        return `${used} needs ${replicas} ${replicas === 1 ? 'peer' : 'peers'} with flash; ${host.name} has ${peers}`;
      }
    }
    return undefined;
  }

  /**
   * Turns percentages into bytes and rounds capacities to whole buckets.
   * @throws UsageError when a host's flash has no room for the logs it must hold; it says the least capacity
   */
  resolve(request: ResolveRequest): ResolvedScenario {
    const { bucketBytes } = this.parts.fvp.options;
    const disks = request.disks ?? this.vms.map(() => 1);
    const modes = request.modes ?? [];
    const capacities = this.parts.hosts.map((host) =>
      host.flash === null
        ? 0
        : Math.floor(bytesOf(host.flash.capacity, request.footprintBytes) / bucketBytes) * bucketBytes,
    );
    const logs = this.logsByHost(disks, modes);
    const dirtyLimitBytes = this.dirtyLimit(request.footprintBytes, capacities, logs);
    this.checkCapacities(capacities, logs, dirtyLimitBytes);
    const hosts: ResolvedHost[] = this.parts.hosts.map((host, index) => ({
      name: host.name,
      flash: host.flash === null ? null : { ...host.flash.device, capacityBytes: capacities[index]! },
      link: host.link,
      domain: host.domain,
    }));
    const fvp: FvpOptions = { ...this.parts.fvp.options, dirtyLimitBytes };
    return {
      name: this.name,
      description: this.description,
      hosts,
      datastore: this.parts.datastore,
      vms: this.vms,
      fvp,
      events: this.parts.events,
      written: this.written(hosts, fvp),
    };
  }

  /** Hosts that can hold replicas for this one: those after it in order, then those before it. */
  private peersOf(host: number): readonly number[] {
    const { hosts } = this.parts;
    return hosts
      .map((_, step) => (host + step) % hosts.length)
      .filter((peer) => peer !== host && hosts[peer]!.flash !== null);
  }

  /** Most logs each host has to hold at once, over the modes: its own disks' and its peers' replicas. */
  private logsByHost(disks: readonly number[], modes: readonly ModeName[]): number[] {
    const most = this.parts.hosts.map(() => 0);
    for (const mode of modes) {
      const logs = this.parts.hosts.map(() => 0);
      for (const [index, vm] of this.vms.entries()) {
        const { writeBack, replicas } = modeOf(vm.mode ?? mode);
        if (!writeBack) continue;
        for (const host of [vm.host, ...this.peersOf(vm.host).slice(0, replicas)])
          logs[host]! += disks[index]!;
      }
      for (const [host, count] of logs.entries()) most[host] = Math.max(most[host]!, count);
    }
    return most;
  }

  private dirtyLimit(footprintBytes: number, capacities: readonly number[], logs: readonly number[]): number {
    const { options, dirtyLimit } = this.parts.fvp;
    const least = QUOTA_BUCKETS_MIN * options.bucketBytes;
    if (dirtyLimit !== undefined) {
      const wanted = bytesOf(dirtyLimit, footprintBytes);
      return Math.max(least, Math.ceil(wanted / options.bucketBytes) * options.bucketBytes);
    }
    let limit = DEFAULT_FVP_OPTIONS.dirtyLimitBytes;
    for (const [host, count] of logs.entries()) {
      if (count === 0) continue;
      const share = (capacities[host]! * LOG_SHARE) / count;
      const room = Math.floor(share / options.bucketBytes) - QUOTA_SPARE_BUCKETS;
      limit = Math.min(limit, room * options.bucketBytes);
    }
    return Math.max(least, limit);
  }

  private checkCapacities(
    capacities: readonly number[],
    logs: readonly number[],
    dirtyLimitBytes: number,
  ): void {
    const { bucketBytes } = this.parts.fvp.options;
    const quotaBuckets = dirtyLimitBytes / bucketBytes + QUOTA_SPARE_BUCKETS;
    for (const [index, host] of this.parts.hosts.entries()) {
      if (host.flash === null) continue;
      // One bucket is always left to the cache.
      const leastBytes = (logs[index]! * quotaBuckets + 1) * bucketBytes;
      if (capacities[index]! >= leastBytes) continue;
      const count = logs[index]!;
      const purpose =
        count === 0
          ? 'for one bucket of cache'
          : `for ${count} write ${count === 1 ? 'log' : 'logs'} of up to ${formatBytes(dirtyLimitBytes)} and a bucket of cache`;
      throw new UsageError(
        `flash of ${host.name} is too small: ${formatBytes(capacities[index]!)}, and at least ${writtenBytes(leastBytes)} are needed ${purpose}`,
        {
          hint:
            this.parts.fvp.dirtyLimit === undefined
              ? 'raise flash.capacity in the scenario'
              : 'raise flash.capacity or lower fvp.dirtyLimit in the scenario',
        },
      );
    }
  }

  /** In the shape of a scenario file, with nothing left to a default. */
  private written(hosts: readonly ResolvedHost[], fvp: FvpOptions): Readonly<Record<string, unknown>> {
    return {
      schema: SCENARIO_SCHEMA,
      name: this.name,
      description: this.description,
      datastore: this.parts.datastore.written,
      hosts: Object.fromEntries(
        hosts.map((host) => [
          host.name,
          {
            flash:
              host.flash === null
                ? null
                : { ...host.flash.written, capacity: writtenBytes(host.flash.capacityBytes) },
            link: host.link.written,
            domain: host.domain,
          },
        ]),
      ),
      fvp: {
        bucketSize: writtenBytes(fvp.bucketBytes),
        populate: fvp.populate,
        dirtyLimit: writtenBytes(fvp.dirtyLimitBytes),
        lowWater: fvp.lowWater,
        highWater: fvp.highWater,
        drainBound: writtenNs(fvp.drainBoundNs),
        destage: {
          batchRecords: fvp.destage.batchRecords,
          batchSize: writtenBytes(fvp.destage.batchBytes),
          joinSize: writtenBytes(fvp.destage.joinBytes),
          bufferSize: writtenBytes(fvp.destage.bufferBytes),
        },
        checkpointInterval: writtenNs(fvp.checkpointIntervalNs),
        recordHeaderSize: writtenBytes(fvp.recordHeaderBytes),
        messageSize: writtenBytes(fvp.messageBytes),
        remoteReads: writtenNs(fvp.remoteReadsNs),
        lease: {
          renew: writtenNs(fvp.lease.renewNs),
          duration: writtenNs(fvp.lease.durationNs),
          drift: fvp.lease.drift,
        },
        replication: {
          resend: writtenNs(fvp.replication.resendNs),
          timeout: writtenNs(fvp.replication.timeoutNs),
          replacementWait: writtenNs(fvp.replication.replacementNs),
          outside: fvp.replication.outside,
          resyncRecords: fvp.replication.resyncRecords,
          ...(fvp.replication.compression !== null && {
            compression: 'adaptive',
            compressedSize: fvp.replication.compression.share,
            compressionRate: writtenBytesPerSecond(fvp.replication.compression.bytesPerSecond),
          }),
        },
        degrade: { above: writtenNs(fvp.degrade.aboveNs), factor: fvp.degrade.factor },
        retry: { first: writtenNs(fvp.retry.firstNs), most: writtenNs(fvp.retry.mostNs) },
      },
      vms: Object.fromEntries(
        this.vms.map((vm) => [
          vm.name,
          {
            host: hosts[vm.host]!.name,
            workload: vm.workload,
            start: writtenNs(vm.startNs),
            ...(vm.mode === undefined ? {} : { mode: vm.mode }),
          },
        ]),
      ),
      ...(this.parts.events.length === 0
        ? {}
        : {
            events: this.parts.events.map((event) =>
              writtenEvent(event, { hosts: this.hostNames, vms: this.vms.map((vm) => vm.name) }),
            ),
          }),
    };
  }
}

function bytesOf(size: SizeOrShare, footprintBytes: number): number {
  if (size.bytes !== undefined) return size.bytes;
  if (size.share !== undefined) return Math.floor(size.share * footprintBytes);
  throw new BugError('a size is neither bytes nor a share');
}
