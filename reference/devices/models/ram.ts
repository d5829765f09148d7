/**
 * A host's memory as an acceleration tier, as in FVP 2.0's distributed fault-tolerant memory: k workers copy, first
 * come first served.
 *
 *     read, write: worker: latency + bytes / bandwidth
 *
 * What memory loses with its host is the protocol's business: there, replicas on other hosts stand for it. A flush has
 * nothing to wait for.
 */
import { BugError } from '../../kernel/errors.ts';
import {
  DEVICE_DISCARD,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import {
  bandwidthParameter,
  countParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';
import { RunningTotal } from '../running-total.ts';
import { ServerPool, transferNs } from '../server-pool.ts';

const parameters = {
  latency: serviceTimeParameter({
    description: 'Time of a worker for one read or write, without copying its bytes.',
    default: '3us',
    source: 'assumed: a block layer of a hypervisor without a device below it',
  }),
  bandwidth: bandwidthParameter({
    description: 'Rate at which one worker copies.',
    default: '5GB/s',
    source: 'assumed: memcpy of one core on DDR3-1600, which carries 12.8 GB/s a channel (JESD79-3)',
  }),
  workers: countParameter({
    description: 'Copies under way at once; more wait in order.',
    default: 4,
    min: 1,
    max: 4096,
    source: 'assumed: as many cores as a host spares for it',
  }),
  flush: timeParameter({
    description: 'Cost of a flush or discard.',
    default: '1us',
    max: '1s',
    source: 'assumed: there is nothing to wait for',
  }),
};

type RamParameters = ParametersOf<typeof parameters>;

class Ram implements Device {
  private readonly parameters: RamParameters;
  private readonly context: DeviceContext;
  private readonly workers: ServerPool;
  private requests = 0;
  private readonly residenceNs = new RunningTotal();
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();

  constructor(ram: RamParameters, context: DeviceContext) {
    this.parameters = ram;
    this.context = context;
    this.workers = new ServerPool(ram.workers);
  }

  submit(
    operation: number,
    _unit: number,
    _address: number,
    bytes: number,
    _flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { parameters, context } = this;
    const { nowNs } = context;
    let endNs: number;
    if (operation === DEVICE_READ || operation === DEVICE_WRITE) {
      (operation === DEVICE_READ ? this.readBytes : this.writtenBytes).add(bytes);
      const serviceNs = parameters.latency.drawNs(context, key, 0) + transferNs(bytes, parameters.bandwidth);
      endNs = this.workers.serve(nowNs, serviceNs, 0);
    } else if (operation <= DEVICE_DISCARD) {
      endNs = nowNs + parameters.flush;
    } else {
      throw new BugError(`${context.name}: ram takes no operation ${operation}`);
    }
    this.requests++;
    this.residenceNs.add(endNs - nowNs);
    context.completeAt(endNs, token);
    return QUEUED;
  }

  fire(): void {}

  statistics(): DeviceStatistics {
    return {
      busyNs: this.workers.busyNs,
      servers: this.workers.servers,
      requests: this.requests,
      residenceNs: this.residenceNs.value,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
    };
  }
}

export default defineDevice<RamParameters>({
  name: 'ram',
  summary: "A host's memory as an acceleration tier: k workers that copy.",
  roles: ['flash', 'datastore'],
  parameters,
  create: (ram, context) => new Ram(ram, context),
});
