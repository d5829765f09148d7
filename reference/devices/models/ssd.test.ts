import { describe, expect, it } from 'vitest';
import { DEVICE_DISCARD, DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, REQUEST_FUA } from '../api.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { parseServiceTime } from '../service-time.ts';
import { closedLoopRate, driveDevice, latencies } from '../testing/drive.ts';
import { relativeError } from '../testing/measures.ts';
import { type LoopResult, runClosedLoop } from '../theory/device-loop.ts';
import { greedyWriteAmplification } from '../theory/greedy-cleaning.ts';

const KIB = 1024;
/** Two dies on one channel, no transfer times: a read 50 us, a program 500 us. */
const SMALL = {
  channels: 1,
  diesPerChannel: 2,
  read: '50us',
  program: '500us',
  erase: '3ms',
  page: '4KiB',
  planes: 1,
  pagesPerBlock: 64,
  blocksPerDie: 32,
  preconditioned: false,
  channelBandwidth: 'unlimited',
  overhead: '10us',
  readBandwidth: 'unlimited',
  writeBandwidth: 'unlimited',
  writeBuffer: '64KiB',
};

describe('a read of an ssd', () => {
  it('takes overhead, the die, its channel and the interface', async () => {
    const driver = await driveDevice('ssd', {
      ...SMALL,
      channelBandwidth: '400MB/s',
      readBandwidth: '1GB/s',
    });
    driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    // Two pages on two dies, one after the other on the channel.
    driver.at(1e6, () => driver.submit({ operation: DEVICE_READ, bytes: 8192 }));
    driver.run();
    expect(latencies(driver)).toEqual([10_000 + 50_000 + 10_240 + 4096, 10_000 + 50_000 + 2 * 10_240 + 8192]);
  });

  it('waits for what its die is doing, and goes before programs that wait', async () => {
    const driver = await driveDevice('ssd', SMALL);
    for (let i = 0; i < 4; i++) driver.submit({ operation: DEVICE_WRITE, address: i * 8 * KIB, bytes: 4096 });
    driver.at(20_000, () => driver.submit({ operation: DEVICE_READ, address: 800 * KIB, bytes: 4096 }));
    driver.run();
    expect(latencies(driver)).toEqual([10_000, 10_000, 10_000, 10_000, 480_000 + 50_000 + 10_000]);
  });

  it('is served from the write buffer where that has it', async () => {
    const driver = await driveDevice('ssd', SMALL);
    driver.submit({ operation: DEVICE_WRITE, bytes: 4096 });
    driver.at(20_000, () => driver.submit({ operation: DEVICE_READ, bytes: 4096 }));
    driver.at(1e6, () => driver.submit({ operation: DEVICE_READ, bytes: 4096 }));
    driver.run();
    expect(latencies(driver)).toEqual([10_000, 10_000, 60_000]);
    expect(driver.device.statistics()).toMatchObject({ bufferReadBytes: 4096, flashReadBytes: 4096 });
  });

  it('reads flash for every byte that the write buffer does not serve', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, writeBuffer: '256KiB' });
    closedLoopRate(driver, 8, 0, 1e9, (i) => ({
      operation: i % 2 === 0 ? DEVICE_WRITE : DEVICE_READ,
      address: (((i >> 1) * 7919) % 200) * 4096,
      bytes: 8192,
    }));
    const { readBytes, bufferReadBytes, flashReadBytes } = driver.device.statistics();
    expect(bufferReadBytes).toBeGreaterThan(0);
    expect(flashReadBytes).toBe(readBytes! - bufferReadBytes!);
  });
});

