/**
 * The failure matrix of fvp-protocol.md 12.5, row by row: what happens, and what each mode promises then. Hosts are
 * 0 to 4; the VM runs on host 0, its replicas are on 1, and on 1 and 2.
 */
import { HOST_DEAD_NS, POWER_OFF_NS } from '../../cluster/faults/availability.ts';
import type { ClusterEvent, HistoryEntry } from '../../cluster/faults/cluster-event.ts';
import type { ModeName } from '../../fvp/mode.ts';
import { DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import type { STATE_NAMES } from '../../fvp/virtual-disk.ts';

export const MATRIX_MODES = ['write-through', 'write-back', 'write-back+1', 'write-back+2'] as const;
export type MatrixMode = (typeof MATRIX_MODES)[number] & ModeName;
export type StateName = (typeof STATE_NAMES)[number];

/** Longest that guests of the comparator wait. @source VirtuCache: 30 s of retries, then 2 min; fvp-protocol.md 6.2 */
export const COMPARATOR_NS = 150e9;

export interface FailurePromise {
  /** In the matrix's words. */
  readonly words: string;
  readonly lost: boolean;
  /** Of the VM's disk after the failure, before anything is repaired by hand. */
  readonly state: StateName;
  /** Sum of the bounds of the steps (12.4-18); unbounded where the VM waits for an operator. */
  readonly stallNs: number;
}

export interface Failure {
  /** In the matrix's words. */
  readonly name: string;
  readonly events: readonly ClusterEvent[];
  /** What follows, told from what the events alone led to. */
  readonly follow?: (history: readonly HistoryEntry[]) => readonly ClusterEvent[];
  /** When hosts that are still down are started again and partitions end. @default CURE_NS */
  readonly cureNs?: number;
  /** What is dirty is no longer in the owner's memory. */
  readonly noBuffer?: boolean;
  /** The guest is silent around the failure. */
  readonly quiet?: boolean;
  /** Host 3 has no flash. */
  readonly hostWithoutFlash?: boolean;
  /** Writes to the datastore of sector 0's block fail for 10 s. */
  readonly badBlock?: boolean;
  /** Absent: the row does not concern the mode. */
  readonly promises: { readonly [mode in MatrixMode]?: FailurePromise };
}

const SECOND = 1e9;
export const FAULT_NS = 5 * SECOND;
/** When hosts that are still down are started again and partitions end. */
export const CURE_NS = 60 * SECOND;
/** How long the datastore is away, or the cluster without power. */
const OUTAGE_NS = 30 * SECOND;

const { lease, replication, drainBoundNs } = DEFAULT_FVP_OPTIONS;
/** No holder of a lock may be silent for longer. */
const SILENT_NS = lease.durationNs * (1 + 2 * lease.drift);
/** A holder is found lost, and another one is sought. */
const REPLACE_NS = replication.timeoutNs + replication.replacementNs;
const REPLACE_OR_DRAIN_NS = REPLACE_NS + drainBoundNs;
/** Requests to the datastore and to holders when a disk is opened. @source assumed: as a question to a holder */
const OPEN_NS = replication.timeoutNs;
/** HA finds the host dead, the lease ends, and the disk is clean already. */
const RESTART_NS = HOST_DEAD_NS + SILENT_NS + OPEN_NS;
const REPLAY_NS = RESTART_NS + drainBoundNs;
const UNTIL_CURE_NS = CURE_NS - FAULT_NS + SILENT_NS + OPEN_NS + drainBoundNs;
/** The cut-off host's lease ends and it powers the VM off; the disk is opened elsewhere. */
const ISOLATED_NS = lease.durationNs + POWER_OFF_NS + SILENT_NS + OPEN_NS + drainBoundNs;
/** No wait but that of a few I/Os: the least bound that a step has. */
const NO_STALL_NS = replication.timeoutNs;

const kept = (words: string, state: StateName, stallNs: number): FailurePromise => ({
  words,
  lost: false,
  state,
  stallNs,
});
const lost = (words: string): FailurePromise => ({
  words,
  lost: true,
  state: 'LOST',
  stallNs: Number.POSITIVE_INFINITY,
});
const bothReplicated = (promise: FailurePromise) => ({ 'write-back+1': promise, 'write-back+2': promise });
const everyWriteBack = (promise: FailurePromise) => ({ 'write-back': promise, ...bothReplicated(promise) });
const every = (words: string, stallNs: number) => ({
  'write-through': kept(words, 'WT', stallNs),
  ...everyWriteBack(kept(words, 'WB', stallNs)),
});

const at = FAULT_NS;
const crash = (...hosts: readonly number[]): ClusterEvent => ({ atNs: at, kind: 'crash', hosts });
const ALL = [0, 1, 2, 3, 4];

export const FAILURES: readonly Failure[] = [
  {
    name: 'peer host lost',
    events: [crash(1)],
    promises: {
      'write-through': kept('no replicas', 'WT', NO_STALL_NS),
      'write-back': kept('no replicas', 'WB', NO_STALL_NS),
      ...bothReplicated(kept('short stall; replace peer and resync', 'WB', REPLACE_NS)),
    },
  },
  {
    name: "peer's flash lost",
    events: [{ atNs: at, kind: 'lose-flash', host: 1 }],
    promises: {
      'write-through': kept('no replicas', 'WT', NO_STALL_NS),
      'write-back': kept('no replicas', 'WB', NO_STALL_NS),
      ...bothReplicated(kept('short stall; replace peer and resync', 'WB', REPLACE_NS)),
    },
  },
  {
    name: 'every peer lost, no replacement',
    events: [crash(1, 2, 3, 4)],
    promises: bothReplicated(kept('drain, then write-through', 'WT_TEMP', REPLACE_OR_DRAIN_NS)),
  },
  {
    name: 'replication network down, SAN up',
    events: [{ atNs: at, kind: 'partition', a: ALL, b: ALL, fromDatastore: [] }],
    promises: {
      'write-through': kept('reads go to the SAN', 'WT', NO_STALL_NS),
      'write-back': kept('nothing', 'WB', NO_STALL_NS),
      ...bothReplicated(
        kept('stall to timeout, drain; lock stays with owner', 'WT_TEMP', REPLACE_OR_DRAIN_NS),
      ),
    },
  },
  {
    name: 'one replica slow',
    events: [{ atNs: at, kind: 'slow', device: { flashOf: 1 }, factor: 50_000, forNs: 30 * SECOND }],
    promises: bothReplicated(kept('drop the slow one', 'WB', REPLACE_NS)),
  },
  {
    name: 'local flash lost, VM running',
    events: [{ atNs: at, kind: 'lose-flash', host: 0 }],
    noBuffer: true,
    promises: {
      'write-through': kept('cache lost; go on', 'WT_NOFLASH', NO_STALL_NS),
      'write-back': lost('acked dirty data lost, alarm'),
      ...bothReplicated(
        kept("owner pulls a holder's log and destages it", 'WT_NOFLASH', REPLACE_OR_DRAIN_NS),
      ),
    },
  },
  {
    name: 'local flash lost, dirty data in memory',
    events: [{ atNs: at, kind: 'lose-flash', host: 0 }],
    promises: everyWriteBack(kept('owner destages it from memory', 'WT_NOFLASH', REPLACE_OR_DRAIN_NS)),
  },
  {
    name: 'owner host crash',
    events: [crash(0)],
    promises: {
      'write-through': kept('HA restarts at once', 'WT', RESTART_NS),
      'write-back': kept('orphaned until the host reboots', 'ORPHANED', UNTIL_CURE_NS),
      ...bothReplicated(kept('replica takes lock, replays, then power-on', 'WB', REPLAY_NS)),
    },
  },
  {
    name: 'owner host crash, its flash dead',
    events: [crash(0), { atNs: 30 * SECOND, kind: 'restart', hosts: [0], emptyFlash: true }],
    promises: {
      'write-through': kept('HA restarts at once', 'WT', RESTART_NS),
      'write-back': lost('dirty data only on that host'),
      ...bothReplicated(kept('replica takes lock, replays, then power-on', 'WB', REPLAY_NS)),
    },
  },
  {
    name: 'owner + one replica fail together',
    events: [crash(0, 1)],
    promises: {
      'write-through': kept('HA restarts at once', 'WT', RESTART_NS),
      'write-back': kept('orphaned until the host reboots', 'ORPHANED', UNTIL_CURE_NS),
      'write-back+1': kept('wait for either to come back', 'ORPHANED', UNTIL_CURE_NS),
      'write-back+2': kept('second replica replays', 'WB', REPLAY_NS),
    },
  },
  {
    name: 'replayer dies during replay (cascade)',
    events: [crash(0)],
    follow: (history) =>
      history
        .filter(({ state }) => state === 'REPLAYING')
        .slice(0, 1)
        .map(({ atNs, host }) => ({
          atNs: atNs + 100_000,
          kind: 'crash',
          hosts: [Number(host!.slice('esx'.length)) - 1],
        })),
    cureNs: 100 * SECOND,
    promises: { 'write-back+2': kept('other replica restarts', 'WB', 2 * REPLAY_NS) },
  },
  {
    name: 'partition: owner + SAN / peers + SAN',
    events: [{ atNs: at, kind: 'partition', a: [0], b: [1, 2, 3, 4], fromDatastore: [] }],
    promises: bothReplicated(kept('owner keeps lock: drains', 'WT_TEMP', REPLACE_OR_DRAIN_NS)),
  },
  {
    name: 'owner loses SAN, still has peers',
    events: [{ atNs: at, kind: 'partition', a: [], b: [], fromDatastore: [0] }],
    promises: every('stop acks at lease limit; HA moves the VM', ISOLATED_NS),
  },
  {
    name: 'owner fully isolated',
    events: [{ atNs: at, kind: 'partition', a: [0], b: [1, 2, 3, 4], fromDatastore: [0] }],
    promises: {
      'write-through': kept('VM halted by HA; lease expires', 'WT', ISOLATED_NS),
      'write-back': kept('as crash', 'ORPHANED', UNTIL_CURE_NS),
      ...bothReplicated(kept("peers' winner replays", 'WB', ISOLATED_NS)),
    },
  },
  {
    name: 'SAN down for all, hosts up',
    events: [{ atNs: at, kind: 'datastore-down', forNs: OUTAGE_NS }],
    promises: every('I/O waits; nobody may replay', OUTAGE_NS + lease.renewNs),
  },
  {
    name: 'SAN slower than ingest',
    events: [{ atNs: at, kind: 'slow', device: 'datastore', factor: 500, forNs: 20 * SECOND }],
    promises: every('throttle smoothly to destage rate', drainBoundNs),
  },
  {
    name: 'SAN write error on one block while destaging',
    events: [],
    badBlock: true,
    promises: {
      'write-through': kept('error to guest at once', 'WT', NO_STALL_NS),
      ...everyWriteBack(kept('retry, never skip the record', 'WB', drainBoundNs)),
    },
  },
  {
    name: 'whole-cluster power loss, flash kept',
    events: [crash(...ALL), { atNs: at + OUTAGE_NS, kind: 'restart', hosts: ALL }],
    promises: {
      'write-through': kept('no loss', 'WT', OUTAGE_NS + RESTART_NS),
      ...everyWriteBack(kept('replay after reboot', 'WB', OUTAGE_NS + REPLAY_NS)),
    },
  },
  {
    name: 'whole-cluster power loss, RAM medium',
    events: [crash(...ALL), { atNs: at + OUTAGE_NS, kind: 'restart', hosts: ALL, emptyFlash: true }],
    promises: {
      'write-through': kept('no loss', 'WT', OUTAGE_NS + RESTART_NS),
      ...everyWriteBack(lost('loss of all undestaged')),
    },
  },
  {
    name: 'crash between record and first log write',
    events: [],
    quiet: true,
    promises: {
      'write-back': kept('header present, log empty', 'ORPHANED', UNTIL_CURE_NS),
      ...bothReplicated(kept('replay of nothing, clean', 'WB', REPLAY_NS)),
    },
  },
  {
    name: 'crash while peers are being changed',
    events: [crash(1), { atNs: at + replication.timeoutNs + 1e6, kind: 'crash', hosts: [0] }],
    promises: {
      'write-back+1': kept('record decides who may replay', 'ORPHANED', UNTIL_CURE_NS),
      'write-back+2': kept('record decides who may replay', 'WB', REPLACE_NS + REPLAY_NS),
    },
  },
  {
    name: 'snapshot/clone/backup behind the hypervisor',
    events: [{ atNs: at, kind: 'drain', vm: 0, forNs: 10 * SECOND }],
    promises: every('must drain first', drainBoundNs),
  },
  {
    name: 'second opener of the disk',
    events: [{ atNs: at, kind: 'drain', vm: 0, forNs: CURE_NS }],
    promises: {
      'write-through': kept('write-through semantics', 'WT', NO_STALL_NS),
      ...everyWriteBack(kept('drain, stay in write-through while shared', 'WT', drainBoundNs)),
    },
  },
  {
    name: 'move to host without flash',
    events: [
      { atNs: at, kind: 'migrate', vm: 0, to: 3 },
      { atNs: CURE_NS, kind: 'migrate', vm: 0, to: 0 },
    ],
    hostWithoutFlash: true,
    promises: {
      'write-through': kept('remote reads', 'WT_NOFLASH', drainBoundNs),
      ...everyWriteBack(kept('drain, write-through; write-back again on return', 'WT_NOFLASH', drainBoundNs)),
    },
  },
  {
    name: 'stale host returns with old log',
    events: [crash(0), { atNs: 50 * SECOND, kind: 'restart', hosts: [0] }],
    promises: {
      'write-through': kept('clean cache of old epoch dropped', 'WT', RESTART_NS),
      ...bothReplicated(kept('log kept only if the record lists it', 'WB', REPLAY_NS)),
    },
  },
];

/** Rows that no run can show, and why. */
export const NOT_RUN = [
  {
    name: 'management server down',
    why: 'the cluster has none: policy reaches a host as a request, and nothing asks a server afterwards',
  },
] as const;
