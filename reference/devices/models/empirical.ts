/**
 * Any device of which only latencies are known: each request draws its latency from what was measured for its
 * direction, its size and the number of requests under way, itself included (see empirical/latency-grid.ts).
 *
 * With as many requests under way as when it was measured, it gives back the distribution and, by Little's law, the
 * throughput of the measurement. It has no queue: that requests wait for each other is contained in what was measured,
 * draws are independent of each other, and reads do not know that writes are under way but by their number.
 */
import { BugError } from '../../kernel/errors.ts';
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
import { LatencyGrid } from '../empirical/latency-grid.ts';
import { latencyTablesParameter } from '../empirical/latency-tables.ts';
import { flagParameter, type ParametersOf, serviceTimeParameter, timeParameter } from '../parameters.ts';
import { RunningTotal } from '../running-total.ts';
import { TimeHeap } from '../time-heap.ts';

const tables = latencyTablesParameter();
const others = {
  flush: serviceTimeParameter({ description: 'Latency of a flush.', default: '10us', source: 'assumed' }),
  discard: timeParameter({
    description: 'Latency of a discard.',
    default: '50us',
    max: '10s',
    source: 'assumed',
  }),
  volatileCache: flagParameter({
    description: 'Acknowledged writes are lost with power until a flush.',
    default: false,
    source: 'assumed: protected against power loss',
  }),
};

type EmpiricalParameters = ParametersOf<typeof others> & {
  readonly tables: (typeof tables)['schema']['_output'];
};

class Empirical implements Device {
  private readonly parameters: EmpiricalParameters;
  private readonly context: DeviceContext;
  private readonly reads: LatencyGrid;
  private readonly writes: LatencyGrid;
  /** Ends of the requests under way. */
  private readonly underWay = new TimeHeap(64);
  private busyUntilNs = 0;
  private readonly busyNs = new RunningTotal();
  private requests = 0;
  private readonly residenceNs = new RunningTotal();
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();

  constructor(empirical: EmpiricalParameters, context: DeviceContext) {
    this.parameters = empirical;
    this.context = context;
    const reads = empirical.tables.filter((table) => table.operation === 'read');
    const writes = empirical.tables.filter((table) => table.operation === 'write');
    // A direction that was not measured takes what the other one does.
    this.reads = new LatencyGrid(reads.length > 0 ? reads : writes);
    this.writes = new LatencyGrid(writes.length > 0 ? writes : reads);
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
    const { parameters, context, underWay } = this;
    const { nowNs } = context;
    while (underWay.min <= nowNs) underWay.pop();
    const depth = underWay.size + 1;
    let latencyNs: number;
    if (operation === DEVICE_READ) {
      this.readBytes.add(bytes);
      latencyNs = this.reads.sampleNs(bytes, depth, context.draw(key, 0));
    } else if (operation === DEVICE_WRITE) {
      this.writtenBytes.add(bytes);
      latencyNs = this.writes.sampleNs(bytes, depth, context.draw(key, 0));
    } else if (operation === DEVICE_FLUSH) {
      latencyNs = parameters.flush.drawNs(context, key, 0);
    } else if (operation === DEVICE_DISCARD) {
      latencyNs = parameters.discard;
    } else {
      throw new BugError(`${context.name}: empirical takes no operation ${operation}`);
    }
    const endNs = nowNs + latencyNs;
    if (operation === DEVICE_READ || operation === DEVICE_WRITE) underWay.push(endNs);
    if (endNs > this.busyUntilNs) {
      this.busyNs.add(endNs - Math.max(nowNs, this.busyUntilNs));
      this.busyUntilNs = endNs;
    }
    this.requests++;
    this.residenceNs.add(latencyNs);
    context.completeAt(endNs, token);
    return QUEUED;
  }

  fire(): void {}

  /** `busyNs` is the time in which anything is under way. */
  statistics(): DeviceStatistics {
    return {
      busyNs: this.busyNs.value,
      servers: 1,
      requests: this.requests,
      residenceNs: this.residenceNs.value,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
    };
  }
}

export default defineDevice<EmpiricalParameters>({
  name: 'empirical',
  summary: 'Draws latencies from measured histograms, by direction, size and requests under way.',
  roles: ['flash', 'datastore'],
  parameters: { tables, ...others },
  volatileCache: (empirical) => empirical.volatileCache,
  create: (empirical, context) => new Empirical(empirical, context),
});
