/** What `fvp device predict` does once its flags are parsed: formulae and simulation of each device, side by side. */
import { loadScenario } from '../../reference/cluster/scenario/load-scenario.ts';
import type { ResolvedDevice } from '../../reference/cluster/scenario/resolved.ts';
import { type Load, type PredictedTimes, predictDevice } from '../../reference/devices/theory/predict.ts';
import { simulateDevice } from '../../reference/devices/theory/simulate.ts';
import { formatNs, formatPercent, parseBytes, parsePercent } from '../../reference/kernel/units.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';
import { flagQuantity, parseWhole, SEED_BOUNDS } from './flag-quantity.ts';

export interface PredictFlags {
  readonly rate: string;
  readonly reads: string;
  readonly size: string;
  readonly span: string;
  readonly count: string;
  readonly seed: string;
}

const PERCENTILES = [50, 90, 99, 99.9] as const;
/** Without a server there is nothing to predict for a device that takes no time. */
const NO_TIME = 0;

interface Times {
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
}

export interface PredictedRequest {
  readonly request: 'read' | 'write' | 'message';
  /** null where no formula applies, or there is no steady state. */
  readonly formula: Times | null;
  readonly simulated: Times | null;
}

export interface PredictedStation {
  readonly device: string;
  readonly model: string;
  /** By formula, of the busiest part; null where no formula applies. */
  readonly utilisation: number | null;
  readonly busiest: string | null;
  readonly simulatedUtilisation: number;
  readonly lost: number;
  readonly requests: readonly PredictedRequest[];
  /** Where the formula does not apply, or is not exact. */
  readonly notes: readonly string[];
}

export interface PredictionDocument {
  readonly schema: 'fvp.device-prediction/1';
  readonly scenario: string;
  readonly ratePerSecond: number;
  readonly readShare: number;
  readonly sizeBytes: number;
  readonly spanBytes: number;
  readonly simulatedRequests: number;
  readonly seed: number;
  readonly devices: readonly PredictedStation[];
}

function timesOf(times: PredictedTimes | undefined): Times | null {
  if (times === undefined || !Number.isFinite(times.meanNs)) return null;
  const [p50Ns, p90Ns, p99Ns, p999Ns] = times.quantilesNs.map((ns) => Math.round(ns));
  return { meanNs: Math.round(times.meanNs), p50Ns: p50Ns!, p90Ns: p90Ns!, p99Ns: p99Ns!, p999Ns: p999Ns! };
}

function predictOne(
  name: string,
  device: ResolvedDevice,
  load: Load & { readonly spanBytes: number; readonly count: number; readonly seed: number },
): PredictedStation {
  const isLink = name.endsWith('link');
  const { model, parameters } = device;
  const prediction = predictDevice(model.name, parameters, load, PERCENTILES);
  const simulated = simulateDevice(model, parameters, { ...load, isLink }, PERCENTILES);
  const applies = !('reason' in prediction);
  const kinds: readonly PredictedRequest['request'][] = isLink ? ['message'] : ['read', 'write'];
  const notes = applies
    ? [...prediction.notes]
    : [`no formula applies to ${model.name}: ${prediction.reason}`];
  if (applies && prediction.utilisation >= 1) {
    notes.unshift(
      `${prediction.busiest}: offered ${formatPercent(prediction.utilisation)} of what they can do; there is no steady state, and the simulated figures grow with its length`,
    );
  }
  return {
    device: name,
    model: model.name,
    utilisation: applies ? prediction.utilisation : null,
    busiest: applies && prediction.utilisation > NO_TIME ? prediction.busiest : null,
    simulatedUtilisation: simulated.utilisation,
    lost: simulated.lost,
    requests: kinds
      .map((request) => ({
        request,
        formula: applies ? timesOf(request === 'read' ? prediction.read : prediction.write) : null,
        simulated: timesOf(request === 'read' ? simulated.read : simulated.write),
      }))
      .filter((each) => each.formula !== null || each.simulated !== null),
    notes,
  };
}

