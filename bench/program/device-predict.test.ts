import { describe, expect, it } from 'vitest';
import { UsageError } from '../../reference/kernel/errors.ts';
import { predictionLines, predictScenario } from './device-predict.ts';

const FLAGS = { rate: '1000', reads: '50%', size: '8KiB', span: '1TiB', count: '40000', seed: '1' };

describe('fvp device predict', () => {
  it('lays formulae and simulation side by side, and they agree in the mean', async () => {
    const document = await predictScenario('datacentre-2014', FLAGS);
    expect(document.devices.map(({ device, model }) => [device, model])).toEqual([
      ['datastore', 'array'],
      ['esx1/flash', 'flash'],
      ['esx1/link', 'link'],
    ]);
    for (const { requests, utilisation, simulatedUtilisation } of document.devices) {
      expect(Math.abs(utilisation! / simulatedUtilisation - 1)).toBeLessThan(0.05);
      for (const { formula, simulated } of requests) {
        expect(Math.abs(formula!.meanNs / simulated!.meanNs - 1)).toBeLessThan(0.02);
        expect(Math.abs(formula!.p50Ns / simulated!.p50Ns - 1)).toBeLessThan(0.05);
      }
    }
    for (const line of predictionLines(document)) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('says that there is no steady state where more is asked than a device can do', async () => {
    const { devices } = await predictScenario('datacentre-2014', { ...FLAGS, rate: '9000' });
    expect(devices[0]!.utilisation).toBeGreaterThan(1);
    expect(devices[0]!.requests.every(({ formula }) => formula === null)).toBe(true);
    expect(devices[0]!.notes[0]).toContain('there is no steady state');
  });

  it('refuses what is no rate', async () => {
    await expect(predictScenario('datacentre-2014', { ...FLAGS, rate: '0' })).rejects.toThrow(UsageError);
    await expect(predictScenario('datacentre-2014', { ...FLAGS, reads: '120%' })).rejects.toThrow('--reads');
  });
});
