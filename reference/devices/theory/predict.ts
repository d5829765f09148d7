/**
 * The analytic twin of a device: mean and percentiles of response times under Poisson arrivals by queueing formulae,
 * without simulating anything, and a note of what the formulae leave out.
 *
 * A device is taken as stations one after the other, each M/G/k with the whole load. That stations in a row are
 * independent of each other is exact for exponential service only (Jackson); waits are added, and the sum is taken to be
 * exponential where there is a wait.
 */
import type { ArrayParameters } from '../array/array-parameters.ts';
import { transferNs } from '../server-pool.ts';
import type { ServiceTime } from '../service-time.ts';
import { mgk, responseQuantileNs, type ServiceMoments, type StationMeans } from './queueing.ts';

/** What arrives. Rates are of all requests together. */
export interface Load {
  readonly perSecond: number;
  /** Share of reads, 0 to 1; the rest are writes. On a link all are messages. */
  readonly reads: number;
  readonly sizeBytes: number;
}

export interface PredictedTimes {
  readonly meanNs: number;
  /** By percentile, in the order asked for. */
  readonly quantilesNs: readonly number[];
}

export interface Prediction {
  /** Of the busiest station; above 1 there is no steady state, and times are infinite. */
  readonly utilisation: number;
  readonly busiest: string;
  readonly read: PredictedTimes | undefined;
  readonly write: PredictedTimes | undefined;
  /** Where the formulae are not exact for this device and load; sentences. */
  readonly notes: readonly string[];
}

/** A model without formulae: why. */
export interface NoPrediction {
  readonly reason: string;
}

interface Station {
  readonly name: string;
  readonly means: StationMeans;
}

/** What one kind of request goes through. */
interface Path {
  readonly stations: readonly Station[];
  readonly constantNs: number;
  /** Service times that vary: drawn at the same quantile, which keeps their sum's mean. */
  readonly services: readonly ServiceTime[];
}

type Parameters = Readonly<Record<string, unknown>>;

const NS = 1e9;

function scaled(service: ServiceTime, plusNs: number): ServiceMoments {
  return {
    meanNs: service.meanNs + plusNs,
    secondMomentNs2: service.secondMomentNs2 + 2 * service.meanNs * plusNs + plusNs * plusNs,
  };
}

function mixture(
  parts: readonly { readonly share: number; readonly service: ServiceMoments }[],
): ServiceMoments {
  return {
    meanNs: parts.reduce((sum, { share, service }) => sum + share * service.meanNs, 0),
    secondMomentNs2: parts.reduce((sum, { share, service }) => sum + share * service.secondMomentNs2, 0),
  };
}

/** Sum of two independent times. */
function plus(a: ServiceTime, b: ServiceTime, constantNs: number): ServiceMoments {
  const meanNs = a.meanNs + b.meanNs + constantNs;
  return { meanNs, secondMomentNs2: a.varianceNs2 + b.varianceNs2 + meanNs * meanNs };
}

function station(name: string, servers: number, perSecond: number, service: ServiceMoments): Station {
  return { name, means: mgk(servers, perSecond / NS, service) };
}

const constant = (ns: number): ServiceMoments => ({ meanNs: ns, secondMomentNs2: ns * ns });

function timesOf(path: Path, percentiles: readonly number[]): PredictedTimes {
  const waitNs = path.stations.reduce((sum, { means }) => sum + means.meanWaitNs, 0);
  const never = path.stations.reduce((product, { means }) => product * (1 - means.waitProbability), 1);
  const serviceNs = path.services.reduce((sum, service) => sum + service.meanNs, path.constantNs);
  const means: StationMeans = {
    utilisation: 0,
    waitProbability: 1 - never,
    meanWaitNs: waitNs,
    meanResponseNs: waitNs + serviceNs,
  };
  const quantile = (p: number): number =>
    path.services.reduce((sum, service) => sum + service.sampleNs(Math.floor(p * 2 ** 32)), path.constantNs);
  return {
    meanNs: means.meanResponseNs,
    quantilesNs: percentiles.map((percentile) => responseQuantileNs(means, quantile, percentile / 100)),
  };
}

