import { describe, expect, test } from 'vitest';
import { DEFAULT_FVP_OPTIONS } from '../../reference/fvp/options.ts';
import type { Latencies, ModeResult, Timeline, VerdictName } from '../../results/schema/run-document.ts';
import { highMarkReached, type VerdictInput, verdictsOf } from './verdicts.ts';

const MIB = 2 ** 20;
const INTERVALS = 120;
const INTERVAL_NS = 1e9;

const NO_PARTS = {
  queueNs: 0,
  throttleNs: 0,
  orderNs: 0,
  localFlashNs: 0,
  networkFlashNs: 0,
  datastoreNs: 0,
};
const NO_LAYER = { ios: 0, meanNs: null };
const NOTHING: Latencies = { count: 0, response: null, service: null };

function result(p99Ns = 1e6, evictedBytes = 0, throttledNs = 0): Omit<ModeResult, 'verdicts'> {
  const summary = {
    minNs: 1,
    meanNs: 1,
    stddevNs: 0,
    p50Ns: 1,
    p90Ns: 1,
    p95Ns: 1,
    p99Ns,
    'p99.9Ns': p99Ns,
    'p99.99Ns': p99Ns,
    maxNs: p99Ns,
  };
  const none = { guest: 0, destage: 0, record: 0, heartbeat: 0 };
  return {
    workload: 'w',
    mode: 'm',
    reads: NOTHING,
    writes: NOTHING,
    flushes: NOTHING,
    all: { count: 1, response: summary, service: summary },
    vms: [],
    parts: { reads: NO_PARTS, writes: NO_PARTS, flushes: NO_PARTS },
    layers: { localFlash: NO_LAYER, networkFlash: NO_LAYER, datastore: NO_LAYER },
    hitRatio: null,
    outstanding: { mean: 0, max: 0 },
    flash: {
      reads: 0,
      writes: 0,
      readBytes: 0,
      programmedBytes: { guest: 0, headers: 0, populate: 0, replica: 0 },
      writeAmplification: null,
      evictedBytes,
      populatedBytes: 0,
      droppedFills: 0,
      utilisation: 0,
    },
    network: { bytes: 0, messages: 0, utilisation: 0 },
    san: { reads: none, writes: none, bytes: none, flushes: 0, utilisation: 0 },
    destage: {
      batches: 0,
      batchLengths: [],
      peakDirtyBytes: 0,
      timeToDestageNsMax: 0,
      throttledNs,
      throttledWrites: throttledNs === 0 ? 0 : 1,
      drainNs: 0,
      logOrderNs: 0,
      checkpoints: 0,
      joinedWrites: 0,
    },
    virtualNs: 0,
    events: 0,
  };
}

type Gauge = (interval: number) => number;

/** A run in which nothing stands out: some load, a steady hit ratio, something evicted. */
function input(
  gauges: Partial<Record<keyof Timeline, Gauge>> = {},
  other: Partial<VerdictInput> = {},
): VerdictInput {
  const column = (gauge: Gauge): number[] => Array.from({ length: INTERVALS }, (_, i) => gauge(i));
  const zero: Gauge = () => 0;
  const of = (name: keyof Timeline, otherwise: Gauge = zero): number[] => column(gauges[name] ?? otherwise);
  const timeline: Timeline = {
    workload: 'w',
    mode: 'm',
    intervalNs: INTERVAL_NS,
    intervals: INTERVALS,
    dirtyBytes: of('dirtyBytes'),
    dirtyBytesMax: of('dirtyBytesMax'),
    outstanding: of('outstanding', (i) => 3 + ((i * 7) % 5)),
    throttledNs: of('throttledNs'),
    vmReadBytes: of('vmReadBytes', () => 100 * MIB),
    vmWriteBytes: of('vmWriteBytes', () => 50 * MIB),
    hitBytes: of('hitBytes', (i) => (60 + ((i * 7) % 5)) * MIB),
    flashReadBytes: of('flashReadBytes'),
    flashWriteBytes: of('flashWriteBytes'),
    networkBytes: of('networkBytes'),
    sanReadBytes: of('sanReadBytes'),
    sanWriteBytes: of('sanWriteBytes', () => 50 * MIB),
    sanIos: of('sanIos'),
    evictedBytes: of('evictedBytes'),
    flashIos: of('flashIos'),
    networkMessages: of('networkMessages'),
    localFlashNs: of('localFlashNs'),
    localFlashIos: of('localFlashIos'),
    networkFlashNs: of('networkFlashNs'),
    networkFlashIos: of('networkFlashIos'),
    datastoreNs: of('datastoreNs'),
    datastoreIos: of('datastoreIos'),
    flashBusyShare: of('flashBusyShare'),
    networkBusyShare: of('networkBusyShare'),
    sanBusyShare: of('sanBusyShare'),
    timeToDestageNsMax: of('timeToDestageNsMax'),
    checkpoints: of('checkpoints'),
  };
  return {
    mode: 'write-back',
    openLoop: true,
    timeline,
    result: result(1e6, MIB),
    measuredNs: INTERVALS * INTERVAL_NS,
    queueDepth: 64,
    batchBytes: 4 * MIB,
    highMarkReached: false,
    recordedP99Ns: null,
    ...other,
  };
}

