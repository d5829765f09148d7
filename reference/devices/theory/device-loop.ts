/**
 * One device alone, in a tight loop: requests arrive as a Poisson process (open), or a fixed number of customers think
 * and ask in turn (closed). For measurements of millions of requests; `conformance/device-driver.ts` checks more and is
 * slower.
 */
import { BugError } from '../../kernel/errors.ts';
import { EventQueue } from '../../kernel/event-queue.ts';
import type { LatencyHistogram } from '../../kernel/histogram.ts';
import { componentSeed, hash2, RandomStream } from '../../kernel/random.ts';
import { BUSY, type Device, type DeviceContext, type DeviceModel, DONE } from '../api.ts';
import type { ServiceTime } from '../service-time.ts';

/** What a loop asks of the device. */
export interface RequestShape {
  readonly operation: number;
  readonly bytes: number;
  /** Addresses are uniform over this many bytes, at multiples of `bytes`. @default `bytes`: always 0 */
  readonly spanBytes?: number;
}

export interface LoopOptions {
  readonly model: DeviceModel<unknown>;
  readonly parameters: unknown;
  readonly seed: number;
  /** Chosen by the share that stands with each; they add up to 1. */
  readonly requests: readonly (RequestShape & { readonly share: number })[];
  /** Requests in all; those of the first `warmup` are not counted. */
  readonly count: number;
  /** @default 5 % */
  readonly warmup?: number;
  /** @default 64 */
  readonly batches?: number;
  /** Takes the response time of every request that counts, by the index of its shape. */
  readonly histograms?: readonly LatencyHistogram[];
}

/** Means over one batch of successive requests. */
export interface Batch {
  readonly meanResponseNs: number;
  readonly meanIntervalNs: number;
  /** Busy time of the device's servers per request. */
  readonly meanServiceNs: number;
}

export interface LoopResult {
  readonly batches: readonly Batch[];
  /** Over the requests that count. */
  readonly meanResponseNs: number;
  readonly throughputPerNs: number;
  /** Busy time of the device's servers over the time that counts, for each of them. */
  readonly utilisation: number;
  /** Share of requests that the device refused; they are not submitted again. */
  readonly lost: number;
  readonly device: Device;
}

const COMPLETION = 0;
const FIRE = 1;
const THINK = 2;
/** Requests whose start is remembered: more than are ever under way. */
const TOKENS = 1 << 20;

class LoopContext implements DeviceContext {
  readonly name = 'device';
  nowNs = 0;
  readonly queue = new EventQueue();
  /** By token. */
  readonly submittedNs = new Float64Array(TOKENS);
  readonly shapeOf = new Uint8Array(TOKENS);
  responseSumNs = 0;
  completed = 0;
  /** Requests of earlier tokens do not count. */
  countsFrom = 0;
  private readonly seed: number;
  private readonly isClosed: boolean;
  private readonly histograms: readonly LatencyHistogram[] | undefined;

  constructor(seed: number, isClosed: boolean, histograms: readonly LatencyHistogram[] | undefined) {
    this.seed = componentSeed(seed, this.name);
    this.isClosed = isClosed;
    this.histograms = histograms;
  }

  completeAt(timeNs: number, token: number): void {
    const at = token & (TOKENS - 1);
    if (token >= this.countsFrom) {
      const responseNs = timeNs - this.submittedNs[at]!;
      this.responseSumNs += responseNs;
      this.completed++;
      if (this.histograms !== undefined) this.histograms[this.shapeOf[at]!]!.record(responseNs);
    }
    if (this.isClosed) this.queue.push(timeNs, COMPLETION, token);
  }

  /** However it ends, it has taken this long. */
  faultAt(timeNs: number, token: number): void {
    this.completeAt(timeNs, token);
  }

  fireAt(timeNs: number, argument: number): void {
    this.queue.push(timeNs, FIRE, argument);
  }

  ready(): void {}

  draw(key: number, stage: number): number {
    return hash2(hash2(this.seed, key), stage);
  }
}

/** Submits requests of the wanted mix. */
class Requests {
  private readonly loop: LoopOptions;
  private readonly context: LoopContext;
  private readonly device: Device;
  private readonly stream: RandomStream;
  /** Upper ends of each shape's part of the unit interval. */
  private readonly shares: readonly number[];
  private readonly places: readonly number[];

  constructor(loop: LoopOptions, context: LoopContext, device: Device) {
    this.loop = loop;
    this.context = context;
    this.device = device;
    this.stream = new RandomStream(loop.seed, 'requests');
    let sum = 0;
    this.shares = loop.requests.map(({ share }) => (sum += share));
    this.places = loop.requests.map(({ bytes, spanBytes }) =>
      bytes === 0 ? 1 : Math.max(1, Math.floor((spanBytes ?? bytes) / bytes)),
    );
  }

  /** @returns false when the device refuses it */
  submit(token: number): boolean {
    const { loop, context, stream } = this;
    let index = 0;
    if (loop.requests.length > 1) {
      const at = stream.nextFraction();
      while (index + 1 < loop.requests.length && at >= this.shares[index]!) index++;
    }
    const { operation, bytes } = loop.requests[index]!;
    const places = this.places[index]!;
    const address = places === 1 ? 0 : Math.floor(stream.nextFraction() * places) * bytes;
    const at = token & (TOKENS - 1);
    context.submittedNs[at] = context.nowNs;
    context.shapeOf[at] = index;
    const answer = this.device.submit(operation, 0, address, bytes, 0, token, token);
    if (answer === DONE) context.completeAt(context.nowNs, token);
    return answer !== BUSY;
  }
}

