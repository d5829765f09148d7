/** A model with known parameters is measured; the fit, which starts elsewhere, must find them again. */
import { describe, expect, it } from 'vitest';
import { type DevicePreset, loadPreset } from '../presets.ts';
import { loadDevice, resolveParameters } from '../registry.ts';
import { parseServiceTime } from '../service-time.ts';
import { relativeError } from '../testing/measures.ts';
import { type FittedModelName, fitModel, type ModelFit } from './fit-model.ts';
import { checkFit, type Measurement, replayMeasurement } from './measurement.ts';

const GIB = 2 ** 30;

/** Small parts, so that each trial is quick. */
const BASES: Readonly<Record<FittedModelName, DevicePreset>> = {
  ssd: smaller('intel-p4500-2tb', { blocksPerDie: 16, pagesPerBlock: 8, overProvisioning: '100%' }),
  array: smaller('fc-array-15k', { readCache: '64MiB', writeCache: '256MiB' }),
};

function smaller(name: string, values: Readonly<Record<string, unknown>>): DevicePreset {
  const preset = loadPreset(name);
  const parameters = { ...preset.parameters };
  for (const [key, value] of Object.entries(values)) parameters[key] = { value, source: 'assumed: small' };
  return { ...preset, parameters };
}

/** What a device with some parameters of its own is measured to do. */
async function measured(
  model: FittedModelName,
  overrides: Readonly<Record<string, unknown>>,
  points: readonly (readonly ['read' | 'write', size: number, depth: number])[],
): Promise<Measurement[]> {
  const loaded = await loadDevice(model, '.');
  const base = Object.entries(BASES[model].parameters).map(([key, { value }]) => [key, value]);
  const { parameters } = resolveParameters(loaded, {
    overrides: { ...Object.fromEntries(base), ...overrides },
  });
  return points.map(([operation, sizeBytes, depth]) => {
    const point = { name: 'truth', operation, sizeBytes, depth, spanBytes: 64 * GIB, histogram: [] };
    const { latency } = replayMeasurement({ model: loaded.model, parameters }, point, 30_000);
    const histogram: (readonly [number, number])[] = [];
    for (let i = 0; i < 1000; i++) {
      const ns = latency.percentile((i + 0.5) / 10);
      const last = histogram[histogram.length - 1];
      if (last?.[0] === ns) histogram[histogram.length - 1] = [ns, last[1] + 1];
      else histogram.push([ns, 1]);
    }
    return { ...point, histogram };
  });
}

async function fitted(model: FittedModelName, measurements: readonly Measurement[]): Promise<ModelFit> {
  return fitModel(model, await loadDevice(model, '.'), BASES[model], measurements);
}

const valueIn = ({ parameters }: ModelFit, name: string): unknown => parameters[name]!.value;

describe('a fit of an ssd', () => {
  it('finds the times of another drive again, names what each was fitted by, and keeps the rest', async () => {
    const truth = {
      overhead: '30us',
      read: { distribution: 'lognormal', median: '100us', p99: '250us' },
      channels: 6,
    };
    const measurements = await measured('ssd', truth, [
      ['read', 4096, 1],
      ['read', 4096, 64],
      ['write', 4096, 1],
    ]);
    const found = await fitted('ssd', measurements);
    expect(relativeError(Number.parseInt(String(valueIn(found, 'overhead')), 10), 30e3)).toBeLessThan(0.01);
    const { meanNs } = parseServiceTime(valueIn(found, 'read'));
    expect(relativeError(meanNs, parseServiceTime(truth.read).meanNs)).toBeLessThan(0.03);
    expect(valueIn(found, 'channels')).toBe(6);
    // Writes find the long run of cleaning in a longer replay, so reads only.
    for (const { quantiles } of checkFit(found.device, measurements.slice(0, 2)))
      for (const { percentile, measuredNs, modelNs } of quantiles)
        if (percentile >= 10 && percentile <= 99)
          expect(relativeError(modelNs, measuredNs)).toBeLessThan(0.05);
    expect(found.parameters.overhead!.source).toBe('fitted: p50 of writes of 4 KiB, 1 under way');
    expect(found.parameters.erase).toEqual(loadPreset('intel-p4500-2tb').parameters.erase);
    expect(found.notes).toContain(
      'readBandwidth is that of intel-p4500-2tb: no random reads of 32 KiB or more were measured',
    );
  });
});

describe('a fit of an array', () => {
  it('finds front end and spindles again', async () => {
    const truth = {
      frontEnd: { distribution: 'lognormal', median: '300us', p99: '900us' },
      spindleRead: { distribution: 'lognormal', median: '4ms', p99: '9ms' },
      spindles: 24,
    };
    const measurements = await measured('array', truth, [
      ['write', 8192, 1],
      ['read', 8192, 1],
      ['read', 8192, 32],
    ]);
    const found = await fitted('array', measurements);
    for (const name of ['frontEnd', 'spindleRead'] as const)
      expect(
        relativeError(parseServiceTime(valueIn(found, name)).meanNs, parseServiceTime(truth[name]).meanNs),
      ).toBeLessThan(0.05);
    expect(relativeError(valueIn(found, 'spindles') as number, 24)).toBeLessThan(0.1);
  });
});

describe('a fit', () => {
  it('leaves out what tells of no single part, and says so', async () => {
    const [random] = await measured('ssd', {}, [['read', 4096, 1]]);
    const sequence = { ...random!, name: 'seq.json: scan', unlikeRandom: 'its addresses are a sequence' };
    const found = await fitted('ssd', [random!, sequence]);
    expect(found.notes).toContain('seq.json: scan is left out of the fit: its addresses are a sequence');
    await expect(fitted('ssd', [sequence])).rejects.toThrow(
      'nothing measured tells of the parts of a device',
    );
  });

  it('says of a measurement that the model cannot give how far off it stays', async () => {
    const tooFast: Measurement = {
      name: 'ram',
      operation: 'read',
      sizeBytes: 4096,
      depth: 1,
      histogram: [[5000, 100]],
    };
    const { notes } = await fitted('ssd', [tooFast]);
    expect(notes.join('\n')).toMatch(
      /read \(median\) stands at .*, and p50 of reads .* still is \+[0-9]+ % off/,
    );
  });
});
