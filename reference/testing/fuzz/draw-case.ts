/**
 * One case of the cluster tester, drawn from a seed: a cluster, its devices, a load whose writes overlap, and a schedule
 * of faults with a personality of its own: each kind of fault is on or off for the whole case.
 */

import type { ClusterEvent, ClusterEventKind } from '../../cluster/faults/cluster-event.ts';
import type { ClockError, Weather } from '../../cluster/faults/fault-plane.ts';
import { deviceOf, type PlainIo, plainScenario } from '../../cluster/plain-scenario.ts';
import type { ResolvedScenario } from '../../cluster/scenario/resolved.ts';
import flash from '../../devices/models/flash.ts';
import link from '../../devices/models/link.ts';
import { MODE_NAMES, type ModeName, modeOf } from '../../fvp/mode.ts';
import { type Compression, DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../../kernel/io.ts';
import { RandomStream } from '../../kernel/random.ts';
import { type Aim, drawAim } from './cells.ts';
import { FaultAtlas } from './fault-atlas.ts';

export interface FuzzCase {
  readonly seed: number;
  readonly scenario: ResolvedScenario;
  readonly mode: ModeName;
  /** By VM. */
  readonly loads: readonly (readonly PlainIo[])[];
  readonly events: readonly ClusterEvent[];
  readonly weather: Weather;
  readonly clocks: readonly ClockError[];
  readonly tearing: boolean;
  /** Where a host is stopped beside; undefined: nowhere. */
  readonly aim: Aim | undefined;
  /** Faults may go beyond what the mode promises: loss is allowed, if it is declared. */
  readonly beyond: boolean;
}

const FAULT_KINDS = [
  'crash',
  'lose-flash',
  'partition',
  'cut-off',
  'slow',
  'stall',
  'pause',
  'corrupt',
  'migrate',
  'set-mode',
  'drain',
  'datastore-down',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const REPLICAS_MOST = 2;
const MS = 1e6;
const SECOND = 1e9;

/** @param beyond lets faults go beyond what the mode promises */
export function drawCase(seed: number, beyond = false): FuzzCase {
  const random = new RandomStream(seed, 'fuzz case');
  const below = (bound: number) => random.nextBelow(bound);
  const pick = <T>(values: readonly T[]) => values[below(values.length)]!;
  const chance = (percent: number) => below(100) < percent;

  const hosts = 3 + below(3);
  const vms = 1 + below(2);
  const accelerated: readonly ModeName[] = MODE_NAMES.filter((name) => name !== 'none');
  const mode = chance(75) ? pick(['write-back+1', 'write-back+2'] as const) : pick(accelerated);
  // A change of mode keeps the promise of the first one; write-through has none to keep, and goes over to the strongest.
  const replicas = mode === 'write-through' ? REPLICAS_MOST : modeOf(mode).replicas;
  const modes = accelerated.filter((name) => !modeOf(name).writeBack || modeOf(name).replicas >= replicas);
  // Small times and sizes, so that much happens in a second.
  const leaseNs = pick([800 * MS, 1600 * MS]);
  const scenario = plainScenario({
    hosts,
    vms: Array.from({ length: vms }, () => below(hosts)),
    flash: deviceOf(flash, {
      channels: 1 + below(4),
      write: { distribution: 'exponential', mean: '80us' },
      read: { distribution: 'exponential', mean: '60us' },
    }),
    datastore: deviceOf(flash, {
      channels: pick([4, 16]),
      read: { distribution: 'exponential', mean: pick(['300us', '2ms']) },
      write: { distribution: 'exponential', mean: pick(['500us', '4ms']) },
    }),
    link: deviceOf(link, { latency: pick(['15us', '200us']), bandwidth: '1GB/s', overhead: '0' }),
    flashCapacityBytes: pick([6, 24, 96]) * 2 ** 20,
    fvp: {
      dirtyLimitBytes: pick([1, 2, 4]) * 2 ** 20,
      populate: chance(80),
      checkpointIntervalNs: pick([2, 20]) * MS,
      drainBoundNs: 5 * SECOND,
      destage: {
        ...DEFAULT_FVP_OPTIONS.destage,
        bufferBytes: pick([1, 64 * 1024, 16 * 2 ** 20]),
        batchRecords: pick([4, 16, 64]),
      },
      lease: { renewNs: leaseNs / 4, durationNs: leaseNs, drift: 1e-3 },
      replication: {
        resendNs: pick([10, 30]) * MS,
        timeoutNs: pick([60, 120]) * MS,
        replacementNs: 300 * MS,
        outside: 0,
        resyncRecords: pick([4, 64]),
        compression: compressionOf(seed),
      },
      retry: { firstNs: pick([200, 800]) * MS, mostNs: 4 * SECOND },
      remoteReadsNs: 60 * SECOND,
    },
  });

  const spanNs = pick([2, 6]) * SECOND;
  const loads = scenario.vms.map(() => drawLoad(random, 1000, spanNs));

  const kinds = FAULT_KINDS.filter(() => chance(45));
  const atlas = new FaultAtlas(hosts, replicas, beyond);
  const events: ClusterEvent[] = [];
  if (kinds.length > 0) {
    const count = 5 + below(8);
    const times = Array.from({ length: count }, () => below(spanNs / 1000) * 1000).sort((a, b) => a - b);
    for (const atNs of times)
      events.push(...drawFault(random, pick(kinds), atNs, hosts, vms, atlas, modes, leaseNs));
  }
  events.sort((a, b) => a.atNs - b.atNs);

  const stormy = chance(60);
  const weather: Weather = {
    loseMessage: stormy && chance(60) ? pick([0.001, 0.02]) : 0,
    doubleMessage: stormy && chance(60) ? pick([0.01, 0.1]) : 0,
    delayMessage: stormy && chance(60) ? pick([0.01, 0.1]) : 0,
    messageDelayNs: pick([1, 20]) * MS,
    delayDatastore: chance(30) ? pick([0.002, 0.02]) : 0,
    datastoreDelayNs: pick([50 * MS, 3 * leaseNs]),
    flashError: chance(10) ? 0.0005 : 0,
    datastoreError: chance(20) ? pick([0.001, 0.01]) : 0,
  };
  const clocks = Array.from({ length: hosts }, () => ({
    offsetNs: below(5) * SECOND,
    drift: (below(2001) - 1000) / 1e6 / 2,
  }));
  const tearing = chance(70);
  return { seed, scenario, mode, loads, events, weather, clocks, tearing, aim: drawAim(seed), beyond };
}

/** One cluster in four compresses what it sends to holders; drawn apart, so that the others are as they would be. */
function compressionOf(seed: number): Compression | null {
  const random = new RandomStream(seed, 'fuzz compression');
  if (random.nextBelow(4) !== 0) return null;
  return { share: 0.5, bytesPerSecond: [50e6, 2e9][random.nextBelow(2)]! };
}

/** Overlapping writes of many sizes, reads and flushes over a small range. */
function drawLoad(random: RandomStream, ios: number, spanNs: number): PlainIo[] {
  const below = (bound: number) => random.nextBelow(bound);
  const sectors = [256, 2048, 8192][below(3)]!;
  const maxSectors = [1, 8, 20, 64][below(4)]!;
  const load: PlainIo[] = [];
  const gapNs = Math.floor((2 * spanNs) / ios);
  let atNs = 0;
  let burst = 0;
  for (let i = 0; i < ios; i++) {
    if (burst > 0) burst--;
    else {
      atNs += below(gapNs * 8);
      burst = below(15);
    }
    const dice = below(100);
    if (dice < 2) {
      load.push({ atNs, op: OP_FLUSH });
      continue;
    }
    const length = 1 + below(maxSectors);
    const offset = 512 * below(sectors - length + 1);
    load.push({ atNs, op: dice < 40 ? OP_READ : OP_WRITE, offset, bytes: length * 512 });
  }
  return load;
}

function drawFault(
  random: RandomStream,
  kind: FaultKind,
  atNs: number,
  hosts: number,
  vms: number,
  atlas: FaultAtlas,
  modes: readonly ModeName[],
  leaseNs: number,
): ClusterEvent[] {
  const below = (bound: number) => random.nextBelow(bound);
  const host = below(hosts);
  const forNs =
    [5 * MS, 100 * MS, leaseNs, leaseNs * 2][below(4)]! + below(below(2) === 0 ? 50 * MS : leaseNs / 2);
  const one = (event: ClusterEventKind): ClusterEvent[] => [{ atNs, ...event }];
  const device = below(2) === 0 ? ('datastore' as const) : { flashOf: host };
  switch (kind) {
    case 'crash': {
      const downNs = [50 * MS, SECOND, 4 * SECOND, 20 * SECOND][below(4)]! + below(100 * MS);
      const several = below(10) === 0 ? Array.from({ length: hosts }, (_, other) => other) : [host];
      const emptyFlash = below(4) === 0 && atlas.mayLose(several);
      return [
        { atNs, kind: 'crash', hosts: several },
        { atNs: atNs + downNs, kind: 'restart', hosts: several, emptyFlash },
      ];
    }
    case 'lose-flash': {
      if (!atlas.mayLose([host])) return [];
      const backNs = atNs + 2 * SECOND;
      return [
        { atNs, kind: 'lose-flash', host },
        { atNs: backNs, kind: 'crash', hosts: [host] },
        { atNs: backNs + 100 * MS, kind: 'restart', hosts: [host] },
      ];
    }
    case 'partition': {
      const a = Array.from({ length: hosts }, (_, other) => other).filter(() => below(2) === 0);
      const b = Array.from({ length: hosts }, (_, other) => other).filter((other) => !a.includes(other));
      const events = one({ kind: 'partition', a, b, fromDatastore: [] });
      return [...events, { atNs: atNs + forNs, kind: 'heal' }];
    }
    case 'cut-off':
      return [
        ...one({ kind: 'partition', a: [], b: [], fromDatastore: [host] }),
        { atNs: atNs + forNs, kind: 'heal' },
      ];
    case 'slow':
      return one({ kind: 'slow', device, factor: 3 + below(30), forNs });
    case 'stall':
      return one({ kind: 'stall', device, forNs });
    case 'pause':
      return one({ kind: 'pause', host, forNs, atOutput: below(2) === 0 });
    case 'corrupt':
      return atlas.mayLose([host]) ? one({ kind: 'corrupt', host }) : [];
    case 'migrate':
      return one({ kind: 'migrate', vm: below(vms), to: host });
    case 'set-mode':
      return one({ kind: 'set-mode', vm: below(vms), mode: modes[below(modes.length)]! });
    case 'drain':
      return one({ kind: 'drain', vm: below(vms), forNs });
    case 'datastore-down':
      return one({ kind: 'datastore-down', forNs });
  }
}
