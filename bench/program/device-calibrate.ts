/** What `fvp device calibrate` does once its flags are parsed: fits a preset to measurements, and shows how well. */
import { basename } from 'node:path';
import { checkFit, type FitCheck, fitEmpirical } from '../../reference/devices/calibrate/fit-empirical.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatNs } from '../../reference/kernel/units.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { runCalibration } from './calibration-run.ts';
import { type FioMeasurements, readFioMeasurements, readFioText } from './fio-measurements.ts';
import { flagQuantity, parseWhole } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';

export interface CalibrateFlags {
  readonly output: string | undefined;
  readonly run: string | undefined;
  readonly overwrite: boolean;
  readonly runtime: string;
}

export interface CalibrationDocument {
  readonly schema: 'fvp.device-calibration/1';
  readonly model: 'empirical';
  readonly output: string | null;
  readonly fits: readonly FitCheck[];
  /** Largest error of the model against the measurements, as a share. */
  readonly worstP50: number;
  readonly worstP99: number;
  readonly notes: readonly string[];
}

/** Size of a file that --run creates. Assumed: beyond the caches of a controller, and quick to lay out. */
const RUN_BYTES = 2 ** 30;

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
  const output = flags.output === undefined ? undefined : new OutputFile(flags.output);
  const found = await measure(files, flags);
  const { tables, notes } = fitEmpirical(found.measurements);
  const fits = checkFit(tables, found.measurements);
  if (output !== undefined) {
    output.write(Buffer.from(presetYaml(found, tables)));
    output.commit();
  }
  return documentOf(fits, flags.output, [...found.notes, ...notes]);
}

/** @param output the preset's file, if one was written */
export function documentOf(
  fits: readonly FitCheck[],
  output: string | undefined,
  notes: readonly string[],
): CalibrationDocument {
  const worst = (percentile: number): number =>
    Math.max(...fits.map((fit) => Math.abs(errorAt(fit, percentile))));
  return {
    schema: 'fvp.device-calibration/1',
    model: 'empirical',
    output: output ?? null,
    fits,
    worstP50: worst(50),
    worstP99: worst(99),
    notes,
  };
}

async function measure(files: readonly string[], flags: CalibrateFlags): Promise<FioMeasurements> {
  const read = readFioMeasurements(files);
  if (flags.run === undefined) return read;
  const target = flags.run;
  const runtimeS = flagQuantity('runtime', flags.runtime, parseWhole, {
    least: 1,
    most: 3600,
    words: '1 to 3600',
  });
  const run = { target, overwrite: flags.overwrite, runtimeS, sizeBytes: RUN_BYTES };
  const text = await interruptible((signal) => runCalibration(run, signal));
  const measured = readFioText(`fio on ${target}`, text);
  return {
    measurements: [...read.measurements, ...measured.measurements],
    notes: [...read.notes, ...measured.notes],
  };
}

/** Error of the model at a percentile, as a share of what was measured. */
function errorAt(fit: FitCheck, percentile: number): number {
  const { measuredNs, modelNs } = fit.quantiles.find((each) => each.percentile === percentile)!;
  return measuredNs === 0 ? 0 : modelNs / measuredNs - 1;
}

/** A preset in the form of reference/devices/presets. */
function presetYaml(found: FioMeasurements, tables: ReturnType<typeof fitEmpirical>['tables']): string {
  const names = [...new Set(found.measurements.map(({ name }) => name))];
  const lines = [
    'device: empirical',
    `description: Measured with fio (${names.length} ${names.length === 1 ? 'job' : 'jobs'}); latencies by size and depth.`,
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
  lines.push(
    `Largest error at p50 ${(100 * document.worstP50).toFixed(1)} %, at p99 ${(100 * document.worstP99).toFixed(1)} %.`,
  );
  for (const note of document.notes) lines.push(`Note: ${note}.`);
  if (document.output !== null)
    lines.push(`Wrote ${document.output}. In a scenario: flash: { preset: ./${basename(document.output)} }`);
  return lines;
}