/** Gathers what is counted, batch by batch. */
class Batches {
  readonly all: Batch[] = [];
  private readonly context: LoopContext;
  private readonly device: Device;
  private startNs = 0;
  private responseSumNs = 0;
  private completed = 0;
  private busyNs = 0;
  private firstNs = 0;
  private firstBusyNs = 0;

  constructor(context: LoopContext, device: Device) {
    this.context = context;
    this.device = device;
  }

  begin(token: number): void {
    this.context.countsFrom = token;
    this.firstNs = this.context.nowNs;
    this.mark();
    this.firstBusyNs = this.busyNs;
  }

  end(): void {
    const { context } = this;
    const completed = context.completed - this.completed;
    const busyNs = this.device.statistics().busyNs - this.busyNs;
    this.all.push({
      meanResponseNs: (context.responseSumNs - this.responseSumNs) / completed,
      meanIntervalNs: (context.nowNs - this.startNs) / completed,
      meanServiceNs: busyNs / completed,
    });
    this.mark();
  }

  result(lost: number): LoopResult {
    const { context } = this;
    const { busyNs, servers } = this.device.statistics();
    return {
      batches: this.all,
      meanResponseNs: context.responseSumNs / context.completed,
      throughputPerNs: context.completed / (context.nowNs - this.firstNs),
      utilisation: (busyNs - this.firstBusyNs) / servers / (context.nowNs - this.firstNs),
      lost,
      device: this.device,
    };
  }

  private mark(): void {
    this.startNs = this.context.nowNs;
    this.responseSumNs = this.context.responseSumNs;
    this.completed = this.context.completed;
    this.busyNs = this.device.statistics().busyNs;
  }
}

/** Splits a run: requests before the first batch, and requests per batch. */
function plan(loop: LoopOptions): { readonly warmup: number; readonly perBatch: number } {
  const warmup = loop.warmup ?? Math.floor(loop.count / 20);
  const perBatch = Math.floor((loop.count - warmup) / (loop.batches ?? 64));
  if (perBatch < 1) throw new BugError(`${loop.count} requests are too few for their batches`);
  return { warmup, perBatch };
}

/** Runs the device under Poisson arrivals. What it refuses is lost. @param interval exponential time between arrivals */
export function runOpenLoop(loop: LoopOptions, interval: ServiceTime): LoopResult {
  const context = new LoopContext(loop.seed, false, loop.histograms);
  const device = loop.model.create(loop.parameters, context);
  const requests = new Requests(loop, context, device);
  const batches = new Batches(context, device);
  const stream = new RandomStream(loop.seed, 'arrivals');
  const { queue } = context;
  const { warmup, perBatch } = plan(loop);
  let arrivalNs = 0;
  let lost = 0;
  let batchEnd = warmup;
  context.countsFrom = Number.POSITIVE_INFINITY;
  for (let token = 0; token < loop.count; token++) {
    arrivalNs += interval.sampleNs(stream.nextU32());
    while (queue.peekTimeNs() <= arrivalNs) {
      queue.pop();
      context.nowNs = queue.timeNs;
      device.fire(queue.token);
    }
    context.nowNs = arrivalNs;
    if (token === batchEnd) {
      if (token === warmup) batches.begin(token);
      else batches.end();
      batchEnd += perBatch;
    }
    if (!requests.submit(token) && token >= warmup) lost++;
  }
  const result = batches.result(lost / (loop.count - warmup));
  // What is still under way counts too; time goes on without arrivals.
  while (queue.pop()) {
    context.nowNs = queue.timeNs;
    device.fire(queue.token);
  }
  return { ...result, meanResponseNs: context.responseSumNs / context.completed };
}

export interface ClosedLoopOptions extends LoopOptions {
  readonly customers: number;
  /** Between a completion and the customer's next request. */
  readonly think: ServiceTime;
}

/** Runs the device with a fixed number of customers. It must not refuse any. */
export function runClosedLoop(loop: ClosedLoopOptions): LoopResult {
  const context = new LoopContext(loop.seed, true, loop.histograms);
  const device = loop.model.create(loop.parameters, context);
  const requests = new Requests(loop, context, device);
  const batches = new Batches(context, device);
  const stream = new RandomStream(loop.seed, 'think');
  const { queue } = context;
  const { warmup, perBatch } = plan(loop);
  let token = 0;
  let batchEnd = warmup;
  context.countsFrom = Number.POSITIVE_INFINITY;
  const think = (): void => queue.push(context.nowNs + loop.think.sampleNs(stream.nextU32()), THINK, 0);
  for (let customer = 0; customer < loop.customers; customer++) think();
  while (token < loop.count && queue.pop()) {
    context.nowNs = queue.timeNs;
    if (queue.target === FIRE) device.fire(queue.token);
    else if (queue.target === COMPLETION) think();
    else {
      if (token === batchEnd) {
        if (token === warmup) batches.begin(token);
        else batches.end();
        batchEnd += perBatch;
      }
      if (!requests.submit(token++)) throw new BugError('the device refused a request of a closed loop');
    }
  }
  return batches.result(0);
}
