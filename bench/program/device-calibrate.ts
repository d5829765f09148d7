/** What `fvp device calibrate` does once its flags are parsed: fits a preset to measurements, and shows how well. */
import { basename } from 'node:path';
import process from 'node:process';
import { empiricalDevice, fitEmpirical } from '../../reference/devices/calibrate/fit-empirical.ts';
import {
  type FittedModelName,
  type FittedParameter,
  fitModel,
  type ModelFit,
} from '../../reference/devices/calibrate/fit-model.ts';
import { checkFit, type FitCheck, type FittedDevice } from '../../reference/devices/calibrate/measurement.ts';
import type { LatencyTable } from '../../reference/devices/empirical/latency-grid.ts';
import { isPresetPath, readPresetFile } from '../../reference/devices/preset-file.ts';
import { type DevicePreset, listPresets, loadPreset } from '../../reference/devices/presets.ts';
import { type LoadedDevice, loadDevice } from '../../reference/devices/registry.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatNs, MIB, parseBytes } from '../../reference/kernel/units.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { ProgressLine } from '../render/progress.ts';
import { runCalibration } from './calibration-run.ts';
import { type FioMeasurements, readFioText } from './fio-measurements.ts';
import { flagQuantity, parseWhole } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';
import { readLatencyFiles } from './latency-measurements.ts';

export interface CalibrateFlags {
  readonly model: string;
  /** Preset that a fit of single parameters starts from: a name, or a file. */
  readonly base: string | undefined;
  readonly operation: string | undefined;
  readonly size: string | undefined;
  readonly depth: string | undefined;
  readonly output: string | undefined;
  readonly run: string | undefined;
  readonly overwrite: boolean;
  readonly runtime: string;
}

export interface CalibrationDocument {
  readonly schema: 'fvp.device-calibration/1';
  readonly model: string;
  /** Preset that what was not measured is from; null for `empirical`. */
  readonly base: string | null;
  readonly output: string | null;
  /** Parameters of an ssd or array, and what each was fitted by. */
  readonly fitted: readonly FittedParameter[];
  readonly fits: readonly FitCheck[];
  /** Largest error of the model against the measurements, as a share. */
  readonly worstP50: number;
  readonly worstP99: number;
  readonly notes: readonly string[];
}

/** Size of a file that --run creates. Assumed: beyond the caches of a controller, and quick to lay out. */
const RUN_BYTES = 2 ** 30;

/** What is fitted where --base says nothing: a current part, every number of which has its source. */
const BASES: Readonly<Record<FittedModelName, string>> = { ssd: 'intel-p4500-2tb', array: 'all-flash-array' };

/** A preset that was fitted. */
interface Fit {
  readonly device: FittedDevice;
  readonly base: string | null;
  readonly fitted: readonly FittedParameter[];
  readonly notes: readonly string[];
  readonly yaml: string;
}

/** @throws UsageError, NoInputError, DataError, UnavailableError, IoError */
export async function calibrate(
  files: readonly string[],
  flags: CalibrateFlags,
): Promise<CalibrationDocument> {
  if (files.length === 0 && flags.run === undefined) {
    throw new UsageError('nothing to calibrate from', {
      hint: 'name results of fio --output-format=json+, or --run FILE to measure now',
    });
  }
  const { model } = flags;
  if (model === 'empirical' && flags.base !== undefined)
    throw new UsageError('--base is of no use for empirical: nothing of it is left', {
      hint: 'say --model ssd or --model array',
    });
  const base = model === 'empirical' ? undefined : await baseOf(model as FittedModelName, flags.base);
  const output = flags.output === undefined ? undefined : new OutputFile(flags.output);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const found = await measure(files, flags);
    const fit =
      base === undefined
        ? fitTables(found)
        : fitParts(model as FittedModelName, base, found, (parameter, done, total) =>
            progress.show({ text: `fitting ${parameter}`, done, total }),
          );
    progress.clear();
    const fits = checkFit(fit.device, found.measurements);
    if (output !== undefined) {
      output.write(Buffer.from(fit.yaml));
      output.commit();
    }
    return documentOf(model, fits, [...found.notes, ...fit.notes], {
      base: fit.base,
      fitted: fit.fitted,
      output: flags.output ?? null,
    });
  } finally {
    progress.clear();
    output?.discard();
  }
}

