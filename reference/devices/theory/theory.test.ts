/**
 * The models against queueing theory. Tolerance and number of requests are such that a model whose mean response is 1 %
 * off fails: the error allowed is half of that. The moments are those of the tables that are sampled.
 *
 * `FVP_THEORY=20` makes the runs that many times longer (nightly).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { DEVICE_READ, DEVICE_SEND } from '../api.ts';
import { type LoadedDevice, loadDevice, resolveParameters } from '../registry.ts';
import { parseServiceTime, type ServiceTime } from '../service-time.ts';
import { type Estimate, meanOf, meanResponse } from './batch-means.ts';
import { type LoopResult, runClosedLoop, runOpenLoop } from './device-loop.ts';
import { closedLoop, erlangC, mg1, mgk, mm1k, responseQuantileNs } from './queueing.ts';

const LONGER = Number(process.env.FVP_THEORY ?? 1);
/** Requests for each utilisation: the closer to saturation, the longer successive requests depend on each other. */
const COUNTS = new Map([
  [0.5, 3e6 * LONGER],
  [0.8, 8e6 * LONGER],
  [0.9, 20e6 * LONGER],
]);
const UTILISATIONS = [...COUNTS.keys()];

const BARE_FLASH = {
  channels: 1,
  overhead: 0,
  hold: 0,
  channelBandwidth: 'unlimited',
  readBandwidth: 'unlimited',
  writeBandwidth: 'unlimited',
  stripe: '64MiB',
};

const devices = new Map<string, LoadedDevice>();
beforeAll(async () => {
  for (const name of ['flash', 'link', 'ssd']) devices.set(name, await loadDevice(name, '.'));
});

function exponential(meanNs: number): ServiceTime {
  return parseServiceTime({ distribution: 'exponential', mean: `${Math.round(meanNs)}ns` });
}

function open(
  name: string,
  overrides: Record<string, unknown>,
  interval: ServiceTime,
  count: number,
  request = { operation: DEVICE_READ, bytes: 512 },
): LoopResult {
  const loaded = devices.get(name)!;
  const { parameters } = resolveParameters(loaded, { overrides });
  const requests = [{ ...request, share: 1 }];
  return runOpenLoop({ model: loaded.model, parameters, seed: 20_150_216, requests, count }, interval);
}

/** The mean of a long run, against what theory says. */
function expectAgreement(found: Estimate, wantedNs: number): void {
  const error = found.mean / wantedNs - 1;
  expect(Math.abs(error), `error ${(100 * error).toFixed(3)} %`).toBeLessThan(0.005);
  expect(found.halfWidth / wantedNs, 'half of the 95 % interval').toBeLessThan(0.01);
}

const LOGNORMAL = { distribution: 'lognormal', median: '80us', p99: '300us' };
const EXPONENTIAL = { distribution: 'exponential', mean: '100us' };

describe('at utilisation', () => {
  it.each(UTILISATIONS)('%f flash with one channel and exponential service waits as M/M/1', (utilisation) => {
    const service = parseServiceTime(EXPONENTIAL);
    const interval = exponential(service.meanNs / utilisation);
    const { batches } = open(
      'flash',
      { ...BARE_FLASH, read: EXPONENTIAL },
      interval,
      COUNTS.get(utilisation)!,
    );
    const wantedNs = service.meanNs / (1 - service.meanNs / interval.meanNs);
    expectAgreement(meanResponse(batches, interval.meanNs, service.meanNs), wantedNs);
  });

  it.each(UTILISATIONS)('%f a link with messages of one size waits as M/D/1', (utilisation) => {
    const interval = exponential(100_000 / utilisation);
    const { batches } = open(
      'link',
      { latency: 0, bandwidth: '1GB/s', overhead: 0 },
      interval,
      COUNTS.get(utilisation)!,
      { operation: DEVICE_SEND, bytes: 100_000 },
    );
    const load = 100_000 / interval.meanNs;
    const wantedNs = 100_000 * (1 + load / (2 * (1 - load)));
    expectAgreement(meanResponse(batches, interval.meanNs, 100_000), wantedNs);
  });

  it.each(UTILISATIONS)(
    '%f flash with lognormal service waits as M/G/1 (Pollaczek-Khinchine)',
    (utilisation) => {
      const service = parseServiceTime(LOGNORMAL);
      const interval = exponential(service.meanNs / utilisation);
      const { batches } = open(
        'flash',
        { ...BARE_FLASH, read: LOGNORMAL },
        interval,
        COUNTS.get(utilisation)!,
      );
      const wantedNs = mg1(1 / interval.meanNs, service).meanResponseNs;
      expectAgreement(meanResponse(batches, interval.meanNs, service.meanNs), wantedNs);
    },
  );

  it.each(UTILISATIONS)('%f flash with four channels waits as M/M/4 (Erlang C)', (utilisation) => {
    const service = parseServiceTime(EXPONENTIAL);
    const interval = exponential(service.meanNs / utilisation / 4);
    const { batches } = open(
      'flash',
      { ...BARE_FLASH, channels: 4, read: EXPONENTIAL },
      interval,
      COUNTS.get(utilisation)!,
    );
    const wantedNs = mgk(4, 1 / interval.meanNs, service).meanResponseNs;
    expectAgreement(meanResponse(batches, interval.meanNs, service.meanNs), wantedNs);
  });

  it.each(UTILISATIONS)('%f an ssd with a queue of eight loses and delays as M/M/1/8', (utilisation) => {
    const service = parseServiceTime(EXPONENTIAL);
    const interval = exponential(service.meanNs / utilisation);
    const { batches, lost } = open('ssd', ONE_DIE, interval, 2e6 * LONGER);
    const wanted = mm1k(1 / interval.meanNs, service.meanNs, 8);
    expectAgreement(meanOf(batches.map((batch) => batch.meanResponseNs)), wanted.meanResponseNs);
    expect(Math.abs(lost / wanted.lost - 1)).toBeLessThan(utilisation === 0.5 ? 0.05 : 0.02);
  });
});

