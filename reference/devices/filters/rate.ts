/**
 * Limits operations and bytes per second, with a burst. Each limit is a virtual clock (the generic cell rate algorithm,
 * ITU-T I.371): a request advances it by its cost, and may pass once the clock is no further than `burst` ahead of now.
 * Requests that may not pass yet wait in order; REQUEST_RESERVED passes at once, but is charged.
 */
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../api.ts';
import { HeldRequests } from '../held-requests.ts';
import { bandwidthParameter, countParameter, type ParametersOf, timeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';

const NS_PER_S = 1e9;

const parameters = {
  iops: countParameter({
    description: 'Most operations per second in the long run; 0: no limit.',
    default: 0,
    min: 0,
    max: 1e9,
    source: 'no limit',
  }),
  bandwidth: bandwidthParameter({
    description: 'Most bytes per second in the long run.',
    default: 'unlimited',
    source: 'no limit',
  }),
  burst: timeParameter({
    description: 'After a pause as long as this, what the limits allow in this time passes at once.',
    default: '2s',
    max: '24h',
    source: 'nbdkit-rate-filter(1), burstiness',
  }),
};

type RateParameters = ParametersOf<typeof parameters>;

class Rate extends PassThrough {
  private readonly burstNs: number;
  private readonly operationNs: number;
  private readonly byteNs: number;
  private readonly held = new HeldRequests();
  private operationsClockNs = 0;
  private bytesClockNs = 0;
  /** The time for which `fire` is asked; -1 for none. */
  private firesAtNs = -1;
  private heldRequests = 0;
  private heldMax = 0;

  constructor(rate: RateParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.burstNs = rate.burst;
    this.operationNs = rate.iops === 0 ? 0 : NS_PER_S / rate.iops;
    this.byteNs = NS_PER_S / rate.bandwidth;
  }

  override submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { held, next, context } = this;
    if ((flags & REQUEST_RESERVED) !== 0 || (held.size === 0 && this.passesAtNs() <= context.nowNs)) {
      const answer = next.submit(operation, unit, address, bytes, flags, token, key);
      if (answer !== BUSY) this.charge(bytes);
      return answer;
    }
    held.push(operation, unit, address, bytes, flags, token, key);
    this.heldRequests++;
    if (held.size > this.heldMax) this.heldMax = held.size;
    this.wait();
    return QUEUED;
  }

  override fire(): void {
    this.firesAtNs = -1;
    this.release();
  }

  override ready(): void {
    this.release();
    this.context.ready();
  }

  statistics(): FilterStatistics {
    return { heldRequests: this.heldRequests, heldMax: this.heldMax };
  }

  private release(): void {
    const { held, next, context } = this;
    while (held.size > 0 && this.passesAtNs() <= context.nowNs) {
      const bytes = held.firstBytes;
      const answer = held.offerFirst(next);
      if (answer === BUSY) return;
      this.charge(bytes);
      if (answer === DONE) context.completeAt(context.nowNs, held.token);
    }
    if (held.size > 0) this.wait();
  }

  private wait(): void {
    const { context } = this;
    const atNs = Math.max(context.nowNs, this.passesAtNs());
    if (this.firesAtNs >= 0 && this.firesAtNs <= atNs) return;
    this.firesAtNs = atNs;
    context.fireAt(atNs, 0);
  }

  /** When the next request may pass, a whole number of ns; it may lie in the past. */
  private passesAtNs(): number {
    return Math.ceil(Math.max(this.operationsClockNs, this.bytesClockNs) - this.burstNs);
  }

  private charge(bytes: number): void {
    const { nowNs } = this.context;
    this.operationsClockNs = Math.max(this.operationsClockNs, nowNs) + this.operationNs;
    this.bytesClockNs = Math.max(this.bytesClockNs, nowNs) + bytes * this.byteNs;
  }
}

export default defineFilter<RateParameters>({
  name: 'rate',
  summary: 'Limits operations and bytes per second, with a burst.',
  parameters,
  check: (rate) =>
    rate.iops === 0 && rate.bandwidth === Number.POSITIVE_INFINITY
      ? { parameter: 'iops', problem: 'is 0 and bandwidth is unlimited: set one of them' }
      : undefined,
  create: (rate, context, next) => new Rate(rate, context, next),
});