describe('a write of an ssd', () => {
  it('is answered from the buffer, and waits for programs once that is full', async () => {
    const driver = await driveDevice('ssd', SMALL);
    for (let i = 0; i < 20; i++) driver.submit({ operation: DEVICE_WRITE, address: i * 4096, bytes: 4096 });
    driver.run();
    // 16 slots of buffer; two dies free two slots every 500 us.
    expect(latencies(driver).map((each) => each / 1000)).toEqual([
      ...new Array(16).fill(10),
      510,
      510,
      1010,
      1010,
    ]);
    expect(driver.device.statistics()).toMatchObject({ writeWaits: 4, programs: 20, programmedBytes: 81920 });
  });

  it('of part of a slot programs a whole one, and is programmed once when it is overwritten in the buffer', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, page: '16KiB' });
    for (let i = 0; i < 3; i++) driver.submit({ operation: DEVICE_WRITE, address: 512 * i, bytes: 512 });
    // A program's worth of the same die.
    driver.submit({ operation: DEVICE_WRITE, address: 4096, bytes: 12_288 });
    driver.run();
    expect(driver.device.statistics()).toMatchObject({
      programmedBytes: 16_384,
      programs: 1,
      bufferedBytes: 0,
    });
  });

  it('stays in the buffer until a program is full, or a flush of a volatile buffer wants it', async () => {
    for (const [volatileCache, flushed] of [
      [false, 20_000],
      [true, 520_000],
    ] as const) {
      const driver = await driveDevice('ssd', { ...SMALL, page: '16KiB', volatileCache });
      driver.submit({ operation: DEVICE_WRITE, bytes: 4096 });
      driver.at(1e6, () => driver.submit({ operation: DEVICE_FLUSH }));
      driver.run();
      expect(latencies(driver)).toEqual([10_000, flushed]);
      expect(driver.device.statistics().bufferedBytes).toBe(volatileCache ? 0 : 4096);
    }
  });

  it('with FUA is answered when it is programmed, where the buffer is volatile', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, volatileCache: true });
    driver.submit({ operation: DEVICE_WRITE, bytes: 8192, flags: REQUEST_FUA });
    driver.run();
    expect(latencies(driver)).toEqual([510_000]);
  });

  it('before a flush is on flash when that is answered, whichever die is the slower', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, volatileCache: true });
    // Three programs for one die, one for the other.
    for (const page of [0, 2, 4, 1])
      driver.submit({ operation: DEVICE_WRITE, address: page * 4096, bytes: 4096 });
    driver.submit({ operation: DEVICE_FLUSH });
    for (const page of [6, 3])
      driver.at(1000, () => driver.submit({ operation: DEVICE_WRITE, address: page * 4096, bytes: 4096 }));
    driver.run();
    expect(latencies(driver)[4]).toBe(1_520_000);
  });
});

/** Random writes of 4 KiB to the whole address space of two dies. */
async function randomWrites(overrides: Record<string, unknown>, count: number): Promise<LoopResult> {
  const loaded = await loadDevice('ssd', '.');
  const { parameters } = resolveParameters(loaded, {
    overrides: { ...SMALL, preconditioned: true, ...overrides },
  });
  return runClosedLoop({
    model: loaded.model,
    parameters,
    seed: 1,
    requests: [{ operation: DEVICE_WRITE, bytes: 4096, spanBytes: 2 ** 36, share: 1 }],
    count,
    customers: 32,
    think: parseServiceTime('1us'),
  });
}

function amplification({ device }: LoopResult): number {
  const { programmedBytes, movedBytes } = device.statistics();
  return (programmedBytes! + movedBytes!) / programmedBytes!;
}

