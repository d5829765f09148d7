import { describe, expect, it } from 'vitest';
import { DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE } from '../api.ts';
import { driveDevice, latencies } from '../testing/drive.ts';

describe('ram', () => {
  it('takes its latency and the copying of the bytes, reads as well as writes', async () => {
    const driver = await driveDevice('ram', { latency: '3us', bandwidth: '4GB/s' });
    driver.submit({ operation: DEVICE_READ, bytes: 4000 });
    driver.at(1e6, () => driver.submit({ operation: DEVICE_WRITE, bytes: 40_000 }));
    driver.run();
    expect(latencies(driver)).toEqual([4000, 13_000]);
  });

  it('lets what its workers have no hands for wait in order', async () => {
    const driver = await driveDevice('ram', { latency: '10us', bandwidth: 'unlimited', workers: 2 });
    for (let i = 0; i < 5; i++) driver.submit({ operation: DEVICE_WRITE, bytes: 512 });
    driver.submit({ operation: DEVICE_FLUSH });
    driver.run();
    expect(latencies(driver)).toEqual([10_000, 10_000, 20_000, 20_000, 30_000, 1000]);
    expect(driver.device.statistics()).toMatchObject({ busyNs: 50_000, servers: 2, writtenBytes: 2560 });
  });

  it('takes no messages', async () => {
    const driver = await driveDevice('ram');
    expect(() => driver.submit({ operation: DEVICE_SEND, bytes: 1 })).toThrow('takes no operation 4');
  });
});