/** @param rest the preset's file, if one was written, and what an ssd or array was fitted from and by */
export function documentOf(
  model: string,
  fits: readonly FitCheck[],
  notes: readonly string[],
  rest: Pick<CalibrationDocument, 'base' | 'fitted' | 'output'> = { base: null, fitted: [], output: null },
): CalibrationDocument {
  const worst = (percentile: number): number =>
    Math.max(...fits.map((fit) => Math.abs(errorAt(fit, percentile))));
  return {
    schema: 'fvp.device-calibration/1',
    model,
    ...rest,
    fits,
    worstP50: worst(50),
    worstP99: worst(99),
    notes,
  };
}

async function baseOf(
  model: FittedModelName,
  named: string | undefined,
): Promise<{ readonly loaded: LoadedDevice; readonly preset: DevicePreset }> {
  const name = named ?? BASES[model];
  const preset = isPresetPath(name) ? readPresetFile(name, process.cwd()) : loadPreset(name);
  if (preset.device !== model) {
    const fitting = listPresets().filter(({ device }) => device === model);
    throw new UsageError(`--base ${name} is a preset of device ${preset.device}, not ${model}`, {
      hint: `presets of ${model}: ${fitting.map((each) => each.name).join(', ')}`,
    });
  }
  return { loaded: await loadDevice(model, process.cwd()), preset };
}

function fitTables(found: FioMeasurements): Fit {
  const { tables, notes } = fitEmpirical(found.measurements);
  return {
    device: empiricalDevice(tables),
    base: null,
    fitted: [],
    notes,
    yaml: tablesYaml(found, tables),
  };
}

function fitParts(
  model: FittedModelName,
  { loaded, preset }: { readonly loaded: LoadedDevice; readonly preset: DevicePreset },
  found: FioMeasurements,
  onTrial: (parameter: string, done: number, total: number) => void,
): Fit {
  const { device, parameters, fitted, notes } = fitModel(model, loaded, preset, found.measurements, onTrial);
  return {
    device,
    base: preset.name,
    fitted,
    notes,
    yaml: partsYaml(model, preset.name, found, parameters),
  };
}

async function measure(files: readonly string[], flags: CalibrateFlags): Promise<FioMeasurements> {
  const said = {
    operation: flags.operation as 'read' | 'write' | undefined,
    sizeBytes:
      flags.size === undefined
        ? undefined
        : flagQuantity('size', flags.size, parseBytes, { least: 512, most: 64 * MIB, words: '512 to 64MiB' }),
    depth:
      flags.depth === undefined
        ? undefined
        : flagQuantity('depth', flags.depth, parseWhole, { least: 1, most: 65536, words: '1 to 65536' }),
  };
  const runtimeS = flagQuantity('runtime', flags.runtime, parseWhole, {
    least: 1,
    most: 3600,
    words: '1 to 3600',
  });
  return interruptible(async (signal) => {
    const read = await readLatencyFiles(files, said, signal);
    if (flags.run === undefined) return read;
    const run = { target: flags.run, overwrite: flags.overwrite, runtimeS, sizeBytes: RUN_BYTES };
    const measured = readFioText(`fio on ${flags.run}`, await runCalibration(run, signal));
    return {
      measurements: [...read.measurements, ...measured.measurements],
      notes: [...read.notes, ...measured.notes],
    };
  });
}

/** Error of the model at a percentile, as a share of what was measured. */
function errorAt(fit: FitCheck, percentile: number): number {
  const { measuredNs, modelNs } = fit.quantiles.find((each) => each.percentile === percentile)!;
  return measuredNs === 0 ? 0 : modelNs / measuredNs - 1;
}

/** What was measured, each once. */
function namesOf(found: FioMeasurements): readonly string[] {
  return [...new Set(found.measurements.map(({ name }) => name))];
}

/** A preset of an ssd or array, in the form of reference/devices/presets. */
function partsYaml(
  model: string,
  base: string,
  found: FioMeasurements,
  parameters: ModelFit['parameters'],
): string {
  const lines = [
    `device: ${model}`,
    `description: ${JSON.stringify(`Fitted to ${namesOf(found).join('; ')}; what that does not tell is from ${base}.`)}`,
    'parameters:',
  ];
  for (const [name, { value, source }] of Object.entries(parameters)) {
    // Every JSON text is YAML.
    const where = source.startsWith('assumed: ')
      ? `assumed: ${JSON.stringify(source.slice('assumed: '.length))}`
      : `source: ${JSON.stringify(source)}`;
    lines.push(`  ${name}: { value: ${JSON.stringify(value)}, ${where} }`);
  }
  lines.push('');
  return lines.join('\n');
}

