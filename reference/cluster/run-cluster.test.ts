import { describe, expect, it } from 'vitest';
import flash from '../devices/models/flash.ts';
import type { HostSetup } from '../fvp/host-state.ts';
import type { ModeName } from '../fvp/mode.ts';
import { MODE_NAMES, modeOf } from '../fvp/mode.ts';
import { DEFAULT_FVP_OPTIONS } from '../fvp/options.ts';
import { CAUSE_DESTAGE, CAUSE_GUEST, type Status } from '../fvp/ports.ts';
import { LatencyHistogram } from '../kernel/histogram.ts';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../kernel/io.ts';
import { RandomStream } from '../kernel/random.ts';
import {
  deviceOf,
  FLASH_FLUSH_NS,
  FLASH_NS,
  ListSource,
  type PlainIo,
  type PlainScenario,
  plainScenario,
  SAN_FLUSH_NS,
  SAN_NS,
} from './plain-scenario.ts';
import { type ClusterResult, ClusterRun } from './run-cluster.ts';
import type { HostMachine } from './virtual-runtime.ts';

const LATENCY_NS = 15_000;
const HEADER_BYTES = 64;
const ACK_BYTES = 64;

/** Serialisation at 1 GB/s: one byte a nanosecond. */
const wireNs = (bytes: number) => bytes;

function run(mode: ModeName, ios: readonly PlainIo[], plain: PlainScenario = {}) {
  const scenario = plainScenario(plain);
  const sources = scenario.vms.map(() => new ListSource(ios));
  const cluster = new ClusterRun(
    scenario,
    sources.map((source) => ({ source })),
    { mode, seed: 1 },
  );
  while (cluster.advance(1000));
  const latencies = sources.map((source) => ios.map((io, i) => source.completedNs[i]! - io.atNs));
  return { cluster, result: cluster.result(), latencies: latencies[0]!, sources };
}

/** Far enough apart that every device is idle, the destager included. */
const apart = (n: number) => n * 50_000_000;

describe('with idle devices of fixed latency', () => {
  const writeNs: Record<ModeName, (bytes: number) => number> = {
    none: () => SAN_NS,
    'write-through': () => SAN_NS,
    'write-back': () => FLASH_NS,
    'write-back+1': (bytes) => Math.max(FLASH_NS, replicaNs(1, bytes)),
    'write-back+2': (bytes) => Math.max(FLASH_NS, replicaNs(1, bytes), replicaNs(2, bytes)),
  };
  const replicaNs = (i: number, bytes: number) =>
    i * wireNs(bytes + HEADER_BYTES) + LATENCY_NS + FLASH_NS + wireNs(ACK_BYTES) + LATENCY_NS;

  it.each(MODE_NAMES)('a write takes what the formula of %s says, to the nanosecond', (mode) => {
    const sizes = [512, 4096, 8192, 65536, 12288];
    const ios = sizes.map((bytes, i) => ({ atNs: apart(i), op: OP_WRITE, offset: i * 2 ** 20, bytes }));
    const { latencies } = run(mode, ios);
    expect(latencies).toEqual(sizes.map((bytes) => writeNs[mode](bytes)));
  });

  it.each(MODE_NAMES)(
    'a read takes the SAN’s time at the first touch and flash’s at the second, in %s',
    (mode) => {
      const hitNs = mode === 'none' ? SAN_NS : FLASH_NS;
      const ios = [
        { atNs: apart(0), op: OP_READ, offset: 0, bytes: 8192 },
        { atNs: apart(1), op: OP_READ, offset: 0, bytes: 8192 },
        { atNs: apart(2), op: OP_WRITE, offset: 2 ** 20, bytes: 8192 },
        { atNs: apart(3), op: OP_READ, offset: 2 ** 20, bytes: 8192 },
        { atNs: apart(4), op: OP_READ, offset: 2 ** 20 + 4096, bytes: 8192 },
      ];
      const { latencies } = run(mode, ios);
      expect([latencies[0], latencies[1], latencies[3], latencies[4]]).toEqual([
        SAN_NS,
        hitNs,
        hitNs,
        SAN_NS,
      ]);
    },
  );

  it.each(MODE_NAMES)(
    'a flush takes one flush of the SAN, or of local flash while writes go to the log, in %s',
    (mode) => {
      const { latencies } = run(mode, [
        { atNs: 0, op: OP_WRITE, offset: 0, bytes: 4096 },
        { atNs: apart(1), op: OP_FLUSH },
      ]);
      expect(latencies[1]).toBe(mode.startsWith('write-back') ? FLASH_FLUSH_NS : SAN_FLUSH_NS);
    },
  );
});

