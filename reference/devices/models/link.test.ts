/** Jitter, loss and order of a link; its plain equations are in simple-models.test.ts. */
import { describe, expect, it } from 'vitest';
import { DEVICE_SEND } from '../api.ts';
import type { DeviceDriver } from '../conformance/device-driver.ts';
import { driveDevice, latencies } from '../testing/drive.ts';
import { relativeError } from '../testing/measures.ts';

const PLAIN = { latency: '20us', bandwidth: 'unlimited', overhead: 0 };

function send(driver: DeviceDriver, count: number, everyNs: number, bytes: number, unit = 1): void {
  for (let i = 0; i < count; i++)
    driver.at(i * everyNs, () => driver.submit({ operation: DEVICE_SEND, unit, bytes }));
}

describe('a link with jitter', () => {
  it('adds it to the latency of each message', async () => {
    const driver = await driveDevice('link', {
      ...PLAIN,
      jitter: { distribution: 'uniform', min: '0', max: '10us' },
    });
    send(driver, 2000, 1e6, 4096);
    driver.run();
    const mean = latencies(driver).reduce((sum, each) => sum + each, 0) / 2000;
    expect(relativeError(mean, 25_000)).toBeLessThan(0.01);
    expect(Math.max(...latencies(driver))).toBeLessThanOrEqual(30_000);
  });

  it('keeps the order of messages to one host, and lets those to another pass', async () => {
    const driver = await driveDevice('link', {
      ...PLAIN,
      jitter: { distribution: 'exponential', mean: '50us' },
    });
    for (let i = 0; i < 400; i++)
      driver.at(i * 1000, () => driver.submit({ operation: DEVICE_SEND, unit: i % 2, bytes: 512 }));
    driver.run();
    const arrivals = (unit?: number) =>
      driver.requests
        .filter((each) => unit === undefined || each.unit === unit)
        .map((each) => each.completedNs);
    const sorted = (times: number[]) => [...times].sort((a, b) => a - b);
    for (const unit of [0, 1]) expect(arrivals(unit)).toEqual(sorted(arrivals(unit)));
    expect(arrivals()).not.toEqual(sorted(arrivals()));
  });
});

describe('a link with loss', () => {
  it('sends each lost packet again after the time-out, doubled each time', async () => {
    const loss = 0.1;
    const driver = await driveDevice('link', { ...PLAIN, loss, retransmission: '1ms', packet: 1460 });
    send(driver, 20_000, 1e9, 1000);
    driver.run();
    const delays = latencies(driver).map((each) => (each - 20_000) / 1e6);
    for (const [times, delay] of [
      [0, 0],
      [1, 1],
      [2, 3],
      [3, 7],
    ] as const) {
      const share = delays.filter((each) => each === delay).length / delays.length;
      const wanted = (1 - loss) * loss ** times;
      expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt(wanted / delays.length));
    }
    expect(driver.device.statistics().retransmissions).toBeGreaterThan(2000);
  });

  it('loses a long message as often as any of its packets', async () => {
    const driver = await driveDevice('link', { ...PLAIN, loss: 0.01, retransmission: '1ms', packet: 1000 });
    send(driver, 20_000, 1e9, 20_000);
    driver.run();
    const late = latencies(driver).filter((each) => each > 20_000).length / 20_000;
    expect(relativeError(late, 1 - 0.99 ** 20)).toBeLessThan(0.03);
  });

  it('holds back what was sent to the same host after a lost message', async () => {
    const driver = await driveDevice('link', { ...PLAIN, loss: 0.2, retransmission: '1ms' });
    send(driver, 100, 1000, 100);
    driver.run();
    const arrivals = driver.requests.map((each) => each.completedNs);
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    expect(driver.device.statistics().delayedNs).toBeGreaterThan(50 * 1e6);
  });
});