function predicted(
  load: Load,
  percentiles: readonly number[],
  read: Path | undefined,
  write: Path | undefined,
  notes: readonly string[],
): Prediction {
  const stations = [...(read?.stations ?? []), ...(write?.stations ?? [])];
  const busiest = stations.reduce<Station | undefined>(
    (most, each) => (most === undefined || each.means.utilisation > most.means.utilisation ? each : most),
    undefined,
  );
  return {
    utilisation: busiest?.means.utilisation ?? 0,
    busiest: busiest?.name ?? 'none',
    read: read === undefined || load.reads === 0 ? undefined : timesOf(read, percentiles),
    write: write === undefined || load.reads === 1 ? undefined : timesOf(write, percentiles),
    notes,
  };
}

interface FlashLike {
  readonly channels: number;
  readonly overhead: number;
  readonly read: ServiceTime;
  readonly write: ServiceTime;
  readonly hold: ServiceTime;
  readonly channelBandwidth: number;
  readonly readBandwidth: number;
  readonly writeBandwidth: number;
  readonly stripe: number;
}

function predictFlash(flash: FlashLike, load: Load, percentiles: readonly number[]): Prediction {
  const { sizeBytes, reads } = load;
  const pieces = Math.max(1, Math.ceil(sizeBytes / flash.stripe));
  const pieceNs = transferNs(sizeBytes / pieces, flash.channelBandwidth);
  const readWireNs = transferNs(sizeBytes, flash.readBandwidth);
  const writeWireNs = transferNs(sizeBytes, flash.writeBandwidth);
  const wire = station(
    'interface',
    1,
    load.perSecond,
    mixture([
      { share: reads, service: constant(readWireNs) },
      { share: 1 - reads, service: constant(writeWireNs) },
    ]),
  );
  const channels = station(
    'channels',
    flash.channels,
    load.perSecond * pieces,
    mixture([
      { share: reads, service: scaled(flash.read, pieceNs) },
      { share: 1 - reads, service: plus(flash.write, flash.hold, pieceNs) },
    ]),
  );
  const stations = [wire, channels];
  const notes =
    flash.channels > 1
      ? ['channels: M/G/k by Allen and Cunneen, exact only where service is exponential']
      : [];
  if (pieces > 1) notes.push(`a request is ${pieces} pieces at once; the slowest is taken to be like one`);
  return predicted(
    load,
    percentiles,
    { stations, constantNs: flash.overhead + readWireNs + pieceNs, services: [flash.read] },
    { stations, constantNs: flash.overhead + writeWireNs + pieceNs, services: [flash.write] },
    notes,
  );
}

