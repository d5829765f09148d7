/**
 * The way to the device stands still, once or again and again: what is submitted in a stall is passed on at its end, and
 * what would complete in a stall completes at its end. The device itself goes on with what it has.
 */
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import { HeldRequests } from '../held-requests.ts';
import { type ParametersOf, timeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';

const parameters = {
  first: timeParameter({
    description: 'Begin of the first stall.',
    default: '10s',
    max: '104d',
    source: 'assumed',
  }),
  duration: timeParameter({
    description: 'Length of each stall.',
    default: '1s',
    min: '1ns',
    source: 'assumed',
  }),
  every: timeParameter({
    description: 'From the begin of one stall to that of the next; 0: there is one only.',
    default: '0',
    max: '104d',
    source: 'assumed',
  }),
};

type StallParameters = ParametersOf<typeof parameters>;

class Stall extends PassThrough {
  private readonly parameters: StallParameters;
  private readonly held = new HeldRequests();
  private firing = false;
  private heldRequests = 0;
  private heldCompletions = 0;

  constructor(stall: StallParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = stall;
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
    const { held, context, next } = this;
    const endNs = this.endOfStall(context.nowNs);
    if (held.size === 0 && endNs < 0) {
      const answer = next.submit(operation, unit, address, bytes, flags, token, key);
      return answer;
    }
    held.push(operation, unit, address, bytes, flags, token, key);
    this.heldRequests++;
    if (endNs >= 0 && !this.firing) {
      this.firing = true;
      context.fireAt(endNs, 0);
    }
    return QUEUED;
  }

  override fire(): void {
    this.firing = false;
    this.release();
  }

  override completed(timeNs: number, token: number): void {
    this.context.completeAt(this.delayed(timeNs), token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.context.faultAt(this.delayed(timeNs), token, fault, sector);
  }

  override ready(): void {
    if (!this.firing) this.release();
    this.context.ready();
  }

  statistics(): FilterStatistics {
    return { heldRequests: this.heldRequests, heldCompletions: this.heldCompletions };
  }

  private release(): void {
    const { held, next, context } = this;
    while (held.size > 0) {
      const answer = held.offerFirst(next);
      if (answer === BUSY) return;
      if (answer === DONE) context.completeAt(context.nowNs, held.token);
    }
  }

  private delayed(timeNs: number): number {
    const endNs = this.endOfStall(timeNs);
    if (endNs < 0) return timeNs;
    this.heldCompletions++;
    return endNs;
  }

  /** The end of the stall in which a time lies; -1 when it lies in none. */
  private endOfStall(timeNs: number): number {
    const { first, duration, every } = this.parameters;
    const since = timeNs - first;
    if (since < 0) return -1;
    const begin = every === 0 ? first : first + Math.floor(since / every) * every;
    return timeNs < begin + duration ? begin + duration : -1;
  }
}

export default defineFilter<StallParameters>({
  name: 'stall',
  summary: 'Stands still for a time, once or again and again.',
  parameters,
  check: (stall) =>
    stall.every > 0 && stall.every <= stall.duration
      ? { parameter: 'every', problem: 'must be above duration, or 0' }
      : undefined,
  create: (stall, context, next) => new Stall(stall, context, next),
});