describe('cleaning of an ssd', () => {
  it.each([0.1, 0.15, 0.28, 0.5, 1])(
    'amplifies uniform writes as greedy cleaning must, with %f to spare',
    async (overProvisioning) => {
      const result = await randomWrites({ overProvisioning, blocksPerDie: 512 }, 300_000);
      // The open block and the free one hold no data that could be cleaned.
      const logical = Math.floor((512 * 64) / (1 + overProvisioning));
      const wanted = greedyWriteAmplification(64, (510.5 * 64) / logical);
      expect(relativeError(amplification(result), wanted)).toBeLessThan(0.02);
    },
  );

  it('keeps to that with few blocks too', async () => {
    const result = await randomWrites({ overProvisioning: 0.28, blocksPerDie: 64 }, 200_000);
    const wanted = greedyWriteAmplification(64, (62.5 * 64) / Math.floor((64 * 64) / 1.28));
    expect(relativeError(amplification(result), wanted)).toBeLessThan(0.05);
  });

  it('starts in its long-run state: the first tenth of a run is like the rest', async () => {
    const short = amplification(await randomWrites({ overProvisioning: 0.28, blocksPerDie: 256 }, 20_000));
    const long = amplification(await randomWrites({ overProvisioning: 0.28, blocksPerDie: 256 }, 200_000));
    expect(relativeError(short, long)).toBeLessThan(0.03);
  });

  it('costs a drive that starts fresh nothing until its spare is used, and it says that it is fresh', async () => {
    const fresh = await randomWrites({ preconditioned: false, blocksPerDie: 64 }, 5000);
    expect(amplification(fresh)).toBe(1);
    expect(fresh.device.statistics().startedFresh).toBe(1);
    const aged = await randomWrites({ blocksPerDie: 64 }, 5000);
    expect(aged.device.statistics().startedFresh).toBe(0);
    expect(fresh.throughputPerNs / aged.throughputPerNs).toBeGreaterThan(1.5);
  });

  it('moves no more than the valid slots: discarded ones are forgotten', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, preconditioned: true });
    const bytes = 2 * 32 * 64 * 4096;
    driver.submit({ operation: DEVICE_DISCARD, address: 0, bytes });
    driver.run();
    for (let i = 0; i < 3000; i++)
      driver.at(1e9 + i * 1e6, () =>
        driver.submit({ operation: DEVICE_WRITE, address: (i % 400) * 4096, bytes: 4096 }),
      );
    driver.run();
    const { movedBytes, programmedBytes } = driver.device.statistics();
    expect(movedBytes! / programmedBytes!).toBeLessThan(0.05);
  });

  it('spreads wear evenly over blocks', async () => {
    const { device } = await randomWrites({ overProvisioning: 0.28, blocksPerDie: 32 }, 200_000);
    const { wearMin, wearMax, erases } = device.statistics();
    expect(erases).toBeGreaterThan(3000);
    expect(wearMax! / wearMin!).toBeLessThan(1.35);
  });

  it('makes the tail of reads, which without writes have none', async () => {
    const p999 = async (writes: boolean) => {
      const driver = await driveDevice('ssd', { ...SMALL, preconditioned: true, diesPerChannel: 8 });
      for (let i = 0; i < 6000; i++) {
        driver.at(i * 500_000, () =>
          driver.submit({ operation: DEVICE_READ, address: ((i * 7919) % 6000) * 4096, bytes: 4096 }),
        );
        if (writes)
          driver.at(i * 500_000 + 1000, () =>
            driver.submit({ operation: DEVICE_WRITE, address: ((i * 104_729) % 6000) * 4096, bytes: 4096 }),
          );
      }
      driver.run();
      const reads = driver.requests.filter((each) => each.operation === DEVICE_READ);
      const sorted = reads.map((each) => each.completedNs - each.submittedNs).sort((a, b) => a - b);
      return [sorted[3000]!, sorted[5994]!];
    };
    const alone = await p999(false);
    expect(alone).toEqual([60_000, 60_000]);
    const [median, tail] = await p999(true);
    expect(median).toBe(60_000);
    // Up to an erase is in the way.
    expect(tail).toBeGreaterThan(2e6);
    expect(tail).toBeLessThan(3_200_000);
  });
});

describe('an ssd', () => {
  it('takes no more than its queue holds, and says when there is room again', async () => {
    const driver = await driveDevice('ssd', { ...SMALL, queueDepth: 2 });
    for (let i = 0; i < 5; i++) driver.submit({ operation: DEVICE_READ, address: i * 8192, bytes: 4096 });
    driver.run();
    expect(driver.requests.map((each) => each.acceptedNs / 1000)).toEqual([0, 0, 60, 110, 160]);
  });

  it('programs at least what a log of 4 KiB blocks writes', async () => {
    const driver = await driveDevice('ssd', SMALL);
    let records = 0;
    for (let i = 0; i < 500; i++) {
      const bytes = 512 + ((i * 104_729) % 64) * 512;
      const slots = Math.ceil(bytes / 4096);
      driver.at(i * 1e7, () =>
        driver.submit({ operation: DEVICE_WRITE, address: (i % 20) * 65_536, bytes: slots * 4096 }),
      );
      records += slots * 4096;
    }
    driver.run();
    expect(driver.device.statistics().programmedBytes).toBeGreaterThanOrEqual(records);
  });

  it('takes no messages, and says when there is too little to spare', async () => {
    const driver = await driveDevice('ssd', SMALL);
    expect(() => driver.submit({ operation: DEVICE_SEND, bytes: 1 })).toThrow('takes no operation');
    await expect(driveDevice('ssd', { ...SMALL, blocksPerDie: 8, overProvisioning: 0.2 })).rejects.toThrow(
      'parameter "overProvisioning" of device ssd leaves less than 4 of 8 blocks per die to spare',
    );
  });
});