function predictArray(array: ArrayParameters, load: Load, percentiles: readonly number[]): Prediction {
  const { sizeBytes, reads, perSecond } = load;
  const portNs = transferNs(sizeBytes, array.portBandwidth);
  const ports = station('ports', array.ports, perSecond, constant(portNs));
  const frontEnd = station('front end', array.frontEndServers, perSecond, array.frontEnd);
  const movedNs = transferNs(sizeBytes, array.spindleBandwidth);
  const read = scaled(array.spindleRead, movedNs);
  const write = scaled(array.spindleWrite, movedNs);
  const tenant = scaled(array.spindleRead, transferNs(array.tenantSize, array.spindleBandwidth));
  // Of a small write's operations, half are reads where there is parity.
  const writeReads = array.writePenalty > 2 ? array.writePenalty / 2 : 0;
  const rates = {
    reads: (perSecond * reads) / array.spindles,
    writes: (perSecond * (1 - reads)) / array.spindles,
    tenants: array.tenantIops / array.spindles,
  };
  const parts: readonly (readonly [number, ServiceMoments])[] = [
    [rates.reads, read],
    [rates.tenants, tenant],
    [rates.writes * writeReads, read],
    [rates.writes * (array.writePenalty - writeReads), write],
  ];
  const load1 = (some: readonly (readonly [number, ServiceMoments])[]): number =>
    some.reduce((sum, [rate, service]) => sum + (rate * service.meanNs) / NS, 0);
  const all = load1(parts);
  const foreground = load1(parts.slice(0, 2));
  // Reads go before destages, and wait for the operation under way: M/G/1 with priorities (Cobham 1954).
  const residualNs = parts.reduce(
    (sum, [rate, service]) => sum + (rate * service.secondMomentNs2) / NS / 2,
    0,
  );
  const meanWaitNs = all >= 1 ? Number.POSITIVE_INFINITY : residualNs / (1 - foreground);
  const spindles: Station = {
    name: 'spindles',
    means: { utilisation: all, waitProbability: Math.min(1, all), meanWaitNs, meanResponseNs: meanWaitNs },
  };
  const notes = [
    'reads are taken to miss the cache, and writes to be destaged one by one: random addresses over much more than the cache',
  ];
  notes.push(
    'a wait is taken to be exponential; behind a single operation it is shorter, and so are the last percentiles',
  );
  if (array.lunQueueDepth > 0)
    notes.push(`the limit of ${array.lunQueueDepth} requests per unit is left out`);
  if (array.writeCache === 0) notes.push('without a write cache, writes wait for spindles: left out');
  if (array.failedSpindles > 0) notes.push('the failed spindle is left out');
  const constantNs = array.path + array.dram + portNs;
  // A cached write waits for no spindle, unless these cannot keep up.
  const writing = all >= 1 ? [ports, frontEnd, spindles] : [ports, frontEnd];
  const prediction = predicted(
    load,
    percentiles,
    {
      stations: [ports, frontEnd, spindles],
      constantNs: constantNs + movedNs,
      services: [array.frontEnd, array.spindleRead],
    },
    { stations: writing, constantNs, services: [array.frontEnd] },
    notes,
  );
  return all > prediction.utilisation ? { ...prediction, utilisation: all, busiest: 'spindles' } : prediction;
}

interface PvfsLike {
  readonly nodes: number;
  readonly copies: number;
  readonly network: number;
  readonly nodeBandwidth: number;
  readonly processor: ServiceTime;
  readonly memory: number;
  readonly hitRate: number;
  readonly writeBuffer: number;
  readonly disks: number;
  readonly diskRead: ServiceTime;
  readonly diskWrite: ServiceTime;
  readonly diskBandwidth: number;
}

