/** Adds a random time to each request, on the way back. */
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
import { choiceParameter, type ParametersOf, serviceTimeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { RunningTotal } from '../running-total.ts';
import { TokenTable } from '../token-table.ts';

const parameters = {
  time: serviceTimeParameter({
    description: 'Added to each request; drawn for each.',
    default: { distribution: 'uniform', min: '0', max: '100us' },
    source: 'assumed',
  }),
  order: choiceParameter({
    description:
      'kept: no request completes before one whose completion was known earlier, as on one connection.',
    default: 'free',
    choices: ['free', 'kept'],
    source: 'assumed',
  }),
};

type JitterParameters = ParametersOf<typeof parameters>;

class Jitter extends PassThrough {
  private readonly parameters: JitterParameters;
  private readonly times = new TokenTable(1);
  private latestNs = 0;
  private requests = 0;
  private readonly addedNs = new RunningTotal();

  constructor(jitter: JitterParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = jitter;
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
    const { times, context } = this;
    times.values[times.add(token)] = this.parameters.time.drawNs(context, key, 0);
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      times.take(token);
      return BUSY;
    }
    this.requests++;
    if (answer === DONE) this.completed(context.nowNs, token);
    return QUEUED;
  }

  override completed(timeNs: number, token: number): void {
    this.context.completeAt(this.endOf(timeNs, token), token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.context.faultAt(this.endOf(timeNs, token), token, fault, sector);
  }

  statistics(): FilterStatistics {
    return { requests: this.requests, addedNs: this.addedNs.value };
  }

  private endOf(timeNs: number, token: number): number {
    this.times.take(token);
    let endNs = timeNs + this.times.taken[0]!;
    if (this.parameters.order === 'kept') {
      if (endNs < this.latestNs) endNs = this.latestNs;
      this.latestNs = endNs;
    }
    this.addedNs.add(endNs - timeNs);
    return endNs;
  }
}

export default defineFilter<JitterParameters>({
  name: 'jitter',
  summary: 'Adds a random time to each request, in order or not.',
  parameters,
  create: (jitter, context, next) => new Jitter(jitter, context, next),
});