/** One die that reads for an exponential time, and nothing else. */
const ONE_DIE = {
  channels: 1,
  diesPerChannel: 1,
  read: EXPONENTIAL,
  overhead: 0,
  channelBandwidth: 'unlimited',
  readBandwidth: 'unlimited',
  preconditioned: false,
  blocksPerDie: 16,
  overProvisioning: 1,
  queueDepth: 8,
};

describe('a closed loop', () => {
  it.each([
    [4, 1],
    [10, 1],
    [10, 4],
    [40, 4],
  ])('of %i customers at flash with %i channels goes as fast as theory says', (customers, channels) => {
    const loaded = devices.get('flash')!;
    const { parameters } = resolveParameters(loaded, {
      overrides: { ...BARE_FLASH, channels, read: EXPONENTIAL },
    });
    const { batches, throughputPerNs } = runClosedLoop({
      model: loaded.model,
      parameters,
      seed: 3,
      requests: [{ operation: DEVICE_READ, bytes: 512, share: 1 }],
      count: 2e6 * LONGER,
      customers,
      think: exponential(500_000),
    });
    const wanted = closedLoop(customers, 500_000, channels, 100_000);
    expectAgreement(meanOf(batches.map((batch) => batch.meanResponseNs)), wanted.meanResponseNs);
    expect(Math.abs(throughputPerNs / wanted.throughputPerNs - 1)).toBeLessThan(0.005);
  });
});

describe('the check itself', () => {
  it.each([0.99, 1.01])('fails for a model whose mean response is %f of what it should be', (factor) => {
    const service = parseServiceTime(EXPONENTIAL);
    const interval = exponential(service.meanNs / 0.8);
    const { batches } = open('flash', { ...BARE_FLASH, read: EXPONENTIAL }, interval, COUNTS.get(0.8)!);
    const wantedNs = mg1(1 / interval.meanNs, service).meanResponseNs;
    const { mean, halfWidth } = meanResponse(batches, interval.meanNs, service.meanNs);
    expect(() => expectAgreement({ mean: mean * factor, halfWidth }, wantedNs)).toThrow('error');
  });

  it('fails for a channel that is 1 % slower than it says, where that matters most', () => {
    const service = parseServiceTime(EXPONENTIAL);
    const interval = exponential(service.meanNs / 0.9);
    const slower = { distribution: 'exponential', mean: '101us' };
    const { batches } = open('flash', { ...BARE_FLASH, read: slower }, interval, 4e6);
    const wantedNs = mg1(1 / interval.meanNs, service).meanResponseNs;
    expect(() => expectAgreement(meanResponse(batches, interval.meanNs, 101_000), wantedNs)).toThrow('error');
  });
});

describe('formulae', () => {
  it('agree with each other where they overlap', () => {
    const exponentialService = { meanNs: 1, secondMomentNs2: 2 };
    expect(mg1(0.9, exponentialService).meanResponseNs).toBeCloseTo(10, 10);
    expect(mg1(0.8, { meanNs: 1, secondMomentNs2: 1 }).meanResponseNs).toBeCloseTo(3, 10);
    // Much room, little load: nothing is lost.
    expect(mm1k(0.5, 1, 60).meanResponseNs).toBeCloseTo(2, 10);
    expect(mm1k(0.5, 1, 1).lost).toBeCloseTo(1 / 3, 10);
    expect(mm1k(0.5, 1, 1).meanResponseNs).toBeCloseTo(1, 10);
    expect(closedLoop(1, 5, 1, 1).throughputPerNs).toBeCloseTo(1 / 6, 10);
    expect(closedLoop(1, 5, 1, 1).meanResponseNs).toBeCloseTo(1, 10);
    expect(closedLoop(1000, 1, 1, 1).throughputPerNs).toBeCloseTo(1, 6);
  });

  it('of Erlang have the values of his tables', () => {
    // Two servers: C = rho^2 x 2 / (1 + rho) with rho per server; ten servers at 8 erlangs: 0.4092 (tables).
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 10);
    expect(erlangC(10, 8)).toBeCloseTo(0.4092, 3);
    expect(erlangC(3, 3)).toBe(1);
  });

  it('say that a station offered too much has no steady state', () => {
    const { utilisation, meanResponseNs } = mgk(2, 2.2, { meanNs: 1, secondMomentNs2: 2 });
    expect(utilisation).toBeCloseTo(1.1, 10);
    expect(meanResponseNs).toBe(Number.POSITIVE_INFINITY);
  });

  it('give the quantiles of M/M/1, which are exponential', () => {
    const service = parseServiceTime(EXPONENTIAL);
    const means = mg1(0.8 / service.meanNs, service);
    const sample = (p: number) => service.sampleNs(Math.floor(p * 2 ** 32));
    for (const p of [0.5, 0.9, 0.99, 0.999]) {
      const found = responseQuantileNs(means, sample, p);
      expect(Math.abs(found / (-Math.log(1 - p) * means.meanResponseNs) - 1)).toBeLessThan(0.005);
    }
  });
});