function predictPvfs(pvfs: PvfsLike, load: Load, percentiles: readonly number[]): Prediction {
  const { sizeBytes, reads, perSecond } = load;
  const perNode = (perSecond * (reads + (1 - reads) * pvfs.copies)) / pvfs.nodes;
  const readsPerNode = (perSecond * reads * (1 - pvfs.hitRate)) / pvfs.nodes;
  const writesPerNode = (perSecond * (1 - reads) * pvfs.copies) / pvfs.nodes;
  const movedNs = transferNs(sizeBytes, pvfs.diskBandwidth);
  const wireNs = transferNs(sizeBytes, pvfs.nodeBandwidth);
  const processor = station('processors', 1, perNode, pvfs.processor);
  const diskRate = readsPerNode + writesPerNode;
  const disks = station(
    'disks',
    pvfs.disks,
    diskRate,
    mixture([
      { share: diskRate === 0 ? 0 : readsPerNode / diskRate, service: scaled(pvfs.diskRead, movedNs) },
      { share: diskRate === 0 ? 0 : writesPerNode / diskRate, service: scaled(pvfs.diskWrite, movedNs) },
    ]),
  );
  const miss = timesOf(
    {
      stations: [processor, disks],
      constantNs: pvfs.network + wireNs + movedNs,
      services: [pvfs.processor, pvfs.diskRead],
    },
    percentiles,
  );
  const hit = timesOf(
    {
      stations: [processor],
      constantNs: pvfs.network + wireNs + pvfs.memory,
      services: [pvfs.processor],
    },
    percentiles,
  );
  const buffered: Path = {
    stations: disks.means.utilisation >= 1 ? [processor, disks] : [processor],
    constantNs: pvfs.network + wireNs + pvfs.memory,
    services: [pvfs.processor],
  };
  const notes = ['writes are taken to find room in the write buffer while the disks keep up'];
  if (pvfs.copies > 1)
    notes.push('a write takes as long as one copy; the slower of several takes a little longer');
  if (pvfs.hitRate > 0 && pvfs.hitRate < 1)
    notes.push('percentiles of reads are those of hits up to the hit rate, and of misses beyond');
  const prediction = predicted(load, percentiles, undefined, buffered, notes);
  return {
    ...prediction,
    utilisation: Math.max(prediction.utilisation, disks.means.utilisation),
    busiest: disks.means.utilisation >= prediction.utilisation ? 'disks' : prediction.busiest,
    read:
      reads === 0
        ? undefined
        : {
            meanNs: pvfs.hitRate * hit.meanNs + (1 - pvfs.hitRate) * miss.meanNs,
            quantilesNs: percentiles.map((percentile, i) =>
              percentile / 100 <= pvfs.hitRate ? hit.quantilesNs[i]! : miss.quantilesNs[i]!,
            ),
          },
  };
}

/**
 * Predicts the response times of a built-in model.
 * @param parameters as the model's factory takes them
 * @param percentiles 0 to 100, both excluded
 */
export function predictDevice(
  model: string,
  parameters: unknown,
  load: Load,
  percentiles: readonly number[],
): Prediction | NoPrediction {
  const values = parameters as Parameters;
  switch (model) {
    case 'null':
    case 'fixed': {
      const path = (ns: unknown): Path => ({ stations: [], constantNs: (ns as number) ?? 0, services: [] });
      return predicted(load, percentiles, path(values.read), path(values.write), []);
    }
    case 'ram': {
      const service = values.latency as ServiceTime;
      const copyNs = transferNs(load.sizeBytes, values.bandwidth as number);
      const workers = station('workers', values.workers as number, load.perSecond, scaled(service, copyNs));
      const path = { stations: [workers], constantNs: copyNs, services: [service] };
      return predicted(load, percentiles, path, path, []);
    }
    case 'flash':
      return predictFlash(parameters as FlashLike, load, percentiles);
    case 'link': {
      const { latency, bandwidth, overhead, jitter, loss } = values as {
        latency: number;
        bandwidth: number;
        overhead: number;
        jitter: ServiceTime;
        loss: number;
      };
      const wireNs = transferNs(load.sizeBytes + overhead, bandwidth);
      const egress = station('egress', 1, load.perSecond, constant(wireNs));
      const path = { stations: [egress], constantNs: wireNs + latency, services: [jitter] };
      const notes = loss > 0 ? ['lost packets, and what waits behind them, are left out'] : [];
      return predicted({ ...load, reads: 0 }, percentiles, undefined, path, notes);
    }
    case 'array':
      return predictArray(parameters as ArrayParameters, load, percentiles);
    case 'pvfs':
      return predictPvfs(parameters as PvfsLike, load, percentiles);
    case 'ssd':
      return { reason: 'cleaning, and programs that reads wait for, make service depend on the past' };
    case 'hdd':
      return { reason: 'seeks and rotation depend on the request before, and the queue is reordered' };
    case 'empirical':
      return { reason: 'it has no queue: latencies are as measured for the number of requests under way' };
    default:
      return { reason: 'there are no formulae for this model' };
  }
}