const names = (of: VerdictInput): VerdictName[] => verdictsOf(of).map((verdict) => verdict.name);

test('an unremarkable run has no verdict', () => {
  expect(names(input())).toEqual([]);
});

describe('saturated', () => {
  test('when I/Os pile up to the end', () => {
    const verdicts = verdictsOf(input({ outstanding: (i) => 10 * i }));
    expect(verdicts).toEqual([
      {
        name: 'saturated',
        why: 'the backlog grows to the end: 1,175 I/Os outstanding in the last part, 195 in the median of the first third',
      },
    ]);
  });

  test('when dirty data piles up to the end', () => {
    const verdicts = verdictsOf(input({ dirtyBytes: (i) => 8 * MIB * i }, { highMarkReached: true }));
    expect(verdicts).toEqual([
      {
        name: 'saturated',
        why: 'dirty data grows to the end: 940 MiB in the last part, 156 MiB in the median of the first third',
      },
    ]);
  });

  test('also in the mode none', () => {
    expect(names(input({ outstanding: (i) => 10 * i }, { mode: 'none' }))).toEqual(['saturated']);
  });

  test('not when a backlog is high but steady', () => {
    expect(names(input({ outstanding: (i) => 5000 + ((i * 37) % 101) }))).toEqual([]);
  });

  test('not when the backlog ends below twice the early one', () => {
    expect(names(input({ outstanding: (i) => 1000 + 5 * i }))).toEqual([]);
  });

  test('not when a backlog was worked off before the end', () => {
    expect(names(input({ outstanding: (i) => (i < 110 ? 10 * i : 0) }))).toEqual([]);
  });

  test('not when the queue of a virtual disk could hold all of it', () => {
    expect(names(input({ outstanding: (i) => i / 2 }))).toEqual([]);
    expect(names(input({ dirtyBytes: (i) => (i * MIB) / 40 }))).toEqual([]);
  });

  test('not from what happens after the load', () => {
    const drain = { outstanding: (i: number) => (i < 60 ? 5 : 10 * i) };
    expect(names(input(drain, { measuredNs: 60 * INTERVAL_NS }))).toEqual([]);
  });

  test('not from a run of fewer than thirty intervals', () => {
    expect(names(input({ outstanding: (i) => 10 * i }, { measuredNs: 29 * INTERVAL_NS }))).toEqual([]);
  });
});

describe('burst', () => {
  /** Twice as much is written as the array takes, for the first half only. */
  const absorbed = {
    vmWriteBytes: (i: number) => (i < 60 ? 200 * MIB : 0),
    sanWriteBytes: (i: number) => (i < 60 ? 50 * MIB : 50 * MIB),
    dirtyBytes: (i: number) => (i < 60 ? 150 * MIB * i : 150 * MIB * 60 - 50 * MIB * (i - 60)),
  };

  test('when flash took more than the array while it had work', () => {
    expect(verdictsOf(input(absorbed))).toEqual([
      {
        name: 'burst',
        why: 'flash took 100 MiB/s and the array 50 MiB/s while it had work; the dirty limit was never near, so a longer load would gain less',
      },
    ]);
  });

  test('not when writes came to the dirty limit', () => {
    expect(names(input(absorbed, { highMarkReached: true }))).toEqual([]);
  });

  test('not in write-through', () => {
    expect(names(input(absorbed, { mode: 'write-through' }))).toEqual([]);
  });

  test('not when the array keeps up', () => {
    expect(names(input({ dirtyBytes: () => 30 * MIB }))).toEqual([]);
  });

  test('not when there never was a backlog', () => {
    expect(names(input({ dirtyBytes: () => 3 * MIB, vmWriteBytes: () => 60 * MIB }))).toEqual([]);
  });
});