/** A preset of the empirical device, in the same form. */
function tablesYaml(found: FioMeasurements, tables: readonly LatencyTable[]): string {
  const names = namesOf(found);
  const lines = [
    'device: empirical',
    `description: ${JSON.stringify(`Measured latencies by size and depth, from ${names.join('; ')}.`)}`,
    'parameters:',
    '  tables:',
    `    source: ${JSON.stringify(names.join('; '))}`,
    '    value:',
  ];
  for (const { operation, sizeBytes, depth, histogram } of tables) {
    lines.push(
      `      - operation: ${operation}`,
      `        size: ${sizeBytes}`,
      `        depth: ${depth}`,
      '        # [latency in ns, I/Os]',
      '        histogram:',
      '          [',
    );
    let line = '           ';
    for (const [ns, count] of histogram) {
      const bin = ` [${ns}, ${count}],`;
      if (line.length + bin.length > 110) {
        lines.push(line);
        line = '           ';
      }
      line += bin;
    }
    lines.push(line, '          ]');
  }
  lines.push(
    '  flush: { value: 10us, assumed: "not measured" }',
    '  discard: { value: 50us, assumed: "not measured" }',
    '  volatileCache: { value: false, assumed: "not measured: protected against power loss" }',
    '',
  );
  return lines.join('\n');
}

const CHART_COLUMNS = 40;

/** Lines of at most 100 columns: quantile by quantile, with the place of both on one scale. */
export function calibrationLines(document: CalibrationDocument): string[] {
  const lines: string[] = [];
  const signed = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
  for (const fit of document.fits) {
    const least = Math.min(...fit.quantiles.map(({ measuredNs, modelNs }) => Math.min(measuredNs, modelNs)));
    const most = Math.max(...fit.quantiles.map(({ measuredNs, modelNs }) => Math.max(measuredNs, modelNs)));
    const place = (ns: number): number =>
      most === least
        ? 0
        : Math.round(
            (Math.log(Math.max(1, ns) / Math.max(1, least)) / Math.log(most / Math.max(1, least))) *
              (CHART_COLUMNS - 1),
          );
    lines.push(
      `${fit.operation}s of ${formatBytes(fit.sizeBytes)}, ${fit.depth} under way: ${fit.requests} I/Os; ${Math.round(fit.measuredPerSecond)} per second, model ${Math.round(fit.modelPerSecond)}`,
      `  ${''.padEnd(7)}${'measured'.padStart(11)}${'model'.padStart(11)}${'error'.padStart(10)}   o measured, x model, * both (logarithmic)`,
    );
    for (const { percentile, measuredNs, modelNs } of fit.quantiles) {
      const cells = new Array<string>(CHART_COLUMNS).fill('·');
      cells[place(measuredNs)] = 'o';
      cells[place(modelNs)] = place(modelNs) === place(measuredNs) ? '*' : 'x';
      lines.push(
        `  ${`p${percentile}`.padEnd(7)}${formatNs(measuredNs).padStart(11)}${formatNs(modelNs).padStart(11)}${signed(errorAt(fit, percentile)).padStart(10)}   ${cells.join('')}`,
      );
    }
    lines.push('');
  }
  if (document.fitted.length > 0) {
    lines.push(`Fitted (the rest is that of ${document.base}):`);
    for (const { parameter, value, by } of document.fitted)
      lines.push(
        `  ${parameter}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
        ...by.map((each) => `    by ${each}`),
      );
  }
  lines.push(
    `Largest error at p50 ${(100 * document.worstP50).toFixed(1)} %, at p99 ${(100 * document.worstP99).toFixed(1)} %.`,
  );
  for (const note of document.notes) lines.push(`Note: ${note}.`);
  if (document.output !== null)
    lines.push(`Wrote ${document.output}. In a scenario: flash: { preset: ./${basename(document.output)} }`);
  return lines;
}