describe('destaging', () => {
  /** One block rewritten, faster than it can be destaged. */
  const rewrites = Array.from({ length: 1000 }, (_, i) => ({
    atNs: i * 100_000,
    op: OP_WRITE,
    offset: 4096,
    bytes: 4096,
  }));

  it('of one block rewritten for ever goes at one write per SAN round trip', () => {
    const { result } = run('write-back', rewrites);
    expect(result.counters.fvp.batches).toBe(1000);
    const totalNs = FLASH_NS + 1000 * SAN_NS;
    // The clean record and the last checkpoint follow the last batch.
    expect(result.loadNs + result.drainNs - totalNs).toBeGreaterThanOrEqual(0);
    expect(result.loadNs + result.drainNs - totalNs).toBeLessThanOrEqual(4 * SAN_NS);
  });

  it('and at one per round trip and flush where the datastore’s cache is volatile', () => {
    const datastore = deviceOf(flash, {
      channels: 1000,
      write: '500us',
      hold: '0',
      flush: '200us',
      volatileCache: true,
    });
    const { result } = run('write-back', rewrites, { datastore });
    // One for each batch, and one before the record says clean.
    expect(result.counters.datastore.flushes).toBe(1001);
    const perWriteNs = (result.loadNs + result.drainNs) / 1000;
    expect(perWriteNs).toBeGreaterThan(700_000);
    expect(perWriteNs).toBeLessThan(800_000);
  });

  it('sets the pace once the dirty area is full, without a long stall', () => {
    const bytes = 8192;
    const datastore = deviceOf(flash, {
      channels: 4,
      read: '1ms',
      write: '1ms',
      hold: '0',
      channelBandwidth: '10GB/s',
    });
    const random = new RandomStream(7, 'offsets');
    const ios = Array.from({ length: 40_000 }, (_, i) => ({
      atNs: i * 100_000,
      op: OP_WRITE,
      offset: random.nextBelow(100_000) * 8192,
      bytes,
    }));
    const dirtyLimitBytes = 8 * 2 ** 20;
    const { result } = run('write-back', ios, { datastore, fvp: { dirtyLimitBytes } });
    const { gauges, intervals, intervalNs } = result.intervals;
    // 4 channels of 1 ms.
    const sanBytesPerNs = (4 * bytes) / 1_000_000;
    const tail = gauges.sanWriteBytes.slice(Math.floor(intervals / 2), intervals - 1);
    const admitted = gauges.flashWriteBytes.slice(Math.floor(intervals / 2), intervals - 1);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const spanNs = tail.length * intervalNs;
    expect(sum(tail) / spanNs / sanBytesPerNs).toBeGreaterThan(0.9);
    // On flash a record of 8 KiB takes 12 KiB with its header.
    expect((sum(admitted) * 8) / 12 / spanNs / sanBytesPerNs).toBeGreaterThan(0.9);
    expect((sum(admitted) * 8) / 12 / spanNs / sanBytesPerNs).toBeLessThan(1.1);
    expect(Math.max(...gauges.dirtyBytesMax)).toBeLessThanOrEqual(dirtyLimitBytes);
    // The disk's queue admits 64 writes, each destaged in 0.25 ms: nobody waits much longer than his turn.
    expect(result.counters.fvp.throttledNsMax).toBeLessThan(64 * 250_000 * 1.25);
    expect(result.counters.fvp.throttledNsMax).toBeLessThan(DEFAULT_FVP_OPTIONS.drainBoundNs);
  });
});

/** A mix of overlapping reads, writes and flushes, with gaps that let queues form and empty. */
const mixed: PlainIo[] = Array.from({ length: 5000 }, (_, i) => {
  const op = i % 3 === 0 ? OP_READ : i % 17 === 0 ? OP_FLUSH : OP_WRITE;
  const bytes = op === OP_FLUSH ? 0 : 512 * (1 + ((i * 7) % 64));
  return { atNs: i * 20_000, op, offset: op === OP_FLUSH ? 0 : ((i * 7919) % 4096) * 512, bytes };
});

function digest(result: ClusterResult): string {
  const numbers = (value: unknown): unknown =>
    value instanceof LatencyHistogram
      ? [...value.toSparse().index, ...value.toSparse().counts, String(value.sum), value.min, value.max]
      : value;
  return JSON.stringify(result, (_, value) => numbers(value));
}