describe('cold', () => {
  test('when reads hit more and more in the last quarter', () => {
    expect(verdictsOf(input({ hitBytes: (i) => (i / 2) * MIB }))).toEqual([
      {
        name: 'cold',
        why: 'the cache still warms up: reads hit 48.5 % in the first half of the last quarter, 56 % in the second',
      },
    ]);
  });

  test('not when the hit ratio rose before and is steady at the end', () => {
    expect(names(input({ hitBytes: (i) => Math.min(60, i) * MIB }))).toEqual([]);
  });

  test('not when it rises by less than a hundredth', () => {
    expect(names(input({ hitBytes: (i) => (60 + i / 100) * MIB }))).toEqual([]);
  });

  test('not when reads rise but the ratio does not', () => {
    expect(names(input({ vmReadBytes: (i) => i * MIB, hitBytes: (i) => (i * MIB) / 2 }))).toEqual([]);
  });

  test('not without reads, and not without acceleration', () => {
    expect(names(input({ vmReadBytes: () => 0, hitBytes: () => 0 }))).toEqual([]);
    expect(names(input({ hitBytes: (i) => (i / 2) * MIB }, { mode: 'none' }))).toEqual([]);
  });
});

describe('no-pressure', () => {
  test('when nothing was evicted and no write held back', () => {
    expect(names(input({}, { result: result() }))).toEqual(['no-pressure']);
    expect(names(input({}, { result: result(), mode: 'write-through' }))).toEqual(['no-pressure']);
  });

  test('not when something was evicted, or a write held back, or FVP is off', () => {
    expect(names(input({}, { result: result(1e6, 1) }))).toEqual([]);
    expect(names(input({}, { result: result(1e6, 0, 1) }))).toEqual([]);
    expect(names(input({}, { result: result(), mode: 'none' }))).toEqual([]);
  });
});

describe('overdriven', () => {
  const slow = result(2_000_001, MIB);

  test('when an open loop takes more than twice the recorded time', () => {
    expect(verdictsOf(input({}, { result: slow, recordedP99Ns: 1e6 }))).toEqual([
      {
        name: 'overdriven',
        why: 'p99 is 2 ms and was 1 ms when recorded: the recorded server would have slowed down',
      },
    ]);
  });

  test('not at twice the recorded time, not in other loops, not without recorded latencies', () => {
    expect(names(input({}, { result: result(2e6, MIB), recordedP99Ns: 1e6 }))).toEqual([]);
    expect(names(input({}, { result: slow, recordedP99Ns: 1e6, openLoop: false }))).toEqual([]);
    expect(names(input({}, { result: slow }))).toEqual([]);
  });
});

describe('the high mark', () => {
  const reached = (throttledNs: number, peakDirtyBytes: number): boolean => {
    const base = result(1e6, 0, throttledNs);
    return highMarkReached(
      { ...base, destage: { ...base.destage, peakDirtyBytes } },
      { ...DEFAULT_FVP_OPTIONS, dirtyLimitBytes: 100 * MIB },
      2,
      100e9,
    );
  };

  test('is reached at its share of the limit of all disks, once writes are held back', () => {
    expect(reached(1e6, 180 * MIB)).toBe(true);
    expect(reached(1e6, 179 * MIB)).toBe(false);
    expect(reached(0, 180 * MIB)).toBe(false);
  });

  test('is reached when writes are held back for long', () => {
    expect(reached(10e9, MIB)).toBe(true);
    expect(reached(9e9, MIB)).toBe(false);
  });
});
