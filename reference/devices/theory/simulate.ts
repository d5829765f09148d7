/** What `fvp device predict` lays beside its formulae: the device alone under Poisson arrivals, simulated. */
import { LatencyHistogram } from '../../kernel/histogram.ts';
import { DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, type DeviceModel } from '../api.ts';
import { parseServiceTime } from '../service-time.ts';
import { runOpenLoop } from './device-loop.ts';
import type { Load, PredictedTimes } from './predict.ts';

export interface SimulatedLoad extends Load {
  /** Addresses are uniform over this many bytes. */
  readonly spanBytes: number;
  readonly count: number;
  readonly seed: number;
  readonly isLink: boolean;
}

export interface Simulated {
  readonly utilisation: number;
  readonly read: PredictedTimes | undefined;
  readonly write: PredictedTimes | undefined;
  /** Share of requests refused. */
  readonly lost: number;
}

/** Runs a device alone; the first fifth of the requests warms it up. */
export function simulateDevice(
  model: DeviceModel<unknown>,
  parameters: unknown,
  load: SimulatedLoad,
  percentiles: readonly number[],
): Simulated {
  const { sizeBytes: bytes, spanBytes } = load;
  const kinds = load.isLink
    ? [{ operation: DEVICE_SEND, bytes, spanBytes, share: 1 }]
    : [
        { operation: DEVICE_READ, bytes, spanBytes, share: load.reads },
        { operation: DEVICE_WRITE, bytes, spanBytes, share: 1 - load.reads },
      ].filter(({ share }) => share > 0);
  const histograms = kinds.map(() => new LatencyHistogram());
  const interval = parseServiceTime({
    distribution: 'exponential',
    mean: `${Math.max(1, Math.round(1e9 / load.perSecond))}ns`,
  });
  const { utilisation, lost } = runOpenLoop(
    {
      model,
      parameters,
      seed: load.seed,
      requests: kinds,
      count: load.count,
      warmup: Math.floor(load.count / 5),
      histograms,
    },
    interval,
  );
  const times = (isRead: boolean): PredictedTimes | undefined => {
    const index = kinds.findIndex(({ operation }) => (operation === DEVICE_READ) === isRead);
    const histogram = histograms[index];
    if (histogram === undefined || histogram.count === 0) return undefined;
    return {
      meanNs: histogram.mean,
      quantilesNs: percentiles.map((percentile) => histogram.percentile(percentile)),
    };
  };
  return {
    utilisation,
    read: times(true),
    write: times(false),
    lost,
  };
}