describe('a run', () => {
  it.each(MODE_NAMES)('completes every I/O exactly once and leaves nothing behind, in %s', (mode) => {
    const { cluster, result, sources } = run(mode, mixed, { vms: [0, 1, 2] });
    expect(sources.map((source) => source.completions)).toEqual([5000, 5000, 5000]);
    expect(result.failed).toBe(0);
    for (const { state } of cluster.runtime.fvpHosts) {
      expect(state.dirtyBytes).toBe(0);
      expect(state.reservedBuckets).toBe(0);
      expect(state.buckets.pinnedBuckets).toBe(0);
      expect(state.ops.used).toBe(0);
    }
  });

  it.each(MODE_NAMES)('accounts for every byte, in %s', (mode) => {
    const { counters } = run(mode, mixed, { vms: [0, 1, 2] }).result;
    const { fvp, flash, datastore, network } = counters;
    const [guest, destage] = [datastore.bytes[CAUSE_GUEST]!, datastore.bytes[CAUSE_DESTAGE]!];
    const writeBack = mode.startsWith('write-back');
    const sanReadBytes = counters.vmReadBytes - fvp.hitBytes;
    expect(datastore.readBytes).toBe(sanReadBytes);
    expect(flash.readBytes).toBe(fvp.hitBytes + fvp.destageReadBytes);
    expect(guest).toBe(sanReadBytes + (writeBack ? 0 : counters.vmWriteBytes));
    expect(destage).toBe(writeBack ? counters.vmWriteBytes : 0);
    const [forGuest, , forReplicas] = flash.programmedBytes;
    const replicas = modeOf(mode).replicas;
    if (writeBack) {
      expect(forGuest).toBe(counters.vmWriteBytes + fvp.headerBytes);
      expect(forReplicas).toBe(replicas * forGuest!);
      expect(network.bytes > replicas * counters.vmWriteBytes || replicas === 0).toBe(true);
    }
    if (mode === 'none') expect([flash.reads, flash.writes, network.bytes]).toEqual([0, 0, 0]);
  });

  it.each(MODE_NAMES)('is the same however it is sliced, and for the same seed, in %s', (mode) => {
    const scenario = plainScenario({ vms: [0, 1, 2], flash: deviceOf(flash) });
    const digests = [1, 777, 1e9].map((slice) => {
      const loads = scenario.vms.map(() => ({ source: new ListSource(mixed) }));
      const cluster = new ClusterRun(scenario, loads, { mode, seed: 5 });
      while (cluster.advance(slice));
      return digest(cluster.result());
    });
    expect(new Set(digests).size).toBe(1);
  });

  it('differs for another seed where service times are drawn', () => {
    const service = { distribution: 'exponential', mean: '500us' };
    const datastore = deviceOf(flash, { channels: 4, read: service, write: service });
    const meanOf = (seed: number) => {
      const scenario = plainScenario({ datastore });
      const cluster = new ClusterRun(scenario, [{ source: new ListSource(mixed) }], { mode: 'none', seed });
      while (cluster.advance(1e9));
      return digest(cluster.result());
    };
    expect(meanOf(1)).toBe(meanOf(1));
    expect(meanOf(1)).not.toBe(meanOf(2));
  });

  it('in none is equal, bit by bit, to a host without FVP’s code', () => {
    const service = { distribution: 'lognormal', median: '400us', p99: '3ms' };
    const datastore = deviceOf(flash, { channels: 4, read: service, write: service });
    const scenario = plainScenario({ datastore, vms: [0, 1, 2] });
    const histograms = (createHost?: (setup: HostSetup) => HostMachine) => {
      const loads = scenario.vms.map(() => ({ source: new ListSource(mixed) }));
      const cluster = new ClusterRun(scenario, loads, { mode: 'none', seed: 3, createHost });
      while (cluster.advance(1e9));
      const { vms, loadNs, drainNs } = cluster.result();
      return digest({ vms, loadNs, drainNs } as ClusterResult);
    };
    expect(histograms((setup) => new BareHost(setup))).toBe(histograms());
  });
});

/** Passes every guest request to the datastore, without a line of FVP. */
class BareHost implements HostMachine {
  private readonly ports: HostSetup['ports'];
  private readonly disks: number[] = [];
  private readonly tags = new Map<number, number>();
  private nextToken = 1;

  constructor(setup: HostSetup) {
    this.ports = setup.ports;
  }

  attach(disk: number): number {
    return this.disks.push(disk) - 1;
  }

  submit(
    local: number,
    op: number,
    offset: number,
    bytes: number,
    flags: number,
    tag: number,
    key: number,
  ): void {
    const token = this.nextToken++ % 2 ** 20;
    this.tags.set(token, tag);
    this.ports.datastore.submit(op, this.disks[local]!, offset, bytes, flags !== 0, CAUSE_GUEST, token, key);
  }

  onCompletion(token: number, status: Status): void {
    this.ports.guest.complete(this.tags.get(token)!, status);
    this.tags.delete(token);
  }

  onMessage(): void {
    throw new Error('nobody sends messages');
  }

  onTimer(): void {
    throw new Error('nobody sets timers');
  }
}
