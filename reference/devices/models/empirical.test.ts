import { describe, expect, it } from 'vitest';
import { DEVICE_DISCARD, DEVICE_FLUSH, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE } from '../api.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { closedLoopRate, driveDevice, latencies } from '../testing/drive.ts';
import { relativeError } from '../testing/measures.ts';

const table = (operation: string, size: string | number, depth: number, histogram: unknown) => ({
  operation,
  size,
  depth,
  histogram,
});

describe('empirical', () => {
  it('gives back the distribution that was measured', async () => {
    const histogram = [
      ['80us', 700],
      ['120us', 290],
      ['2ms', 10],
    ];
    const driver = await driveDevice('empirical', { tables: [table('read', '4KiB', 1, histogram)] });
    for (let i = 0; i < 20_000; i++)
      driver.at(i * 1e7, () => driver.submit({ operation: DEVICE_READ, bytes: 4096 }));
    driver.run();
    const share = (ns: number) => latencies(driver).filter((each) => each === ns).length / 20_000;
    expect(share(80_000)).toBeCloseTo(0.7, 1.5);
    expect(share(120_000)).toBeCloseTo(0.29, 1.5);
    expect(relativeError(share(2e6), 0.01)).toBeLessThan(0.15);
    expect(share(80_000) + share(120_000) + share(2e6)).toBe(1);
  });

  it('has the throughput of the measurement at the same depth, by the law of Little', async () => {
    const tables = [
      table('read', '4KiB', 1, [['100us', 1]]),
      table('read', '4KiB', 16, [
        ['200us', 1],
        ['600us', 1],
      ]),
    ];
    const driver = await driveDevice('empirical', { tables });
    const rate = closedLoopRate(driver, 16, 1e8, 2e9, () => ({ operation: DEVICE_READ, bytes: 4096 }));
    expect(relativeError(rate, 16 / 400e-6)).toBeLessThan(0.01);
  });

  it('interpolates between sizes and depths, and takes larger ones to be saturated', async () => {
    const tables = [
      table('write', '4KiB', 1, [['100us', 1]]),
      table('write', '12KiB', 1, [['200us', 1]]),
      table('write', '4KiB', 3, [['300us', 1]]),
    ];
    const driver = await driveDevice('empirical', { tables });
    const write = (bytes: number) => driver.submit({ operation: DEVICE_WRITE, bytes });
    for (const [i, bytes] of [512, 4096, 8192, 12_288, 24_576].entries())
      driver.at(i * 1e9, () => write(bytes));
    driver.at(9e9, () => [0, 1, 2, 3].map(() => write(4096)));
    driver.run();
    expect(latencies(driver).map((each) => each / 1000)).toEqual([
      100, 100, 150, 200, 400, 100, 200, 300, 400,
    ]);
  });

  it('takes the other direction where one was not measured, and its own times for flush and discard', async () => {
    const driver = await driveDevice('empirical', {
      tables: [table('write', '4KiB', 1, [[70_000, 1]])],
      flush: '5us',
      discard: '9us',
    });
    for (const [i, operation] of [DEVICE_READ, DEVICE_FLUSH, DEVICE_DISCARD].entries())
      driver.at(i * 1e6, () => driver.submit({ operation, bytes: 4096 }));
    driver.run();
    expect(latencies(driver)).toEqual([70_000, 5000, 9000]);
    expect(() => driver.submit({ operation: DEVICE_SEND })).toThrow('takes no operation');
  });

  it('works without being told anything', async () => {
    const driver = await driveDevice('empirical');
    driver.submit({ operation: DEVICE_READ, bytes: 4096 });
    driver.run();
    expect([100_000, 1_000_000]).toContain(driver.nowNs);
  });

  it.each([
    [[], 'has no tables'],
    ['exmple', 'has no tables'],
    [[7], 'table 1: is no table'],
    [[table('trim', '4KiB', 1, [[1, 1]])], 'table 1: its operation is neither read nor write'],
    [[table('read', 'four', 1, [[1, 1]])], 'table 1: not a size'],
    [[table('read', '4KiB', 0, [[1, 1]])], 'table 1: its depth is no whole number from 1 to 65536'],
    [[table('read', '4KiB', 1, [])], 'table 1: its histogram is empty'],
    [
      [
        table('read', '4KiB', 1, [
          [5, 1],
          [5, 1],
        ]),
      ],
      'table 1: the latencies do not rise at 5 ns',
    ],
    [[table('read', '4KiB', 1, [[5, 0]])], 'table 1: the count at 5 ns is no whole number from 1'],
    [[table('read', '4KiB', 1, [['5s', 1]])], 'table 1: a latency is no time up to 4s'],
    [[{ ...table('read', '4KiB', 1, [[5, 1]]), sise: 1 }], 'table 1: has no "sise"'],
    [
      [table('read', '4KiB', 1, [[5, 1]]), table('read', 4096, 1, [[5, 1]])] as unknown,
      'table 2: is the second one for a read of 4096 bytes at depth 1',
    ],
  ])('refuses %j with a reason', async (tables, why) => {
    const loaded = await loadDevice('empirical', '.');
    expect(() => resolveParameters(loaded, { overrides: { tables } })).toThrow(why);
  });
});
