/** Lets requests fail, which then never reach the device: nothing of a failed write is on the medium. */
import {
  type DeviceContext,
  defineFilter,
  FAULT_ERROR,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import { type ParametersOf, timeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { byOperation } from './by-operation.ts';
import { checkWindow, happens, shareOf, windowParameters } from './fault-window.ts';

const parameters = {
  read: shareOf('reads that fail'),
  write: shareOf('writes that fail'),
  flush: shareOf('flushes that fail'),
  discard: shareOf('discards that fail'),
  send: shareOf('messages that are lost'),
  after: timeParameter({
    description: 'Time after which a failure is reported.',
    default: '0',
    source: 'nbdkit-error-filter(1): at once',
  }),
  ...windowParameters,
};

type ErrorParameters = ParametersOf<typeof parameters>;

class Failing extends PassThrough {
  private readonly parameters: ErrorParameters;
  private requests = 0;
  private errors = 0;

  constructor(error: ErrorParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = error;
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
    const { parameters: error, context } = this;
    const share = byOperation(operation, error);
    // A number of its own for each attempt: what is sent again after a failure must be able to succeed.
    const attempt = this.requests++;
    if (share > 0 && context.nowNs >= error.from && context.nowNs < error.until) {
      if (happens(context.draw(attempt, 0), share)) {
        this.errors++;
        context.faultAt(context.nowNs + error.after, token, FAULT_ERROR, 0);
        return QUEUED;
      }
    }
    return this.next.submit(operation, unit, address, bytes, flags, token, key);
  }

  statistics(): FilterStatistics {
    return { requests: this.requests, errors: this.errors };
  }
}

export default defineFilter<ErrorParameters>({
  name: 'error',
  summary: 'Lets a share of the requests fail; a message is lost.',
  parameters,
  check: checkWindow,
  create: (error, context, next) => new Failing(error, context, next),
});