/** @throws UsageError for flags out of bounds, DataError for what is wrong in the scenario */
export async function predictScenario(name: string, flags: PredictFlags): Promise<PredictionDocument> {
  const ratePerSecond = flagQuantity('rate', flags.rate, parseWhole, {
    least: 1,
    most: 100e6,
    words: '1 to 100000000',
  });
  const load = {
    perSecond: ratePerSecond,
    reads: flagQuantity('reads', flags.reads, parsePercent, { least: 0, most: 1, words: '0% to 100%' }),
    sizeBytes: flagQuantity('size', flags.size, parseBytes, {
      least: 512,
      most: 64 * 2 ** 20,
      words: '512 to 64MiB',
    }),
    spanBytes: flagQuantity('span', flags.span, parseBytes, {
      least: 4096,
      most: 2 ** 50,
      words: '4KiB to 1024TiB',
    }),
    count: flagQuantity('count', flags.count, parseWhole, {
      least: 1000,
      most: 1e9,
      words: '1000 to 1000000000',
    }),
    seed: flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS),
  };
  const scenario = await loadScenario(name, { fromFolder: process.cwd() });
  const resolved = scenario.resolve({ footprintBytes: load.spanBytes });
  const devices: { name: string; device: ResolvedDevice }[] = [
    { name: 'datastore', device: resolved.datastore },
  ];
  const known = new Set<string>();
  for (const host of resolved.hosts) {
    const own = [
      ...(host.flash === null ? [] : [{ name: `${host.name}/flash`, device: host.flash as ResolvedDevice }]),
      { name: `${host.name}/link`, device: host.link },
    ];
    for (const each of own) {
      // Hosts are mostly alike: each device is shown once.
      const kind = each.name.slice(host.name.length) + JSON.stringify(each.device.written);
      if (known.has(kind)) continue;
      known.add(kind);
      devices.push(each);
    }
  }
  return {
    schema: 'fvp.device-prediction/1',
    scenario: scenario.name,
    ratePerSecond,
    readShare: load.reads,
    sizeBytes: load.sizeBytes,
    spanBytes: load.spanBytes,
    simulatedRequests: load.count,
    seed: load.seed,
    devices: devices.map(({ name: device, device: resolvedDevice }) =>
      predictOne(device, resolvedDevice, load),
    ),
  };
}

/** Lines of at most 100 columns. */
export function predictionLines(document: PredictionDocument): string[] {
  const lines = [
    `Each device alone with ${document.ratePerSecond} requests per second (Poisson), ${formatPercent(document.readShare)} reads, ${document.sizeBytes} bytes each.`,
  ];
  const cell = (ns: number | undefined): string => (ns === undefined ? '–' : formatNs(ns)).padStart(10);
  for (const device of document.devices) {
    lines.push('', `${device.device} (${device.model})${utilisationOf(device)}`);
    lines.push(
      `  ${''.padEnd(20)}${['mean', 'p50', 'p90', 'p99', 'p99.9'].map((each) => each.padStart(10)).join('')}`,
    );
    for (const { request, formula, simulated } of device.requests) {
      const row = (label: string, times: Times | null): string =>
        `  ${`${request}, ${label}`.padEnd(20)}${cell(times?.meanNs)}${cell(times?.p50Ns)}${cell(times?.p90Ns)}${cell(times?.p99Ns)}${cell(times?.p999Ns)}`;
      lines.push(row('formula', formula), row('simulated', simulated));
      if (formula !== null && simulated !== null && simulated.meanNs > 0)
        lines.push(`  ${'difference'.padEnd(20)}${differences(formula, simulated)}`);
    }
    for (const note of device.notes) {
      const [first, ...rest] = wrapText(note, COLUMNS_MAX - 4);
      lines.push(`  - ${first}`, ...rest.map((line) => `    ${line}`));
    }
    if (device.lost > 0)
      lines.push(`  - ${formatPercent(device.lost)} of the simulated requests were refused`);
  }
  return lines;
}

function utilisationOf(device: PredictedStation): string {
  const simulated = `simulated ${formatPercent(device.simulatedUtilisation)}`;
  if (device.utilisation === null) return `: utilisation ${simulated}`;
  if (device.busiest === null) return '';
  return `: utilisation ${formatPercent(device.utilisation)} (${device.busiest}), ${simulated}`;
}

function differences(formula: Times, simulated: Times): string {
  return (['meanNs', 'p50Ns', 'p90Ns', 'p99Ns', 'p999Ns'] as const)
    .map((key) => {
      const percent = (100 * (formula[key] - simulated[key])) / simulated[key];
      return `${percent >= 0 ? '+' : ''}${percent.toFixed(1)} %`.padStart(10);
    })
    .join('');
}
