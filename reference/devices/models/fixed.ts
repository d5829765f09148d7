/** Constant latencies and no limit to what is under way: for equations a person can check by hand. */
import { DOUBLE_ZERO } from '../../kernel/double-zero.ts';
import {
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import { type ParametersOf, timeParameter } from '../parameters.ts';

// V8 looks at an imported constant anew at each use; copies are compiled in. Measured: a tenth of the cost of a call.
const READ = DEVICE_READ;
const WRITE = DEVICE_WRITE;
const FLUSH = DEVICE_FLUSH;
const DISCARD = DEVICE_DISCARD;
const TAKEN = QUEUED;

const ROUND = 'assumed: a round number for equations';

const parameters = {
  read: timeParameter({ description: 'Latency of a read.', default: '100us', source: ROUND }),
  write: timeParameter({ description: 'Latency of a write.', default: '100us', source: ROUND }),
  flush: timeParameter({ description: 'Latency of a flush.', default: '100us', source: ROUND }),
  discard: timeParameter({ description: 'Latency of a discard.', default: '100us', source: ROUND }),
  send: timeParameter({ description: 'Latency of a message.', default: '20us', source: ROUND }),
};

type FixedParameters = ParametersOf<typeof parameters>;

class FixedDevice implements Device {
  private requests = 0;
  private residenceNs = DOUBLE_ZERO;
  private readBytes = DOUBLE_ZERO;
  private writtenBytes = DOUBLE_ZERO;
  private busyNs = DOUBLE_ZERO;
  private busyUntilNs = DOUBLE_ZERO;
  private readonly parameters: FixedParameters;
  private readonly context: DeviceContext;

  constructor(fixed: FixedParameters, context: DeviceContext) {
    this.parameters = fixed;
    this.context = context;
  }

  submit(
    operation: number,
    _unit: number,
    _address: number,
    bytes: number,
    _flags: number,
    token: number,
  ): SubmitAnswer {
    const { parameters, context } = this;
    let latencyNs: number;
    if (operation === READ) {
      latencyNs = parameters.read;
      this.readBytes += bytes;
    } else if (operation === WRITE) {
      latencyNs = parameters.write;
      this.writtenBytes += bytes;
    } else if (operation === FLUSH) latencyNs = parameters.flush;
    else if (operation === DISCARD) latencyNs = parameters.discard;
    else latencyNs = parameters.send;
    const nowNs = context.nowNs;
    const endNs = nowNs + latencyNs;
    this.requests++;
    this.residenceNs += latencyNs;
    if (endNs > this.busyUntilNs) {
      this.busyNs += endNs - Math.max(this.busyUntilNs, nowNs);
      this.busyUntilNs = endNs;
    }
    context.completeAt(endNs, token);
    return TAKEN;
  }

  fire(): void {}

  /** `busyNs` is the time during which at least one request was under way. Adding 0 makes the -0 of a sum of nothing 0. */
  statistics(): DeviceStatistics {
    return {
      busyNs: 0 + this.busyNs,
      servers: 1,
      requests: this.requests,
      residenceNs: 0 + this.residenceNs,
      readBytes: 0 + this.readBytes,
      writtenBytes: 0 + this.writtenBytes,
    };
  }
}

export default defineDevice<FixedParameters>({
  name: 'fixed',
  summary: 'Constant latency per operation, any number of requests at once.',
  roles: ['flash', 'datastore', 'link'],
  parameters,
  create: (fixed, context) => new FixedDevice(fixed, context),
});
