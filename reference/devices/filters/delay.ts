/** Adds a time of its own to each request, on the way back: the device below sees the same load at the same times. */
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
import { type ParametersOf, serviceTimeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { RunningTotal } from '../running-total.ts';
import { TokenTable } from '../token-table.ts';
import { byOperation } from './by-operation.ts';

const NONE = 'no delay';

const parameters = {
  read: serviceTimeParameter({ description: 'Added to a read.', default: '0', source: NONE }),
  write: serviceTimeParameter({ description: 'Added to a write.', default: '0', source: NONE }),
  flush: serviceTimeParameter({ description: 'Added to a flush.', default: '0', source: NONE }),
  discard: serviceTimeParameter({ description: 'Added to a discard.', default: '0', source: NONE }),
  send: serviceTimeParameter({ description: 'Added to a message.', default: '0', source: NONE }),
};

type DelayParameters = ParametersOf<typeof parameters>;

class Delay extends PassThrough {
  private readonly parameters: DelayParameters;
  private readonly delays = new TokenTable(1);
  private delayed = 0;
  private readonly delayedNs = new RunningTotal();

  constructor(delay: DelayParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = delay;
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
    const { delays, context } = this;
    const delayNs = byOperation(operation, this.parameters).drawNs(context, key, 0);
    delays.values[delays.add(token)] = delayNs;
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      delays.take(token);
      return BUSY;
    }
    if (delayNs > 0) this.delayed++;
    this.delayedNs.add(delayNs);
    if (answer === DONE) this.completed(context.nowNs, token);
    return QUEUED;
  }

  override completed(timeNs: number, token: number): void {
    this.delays.take(token);
    this.context.completeAt(timeNs + this.delays.taken[0]!, token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.delays.take(token);
    this.context.faultAt(timeNs + this.delays.taken[0]!, token, fault, sector);
  }

  statistics(): FilterStatistics {
    return { delayed: this.delayed, delayedNs: this.delayedNs.value };
  }
}

export default defineFilter<DelayParameters>({
  name: 'delay',
  summary: 'Adds a time to each request, by operation.',
  parameters,
  create: (delay, context, next) => new Delay(delay, context, next),
});
